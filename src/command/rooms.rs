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

/// A command that names the client that sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The nickname that the client must have.
    pub user: Nick,
    /// The room where it must be, if that matters.
    pub room: Option<Room>,
    /// What is carried out if both are right.
    pub command: Command,
}

impl Command {
    /// Goes to a room.
    pub fn join(room: Room, opening: Opening) -> Self {
        let verb = Verb::find("join").expect("the table has it");
        Self { verb, ask: Ask::Join(room, opening) }
    }

    /// Lists rooms and their members.
    pub fn list_members(among: Among) -> Self {
        Self { verb: &unlisted::MEMBERS, ask: Ask::ListMembers(among) }
    }

    /// The same command, for a client with this nickname in this room. For any other client, it is a mistake.
    #[must_use]
    pub fn addressed(self, user: Nick, room: Option<Room>) -> Self {
        Self { verb: self.verb, ask: Ask::Addressed(Box::new(Addressed { user, room, command: self })) }
    }
}
