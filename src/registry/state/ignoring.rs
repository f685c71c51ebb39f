//! Who does not want to hear whom.
//!
//! Ignoring goes by nickname, so that it lasts when the ignored one reconnects; and it follows a
//! change of nickname, so that it cannot be shaken off by one. A guest's number passes on to the
//! next stranger: there it ends with the guest.

use std::sync::Arc;

use super::State;
use crate::{
    broadcaster::Except,
    event::{Event, ignoring::Ignoring},
    names::{ClientId, Nick},
};

/// How many users one client can ignore. It bounds what a client can make the server remember.
const MAX_IGNORED: usize = 100;

impl State {
    pub(super) fn ignore(&mut self, client: ClientId, nick: Nick) {
        let answer = match self.nicks.get(&nick) {
            Some(&target) => self.try_ignore(client, target).into(),
            None => Event::NoSuchUser(nick),
        };
        self.tell(client, answer);
    }

    fn try_ignore(&mut self, client: ClientId, target: ClientId) -> Ignoring {
        let nick = self.nick(target);
        let ignores = &mut self.clients[client].ignores;
        if target == client {
            Ignoring::Oneself
        } else if ignores.contains(&nick) {
            Ignoring::Already(nick)
        } else if ignores.len() >= MAX_IGNORED {
            Ignoring::TooMany { max: MAX_IGNORED }
        } else {
            ignores.push(nick);
            self.now_ignored_by(nick, client);
            Ignoring::Begun(nick)
        }
    }

    pub(super) fn unignore(&mut self, client: ClientId, nick: Nick) {
        let answer = match self.hear_again(client, nick) {
            Some(nick) => Ignoring::Ended(nick),
            None => Ignoring::Never(nick),
        };
        self.tell(client, answer.into());
    }

    /// Lets a client hear a nickname, if it did not; so also when the nickname becomes its own. Gives
    /// the name as it was spelled when it was ignored.
    pub(super) fn hear_again(&mut self, client: ClientId, nick: Nick) -> Option<Nick> {
        let ignores = &mut self.clients[client].ignores;
        let place = ignores.iter().position(|&ignored| ignored == nick)?;
        let nick = ignores.swap_remove(place);
        self.no_longer_ignored_by(nick, client);
        Some(nick)
    }

    /// Those who do not hear what this nickname says.
    pub(super) fn ignoring(&self, nick: Nick) -> Except {
        match self.ignored_by.get(&nick) {
            Some(clients) => Except::These(Arc::clone(clients)),
            None => Except::Nobody,
        }
    }

    /// Somebody has a new nickname: those who ignored the old one ignore the new one instead.
    pub(super) fn follow_ignored(&mut self, old: Nick, new: Nick) {
        let Some(clients) = self.ignored_by.remove(&old) else { return };
        for &client in &*clients {
            let ignores = &mut self.clients[client].ignores;
            ignores.retain(|&nick| nick != old && nick != new);
            ignores.push(new);
        }
        let others = self.ignored_by.remove(&new).unwrap_or_default();
        let others = others.iter().filter(|client| !clients.contains(client));
        self.ignored_by.insert(new, clients.iter().chain(others).copied().collect());
    }

    /// A nickname is about to mean somebody else.
    pub(super) fn forget_ignored(&mut self, nick: Nick) {
        for &client in &*self.ignored_by.remove(&nick).unwrap_or_default() {
            self.clients[client].ignores.retain(|&ignored| ignored != nick);
        }
    }

    /// A client is leaving, and ignores nobody any more.
    pub(super) fn stop_ignoring(&mut self, client: ClientId) {
        for nick in std::mem::take(&mut self.clients[client].ignores) {
            self.no_longer_ignored_by(nick, client);
        }
    }

    fn now_ignored_by(&mut self, nick: Nick, client: ClientId) {
        let clients = self.ignored_by.entry(nick).or_default();
        *clients = clients.iter().copied().chain([client]).collect();
    }

    fn no_longer_ignored_by(&mut self, nick: Nick, client: ClientId) {
        let Some(clients) = self.ignored_by.get_mut(&nick) else { return };
        *clients = clients.iter().copied().filter(|&ignoring| ignoring != client).collect();
        if clients.is_empty() {
            self.ignored_by.remove(&nick);
        }
    }
}
