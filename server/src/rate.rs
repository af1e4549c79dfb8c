//! How often something may happen: so many times in a second, and those of some seconds at once.

use otc_protocol::Moment;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Pause between two looks for callers that can be forgotten: looking through all of them is nothing to do for each stranger.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Parts of one turn. Counting in whole numbers never drifts.
const TURN: u64 = 1_000_000;

/// What is left of one caller's turns.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Millionths of a turn.
    left: u64,
    at: Moment,
}

/// The turns of many callers, each of whom has as many as the others.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    rate: Rate,
    /// How many callers are told apart at one time.
    most: usize,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: u32,
    burst_seconds: u64,
}

#[derive(Debug)]
struct Buckets<K> {
    each: HashMap<K, Bucket>,
    /// Whoever comes when there are too many to tell apart.
    others: Bucket,
    /// When those were last forgotten who have all their turns again.
    swept: Option<Moment>,
}

impl<K: Eq + Hash> Rates<K> {
    /// So many turns in a second for each of at most `most` callers, and those of `burst_seconds` at once; 0 in a second:
    /// as many as they like.
    pub(crate) fn new(per_second: u32, burst_seconds: u64, most: usize) -> Self {
        let rate = Rate { per_second, burst_seconds };
        let others = Bucket { left: rate.full(), at: Moment::ZERO };
        Self { rate, most, buckets: Mutex::new(Buckets { each: HashMap::new(), others, swept: None }) }
    }

    /// Takes a turn; else says how long to wait for one.
    pub(crate) fn take(&self, caller: K, now: Moment) -> Result<(), Duration> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock();
        let bucket = buckets.of(caller, self.rate, self.most, now);
        bucket.refill(self.rate, now);
        bucket.left = bucket.left.checked_sub(TURN).ok_or_else(|| self.rate.wait(bucket.left))?;
        Ok(())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn of(&mut self, caller: K, rate: Rate, most: usize, now: Moment) -> &mut Bucket {
        if self.each.len() >= most && !self.each.contains_key(&caller) {
            self.sweep(rate, now);
            if self.each.len() >= most {
                return &mut self.others;
            }
        }
        self.each.entry(caller).or_insert(Bucket { left: rate.full(), at: now })
    }

    /// Whoever has all turns again is like one who was never there.
    fn sweep(&mut self, rate: Rate, now: Moment) {
        if self.swept.is_some_and(|swept| now - swept < SWEEP_EVERY) {
            return;
        }
        self.swept = Some(now);
        self.each.retain(|_, bucket| {
            bucket.refill(rate, now);
            bucket.left < rate.full()
        });
    }
}

impl Bucket {
    fn refill(&mut self, rate: Rate, now: Moment) {
        let micros = u64::try_from((now - self.at).as_micros()).unwrap_or(u64::MAX);
        // A millionth of a turn for each of `per_second` in each microsecond.
        let more = micros.saturating_mul(u64::from(rate.per_second));
        self.left = self.left.saturating_add(more).min(rate.full());
        self.at = now;
    }
}

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.per_second) * self.burst_seconds * TURN
    }

    /// How long until there is a whole turn.
    fn wait(self, left: u64) -> Duration {
        Duration::from_micros((TURN - left).div_ceil(u64::from(self.per_second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    /// How many turns somebody gets at that time, and how long the wait for the next one is.
    fn turns(rates: &Rates<u8>, caller: u8, now: Moment) -> (usize, Duration) {
        for count in 0..100_000 {
            if let Err(wait) = rates.take(caller, now) {
                return (count, wait);
            }
        }
        panic!("no end");
    }

    #[test]
    fn a_burst_and_then_so_many_in_a_second() {
        let rates = Rates::new(200, 5, 10);
        assert_eq!(turns(&rates, 1, at(0)), (1000, Duration::from_millis(5)));
        assert_eq!(turns(&rates, 1, at(4)), (0, Duration::from_millis(1)));
        assert_eq!(turns(&rates, 1, at(5)), (1, Duration::from_millis(5)));
        assert_eq!(turns(&rates, 1, at(1005)).0, 200);
        assert_eq!(turns(&rates, 1, at(3_600_000)).0, 1000, "no more than the burst is saved up");
        assert_eq!(turns(&rates, 2, at(3_600_000)).0, 1000, "each has a rate of its own");
        assert_eq!(turns(&Rates::new(1, 10, 1), 1, at(0)), (10, Duration::from_secs(1)));
    }

    #[test]
    fn nought_is_no_limit() {
        let rates = Rates::new(0, 5, 1);
        assert!((0..100_000).all(|_| rates.take(1, at(0)).is_ok()));
        assert!(rates.buckets.lock().each.is_empty());
    }

    #[test]
    fn memory_is_bounded_and_the_rate_holds_for_the_rest_together() {
        let rates = Rates::new(1, 5, 2);
        assert!(rates.take(1, at(0)).is_ok() && rates.take(2, at(0)).is_ok());
        assert_eq!(turns(&rates, 3, at(0)).0, 5);
        assert_eq!(turns(&rates, 4, at(0)).0, 0, "those who are not told apart share one rate");
        assert_eq!(turns(&rates, 1, at(0)).0, 4);
        assert_eq!(rates.buckets.lock().each.len(), 2);
        assert_eq!(turns(&rates, 4, at(999)).0, 0, "nobody looks for room again so soon");
        assert_eq!(turns(&rates, 4, at(1_000)).0, 5, "2 has all its turns again and makes room");
    }
}
