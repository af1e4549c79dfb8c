//! What owners of receivers have of something that there is only so much of.

use std::collections::HashMap;
use std::sync::Arc;

/// Each owner may have as much as is left for everybody else. So there is always some left for one who comes new,
/// however many take all they can get.
#[derive(Debug)]
pub(super) struct Shares {
    most: usize,
    taken: usize,
    by_owner: HashMap<Arc<str>, usize>,
}

impl Shares {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: 0, by_owner: HashMap::new() }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    fn of(&self, owner: &str) -> usize {
        self.by_owner.get(owner).copied().unwrap_or_default()
    }

    /// Whether `owner` can have so much.
    pub(super) fn has_room(&self, owner: &str, amount: usize) -> bool {
        self.has_room_within(owner, 0, amount)
    }

    /// Whether `owner` can have so much for one of its things, which has `own` already: each may have as much as is left
    /// for the owner's others.
    pub(super) fn has_room_within(&self, owner: &str, own: usize, amount: usize) -> bool {
        let wanted = own.saturating_add(amount).saturating_mul(2);
        self.taken.saturating_add(self.of(owner)).saturating_add(wanted) <= self.most
    }

    pub(super) fn take(&mut self, owner: &Arc<str>, amount: usize) {
        self.taken += amount;
        *self.by_owner.entry(Arc::clone(owner)).or_default() += amount;
    }

    pub(super) fn give_back(&mut self, owner: &str, amount: usize) {
        self.taken -= amount;
        if let Some(of_owner) = self.by_owner.get_mut(owner) {
            *of_owner -= amount;
            if *of_owner == 0 {
                self.by_owner.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(shares: &mut Shares, owner: &str) -> usize {
        let owner = Arc::from(owner);
        let mut amount = 0;
        while shares.has_room(&owner, 1) {
            shares.take(&owner, 1);
            amount += 1;
        }
        amount
    }

    #[test]
    fn there_is_always_something_left_for_one_more() {
        let mut shares = Shares::new(1024);
        assert_eq!(filled(&mut shares, "greedy"), 512);
        for number in 0..8 {
            assert!(filled(&mut shares, &number.to_string()) > 0, "{number}");
        }
        assert_eq!(shares.taken(), 1022);
        shares.give_back("greedy", 512);
        assert_eq!(filled(&mut shares, "greedy"), (1024 - 510) / 2);
    }

    #[test]
    fn one_thing_of_an_owner_leaves_room_for_its_others() {
        let mut shares = Shares::new(1000);
        let owner = Arc::from("owner");
        let mut first = 0;
        while shares.has_room_within(&owner, first, 1) {
            shares.take(&owner, 1);
            first += 1;
        }
        assert_eq!(first, 250);
        assert!(shares.has_room_within(&owner, 0, 1));
    }
}
