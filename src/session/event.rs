//! What a session tells its application.

use super::status::{DisconnectReason, Status};
use otc_protocol::error::ErrorCode;
use otc_protocol::raptor::{Body, Connection, Message, SignalContent, Stream};
use std::sync::Arc;

/// One callback's worth of news, in the order in which the application hears them.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The session stands elsewhere; told before the events that this brings.
    StatusChanged(Status),
    /// The session is joined.
    Connected,
    /// The session has ended.
    Disconnected(DisconnectReason),
    /// Somebody else is here: has joined, or was here before.
    ConnectionCreated(Arc<Connection>),
    /// Somebody else has left.
    ConnectionDropped(Arc<Connection>),
    /// Somebody else publishes a stream.
    StreamReceived(Arc<Stream>),
    /// Somebody else's stream has ended.
    StreamDropped(Arc<Stream>),
    /// Something of a stream has changed.
    StreamChanged(Arc<Stream>, StreamChange),
    /// A signal has arrived.
    Signal(Signal),
    /// The connection is lost; the library tries to come back.
    Reconnecting,
    /// The library has come back.
    Reconnected,
    /// A recording has begun, or was running before.
    ArchiveStarted {
        /// Its id.
        id: String,
        /// What it is called.
        name: String,
    },
    /// A recording has ended.
    ArchiveStopped {
        /// Its id.
        id: String,
    },
    /// A signal of one's own was refused, or nothing is known of it in the end.
    SignalFailed(FailedSignal),
    /// Something else failed.
    Error {
        /// Its number.
        code: ErrorCode,
        /// What happened and what to do next; never empty.
        text: String,
    },
    /// A moderator mutes everybody, or ends it.
    MuteForced {
        /// Muting has begun.
        active: bool,
    },
}

/// What of a stream has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamChange {
    /// Whether it has sound.
    Audio(bool),
    /// Whether it has pictures.
    Video(bool),
    /// Whether it has captions.
    Captions(bool),
    /// The size of its pictures in pixels.
    Dimensions(i32, i32),
    /// Where its pictures come from.
    VideoType,
}

/// A signal that has arrived.
#[derive(Clone, PartialEq)]
pub struct Signal {
    /// Its type, if it has one.
    pub kind: Option<String>,
    /// Its data, if it has any: a string as it is, other JSON as its text.
    pub data: Option<String>,
    /// Its sender; `None` when the application's server sent it.
    pub from: Option<Arc<Connection>>,
}

/// Without the contents, which never reach a log.
impl std::fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Signal")
            .field("from", &self.from.as_ref().map(|from| &from.id))
            .field("data_bytes", &self.data.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

/// A signal of one's own that was accepted and has not, or may not have, come through.
#[derive(Clone, PartialEq)]
pub struct FailedSignal {
    /// The number of the error.
    pub code: ErrorCode,
    /// What happened; never empty.
    pub text: String,
    /// The request as the outbox held it, Raptor JSON: read when somebody asks, or never.
    request: Vec<u8>,
}

/// What the application had sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnSignal {
    /// Its type, if it has one.
    pub kind: Option<String>,
    /// Its data, if it has any.
    pub data: Option<String>,
    /// The id of its addressee; `None`: everybody.
    pub to: Option<String>,
}

impl FailedSignal {
    pub(super) fn new(request: Vec<u8>, code: ErrorCode, text: String) -> Self {
        Self { code, text, request }
    }

    /// What was sent. `None` only for an addressee whose id is no part of a uri, as a server may have made it up.
    pub fn signal(&self) -> Option<OwnSignal> {
        let Ok(Message { body: Body::Signal { to, content, .. }, .. }) = Message::decode(&self.request)
        else {
            return None;
        };
        let SignalContent { kind, data, .. } = content;
        Some(OwnSignal { kind, data: data.and_then(|data| data.as_string()), to })
    }
}

/// Without the contents, which never reach a log.
impl std::fmt::Debug for FailedSignal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("FailedSignal")
            .field("code", &self.code)
            .field("text", &self.text)
            .field("request_bytes", &self.request.len())
            .finish()
    }
}

/// Without the contents, which never reach a log.
impl std::fmt::Debug for OwnSignal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OwnSignal")
            .field("to", &self.to)
            .field("data_bytes", &self.data.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}
