//! What people are told about who may be in a room, and who decides that.

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
    /// To the room: somebody had to go.
    Expelled(Expulsion),
    /// To a client: it had to go.
    YouWere {
        /// From which room.
        room: Room,
        /// How, by whom, why.
        expulsion: Expulsion,
    },
    /// To the room: somebody may come in again.
    Unbanned {
        /// Who decided that.
        by: Nick,
        /// Who.
        nick: Nick,
    },
    /// To the room: somebody was made a moderator.
    Promoted {
        /// Who decided that.
        by: Nick,
        /// Who.
        nick: Nick,
    },
    /// To the room: somebody is a moderator no longer.
    Demoted {
        /// Who decided that.
        by: Nick,
        /// Who.
        nick: Nick,
    },
    /// To the room: its last moderator has left, and this one has been here the longest.
    Inherited(Nick),
    /// Who is banned.
    Bans {
        /// From which room.
        room: Room,
        /// Who.
        bans: Vec<Ban>,
    },
    /// Who moderates a room.
    Moderators {
        /// Which room.
        room: Room,
        /// Who.
        moderators: Listing<Nick>,
    },
    /// What was decided is not on the disk.
    HoldsUntilStop,
    /// Why not.
    Refused(Refused),
}

/// Why something about the moderation of a room is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Only moderators may.
    NotModerator,
    /// Somebody is banned from the room that they want to enter.
    Banned,
    /// A nickname is banned from the room one is in.
    NickBanned(Nick),
    /// Somebody is elsewhere.
    NotHere(Nick),
    /// Nobody does this to oneself.
    Oneself(Act),
    /// Nobody does this to an administrator.
    Administrator(Act),
    /// Nobody does this in the lobby.
    Lobby(Act),
    /// They cannot come in anyway.
    AlreadyBanned(Nick),
    /// They may come in already.
    NotBanned(Nick),
    /// The room cannot remember more bans.
    TooManyBans {
        /// How many it can.
        max: usize,
    },
    /// They are one already.
    AlreadyModerator(Nick),
    /// They are none anyway.
    NotAModerator(Nick),
    /// A room has a moderator.
    LastModerator,
    /// The room cannot have more moderators.
    TooManyModerators {
        /// How many it can.
        max: usize,
    },
    /// The lobby has none.
    LobbyHasNone,
}

/// What can be done to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sent back to the lobby.
    Kicked,
    /// And never let in again.
    Banned,
}

/// Somebody had to leave a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expulsion {
    /// In which way.
    pub act: Act,
    /// Who.
    pub nick: Nick,
    /// Who decided that.
    pub by: Nick,
    /// Why, if it was said.
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
                write!(f, "{by} has {act} {nick}{}", Reason(reason.as_ref()))
            }
            Self::YouWere { room, expulsion: Expulsion { act, by, reason, .. } } => {
                write!(f, "You were {act} from '{room}' by {by}{}", Reason(reason.as_ref()))
            }
            Self::Unbanned { by, nick } => write!(f, "{by} has lifted the ban on {nick}."),
            Self::Promoted { by, nick } => write!(f, "{by} has made {nick} a moderator."),
            Self::Demoted { by, nick } => write!(f, "{by} has made {nick} a moderator no longer."),
            Self::Inherited(nick) => write!(f, "{nick} is a moderator of this room now."),
            Self::Bans { room, bans } => list_bans(f, room, bans),
            Self::Moderators { room, moderators } => write!(f, "Moderators of '{room}': {moderators}"),
            Self::HoldsUntilStop => {
                f.write_str("This could not be saved: it holds only until the server stops.")
            }
            Self::Refused(refused) => refused.fmt(f),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotModerator => f.write_str("You are not a moderator"),
            Self::Banned => f.write_str("You are banned from this room"),
            Self::NickBanned(nick) => write!(f, "Nickname '{nick}' is banned from this room."),
            Self::NotHere(nick) => write!(f, "'{nick}' is not in this room."),
            Self::Oneself(act) => write!(f, "You cannot {} yourself.", act.infinitive()),
            Self::Administrator(act) => write!(f, "You cannot {} an administrator.", act.infinitive()),
            Self::Lobby(act) => write!(f, "Nobody can be {act} from the lobby."),
            Self::AlreadyBanned(nick) => write!(f, "'{nick}' is banned already."),
            Self::NotBanned(nick) => write!(f, "'{nick}' is not banned from this room."),
            Self::TooManyBans { max } => {
                write!(f, "This room has {max} bans already; lift one first (/bans, /unban).")
            }
            Self::AlreadyModerator(nick) => write!(f, "'{nick}' is a moderator already."),
            Self::NotAModerator(nick) => write!(f, "'{nick}' is not a moderator."),
            Self::LastModerator => {
                f.write_str("A room needs a moderator: make somebody else one first (/mod).")
            }
            Self::TooManyModerators { max } => write!(f, "This room has {max} moderators already."),
            Self::LobbyHasNone => f.write_str("The lobby has no moderators but the administrators."),
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
pub(super) struct Reason<'a>(pub(super) Option<&'a Text>);

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
        return write!(f, "Nobody is banned from '{room}'.");
    }
    write!(f, "Banned from '{room}': {}", bans.len())?;
    for Ban { nick, account, by, reason, at } in bans {
        write!(f, "\n{nick}")?;
        if let Some(account) = account {
            write!(f, " (account {account})")?;
        }
        write!(f, ", by {by} on {}{}", Minute(*at, clock::zone()), Reason(reason.as_ref()))?;
    }
    Ok(())
}
