//! `/away`: until the next word, others see that a user does not read.

use super::{State, Turn, people::Client};
use crate::{
    event::away::{Away, AwayEvent, Member},
    names::{ClientId, Nick},
    text::Text,
};

impl State {
    pub(super) fn go_away(&mut self, turn: &mut Turn, reason: Option<Text>) {
        let away = Away { reason };
        self.people[turn.client].away = Some(away.clone());
        turn.answer(AwayEvent::Begun(away));
    }

    /// A client has said something.
    pub(super) fn come_back(&mut self, turn: &mut Turn) {
        if self.people[turn.client].away.take().is_some() {
            turn.answer(AwayEvent::Ended);
        }
    }

    /// Tells a client that has whispered to another one, if that is away.
    pub(super) fn warn_if_away(&self, turn: &mut Turn, other: ClientId) {
        let Client { nick, away, .. } = &self.people[other];
        if let Some(away) = away {
            turn.answer(AwayEvent::IsAway(*nick, away.clone()));
        }
    }

    /// A member of a room, as `/users` shows it.
    pub(super) fn listed(&self, nick: Nick, client: ClientId) -> Member {
        Member { nick, is_away: self.people[client].away.is_some() }
    }
}
