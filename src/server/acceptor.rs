//! Where clients come in, and the threads that serve them: each client has one of its own.
//!
//! Making a thread and ending it takes about as long as everything else that a short visit needs. So
//! the thread of a client that has left waits at the door itself, beside the acceptor's, and serves
//! whoever comes next to it.

use std::{
    io::{self, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, Scope},
    time::Duration,
};

use super::Stopper;
use crate::{
    dialect::text,
    event::Event,
    registry::Registry,
    session,
    transport::{self, Connection, ConnectionLimit},
    watch::{self, Activity, Watch},
};

/// A session's stack. Only what is used of it takes memory; this is what printing a panic with its
/// backtrace needs.
const STACK: usize = 256 * 1024;

/// How many free threads wait at the door; whoever is free beyond that ends.
pub(super) const MOST_FREE: usize = 16;

/// How long to leave `accept` alone when it fails, at first and at most. Out of file descriptors, it
/// fails at once, for as long as it takes somebody to leave.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What every thread at the door needs.
pub(super) struct Acceptor<'a> {
    stopper: &'a Stopper,
    limit: Arc<ConnectionLimit>,
    lines: text::Limits,
    registry: &'a Registry,
    watch: &'a Watch,
    /// Free threads at the door.
    free: AtomicUsize,
}

impl<'a> Acceptor<'a> {
    pub(super) fn new(
        stopper: &'a Stopper,
        limit: Arc<ConnectionLimit>,
        lines: text::Limits,
        registry: &'a Registry,
        watch: &'a Watch,
    ) -> Self {
        Self { stopper, limit, lines, registry, watch, free: AtomicUsize::new(0) }
    }

    /// Starts a thread for each client that comes to it, until the server is stopped.
    pub(super) fn run<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>) {
        let mut pause = SHORTEST_PAUSE;
        while !self.stopper.is_stopping() {
            watch::doing(Activity::Accepting);
            match self.accept() {
                Ok(client) => {
                    pause = SHORTEST_PAUSE;
                    if let Some(client) = client {
                        self.start(threads, &client);
                    }
                }
                Err(_) if self.stopper.is_stopping() => {}
                Err(error) => {
                    tracing::warn!(%error, ?pause, "cannot accept clients");
                    self.stopper.wait(pause);
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    /// Waits for the next client; there is none if it is turned away, or has gone again.
    fn accept(&self) -> io::Result<Option<Arc<Connection>>> {
        let (stream, peer) = match self.stopper.listener().accept() {
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Ok(None),
            accepted => accepted?,
        };
        // Perhaps it was only somebody who woke us to see this.
        if self.stopper.is_stopping() {
            transport::refuse(&stream, &text::line(&Event::ShuttingDown));
            return Ok(None);
        }
        let Some(permit) = self.limit.take(peer) else {
            tracing::info!(%peer, "turned away: full");
            transport::refuse(&stream, &text::line(&Event::Full));
            return Ok(None);
        };
        Ok(Some(Connection::new(stream, peer, permit)))
    }

    fn start<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>, client: &Arc<Connection>) {
        let theirs = Arc::clone(client);
        let thread = thread::Builder::new().name("client".into()).stack_size(STACK);
        if let Err(error) = thread.spawn_scoped(threads, || self.serve_in_turn(theirs)) {
            tracing::warn!(peer = %client.peer(), %error, "turned away: no thread");
            client.refuse(&text::line(&Event::Full));
        }
    }

    fn serve_in_turn(&self, first: Arc<Connection>) {
        let mut next = Some(first);
        while let Some(client) = next.take() {
            self.serve(client);
            next = self.wait_at_the_door();
        }
    }

    /// One session, and the end of its panic, should it have one.
    fn serve(&self, client: Arc<Connection>) {
        let Ok((reader, writer)) = client.split() else { return };
        let _listed = self.watch.enter(&format!("client {}", reader.peer().port()));
        let session = || session::run(self.registry, reader, writer, self.lines);
        if catch_unwind(AssertUnwindSafe(session)).is_err() {
            tracing::error!("a session has panicked; its client was removed");
        }
    }

    /// Waits for another client, if not enough others do. What goes wrong is left to the acceptor's
    /// thread. Never inlined: what waiting needs of the stack would be kept by every client that idles.
    #[inline(never)]
    fn wait_at_the_door(&self) -> Option<Arc<Connection>> {
        let _listed = self.watch.enter("free");
        watch::doing(Activity::Accepting);
        let mut client = None;
        if self.free.fetch_add(1, Relaxed) < MOST_FREE {
            while client.is_none() && !self.stopper.is_stopping() {
                let Ok(accepted) = self.accept() else { break };
                client = accepted;
            }
        }
        self.free.fetch_sub(1, Relaxed);
        client
    }
}
