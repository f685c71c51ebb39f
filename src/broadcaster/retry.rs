//! When full sockets are tried again, and for how long those of clients that have left.

use std::{
    collections::{BTreeMap, btree_map::OccupiedEntry},
    mem, thread,
    time::{Duration, Instant},
};

use super::{Broadcaster, Client, Outbox};
use crate::{
    names::ClientId,
    watch::{Gauge, Gauges},
};

/// The clients whose sockets were full, by the time of their next try.
///
/// Each client has its own delay: 1 ms at first, twice as long after each try that moves nothing, and
/// 1 ms again after one that does. So a client that drains is served within a millisecond or two, and
/// one that never reads costs 16 system calls a second, no matter what the others do. A sink that pauses
/// between sends is tried again when its pause is over.
pub(super) struct Retry {
    start: Instant,
    /// By milliseconds since `start`: the broadcaster wakes up at most once in each.
    due: BTreeMap<u64, Vec<Try>>,
}

struct Try {
    client: ClientId,
    /// In milliseconds.
    delay: u64,
}

impl Retry {
    const SHORTEST: u64 = 1;
    const LONGEST: u64 = 64;

    pub(super) fn new() -> Self {
        Self { start: Instant::now(), due: BTreeMap::new() }
    }

    /// When to call [`Broadcaster::try_again`]; `None` while no socket is full.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(&at, _)| self.start + Duration::from_millis(at))
    }

    pub(super) fn add(&mut self, client: ClientId, now: Instant) {
        self.schedule(client, Self::SHORTEST, now);
    }

    fn schedule(&mut self, client: ClientId, delay: u64, now: Instant) {
        self.due.entry(self.millisecond(now) + delay).or_default().push(Try { client, delay });
    }

    fn take_due(&mut self, now: Instant) -> Option<Vec<Try>> {
        let now = self.millisecond(now);
        self.due.first_entry().filter(|first| *first.key() <= now).map(OccupiedEntry::remove)
    }

    fn millisecond(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX / 2)
    }
}

/// A client that has left gets this long, from its last sign of life, to read what it is owed.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// A client that has left and is still owed something.
pub(super) struct Leaving {
    pub(super) outbox: Outbox,
    pub(super) give_up: Instant,
}

impl Broadcaster {
    /// Tries the sockets whose time has come.
    pub(super) fn try_again(&mut self, now: Instant) {
        while let Some(tries) = self.retry.take_due(now) {
            for Try { client: id, delay } in tries {
                let has_moved = match self.clients.get_mut(id) {
                    Some(client) => client.retry(self.watch.gauges()),
                    None => self.retry_leaving(id, now),
                };
                let Some(has_moved) = has_moved else { continue };
                let delay = if has_moved { Retry::SHORTEST } else { Retry::LONGEST.min(delay * 2) };
                self.retry.schedule(id, self.pause(id).unwrap_or(delay), now);
            }
        }
    }

    /// The milliseconds until a client's sink takes something again, if it pauses.
    fn pause(&self, client: ClientId) -> Option<u64> {
        let outbox = self.clients.get(client).map(|client| &client.outbox);
        let outbox = outbox.or_else(|| self.leaving.get(&client).map(|leaving| &leaving.outbox));
        let pause = outbox?.pause();
        (!pause.is_zero()).then(|| u64::try_from(pause.as_millis()).unwrap_or(Retry::LONGEST) + 1)
    }

    /// Whether anything moved; `None` when there is nothing more to try.
    fn retry_leaving(&mut self, client: ClientId, now: Instant) -> Option<bool> {
        let leaving = self.leaving.get_mut(&client)?;
        let has_moved = leaving.outbox.retry();
        if has_moved {
            leaving.give_up = now + LINGER;
        }
        // Once the server stops, its own deadline counts.
        if !leaving.outbox.is_pending() || now >= self.stop_at.unwrap_or(leaving.give_up) {
            self.leaving.remove(&client);
            return None;
        }
        Some(has_moved)
    }

    /// Delivers what clients are still owed when there are no more senders.
    pub(super) fn finish(mut self) {
        for client in self.clients.keys().collect::<Vec<_>>() {
            self.detach(client);
        }
        let stop_at = *self.stop_at.get_or_insert(Instant::now() + self.limits.grace);
        while let Some(next) = self.retry.next()
            && !self.leaving.is_empty()
            && Instant::now() < stop_at
        {
            thread::park_timeout(next.min(stop_at).saturating_duration_since(Instant::now()));
            self.try_again(Instant::now());
        }
    }
}

impl Client {
    /// Notes that this client's socket is full, if it is.
    pub(super) fn note_blocked(&mut self, id: ClientId, retry: &mut Retry, gauges: &Gauges) {
        if !self.outbox.is_blocked() {
            return;
        }
        if !mem::replace(&mut self.is_noted, true) {
            retry.add(id, Instant::now());
            gauges.waiting_clients.set(gauges.waiting_clients.get() + 1);
        }
        self.show_backlog(self.outbox.owed() as u64, gauges);
    }

    /// Whether anything moved; `None` when the socket is no longer full.
    fn retry(&mut self, gauges: &Gauges) -> Option<bool> {
        let has_moved = self.outbox.retry();
        if self.outbox.is_blocked() {
            self.show_backlog(self.outbox.owed() as u64, gauges);
            return Some(has_moved);
        }
        self.forget_blocked(gauges);
        None
    }

    /// Takes this client out of the figures; whether it was in them.
    pub(super) fn forget_blocked(&mut self, gauges: &Gauges) -> bool {
        let was_noted = mem::take(&mut self.is_noted);
        if was_noted {
            gauges.waiting_clients.set(gauges.waiting_clients.get() - 1);
            self.show_backlog(0, gauges);
        }
        was_noted
    }

    /// Shows what waits for this client. Only clients with full sockets cost this.
    fn show_backlog(&self, bytes: u64, gauges: &Gauges) {
        let others = gauges.waiting_bytes.get() - self.backlog.get();
        gauges.waiting_bytes.set(others + bytes);
        Gauge::set(&self.backlog, bytes);
    }
}
