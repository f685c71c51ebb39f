//! What the limits for one address count as one address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An address for counting: of an IPv6 address only the first 64 bits, because one subscriber usually has
/// all addresses that share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin(IpAddr);

impl Origin {
    /// The origin of a peer. An IPv4-mapped IPv6 address is treated as IPv4.
    pub fn of(peer: SocketAddr) -> Self {
        Self(match peer.ip().to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()
            }
            address => address,
        })
    }

    /// Whether it is this machine. All clients behind a local proxy, or in a classroom that shares a
    /// machine, have this origin.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}
