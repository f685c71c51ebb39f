//! `/ignore` and `/unignore`.

use super::{State, Turn};
use crate::{
    event::{Event, ignoring::Ignoring},
    names::Nick,
};

impl State {
    #[inline(never)]
    pub(super) fn ignore(&mut self, turn: &mut Turn, nick: Nick) {
        match self.people.find(nick) {
            Some(target) if target == turn.client => turn.answer(Ignoring::Yourself),
            Some(target) => turn.answer(self.ignores.add(turn.client, target, self.people[target].nick)),
            None => turn.answer(Event::NoSuchUser(nick)),
        }
    }

    #[inline(never)]
    pub(super) fn unignore(&mut self, turn: &mut Turn, nick: Nick) {
        let answer = match self.ignores.remove(turn.client, nick, self.people.find(nick)) {
            Some(nick) => Ignoring::Ended(nick),
            None => Ignoring::Never(nick),
        };
        turn.answer(answer);
    }
}
