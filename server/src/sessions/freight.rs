//! The memory that messages take, for all sessions together.
//!
//! A message to thousands is one piece of memory, and is weighed once, for as long as somebody has it.

use bytes::Bytes;
use otc_protocol::limits::{
    OWED_MESSAGE_COST, PRESSING_EIGHTHS, REFUSING_QUARTERS, RELIEVED_EIGHTHS, SHARE_BYTES,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All messages of a server, on one scale.
#[derive(Debug)]
pub(super) struct Freight {
    /// How much there may be.
    most: usize,
    bytes: AtomicUsize,
}

impl Freight {
    pub(super) fn new(most: usize) -> Self {
        Self { most, bytes: AtomicUsize::new(0) }
    }

    /// Bytes of all messages, and of the places in which so many of them wait.
    pub(super) fn weight(&self, owed_messages: u64) -> usize {
        let places = usize::try_from(owed_messages).unwrap_or(usize::MAX).saturating_mul(OWED_MESSAGE_COST);
        self.bytes.load(Ordering::Relaxed).saturating_add(places)
    }

    /// How much one of so many members may be owed while there is too much in all; `None` while there is not.
    pub(super) fn share(&self, owed_messages: u64, members: u64) -> Option<usize> {
        let members = usize::try_from(members.max(1)).unwrap_or(usize::MAX);
        (self.weight(owed_messages) > self.most).then(|| (self.most / members).max(SHARE_BYTES))
    }

    /// How full it is.
    pub(super) fn fullness(&self, owed_messages: u64) -> Fullness {
        let weight = self.weight(owed_messages);
        if weight >= eighths(self.most, PRESSING_EIGHTHS) {
            Fullness::Pressing
        } else if weight >= eighths(self.most, 2 * REFUSING_QUARTERS) {
            Fullness::Crowded
        } else {
            Fullness::Well
        }
    }

    /// Whether enough of it is free again.
    pub(super) fn is_relieved(&self, owed_messages: u64) -> bool {
        self.weight(owed_messages) < eighths(self.most, RELIEVED_EIGHTHS)
    }

    /// What one of so many members may be owed while others are kept out: as long as they are, somebody is owed more.
    pub(super) fn relief_share(&self, members: u64) -> usize {
        let members = usize::try_from(members.max(1)).unwrap_or(usize::MAX);
        (self.most / 2 / members).max(SHARE_BYTES)
    }

    /// Weighs a message until its last copy is gone.
    pub(super) fn weigh(self: &Arc<Self>, frame: Bytes) -> Bytes {
        let weight = frame.len() + OWED_MESSAGE_COST;
        self.bytes.fetch_add(weight, Ordering::Relaxed);
        Bytes::from_owner(Weighed { frame, weight, freight: Arc::clone(self) })
    }
}

/// So many eighths of something, one at least.
fn eighths(most: usize, many: usize) -> usize {
    (most / 8 * many + most % 8 * many / 8).max(1)
}

/// How much of the memory for messages is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fullness {
    /// There is room.
    Well,
    /// Nobody new is let in.
    Crowded,
    /// Almost all of it.
    Pressing,
}

/// A message on the scale.
struct Weighed {
    frame: Bytes,
    weight: usize,
    freight: Arc<Freight>,
}

impl AsRef<[u8]> for Weighed {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Drop for Weighed {
    fn drop(&mut self) {
        self.freight.bytes.fetch_sub(self.weight, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_weighs_once_and_until_its_last_copy_is_gone() {
        let freight = Arc::new(Freight::new(1_000_000));
        let frame = freight.weigh(vec![7; 1000].into());
        let copies = (frame.clone(), frame.slice(1..2));
        assert_eq!(freight.weight(0), 1000 + OWED_MESSAGE_COST);
        assert_eq!(freight.weight(2), 1000 + 3 * OWED_MESSAGE_COST);
        drop((frame, copies.0));
        assert_eq!(freight.weight(0), 1000 + OWED_MESSAGE_COST, "a part of it is left");
        drop(copies.1);
        assert_eq!(freight.weight(0), 0);
    }

    #[test]
    fn shares_are_equal_and_never_tiny() {
        let freight = Arc::new(Freight::new(10 * SHARE_BYTES));
        assert_eq!(freight.share(0, 1), None);
        let _frame = freight.weigh(vec![7; 10 * SHARE_BYTES].into());
        assert_eq!(freight.share(0, 5), Some(2 * SHARE_BYTES));
        assert_eq!(freight.share(0, 1000), Some(SHARE_BYTES));
        assert_eq!(freight.share(0, 0), Some(10 * SHARE_BYTES));
    }
}
