//! Messages that one socket has not acknowledged yet, oldest first.

use super::Settings;
use super::tally::Owing;
use bytes::Bytes;
use otc_protocol::limits::REPLAY_WINDOW_BYTES;
use std::collections::VecDeque;

/// The same bytes go out again when the client comes back (`wire.md §3.5` rule 3).
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Sequence numbers grow; an acknowledged message that waits for an older one has no frame.
    messages: VecDeque<(u64, Option<Bytes>)>,
    bytes: usize,
    /// Those that have a frame.
    unpaid: usize,
    replay: Option<Replay>,
    /// With how much the last replay began; `None` once something has been acknowledged.
    began_with: Option<usize>,
}

/// The sending of everything once more, in a window that each acknowledgement makes wider: a link that breaks again and
/// again gets something done each time, because its acknowledgements do not wait behind all that is owed.
#[derive(Debug)]
struct Replay {
    /// What comes before this message has been sent again or acknowledged, and what comes from it on has not been sent.
    next: u64,
    /// Bytes that are sent again and not acknowledged.
    under_way: usize,
    /// How many there may be; at least one message goes in any case.
    window: usize,
}

/// A queue that had this much room and is empty gives it back.
const KEPT_CAPACITY: usize = 64;

#[cfg(test)]
thread_local! {
    /// Messages that were added by this thread: what tests bound instead of time.
    pub(super) static PUSHES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Owed {
    /// Adds a message; whether it is to be sent now. While older ones are being sent again, it waits for its turn.
    pub(super) fn push(&mut self, sequence: u64, frame: Bytes) -> bool {
        #[cfg(test)]
        PUSHES.set(PUSHES.get() + 1);
        self.bytes += frame.len();
        self.unpaid += 1;
        self.messages.push_back((sequence, Some(frame)));
        self.replay.is_none()
    }

    /// Everything is to be sent again, oldest first: see [`Self::next_to_send`].
    pub(super) fn begin_replay(&mut self) {
        // A link over which not one of them was acknowledged gets half as much, so that what is behind it gets through.
        let window = self.began_with.map_or(REPLAY_WINDOW_BYTES, |before| (before / 2).max(1));
        self.began_with = (!self.messages.is_empty()).then_some(window);
        self.replay = Some(Replay { next: 0, under_way: 0, window });
    }

    /// The next message that may be sent again now.
    pub(super) fn next_to_send(&mut self) -> Option<Bytes> {
        let replay = self.replay.as_mut()?;
        let first = self.messages.partition_point(|(sequence, _)| *sequence < replay.next);
        let waiting =
            self.messages.range(first..).find_map(|(sequence, frame)| Some((*sequence, frame.as_ref()?)));
        let Some((sequence, frame)) = waiting else {
            self.replay = None;
            return None;
        };
        // What was acknowledged before it is passed over once, not with each acknowledgement.
        replay.next = sequence;
        if replay.under_way > 0 && replay.under_way + frame.len() > replay.window {
            return None;
        }
        replay.next += 1;
        replay.under_way += frame.len();
        Some(frame.clone())
    }

    /// Forgets one message; one that is not there has been acknowledged before.
    pub(super) fn acknowledge(&mut self, sequence: u64) -> Owing {
        let Ok(index) = self.messages.binary_search_by_key(&sequence, |(sequence, _)| *sequence) else {
            return Owing::default();
        };
        let Some(frame) = self.messages[index].1.take() else { return Owing::default() };
        let bytes = frame.len();
        self.bytes -= bytes;
        self.unpaid -= 1;
        self.began_with = None;
        if let Some(replay) = self.replay.as_mut().filter(|replay| sequence < replay.next) {
            replay.under_way -= bytes;
            replay.window += bytes;
        }
        while self.messages.front().is_some_and(|(_, frame)| frame.is_none()) {
            self.messages.pop_front();
        }
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages.shrink_to(KEPT_CAPACITY);
        }
        Owing { messages: 1, bytes }
    }

    /// What is not acknowledged.
    pub(super) fn owing(&self) -> Owing {
        Owing { messages: self.unpaid, bytes: self.bytes }
    }

    /// What is not acknowledged, oldest first.
    pub(super) fn letters(&self) -> impl Iterator<Item = (u64, &Bytes)> {
        self.messages.iter().filter_map(|(sequence, frame)| Some((*sequence, frame.as_ref()?)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// More than half of what may be.
    pub(super) fn is_half_over(&self, settings: &Settings) -> bool {
        self.messages.len() > settings.owed_messages / 2 || self.bytes > settings.owed_bytes / 2
    }

    /// Acknowledged messages behind an unacknowledged one count: they hold memory too.
    pub(super) fn is_over(&self, settings: &Settings) -> bool {
        self.messages.len() > settings.owed_messages || self.bytes > settings.owed_bytes
    }

    /// More than can be, even when the last news have been added beyond the bound.
    pub(super) fn is_twice_over(&self, settings: &Settings) -> bool {
        self.messages.len() / 2 > settings.owed_messages || self.bytes / 2 > settings.owed_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(sequences: &[u64]) -> Owed {
        let mut owed = Owed::default();
        for sequence in sequences {
            owed.push(*sequence, Bytes::from(sequence.to_string()));
        }
        owed
    }

    fn left(owed: &Owed) -> Vec<&[u8]> {
        owed.messages.iter().filter_map(|(_, frame)| frame.as_deref()).collect()
    }

    /// What may be sent again now.
    fn sendable(owed: &mut Owed) -> Vec<usize> {
        std::iter::from_fn(|| owed.next_to_send()).map(|frame| frame.len()).collect()
    }

    #[test]
    fn acknowledgements_in_any_order_leave_the_others_in_order() {
        let mut owed = owed(&[3, 7, 8, 9]);
        owed.acknowledge(8);
        assert_eq!(left(&owed), [b"3", b"7", b"9"]);
        assert_eq!(owed.bytes, 3);
        owed.acknowledge(3);
        owed.acknowledge(7);
        assert_eq!(left(&owed), [b"9"]);
        assert_eq!(
            owed.messages.len(),
            1,
            "what is acknowledged holds no place once the older ones are gone"
        );
        owed.acknowledge(9);
        assert!(owed.is_empty());
        assert_eq!(owed.bytes, 0);
    }

    #[test]
    fn an_acknowledgement_counts_once() {
        let mut owed = owed(&[1, 2]);
        for sequence in [2, 2, 5, 0] {
            owed.acknowledge(sequence);
        }
        assert_eq!((left(&owed), owed.bytes), (vec![&b"1"[..]], 1));
    }

    #[test]
    fn the_bounds_are_on_messages_and_on_bytes() {
        let settings = Settings { owed_messages: 2, owed_bytes: 5, ..Settings::default() };
        assert!(!owed(&[1, 2]).is_over(&settings));
        assert!(owed(&[1, 2, 3]).is_over(&settings));
        assert!(owed(&[100, 200]).is_over(&settings));
        let mut held_up = owed(&[1, 2, 3]);
        held_up.acknowledge(3);
        held_up.acknowledge(2);
        assert!(held_up.is_over(&settings), "three places are held by the first one");
    }

    #[test]
    fn what_is_sent_again_fits_into_a_window_that_acknowledgements_make_wider() {
        let mut owed = Owed::default();
        let size = REPLAY_WINDOW_BYTES / 4;
        for sequence in 0..20 {
            assert!(owed.push(sequence, vec![0; size].into()));
        }
        assert!(sendable(&mut owed).is_empty(), "each was sent when it came");
        owed.begin_replay();
        assert_eq!(sendable(&mut owed), [size; 4]);
        assert!(!owed.push(20, vec![0; 1].into()), "a new one waits behind the old ones");
        owed.acknowledge(10);
        assert_eq!(sendable(&mut owed), [0; 0], "one that was not sent again makes no room");
        owed.acknowledge(0);
        assert_eq!(sendable(&mut owed), [size; 2], "each answer makes room for two");
        owed.acknowledge(0);
        assert!(sendable(&mut owed).is_empty(), "but once");
        (1..6).for_each(|sequence| _ = owed.acknowledge(sequence));
        assert_eq!(sendable(&mut owed).len(), 10, "6 to 16, without 10");
        (6..16).for_each(|sequence| _ = owed.acknowledge(sequence));
        assert_eq!(sendable(&mut owed), [size, size, size, 1]);
        assert!(owed.push(21, Bytes::new()), "everything has been sent: new ones go at once");
        owed.begin_replay();
        assert_eq!(sendable(&mut owed), [size, size, size, size]);
    }

    /// A client that acknowledges what waits behind a full window costs no more for it with each acknowledgement.
    #[test]
    fn what_was_acknowledged_behind_a_full_window_is_passed_over_once() {
        let (size, count) = (REPLAY_WINDOW_BYTES / 4, 1000);
        let mut owed = Owed::default();
        for sequence in 0..count {
            owed.push(sequence, vec![0; size].into());
        }
        owed.begin_replay();
        assert_eq!(sendable(&mut owed), [size; 4]);
        for sequence in 4..count - 2 {
            owed.acknowledge(sequence);
            assert!(owed.next_to_send().is_none(), "{sequence} makes no room");
            let next = owed.replay.as_ref().expect("it goes on").next;
            assert_eq!(next, sequence + 1, "the next look begins where something waits");
        }
        assert_eq!(owed.replay.as_ref().expect("it goes on").under_way, 4 * size);
        owed.acknowledge(0);
        assert_eq!(sendable(&mut owed), [size; 2], "nothing is lost on the way");
    }

    #[test]
    fn a_message_larger_than_the_window_goes_alone() {
        let mut owed = Owed::default();
        owed.push(1, vec![0; 2 * REPLAY_WINDOW_BYTES].into());
        owed.push(2, vec![0; 1].into());
        owed.begin_replay();
        assert_eq!(sendable(&mut owed), [2 * REPLAY_WINDOW_BYTES]);
        owed.acknowledge(1);
        assert_eq!(sendable(&mut owed), [1]);
    }

    #[test]
    fn a_link_over_which_nothing_is_acknowledged_gets_ever_less_at_once() {
        let size = REPLAY_WINDOW_BYTES / 4;
        let mut owed = Owed::default();
        owed.begin_replay();
        assert!(sendable(&mut owed).is_empty(), "nothing is owed, so nothing can be acknowledged");
        for sequence in 0..20 {
            owed.push(sequence, vec![0; size].into());
        }
        let mut batches = Vec::new();
        for _ in 0..5 {
            owed.begin_replay();
            batches.push(sendable(&mut owed).len());
        }
        assert_eq!(batches, [4, 2, 1, 1, 1]);
        owed.acknowledge(0);
        owed.begin_replay();
        assert_eq!(sendable(&mut owed).len(), 4, "something got through");
    }

    #[test]
    fn a_burst_gives_its_memory_back() {
        let mut owed = owed(&(0..10_000).collect::<Vec<_>>());
        (0..10_000).for_each(|sequence| _ = owed.acknowledge(sequence));
        assert!(owed.messages.capacity() <= 2 * KEPT_CAPACITY, "{}", owed.messages.capacity());
    }
}
