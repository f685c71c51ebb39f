//! Who does not want to hear whom.
//!
//! Ignoring goes by nickname, so it lasts when the ignored user reconnects, and it follows a change of
//! nickname. A guest's number passes on to the next stranger, so ignoring a guest ends with the guest.

use std::{collections::HashMap, sync::Arc};

use crate::{
    broadcaster::Except,
    event::ignoring::Ignoring,
    names::{ClientId, Nick},
};

/// The most users that one client can ignore.
const MOST: usize = 100;

/// Who ignores whom, from both sides.
#[derive(Default)]
pub(super) struct Ignores {
    lists: HashMap<ClientId, Vec<Nick>>,
    /// Asked for with every message, and shared with the posts.
    by_nick: HashMap<Nick, Arc<[ClientId]>>,
}

impl Ignores {
    /// The clients that do not hear what this nickname says.
    pub(super) fn deaf_to(&self, nick: Nick) -> Except {
        match self.by_nick.get(&nick) {
            Some(clients) => Except::These(Arc::clone(clients)),
            None => Except::Nobody,
        }
    }

    /// Whether a client ignores a nickname.
    pub(super) fn contain(&self, client: ClientId, nick: Nick) -> bool {
        self.lists.get(&client).is_some_and(|list| list.contains(&nick))
    }

    /// Begins to ignore a user.
    pub(super) fn add(&mut self, client: ClientId, nick: Nick) -> Ignoring {
        let list = self.lists.entry(client).or_default();
        if list.contains(&nick) {
            Ignoring::Already(nick)
        } else if list.len() >= MOST {
            Ignoring::TooMany { max: MOST }
        } else {
            list.push(nick);
            let clients = self.by_nick.entry(nick).or_default();
            *clients = clients.iter().copied().chain([client]).collect();
            Ignoring::Begun(nick)
        }
    }

    /// Ends ignoring a nickname; returns it as it was spelled when it was ignored.
    pub(super) fn remove(&mut self, client: ClientId, nick: Nick) -> Option<Nick> {
        let list = self.lists.get_mut(&client)?;
        let place = list.iter().position(|&ignored| ignored == nick)?;
        let nick = list.swap_remove(place);
        self.forget_pair(nick, client);
        Some(nick)
    }

    /// A user has another nickname: those who ignored the old one ignore the new one instead.
    pub(super) fn rename(&mut self, old: Nick, new: Nick) {
        let Some(clients) = self.by_nick.remove(&old) else { return };
        for client in &*clients {
            let list = self.lists.entry(*client).or_default();
            list.retain(|&nick| nick != old && nick != new);
            list.push(new);
        }
        let others = self.by_nick.remove(&new).unwrap_or_default();
        let others = others.iter().filter(|client| !clients.contains(client));
        self.by_nick.insert(new, clients.iter().chain(others).copied().collect());
    }

    /// A client leaves, and ignores no one any more. If it is a guest, it is not ignored any more either.
    pub(super) fn leave(&mut self, client: ClientId, nick: Nick) {
        for ignored in self.lists.remove(&client).unwrap_or_default() {
            self.forget_pair(ignored, client);
        }
        if nick.guest_number().is_some() {
            for client in &*self.by_nick.remove(&nick).unwrap_or_default() {
                self.lists.entry(*client).or_default().retain(|&ignored| ignored != nick);
            }
        }
    }

    fn forget_pair(&mut self, nick: Nick, client: ClientId) {
        let Some(clients) = self.by_nick.get_mut(&nick) else { return };
        *clients = clients.iter().copied().filter(|&ignoring| ignoring != client).collect();
        if clients.is_empty() {
            self.by_nick.remove(&nick);
        }
    }

    /// Both sides agree.
    #[cfg(test)]
    #[track_caller]
    pub(super) fn check(&self) {
        assert_eq!(
            self.by_nick.values().map(|clients| clients.len()).sum::<usize>(),
            self.lists.values().map(Vec::len).sum::<usize>()
        );
    }
}
