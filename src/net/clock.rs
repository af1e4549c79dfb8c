//! The one clock of the library.

use otc_protocol::Moment;
use tokio::time::Instant;

/// Turns the runtime's time into moments; tests that pause the runtime's time pause this one too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now() }
    }

    pub(super) fn now(self) -> Moment {
        Moment::from_micros(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn instant(self, moment: Moment) -> Instant {
        self.origin + moment.since(Moment::ZERO)
    }
}
