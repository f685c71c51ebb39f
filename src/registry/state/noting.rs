//! What the log is told.
//!
//! Noting is one push into memory. It never waits for a disk under the lock, and without a log nothing
//! is noted.

use super::{State, Turn};
use crate::{
    command::Command,
    ending::Ending,
    event::Event,
    fact::{Deed, Fact, Noting},
    names::{ClientId, Nick},
    text::Text,
};

impl State {
    /// Notes what a client has just done.
    pub(super) fn note(&self, turn: &mut Turn, client: ClientId, deed: Deed) {
        if turn.noting.is_some() {
            self.note_now(turn, client, deed);
        }
    }

    /// As [`State::note`], but the deed is made only if there is a log.
    pub(super) fn note_with(&self, turn: &mut Turn, client: ClientId, deed: impl FnOnce() -> Deed) {
        if turn.noting.is_some() {
            self.note_now(turn, client, deed());
        }
    }

    #[inline(never)]
    fn note_now(&self, turn: &mut Turn, client: ClientId, deed: Deed) {
        let doer = &self.people[client];
        let (at, room) = (turn.now.wall, self.room(client).name);
        turn.facts.push(Fact { at, who: doer.nick, address: doer.link.address, room, deed });
    }

    /// Tells a client who it is or is not, and notes that.
    pub(super) fn tell_and_note(&self, turn: &mut Turn, client: ClientId, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(turn, client, || Deed::Told(Box::new(event.clone())));
        turn.tell(client, event);
    }

    /// Tells a client what it has done as an administrator, and notes that.
    pub(super) fn tell_deed(&self, turn: &mut Turn, client: ClientId, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(turn, client, || Deed::Did(Box::new(event.clone())));
        turn.tell(client, event);
    }

    pub(super) fn note_command(&self, turn: &mut Turn, client: ClientId, command: &Command) {
        if turn.noting.is_some()
            && let Some(asked) = command.logged()
        {
            self.note(turn, client, Deed::Asked(asked));
        }
    }

    pub(super) fn note_whisper(&self, turn: &mut Turn, client: ClientId, to: Nick, text: &Text) {
        if let Some(Noting { whispers }) = turn.noting {
            self.note(turn, client, Deed::Whispered { to, text: whispers.then(|| text.clone()) });
        }
    }

    /// A client that goes because the server stops has no reason of its own.
    pub(super) fn note_ending(&self, turn: &mut Turn, client: ClientId, why: Ending) {
        let is_told_to = matches!(why, Ending::Closed | Ending::Dismissed);
        let why = if self.closing.is_stopping && is_told_to { Ending::Stopping } else { why };
        self.note(turn, client, Deed::Disconnected(why));
    }
}
