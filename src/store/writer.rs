//! The thread that owns the database, and the way to it.

use std::{
    mem,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::Database;
use crate::{
    record::Record,
    watch::{self, Activity},
};

/// How long a change may wait for others to be written with it. Killed, the server loses at most what
/// was said in this time and the time of one write.
const GATHERING: Duration = Duration::from_millis(100);

/// The most records in one transaction: nobody who waits for one waits long.
const GROUP: usize = 64;

/// How long to leave a disk alone that takes nothing.
const RETRY: Duration = Duration::from_secs(1);

/// Orders that may wait. Whoever wants to be sure waits for the answer anyway, so a short channel
/// makes nobody slower.
const CHANNEL: usize = 64;

enum Order {
    /// There is something to keep, at the next occasion.
    Wake,
    /// Keep it now, and say whether it is kept.
    Save(Sender<bool>),
    /// Keep what there is, and end.
    Finish,
}

/// The way to the writer's thread.
#[derive(Clone)]
pub struct Store(Option<Sender<Order>>);

impl Store {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self(None)
    }

    /// Says that there is something to keep. It never waits: when the channel is full, there is an
    /// order in it already.
    pub fn wake(&self) {
        if let Some(orders) = &self.0 {
            let _ = orders.try_send(Order::Wake);
        }
    }

    /// Waits until everything decided up to now is kept; whether it is. Where nothing outlives the
    /// server anyway, it is at once.
    pub fn save(&self) -> bool {
        let Some(orders) = &self.0 else { return true };
        let (answer, is_kept) = bounded(1);
        orders.send(Order::Save(answer)).is_ok() && is_kept.recv().unwrap_or(false)
    }

    /// Lets the writer write what there is, and end.
    pub fn finish(&self) {
        if let Some(orders) = &self.0 {
            let _ = orders.send(Order::Finish);
        }
    }
}

/// Keeps in a database what has changed.
pub struct Writer {
    pub(super) database: Database,
    orders: Receiver<Order>,
    /// What could not be written the last time.
    backlog: Vec<Record>,
    is_failing: bool,
}

impl Writer {
    /// A writer for this database, and the way to it.
    pub fn new(database: Database) -> (Store, Self) {
        let (sender, orders) = bounded(CHANNEL);
        (Store(Some(sender)), Self { database, orders, backlog: Vec::new(), is_failing: false })
    }

    /// Keeps whatever `changes` gives, whenever there is something; until [`Store::finish`].
    pub fn run<Changes: Iterator<Item = Record>>(mut self, changes: impl Fn() -> Changes) {
        let mut waiting = Vec::new();
        loop {
            watch::doing(Activity::Idle);
            let is_last = self.wait(&mut waiting);
            let is_kept = self.save(&changes);
            for answer in waiting.drain(..) {
                let _ = answer.send(is_kept);
            }
            if is_last {
                return;
            }
        }
    }

    /// Waits until something is to be written: a while after it has changed, or at once if somebody
    /// wants to be sure. Whether it is the last time.
    fn wait(&self, waiting: &mut Vec<Sender<bool>>) -> bool {
        let mut deadline = (!self.backlog.is_empty()).then(|| Instant::now() + RETRY);
        loop {
            let order = match deadline {
                Some(deadline) => self.orders.recv_deadline(deadline),
                None => self.orders.recv().map_err(RecvTimeoutError::from),
            };
            match order {
                Ok(Order::Wake) => deadline = deadline.or_else(|| Some(Instant::now() + GATHERING)),
                Ok(Order::Save(answer)) => {
                    waiting.push(answer);
                    // Whoever asks at the same time is written with it.
                    deadline = Some(Instant::now());
                }
                Err(RecvTimeoutError::Timeout) => return false,
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }

    /// Writes what has changed; whether all of it is on the disk. While the disk takes nothing, nothing
    /// more is taken from the chat either, so a full disk fills no memory.
    pub(super) fn save<Changes: Iterator<Item = Record>>(&mut self, changes: impl Fn() -> Changes) -> bool {
        let backlog = mem::take(&mut self.backlog);
        self.write(backlog.into_iter()) && self.write(changes())
    }

    fn write(&mut self, mut records: impl Iterator<Item = Record>) -> bool {
        loop {
            let group: Vec<_> = records.by_ref().take(GROUP).collect();
            if group.is_empty() {
                return true;
            }
            watch::doing(Activity::Writing);
            if let Err(error) = self.database.write(&group) {
                self.backlog = group.into_iter().chain(records).collect();
                if !mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "cannot keep what is said and decided; the chat goes on without");
                }
                return false;
            }
            if mem::take(&mut self.is_failing) {
                tracing::warn!("what is said and decided is kept again");
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.backlog.is_empty() {
            tracing::error!("the last things said and decided were not kept");
        }
    }
}
