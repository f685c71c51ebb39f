//! What outlives the server: one embedded database file, and the thread that owns it.
//!
//! The chat's memory is the truth and this is its shadow, a moment behind. Nobody reads the file while
//! the server runs. The rules mark what has changed; the thread of the [`Keeper`] takes the values of
//! what is marked, and writes them in groups. A thing that changes a thousand times in between is
//! written once, and a slow disk makes nobody wait: nobody but those who asked to be sure.

use std::time::SystemTime;

use crate::{
    event::past::Line,
    names::{Nick, Room},
    text::Text,
};

mod database;
mod error;
mod keeper;
mod schema;
#[cfg(test)]
mod tests;

pub use database::Database;
pub use error::Error;
pub use keeper::{Keeper, Saver};

/// Somebody who may not come into a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The nickname at the time.
    pub nick: Nick,
    /// The account at the time, which may have another name.
    pub account: Option<Nick>,
    /// Who banned them.
    pub by: Nick,
    /// Why, if it was said.
    pub reason: Option<Text>,
    /// When.
    pub at: SystemTime,
}

/// For how long a network is banned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkBan {
    /// Who banned it.
    pub by: Nick,
    /// Until when; for ever if `None`.
    pub until: Option<SystemTime>,
}

/// Something as it is now, to be kept. Written again later, it replaces what was kept before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// A room's topic and rules.
    Room {
        /// Which room.
        room: Room,
        /// What it is about, if anything.
        topic: Option<Text>,
        /// The accounts that moderate it.
        moderators: Vec<Nick>,
        /// Who is banned from it.
        bans: Vec<Ban>,
    },
    /// An account.
    Account {
        /// The nickname it is for.
        nick: Nick,
        /// Its password, hashed, in the PHC string format; `None` when the account is gone.
        hash: Option<String>,
    },
    /// A network that nobody may connect from.
    Network {
        /// The address or network, as `192.0.2.0/24`.
        network: String,
        /// Whether it is banned, and until when.
        ban: Option<NetworkBan>,
    },
    /// What was said in a room since it was last kept.
    Lines {
        /// Which room.
        room: Room,
        /// Everything older is forgotten; with `None`, everything is.
        oldest: Option<u64>,
        /// The new lines, oldest first.
        lines: Vec<Line>,
    },
}

/// What was kept when the server last stopped, however it stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The rooms, those longest silent first.
    pub rooms: Vec<RestoredRoom>,
    /// The accounts, with their hashed passwords.
    pub accounts: Vec<(Nick, String)>,
    /// The networks that nobody may connect from.
    pub networks: Vec<(String, NetworkBan)>,
}

/// What was kept of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRoom {
    /// Its name, as it is spelled.
    pub name: Room,
    /// What it is about, if anything.
    pub topic: Option<Text>,
    /// The accounts that moderate it.
    pub moderators: Vec<Nick>,
    /// Who is banned from it.
    pub bans: Vec<Ban>,
    /// What was said in it, oldest first.
    pub lines: Vec<Line>,
}
