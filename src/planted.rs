//! Known bugs on demand, to see that `simulation` finds them. Shipped builds hold nothing of it: without the feature
//! `planted` there is no way to ask for one.

/// A bug that clients of this kind have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A message that comes again is handled again.
    ForgetDuplicates,
    /// A message is acknowledged when it is read and handled later, unless a cut comes in between.
    AcknowledgeFirst,
    /// What is sent again after a cut has a new transaction id.
    ReplayWithNewIds,
    /// The second cut empties the outbox.
    DropOutbox,
    /// A message that comes again is not acknowledged again.
    IgnoreDuplicates,
    /// The second cut ends the session.
    GiveUp,
    /// The time to come back is twice as long as it is set.
    StayAway,
    /// After a refusal others are sent before all that is under way is answered.
    SendOn,
}

#[cfg(feature = "planted")]
mod choice {
    use super::Bug;
    use std::cell::Cell;

    std::thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug into the engines of this thread, or takes it out.
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
