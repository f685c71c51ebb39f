//! What users are told about bots.

use std::fmt;

use super::{Event, Listing};
use crate::{
    names::{Nick, Room},
    text::Text,
};

/// An answer about bots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BotEvent {
    /// Others see from now on that the client is a bot, which does this.
    You(Text),
    /// The bots that are connected, sorted by their nicknames.
    List(Listing<Listed>),
    /// The server lists as many bots as it can, which is this number.
    TooMany(usize),
}

/// A bot, as `/bots` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its nickname.
    pub nick: Nick,
    /// The room it is in.
    pub room: Room,
    /// What it does, in its own words.
    pub purpose: Text,
}

impl From<BotEvent> for Event {
    fn from(event: BotEvent) -> Self {
        Self::Bot(event)
    }
}

impl fmt::Display for BotEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::You(purpose) => write!(f, "Others see that you are a bot: {purpose}"),
            Self::List(bots) if bots.names().is_empty() => f.write_str("There are no bots."),
            Self::List(bots) => {
                f.write_str("Bots:")?;
                bots.names().iter().try_for_each(|bot| write!(f, "\n{bot}"))
            }
            Self::TooMany(max) => write!(f, "There are already {max} bots."),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nick, room, purpose } = self;
        write!(f, "{nick} in '{room}': {purpose}")
    }
}
