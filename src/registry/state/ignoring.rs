//! `/ignore` and `/unignore`.

use super::{State, Turn};
use crate::{
    event::{Event, ignoring::Ignoring},
    names::{ClientId, Nick},
};

impl State {
    #[inline(never)]
    pub(super) fn ignore(&mut self, turn: &mut Turn, client: ClientId, nick: Nick) {
        match self.people.find(nick) {
            Some(target) if target == client => turn.tell(client, Ignoring::Yourself),
            Some(target) => turn.tell(client, self.ignores.add(client, target, self.people[target].nick)),
            None => turn.tell(client, Event::NoSuchUser(nick)),
        }
    }

    #[inline(never)]
    pub(super) fn unignore(&mut self, turn: &mut Turn, client: ClientId, nick: Nick) {
        let answer = match self.ignores.remove(client, nick, self.people.find(nick)) {
            Some(nick) => Ignoring::Ended(nick),
            None => Ignoring::Never(nick),
        };
        turn.tell(client, answer);
    }
}
