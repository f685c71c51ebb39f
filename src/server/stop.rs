//! The way to stop a server from another thread.

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};

use crate::transport::Entrance;

/// Stops a server. Each thread that may want to has a cheap copy.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

struct Shared {
    is_stopping: Mutex<bool>,
    changed: Condvar,
    /// Closing them wakes the threads that wait there, at most `waiting` at each.
    doors: Vec<Entrance>,
    waiting: usize,
}

impl Stopper {
    pub(super) fn new(doors: Vec<Entrance>, waiting: usize) -> Self {
        Self(Arc::new(Shared { is_stopping: Mutex::new(false), changed: Condvar::new(), doors, waiting }))
    }

    /// Asks the server to stop; whether this was the first to ask.
    pub fn stop(&self) -> bool {
        let was_stopping = std::mem::replace(&mut *self.0.is_stopping.lock(), true);
        self.0.changed.notify_all();
        if !was_stopping {
            tracing::info!("stopping");
            for door in &self.0.doors {
                door.close(self.0.waiting);
            }
        }
        !was_stopping
    }

    /// Whether the server was asked to stop.
    pub fn is_stopping(&self) -> bool {
        *self.0.is_stopping.lock()
    }

    /// Waits, but no longer than until the server is asked to stop.
    pub(super) fn wait(&self, pause: Duration) {
        let mut is_stopping = self.0.is_stopping.lock();
        self.0.changed.wait_while_for(&mut is_stopping, |is_stopping| !*is_stopping, pause);
    }
}
