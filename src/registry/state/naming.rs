//! What others can know about a client: its nickname, whether it is away (`/away`), and where it is.

use super::{State, Turn};
use crate::{
    event::{Away, Event, Whois, account::AccountEvent, moderation::Refused},
    fact::Deed,
    names::{ClientId, Nick},
    text::Text,
};

impl State {
    pub(super) fn rename(&mut self, turn: &mut Turn, new: Nick) {
        match self.nick_refusal(turn.client, new) {
            Some(why) => turn.answer(*why),
            None => self.change_nick(turn, new),
        }
    }

    /// The reason why a client may not take a nickname, if there is one.
    #[inline(never)]
    fn nick_refusal(&self, client: ClientId, new: Nick) -> Option<Box<Event>> {
        Some(Box::new(if self.is_registered_by_another(new, client) {
            AccountEvent::LoginRequired(new).into()
        } else if self.people.find(new).is_some_and(|owner| owner != client) {
            Event::NickTaken(new)
        } else if self.room(client).remembered.bans.forbid(new) && !self.people[client].is_administrator {
            Refused::NickBanned(new).into()
        } else {
            return None;
        }))
    }

    /// Gives a client a free nickname, and tells it and its room.
    #[inline(never)]
    pub(super) fn change_nick(&mut self, turn: &mut Turn, new: Nick) {
        let old = self.people[turn.client].nick;
        self.set_nick(turn, new);
        turn.answer(Event::NickChanged(new));
        if old.as_str() != new.as_str() {
            self.announce(turn, Event::Renamed { old, new });
        }
    }

    /// Gives a client a free nickname without telling anyone.
    #[inline(never)]
    pub(super) fn set_nick(&mut self, turn: &mut Turn, new: Nick) {
        self.note(turn, || Deed::Renamed(new));
        let old = self.people[turn.client].nick;
        self.ignores.rename(turn.client, new);
        self.people.rename(turn.client, new);
        self.mutes.rename(turn.client, new);
        self.room_mut(turn.client).rename(turn.client, old, new);
    }

    pub(super) fn go_away(&mut self, turn: &mut Turn, reason: Option<Text>) {
        let away = Away(reason);
        self.people[turn.client].away = Some(away.clone());
        turn.answer(Event::YouAreAway(away));
    }

    /// The client has said something.
    pub(super) fn come_back(&mut self, turn: &mut Turn) {
        if self.people[turn.client].away.take().is_some() {
            turn.answer(Event::NoLongerAway);
        }
    }

    #[inline(never)]
    pub(super) fn whois(&mut self, turn: &mut Turn, nick: Nick) {
        let Some(id) = self.people.find(nick) else {
            return turn.answer(Event::NoSuchUser(nick));
        };
        let (whom, now) = (&self.people[id], turn.now.instant);
        let (connected, idle) = (now - whom.link.connected, now - whom.last_active);
        let (nick, room, away) = (whom.nick, self.room(id).name, whom.away.clone());
        let (wire, purpose) = (whom.link.wire.scheme, self.bots.purpose(id).cloned());
        let whois = Whois { nick, room, wire, connected, idle, away, purpose };
        turn.answer_with(|| Event::Whois(Box::new(whois)));
    }
}
