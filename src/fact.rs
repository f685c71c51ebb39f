//! Facts for the log. The rules note them under the lock, so a fact is cheap to make: it copies names and
//! shares texts, and does not grow with the chat.

use std::time::SystemTime;

use crate::{
    command::Asked,
    ending::Ending,
    event::Event,
    names::{Nick, Peer, Room},
    text::Text,
};

/// Something that a client did or was told.
#[derive(Clone, Debug)]
pub struct Fact {
    /// When it happened.
    pub at: SystemTime,
    /// The client's nickname at that time.
    pub who: Nick,
    /// The client's address.
    pub peer: Peer,
    /// The room the client was in.
    pub room: Room,
    /// What happened.
    pub deed: Deed,
}

/// What a client did or was told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Deed {
    /// The client connected.
    Connected,
    /// The client left for this reason.
    Disconnected(Ending),
    /// The client sent a message to the room.
    Said(Text),
    /// The client described an action with `/me`.
    Acted(Text),
    /// The client whispered.
    Whispered {
        /// The target.
        to: Nick,
        /// The message; `None` if whispers are not logged.
        text: Option<Text>,
    },
    /// The client took this nickname.
    Renamed(Nick),
    /// The client came from another room.
    Entered,
    /// The client went to another room.
    Left,
    /// The client sent a command.
    Asked(Asked),
    /// The client acted as a moderator or an administrator; others were told this.
    Did(Box<Event>),
    /// The client was told this about its account or its privileges.
    Told(Box<Event>),
}

impl Fact {
    /// Roughly how many bytes of memory this fact takes.
    pub fn size(&self) -> usize {
        /// More than most events take.
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

/// What the rules note for the log.
#[derive(Clone, Copy, Debug)]
pub struct Noting {
    /// Whether the texts of whispers are noted too.
    pub whispers: bool,
}
