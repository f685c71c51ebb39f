//! Where a client comes from, as the limits for one address count it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// What counts as one address: of IPv6 the first 64 bits, because everybody has all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin(IpAddr);

impl Origin {
    /// Where this peer comes from, however its address is written.
    pub fn of(peer: SocketAddr) -> Self {
        Self(match peer.ip().to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()
            }
            address => address,
        })
    }

    /// Whether it is this machine: everybody behind a local proxy, and a whole classroom on one
    /// machine, has the same.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}
