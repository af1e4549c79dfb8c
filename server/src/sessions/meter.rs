//! How fast one connection sends signals.
//!
//! Refusing alone would break the order of a sender that sends again what was refused: what it has sent behind it may come
//! when there is room again. So after a refusal nothing is let through until there is room for a quarter of a burst, and
//! of a client that sends again in its order ([`RESENDS_IN_ORDER`]) nothing until it does: by then all that was under way
//! has come and was refused, because a line carries everything in its order. After a cut it sends everything again in that
//! order, without what it has given up: nothing that was refused before has a place to keep.
//!
//! [`RESENDS_IN_ORDER`]: otc_protocol::raptor::RESENDS_IN_ORDER

use super::answers::Transaction;
use crate::planted::{self, Bug};
use otc_protocol::Moment;
use otc_protocol::limits::{RATE_MOST, REQUEST_WINDOW, SIGNAL_BURST_SECONDS};
use std::collections::HashSet;

/// How many signals one connection may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalRate {
    per_second: u32,
    burst: u32,
}

impl SignalRate {
    /// So many in a second, and at most `burst` at once, five times as many if it is not said. `None` when no server can
    /// keep that: nothing in a second or at once, or more than `limits` has.
    pub fn new(per_second: u32, burst: Option<u32>) -> Option<Self> {
        let most = per_second.checked_mul(SIGNAL_BURST_SECONDS)?;
        let burst = burst.unwrap_or(per_second.saturating_mul(5));
        let fits = (1..=RATE_MOST).contains(&per_second) && (1..=most).contains(&burst);
        fits.then_some(Self { per_second, burst })
    }

    /// What a refused sender is told.
    pub(super) fn reason(self) -> String {
        let Self { per_second, burst } = self;
        format!(
            "Too many signals: a connection may send {per_second} in a second, and {burst} at once; send more slowly."
        )
    }

    fn full(self) -> u64 {
        u64::from(self.burst) * SIGNAL
    }

    /// What there must be room for after a refusal.
    fn enough(self) -> u64 {
        (self.full() / 4).max(SIGNAL)
    }
}

/// What one signal takes of the room, so that every microsecond gives back a whole number.
const SIGNAL: u64 = 1_000_000;

/// One connection's signals.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The room that is left, and when it was reckoned; all of it before the first signal.
    room: Option<(u64, Moment)>,
    refused: Option<Refused>,
}

/// What was refused since something was let through.
#[derive(Debug, Default)]
struct Refused {
    /// Signals that have come once since the sender last began to send again; of a sender that does so.
    signals: HashSet<Transaction>,
}

impl Meter {
    /// Whether a signal of this id may pass now.
    pub(super) fn admit(
        &mut self,
        now: Moment,
        rate: SignalRate,
        signal: &str,
        resends_in_order: bool,
    ) -> bool {
        let room = self.reckon(now, rate);
        let passes = match &mut self.refused {
            None => room >= SIGNAL,
            Some(refused) => {
                let has_room = room >= rate.enough();
                let has_turn = !resends_in_order || refused.has_come_again(signal) || refused.is_full();
                has_room && has_turn || room >= SIGNAL && planted::is(Bug::RefuseAlone)
            }
        };
        if passes {
            self.refused = None;
            self.room = Some((room - SIGNAL, now));
        } else {
            let refused = self.refused.get_or_insert_default();
            if resends_in_order {
                refused.note(signal);
            }
        }
        passes
    }

    /// The sender's line is carried on over another WebSocket.
    pub(super) fn resume(&mut self, resends_in_order: bool) {
        if resends_in_order {
            self.refused = None;
        }
    }

    /// The room that there is now.
    fn reckon(&mut self, now: Moment, rate: SignalRate) -> u64 {
        let (room, since) = self.room.unwrap_or((rate.full(), now));
        let micros = u64::try_from(now.since(since).as_micros()).unwrap_or(u64::MAX);
        let room = micros.saturating_mul(rate.per_second.into()).saturating_add(room).min(rate.full());
        self.room = Some((room, now));
        room
    }
}

impl Refused {
    /// Whether the sender has heard that this one was refused and sends it again. Then it has begun anew, with the oldest
    /// that it still wants to send: what follows must come again, too, if this one is refused once more.
    fn has_come_again(&mut self, signal: &str) -> bool {
        let again = self.signals.contains(&Transaction::from(signal));
        if again {
            self.signals.clear();
        }
        again
    }

    /// So many are never under way at once: whoever sends another has given up one of them at least.
    fn is_full(&self) -> bool {
        self.signals.len() >= REQUEST_WINDOW
    }

    fn note(&mut self, signal: &str) {
        if !self.is_full() {
            self.signals.insert(Transaction::from(signal));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn rate(per_second: u32, burst: u32) -> SignalRate {
        SignalRate::new(per_second, Some(burst)).expect("a rate")
    }

    /// How many of these pass at one moment.
    fn passing(meter: &mut Meter, now: Moment, rate: SignalRate, count: usize) -> usize {
        (0..count).filter(|index| meter.admit(now, rate, &index.to_string(), false)).count()
    }

    #[test]
    fn a_rate_has_bounds_and_a_burst_of_five_seconds() {
        assert_eq!(SignalRate::new(1000, None), Some(rate(1000, 5000)));
        for (per_second, burst) in [(0, None), (0, Some(1)), (1, Some(0)), (1, Some(21)), (u32::MAX, None)] {
            assert_eq!(SignalRate::new(per_second, burst), None, "{per_second} {burst:?}");
        }
        assert_eq!(SignalRate::new(RATE_MOST + 1, Some(1)), None);
        assert!(SignalRate::new(RATE_MOST, Some(RATE_MOST * SIGNAL_BURST_SECONDS)).is_some());
        assert!(rate(1, 20).reason().contains("1 in a second, and 20 at once"));
    }

    #[test]
    fn a_burst_passes_and_then_as_many_as_the_time_allows() {
        let (mut meter, rate) = (Meter::default(), rate(10, 40));
        let start = Moment::from_millis(500);
        assert_eq!(passing(&mut meter, start, rate, 100), 40);
        assert_eq!(
            passing(&mut meter, start + Duration::from_millis(999), rate, 100),
            0,
            "not a quarter yet"
        );
        assert_eq!(passing(&mut meter, start + Duration::from_secs(1), rate, 100), 10);
        assert_eq!(passing(&mut meter, start + Duration::from_secs(4), rate, 100), 30);
        assert_eq!(
            passing(&mut meter, start + Duration::from_secs(3600), rate, 100),
            40,
            "no more than a burst"
        );
        let slow = self::rate(1, 1);
        assert_eq!(passing(&mut meter, start + Duration::from_secs(3600), slow, 2), 0);
        assert_eq!(passing(&mut meter, start + Duration::from_secs(3601), slow, 2), 1);
    }

    #[test]
    fn who_sends_again_in_order_passes_with_the_first_that_comes_again() {
        let (mut meter, rate) = (Meter::default(), rate(4, 4));
        let mut now = Moment::ZERO;
        let admit = |meter: &mut Meter, now, signal: &str| meter.admit(now, rate, signal, true);
        for signal in ["0", "1", "2", "3"] {
            assert!(admit(&mut meter, now, signal));
        }
        assert!(!admit(&mut meter, now, "4"));
        now = now + Duration::from_secs(1);
        assert!(!admit(&mut meter, now, "5"), "there is room, but it was under way behind 4");
        assert!(admit(&mut meter, now, "4"), "it comes again");
        assert!(admit(&mut meter, now, "5"));
        for signal in ["6", "7"] {
            assert!(admit(&mut meter, now, signal));
        }
        // Once more, and what comes again finds no room: what follows it must come again, too.
        assert!(!admit(&mut meter, now, "8") && !admit(&mut meter, now, "9"));
        assert!(!admit(&mut meter, now, "8"));
        now = now + Duration::from_secs(1);
        assert!(!admit(&mut meter, now, "9"), "or it would overtake 8");
        assert!(admit(&mut meter, now, "8") && admit(&mut meter, now, "9"));
    }

    #[test]
    fn a_sender_that_gives_one_up_goes_on_with_the_next_and_what_is_remembered_is_bounded() {
        let (mut meter, rate) = (Meter::default(), rate(1, 1));
        assert!(meter.admit(Moment::ZERO, rate, "first", true));
        for index in 0..2 * REQUEST_WINDOW {
            assert!(!meter.admit(Moment::ZERO, rate, &index.to_string(), true));
        }
        assert_eq!(meter.refused.as_ref().map(|refused| refused.signals.len()), Some(REQUEST_WINDOW));
        let later = Moment::from_millis(1000);
        assert!(meter.admit(later, rate, "1", true), "it has heard of the refusals, and given 0 up");
        assert!(meter.refused.is_none());
    }

    #[test]
    fn a_sender_that_gives_all_up_is_not_shut_out() {
        let (mut meter, rate) = (Meter::default(), rate(1, 1));
        assert!(meter.admit(Moment::ZERO, rate, "first", true));
        for index in 0..REQUEST_WINDOW {
            assert!(!meter.admit(Moment::ZERO, rate, &index.to_string(), true));
        }
        assert!(!meter.admit(Moment::ZERO, rate, "new", true), "there is no room");
        assert!(meter.admit(Moment::from_millis(1000), rate, "new", true));
    }
}
