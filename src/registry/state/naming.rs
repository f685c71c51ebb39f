//! Nicknames: taking one, and asking about somebody.

use super::State;
use crate::{
    event::{Event, account::AccountEvent, moderation::Refused},
    fact::Deed,
    names::{ClientId, Nick},
};

impl State {
    pub(super) fn rename(&mut self, client: ClientId, new: Nick) {
        if self.is_somebody_elses(new, client) {
            return self.tell(client, AccountEvent::LoginRequired(new).into());
        }
        if self.nicks.get(&new).is_some_and(|&owner| owner != client) {
            return self.tell(client, Event::NickTaken(new));
        }
        if self.room(client).lasting.bans.forbid(new) && !self.clients[client].is_administrator {
            return self.tell(client, Refused::NickBanned(new).into());
        }
        self.call(client, new);
    }

    /// Gives a client a new nickname, which is free.
    pub(super) fn call(&mut self, client: ClientId, new: Nick) {
        let old = self.nick(client);
        self.follow_ignored(old, new);
        self.rename_member(client, new);
        self.tell(client, Event::NickChanged(new));
        if old.as_str() != new.as_str() {
            self.announce(client, Event::Renamed { old, new });
        }
    }

    pub(super) fn rename_member(&mut self, client: ClientId, new: Nick) {
        self.note(client, Deed::Renamed(new));
        let old = self.nick(client);
        self.nicks.remove(&old);
        self.nicks.insert(new, client);
        self.guests.give_back(old);
        self.hear_again(client, new);
        self.clients[client].nick = new;
        self.carry_mute(client);
        let room = self.room_mut(client);
        // Removed first: inserting an equal key would keep the old spelling.
        room.members.remove(&old);
        room.members.insert(new, client);
    }

    pub(super) fn whois(&mut self, client: ClientId, nick: Nick) {
        let Some(&id) = self.nicks.get(&nick) else {
            return self.tell(client, Event::NoSuchUser(nick));
        };
        let whom = &self.clients[id];
        let now = self.now.instant;
        let (connected, idle) = (now - whom.connected, now - whom.last_active);
        self.tell(client, Event::Whois { nick: whom.nick, room: self.room(id).name, connected, idle });
    }
}
