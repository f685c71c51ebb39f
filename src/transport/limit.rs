//! How many connections there may be, in all and from one address.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;

use crate::origin::Origin;

/// The places for connections.
pub struct ConnectionLimit {
    max: usize,
    max_per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<Origin, usize>,
}

impl ConnectionLimit {
    /// So many places in all, and so many for one address; loopback is exempt from the latter.
    pub fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_address, taken: Mutex::default() })
    }

    /// Takes a place for a client from this address; `None` when there is none.
    pub fn take(self: &Arc<Self>, peer: SocketAddr) -> Option<Permit> {
        let address = Origin::of(peer);
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
        Some(Permit { limit: Arc::clone(self), address })
    }

    fn give_back(&self, address: Origin) {
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
pub struct Permit {
    limit: Arc<ConnectionLimit>,
    address: Origin,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limit.give_back(self.address);
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
        let limit = ConnectionLimit::new(2, 9);
        let first = limit.take(peer("192.0.2.1"));
        let second = limit.take(peer("192.0.2.2"));
        assert!(first.is_some() && second.is_some());
        assert!(limit.take(peer("127.0.0.1")).is_none());
        drop(first);
        assert!(limit.take(peer("127.0.0.1")).is_some());
    }

    #[test]
    fn one_address_has_its_own_limit_however_it_is_written() {
        let limit = ConnectionLimit::new(9, 1);
        let first = limit.take(peer("192.0.2.1"));
        assert!(limit.take(peer("::ffff:192.0.2.1")).is_none());
        assert!(limit.take(peer("192.0.2.2")).is_some());
        drop(first);
        assert!(limit.take(peer("::ffff:192.0.2.1")).is_some());
        assert!(limit.taken.lock().by_address.is_empty());
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let limit = ConnectionLimit::new(9, 1);
        let _first = limit.take(peer("2001:db8::1"));
        assert!(limit.take(peer("2001:db8::ffff:2")).is_none());
        assert!(limit.take(peer("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn loopback_is_exempt_from_the_limit_of_one_address() {
        let limit = ConnectionLimit::new(9, 1);
        let all: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .map(|address| limit.take(peer(address)))
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(all.len(), 4);
    }
}
