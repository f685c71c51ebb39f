//! The threads of the clients: each client has one of its own, and one that is free is used again.
//!
//! Making a thread and ending it takes about as long as everything else that a short visit needs. So
//! the thread of a client that has left waits a moment for the next one.

use std::{
    io,
    sync::Arc,
    thread::{self, Scope},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::{
    transport::Connection,
    watch::{self, Activity, Watch},
};

/// A session's stack. Only what is used of it takes memory; this is what printing a panic with its
/// backtrace needs.
const STACK: usize = 256 * 1024;

/// How long a free thread waits for a client. Where clients come and go all the time, one comes in
/// that time; where they do not, nobody pays for threads without clients.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where clients get their threads. When it is dropped, the free ones end.
pub(super) struct Threads<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    watch: &'scope Watch,
    /// A channel without any room: it takes a client only while a free thread waits at its other end.
    free: Sender<Arc<Connection>>,
    next: Receiver<Arc<Connection>>,
}

impl<'scope, 'env> Threads<'scope, 'env> {
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, watch: &'scope Watch) -> Self {
        let (free, next) = bounded(0);
        Self { scope, watch, free, next }
    }

    /// Serves a client on a thread that is free, or on a new one.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn serve(
        &self,
        client: Arc<Connection>,
        serve: impl Fn(Arc<Connection>) + Send + 'scope,
    ) -> io::Result<()> {
        let Err(client) = self.free.try_send(client) else { return Ok(()) };
        let (client, next, watch) = (client.into_inner(), self.next.clone(), self.watch);
        let serve_in_turn = move || {
            let mut served = Some(client);
            while let Some(client) = served.take() {
                serve(client);
                served = wait(&next, watch);
            }
        };
        let thread = thread::Builder::new().name("client".into()).stack_size(STACK);
        thread.spawn_scoped(self.scope, serve_in_turn).map(drop)
    }
}

/// Waits a moment for a client. Never inlined: what waiting needs of the stack would be kept by every
/// client that idles.
#[inline(never)]
fn wait(next: &Receiver<Arc<Connection>>, watch: &Watch) -> Option<Arc<Connection>> {
    let _listed = watch.enter("spare");
    watch::doing(Activity::Idle);
    next.recv_timeout(PATIENCE).ok()
}
