//! How many connections there may be, in all and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use parking_lot::Mutex;

/// The places for connections.
pub struct Seats {
    max: usize,
    max_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Seats {
    /// So many places in all, and so many for one address. Loopback addresses are exempt from the
    /// latter: everybody behind a local proxy, and a whole classroom on one machine, has the same.
    pub fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_address, taken: Mutex::default() })
    }

    /// Takes a place for a client from this address; `None` when there is none.
    pub fn take(self: &Arc<Self>, peer: SocketAddr) -> Option<Seat> {
        let address = peer.ip().to_canonical();
        let mut taken = self.taken.lock();
        if taken.all >= self.max {
            return None;
        }
        if !address.is_loopback() {
            let from_there = taken.by_address.entry(address).or_default();
            if *from_there >= self.max_per_address {
                return None;
            }
            *from_there += 1;
        }
        taken.all += 1;
        Some(Seat { seats: Arc::clone(self), address })
    }

    fn give_back(&self, address: IpAddr) {
        let mut taken = self.taken.lock();
        taken.all -= 1;
        if let Some(from_there) = taken.by_address.get_mut(&address) {
            *from_there -= 1;
            if *from_there == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// One connection's place, given back when it is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.give_back(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 1)
    }

    #[test]
    fn there_are_so_many_places_and_they_come_back() {
        let seats = Seats::new(2, 9);
        let first = seats.take(peer("192.0.2.1"));
        let second = seats.take(peer("192.0.2.2"));
        assert!(first.is_some() && second.is_some());
        assert!(seats.take(peer("127.0.0.1")).is_none());
        drop(first);
        assert!(seats.take(peer("127.0.0.1")).is_some());
    }

    #[test]
    fn one_address_has_its_own_limit_however_it_is_written() {
        let seats = Seats::new(9, 1);
        let first = seats.take(peer("192.0.2.1"));
        assert!(seats.take(peer("::ffff:192.0.2.1")).is_none());
        assert!(seats.take(peer("192.0.2.2")).is_some());
        drop(first);
        assert!(seats.take(peer("::ffff:192.0.2.1")).is_some());
        assert!(seats.taken.lock().by_address.is_empty());
    }

    #[test]
    fn loopback_is_exempt_from_the_limit_of_one_address() {
        let seats = Seats::new(9, 1);
        let all: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .map(|address| seats.take(peer(address)))
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(all.len(), 4);
    }
}
