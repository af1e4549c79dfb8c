//! Known bugs on demand, to see that `simulation` finds them. Shipped builds hold nothing of it: without the feature
//! `planted` there is no way to ask for one.

/// A bug that servers of this kind have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A client that comes back with an unknown socket id is taken for a new one.
    UnknownIsNew,
    /// The answers that a client was given are forgotten when it comes back.
    ForgetAnswers,
    /// The late end of a WebSocket that was replaced counts as the loss of the new one.
    LateCloseCounts,
    /// The answers that clients were given are not handed over to the next server.
    KeepAnswers,
    /// A server that has handed its sessions over still says yes to the application's server.
    SayYesTooLate,
    /// A signal that comes behind a refused one passes as soon as there is room.
    RefuseAlone,
}

#[cfg(feature = "planted")]
mod choice {
    use super::Bug;
    use std::cell::Cell;

    std::thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug into the rooms that this thread drives, or takes it out.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    pub(crate) fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub use choice::plant;

#[cfg(feature = "planted")]
pub(crate) use choice::is;

/// Whether this bug is planted.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
