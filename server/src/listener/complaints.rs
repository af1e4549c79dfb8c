//! What would otherwise fill the log.

use std::time::Duration;
use tokio::time::Instant;

/// Pause between two lines of the log about connections that cannot be taken.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// Says now and then how often something has happened.
#[derive(Default)]
pub(super) struct Complaints {
    last: Option<Instant>,
    reasons: u64,
}

impl Complaints {
    /// Another reason; `complain` is told how many there have been.
    pub(super) fn make(&mut self, complain: impl FnOnce(u64)) {
        self.reasons += 1;
        if self.last.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
            self.last = Some(Instant::now());
            complain(self.reasons);
        }
    }
}
