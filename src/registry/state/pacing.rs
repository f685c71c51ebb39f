//! Whether a client may do something now, or has done too much of it lately.

use std::time::Duration;

use super::{State, Turn, pace::Limited};
use crate::{
    command::{Ask, Command, Kind},
    event::pace::PaceEvent,
    fact::Deed,
    names::ClientId,
};

/// For how long a client is muted that goes on speaking too fast.
const SHORT_MUTE: Duration = Duration::from_secs(30);

impl State {
    /// How long a client has to wait for the answer to a command that concerns no other client. To refuse
    /// it would cost as much as to answer it; while its thread waits, only its own commands queue up.
    pub(super) fn must_wait(&mut self, turn: &Turn, client: ClientId, command: &Command) -> Option<Duration> {
        let limited = match command.ask {
            // These have limits of their own.
            Ask::Rename(_) | Ask::Join(_) | Ask::Leave | Ask::Account(_) | Ask::Quit => return None,
            Ask::ShowHistory(_) => Limited::Histories,
            _ if command.verb.kind == Kind::Speech => return None,
            _ => Limited::Questions,
        };
        self.pace.take(client, limited, turn.now.instant).err()
    }

    /// Whether a client may give a command now. If not, it has been told why.
    pub(super) fn may(&mut self, turn: &mut Turn, client: ClientId, command: &Command) -> bool {
        let refusal = match &command.ask {
            _ if command.is_speech() => self.too_much_speech(turn, client),
            // The first nickname belongs to the arrival, which has a limit already.
            Ask::Rename(_) if self.people[client].nick.guest_number().is_some() => None,
            Ask::Rename(_) => self.too_often(turn, client, Limited::Nicknames),
            Ask::Join(_) | Ask::Leave => self.too_often(turn, client, Limited::Moves),
            _ => None,
        };
        permitted(turn, client, refusal)
    }

    /// Whether a client may whisper to another one now. If not, it has been told why.
    pub(super) fn may_whisper_to(&mut self, turn: &mut Turn, client: ClientId, target: ClientId) -> bool {
        let is_known = client == target || self.pace.knows(client, target);
        let refusal = if is_known { None } else { self.too_often(turn, client, Limited::Strangers) };
        permitted(turn, client, refusal)
    }

    /// Whether a client may create a room now. If not, it has been told why.
    pub(super) fn may_create_room(&mut self, turn: &mut Turn, client: ClientId) -> bool {
        let wait = self.pace.create_room(self.people[client].origin(), turn.now.instant).err();
        permitted(turn, client, wait.map(PaceEvent::TooManyRooms))
    }

    /// Whether a client may offer a file now: another user reads its name, so a muted client may not. If
    /// not, it has been told why.
    pub(super) fn may_offer(&mut self, turn: &mut Turn, client: ClientId) -> bool {
        let refusal = self.muted_now(turn, client).or_else(|| self.too_often(turn, client, Limited::Offers));
        permitted(turn, client, refusal)
    }

    fn too_much_speech(&mut self, turn: &mut Turn, client: ClientId) -> Option<PaceEvent> {
        if let Some(muted) = self.muted_now(turn, client) {
            return Some(muted);
        }
        let now = turn.now.instant;
        self.pace.take(client, Limited::Speech, now).err()?;
        if !self.pace.note_too_fast(client, now) {
            return Some(PaceEvent::TooFast);
        }
        self.mutes.mute(self.people.identity(client), SHORT_MUTE, now);
        self.note(turn, client, Deed::Told(Box::new(PaceEvent::Muted(SHORT_MUTE).into())));
        Some(PaceEvent::Muted(SHORT_MUTE))
    }

    fn muted_now(&self, turn: &Turn, client: ClientId) -> Option<PaceEvent> {
        self.mutes.left(client, turn.now.instant).map(PaceEvent::Muted)
    }

    fn too_often(&mut self, turn: &Turn, client: ClientId, limited: Limited) -> Option<PaceEvent> {
        let wait = self.pace.take(client, limited, turn.now.instant).err()?;
        Some(match limited {
            // A client with too many questions is not refused, but waits.
            Limited::Speech | Limited::Questions | Limited::Histories => PaceEvent::TooFast,
            Limited::Nicknames => PaceEvent::TooManyNicknames(wait),
            Limited::Moves => PaceEvent::TooManyMoves(wait),
            Limited::Strangers => PaceEvent::TooManyStrangers(wait),
            Limited::Offers => PaceEvent::TooManyOffers(wait),
        })
    }
}

fn permitted(turn: &mut Turn, client: ClientId, refusal: Option<PaceEvent>) -> bool {
    let is_permitted = refusal.is_none();
    if let Some(refusal) = refusal {
        turn.tell(client, refusal);
    }
    is_permitted
}
