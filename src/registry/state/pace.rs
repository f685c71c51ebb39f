//! How fast clients may go: what they say, how often they are renamed or move, how many users they disturb.
//!
//! A command over a limit is not carried out, and only its client is told. Every client has buckets of its
//! own, so a client that floods spends only its own tokens.
//!
//! Reconnecting gains nothing. What a client has spent is kept when it leaves, and the next client from its
//! origin takes it over. Many users behind one address each keep their own pace, because a client takes
//! over only what one that has left had spent. New connections and new rooms are counted for the whole
//! origin, because it could flood others with many connections.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use slotmap::SecondaryMap;

use crate::names::{ClientId, Origin};

mod bucket;

pub use bucket::Rate;

use bucket::Bucket;

/// A client that speaks too fast is warned, and muted if it does so again within this time.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// How many users a client knows. The one it met longest ago is a stranger again then.
const MOST_KNOWN: usize = 64;

/// The most origins, and clients of each that have left, to remember. The most harmless are forgotten.
const MOST_ORIGINS: usize = 10_000;
const MOST_LEFT: usize = 1000;

/// Enough for a school to connect at once, and then for lessons that restart their programs often.
const ARRIVALS: Rate = Rate { every: Duration::from_millis(100), burst: 300 };

/// Enough for a room to each pupil of a class. Rooms outlive their creators and could fill the memory.
const NEW_ROOMS: Rate = Rate { every: Duration::from_secs(5), burst: 40 };

/// More than a user types, too little to keep the server busy.
const QUESTIONS: Rate = Rate { every: Duration::from_millis(50), burst: 40 };
/// Enough for a lasting room to each pupil of a class; then 50 an hour. Such a room is never forgotten.
const LASTING_ROOMS: Rate = Rate { every: Duration::from_secs(72), burst: 50 };

/// What has a limit for each client.
#[derive(Clone, Copy)]
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
    /// All commands but speech and `/quit`, and speech that was refused. The client waits.
    Questions,
    /// What programs ask on their own. The client waits, too. They ask after each message, so they may ask
    /// as often as it may speak, and their user's questions do not wait for that.
    Marks,
    /// Long stretches of a room's history. The client waits, too.
    Histories,
}

impl Limited {
    const COUNT: usize = 8;

    fn rate(self, speech: Rate) -> Rate {
        match self {
            Self::Speech => speech,
            Self::Nicknames => Rate { every: Duration::from_secs(10), burst: 5 },
            Self::Moves => Rate { every: Duration::from_millis(500), burst: 20 },
            Self::Strangers => Rate { every: Duration::from_secs(6), burst: 10 },
            Self::Offers => Rate { every: Duration::from_secs(5), burst: 12 },
            Self::Questions => QUESTIONS,
            Self::Marks => {
                Rate { every: QUESTIONS.every.min(speech.every), burst: QUESTIONS.burst.max(speech.burst) }
            }
            Self::Histories => Rate { every: Duration::from_secs(1), burst: 5 },
        }
    }
}

pub(super) struct Pace {
    /// How fast a client may speak; with `None` there are no limits at all.
    speech: Option<Rate>,
    /// Boxed, so that entering takes little stack, which an idle client keeps.
    clients: SecondaryMap<ClientId, Box<Spent>>,
    origins: HashMap<Origin, OriginSpent>,
}

#[derive(Default)]
struct Spent {
    buckets: [Bucket; Limited::COUNT],
    /// When it last went over the limit of speech.
    exceeded: Option<Instant>,
    guessed_wrong: Option<Instant>,
    /// The clients it has exchanged whispers with, the newest last.
    knows: VecDeque<ClientId>,
}

#[derive(Default)]
struct OriginSpent {
    arrivals: Bucket,
    rooms: Bucket,
    lasting_rooms: Bucket,
    /// What those of its clients that have left had spent.
    #[expect(clippy::vec_box, reason = "they are moved here from the clients and back")]
    left: Vec<Box<Spent>>,
}

impl Pace {
    pub(super) fn new(speech: Option<Rate>) -> Self {
        Self { speech, clients: SecondaryMap::new(), origins: HashMap::new() }
    }

    /// Changes how fast a client may speak. Those that were not limited before have full buckets.
    pub(super) fn adjust(&mut self, speech: Option<Rate>, clients: impl Iterator<Item = ClientId>) {
        self.speech = speech;
        if speech.is_some() {
            for client in clients {
                if !self.clients.contains_key(client) {
                    self.clients.insert(client, Box::default());
                }
            }
        }
    }

    /// Counts a client that connects from this origin; the error is how long it has to wait.
    pub(super) fn admit(&mut self, origin: Origin, now: Instant) -> Result<(), Duration> {
        self.origin(origin, now).map_or(Ok(()), |spent| spent.arrivals.take(ARRIVALS, now))
    }

    /// Counts a room that a client from this origin creates; the error is how long it has to wait.
    pub(super) fn create_room(&mut self, origin: Origin, now: Instant) -> Result<(), Duration> {
        self.origin(origin, now).map_or(Ok(()), |spent| spent.rooms.take(NEW_ROOMS, now))
    }

    /// Counts a room that a client from this origin makes lasting; the error is how long it has to wait.
    pub(super) fn make_lasting(&mut self, origin: Origin, now: Instant) -> Result<(), Duration> {
        self.origin(origin, now).map_or(Ok(()), |spent| spent.lasting_rooms.take(LASTING_ROOMS, now))
    }

    /// A client has connected. It takes over what one that has left had spent.
    #[inline(never)]
    pub(super) fn enter(&mut self, client: ClientId, origin: Origin, now: Instant) {
        if self.speech.is_none() {
            return;
        }
        let left = self.origins.get_mut(&origin).and_then(|origin| origin.take_left(now));
        self.clients.insert(client, left.unwrap_or_default());
    }

    pub(super) fn leave(&mut self, client: ClientId, origin: Origin, now: Instant) {
        let spent = self.clients.remove(client).filter(|spent| !spent.is_forgiven(now));
        let Some(mut spent) = spent else { return };
        let Some(OriginSpent { left, .. }) = self.origin(origin, now) else { return };
        if left.len() >= MOST_LEFT {
            left.retain(|spent| !spent.is_forgiven(now));
        }
        if left.len() < MOST_LEFT {
            spent.knows = VecDeque::new();
            left.push(spent);
        }
    }

    /// Takes a token; the error is how long the client has to wait.
    pub(super) fn take(&mut self, client: ClientId, limited: Limited, now: Instant) -> Result<(), Duration> {
        let Some(speech) = self.speech else { return Ok(()) };
        let Some(spent) = self.clients.get_mut(client) else { return Ok(()) };
        spent.buckets[limited as usize].take(limited.rate(speech), now)
    }

    /// How fast a client may speak, if that is limited, and how many messages it may say at once now.
    pub(super) fn speech(&self, client: ClientId, now: Instant) -> (Option<Rate>, u32) {
        let Some((speech, spent)) = self.speech.zip(self.clients.get(client)) else { return (None, 0) };
        (Some(speech), spent.buckets[Limited::Speech as usize].left(speech, now))
    }

    /// Notes that a client has spoken too fast. Returns whether it had done so shortly before.
    pub(super) fn note_too_fast(&mut self, client: ClientId, now: Instant) -> bool {
        self.clients.get_mut(client).is_some_and(|spent| is_recent(spent.exceeded.replace(now), now))
    }

    /// Notes that a client has shown a password. A right one makes up for the wrong ones before it.
    pub(super) fn note_password(&mut self, client: ClientId, is_right: bool, now: Instant) {
        if let Some(spent) = self.clients.get_mut(client) {
            spent.guessed_wrong = (!is_right).then_some(now);
        }
    }

    pub(super) fn has_guessed_wrong(&self, client: ClientId, now: Instant) -> bool {
        self.clients.get(client).is_some_and(|spent| is_recent(spent.guessed_wrong, now))
    }

    pub(super) fn is_limited(&self) -> bool {
        self.speech.is_some()
    }

    pub(super) fn knows(&self, client: ClientId, other: ClientId) -> bool {
        self.clients.get(client).is_some_and(|spent| spent.knows.contains(&other))
    }

    pub(super) fn meet(&mut self, client: ClientId, other: ClientId) {
        let Some(spent) = self.clients.get_mut(client) else { return };
        let knows = &mut spent.knows;
        if !knows.contains(&other) {
            knows.push_back(other);
        }
        if knows.len() > MOST_KNOWN {
            knows.pop_front();
        }
    }

    /// What an origin has spent; `None` if there are no limits.
    fn origin(&mut self, origin: Origin, now: Instant) -> Option<&mut OriginSpent> {
        self.speech?;
        if self.origins.len() >= MOST_ORIGINS && !self.origins.contains_key(&origin) {
            self.make_room(now);
        }
        Some(self.origins.entry(origin).or_default())
    }

    #[cfg(test)]
    pub(super) fn origins(&self) -> usize {
        self.origins.len()
    }

    fn make_room(&mut self, now: Instant) {
        self.origins.retain(|_, spent| !spent.is_forgiven(now));
        if self.origins.len() >= MOST_ORIGINS {
            let most_harmless = self.origins.iter().min_by_key(|(_, spent)| spent.arrivals.full_at);
            most_harmless.map(|(&origin, _)| origin).map(|origin| self.origins.remove(&origin));
        }
    }
}

impl Spent {
    fn full_at(&self) -> Option<Instant> {
        self.buckets.iter().filter_map(|bucket| bucket.full_at).max()
    }

    /// Whether a new client may start without this.
    fn is_forgiven(&self, now: Instant) -> bool {
        !is_recent(self.exceeded, now)
            && !is_recent(self.guessed_wrong, now)
            && self.buckets.iter().all(|bucket| bucket.is_full(now))
    }
}

fn is_recent(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now.saturating_duration_since(at) < FORGIVEN_AFTER)
}

impl OriginSpent {
    /// Takes what one client had spent: the client that takes longest to be forgiven. Adds a wrong guess of
    /// any other, so a guesser gains nothing from a client that has spent more.
    fn take_left(&mut self, now: Instant) -> Option<Box<Spent>> {
        self.left.retain(|spent| !spent.is_forgiven(now));
        let (worst, _) = self.left.iter().enumerate().max_by_key(|(_, spent)| spent.full_at())?;
        let mut worst = self.left.swap_remove(worst);
        let of_others = || self.left.iter_mut().find_map(|spent| spent.guessed_wrong.take());
        worst.guessed_wrong = worst.guessed_wrong.or_else(of_others);
        Some(worst)
    }

    fn is_forgiven(&self, now: Instant) -> bool {
        self.arrivals.is_full(now)
            && self.rooms.is_full(now)
            && self.lasting_rooms.is_full(now)
            && self.left.iter().all(|spent| spent.is_forgiven(now))
    }
}
