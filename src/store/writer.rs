//! The thread that writes the database, and the handle with which others ask it to save.

use std::{
    iter, mem,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{Database, Error, place::Found};
use crate::{
    record::Record,
    watch::{self, Activity},
};

/// How long a change may wait for others, to be written together with them.
const GATHERING: Duration = Duration::from_millis(100);

/// The most records in one transaction. It bounds the memory of a pass, and how long one write takes.
const GROUP: usize = 64;

/// How often the writer checks the data file's place, and tries a disk again that took nothing.
const CHECK: Duration = Duration::from_secs(1);

/// Orders that may wait. More would make no client faster: one that wants to be sure waits anyway.
const CHANNEL: usize = 64;

enum Order {
    /// Something has changed: save it soon.
    Wake,
    /// Save now, and tell whether everything is saved.
    Save(Sender<bool>),
    /// Save what is left, and end.
    Finish,
}

/// The handle with which others ask to save.
#[derive(Clone)]
pub struct Store(Option<Sender<Order>>);

impl Store {
    /// A store that saves nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Tells the writer that something has changed. This never waits: a full channel has an order already.
    pub fn wake(&self) {
        if let Some(orders) = &self.0 {
            let _ = orders.try_send(Order::Wake);
        }
    }

    /// Waits until everything decided so far is saved; whether it is. Without a data file it is true at once.
    pub fn save(&self) -> bool {
        let Some(orders) = &self.0 else { return true };
        let (answer, is_saved) = bounded(1);
        orders.send(Order::Save(answer)).is_ok() && is_saved.recv().unwrap_or(false)
    }

    /// Tells the writer to save what is left, and to end.
    pub fn finish(&self) {
        if let Some(orders) = &self.0 {
            let _ = orders.send(Order::Finish);
        }
    }
}

/// Where the writer gets its records: the rules.
pub trait Source {
    /// Takes the marks of everything that has changed, and returns the records. Each record is made
    /// when it is asked for, with the value of that moment; then it is the caller's to save.
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_>;

    /// Marks everything as unsaved.
    fn mark_everything_unsaved(&self);
}

/// Saves in a database what has changed.
///
/// # What is lost when the server is killed
///
/// A change is lost while its mark waits, or while its record is in a write that has not ended. At worst
/// it comes just after its room's record was made: then it waits for the rest of that pass, for
/// `GATHERING`, and for the next pass up to its own group. So a lost change is at most two passes and
/// 0.1 s old. A pass is one write for every `GROUP` changed things: milliseconds in an ordinary chat, a
/// second or more when hundreds of thousands of lines are said in a second. The number of lost lines has
/// no bound of its own: one client can send 2000 short lines in 16 KiB, which its session reads at once.
///
/// No order of events makes a mark wait longer. A room has a new mark only after the record of the old
/// one was made, and that record has all lines up to then, also when the room became empty, was
/// forgotten or was created again in between. A pass that fails is finished before new marks are taken,
/// so an older record never replaces a newer one. A pass is dropped only when everything is marked.
pub struct Writer {
    pub(super) database: Database,
    orders: Receiver<Order>,
    is_failing: bool,
}

/// One pass over everything that has changed. While nothing can be written, only this waits in memory:
/// one group of records, and the marks of the others.
pub(super) struct Pass<'a> {
    /// Records that are not written yet.
    group: Vec<Record>,
    rest: Box<dyn Iterator<Item = Record> + 'a>,
}

impl Pass<'_> {
    /// A pass that is done.
    pub(super) fn done() -> Self {
        Self { group: Vec::new(), rest: Box::new(iter::empty()) }
    }
}

impl Writer {
    /// Creates the writer of a database, and the handle to it.
    pub fn new(database: Database) -> (Store, Self) {
        let (sender, orders) = bounded(CHANNEL);
        (Store(Some(sender)), Self { database, orders, is_failing: false })
    }

    /// Saves what changes in the source, until [`Store::finish`].
    pub fn run(mut self, source: &impl Source) {
        let (mut waiting, mut pass) = (Vec::new(), Pass::done());
        loop {
            watch::doing(Activity::Idle);
            let is_last = self.wait(&mut waiting);
            let is_saved = self.save(source, &mut pass);
            for answer in waiting.drain(..) {
                let _ = answer.send(is_saved);
            }
            if is_last {
                if !is_saved {
                    tracing::error!("what was said and decided last is not saved");
                }
                return;
            }
        }
    }

    /// Waits until it is time to save, which is at once if a client waits; whether it is the last time.
    fn wait(&self, waiting: &mut Vec<Sender<bool>>) -> bool {
        let mut deadline = Instant::now() + CHECK;
        loop {
            match self.orders.recv_deadline(deadline) {
                Ok(Order::Wake) if self.is_failing => {}
                Ok(Order::Wake) => deadline = deadline.min(Instant::now() + GATHERING),
                Ok(Order::Save(answer)) => {
                    waiting.push(answer);
                    // Others that ask at the same time are answered together.
                    deadline = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => return false,
                Ok(Order::Finish) | Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }

    /// Writes everything that has changed, and returns whether all of it is saved.
    pub(super) fn save<'a>(&mut self, source: &'a dyn Source, pass: &mut Pass<'a>) -> bool {
        let result = self.try_to_save(source, pass);
        match &result {
            Ok(()) if mem::take(&mut self.is_failing) => {
                tracing::warn!("what is said and decided is saved again");
            }
            Err(error) if !mem::replace(&mut self.is_failing, true) => {
                tracing::error!(%error, "cannot save what is said and decided; the chat goes on");
            }
            Ok(()) | Err(_) => {}
        }
        result.is_ok()
    }

    fn try_to_save<'a>(&mut self, source: &'a dyn Source, pass: &mut Pass<'a>) -> Result<(), Error> {
        match self.database.repair()? {
            Found::NoJournal => {
                tracing::warn!("the journal of the data file was removed; there is a new one");
            }
            Found::Nothing => {
                tracing::warn!(
                    "the data file was removed; everything is saved in a new one. To start with an empty \
                    chat, stop the server first"
                );
                source.mark_everything_unsaved();
                *pass = Pass::done();
            }
            Found::Both | Found::Other => {}
        }
        // First what is left of the pass before.
        self.write(pass)?;
        pass.rest = source.changes();
        self.write(pass)
    }

    fn write(&mut self, pass: &mut Pass<'_>) -> Result<(), Error> {
        loop {
            if pass.group.is_empty() {
                pass.group.extend(pass.rest.by_ref().take(GROUP));
            }
            if pass.group.is_empty() {
                return Ok(());
            }
            watch::doing(Activity::Writing);
            self.database.write(&pass.group)?;
            pass.group.clear();
        }
    }
}
