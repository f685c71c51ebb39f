//! Addresses that are treated alike: networks, which administrators can ban, and origins, which have limits.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::Peer;

/// A network of addresses: `192.0.2.0/24`. A single IPv4 address is a network of its own. A single IPv6
/// address stands for its first 64 bits, because one subscriber usually has all addresses that share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// The first address: the bits after the prefix are zero.
    first: IpAddr,
    /// The number of leading bits that all its addresses share.
    prefix: u8,
}

impl Network {
    /// Parses an address, or a network in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). Bits after the
    /// prefix are cleared. An IPv4-mapped IPv6 address is treated as IPv4. Returns `None` if it is neither.
    pub fn new(typed: &str) -> Option<Self> {
        let (address, prefix) = match typed.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (typed, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let canonical = address.to_canonical();
        let dropped = bits(address) - bits(canonical);
        let prefix = prefix.map_or(Some(usual_prefix(canonical)), |prefix: u8| prefix.checked_sub(dropped));
        let prefix = prefix.filter(|&prefix| prefix <= bits(canonical))?;
        Some(Self { first: masked(canonical, prefix), prefix })
    }

    /// Whether an address belongs to this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }

    /// Whether this network includes a loopback address.
    pub fn has_loopback(&self) -> bool {
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        self.first.is_loopback() || loopback.into_iter().any(|address| self.contains(address))
    }
}

/// A peer as limits count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An address; of an IPv6 address only the first 64 bits, as in [`Network`].
    Net(IpAddr),
    /// A user of this machine.
    Local(u32),
}

impl Origin {
    /// The origin of a peer. An IPv4-mapped IPv6 address is treated as IPv4.
    pub fn of(peer: impl Into<Peer>) -> Self {
        let address = match peer.into() {
            Peer::Net(address) => address.ip().to_canonical(),
            Peer::Local { user } => return Self::Local(user),
        };
        Self::Net(if address.is_loopback() { address } else { masked(address, usual_prefix(address)) })
    }

    /// Whether it is this machine, as for clients behind a local proxy or in a class that shares a machine.
    pub fn is_this_machine(self) -> bool {
        match self {
            Self::Net(address) => address.is_loopback(),
            Self::Local(_) => true,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.prefix < bits(self.first) { write!(f, "/{}", self.prefix) } else { Ok(()) }
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn usual_prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 64 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let rest = u32::from(bits(address) - prefix);
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(rest).unwrap_or(0)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(rest).unwrap_or(0)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, shown: &str) {
        assert_eq!(Network::new(typed).map(|network| network.to_string()), Some(shown.to_owned()));
    }

    #[test]
    fn a_network_is_shown_in_its_shortest_form() {
        check("192.0.2.7", "192.0.2.7");
        check("192.0.2.7/32", "192.0.2.7");
        check("192.0.2.7/24", "192.0.2.0/24");
        check("0.0.0.0/0", "0.0.0.0/0");
        check("2001:db8::7", "2001:db8::/64");
        check("2001:db8::7/128", "2001:db8::7");
        check("::/0", "::/0");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7/120", "192.0.2.0/24");
    }

    #[test]
    fn anything_else_is_rejected() {
        for typed in
            ["", "bob", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "/8", "::/129", "::ffff:192.0.2.7/24"]
        {
            assert_eq!(Network::new(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_network_contains_its_addresses_in_ipv4_and_ipv4_mapped_form() {
        let contains =
            |network, address: &str| Network::new(network).unwrap().contains(address.parse().unwrap());
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::1", "2001:db8::2"));
    }

    #[test]
    fn loopback_is_found_in_small_and_large_networks() {
        for network in
            ["127.0.0.1", "127.9.0.0/16", "0.0.0.0/0", "64.0.0.0/2", "::1", "::/64", "::/0", "::ffff:0:0/96"]
        {
            assert!(Network::new(network).unwrap().has_loopback(), "{network}");
        }
        assert!(!Network::new("128.0.0.0/1").unwrap().has_loopback());
    }
}
