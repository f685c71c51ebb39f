//! Clients that call over HTTP: members of the chat without a thread of their own.
//!
//! Their commands are carried out on the thread of the connection that asks. What they hear waits in their
//! [`Mailbox`]. They take a place among the connections, like all clients, for as long as they are in the chat.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::mailbox::Mailbox;
use crate::{
    broadcaster::Sink,
    command::Command,
    dialect::{Dialect, Greeting, verbs},
    ending::Ending,
    event::{Event, pace::PaceEvent},
    file,
    names::{ClientId, Peer},
    registry::{Registry, state::Newcomer},
    transport::{ConnectionLimit, NoPlace, Permit},
    wire,
};

/// The clients, by the id that everyone may know.
pub struct Guests<'a> {
    registry: &'a Registry,
    places: Arc<ConnectionLimit>,
    known: Mutex<HashMap<Uuid, Arc<Guest>>>,
}

/// One client.
pub(super) struct Guest {
    pub(super) client: ClientId,
    pub(super) mailbox: Arc<Mailbox>,
    /// What its token is compared with. It is a hash, so the time of the comparison tells nothing about the token.
    secret: [u8; 32],
    /// How long it may neither ask nor listen.
    idle: Duration,
    /// When it last did.
    seen: Mutex<Instant>,
    is_paused: AtomicBool,
    /// How many times it was attached to another sink, and whether that is a WebSocket now.
    attached: Mutex<u64>,
    is_attending: AtomicBool,
    /// Held while a command is carried out: the next one waits, as with any client.
    asking: Mutex<()>,
    _permit: Permit,
}

/// What a client that has just come in gets to know.
pub(super) struct Welcome {
    pub(super) id: Uuid,
    /// The secret with which it shows who it is: its id and 128 random bits.
    pub(super) token: String,
}

impl<'a> Guests<'a> {
    /// No clients yet. They take their places here.
    pub fn new(registry: &'a Registry, places: Arc<ConnectionLimit>) -> Self {
        Self { registry, places, known: Mutex::default() }
    }

    /// Lets a client in, which leaves when it neither asks nor listens for so long.
    pub(super) fn register(&self, peer: Peer, greeting: Greeting, idle: Duration) -> Result<Welcome, Event> {
        let permit = self.places.take(peer, Duration::ZERO).map_err(|why| match why {
            NoPlace::Full => Event::Full,
            NoPlace::FullForAddress => PaceEvent::TooManyConnections.into(),
        })?;
        let (Some(id), Some(secret)) = (random(), random()) else { return Err(Event::Full) };
        let (id, secret) =
            (uuid::Builder::from_random_bytes(id).into_uuid(), file::Token::new(secret).reveal());
        let mailbox = Mailbox::new(self.registry.waker());
        let newcomer = Newcomer {
            dialect: Dialect::Json,
            greeting: Some(Box::new(greeting)),
            ..Newcomer::new(peer, wire::HTTP)
        };
        let mut sink: Option<Box<dyn Sink>> = Some(mailbox.sink());
        let client = self.registry.enter(&newcomer, &mut sink)?;
        let guest = Guest {
            client,
            mailbox,
            secret: hash(&secret),
            idle,
            seen: Mutex::new(Instant::now()),
            is_paused: AtomicBool::new(false),
            attached: Mutex::default(),
            is_attending: AtomicBool::new(false),
            asking: Mutex::default(),
            _permit: permit,
        };
        self.known.lock().insert(id, Arc::new(guest));
        // The thread that looks for those that are gone may have had none to look for.
        self.registry.waker()();
        tracing::info!(%peer, "connected");
        Ok(Welcome { id, token: format!("{id}.{secret}") })
    }

    /// The client with this token.
    pub(super) fn find_by_token(&self, token: &str) -> Option<(Uuid, Arc<Guest>)> {
        let (id, secret) = token.split_once('.')?;
        let id = id.parse().ok()?;
        let guest = self.find(id).filter(|guest| is_equal(&guest.secret, &hash(secret)))?;
        guest.is_seen();
        Some((id, guest))
    }

    /// The client with this id.
    pub(super) fn find(&self, id: Uuid) -> Option<Arc<Guest>> {
        self.known.lock().get(&id).map(Arc::clone)
    }

    /// Carries out a command of a client; returns what it is answered.
    pub(super) fn ask(&self, guest: &Guest, command: Command) -> Vec<Event> {
        let _one_at_a_time = guest.asking.lock();
        let answers = self.registry.ask(guest.client, command);
        guest.is_seen();
        answers
    }

    /// Carries out a command of a client that hears the answers like everything else.
    pub(super) fn apply(&self, guest: &Guest, command: Command) {
        let _one_at_a_time = guest.asking.lock();
        let _ = self.registry.apply(guest.client, Dialect::Text, &mut vec![command]);
    }

    /// From now on, the client hears everything as lines of text through this sink, and `first` before everything
    /// else. Returns the number of that.
    pub(super) fn attach(&self, guest: &Guest, sink: Box<dyn Sink>, first: &[u8]) -> u64 {
        // A pause is kept by the mailbox, and must not stay there.
        self.resume(guest);
        let mut attached = guest.attached.lock();
        guest.mailbox.interrupt();
        self.registry.attach(guest.client, Dialect::Text, &mut Some(sink), first);
        *attached += 1;
        guest.is_attending.store(true, Relaxed);
        *attached
    }

    /// Whether the client still hears everything in that way.
    pub(super) fn is_attached(&self, id: Uuid, attached: u64) -> bool {
        self.find(id).is_some_and(|guest| *guest.attached.lock() == attached)
    }

    /// The client hears everything through its mailbox again, unless another way was attached.
    pub(super) fn detach(&self, id: Uuid, attached: u64) {
        let Some(guest) = self.find(id) else { return };
        let mut current = guest.attached.lock();
        if *current == attached {
            self.return_from(&guest, &mut current);
        }
    }

    /// Ends the WebSocket of a client, if it has one. From now on, it hears everything through its mailbox.
    pub(super) fn return_to_mailbox(&self, guest: &Guest) {
        self.return_from(guest, &mut guest.attached.lock());
    }

    fn return_from(&self, guest: &Guest, attached: &mut u64) {
        if guest.is_attending.swap(false, Relaxed) {
            *attached += 1;
            self.registry.attach(guest.client, Dialect::Json, &mut Some(guest.mailbox.sink()), &[]);
        }
        guest.is_seen();
    }

    /// Removes a client that must go, for this reason.
    pub(super) fn remove(&self, id: Uuid, why: Ending) {
        let removed = self.known.lock().remove(&id);
        if let Some(guest) = removed {
            self.registry.leave(guest.client, why);
            tracing::info!(%why, "disconnected");
        }
    }

    /// Lets a client hear nothing more.
    pub(super) fn pause(&self, guest: &Guest) {
        let _one_at_a_time = guest.asking.lock();
        if !guest.is_attending.load(Relaxed) {
            guest.is_paused.store(true, Relaxed);
            self.registry.ask(guest.client, Command::answer(verbs::PAUSE));
        }
    }

    /// Lets a client hear everything again, if it was paused.
    pub(super) fn resume(&self, guest: &Guest) {
        let _one_at_a_time = guest.asking.lock();
        if guest.is_paused.swap(false, Relaxed) {
            self.registry.ask(guest.client, Command::answer(verbs::RESUME));
        }
    }

    /// Lets a client quit.
    pub(super) fn quit(&self, id: Uuid, guest: &Guest) {
        // Only one call can take it out.
        if self.known.lock().remove(&id).is_some() {
            self.ask(guest, Command::quit());
        }
    }

    /// Removes the clients that were told to go, and those whose programs are gone. Returns when to look again.
    pub fn sweep(&self) -> Option<Instant> {
        let now = Instant::now();
        let (mut next, mut gone) = (None::<Instant>, Vec::new());
        self.known.lock().retain(|_, guest| {
            let ending = guest.ending(now);
            match ending {
                Some(why) => gone.push((Arc::clone(guest), why)),
                None => next = next.into_iter().chain([guest.due(now)]).min(),
            }
            ending.is_none()
        });
        for (guest, why) in gone {
            self.registry.leave(guest.client, why);
            tracing::info!(%why, "disconnected");
        }
        next
    }
}

/// All that are still there leave with the server.
impl Drop for Guests<'_> {
    fn drop(&mut self) {
        for guest in self.known.get_mut().values() {
            self.registry.leave(guest.client, Ending::Stopping);
        }
    }
}

impl Guest {
    /// It has asked or listened just now.
    pub(super) fn is_seen(&self) {
        *self.seen.lock() = Instant::now();
    }

    /// Why it must be removed, if it must.
    fn ending(&self, now: Instant) -> Option<Ending> {
        self.mailbox.hung_up().or_else(|| (self.due(now) <= now).then_some(Ending::Silent))
    }

    /// When it must be removed, unless it asks or listens.
    fn due(&self, now: Instant) -> Instant {
        let is_here = self.mailbox.is_heard() || self.is_attending.load(Relaxed) || self.asking.is_locked();
        let seen = if is_here { now } else { *self.seen.lock() };
        seen + self.idle
    }
}

fn random() -> Option<[u8; 16]> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(random)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Whether two hashes are equal. This takes as long whatever is in them.
fn is_equal(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}
