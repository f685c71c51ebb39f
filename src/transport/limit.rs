//! How many connections there may be, in all and from one address.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};

use crate::names::{Origin, Peer};

/// Why a connection gets no place.
#[derive(Clone, Copy, Debug)]
pub enum NoPlace {
    /// All are taken.
    Full,
    /// Its address has as many as it may.
    FullForAddress,
}

/// The places for connections.
pub struct ConnectionLimit {
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Default)]
struct Taken {
    max: usize,
    max_per_address: usize,
    all: usize,
    by_address: HashMap<Origin, usize>,
}

impl ConnectionLimit {
    /// Allows so many connections in all, and so many from one address that is not a loopback address.
    pub fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        let taken = Taken { max, max_per_address, ..Taken::default() };
        Arc::new(Self { taken: Mutex::new(taken), freed: Condvar::new() })
    }

    /// Allows other numbers from now on. Connections that have a place keep it.
    pub fn allow(&self, max: usize, max_per_address: usize) {
        let mut taken = self.taken.lock();
        (taken.max, taken.max_per_address) = (max, max_per_address);
        drop(taken);
        self.freed.notify_all();
    }

    /// The most connections.
    pub fn max(&self) -> usize {
        self.taken.lock().max
    }

    /// Takes a place for a client from this address, and waits so long for one to become free.
    ///
    /// # Errors
    /// None became free, or the address has its share.
    pub fn take(self: &Arc<Self>, peer: impl Into<Peer>, patience: Duration) -> Result<Permit, NoPlace> {
        let address = Origin::of(peer);
        let mut taken = self.taken.lock();
        if taken.is_full() && !patience.is_zero() {
            self.freed.wait_while_for(&mut taken, |taken| taken.is_full(), patience);
        }
        if taken.is_full() {
            return Err(NoPlace::Full);
        }
        if !address.is_this_machine() {
            let max = taken.max_per_address;
            let from_there = taken.by_address.entry(address).or_default();
            if *from_there >= max {
                return Err(NoPlace::FullForAddress);
            }
            *from_there += 1;
        }
        taken.all += 1;
        Ok(Permit { limit: Arc::clone(self), address })
    }
}

impl Taken {
    fn is_full(&self) -> bool {
        self.all >= self.max
    }
}

/// One connection's place, given back when it is dropped.
pub struct Permit {
    limit: Arc<ConnectionLimit>,
    address: Origin,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.limit.taken.lock();
        taken.all -= 1;
        if let Some(from_there) = taken.by_address.get_mut(&self.address) {
            *from_there -= 1;
            if *from_there == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        drop(taken);
        self.limit.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn take(limit: &Arc<ConnectionLimit>, address: &str) -> Option<Permit> {
        limit.take(SocketAddr::new(address.parse().unwrap(), 1), Duration::ZERO).ok()
    }

    #[test]
    fn the_places_are_limited_and_come_back() {
        let limit = ConnectionLimit::new(2, 9);
        let first = take(&limit, "192.0.2.1");
        let second = take(&limit, "192.0.2.2");
        assert!(first.is_some() && second.is_some());
        assert!(take(&limit, "127.0.0.1").is_none());
        drop(first);
        assert!(take(&limit, "127.0.0.1").is_some());
    }

    #[test]
    fn a_connection_can_wait_for_a_place() {
        let limit = ConnectionLimit::new(1, 9);
        let first = take(&limit, "192.0.2.1");
        std::thread::scope(|scope| {
            let second = || limit.take(SocketAddr::from(([192, 0, 2, 2], 1)), Duration::from_secs(30));
            let second = std::thread::Builder::new().spawn_scoped(scope, second).unwrap();
            drop(first);
            assert!(second.join().unwrap().is_ok());
        });
    }

    #[test]
    fn a_limit_can_change_while_places_are_taken() {
        let limit = ConnectionLimit::new(1, 9);
        let first = take(&limit, "192.0.2.1");
        assert!(take(&limit, "192.0.2.2").is_none());
        limit.allow(3, 1);
        assert_eq!(limit.max(), 3);
        assert!(take(&limit, "192.0.2.1").is_none(), "its address has its share");
        let second = take(&limit, "192.0.2.2");
        assert!(second.is_some());
        limit.allow(1, 1);
        drop(first);
        assert!(take(&limit, "192.0.2.3").is_none(), "there is still one too many");
        drop(second);
        assert!(take(&limit, "192.0.2.3").is_some());
    }

    #[test]
    fn one_address_has_its_own_limit_however_it_is_written() {
        let limit = ConnectionLimit::new(9, 1);
        let first = take(&limit, "192.0.2.1");
        assert!(take(&limit, "::ffff:192.0.2.1").is_none());
        assert!(take(&limit, "192.0.2.2").is_some());
        drop(first);
        assert!(take(&limit, "::ffff:192.0.2.1").is_some());
        assert!(limit.taken.lock().by_address.is_empty());
    }

    #[test]
    fn a_refused_connection_learns_whose_limit_it_met() {
        let limit = ConnectionLimit::new(2, 1);
        let refusal =
            |address: [u8; 4]| limit.take(std::net::SocketAddr::from((address, 1)), Duration::ZERO).err();
        let _first = take(&limit, "192.0.2.1");
        assert!(matches!(refusal([192, 0, 2, 1]), Some(NoPlace::FullForAddress)));
        let _second = take(&limit, "192.0.2.2");
        assert!(matches!(refusal([192, 0, 2, 1]), Some(NoPlace::Full)));
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let limit = ConnectionLimit::new(9, 1);
        let _first = take(&limit, "2001:db8::1");
        assert!(take(&limit, "2001:db8::ffff:2").is_none());
        assert!(take(&limit, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn loopback_is_exempt_from_the_limit_of_one_address() {
        let limit = ConnectionLimit::new(9, 1);
        let all: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .map(|address| take(&limit, address))
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(all.len(), 4);
    }
}
