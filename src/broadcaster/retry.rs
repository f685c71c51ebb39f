//! Full sockets: who has one, and when it is tried again.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{Broadcaster, Client, LINGER, Leaving};
use crate::names::ClientId;

/// Full sockets are tried again soon and, as long as nothing moves, less and less often. So a client
/// that drains is served within a millisecond or two, and one that never reads costs next to nothing.
#[derive(Default)]
pub(super) struct Retry {
    /// `None` while no socket is full; then the broadcaster sleeps until there is a post.
    pub(super) at: Option<Instant>,
    delay: Duration,
}

impl Retry {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(64);

    pub(super) fn arm(&mut self) {
        let soon = Instant::now() + Self::SHORTEST;
        self.at = Some(self.at.map_or(soon, |at| at.min(soon)));
        self.delay = Self::SHORTEST;
    }

    pub(super) fn is_due(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }

    pub(super) fn again(&mut self, is_done: bool, has_moved: bool) {
        self.delay = if has_moved { Self::SHORTEST } else { Self::LONGEST.min(self.delay * 2) };
        self.at = (!is_done).then(|| Instant::now() + self.delay);
    }
}

impl Broadcaster {
    /// Tries again where a socket was full, and shows what waits.
    pub(super) fn sweep(&mut self) {
        let now = Instant::now();
        let (clients, mut has_moved, mut waiting) = (&mut self.clients, false, 0);
        self.blocked.retain(|&id| {
            let Some(client) = clients.get_mut(id) else { return false };
            has_moved |= client.outbox.retry();
            client.is_noted = client.outbox.is_blocked();
            waiting += client.show_backlog();
            client.is_noted
        });
        self.watch.gauges().waiting_bytes.set(waiting);
        self.watch.gauges().waiting_clients.set(self.blocked.len() as u64);
        self.leaving.retain_mut(|leaving| {
            has_moved |= leaving.retry(now);
            leaving.outbox.is_blocked() && now < leaving.give_up
        });
        self.retry.again(self.blocked.is_empty() && self.leaving.is_empty(), has_moved);
    }
}

impl Client {
    /// Notes that this client's socket is full, if it is.
    pub(super) fn note_blocked(&mut self, id: ClientId, blocked: &mut Vec<ClientId>, retry: &mut Retry) {
        if self.outbox.is_blocked() && !mem::replace(&mut self.is_noted, true) {
            blocked.push(id);
            retry.arm();
        }
    }

    /// Only full sockets have anything to show. So the gauge is written when they are tried again, and
    /// a client that reads what it is sent costs nothing.
    fn show_backlog(&self) -> u64 {
        let bytes = self.outbox.owed() as u64;
        self.backlog.set(bytes);
        bytes
    }
}

impl Leaving {
    fn retry(&mut self, now: Instant) -> bool {
        let has_moved = self.outbox.retry();
        if has_moved {
            self.give_up = self.give_up.max(now + LINGER);
        }
        has_moved
    }
}
