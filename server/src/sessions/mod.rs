//! Sessions: who is in, and what each is owed.
//!
//! Pure: bytes and moments in, [`Output`]s out. No sockets, no clock, no threads; randomness is handed in. So client
//! engines and these rooms can be run against each other in one process, on virtual time.
//!
//! * [`Registry`]: which room a socket belongs to; what the sockets, REST and the clock call
//! * `door`: a socket that has not joined yet; `room`: one session; `hall`: a room with the sockets of its members
//! * `line`: what one socket is owed (`wire.md §3.5`): `owed` messages, `answers` already given
//! * [`Tally`]: what is counted
//! * [`Event`]: what happens, for a [`Witness`]
//! * [`Snapshot`]: all of it as data, for the process that comes next; `freeze` in each of them

#![allow(clippy::similar_names, reason = "a link and the line that it carries are two things")]

mod answers;
mod door;
mod event;
mod freight;
mod hall;
mod line;
mod listed;
pub(crate) mod log_text;
mod member;
mod meter;
mod owed;
mod registry;
mod room;
mod scales;
mod seat;
mod sleeper;
pub(crate) mod snapshot;
mod tally;
#[cfg(test)]
mod tests;
mod view;

pub use door::Gate;
pub use event::{Event, Witness};
pub use listed::{StreamRecord, video_type};
pub use member::Admission;
pub use meter::SignalRate;
pub use registry::Registry;
pub use scales::Scales;
pub use seat::{Done, Seat};
pub use snapshot::{Snapshot, Unfit};
pub use tally::{Figure, Tally};
pub use view::{ArchiveView, ChannelView, ConnectionView, Glimpse, StreamView, View, Watch};

use crate::ice::IceServers;
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::limits;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// What somebody is told who begins an archive beside another one of the same tag, or without a tag.
pub(crate) const ARCHIVED_ALREADY: &str =
    "The session is being archived already; stop that archive, or send a multiArchiveTag of its own";

/// One WebSocket. A client that comes back has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// On the clock that never jumps.
    pub now: Moment,
    /// On the calendar, in milliseconds since 1970.
    pub unix_ms: u64,
}

/// Where a room's bytes go: the sending half of one WebSocket.
pub trait Link: Send + Sync {
    /// Queues `delivery` behind what already waits, without blocking. The waker returned, if any, is to be woken once
    /// everything else of this batch has been queued too.
    fn deliver(&self, delivery: Delivery) -> Option<Waker>;

    /// Whether so many answers wait that no more requests should be read from this socket.
    fn is_full(&self) -> bool;
}

/// Something for one WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The answer to a request; its client should not be asked for more while too many wait.
    Reply(Bytes),
    /// A message, which is owed until it is acknowledged.
    Message(Bytes),
    /// A PONG. One that waits stands for any number.
    Pong,
    /// The end, after everything before it.
    Close(CloseCode),
}

/// Why a WebSocket is closed (`wire.md §3.6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client said that it leaves, or has replaced this socket by another one.
    Done,
    /// The server stops. Clients come back.
    GoingAway,
    /// The server stops, and the next one carries its sessions on. Clients come back.
    Restarting,
    /// The peer speaks another protocol; it must not come back, and its connection has ended.
    Foreign,
    /// A frame larger than the server takes; its connection has ended.
    TooLarge,
    /// The socket's connection has ended, or never was; the client must not come back.
    Ended,
    /// No room for another socket.
    Busy,
    /// Too many large answers wait for others. The client comes back and asks again.
    Crowded,
    /// Nothing was heard for too long. The client comes back if it still lives.
    Silent,
}

impl CloseCode {
    /// The code on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::GoingAway => 1001,
            Self::Foreign => 1003,
            Self::TooLarge => 1009,
            Self::Ended => 1011,
            Self::Restarting => 1012,
            Self::Busy | Self::Crowded => 1013,
            Self::Silent => 4001,
        }
    }

    /// What people read beside the code.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Done => "",
            Self::GoingAway => "the server stops",
            Self::Restarting => "the server starts again",
            Self::Foreign => "not a Rumor frame that a client sends",
            Self::TooLarge => "the frame is too large",
            Self::Ended => "the connection has ended",
            Self::Busy => "the server has no room for another socket",
            Self::Crowded => "too many clients are being told who is in a large session",
            Self::Silent => "nothing was heard for 10 seconds",
        }
    }
}

/// What a door or a room wants done. Those for one link are to be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Something for a WebSocket. After a `Close` the room knows the link no more.
    Deliver {
        /// Which.
        link: LinkId,
        /// What.
        delivery: Delivery,
    },
    /// Something that whoever keeps account of sessions is told.
    Happened(Box<Event>),
    /// The state of this socket id is gone; a client that comes back with it is a stranger.
    Forget {
        /// The socket id.
        socket: Arc<str>,
    },
}

impl Output {
    fn to(link: LinkId, delivery: Delivery) -> Self {
        Self::Deliver { link, delivery }
    }

    fn happened(event: Event) -> Self {
        Self::Happened(Box::new(event))
    }
}

/// What of the rooms can be set. The defaults are those of `limits`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a lost socket may take to come back.
    pub resume_grace: Duration,
    /// Most socket ids that are known at one time: joining, joined and lost ones.
    pub sockets: usize,
    /// Most socket ids at one time that have not joined yet.
    pub doors: usize,
    /// Most sessions that somebody is in at one time.
    pub sessions: usize,
    /// Most connections of one session.
    pub session_connections: usize,
    /// Most streams of one session.
    pub session_streams: usize,
    /// How many signals one connection may send; `None`: as many as it likes.
    pub signal_rate: Option<SignalRate>,
    /// Most messages that one socket is owed.
    pub owed_messages: usize,
    /// Most bytes of messages that one socket is owed.
    pub owed_bytes: usize,
    /// Most bytes of what a newcomer is told of its session: one frame that clients take.
    pub state_bytes: usize,
    /// Bytes of memory that messages may take, of all sessions together.
    pub messages_bytes: usize,
    /// Bounds the answers that list a large session.
    pub scales: Scales,
    /// Where publishers and subscribers get candidates from.
    pub ice_servers: IceServers,
}

/// What of the frame that holds a state is not its lists.
const STATE_FRAME_REST: usize = 4096;

impl Default for Settings {
    fn default() -> Self {
        Self {
            resume_grace: limits::RESUME_GRACE,
            sockets: limits::SOCKET_IDS,
            doors: limits::DOORS,
            sessions: limits::SESSIONS,
            session_connections: limits::SESSION_CONNECTIONS,
            session_streams: limits::SESSION_STREAMS,
            signal_rate: None,
            owed_messages: limits::UNACKNOWLEDGED_MESSAGES,
            owed_bytes: limits::UNACKNOWLEDGED_BYTES,
            state_bytes: limits::SERVER_FRAME_BYTES - STATE_FRAME_REST,
            messages_bytes: limits::MESSAGES_BYTES,
            scales: Scales::default(),
            ice_servers: IceServers::default(),
        }
    }
}

/// Why a request is not carried out: the STATUS and what people read beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// As in HTTP.
    pub status: u16,
    /// For people, and for the few words that clients know (`connectionLimitExceeded`).
    pub reason: Cow<'static, str>,
}

impl Refusal {
    /// A refusal.
    pub fn new(status: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, reason: reason.into() }
    }

    /// The data of the STATUS.
    fn data(&self) -> Bytes {
        json(&otc_protocol::raptor::Refusal { reason: self.reason.clone().into_owned() })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// The JSON of `value`, whose maps have text keys: nothing can fail when the target is memory.
fn json<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Whether a client may use `text` as an id: it becomes part of uris and headers that others read.
pub fn is_id(text: &str) -> bool {
    (1..=limits::CLIENT_ID_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
