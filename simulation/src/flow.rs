//! One direction of one connection: a stream of bytes that takes its time, stands still, or breaks off.

use crate::dice::Dice;
use bytes::Bytes;
use otc::session::FailureKind;
use otc_protocol::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// What travels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unit {
    /// The client asks for a WebSocket.
    Hello,
    /// The server opens it.
    Welcome,
    /// Nobody opens it, and why.
    Refusal(FailureKind),
    /// One Rumor frame.
    Frame(Bytes),
    /// The WebSocket's close frame.
    Close(Option<u16>),
    /// The connection below is closed; nothing follows.
    End,
}

impl Unit {
    /// What it takes on the wire, about.
    fn bytes(&self) -> usize {
        match self {
            Self::Hello | Self::Welcome | Self::Refusal(_) => 300,
            Self::Frame(frame) => frame.len() + 6,
            Self::Close(_) => 8,
            Self::End => 0,
        }
    }
}

/// How a network carries bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quality {
    pub(crate) latency: Duration,
    /// What may come on top, anew for each unit; the order stays.
    pub(crate) jitter: Duration,
    /// Bytes in a second.
    pub(crate) rate: u64,
    /// Bytes under way before the sender has to wait.
    pub(crate) buffer: usize,
}

#[derive(Debug)]
pub(crate) struct Flow {
    dice: Dice,
    quality: Quality,
    /// Each with the moment at which its last byte is there.
    units: VecDeque<(Moment, Unit)>,
    bytes: usize,
    /// When the sender's wire is free.
    free: Moment,
    last: Moment,
    /// Nothing comes out before.
    still_until: Moment,
    /// Nothing more goes in; what was under way has met its fate.
    cut: bool,
    /// Nobody takes anything out: it vanishes.
    shut: bool,
}

impl Flow {
    pub(crate) fn new(dice: Dice, quality: Quality) -> Self {
        Self {
            dice,
            quality,
            units: VecDeque::new(),
            bytes: 0,
            free: Moment::ZERO,
            last: Moment::ZERO,
            still_until: Moment::ZERO,
            cut: false,
            shut: false,
        }
    }

    /// Whether the sender may go on.
    pub(crate) fn has_room(&self) -> bool {
        self.shut || self.bytes < self.quality.buffer
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Whether it works, and nothing is under way but signs of life.
    pub(crate) fn is_quiet(&self) -> bool {
        let works = !self.cut && !self.shut && self.still_until < FOREVER;
        works
            && self
                .units
                .iter()
                .all(|(_, unit)| matches!(unit, Unit::Frame(frame) if matches!(frame.get(6), Some(7 | 8))))
    }

    pub(crate) fn send(&mut self, now: Moment, unit: Unit) {
        let bytes = unit.bytes();
        if self.shut {
            return;
        }
        self.bytes += bytes;
        if self.cut {
            return; // The sender does not know: its buffer fills up.
        }
        let transmission = Duration::from_micros(bytes as u64 * 1_000_000 / self.quality.rate.max(1));
        self.free = self.free.max(now) + transmission;
        let jitter = self.dice.upto(self.quality.jitter);
        let arrival = self.free + self.quality.latency + jitter;
        self.last = self.last.max(arrival);
        self.units.push_back((self.last, unit));
    }

    /// When the next unit can be taken out.
    pub(crate) fn next(&self) -> Option<Moment> {
        let (at, _) = self.units.front()?;
        let at = (*at).max(self.still_until);
        (at < FOREVER).then_some(at)
    }

    /// The next unit that is there.
    pub(crate) fn take(&mut self, now: Moment) -> Option<Unit> {
        if self.next()? > now {
            return None;
        }
        let (_, unit) = self.units.pop_front()?;
        self.bytes -= unit.bytes();
        Some(unit)
    }

    /// Stands still until then.
    pub(crate) fn stall(&mut self, until: Moment) {
        self.still_until = self.still_until.max(until);
    }

    pub(crate) fn is_stalled(&self, now: Moment) -> bool {
        self.still_until > now
    }

    /// Goes on.
    pub(crate) fn release(&mut self) {
        self.still_until = Moment::ZERO;
    }

    /// Breaks off behind so many of the bytes that are under way: whole frames before it arrive, the cut one does not.
    /// The receiver notices at `noticed`, or only by the silence.
    pub(crate) fn cut(&mut self, keep: usize, noticed: Option<Moment>) {
        if self.cut || self.shut {
            return;
        }
        self.cut = true;
        let mut passed = 0;
        self.units.retain(|(_, unit)| {
            passed += unit.bytes();
            passed <= keep
        });
        if let Some(noticed) = noticed {
            self.last = self.last.max(noticed);
            self.units.push_back((self.last, Unit::End));
        }
    }

    /// The receiver is gone.
    pub(crate) fn shut(&mut self) {
        self.shut = true;
        self.units.clear();
        self.bytes = 0;
    }

    /// How long a cut takes to be heard of.
    pub(crate) fn latency(&self) -> Duration {
        self.quality.latency
    }
}

/// No moment of a run lies so far ahead.
pub(crate) const FOREVER: Moment = Moment::from_micros(u64::MAX / 4);

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(rate: u64) -> Flow {
        let quality =
            Quality { latency: Duration::from_millis(10), jitter: Duration::ZERO, rate, buffer: 100 };
        Flow::new(Dice::new(1), quality)
    }

    fn frame(bytes: usize) -> Unit {
        Unit::Frame(vec![0; bytes].into())
    }

    #[test]
    fn what_is_sent_arrives_in_order_after_latency_and_transmission() {
        let mut flow = flow(1000);
        flow.send(Moment::ZERO, frame(94));
        flow.send(Moment::ZERO, frame(44));
        assert!(!flow.has_room());
        assert_eq!(flow.next(), Some(Moment::from_millis(110)));
        assert_eq!(flow.take(Moment::from_millis(109)), None);
        assert_eq!(flow.take(Moment::from_millis(110)), Some(frame(94)));
        assert_eq!(flow.next(), Some(Moment::from_millis(160)));
        assert!(flow.has_room());
    }

    #[test]
    fn a_cut_leaves_the_whole_frames_before_it() {
        for (keep, left) in [(0, 0), (99, 0), (100, 1), (199, 1), (200, 2)] {
            let mut flow = flow(1_000_000);
            flow.send(Moment::ZERO, frame(94));
            flow.send(Moment::ZERO, frame(94));
            flow.cut(keep, Some(Moment::from_millis(500)));
            flow.send(Moment::ZERO, frame(1));
            let mut frames = 0;
            while flow.take(Moment::from_millis(499)).is_some() {
                frames += 1;
            }
            assert_eq!(frames, left, "{keep}");
            assert_eq!(flow.take(Moment::from_millis(500)), Some(Unit::End));
            assert!(flow.is_empty());
        }
    }

    #[test]
    fn what_stands_still_arrives_later() {
        let mut flow = flow(1_000_000);
        flow.stall(FOREVER);
        flow.send(Moment::ZERO, frame(1));
        assert_eq!(flow.next(), None);
        flow.release();
        assert_eq!(flow.take(Moment::from_millis(11)), Some(frame(1)));
    }
}
