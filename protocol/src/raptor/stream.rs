//! Streams and their channels (`wire.md §7.1`–`§7.3`).

use super::connection::Connection;
use super::json::{Object, lenient_millis, null_as_default, plain_number};
use serde::{Deserialize, Serialize};

/// What a publisher asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamRequest {
    /// The id that the publisher made.
    pub id: String,
    /// What it is called.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Its tracks.
    #[serde(default, deserialize_with = "null_as_default")]
    pub channel: Vec<Channel>,
    /// Everything else, relayed as it is.
    #[serde(flatten)]
    pub extra: Object,
}

/// A published stream, as everybody sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// The id that the publisher made.
    pub id: String,
    /// What it is called.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// When it was published, in milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient_millis")]
    pub creation_time: u64,
    /// Who publishes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// Who publishes it, where only the id is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Its tracks.
    #[serde(default, deserialize_with = "null_as_default")]
    pub channel: Vec<Channel>,
    /// Everything else, relayed as it is.
    #[serde(flatten)]
    pub extra: Object,
}

impl Stream {
    /// Forgets what a client has no use for, so that nobody can make it keep much.
    pub fn slim(&mut self) {
        self.extra = Object::new();
        self.channel.iter_mut().for_each(|channel| channel.state.extra = Object::new());
    }

    /// The id of the connection that publishes it.
    pub fn publisher(&self) -> Option<&str> {
        self.connection.as_ref().map(|connection| connection.id.as_str()).or(self.connection_id.as_deref())
    }
}

/// One track of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// `video1`, `audio1`, `caption1`, ….
    pub id: String,
    /// `video`, `audio` or `data`.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// What it is like, and what changes.
    #[serde(flatten)]
    pub state: ChannelState,
}

/// What of a channel can change. An update holds just what changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelState {
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "plain_number")]
    pub width: Option<f64>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "plain_number")]
    pub height: Option<f64>,
    /// `camera`, `screen` or `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Everything else, relayed as it is.
    #[serde(flatten)]
    pub extra: Object,
}

impl ChannelState {
    /// Takes over what `change` says.
    pub fn apply(&mut self, change: &Self) {
        self.active = change.active.or(self.active);
        self.width = change.width.or(self.width);
        self.height = change.height.or(self.height);
        if change.source.is_some() {
            self.source.clone_from(&change.source);
        }
        for (key, value) in &change.extra {
            self.extra.insert(key.clone(), value.clone());
        }
    }
}

/// What of a stream itself can change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamChange {
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is being recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archiving: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Object,
}

/// Muting, of a stream or of everybody (`wire.md §7.6`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mute {
    /// Whether muting begins or ends.
    #[serde(default)]
    pub active: bool,
    /// What is muted: `audio`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub channels: Vec<String>,
    /// Streams that go on unmuted.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub exclusion: Vec<String>,
    /// Everything else (`locked`).
    #[serde(flatten)]
    pub extra: Object,
}
