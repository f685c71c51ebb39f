//! Answers about rooms that only programs can ask for.

use std::fmt;

use super::{Event, Listing, Member, past};
use crate::{names::Room, record::Line};

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
    /// Lines of this room, oldest first, and whether there are older ones of those that the client wants.
    Stretch(Room, Vec<Line>, bool),
    /// What is going on.
    Overview(Box<Overview>),
}

/// What is going on, as a program shows it beside the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The client's room.
    pub room: Room,
    /// Its members.
    pub users: Listing<Member>,
    /// The rooms that have members.
    pub rooms: Listing<Glance>,
}

/// A room, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The room.
    pub room: Room,
    /// How many members it has.
    pub users: usize,
    /// How many of its remembered lines are newer than what the client has seen there.
    pub unread: usize,
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
            Self::Stretch(room, lines, _) => past::history(f, room, lines),
            Self::Overview(overview) => {
                let Overview { room, users, rooms } = &**overview;
                write!(f, "Users in {room}: {users}\nActive rooms: {rooms}")
            }
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

impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} unread)", self.room, self.users, self.unread)
    }
}

impl fmt::Display for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users in {} ({})", self.room, self.count())?;
        if self.members.names().is_empty() { Ok(()) } else { write!(f, ": {}", self.members) }
    }
}
