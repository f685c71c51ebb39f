//! How fast one client may go: what it says, how often it is renamed or moves, how many users it disturbs.
//!
//! What is over the limit is not carried out, and only its author is told. Every client has buckets of
//! its own, so a client that floods spends only its own tokens.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use slotmap::SecondaryMap;

use crate::names::ClientId;

mod bucket;

pub use bucket::Rate;

use bucket::Bucket;

/// A client that goes over the limit of speech twice within this time is muted; the first time it is
/// warned.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// How many users a client knows. The one it met longest ago is a stranger again then.
const MOST_KNOWN: usize = 64;

/// What has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limited {
    /// Everything that others hear or read. Its rate is an option of the server.
    Speech,
    /// Enough to find a nickname that is free, too little to be a nuisance: the room is told of each.
    Nicknames,
    /// Two rooms are told of each move.
    Moves,
    /// Enough to get to know users, too little to advertise to everyone.
    Strangers,
    /// Enough for a file to each user in a small class, too little to pester anyone with requests.
    Offers,
}

impl Limited {
    const COUNT: usize = 5;

    fn rate(self, speech: Rate) -> Rate {
        match self {
            Self::Speech => speech,
            Self::Nicknames => Rate { every: Duration::from_secs(10), burst: 5 },
            Self::Moves => Rate { every: Duration::from_millis(500), burst: 20 },
            Self::Strangers => Rate { every: Duration::from_secs(6), burst: 10 },
            Self::Offers => Rate { every: Duration::from_secs(5), burst: 12 },
        }
    }
}

/// A client was too fast.
pub(super) struct TooFast {
    /// How long to wait.
    pub(super) wait: Duration,
    /// It was too fast in its speech shortly before.
    pub(super) is_repeated: bool,
}

/// The pace of all clients.
pub(super) struct Pace {
    /// How fast a client may speak; with `None` there are no limits at all.
    speech: Option<Rate>,
    clients: SecondaryMap<ClientId, Spent>,
}

/// What one client has spent.
struct Spent {
    buckets: [Bucket; Limited::COUNT],
    /// When it last went over the limit of speech.
    exceeded: Option<Instant>,
    /// The clients it has exchanged whispers with, the newest last.
    knows: VecDeque<ClientId>,
}

impl Pace {
    pub(super) fn new(speech: Option<Rate>) -> Self {
        Self { speech, clients: SecondaryMap::new() }
    }

    pub(super) fn enter(&mut self, client: ClientId, now: Instant) {
        let buckets = [Bucket::full(now); Limited::COUNT];
        self.clients.insert(client, Spent { buckets, exceeded: None, knows: VecDeque::new() });
    }

    pub(super) fn leave(&mut self, client: ClientId) {
        self.clients.remove(client);
    }

    /// Takes a token.
    pub(super) fn take(&mut self, client: ClientId, limited: Limited, now: Instant) -> Result<(), TooFast> {
        let Some(speech) = self.speech else { return Ok(()) };
        let Some(spent) = self.clients.get_mut(client) else { return Ok(()) };
        let Err(wait) = spent.buckets[limited as usize].take(limited.rate(speech), now) else {
            return Ok(());
        };
        let mut is_repeated = false;
        if limited == Limited::Speech {
            let before = spent.exceeded.replace(now);
            is_repeated = before.is_some_and(|before| now - before < FORGIVEN_AFTER);
        }
        Err(TooFast { wait, is_repeated })
    }

    /// Whether a client has exchanged whispers with another one.
    pub(super) fn knows(&self, client: ClientId, other: ClientId) -> bool {
        self.clients.get(client).is_some_and(|spent| spent.knows.contains(&other))
    }

    /// Notes that a client has whispered to another one.
    pub(super) fn meet(&mut self, client: ClientId, other: ClientId) {
        let Some(Spent { knows, .. }) = self.clients.get_mut(client) else { return };
        if !knows.contains(&other) {
            knows.push_back(other);
        }
        if knows.len() > MOST_KNOWN {
            knows.pop_front();
        }
    }
}
