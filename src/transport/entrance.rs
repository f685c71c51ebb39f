//! The socket through which clients arrive: a listener or a UDP port.

use std::sync::Arc;

use super::{Address, Listener, datagrams::Port};

/// Where clients arrive. Its copies are the same socket.
#[derive(Clone)]
pub enum Entrance {
    /// Connections are accepted here.
    Listener(Arc<Listener>),
    /// Datagrams are received here.
    Port(Arc<Port>),
}

impl Entrance {
    /// Where it is, with the port that was chosen.
    pub fn address(&self) -> &Address {
        match self {
            Self::Listener(listener) => listener.address(),
            Self::Port(port) => port.address(),
        }
    }

    /// Lets no more clients in, and wakes up to `waiting` threads that wait here.
    pub fn close(&self, waiting: usize) {
        match self {
            Self::Listener(listener) => listener.close(waiting),
            Self::Port(port) => port.close(),
        }
    }
}
