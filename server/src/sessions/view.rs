//! What whoever watches a session is shown of it.

use super::Link;
use super::hall::Hall;
use otc_protocol::limits::{INSPECT_STATE_BYTES, INSPECT_TEXT_CHARS};
use otc_protocol::raptor::{Channel, Stream};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What can be seen of a room without its lock.
#[derive(Debug, Default)]
pub(super) struct Outside {
    watchers: AtomicUsize,
    signals: AtomicU64,
    changes: AtomicU64,
    closed: AtomicBool,
}

impl Outside {
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    pub(super) fn signals(&self) -> u64 {
        self.signals.load(Ordering::Relaxed)
    }

    /// So many were relayed by an earlier server.
    pub(super) fn carry_on(&self, signals: u64) {
        self.signals.store(signals, Ordering::Relaxed);
    }

    pub(super) fn count_signal(&self) {
        self.signals.fetch_add(1, Ordering::Relaxed);
    }

    /// Something of what [`View`] shows is, or may be, another.
    pub(super) fn change(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Nobody comes into the room any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// Watches a session: until it is dropped, its room tells of signals.
pub struct Watch<L: Link>(Arc<Hall<L>>);

impl<L: Link> Watch<L> {
    pub(super) fn new(hall: Arc<Hall<L>>) -> Self {
        hall.outside().watchers.fetch_add(1, Ordering::Relaxed);
        Self(hall)
    }

    /// A number that grows whenever something of what is shown has changed.
    pub fn changes(&self) -> u64 {
        self.0.outside().changes.load(Ordering::Acquire)
    }

    /// How many signals the session has relayed.
    pub fn signals(&self) -> u64 {
        self.0.outside().signals()
    }

    /// Whether the room is closed for good; the session may go on in another one.
    pub fn is_over(&self) -> bool {
        self.0.outside().closed.load(Ordering::Acquire)
    }

    /// The session now; `None` while nobody is in it.
    pub fn view(&self) -> Option<View> {
        self.0.look(super::room::Room::view)
    }
}

impl<L: Link> Drop for Watch<L> {
    fn drop(&mut self) {
        self.0.outside().watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A session among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// Its id.
    pub id: String,
    /// When its first client came in, in milliseconds since 1970.
    pub since: u64,
    /// How many are in it.
    pub connections: usize,
    /// How many streams are published.
    pub streams: usize,
    /// How many signals it has relayed.
    pub signals: u64,
    /// How many archives of it run.
    pub archives: usize,
}

/// A session that somebody is in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// When its first client came in, in milliseconds since 1970.
    pub since: u64,
    /// How many signals it has relayed.
    pub signals: u64,
    /// Whether newcomers are muted.
    pub muted: bool,
    /// Who is in it, in the order of their coming; of a large session the first ones.
    pub connections: Vec<ConnectionView>,
    /// How many there are altogether.
    pub connection_count: usize,
    /// What is published; of a large session some of it.
    pub streams: Vec<StreamView>,
    /// How many there are altogether.
    pub stream_count: usize,
    /// Those that run.
    pub archives: Vec<ArchiveView>,
}

/// Somebody who is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Its id.
    pub id: String,
    /// When it joined, in milliseconds since 1970.
    pub created_at: u64,
    /// What its token says of it.
    pub data: String,
    /// What it may do, as the role that allows as much.
    pub role: &'static str,
    /// Whether its socket is lost and awaited.
    pub away: bool,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Who publishes it.
    pub connection_id: String,
    /// Since when, in milliseconds since 1970.
    pub created_at: u64,
    /// Its tracks.
    pub channels: Vec<ChannelView>,
}

/// A track of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    /// Its id.
    pub id: String,
    /// `video`, `audio` or `data`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is on.
    pub active: bool,
    /// `camera`, `screen` or `custom`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<f64>,
    /// In a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
}

/// An archive that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `started`.
    pub status: String,
}

impl From<&Stream> for StreamView {
    fn from(stream: &Stream) -> Self {
        Self {
            id: stream.id.clone(),
            name: shortened(&stream.name),
            connection_id: stream.publisher().unwrap_or_default().to_owned(),
            created_at: stream.creation_time,
            channels: stream.channel.iter().map(ChannelView::from).collect(),
        }
    }
}

impl From<&Channel> for ChannelView {
    fn from(channel: &Channel) -> Self {
        let state = &channel.state;
        Self {
            id: shortened(&channel.id),
            kind: shortened(&channel.kind),
            active: state.active.unwrap_or(true),
            source: state.source.as_deref().map(shortened),
            width: state.width,
            height: state.height,
            frame_rate: state.extra.get("frameRate").and_then(serde_json::Value::as_f64),
        }
    }
}

/// The beginning of what a client has written, which may be long.
fn shortened(text: &str) -> String {
    text.chars().take(INSPECT_TEXT_CHARS).collect()
}

/// Those of `all` that there is room for: they are copied while the room is locked, and sent again at each change.
pub(super) fn within_bounds<T>(all: impl Iterator<Item = T>, bytes_of: impl Fn(&T) -> usize) -> Vec<T> {
    let mut left = INSPECT_STATE_BYTES;
    let fits = |one: &T| {
        let bytes = bytes_of(one);
        let fits = bytes <= left;
        left = left.saturating_sub(bytes);
        fits
    };
    all.take_while(fits).collect()
}
