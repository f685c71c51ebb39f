//! The way to stop a server from another thread.

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};

use super::acceptor::MOST_FREE;
use crate::transport::Listener;

/// Stops a server; a cheap copy for each thread that may want to.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

struct Shared {
    is_stopping: Mutex<bool>,
    changed: Condvar,
    /// Here, because closing it is what wakes the threads that wait in `accept`.
    listener: Listener,
}

impl Stopper {
    pub(super) fn new(listener: Listener) -> Self {
        Self(Arc::new(Shared { is_stopping: Mutex::new(false), changed: Condvar::new(), listener }))
    }

    pub(super) fn listener(&self) -> &Listener {
        &self.0.listener
    }

    /// Asks the server to stop; whether this was the first to ask.
    pub fn stop(&self) -> bool {
        let was_stopping = std::mem::replace(&mut *self.0.is_stopping.lock(), true);
        self.0.changed.notify_all();
        if !was_stopping {
            self.0.listener.close(1 + MOST_FREE);
        }
        !was_stopping
    }

    /// Whether somebody has asked.
    pub fn is_stopping(&self) -> bool {
        *self.0.is_stopping.lock()
    }

    /// Waits, but no longer than until somebody asks.
    pub(super) fn wait(&self, pause: Duration) {
        let mut is_stopping = self.0.is_stopping.lock();
        self.0.changed.wait_while_for(&mut is_stopping, |is_stopping| !*is_stopping, pause);
    }
}
