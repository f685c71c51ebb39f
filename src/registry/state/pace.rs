//! How fast one client may go: what it says, how often it is renamed or moves, whom it disturbs.
//!
//! What is over the limit is not carried out, and its author is told so, and nobody else. Everybody
//! has buckets of their own, so whoever floods spends only their own tokens. Other commands are not
//! limited: their answers go to whoever asks, and wait in that client's own outbox.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    State,
    bucket::{Bucket, Rate},
    muting::MuteId,
};
use crate::{command::Command, event::pace::PaceEvent, fact::Deed, names::ClientId};

/// Whoever goes over the limit twice within this time is muted; the first time is a warning.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// For how long.
const SHORT_MUTE: Duration = Duration::from_secs(30);

/// Enough to find a nickname that is free, too little to be a nuisance: everybody in the room is told.
const NICKNAMES: Rate = Rate { every: Duration::from_secs(10), burst: 5 };

/// Two rooms are told of each move.
const MOVES: Rate = Rate { every: Duration::from_millis(500), burst: 20 };

/// Enough to get to know people, too little to advertise something to everybody.
const STRANGERS: Rate = Rate { every: Duration::from_secs(6), burst: 10 };

/// Enough for a file to each in a small class, too little to pester anybody with requests.
const OFFERS: Rate = Rate { every: Duration::from_secs(5), burst: 12 };

/// How many people a client knows. Whoever was met longest ago is a stranger again then.
const MOST_KNOWN: usize = 64;

/// One client's buckets, and what it has done with them.
pub(super) struct Pace {
    speech: Bucket,
    nicknames: Bucket,
    moves: Bucket,
    strangers: Bucket,
    offers: Bucket,
    /// When it went over the limit of speech for the last time.
    exceeded: Option<Instant>,
    pub(super) mute: Option<MuteId>,
    /// Whom it has exchanged whispers with, the newest last.
    knows: VecDeque<ClientId>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        let full = Bucket::full(now);
        Self {
            speech: full,
            nicknames: full,
            moves: full,
            strangers: full,
            offers: full,
            exceeded: None,
            mute: None,
            knows: VecDeque::new(),
        }
    }

    fn met(&mut self, other: ClientId) {
        if !self.knows.contains(&other) {
            self.knows.push_back(other);
        }
        if self.knows.len() > MOST_KNOWN {
            self.knows.pop_front();
        }
    }
}

impl State {
    /// Whether a client may do this now. If not, it has been told why.
    pub(super) fn may(&mut self, client: ClientId, command: &Command) -> bool {
        let refusal = match command {
            _ if command.is_speech() => self.too_much_speech(client),
            Command::Rename(_) => self.too_often(client, NICKNAMES, |pace| &mut pace.nicknames),
            Command::Join(_) | Command::Leave => self.too_often(client, MOVES, |pace| &mut pace.moves),
            _ => None,
        };
        self.told(client, refusal)
    }

    /// Whether a client may whisper to this one now. If not, it has been told why.
    pub(super) fn may_whisper_to(&mut self, client: ClientId, target: ClientId) -> bool {
        let is_known = client == target || self.clients[client].pace.knows.contains(&target);
        let refusal =
            if is_known { None } else { self.too_often(client, STRANGERS, |pace| &mut pace.strangers) };
        self.told(client, refusal)
    }

    /// Whether a client may offer somebody a file now: the name is read by somebody else, so whoever is
    /// muted may not. If not, it has been told why.
    pub(super) fn may_offer(&mut self, client: ClientId) -> bool {
        let refusal = match self.muted_for(client) {
            Some(left) => Some(PaceEvent::Muted(left)),
            None => self.too_often(client, OFFERS, |pace| &mut pace.offers),
        };
        self.told(client, refusal)
    }

    /// Notes that a client has whispered to this one, and was heard or not.
    pub(super) fn have_met(&mut self, client: ClientId, target: ClientId, is_heard: bool) {
        self.clients[client].pace.met(target);
        if is_heard {
            self.clients[target].pace.met(client);
        }
    }

    fn too_much_speech(&mut self, client: ClientId) -> Option<PaceEvent> {
        let now = self.now.instant;
        if let Some(left) = self.muted_for(client) {
            return Some(PaceEvent::Muted(left));
        }
        let rate = self.limits.rate?;
        let pace = &mut self.clients[client].pace;
        pace.speech.take(rate, now).err()?;
        let before = pace.exceeded.replace(now);
        if before.is_none_or(|before| now - before >= FORGIVEN_AFTER) {
            return Some(PaceEvent::TooFast);
        }
        self.mute_client(client, SHORT_MUTE);
        self.note(client, Deed::Told(Box::new(PaceEvent::Muted(SHORT_MUTE).into())));
        Some(PaceEvent::Muted(SHORT_MUTE))
    }

    /// Where there is no limit to speech, there is none to these things.
    fn too_often(
        &mut self,
        client: ClientId,
        rate: Rate,
        bucket: fn(&mut Pace) -> &mut Bucket,
    ) -> Option<PaceEvent> {
        self.limits.rate?;
        let wait = bucket(&mut self.clients[client].pace).take(rate, self.now.instant).err()?;
        Some(match rate {
            NICKNAMES => PaceEvent::TooManyNicknames(wait),
            MOVES => PaceEvent::TooManyMoves(wait),
            OFFERS => PaceEvent::TooManyOffers(wait),
            _ => PaceEvent::TooManyStrangers(wait),
        })
    }

    fn told(&mut self, client: ClientId, refusal: Option<PaceEvent>) -> bool {
        let is_fine = refusal.is_none();
        if let Some(refusal) = refusal {
            self.tell(client, refusal.into());
        }
        is_fine
    }
}
