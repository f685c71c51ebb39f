//! Networks that no client may connect from.
//!
//! A ban with an end must outlive the server, so its end is saved as wall-clock time. That clock may jump,
//! so it is read only twice: when the ban is made and when it is restored. In between, the monotonic clock
//! counts.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    clock::Now,
    event::administration::Administered,
    names::{Network, Nick},
    record::NetworkBan,
};

/// The most networks: each is compared with the address of every new connection.
const MOST: usize = 1000;

#[derive(Default)]
pub(super) struct Networks(BTreeMap<Network, Entry>);

struct Entry {
    ban: NetworkBan,
    /// The end by the monotonic clock; `None` means never.
    ends: Option<Instant>,
}

impl Networks {
    /// Restores a ban, unless it has ended. Returns whether it still holds.
    pub(super) fn restore(&mut self, network: Network, ban: NetworkBan, now: Now) -> bool {
        let ends = match ban.until.map(|until| until.duration_since(now.wall)) {
            None => None,
            Some(Ok(left)) => now.instant.checked_add(left),
            Some(Err(_)) => return false,
        };
        self.0.insert(network, Entry { ban, ends });
        true
    }

    /// Bans a network, for some time or for ever. This replaces an earlier ban of the same network.
    pub(super) fn ban(
        &mut self,
        network: Network,
        by: Nick,
        time: Option<Duration>,
        now: Now,
    ) -> Result<(), Administered> {
        if self.0.len() >= MOST && !self.0.contains_key(&network) {
            return Err(Administered::TooManyNetworks(MOST));
        }
        let until = time.and_then(|time| now.wall.checked_add(time));
        let ends = time.and_then(|time| now.instant.checked_add(time));
        self.0.insert(network, Entry { ban: NetworkBan { by, until }, ends });
        Ok(())
    }

    /// Lifts a ban. Returns whether there was one.
    pub(super) fn lift(&mut self, network: Network) -> bool {
        self.0.remove(&network).is_some()
    }

    /// A ban as it is to be saved.
    pub(super) fn ban_of(&self, network: Network) -> Option<NetworkBan> {
        self.0.get(&network).map(|entry| entry.ban.clone())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Network> {
        self.0.keys().copied()
    }

    pub(super) fn contain(&self, address: IpAddr, now: Instant) -> bool {
        self.0.iter().any(|(network, entry)| network.contains(address) && !entry.is_over(now))
    }

    /// Forgets the bans that have ended; returns their networks.
    pub(super) fn forget_over(&mut self, now: Instant) -> Vec<Network> {
        let over = self.0.iter().filter(|(_, entry)| entry.is_over(now));
        let over = over.map(|(&network, _)| network).collect();
        self.0.retain(|_, entry| !entry.is_over(now));
        over
    }

    /// The banned networks, who banned each, and how much longer the ban lasts.
    pub(super) fn rows(&self, now: Instant) -> Vec<(Network, Nick, Option<Duration>)> {
        let left = |ends: Instant| ends.saturating_duration_since(now);
        self.0.iter().map(|(&network, Entry { ban, ends })| (network, ban.by, ends.map(left))).collect()
    }
}

impl Entry {
    fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}
