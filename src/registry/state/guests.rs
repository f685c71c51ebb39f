//! The numbers of guests: always the smallest that is free.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::names::Nick;

/// Which guest numbers are free.
#[derive(Default)]
pub(super) struct GuestNumbers {
    /// Numbers up to this one have been given out.
    highest: usize,
    /// Those of them that came back, smallest first.
    free: BinaryHeap<Reverse<usize>>,
}

impl GuestNumbers {
    /// The smallest free number; it is taken from now on.
    pub(super) fn take(&mut self) -> usize {
        if let Some(Reverse(smallest)) = self.free.pop() {
            return smallest;
        }
        self.highest += 1;
        self.highest
    }

    /// Frees the number of a nickname that is no longer used; whether it was a guest's.
    pub(super) fn give_back(&mut self, nick: Nick) -> bool {
        let number = nick.guest_number();
        self.free.extend(number.map(Reverse));
        number.is_some()
    }
}
