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
    names::Nick,
    text::Text,
};

impl State {
    /// Notes what the client has just done.
    pub(super) fn note(&self, turn: &mut Turn, deed: Deed) {
        if turn.noting.is_some() {
            self.note_now(turn, deed);
        }
    }

    /// As [`State::note`], but the deed is made only if there is a log.
    pub(super) fn note_with(&self, turn: &mut Turn, deed: impl FnOnce() -> Deed) {
        if turn.noting.is_some() {
            self.note_now(turn, deed());
        }
    }

    #[inline(never)]
    fn note_now(&self, turn: &mut Turn, deed: Deed) {
        let doer = &self.people[turn.client];
        let (at, room) = (turn.now.wall, self.room(turn.client).name);
        turn.facts.push(Fact { at, who: doer.nick, address: doer.link.address, room, deed });
    }

    /// Tells a client who it is or is not, and notes that.
    pub(super) fn tell_and_note(&self, turn: &mut Turn, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(turn, || Deed::Told(Box::new(event.clone())));
        turn.answer(event);
    }

    /// Tells a client what it has done as an administrator, and notes that.
    pub(super) fn tell_deed(&self, turn: &mut Turn, event: impl Into<Event>) {
        let event = event.into();
        self.note_with(turn, || Deed::Did(Box::new(event.clone())));
        turn.answer(event);
    }

    pub(super) fn note_command(&self, turn: &mut Turn, command: &Command) {
        if turn.noting.is_some()
            && let Some(asked) = command.logged()
        {
            self.note(turn, Deed::Asked(asked));
        }
    }

    pub(super) fn note_whisper(&self, turn: &mut Turn, to: Nick, text: &Text) {
        if let Some(Noting { whispers }) = turn.noting {
            self.note(turn, Deed::Whispered { to, text: whispers.then(|| text.clone()) });
        }
    }

    /// A client that goes because the server stops has no reason of its own.
    pub(super) fn note_ending(&self, turn: &mut Turn, why: Ending) {
        let is_told_to = matches!(why, Ending::Closed | Ending::Dismissed);
        let why = if self.closing.is_stopping && is_told_to { Ending::Stopping } else { why };
        self.note(turn, Deed::Disconnected(why));
    }
}
