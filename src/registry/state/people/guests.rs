//! The numbers of guests: a new guest gets the smallest free one.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::names::Nick;

/// The free guest numbers.
#[derive(Default)]
pub(super) struct GuestNumbers {
    /// The largest number given out so far.
    highest: usize,
    /// The numbers that were given back, smallest first.
    free: BinaryHeap<Reverse<usize>>,
}

impl GuestNumbers {
    /// The smallest free number. It is taken from now on.
    pub(super) fn take(&mut self) -> usize {
        if let Some(Reverse(smallest)) = self.free.pop() {
            return smallest;
        }
        self.highest += 1;
        self.highest
    }

    /// Frees the number of a guest's nickname; any other nickname has none.
    pub(super) fn give_back(&mut self, nick: Nick) {
        self.free.extend(nick.guest_number().map(Reverse));
    }
}
