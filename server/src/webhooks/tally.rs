//! What has been delivered and what has not, counted.

use otc_protocol::limits::WEBHOOK_LOG_EVERY;
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::warn;

/// What became of deliveries since the server started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken by their receivers.
    pub delivered: u64,
    /// Tries that failed.
    pub failed_tries: u64,
    /// Dropped, because their queue was full or they were too large.
    pub dropped: u64,
    /// Given up after they had been tried for too long.
    pub given_up: u64,
    /// Events of sessions, of any kind, that were left out before anybody could be told of them, because the server was too
    /// slow for what happened in it.
    pub unseen: u64,
    /// Waiting now, or under way.
    pub waiting: usize,
}

/// The counters, and what of them has been logged.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    counts: Counts,
    /// Lost ones that have been told of, and when.
    told: (u64, u64),
    told_at: Option<Instant>,
}

impl Counted {
    fn lost(&self) -> (u64, u64) {
        (self.counts.dropped, self.counts.given_up)
    }

    fn is_unsaid(&self) -> bool {
        self.lost() != self.told
    }
}

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        self.0.lock().counts
    }

    /// Counts; whether from now on something is to be said later ([`Self::say_at`]).
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) -> bool {
        let was_unsaid = {
            let mut counted = self.0.lock();
            let was_unsaid = counted.is_unsaid();
            change(&mut counted.counts);
            was_unsaid
        };
        self.confess();
        !was_unsaid && self.0.lock().is_unsaid()
    }

    /// When there is something to say, if there is.
    pub(super) fn say_at(&self) -> Option<Instant> {
        let counted = self.0.lock();
        counted.told_at.filter(|_| counted.is_unsaid()).map(|at| at + WEBHOOK_LOG_EVERY)
    }

    /// Says what was lost since the last time, if that is not too soon.
    pub(super) fn confess(&self) {
        let now = Instant::now();
        let mut counted = self.0.lock();
        let lost = counted.lost();
        let is_soon = counted.told_at.is_some_and(|at| now.duration_since(at) < WEBHOOK_LOG_EVERY);
        if lost == counted.told || is_soon {
            return;
        }
        let told = std::mem::replace(&mut counted.told, lost);
        counted.told_at = Some(now);
        drop(counted);
        let (dropped, given_up) = (lost.0 - told.0, lost.1 - told.1);
        warn!(dropped, given_up, "webhooks were lost: their receivers do not take them, or not fast enough");
    }
}
