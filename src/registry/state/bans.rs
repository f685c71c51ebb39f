//! Who may not come into a room.
//!
//! People are hard to recognise: anybody can take another nickname. So a ban holds for the nickname,
//! for its account, and for the connection, which cannot be changed without leaving. Only the first
//! two outlive the connection, and only they are saved.

use crate::{
    event::moderation::Refused,
    names::{ClientId, Nick},
    record::Ban,
};

/// The most bans of one room. It bounds what a moderator can make the server remember, and the answer
/// to `/bans`.
const MOST: usize = 100;

/// The most connections of one ban: more than one only if the banned come in again and again, and
/// under another name each time. Then the oldest is forgotten.
const MOST_CONNECTIONS: usize = 8;

/// The bans of one room, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Bans(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    ban: Ban,
    /// Connections that are known to be theirs. An id is never used twice, so one that has gone can
    /// stay here and harm nobody.
    connections: Vec<ClientId>,
}

/// By what somebody is recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) connection: ClientId,
    pub(super) nick: Nick,
    pub(super) account: Option<Nick>,
}

impl Bans {
    /// The bans that were saved.
    pub fn restored(bans: impl IntoIterator<Item = Ban>) -> Self {
        Self(
            bans.into_iter().map(|ban| Entry { ban, connections: Vec::new() }).filter(Entry::lasts).collect(),
        )
    }

    /// Whether nobody is banned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is to be saved.
    pub fn lasting(&self) -> impl Iterator<Item = &Ban> {
        self.0.iter().filter(|entry| entry.lasts()).map(|entry| &entry.ban)
    }

    /// Bans somebody, and their connection if they are here.
    pub(super) fn add(&mut self, ban: Ban, connection: Option<ClientId>) -> Result<(), Refused> {
        let is_same = |entry: &Entry| {
            entry.is_for_name(ban.nick)
                || connection.is_some_and(|id| is_guest(ban.nick) && entry.connections.contains(&id))
        };
        if self.0.iter().any(is_same) {
            return Err(Refused::AlreadyBanned(ban.nick));
        }
        if self.0.len() >= MOST {
            return Err(Refused::TooManyBans { max: MOST });
        }
        self.0.push(Entry { ban, connections: connection.into_iter().collect() });
        Ok(())
    }

    /// Lifts every ban of this nickname or account; gives the name as it was spelled.
    pub(super) fn lift(&mut self, nick: Nick) -> Option<Nick> {
        let is_theirs = |entry: &Entry| entry.ban.nick == nick || entry.ban.account == Some(nick);
        let spelled = self.0.iter().find(|entry| is_theirs(entry))?.ban.nick;
        self.0.retain(|entry| !is_theirs(entry));
        Some(spelled)
    }

    /// Whether there is a ban of this nickname.
    pub(super) fn has(&self, nick: Nick) -> bool {
        self.0.iter().any(|entry| entry.ban.nick == nick)
    }

    /// Whether nobody in the room may take this nickname.
    pub(super) fn forbid(&self, nick: Nick) -> bool {
        self.0.iter().any(|entry| entry.is_for_name(nick))
    }

    /// Whether somebody may not come in.
    pub(super) fn hold_for(&self, who: Identity) -> bool {
        self.0.iter().any(|entry| entry.holds_for(who))
    }

    /// The same at the door: whoever was recognised once is recognised from then on, whatever name it
    /// takes.
    pub(super) fn refuse(&mut self, who: Identity) -> bool {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.holds_for(who)) else { return false };
        if !entry.connections.contains(&who.connection) {
            if entry.connections.len() >= MOST_CONNECTIONS {
                entry.connections.remove(0);
            }
            entry.connections.push(who.connection);
        }
        true
    }

    /// Forgets the bans of guests who have gone: their nicknames are passed on to strangers.
    pub(super) fn forget_gone(&mut self, is_here: impl Fn(ClientId) -> bool) {
        self.0.retain(|entry| entry.lasts() || entry.connections.iter().any(|&id| is_here(id)));
    }

    /// The bans, as they are shown.
    pub(super) fn rows(&self) -> Vec<Ban> {
        self.0.iter().map(|entry| entry.ban.clone()).collect()
    }
}

impl Entry {
    /// Whether anybody could be recognised after a restart.
    fn lasts(&self) -> bool {
        self.ban.account.is_some() || !is_guest(self.ban.nick)
    }

    fn is_for_name(&self, nick: Nick) -> bool {
        self.ban.nick == nick && !is_guest(nick)
    }

    fn holds_for(&self, Identity { connection, nick, account }: Identity) -> bool {
        let is_their_account = |name| self.ban.account == Some(name) || self.is_for_name(name);
        self.is_for_name(nick)
            || account.is_some_and(is_their_account)
            || self.connections.contains(&connection)
    }
}

fn is_guest(nick: Nick) -> bool {
    nick.guest_number().is_some()
}
