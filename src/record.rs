//! What outlives the server, as plain values: the rules make them, and the store saves them.

use std::time::SystemTime;

use crate::{
    names::{Nick, Room},
    text::Text,
};

/// A line in the history of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The position among all lines of the server, counted from 1.
    pub seq: u64,
    /// When it was said.
    pub at: SystemTime,
    /// The sender's nickname at that time.
    pub from: Nick,
    /// The line without its sender and room.
    pub text: Text,
    /// Whether it was said or acted.
    pub manner: Manner,
}

/// How a line is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As a message.
    Said,
    /// As an action, by `/me`.
    Acted,
}

/// A user who may not enter a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The nickname at the time of the ban.
    pub nick: Nick,
    /// The account at the time of the ban, which may have another name.
    pub account: Option<Nick>,
    /// The moderator who banned the user.
    pub by: Nick,
    /// The reason that the moderator gave.
    pub reason: Option<Text>,
    /// When the ban was made.
    pub at: SystemTime,
}

/// A ban of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkBan {
    /// The administrator who banned it.
    pub by: Nick,
    /// When the ban ends; `None` means never.
    pub until: Option<SystemTime>,
}

/// What is set in a room and meant to stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomRules {
    /// Its topic, if one is set.
    pub topic: Option<Text>,
    /// The accounts that moderate it.
    pub moderators: Vec<Nick>,
    /// The users who may not enter it.
    pub bans: Vec<Ban>,
}

/// The current value of something that the store saves. A later record replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// What is set in this room.
    Room(Room, RoomRules),
    /// The account of this nickname: its hashed password in the PHC string format; `None` deletes it.
    Account(Nick, Option<String>),
    /// The ban of an address or a network, as `192.0.2.0/24`; `None` lifts it.
    Network(String, Option<NetworkBan>),
    /// No line has a higher number, saved or not.
    Numbers(u64),
    /// The lines of a room that are not saved yet.
    Lines {
        /// The room's name.
        room: Room,
        /// Lines with a smaller number are deleted; with `None`, all are.
        oldest: Option<u64>,
        /// The new lines, oldest first.
        lines: Vec<Line>,
    },
}

/// Everything that was saved when the server last ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The rooms, those that have been silent longest first.
    pub rooms: Vec<RestoredRoom>,
    /// The accounts with their hashed passwords.
    pub accounts: Vec<(Nick, String)>,
    /// No line has had a higher number.
    pub numbers: u64,
    /// The banned networks.
    pub networks: Vec<(String, NetworkBan)>,
}

/// A room as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRoom {
    /// The room's name, as its first member spelled it.
    pub name: Room,
    /// What is set in it.
    pub rules: RoomRules,
    /// Its lines, oldest first.
    pub lines: Vec<Line>,
}
