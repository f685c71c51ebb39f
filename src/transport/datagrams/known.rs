//! The addresses that have joined, and the numbers of the datagrams that each has sent.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Mailbox;

/// How many numbers of one address are remembered. A datagram that comes again after that many others with numbers
/// is carried out again.
const MOST_IDS: usize = 1024;

/// How long an address that has left is remembered, so that a late copy of its `join` does not bring it back.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How many addresses that have left are remembered.
const MOST_LEFT: usize = 1024;

/// How many addresses may join before those that left long ago are forgotten.
const BETWEEN_CLEANINGS: usize = 256;

/// The addresses that have joined. Only the receiver's thread knows them, so they need no lock.
#[derive(Debug, Default)]
pub struct Known {
    addresses: HashMap<SocketAddr, Address>,
    /// How many addresses have joined since the last cleaning.
    since_cleaning: usize,
}

#[derive(Debug)]
struct Address {
    mailbox: Arc<Mailbox>,
    ids: Ids,
}

/// The numbers that were carried out last, the oldest first.
#[derive(Debug, Default)]
struct Ids(VecDeque<i128>);

impl Known {
    /// The mailbox of a client that is in the chat or has left a short time ago.
    pub fn mailbox(&self, peer: SocketAddr) -> Option<&Arc<Mailbox>> {
        self.addresses.get(&peer).map(|address| &address.mailbox)
    }

    /// Whether the datagram with this number was carried out.
    pub fn has_done(&self, peer: SocketAddr, id: i128, now: Instant) -> bool {
        let address = self.addresses.get(&peer).filter(|address| address.is_remembered(now));
        address.is_some_and(|address| address.ids.0.contains(&id))
    }

    /// Notes that the datagram with this number was carried out.
    pub fn note_done(&mut self, peer: SocketAddr, id: i128) {
        if let Some(address) = self.addresses.get_mut(&peer) {
            address.ids.note(id);
        }
    }

    /// Notes a client that has joined. If it was there before, its numbers are still known.
    pub fn add(&mut self, peer: SocketAddr, mailbox: Arc<Mailbox>, now: Instant) {
        self.since_cleaning += 1;
        if self.since_cleaning > BETWEEN_CLEANINGS {
            self.since_cleaning = 0;
            self.forget(now);
        }
        let before = self.addresses.remove(&peer).filter(|address| address.is_remembered(now));
        let ids = before.map(|address| address.ids).unwrap_or_default();
        self.addresses.insert(peer, Address { mailbox, ids });
    }

    /// Forgets the addresses that left long ago, and the oldest of the others if there are too many.
    fn forget(&mut self, now: Instant) {
        let mut left: Vec<_> = self.addresses.values().filter_map(|address| address.mailbox.left()).collect();
        left.sort_unstable();
        let oldest = left.len().checked_sub(MOST_LEFT).and_then(|at| left.get(at).copied());
        self.addresses.retain(|_, address| {
            address.is_remembered(now)
                && oldest.is_none_or(|oldest| address.mailbox.left().is_none_or(|at| at >= oldest))
        });
    }
}

impl Address {
    /// Whether its client is in the chat, or left less than [`REMEMBERED`] ago.
    fn is_remembered(&self, now: Instant) -> bool {
        self.mailbox.left().is_none_or(|at| now.saturating_duration_since(at) < REMEMBERED)
    }
}

impl Ids {
    fn note(&mut self, id: i128) {
        if self.0.len() == MOST_IDS {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> SocketAddr {
        let [_, b, c, d] = number.to_be_bytes();
        SocketAddr::from(([127, b, c, d], 1))
    }

    #[test]
    fn the_last_numbers_of_each_address_are_remembered() {
        let (mut known, now) = (Known::default(), Instant::now());
        for number in [1, 2] {
            known.add(peer(number), Arc::default(), now);
        }
        for id in 0..=1024 {
            assert!(!known.has_done(peer(1), id, now));
            known.note_done(peer(1), id);
        }
        assert!((1..=1024).all(|id| known.has_done(peer(1), id, now)));
        assert!(!known.has_done(peer(1), 0, now), "it is the 1025th before");
        assert!(!known.has_done(peer(2), 5, now), "another address has other numbers");
        known.note_done(peer(3), 5);
        assert!(!known.has_done(peer(3), 5, now), "of an address that has not joined, nothing is kept");
    }

    #[test]
    fn a_client_that_has_left_is_remembered_for_a_while() {
        let (mut known, start) = (Known::default(), Instant::now());
        let mailbox = Arc::<Mailbox>::default();
        known.add(peer(1), Arc::clone(&mailbox), start);
        known.note_done(peer(1), 7);
        mailbox.end(start);
        let (soon, late) = (start + REMEMBERED / 2, start + REMEMBERED);
        known.forget(soon);
        assert!(known.has_done(peer(1), 7, soon));
        assert!(!known.has_done(peer(1), 7, late), "another program may have its port now");
        known.add(peer(1), Arc::default(), late);
        assert!(!known.has_done(peer(1), 7, late));
        known.forget(late);
        assert_eq!(known.addresses.len(), 1);
    }

    #[test]
    fn a_hundred_thousand_that_joined_and_left_take_bounded_memory() {
        let (mut known, start) = (Known::default(), Instant::now());
        for number in 0..100_000 {
            let mailbox = Arc::<Mailbox>::default();
            known.add(peer(number), Arc::clone(&mailbox), start);
            mailbox.end(start + Duration::from_micros(number.into()));
        }
        assert!(known.addresses.len() <= MOST_LEFT + BETWEEN_CLEANINGS + 1, "{}", known.addresses.len());
        assert!(known.mailbox(peer(99_999)).is_some());
    }
}
