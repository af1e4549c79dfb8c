//! What a STATUS carries (`wire.md §3.3`, `§5.1`, `§7.1`).

use super::archive::Archive;
use super::connection::Connection;
use super::json::{Object, null_as_default};
use super::stream::Stream;
use serde::{Deserialize, Serialize};

/// The state of a session: the answer to a join, bare, and to a read, wrapped in [`Content`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionState {
    /// Who is in it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub connection: Vec<Connection>,
    /// What is published.
    #[serde(default, deserialize_with = "null_as_default")]
    pub stream: Vec<Stream>,
    /// What is being recorded.
    #[serde(default, alias = "archives", deserialize_with = "null_as_default")]
    pub archive: Vec<Archive>,
    /// Present when newcomers are muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<MuteState>,
}

/// Whether newcomers are muted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteState {
    /// They are.
    #[serde(default)]
    pub active: bool,
}

/// Answers to everything but a join are wrapped in this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content<T> {
    /// The answer itself.
    pub content: T,
}

/// The answer to a publish and to a subscribe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaReply {
    /// Where candidates come from.
    #[serde(default, deserialize_with = "null_as_default")]
    pub ice_servers: Vec<Object>,
}

/// Why a request was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For people, and for the few words that clients know (`connectionLimitExceeded`).
    #[serde(default, deserialize_with = "null_as_default")]
    pub reason: String,
}
