//! What programs ask about rooms and people cannot type.

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

/// The rooms that a client wants listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// The room where it is, without its members.
    Own,
    /// This room, with its members.
    Room(Room),
    /// All rooms that have members, with their members.
    All,
}

/// A command with the user and the room that its program thinks it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The client's nickname.
    pub user: Nick,
    /// Where the client is, if that matters.
    pub room: Option<Room>,
    /// Carried out only if both are right.
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

    /// The same command, which is a mistake if the client has another nickname or is in another room.
    #[must_use]
    pub fn addressed(self, user: Nick, room: Option<Room>) -> Self {
        Self { verb: self.verb, ask: Ask::Addressed(Box::new(Addressed { user, room, command: self })) }
    }
}
