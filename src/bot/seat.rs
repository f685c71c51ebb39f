//! What a bot has in place of a socket: what the broadcaster sends waits here for the bot's thread, and what the bot says
//! is what its session reads.

use std::{
    cell::RefCell,
    io::{self, ErrorKind},
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use parking_lot::{Condvar, Mutex};

use super::Manners;
use crate::{
    broadcaster::Sink,
    ending::Ending,
    names::Peer,
    registry::Registry,
    transport::Incoming,
    watch::{self, Activity},
};

/// The most bytes that wait for a bot. It reads at once, so this is not reached.
const MOST: usize = 4 << 20;

/// Where bots are: they are programs of the user who runs the server.
pub(super) fn peer() -> Peer {
    Peer::Local { user: rustix::process::getuid().as_raw() }
}

/// The place of a bot, which its thread reads.
pub(super) struct Seat<'a> {
    registry: &'a Registry,
    inbox: Arc<Inbox>,
    sitting: RefCell<Sitting>,
}

struct Sitting {
    manners: Manners,
    /// What the session has not read yet.
    said: Vec<u8>,
    /// Dropped when the bot is in its room.
    settled: Option<Sender<()>>,
}

/// What waits for a bot.
#[derive(Default)]
struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_over: bool,
    hung_up: Option<Ending>,
}

impl<'a> Seat<'a> {
    pub(super) fn new(registry: &'a Registry, manners: Manners, settled: Sender<()>) -> Self {
        let sitting = Sitting { manners, said: Vec::new(), settled: Some(settled) };
        Self { registry, inbox: Arc::default(), sitting: RefCell::new(sitting) }
    }

    /// What the broadcaster sends through.
    pub(super) fn sink(&self) -> Box<dyn Sink> {
        Box::new(Outlet(Arc::clone(&self.inbox)))
    }
}

impl Incoming for Seat<'_> {
    fn peer(&self) -> Peer {
        peer()
    }

    fn hung_up(&self) -> Option<Ending> {
        self.inbox.state.lock().hung_up
    }

    fn set_patience(&self, _patience: Option<Duration>) -> io::Result<()> {
        // On the wire of bots, no client must show signs of life.
        Ok(())
    }

    fn is_private(&self) -> bool {
        true
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Sitting { manners, said, settled } = &mut *self.sitting.borrow_mut();
        while said.is_empty() {
            settled.take_if(|_| manners.is_settled());
            if let Some(lines) = manners.says(Instant::now()) {
                *said = lines.into_bytes();
                break;
            }
            let Some(heard) = self.inbox.take(manners.due()) else { return Ok(0) };
            manners.hears(&heard, Instant::now(), &|nick| self.registry.is_bot(nick));
        }
        let length = said.len().min(buffer.len());
        buffer[..length].copy_from_slice(&said[..length]);
        said.drain(..length);
        Ok(length)
    }

    fn drain(&self, _patience: Duration) {}
}

impl Inbox {
    /// Waits until something has come, or this time; `None` at the end.
    fn take(&self, until: Option<Instant>) -> Option<Vec<u8>> {
        watch::doing(Activity::Reading);
        let mut state = self.state.lock();
        let mut is_early = true;
        while state.bytes.is_empty() && !state.is_over && is_early {
            match until {
                None => self.changed.wait(&mut state),
                Some(until) => is_early = !self.changed.wait_until(&mut state, until).timed_out(),
            }
        }
        if state.is_over { None } else { Some(mem::take(&mut state.bytes)) }
    }

    fn end(&self, why: Option<Ending>) {
        let mut state = self.state.lock();
        state.is_over = true;
        state.hung_up = state.hung_up.or(why);
        drop(state);
        self.changed.notify_all();
    }
}

/// The writing end.
struct Outlet(Arc<Inbox>);

impl Sink for Outlet {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock();
        if state.is_over || state.bytes.len() + owed.len() + fresh.len() > MOST {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.bytes.extend_from_slice(owed);
        state.bytes.extend_from_slice(fresh);
        drop(state);
        self.0.changed.notify_all();
        Ok(owed.len() + fresh.len())
    }

    fn finish(&mut self) {
        self.0.end(None);
    }

    fn hang_up(&mut self, why: Ending) {
        self.0.end(Some(why));
    }
}

/// A bot whose writing end is lost leaves.
impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.end(None);
    }
}
