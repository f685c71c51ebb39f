//! `/away`: until the next word, others see that a user does not read.

use super::{State, Turn, people::Client};
use crate::{
    event::{Away, Event, Member},
    names::{ClientId, Nick},
    text::Text,
};

impl State {
    pub(super) fn go_away(&mut self, turn: &mut Turn, client: ClientId, reason: Option<Text>) {
        let away = Away { reason };
        self.people[client].away = Some(away.clone());
        turn.tell(client, Event::YouAreAway(away));
    }

    /// A client has said something.
    pub(super) fn come_back(&mut self, turn: &mut Turn, client: ClientId) {
        if self.people[client].away.take().is_some() {
            turn.tell(client, Event::NoLongerAway);
        }
    }

    /// Tells a client that has whispered to another one, if that is away.
    pub(super) fn warn_if_away(&self, turn: &mut Turn, client: ClientId, other: ClientId) {
        let Client { nick, away, .. } = &self.people[other];
        if let Some(away) = away {
            turn.tell(client, Event::IsAway(*nick, away.clone()));
        }
    }

    /// A member of a room, as `/users` shows it.
    pub(super) fn listed(&self, nick: Nick, client: ClientId) -> Member {
        Member { nick, is_away: self.people[client].away.is_some() }
    }
}
