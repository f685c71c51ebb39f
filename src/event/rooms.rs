//! Answers about rooms that only programs can ask for.

use std::fmt;

use super::{Event, Listing, Member};
use crate::names::Room;

/// An answer to a command about rooms that people cannot type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// The client asks for an existing room, and there is none.
    NoSuchRoom(Room),
    /// The client asks for a new room, and it exists.
    RoomExists(Room),
    /// The client that a program has named is gone.
    NoSuchClient,
    /// The members of these rooms.
    Members(Listing<Roster>),
}

/// A room and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The room.
    pub room: Room,
    /// Its members. All rosters of an answer together list at most as many as one listing.
    pub members: Listing<Member>,
}

impl Roster {
    /// Lists at most `most` of a room's `total` members.
    pub fn new(room: Room, most: usize, total: usize, members: impl Iterator<Item = Member>) -> Self {
        let members = Listing { names: members.take(most).collect(), more: total.saturating_sub(most) };
        Self { room, members }
    }

    /// How many members the room has, including those that are not listed.
    pub fn count(&self) -> usize {
        self.members.names().len() + self.members.more()
    }
}

impl From<RoomEvent> for Event {
    fn from(event: RoomEvent) -> Self {
        Self::Room(event)
    }
}

impl fmt::Display for RoomEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchRoom(room) => write!(f, "Room '{room}' does not exist."),
            Self::RoomExists(room) => write!(f, "Room '{room}' already exists."),
            Self::NoSuchClient => f.write_str("This client has left the chat."),
            Self::Members(rosters) => members(f, rosters),
        }
    }
}

/// One line for each room.
fn members(f: &mut fmt::Formatter<'_>, rosters: &Listing<Roster>) -> fmt::Result {
    for (at, roster) in rosters.names().iter().enumerate() {
        write!(f, "{}{roster}", if at > 0 { "\n" } else { "" })?;
    }
    if rosters.more() > 0 { write!(f, "\nand {} more rooms", rosters.more()) } else { Ok(()) }
}

impl fmt::Display for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users in {} ({})", self.room, self.count())?;
        if self.members.names().is_empty() { Ok(()) } else { write!(f, ": {}", self.members) }
    }
}
