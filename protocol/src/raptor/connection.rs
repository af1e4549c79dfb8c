//! Connections: who is in a session (`wire.md §5`).

use super::json::{Object, lenient_millis, null_as_default};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The capability of clients that send a signal again, under its own id, when the server has refused it with 429, and
/// nothing later before it. A word of this project: other clients do not have it, other servers do not know it.
pub const RESENDS_IN_ORDER: &str = "otcResendsInOrder";

/// What a client says of itself when it joins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionRequest {
    /// The program.
    #[serde(deserialize_with = "null_as_default")]
    pub user_agent: String,
    /// Library and version, `js-2.35.2` for example.
    #[serde(deserialize_with = "null_as_default")]
    pub client_version: String,
    /// What it can do: `forceMute`, `renegotiation`, ….
    #[serde(deserialize_with = "null_as_default")]
    pub capabilities: Vec<String>,
    /// It wants to hear of nobody's coming and going (`wire.md §5.5`).
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "std::ops::Not::not")]
    pub connection_events_suppressed: bool,
    /// What else it says.
    #[serde(flatten)]
    pub extra: Object,
}

/// One member of a session, as the others see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The id that the client made.
    pub id: String,
    /// When it joined, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient_millis")]
    pub creation_time: u64,
    /// The connection data of its token.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: String,
    /// The wire names of what it may do.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
}

/// Why a connection or a stream went away.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Reason {
    /// It left by itself.
    ClientDisconnected,
    /// A moderator or the application's server sent it away.
    ForceDisconnected,
    /// Its network was lost for too long.
    NetworkDisconnected,
    /// A moderator ended the stream.
    ForceUnpublished,
    /// The stream's source ended.
    MediaStopped,
    /// A word that this version does not know.
    Other(String),
}

impl Reason {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ClientDisconnected => "clientDisconnected",
            Self::ForceDisconnected => "forceDisconnected",
            Self::NetworkDisconnected => "networkDisconnected",
            Self::ForceUnpublished => "forceUnpublished",
            Self::MediaStopped => "mediaStopped",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for Reason {
    fn from(word: String) -> Self {
        match word.as_str() {
            "clientDisconnected" => Self::ClientDisconnected,
            "forceDisconnected" => Self::ForceDisconnected,
            "networkDisconnected" => Self::NetworkDisconnected,
            "forceUnpublished" => Self::ForceUnpublished,
            "mediaStopped" => Self::MediaStopped,
            _ => Self::Other(word),
        }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Other(word) => word,
            known => known.as_str().to_owned(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
