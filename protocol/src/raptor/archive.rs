//! Archives: recordings of a session (`wire.md §7.7`).

use super::json::{Object, null_as_default};
use serde::{Deserialize, Serialize};

/// A recording, as members are told of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// Its id.
    pub id: String,
    /// What it is called.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// `started`, `paused`, `stopped`, ….
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Object,
}

/// What of a recording changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArchiveChange {
    /// `started`, `paused`, `stopped`, ….
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Object,
}
