//! Raptor: the JSON messages in the frames (`wire.md §4`–`§8`).
//!
//! A message that this version does not know is kept as [`Body::Unknown`] and is never an error. What a client may send
//! for others to read — signal data, stream properties, session descriptions — is kept as it came.

mod address;
mod archive;
mod codec;
mod connection;
mod json;
mod lenient;
mod reply;
mod signal;
mod stream;
mod subscriber;

pub use address::{Path, SessionAddress};
pub use archive::{Archive, ArchiveChange};
pub use codec::MessageError;
pub use connection::{Connection, ConnectionRequest, RESENDS_IN_ORDER, Reason};
pub use json::{Json, Object};
pub use reply::{Content, MediaReply, MuteState, Refusal, SessionState};
pub use signal::{SignalContent, SignalRefusal};
pub use stream::{Channel, ChannelState, Mute, Stream, StreamChange, StreamRequest};
pub use subscriber::{Negotiation, Step, SubscriberRequest};

/// A message: which session it belongs to, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The session.
    pub session: SessionAddress,
    /// What it says.
    pub body: Body,
}

/// What a message says. Requests go to the server; the past tense comes from it.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "messages live for one call; a box would cost each one an allocation"
)]
pub enum Body {
    /// A client joins.
    ConnectionCreate {
        /// The connection id that it made.
        id: String,
        /// What it says of itself.
        content: ConnectionRequest,
    },
    /// Somebody has joined.
    ConnectionCreated(Connection),
    /// A moderator sends somebody away.
    ConnectionDelete {
        /// Whom.
        id: String,
    },
    /// Somebody has left.
    ConnectionDeleted {
        /// Who.
        id: String,
        /// Why.
        reason: Reason,
    },
    /// A client asks for the state of the session.
    SessionRead,
    /// Mutes everybody, or ends it: a moderator's request, and what members are told.
    SessionMute(Mute),
    /// A client moves to another server.
    Migrate(Object),
    /// The server announces something, `serverRotation` for example.
    Notification {
        /// What.
        reason: Reason,
        /// Everything else.
        extra: Object,
    },
    /// A signal: a request, and what its addressees receive.
    Signal {
        /// The signal's own id.
        id: String,
        /// The one addressee; `None` for everybody.
        to: Option<String>,
        /// Type and data.
        content: SignalContent,
    },
    /// A client publishes.
    StreamCreate(StreamRequest),
    /// A stream is there.
    StreamCreated(Stream),
    /// The publisher, or a moderator, ends a stream.
    StreamDelete {
        /// Which.
        id: String,
        /// `sourceStreamId` and the like.
        content: Object,
    },
    /// A stream is gone.
    StreamDeleted {
        /// Which.
        id: String,
        /// Why.
        reason: Reason,
        /// `sourceStreamId` and the like.
        content: Object,
    },
    /// Mutes one stream: a moderator's request, and what its publisher is told.
    StreamMute {
        /// Which.
        id: String,
        /// How.
        mute: Mute,
    },
    /// A publisher changes its stream.
    StreamUpdate {
        /// Which.
        id: String,
        /// What changes.
        change: StreamChange,
    },
    /// A stream has changed.
    StreamUpdated {
        /// Which.
        id: String,
        /// What changed.
        change: StreamChange,
    },
    /// A publisher changes a channel.
    ChannelUpdate {
        /// The stream.
        stream: String,
        /// The channel.
        channel: String,
        /// What changes.
        change: ChannelState,
    },
    /// A channel has changed.
    ChannelUpdated {
        /// The stream.
        stream: String,
        /// The channel.
        channel: String,
        /// What changed.
        change: ChannelState,
    },
    /// Data of a channel: captions, publisher statistics.
    Data {
        /// The stream.
        stream: String,
        /// Towards one subscriber.
        subscriber: Option<String>,
        /// The channel.
        channel: String,
        /// The message's own id.
        id: String,
        /// What it carries.
        content: Object,
    },
    /// A client subscribes.
    SubscriberCreate {
        /// To which stream.
        stream: String,
        /// The subscriber id that it made.
        id: String,
        /// How.
        content: SubscriberRequest,
    },
    /// A client changes its subscription.
    SubscriberUpdate {
        /// The stream.
        stream: String,
        /// The subscriber.
        id: String,
        /// What changes.
        content: Object,
    },
    /// A client unsubscribes.
    SubscriberDelete {
        /// The stream.
        stream: String,
        /// The subscriber.
        id: String,
    },
    /// A publisher is told that a subscriber has gone.
    SubscriberDeleted {
        /// The stream.
        stream: String,
        /// The subscriber.
        id: String,
    },
    /// A subscriber's channel is switched, by the client or by the server.
    SubscriberChannelUpdate {
        /// The stream.
        stream: String,
        /// The subscriber.
        subscriber: String,
        /// The channel.
        channel: String,
        /// What changes.
        content: Object,
    },
    /// A step of the negotiation of media.
    Negotiate {
        /// The stream.
        stream: String,
        /// The subscriber; `None` between publisher and server.
        subscriber: Option<String>,
        /// Which step.
        step: Step,
        /// What it carries.
        content: Negotiation,
    },
    /// The server asks a publisher for another source of its stream.
    SourceCreate {
        /// The stream.
        stream: String,
        /// The source.
        source: String,
        /// Everything else.
        content: Object,
    },
    /// The server no longer needs a source.
    SourceDelete {
        /// The stream.
        stream: String,
        /// The source.
        source: String,
        /// Everything else.
        content: Object,
    },
    /// A recording has begun.
    ArchiveCreated(Archive),
    /// A recording has changed.
    ArchiveUpdated {
        /// Which.
        id: String,
        /// What changed.
        change: ArchiveChange,
    },
    /// Something that this version does not know.
    Unknown {
        /// Its method.
        method: String,
        /// Where it goes.
        path: Path,
        /// What it carries.
        content: Option<Json>,
        /// Its reason.
        reason: Option<String>,
    },
}
