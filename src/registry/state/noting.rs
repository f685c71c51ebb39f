//! What is noted for those who look back.
//!
//! Noting is one push into memory. Nobody waits for a disk under the lock, and where nobody looks
//! back, nothing is noted.

use std::mem;

use super::{Client, State};
use crate::{
    command::Command,
    ending::Ending,
    event::Event,
    fact::{Deed, Fact, Noting},
    names::{ClientId, Nick},
    text::Text,
};

impl State {
    /// From now on facts are noted, to be taken by [`State::take_facts`].
    pub fn start_noting(&mut self, noting: Noting) {
        self.noting = Some(noting);
    }

    /// What there is to say to those who look back, since this was last asked.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        mem::take(&mut self.facts)
    }

    /// Notes what a client has just done.
    pub(super) fn note(&mut self, client: ClientId, deed: Deed) {
        self.note_with(client, || deed);
    }

    /// The same; what it was is made only if somebody looks back.
    pub(super) fn note_with(&mut self, client: ClientId, deed: impl FnOnce() -> Deed) {
        if self.noting.is_some() {
            let Client { nick: who, address, .. } = self.clients[client];
            let (at, room) = (self.now.wall, self.room(client).name);
            self.facts.push(Fact { at, who, address, room, deed: deed() });
        }
    }

    /// Tells a client what came of a wish to be somebody, and notes that.
    pub(super) fn answer(&mut self, client: ClientId, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(client, || Deed::Told(Box::new(event.clone())));
        self.tell(client, event);
    }

    /// Tells a client what it has done by virtue of its office, and notes that.
    pub(super) fn report(&mut self, client: ClientId, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(client, || Deed::Did(Box::new(event.clone())));
        self.tell(client, event);
    }

    pub(super) fn note_command(&mut self, client: ClientId, command: &Command) {
        if self.noting.is_some()
            && let Some(asked) = command.asked()
        {
            self.note(client, Deed::Asked(asked));
        }
    }

    pub(super) fn note_whisper(&mut self, client: ClientId, to: Nick, text: &Text) {
        if let Some(Noting { whispers }) = self.noting {
            self.note(client, Deed::Whispered { to, text: whispers.then(|| text.clone()) });
        }
    }

    /// Whoever goes when everybody is told to go does not go for a reason of its own.
    pub(super) fn note_ending(&mut self, client: ClientId, why: Ending) {
        let is_told_to = matches!(why, Ending::Closed | Ending::SentAway);
        let why = if self.is_stopping && is_told_to { Ending::Stopping } else { why };
        self.note(client, Deed::Disconnected(why));
    }
}
