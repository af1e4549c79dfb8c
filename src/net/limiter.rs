//! How often the process dials: many sessions that lose their server together must not come back together.

use otc_protocol::limits::DIALS_PER_SECOND;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Lets a second's worth of dials through at once and the rest one by one.
#[derive(Debug)]
pub(super) struct Limiter {
    /// When the next dial would start if none had been saved up.
    next: Mutex<Option<Instant>>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Limiter {
    pub(super) fn new() -> Self {
        Self { next: Mutex::new(None) }
    }

    /// Waits for its turn.
    pub(super) async fn turn(&self) {
        let at = self.reserve(Instant::now());
        sleep_until(at).await;
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock();
        // The counter runs at most one second behind: that is what has been saved up.
        let behind = now.checked_sub(SECOND).unwrap_or(now);
        let slot = next.map_or(behind, |next| next.max(behind)) + SECOND / DIALS_PER_SECOND;
        *next = Some(slot);
        slot.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        let limiter = Limiter::new();
        let start = Instant::now() + SECOND * 10;
        let count = DIALS_PER_SECOND as usize;
        let turns: Vec<Instant> = (0..3 * count).map(|_| limiter.reserve(start)).collect();
        assert!(turns[..count].iter().all(|turn| *turn == start), "the first second's worth at once");
        for second in 1..3u32 {
            let within = turns
                .iter()
                .filter(|turn| **turn > start + SECOND * (second - 1) && **turn <= start + SECOND * second);
            assert_eq!(within.count(), count);
        }
    }
}
