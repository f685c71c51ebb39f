//! The users who may not enter a room.
//!
//! A user can take another nickname at any time. So a ban covers the nickname, its account and the
//! connection, which a user cannot change without leaving. Only the nickname and the account are saved.

use super::people::Identity;
use crate::{
    event::moderation::Refused,
    names::{ClientId, Nick},
    record::Ban,
};

/// The most bans of one room. This bounds what the server remembers, and the answer to `/bans`.
const MOST: usize = 100;

/// The most connections of one ban, of a user who returns under other names. The oldest is forgotten.
const MOST_CONNECTIONS: usize = 8;

/// The bans of one room, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Bans(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    ban: Ban,
    /// Connections that are known to be the banned user's. One that is gone matches no other client.
    connections: Vec<ClientId>,
}

impl Bans {
    pub(super) fn restored(bans: impl IntoIterator<Item = Ban>) -> Self {
        let entries = bans.into_iter().map(|ban| Entry { ban, connections: Vec::new() });
        Self(entries.filter(Entry::is_saved).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn saved(&self) -> impl Iterator<Item = &Ban> {
        self.0.iter().filter(|entry| entry.is_saved()).map(|entry| &entry.ban)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Ban> {
        self.0.iter().map(|entry| &entry.ban)
    }

    /// Bans a user, and their connection if they are here.
    pub(super) fn add(&mut self, ban: Ban, connection: Option<ClientId>) -> Result<(), Refused> {
        let is_same = |entry: &Entry| {
            entry.is_for_name(ban.nick)
                || connection.is_some_and(|id| is_guest(ban.nick) && entry.connections.contains(&id))
        };
        if self.0.iter().any(is_same) {
            return Err(Refused::AlreadyBanned(ban.nick));
        }
        if self.0.len() >= MOST {
            return Err(Refused::TooManyBans(MOST));
        }
        self.0.push(Entry { ban, connections: connection.into_iter().collect() });
        Ok(())
    }

    /// Lifts every ban of this nickname or account. Returns the name as it was spelled.
    pub(super) fn lift(&mut self, nick: Nick) -> Option<Nick> {
        let is_theirs = |entry: &Entry| entry.ban.nick == nick || entry.ban.account == Some(nick);
        let spelled = self.0.iter().find(|entry| is_theirs(entry))?.ban.nick;
        self.0.retain(|entry| !is_theirs(entry));
        Some(spelled)
    }

    pub(super) fn has(&self, nick: Nick) -> bool {
        self.0.iter().any(|entry| entry.ban.nick == nick)
    }

    /// Whether no member of the room may take this nickname.
    pub(super) fn forbid(&self, nick: Nick) -> bool {
        self.0.iter().any(|entry| entry.is_for_name(nick))
    }

    pub(super) fn cover(&self, user: Identity) -> bool {
        self.0.iter().any(|entry| entry.covers(user))
    }

    /// As [`Bans::cover`], for a user who tries to enter: the ban covers the connection from then on, too.
    pub(super) fn refuse(&mut self, user: Identity) -> bool {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.covers(user)) else { return false };
        if !entry.connections.contains(&user.client) {
            if entry.connections.len() >= MOST_CONNECTIONS {
                entry.connections.remove(0);
            }
            entry.connections.push(user.client);
        }
        true
    }

    /// Forgets the bans of guests who are gone: other users get their nicknames.
    pub(super) fn forget_gone(&mut self, is_here: impl Fn(ClientId) -> bool) {
        self.0.retain(|entry| entry.is_saved() || entry.connections.iter().any(|&id| is_here(id)));
    }
}

impl Entry {
    /// Whether it is saved: its user could be recognised after a restart.
    fn is_saved(&self) -> bool {
        self.ban.account.is_some() || !is_guest(self.ban.nick)
    }

    fn is_for_name(&self, nick: Nick) -> bool {
        self.ban.nick == nick && !is_guest(nick)
    }

    fn covers(&self, Identity { client, nick, account, .. }: Identity) -> bool {
        let is_their_account = |name| self.ban.account == Some(name) || self.is_for_name(name);
        self.is_for_name(nick) || account.is_some_and(is_their_account) || self.connections.contains(&client)
    }
}

fn is_guest(nick: Nick) -> bool {
    nick.guest_number().is_some()
}
