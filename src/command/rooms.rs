//! Commands about rooms that only programs can send.

use super::{Ask, Command, Verb, unlisted};
use crate::{
    names::{ClientId, Nick, Room},
    text::Text,
};

/// Which rooms a client may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Any. The room is created if it does not exist.
    Any,
    /// One that exists: it has members, or it is remembered.
    Existing,
    /// One that does not exist.
    New,
}

/// Which rooms a client wants listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Its own room, without the members.
    Own,
    /// One room, with its members.
    Room(Room),
    /// All rooms that have members, with their members.
    All,
}

/// The lines of a room that a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The room; `None` means the client's own.
    pub room: Option<Room>,
    /// Only lines with a higher number.
    pub after: u64,
    /// Only lines with a lower number.
    pub before: u64,
    /// At most so many, the newest of them.
    pub most: usize,
}

/// The rooms that a client knows, each with the number of the newest line that it has seen there.
pub type Known = Box<[(Room, u64)]>;

/// What a program takes for granted about its client. The rules know better, because others can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The client has this nickname and, if that matters, is in this room. Otherwise the command is a mistake.
    Is {
        /// The nickname.
        user: Nick,
        /// The room.
        room: Option<Room>,
    },
    /// The client is in this room. Otherwise the command is a mistake.
    In(Room),
    /// The client has another nickname. Otherwise the command does nothing.
    IsNot(Nick),
}

impl Command {
    /// Goes to a room.
    pub fn join(room: Room, opening: Opening) -> Self {
        let verb = Verb::find("join").expect("the table has it");
        Self::new(verb, Ask::Join(room, opening))
    }

    /// Lists rooms and their members.
    pub fn list_members(among: Among) -> Self {
        Self::new(&unlisted::MEMBERS, Ask::ListMembers(among))
    }

    /// Shows lines of a room.
    pub fn show_stretch(stretch: Stretch) -> Self {
        Self::new(&unlisted::STRETCH, Ask::ShowStretch(stretch))
    }

    /// Shows what is going on: the rooms, what is new in those that the client knows, and the members of its own.
    pub fn show_overview(known: Known) -> Self {
        Self::new(&unlisted::OVERVIEW, Ask::ShowOverview(known))
    }

    /// The same command, for a client with this nickname in this room. For any other client, it is a mistake.
    #[must_use]
    pub fn addressed(self, user: Nick, room: Option<Room>) -> Self {
        Self { condition: Some(Box::new(Condition::Is { user, room })), ..self }
    }

    /// The same command, for a client in this room. For any other client, it is a mistake.
    #[must_use]
    pub fn in_room(self, room: Room) -> Self {
        Self { condition: Some(Box::new(Condition::In(room))), ..self }
    }

    /// Whispers to the user of this nickname.
    pub fn whisper(user: Nick, text: Text) -> Self {
        Self::new(Verb::find("whisper").expect("the table has it"), Ask::Whisper(user, text))
    }

    /// Whispers to a client, under any nickname.
    pub fn whisper_to(client: ClientId, text: Text) -> Self {
        Self::new(Verb::find("whisper").expect("the table has it"), Ask::WhisperTo(client, text))
    }

    /// Leaves the chat.
    pub fn quit() -> Self {
        Self::new(Verb::find("quit").expect("the table has it"), Ask::Quit)
    }

    /// Takes a nickname, if the client does not have it.
    pub fn be_called(nick: Nick) -> Self {
        let verb = Verb::find("nick").expect("the table has it");
        Self { condition: Some(Box::new(Condition::IsNot(nick))), ..Self::new(verb, Ask::Rename(nick)) }
    }
}
