//! Time that never goes back, whatever clock the driver has.

use otc_protocol::Moment;
use std::time::Duration;

/// Turns the driver's moments into the engine's. They are the same, unless the driver's went back: from then on the engine's
/// go on from where they were.
#[derive(Default)]
pub(super) struct Steady {
    last: Moment,
    /// How far the engine's time is ahead.
    ahead: Duration,
}

impl Steady {
    /// The engine's moment at the driver's `now`.
    pub(super) fn take(&mut self, now: Moment) -> Moment {
        self.ahead += self.last - now;
        self.last = now;
        now + self.ahead
    }

    /// The driver's moment at which the engine's comes.
    pub(super) fn tell(&self, moment: Moment) -> Moment {
        Moment::ZERO + (moment - Moment::ZERO).saturating_sub(self.ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_costs_no_time_and_gains_none() {
        let mut steady = Steady::default();
        let at = Moment::from_millis;
        for (now, steadied) in [(500, 500), (700, 700), (100, 700), (150, 750), (0, 750), (1_000, 1_750)] {
            assert_eq!(steady.take(at(now)), at(steadied), "{now}");
            assert_eq!(steady.tell(at(steadied)), at(now));
            assert_eq!(steady.tell(at(steadied + 5)), at(now + 5));
        }
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        let mut steady = Steady::default();
        let end = Moment::from_micros(u64::MAX);
        for now in [end, Moment::ZERO, end, Moment::ZERO, end] {
            let steadied = steady.take(now);
            assert!(steady.tell(steadied + Duration::MAX) <= end);
        }
    }
}
