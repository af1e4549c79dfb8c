//! Messages that one socket has not acknowledged yet, oldest first.

use super::Settings;
use bytes::Bytes;
use std::collections::VecDeque;

/// The same bytes go out again when the client comes back (`wire.md §3.5` rule 3).
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Sequence numbers grow; an acknowledged message that waits for an older one has no frame.
    messages: VecDeque<(u64, Option<Bytes>)>,
    bytes: usize,
}

/// A queue that had this much room and is empty gives it back.
const KEPT_CAPACITY: usize = 64;

impl Owed {
    pub(super) fn push(&mut self, sequence: u64, frame: Bytes) {
        self.bytes += frame.len();
        self.messages.push_back((sequence, Some(frame)));
    }

    /// Forgets one message; one that is not there has been acknowledged before.
    pub(super) fn acknowledge(&mut self, sequence: u64) {
        let Ok(index) = self.messages.binary_search_by_key(&sequence, |(sequence, _)| *sequence) else {
            return;
        };
        let frame = self.messages[index].1.take();
        self.bytes -= frame.map_or(0, |frame| frame.len());
        while self.messages.front().is_some_and(|(_, frame)| frame.is_none()) {
            self.messages.pop_front();
        }
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages.shrink_to(KEPT_CAPACITY);
        }
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = &Bytes> {
        self.messages.iter().filter_map(|(_, frame)| frame.as_ref())
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
        owed.frames().map(|frame| &frame[..]).collect()
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
    fn a_burst_gives_its_memory_back() {
        let mut owed = owed(&(0..10_000).collect::<Vec<_>>());
        (0..10_000).for_each(|sequence| owed.acknowledge(sequence));
        assert!(owed.messages.capacity() <= 2 * KEPT_CAPACITY, "{}", owed.messages.capacity());
    }
}
