//! A door of the server: it accepts connections and serves each on a thread of its own.
//!
//! To start and end a thread takes about as long as the rest of a short visit. So a thread whose client
//! has left waits at the door, beside the acceptor's thread, and serves the next client it accepts.

use std::{
    io,
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
    event::{Event, pace::PaceEvent},
    transport::{self, Connection, ConnectionLimit, Incoming, Listener, NoPlace},
    watch::{self, Activity, Watch},
    wire::Terms,
};

/// The stack of a connection's thread. Only the part that is used takes memory; this much is needed to
/// print a panic with its backtrace.
pub(super) const STACK: usize = 256 * 1024;

/// How many threads whose client has left wait for the next one.
pub(super) const MOST_FREE: usize = 16;

/// How long to leave `accept` alone when it fails, at first and at most. Without file descriptors, it
/// fails at once until a client leaves.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A listening socket, its limits, and what serves its connections.
pub(super) struct Door<'a> {
    /// Where connections arrive.
    pub(super) listener: &'a Listener,
    /// What holds for its connections.
    pub(super) terms: &'a Terms,
    /// How many connections there may be.
    pub(super) places: Arc<ConnectionLimit>,
    /// How long a connection may wait for a place. The others wait behind it.
    pub(super) patience: Duration,
    /// How many threads without a client may wait for the next one; the others end.
    pub(super) most_free: usize,
    /// What it serves: the name of its threads.
    pub(super) served: &'static str,
    /// Serves a connection until it ends, or goes on with something else.
    pub(super) serve: &'a Serve<'a>,
    /// Does what is due, and says how long the door may wait for a connection before it asks again;
    /// `None` means for ever.
    pub(super) meanwhile: &'a (dyn Fn() -> Option<Duration> + Sync),
    pub(super) stopper: &'a Stopper,
    pub(super) watch: &'a Watch,
    /// Threads without a client that wait at the door.
    pub(super) free: AtomicUsize,
}

/// What serves a connection.
pub(super) type Serve<'a> = dyn Fn(Arc<Connection>, &'a Terms) -> Option<Continuation<'a>> + Sync + 'a;

/// What a connection goes on with, on a fresh thread. What went before may have gone deep, and an idle
/// client would keep each page of stack that was reached.
pub(super) struct Continuation<'a>(Box<dyn FnOnce() -> Option<Continuation<'a>> + Send + 'a>);

impl<'a> Continuation<'a> {
    pub(super) fn new(work: impl FnOnce() -> Option<Self> + Send + 'a) -> Self {
        Self(Box::new(work))
    }
}

impl<'a> Door<'a> {
    /// Starts a thread for each connection that it accepts, until the server stops.
    pub(super) fn run<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>) {
        let mut pause = SHORTEST_PAUSE;
        while !self.stopper.is_stopping() {
            match self.accept() {
                Ok(connection) => {
                    pause = SHORTEST_PAUSE;
                    if let Some(connection) = connection {
                        self.start(threads, &connection);
                    }
                }
                Err(_) if self.stopper.is_stopping() => {}
                Err(error) => {
                    tracing::warn!(%error, ?pause, "cannot accept {}s", self.served);
                    self.stopper.wait(pause);
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    /// Waits for the next connection; `None` when it is refused or gone again, or none came for a while.
    fn accept(&self) -> io::Result<Option<Arc<Connection>>> {
        let patience = (self.meanwhile)();
        watch::doing(Activity::Accepting);
        let Some((stream, peer)) = self.listener.accept(patience)? else { return Ok(None) };
        // The stopper may have connected only to wake this thread.
        if self.stopper.is_stopping() {
            transport::refuse(&stream, &self.terms.refusal(&Event::ShuttingDown));
            return Ok(None);
        }
        let told = match self.places.take(peer, self.patience) {
            Ok(permit) => return Ok(Some(Connection::new(stream, peer, permit))),
            Err(NoPlace::Full) => Event::Full,
            Err(NoPlace::FullForAddress) => PaceEvent::TooManyConnections.into(),
        };
        tracing::info!(%peer, "a {} was refused: {told}", self.served);
        self.watch.note_refusal(told.why_not_let_in());
        transport::refuse(&stream, &self.terms.refusal(&told));
        Ok(None)
    }

    fn start<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>, connection: &Arc<Connection>) {
        let theirs = Arc::clone(connection);
        if self.spawn(threads, connection, move || self.serve_in_turn(threads, theirs)).is_none() {
            transport::refuse(connection.socket(), &self.terms.refusal(&Event::Full));
        }
    }

    /// Starts a thread; `None` if there can be none.
    #[inline(never)]
    fn spawn<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        connection: &Connection,
        work: impl FnOnce() + Send + 'scope,
    ) -> Option<()> {
        let thread = thread::Builder::new().name(self.served.into()).stack_size(STACK);
        if let Err(error) = thread.spawn_scoped(threads, work) {
            let (peer, served) = (connection.peer(), self.served);
            tracing::warn!(%peer, %error, "a {served} was refused: no thread");
            self.watch.note_refusal(Event::Full.why_not_let_in());
            return None;
        }
        Some(())
    }

    fn serve_in_turn<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>, first: Arc<Connection>) {
        let mut next = Some(first);
        while let Some(connection) = next.take() {
            let theirs = Arc::clone(&connection);
            self.serve(threads, &connection, || (self.serve)(theirs, self.terms));
            // Its place is free.
            drop(connection);
            next = self.wait_at_the_door();
        }
    }

    /// Serves one connection, or goes on with it. A panic ends only this one.
    fn serve<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        connection: &Arc<Connection>,
        work: impl FnOnce() -> Option<Continuation<'a>>,
    ) {
        let listed = self.watch.enter(&format!("{} {}", self.served, connection.peer().number()));
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(None) => {}
            Ok(Some(continuation)) => {
                drop(listed);
                self.go_on(threads, connection, continuation);
            }
            Err(_) => {
                tracing::error!("the thread of a {} has panicked; its connection was closed", self.served);
            }
        }
    }

    #[inline(never)]
    fn go_on<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        connection: &Arc<Connection>,
        continuation: Continuation<'a>,
    ) {
        let theirs = Arc::clone(connection);
        // Without a thread, what would go on is dropped, and the connection is closed.
        self.spawn(threads, connection, move || self.serve(threads, &theirs, continuation.0));
    }

    /// Waits for another connection unless enough threads do. Errors are left to the acceptor's
    /// thread. Never inlined: an idle client would keep the stack that waiting needs.
    #[inline(never)]
    fn wait_at_the_door(&self) -> Option<Arc<Connection>> {
        let _listed = self.watch.enter("free");
        let mut connection = None;
        if self.free.fetch_add(1, Relaxed) < self.most_free {
            while connection.is_none() && !self.stopper.is_stopping() {
                let Ok(accepted) = self.accept() else { break };
                connection = accepted;
            }
        }
        self.free.fetch_sub(1, Relaxed);
        connection
    }
}
