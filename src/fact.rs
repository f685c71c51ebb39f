//! What has happened, for those who look back on it: the log.

use std::{net::SocketAddr, time::SystemTime};

use crate::{
    event::Event,
    names::{Nick, Room},
};

/// Something a client did, or that was done to it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// When.
    pub at: SystemTime,
    /// Who did it.
    pub who: Nick,
    /// From which address.
    pub address: SocketAddr,
    /// In which room.
    pub room: Room,
    /// What.
    pub deed: Deed,
}

/// What somebody did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Deed {
    /// Came.
    Connected,
    /// Went.
    Disconnected,
    /// Did what others were told in these words.
    Did(Event),
}
