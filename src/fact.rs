//! What has happened, for those who look back on it: the log.
//!
//! The rules note facts while they decide, under the lock. So a fact is made of names, which are
//! copied, and of the text that everybody shares; nothing in it grows with the chat.

use std::{net::SocketAddr, time::SystemTime};

use crate::{
    command::Asked,
    ending::Ending,
    event::Event,
    names::{Nick, Room},
    text::Text,
};

/// Something a client did, or that was done to it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// When.
    pub at: SystemTime,
    /// Who did it, by the nickname of that time.
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
    /// Went, and why.
    Disconnected(Ending),
    /// Said something to the room.
    Said(Text),
    /// Did something before the room.
    Acted(Text),
    /// Whispered.
    Whispered {
        /// To whom.
        to: Nick,
        /// What; `None` where that is nobody's business.
        text: Option<Text>,
    },
    /// Has this nickname from now on.
    Renamed(Nick),
    /// Came into the room from another one.
    Entered,
    /// Left the room for another one.
    Left,
    /// Gave a command.
    Asked(Asked),
    /// Did, by virtue of office, what others were told in these words.
    Did(Box<Event>),
    /// Was told this about who it is and what it may do.
    Told(Box<Event>),
}

impl Fact {
    /// About how many bytes this fact keeps in memory.
    pub fn size(&self) -> usize {
        /// More than most events hold.
        const EVENT: usize = 2048;
        let text = match &self.deed {
            Deed::Said(text) | Deed::Acted(text) | Deed::Whispered { text: Some(text), .. } => {
                text.as_str().len()
            }
            Deed::Did(_) | Deed::Told(_) => EVENT,
            _ => 0,
        };
        size_of::<Self>() + text
    }
}

/// What is to be noted.
#[derive(Clone, Copy, Debug)]
pub struct Noting {
    /// Also what people whisper, and not only that they do.
    pub whispers: bool,
}
