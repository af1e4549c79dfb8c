//! How often the process dials: many sessions that lose their server together must not come back together.

use otc_protocol::limits::DIALS_PER_SECOND;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

/// The rate of this process. It outlives the library's stops and starts.
static RATE: LazyLock<watch::Sender<u32>> = LazyLock::new(|| watch::Sender::new(DIALS_PER_SECOND));

/// Sets how many WebSockets this process starts to open within a second; holds for those who wait already, too.
pub fn set_dials_per_second(dials: NonZeroU32) {
    RATE.send_replace(dials.get());
}

/// Lets a second's worth of dials through at once after a pause, the rest one by one in the order in which they came, and
/// never more than a second's worth within any second.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Who waits for a turn holds the lock, so one who gives up takes no turn.
    turns: Mutex<Turns>,
    /// One request for session info at a time waits among the sockets.
    info: Mutex<()>,
    rate: watch::Sender<u32>,
}

/// The turns that were given.
#[derive(Debug, Default)]
struct Turns {
    /// The last one, counted as if none had been saved up.
    last: Option<Instant>,
    /// Those of the last second.
    recent: VecDeque<Instant>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Limiter {
    /// One that keeps to the rate of the process.
    pub(super) fn new() -> Self {
        Self::with(RATE.clone())
    }

    fn with(rate: watch::Sender<u32>) -> Self {
        let turns = Turns { last: None, recent: VecDeque::new() };
        Self { turns: Mutex::const_new(turns), info: Mutex::const_new(()), rate }
    }

    /// Waits for the turn of a request for session info. Those queue apart, so that sockets pass them by: who has its
    /// session info, or comes back, does not wait for all who have just begun.
    pub(super) async fn info_turn(&self) {
        let _first = self.info.lock().await;
        self.turn().await;
    }

    /// Waits for its turn.
    pub(super) async fn turn(&self) {
        let mut turns = self.turns.lock().await;
        let mut rate = self.rate.subscribe();
        loop {
            let dials = *rate.borrow_and_update();
            let now = Instant::now();
            let Turn { at, counted } = turns.next(now, dials);
            if at > now {
                tokio::select! {
                    () = sleep_until(at) => {}
                    // The limiter holds the sender, so this says that the rate has changed.
                    _ = rate.changed() => continue,
                }
            }
            turns.last = Some(counted);
            turns.recent.push_back(Instant::now());
            return;
        }
    }
}

/// When a dial may start.
struct Turn {
    at: Instant,
    /// When it is counted as having started: earlier, if the time was saved up.
    counted: Instant,
}

impl Turns {
    /// The next one, at so many dials a second.
    fn next(&mut self, now: Instant, dials: u32) -> Turn {
        let gap = SECOND / dials;
        // It runs at most one second behind: that is what can be saved up.
        let behind = now.checked_sub(SECOND).unwrap_or(now);
        let counted = self.last.map_or(behind, |last| last.max(behind)) + gap;
        while self.recent.front().is_some_and(|turn| *turn + SECOND <= now) {
            self.recent.pop_front();
        }
        // What was saved up counts in the second in which it is used.
        let before = self.recent.len().checked_sub(dials as usize).map(|index| self.recent[index] + SECOND);
        let at = before.map_or(counted, |before| before.max(counted));
        // Who has to wait uses up nothing, and saves up nothing.
        if at > now { Turn { at, counted: at } } else { Turn { at, counted } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn limiter(rate: u32) -> Limiter {
        Limiter::with(watch::Sender::new(rate))
    }

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
        let turns = turns(&limiter(DIALS_PER_SECOND), 3 * DIALS_PER_SECOND).await;
        let within = |from: f64, to: f64| turns.iter().filter(|turn| (from..to).contains(turn)).count();
        let rate = DIALS_PER_SECOND as usize;
        assert_eq!(within(0.0, 0.001), rate, "a second's worth at once");
        for tenth in 10..29 {
            let from = f64::from(tenth) / 10.0;
            let count = within(from, from + 0.1);
            assert!((rate / 10 - 2..=rate / 10 + 2).contains(&count), "{count} from {from} s on");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_than_the_rate() {
        for dials in [1, 7, DIALS_PER_SECOND] {
            tokio::time::advance(SECOND * 10).await;
            let limiter = limiter(dials);
            let mut all = Vec::new();
            let start = Instant::now();
            // Bursts, and pauses in which less or more than a second's worth is saved up.
            for pause in [0.0, 0.3, 0.999, 1.0, 1.5, 0.01, 0.7] {
                tokio::time::advance(Duration::from_secs_f64(pause)).await;
                for _ in 0..dials + dials / 2 {
                    limiter.turn().await;
                    all.push(start.elapsed().as_secs_f64());
                }
            }
            for first in &all {
                let count = all.iter().filter(|turn| (*first..first + 0.999).contains(*turn)).count();
                assert!(count <= dials as usize, "{count} of {dials} in the second from {first} s on");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sockets_pass_requests_for_session_info_by() {
        tokio::time::advance(SECOND * 10).await;
        let limiter = Arc::new(limiter(10));
        turns(&limiter, 12).await; // The burst, and then the rate.
        let start = Instant::now();
        let herd: Vec<_> = (0..100)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { limiter.info_turn().await })
            })
            .collect();
        tokio::task::yield_now().await;
        limiter.turn().await;
        let before = herd.iter().filter(|one| one.is_finished()).count();
        assert!(before <= 1, "one of them was waiting among the sockets, not {before}");
        for one in herd {
            one.await.expect("a turn");
        }
        let took = start.elapsed().as_secs_f64();
        assert!((10.0..11.3).contains(&took), "they share the rate: {took} s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_wakes_lets_no_more_than_a_seconds_worth_through() {
        let limiter = Arc::new(limiter(DIALS_PER_SECOND));
        turns(&limiter, DIALS_PER_SECOND).await;
        // Everybody waits while it sleeps; on waking the clock has run on for hours.
        let (done, mut times) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..1000 {
            let (limiter, done) = (Arc::clone(&limiter), done.clone());
            tokio::spawn(async move {
                limiter.turn().await;
                let _ = done.send(Instant::now());
            });
        }
        tokio::task::yield_now().await;
        tokio::time::advance(SECOND * 3600 * 5).await;
        let woken = Instant::now();
        let mut seconds = vec![0_u32; 20];
        for _ in 0..1000 {
            let turn = times.recv().await.expect("a turn");
            seconds[usize::try_from((turn - woken).as_secs()).expect("soon")] += 1;
        }
        assert!(seconds[0] <= DIALS_PER_SECOND, "{seconds:?}");
        assert!(seconds[1..].iter().all(|turns| *turns <= DIALS_PER_SECOND), "{seconds:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_no_turn() {
        let limiter = Arc::new(limiter(DIALS_PER_SECOND));
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
        assert!(turn < 1.01, "{turn} s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_rate_holds_for_those_who_wait_too() {
        tokio::time::advance(SECOND * 10).await;
        let limiter = Arc::new(limiter(1));
        turns(&limiter, 1).await;
        let start = Instant::now();
        let waiting: Vec<_> = (0..30)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    limiter.turn().await;
                    start.elapsed().as_secs_f64()
                })
            })
            .collect();
        tokio::time::sleep(SECOND / 2).await;
        assert!(waiting.iter().all(|turn| !turn.is_finished()), "one a second");
        limiter.rate.send_replace(10);
        let mut times = Vec::new();
        for turn in waiting {
            times.push(turn.await.expect("a turn"));
        }
        // Half a second has been saved up, at ten a second.
        assert!(times[0] < 0.51, "who waited first does not wait on at the old rate: {times:?}");
        assert!((2.4..=3.5).contains(&times[29]), "{times:?}");
        limiter.rate.send_replace(1);
        let slow = turns(&limiter, 3).await;
        assert!(slow[2] - slow[1] > 0.99, "{slow:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_of_the_process_outlives_a_limiter() {
        tokio::time::advance(SECOND * 10).await;
        set_dials_per_second(NonZeroU32::new(2).expect("not zero"));
        for _ in 0..2 {
            let turns = turns(&Limiter::new(), 4).await;
            assert!(turns[1] < 0.01 && (1.4..1.6).contains(&turns[3]), "{turns:?}");
        }
        set_dials_per_second(NonZeroU32::new(DIALS_PER_SECOND).expect("not zero"));
    }
}
