//! The weight of answers that are large and written for one client each: what newcomers to large sessions are told.
//!
//! Messages are written once for everybody, and what one socket is owed is bounded. The state of a session is written
//! anew for each who asks, and hundreds who ask and do not take it would need gigabytes.

use bytes::Bytes;
use otc_protocol::limits::{LARGE_ANSWER_BYTES, LARGE_ANSWERS_BYTES};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of the weight that there may be, this part may be that of answers which are only kept.
const KEPT_SHARE: usize = 8;

/// Weighs the large answers of one server for as long as they live.
#[derive(Clone, Debug)]
pub struct Scales {
    most: usize,
    weight: Arc<AtomicUsize>,
}

impl Default for Scales {
    fn default() -> Self {
        Self::up_to(LARGE_ANSWERS_BYTES)
    }
}

impl Scales {
    /// Scales that take so many bytes.
    pub fn up_to(most: usize) -> Self {
        Self { most, weight: Arc::default() }
    }

    /// Whether an answer of so many bytes may be written now. Short ones always may: the queue of their socket bounds them.
    pub(super) fn take(&self, bytes: usize) -> bool {
        bytes <= LARGE_ANSWER_BYTES || self.weight.load(Ordering::Relaxed) + bytes <= self.most
    }

    /// Whether an answer that has been written may be kept, in case that it is asked for again: those that are kept leave
    /// room for those that are on their way.
    pub(super) fn keep(&self, bytes: usize) -> bool {
        bytes <= LARGE_ANSWER_BYTES || self.weight.load(Ordering::Relaxed) + bytes <= self.most / KEPT_SHARE
    }

    /// Weighs an answer until its last copy is gone.
    pub(super) fn weigh(&self, answer: Bytes) -> Bytes {
        if answer.len() <= LARGE_ANSWER_BYTES {
            return answer;
        }
        self.weight.fetch_add(answer.len(), Ordering::Relaxed);
        Bytes::from_owner(Weighed { answer, weight: Arc::clone(&self.weight) })
    }
}

/// An answer on the scales.
struct Weighed {
    answer: Bytes,
    weight: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Weighed {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

impl Drop for Weighed {
    fn drop(&mut self) {
        self.weight.fetch_sub(self.answer.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_weighs_as_long_as_it_lives() {
        let large = LARGE_ANSWER_BYTES + 1;
        let scales = Scales::up_to(2 * large);
        let answer = scales.weigh(vec![7; large].into());
        let part = answer.slice(1..2);
        drop(answer);
        assert!(scales.take(large) && !scales.take(2 * large), "a part of it is left");
        let other = scales.weigh(vec![7; large].into());
        assert!(!scales.take(large), "two are all there may be");
        assert!(scales.take(LARGE_ANSWER_BYTES), "short ones do not count");
        drop((part, other));
        assert!(scales.take(2 * large));
    }

    #[test]
    fn what_is_kept_leaves_room_for_what_is_on_its_way() {
        let large = LARGE_ANSWER_BYTES + 1;
        let scales = Scales::up_to(2 * KEPT_SHARE * large);
        assert!(scales.keep(2 * large) && !scales.keep(3 * large) && scales.keep(LARGE_ANSWER_BYTES));
        let answer = scales.weigh(vec![7; large].into());
        assert!(scales.keep(large) && !scales.keep(2 * large));
        drop(answer);
        assert!(scales.keep(2 * large));
    }
}
