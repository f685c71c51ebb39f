//! Commands about rooms that only programs can send.

use super::{Ask, Command, Verb, unlisted};
use crate::names::{Nick, Room};

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

/// Who a client is, and where, according to its own program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The nickname that the client must have.
    pub user: Nick,
    /// The room where it must be, if that matters.
    pub room: Option<Room>,
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

    /// The same command, for a client with this nickname in this room. For any other client, it is a mistake.
    #[must_use]
    pub fn addressed(self, user: Nick, room: Option<Room>) -> Self {
        Self { claim: Some(Box::new(Claim { user, room })), ..self }
    }
}
