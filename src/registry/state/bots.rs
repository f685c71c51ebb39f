//! Which clients are bots, and what they do. A client says of itself that it is one, with `/bot`.
//!
//! A bot has the rights and limits of any other client, except that it does not become the moderator of a room by
//! being there: the users could not moderate a room that a bot has opened.

use slotmap::SecondaryMap;

use super::{State, Turn};
use crate::{
    event::{
        Listing,
        bots::{BotEvent, Listed},
    },
    names::{ClientId, Nick},
    text::Text,
};

/// The most bots, so that one answer lists all of them.
const MOST: usize = Listing::<Listed>::MAX;

#[derive(Default)]
pub(super) struct Bots(SecondaryMap<ClientId, Text>);

impl Bots {
    /// What a client does, if it is a bot.
    pub(super) fn purpose(&self, client: ClientId) -> Option<&Text> {
        self.0.get(client)
    }

    /// Whether a client is a bot.
    pub(super) fn contain(&self, client: ClientId) -> bool {
        self.0.contains_key(client)
    }

    pub(super) fn leave(&mut self, client: ClientId) {
        self.0.remove(client);
    }
}

impl State {
    /// The client is a bot from now on, until it leaves.
    #[inline(never)]
    pub(super) fn become_bot(&mut self, turn: &mut Turn, purpose: Text) {
        let Bots(bots) = &mut self.bots;
        if bots.len() >= MOST && !bots.contains_key(turn.client) {
            return turn.answer(BotEvent::TooMany(MOST));
        }
        bots.insert(turn.client, purpose.clone());
        turn.answer(BotEvent::You(purpose));
    }

    #[inline(never)]
    pub(super) fn list_bots(&self, turn: &mut Turn) {
        let listed = |(client, purpose): (_, &Text)| {
            let (nick, room) = (self.people[client].nick, self.room(client).name);
            Listed { nick, room, purpose: purpose.clone() }
        };
        let mut bots: Vec<_> = self.bots.0.iter().map(listed).collect();
        bots.sort_unstable_by_key(|bot| bot.nick);
        turn.answer_at_length(BotEvent::List(Listing::new(bots.len(), bots.into_iter())));
    }

    /// Whether this is the nickname of a bot.
    pub fn is_bot(&self, nick: Nick) -> bool {
        self.people.find(nick).is_some_and(|client| self.bots.contain(client))
    }
}
