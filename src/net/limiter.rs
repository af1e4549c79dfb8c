//! How often the process dials: many sessions that lose their server together must not come back together.

use otc_protocol::limits::DIALS_PER_SECOND;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Lets a second's worth of dials through at once and the rest one by one, in the order in which they came.
#[derive(Debug)]
pub(super) struct Limiter {
    /// The last turn that was given, counted as if none had been saved up. Who waits for a turn holds the lock, so one who
    /// gives up takes no turn.
    last: Mutex<Option<Instant>>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Limiter {
    pub(super) fn new() -> Self {
        Self { last: Mutex::const_new(None) }
    }

    /// Waits for its turn.
    pub(super) async fn turn(&self) {
        let mut last = self.last.lock().await;
        let now = Instant::now();
        // It runs at most one second behind: that is what can be saved up.
        let behind = now.checked_sub(SECOND).unwrap_or(now);
        let turn = last.map_or(behind, |last| last.max(behind)) + SECOND / DIALS_PER_SECOND;
        if turn > now {
            sleep_until(turn).await;
        }
        *last = Some(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// When each of so many dials gets its turn, in seconds.
    async fn turns(limiter: &Limiter, count: u32) -> Vec<f64> {
        let start = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..count {
            limiter.turn().await;
            turns.push(start.elapsed().as_secs_f64());
        }
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        tokio::time::advance(SECOND * 10).await;
        let turns = turns(&Limiter::new(), 3 * DIALS_PER_SECOND).await;
        let within = |from: f64, to: f64| turns.iter().filter(|turn| (from..to).contains(turn)).count();
        let rate = DIALS_PER_SECOND as usize;
        assert_eq!(within(0.0, 0.001), rate, "a second's worth at once");
        for second in [0.001, 1.001] {
            let count = within(second, second + 1.0);
            assert!((rate - 2..=rate).contains(&count), "{count}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_no_turn() {
        let limiter = Arc::new(Limiter::new());
        turns(&limiter, DIALS_PER_SECOND).await;
        let waiting: Vec<_> = (0..10 * DIALS_PER_SECOND)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { limiter.turn().await })
            })
            .collect();
        tokio::task::yield_now().await;
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        let turn = turns(&limiter, 1).await[0];
        assert!(turn < 0.1, "{turn} s");
    }
}
