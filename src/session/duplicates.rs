//! Which messages have been handled, so that a replayed one is acknowledged again and handled only once
//! (`wire.md §3.3`).

use otc_protocol::limits::DUPLICATES_REMEMBERED;
use otc_protocol::uuid;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The last [`DUPLICATES_REMEMBERED`] transaction ids.
///
/// A server replays no more than it holds for one socket, which is fewer (`limits.rs`): what has been forgotten here
/// cannot come again.
#[derive(Default)]
pub(super) struct Duplicates {
    known: HashSet<u128>,
    order: VecDeque<u128>,
}

impl Duplicates {
    /// Notes a message; false when it has been noted before.
    pub(super) fn note(&mut self, transaction: &str) -> bool {
        let key = uuid::parse(transaction).unwrap_or_else(|| hash(transaction));
        if !self.known.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > DUPLICATES_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// 128 bits of an id that is not a UUID.
fn hash(transaction: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, transaction).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_copy_is_known_whatever_the_id_looks_like() {
        let mut duplicates = Duplicates::default();
        for id in ["0b4e43cc-8f32-4d5e-9d54-6a0c5b2f7c11", "t1", ""] {
            assert!(duplicates.note(id));
            assert!(!duplicates.note(id));
        }
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let mut duplicates = Duplicates::default();
        for index in 0..=DUPLICATES_REMEMBERED {
            assert!(duplicates.note(&uuid::format(index as u128)));
        }
        assert_eq!(duplicates.known.len(), DUPLICATES_REMEMBERED);
        assert!(!duplicates.note(&uuid::format(1)), "the second oldest is still known");
        assert!(duplicates.note(&uuid::format(0)), "the oldest is forgotten");
    }
}
