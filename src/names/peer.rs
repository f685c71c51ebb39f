//! The other end of a connection.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// The other end of a connection: where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A program that has this address.
    Net(SocketAddr),
    /// A program on this machine that runs as this user, and is connected over a Unix socket.
    Local {
        /// The number of the user.
        user: u32,
    },
}

impl Peer {
    /// Its address; `None` over a Unix socket.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Net(address) => Some(address.ip()),
            Self::Local { .. } => None,
        }
    }

    /// The number that tells it apart in the list of threads: its port, or its user.
    pub fn number(self) -> u32 {
        match self {
            Self::Net(address) => address.port().into(),
            Self::Local { user } => user,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Net(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => address.fmt(f),
            Self::Local { user } => write!(f, "unix:{user}"),
        }
    }
}
