//! Who does not want to hear whom.
//!
//! Ignoring goes by nickname, so that it lasts when the ignored one reconnects; and it follows a
//! change of nickname, so that it cannot be shaken off by one. A guest's number passes on to the
//! next stranger: there it ends with the guest.

use super::State;
use crate::{
    broadcaster::Except,
    event::Event,
    names::{ClientId, Nick},
};

/// How many users one client can ignore. It bounds what a client can make the server remember.
const MAX_IGNORED: usize = 100;

impl State {
    pub(super) fn ignore(&mut self, client: ClientId, nick: Nick) {
        let answer = self.try_ignore(client, nick);
        self.tell(client, answer);
    }

    fn try_ignore(&mut self, client: ClientId, nick: Nick) -> Event {
        let Some(&target) = self.nicks.get(&nick) else { return Event::NoSuchUser(nick) };
        let nick = self.nick(target);
        let ignores = &mut self.clients[client].ignores;
        if target == client {
            Event::IgnoringOneself
        } else if ignores.contains(&nick) {
            Event::AlreadyIgnoring(nick)
        } else if ignores.len() >= MAX_IGNORED {
            Event::IgnoringTooMany { max: MAX_IGNORED }
        } else {
            ignores.push(nick);
            self.ignored_by.entry(nick).or_default().push(client);
            Event::Ignoring(nick)
        }
    }

    pub(super) fn unignore(&mut self, client: ClientId, nick: Nick) {
        let ignores = &mut self.clients[client].ignores;
        let Some(place) = ignores.iter().position(|&ignored| ignored == nick) else {
            return self.tell(client, Event::NotIgnoring(nick));
        };
        let nick = ignores.swap_remove(place);
        self.no_longer_ignored_by(nick, client);
        self.tell(client, Event::NoLongerIgnoring(nick));
    }

    /// Those who do not hear what this nickname says.
    pub(super) fn ignoring(&self, nick: Nick) -> Except {
        match self.ignored_by.get(&nick) {
            Some(clients) => Except::These(clients.as_slice().into()),
            None => Except::Nobody,
        }
    }

    /// Somebody has a new nickname: those who ignored the old one ignore the new one instead.
    pub(super) fn follow_ignored(&mut self, old: Nick, new: Nick) {
        for client in self.ignored_by.remove(&old).unwrap_or_default() {
            let ignores = &mut self.clients[client].ignores;
            ignores.retain(|&nick| nick != old && nick != new);
            ignores.push(new);
            let ignoring = self.ignored_by.entry(new).or_default();
            if !ignoring.contains(&client) {
                ignoring.push(client);
            }
        }
    }

    /// A nickname is about to mean somebody else.
    pub(super) fn forget_ignored(&mut self, nick: Nick) {
        for client in self.ignored_by.remove(&nick).unwrap_or_default() {
            self.clients[client].ignores.retain(|&ignored| ignored != nick);
        }
    }

    /// A client is leaving, and ignores nobody any more.
    pub(super) fn stop_ignoring(&mut self, client: ClientId) {
        for nick in std::mem::take(&mut self.clients[client].ignores) {
            self.no_longer_ignored_by(nick, client);
        }
    }

    fn no_longer_ignored_by(&mut self, nick: Nick, client: ClientId) {
        let Some(clients) = self.ignored_by.get_mut(&nick) else { return };
        clients.retain(|&ignoring| ignoring != client);
        if clients.is_empty() {
            self.ignored_by.remove(&nick);
        }
    }
}
