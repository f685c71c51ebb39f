//! What users are told about moderators, kicks and bans.

use std::fmt;

use super::{Event, Listing, past::Minute};
use crate::{
    clock,
    names::{Nick, Room},
    record::Ban,
    text::Text,
};

/// Something about the moderation of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderated {
    /// Tells the room that a user was kicked or banned.
    Expelled(Expulsion),
    /// Tells a client that it was kicked or banned from this room.
    YouWere(Room, Expulsion),
    /// Tells the room that a ban is lifted.
    Unbanned {
        /// The moderator who lifted it.
        by: Nick,
        /// The user who may enter again.
        nick: Nick,
    },
    /// Tells the room that a user was made a moderator.
    Promoted {
        /// The moderator who decided it.
        by: Nick,
        /// The new moderator.
        nick: Nick,
    },
    /// Tells the room that a user was removed as a moderator.
    Demoted {
        /// The moderator who decided it.
        by: Nick,
        /// The former moderator.
        nick: Nick,
    },
    /// Tells the room that its last moderator left and its longest-present member takes over.
    Inherited(Nick),
    /// The bans of this room.
    Bans(Room, Vec<Ban>),
    /// The moderators of this room.
    Moderators(Room, Listing<Nick>),
    /// The decision holds, but could not be saved.
    HoldsUntilStop,
    /// Nothing was done.
    Refused(Refused),
}

/// Why a request about the moderation of a room is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Only moderators may do this.
    NotModerator,
    /// The client is banned from the room it wants to enter.
    Banned,
    /// The new nickname is banned from the client's room.
    NickBanned(Nick),
    /// The user is not in the room.
    NotHere(Nick),
    /// Moderators cannot do this to themselves.
    Yourself(Act),
    /// Administrators are exempt.
    Administrator(Act),
    /// It cannot be done in the lobby.
    Lobby(Act),
    /// The user is already banned.
    AlreadyBanned(Nick),
    /// The user is not banned.
    NotBanned(Nick),
    /// The room has as many bans as it may, which is this number.
    TooManyBans(usize),
    /// The user is already a moderator.
    AlreadyModerator(Nick),
    /// The user is not a moderator.
    NotAModerator(Nick),
    /// The last moderator of a room cannot be removed.
    LastModerator,
    /// The room has as many moderators as it may, which is this number.
    TooManyModerators(usize),
    /// The lobby cannot have moderators.
    LobbyHasNone,
    /// The server keeps as many rooms with a topic, a ban or a registered moderator as it may.
    TooManyLasting,
}

/// The two ways of removing a user from a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sent back to the lobby.
    Kicked,
    /// Sent back to the lobby and kept out of the room.
    Banned,
}

/// The removal of a user from a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expulsion {
    /// A kick or a ban.
    pub act: Act,
    /// The removed user.
    pub nick: Nick,
    /// The moderator who decided it.
    pub by: Nick,
    /// The reason, if one was given.
    pub reason: Option<Text>,
}

impl From<Moderated> for Event {
    fn from(moderated: Moderated) -> Self {
        Self::Moderated(moderated)
    }
}

impl From<Refused> for Event {
    fn from(refused: Refused) -> Self {
        Self::Moderated(Moderated::Refused(refused))
    }
}

impl fmt::Display for Moderated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expelled(Expulsion { act, nick, by, reason }) => {
                write!(f, "{by} has {act} {nick}{}", Reason(reason))
            }
            Self::YouWere(room, Expulsion { act, by, reason, .. }) => {
                write!(f, "You were {act} from '{room}' by {by}{}", Reason(reason))
            }
            Self::Unbanned { by, nick } => write!(f, "{by} has lifted the ban on {nick}."),
            Self::Promoted { by, nick } => write!(f, "{by} has made {nick} a moderator."),
            Self::Demoted { by, nick } => write!(f, "{by} has removed {nick} as a moderator."),
            Self::Inherited(nick) => write!(f, "{nick} is a moderator of this room now."),
            Self::Bans(room, bans) => list_bans(f, room, bans),
            Self::Moderators(room, moderators) => write!(f, "Moderators of '{room}': {moderators}"),
            Self::HoldsUntilStop => {
                f.write_str("This could not be saved. It holds only until the server stops.")
            }
            Self::Refused(refused) => refused.fmt(f),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotModerator => f.write_str("You are not a moderator."),
            Self::Banned => f.write_str("You are banned from this room."),
            Self::NickBanned(nick) => write!(f, "Nickname '{nick}' is banned from this room."),
            Self::NotHere(nick) => write!(f, "'{nick}' is not in this room."),
            Self::Yourself(act) => write!(f, "You cannot {} yourself.", act.infinitive()),
            Self::Administrator(act) => write!(f, "You cannot {} an administrator.", act.infinitive()),
            Self::Lobby(act) => write!(f, "You cannot {} users from the lobby.", act.infinitive()),
            Self::AlreadyBanned(nick) => write!(f, "'{nick}' is already banned."),
            Self::NotBanned(nick) => write!(f, "'{nick}' is not banned from this room."),
            Self::TooManyBans(max) => {
                write!(f, "This room already has {max} bans. Lift a ban first with /unban.")
            }
            Self::AlreadyModerator(nick) => write!(f, "'{nick}' is already a moderator."),
            Self::NotAModerator(nick) => write!(f, "'{nick}' is not a moderator."),
            Self::LastModerator => f.write_str("A room needs a moderator. Add another one first with /mod."),
            Self::TooManyModerators(max) => write!(f, "This room already has {max} moderators."),
            Self::TooManyLasting => f.write_str(
                "Too many rooms have a topic, a ban or a registered moderator. Ask an administrator.",
            ),
            Self::LobbyHasNone => f.write_str("The lobby has no moderators. The administrators moderate it."),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kicked => "kicked",
            Self::Banned => "banned",
        })
    }
}

impl Act {
    fn infinitive(self) -> &'static str {
        match self {
            Self::Kicked => "kick",
            Self::Banned => "ban",
        }
    }
}

/// The end of a sentence: a reason if there is one.
pub(super) struct Reason<'a>(pub(super) &'a Option<Text>);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(reason) => write!(f, ": {reason}"),
            None => f.write_str("."),
        }
    }
}

fn list_bans(f: &mut fmt::Formatter<'_>, room: &Room, bans: &[Ban]) -> fmt::Result {
    if bans.is_empty() {
        return write!(f, "No users are banned from '{room}'.");
    }
    write!(f, "Banned from '{room}': {}", bans.len())?;
    for Ban { nick, account, by, reason, at } in bans {
        write!(f, "\n{nick}")?;
        if let Some(account) = account {
            write!(f, " (account {account})")?;
        }
        write!(f, ", by {by} on {}{}", Minute(*at, clock::zone()), Reason(reason))?;
    }
    Ok(())
}
