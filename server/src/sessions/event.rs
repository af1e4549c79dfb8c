//! What happens in sessions, for whoever keeps account of it.

use otc_protocol::raptor::{Archive, Connection, Reason, SessionAddress, SignalContent, Stream};

/// Something that happened in a session, told once, in order, and under the session's lock.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Its first client is in.
    SessionCreated,
    /// All have left.
    SessionDestroyed,
    /// A client has joined.
    ConnectionCreated {
        /// As the others see it.
        connection: Connection,
    },
    /// A client has left, or is given up.
    ConnectionDestroyed {
        /// As the others saw it.
        connection: Connection,
        /// Why.
        reason: Reason,
    },
    /// A stream is published.
    StreamCreated {
        /// As newcomers see it.
        stream: Stream,
    },
    /// Its name or one of its channels has changed.
    StreamChanged {
        /// As newcomers see it now.
        stream: Stream,
    },
    /// A stream has ended.
    StreamDestroyed {
        /// As newcomers saw it.
        stream: Stream,
        /// Why.
        reason: Reason,
    },
    /// Streams were muted by force, or later publishers need not be muted any more.
    Muted {
        /// The moderator's connection; `None`: the application's server.
        by: Option<String>,
        /// The stream; `None`: all of the session.
        stream: Option<String>,
        /// Streams that stay as they are.
        excluded: Vec<String>,
        /// Whether it begins.
        active: bool,
    },
    /// A signal, told of sessions that are archived.
    Signal {
        /// The sender's connection; `None`: the application's server.
        from: Option<String>,
        /// The addressee's connection; `None`: everybody.
        to: Option<String>,
        /// Its type and data.
        content: SignalContent,
    },
    /// A signal, told of sessions that are watched and not archived.
    Overheard {
        /// The sender's connection; `None`: the application's server.
        from: Option<String>,
        /// The addressee's connection; `None`: everybody.
        to: Option<String>,
        /// Its type and data.
        content: SignalContent,
    },
    /// An archive begins.
    ArchiveStarted {
        /// As clients are told of it.
        archive: Archive,
        /// Who is there.
        connections: Vec<Connection>,
        /// What is published.
        streams: Vec<Stream>,
        /// Whether newcomers are muted.
        muted: bool,
    },
    /// An archive has ended.
    ArchiveStopped {
        /// Its id.
        id: String,
        /// Why, for people.
        reason: String,
    },
}

/// Is told what happens in all sessions.
pub trait Witness: Send + Sync {
    /// Called under the lock of the session: it must neither wait nor call the registry.
    fn saw(&self, session: &SessionAddress, event: Event);
}

/// Sees nothing.
impl Witness for () {
    fn saw(&self, _: &SessionAddress, _: Event) {}
}
