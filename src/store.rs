//! What outlives the server: one embedded database file, and the thread that owns it.

use std::time::SystemTime;

use crossbeam_channel::{Sender, bounded};

use crate::{
    event::past::Line,
    names::{Nick, Room},
    text::Text,
};

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

/// Somebody wants to know whether everything up to now is kept.
pub enum Order {
    /// There is something to keep, at the next occasion.
    Wake,
    /// Keep it now, and say whether it is kept.
    Save(Sender<bool>),
}

/// The way to whoever keeps things.
#[derive(Clone)]
pub struct Saver(Option<Sender<Order>>);

impl Saver {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self(None)
    }

    /// Says that there is something to keep. It never waits: when the channel is full, there is an
    /// order in it already.
    pub fn wake(&self) {
        if let Some(orders) = &self.0 {
            let _ = orders.try_send(Order::Wake);
        }
    }

    /// Waits until everything decided up to now is kept; whether it is. Where nothing outlives the
    /// server anyway, it is at once.
    pub fn save(&self) -> bool {
        let Some(orders) = &self.0 else { return true };
        let (answer, kept) = bounded(1);
        orders.send(Order::Save(answer)).is_ok() && kept.recv().unwrap_or(false)
    }
}
