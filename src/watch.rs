//! What every thread of the server is doing now, and what they all have counted.
//!
//! Watching costs nothing measurable while no client asks. A thread that changes its activity stores
//! one word that no other thread writes: the activity, and since when by a coarse, cheap clock. This
//! needs no lock, and [`Ordering::Relaxed`] is enough because no other data depends on the word. The
//! list of threads has a lock, which a thread takes only when it starts, ends or looks.
//!
//! Counting costs some nanoseconds for each system call, message or decision: see [`Gauges`]. It needs neither a
//! lock nor memory.
//!
//! [`doing`] also records the [`Journey`] of a message that is traced: while its thread handles the
//! message, every change of activity is a hop.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    marker::PhantomData,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::{Mutex, MutexGuard};

mod activity;
mod coarse;
mod figures;
mod gauge;
mod histogram;
mod journey;
mod labelled;
mod seen;
#[cfg(test)]
mod tests;

pub use activity::Activity;
pub use figures::{Gauges, Reading};
pub use gauge::{Counter, Gauge};
pub use histogram::{Buckets, Histogram};
pub use journey::{Arrival, Hop, Journey, Reach};
pub use labelled::Labelled;
pub use seen::{Load, Process, Seen, ThreadSeen};

use figures::Figures;

thread_local! {
    /// How a thread finds its own word; `None` on a thread that is not watched, as in most tests.
    static MYSELF: RefCell<Option<Myself>> = const { RefCell::new(None) };
    /// The journey of the message that the thread is handling, if it is traced.
    static JOURNEY: RefCell<Option<Journey>> = const { RefCell::new(None) };
}

struct Myself {
    watch: Watch,
    thread: Arc<Thread>,
    /// Its key in the list.
    key: u64,
}

/// A thread, as the others see it. It does not get a cache line to itself: that would save little, and
/// cost a megabyte with ten thousand threads.
struct Thread {
    name: Box<str>,
    /// An [`Activity`] in the upper 8 bits; in the others, the time in milliseconds when it began.
    word: AtomicU64,
}

/// How many threads are copied out of the list under one lock: a few microseconds' work.
const AT_ONCE: usize = 64;

/// Everything that is watched in one server. Cloning it is cheap: clones share it.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

struct Shared {
    started: Instant,
    /// When that was by the clock on the wall.
    started_at: SystemTime,
    threads: Mutex<Threads>,
    figures: Figures,
}

/// The threads in the order in which they started: keys only rise.
#[derive(Default)]
struct Threads {
    next_key: u64,
    by_key: BTreeMap<u64, Arc<Thread>>,
}

impl Watch {
    /// Starts to watch a server that starts now.
    pub fn start() -> Self {
        let (started, started_at) = (Instant::now(), SystemTime::now());
        let (threads, figures) = (Mutex::default(), Figures::default());
        Self(Arc::new(Shared { started, started_at, threads, figures }))
    }

    /// Lists the calling thread under this name until the returned guard is dropped. A thread can be
    /// in one list at a time. It starts afresh: no message that it handled before is still traced.
    pub fn enter(&self, name: &str) -> Listed {
        let word = AtomicU64::new(word(Activity::Working));
        let thread = Arc::new(Thread { name: name.into(), word });
        let key = self.0.threads.lock().add(Arc::clone(&thread));
        JOURNEY.set(None);
        MYSELF.set(Some(Myself { watch: self.clone(), thread, key }));
        Listed { watch: self.clone(), key, stays_here: PhantomData }
    }

    /// The figures that the broadcaster keeps up to date.
    pub fn gauges(&self) -> &Gauges {
        &self.0.figures.broadcaster
    }

    /// Reads all figures. This takes no lock that a session or the broadcaster needs.
    pub fn figures(&self) -> Reading {
        self.0.figures.read()
    }

    /// What the system tells about the process.
    pub fn process(&self) -> Process {
        Process::read()
    }

    /// When the server started, by the clock on the wall.
    pub fn started_at(&self) -> SystemTime {
        self.0.started_at
    }

    /// Notes how long the registry's lock was held. Call it under that lock.
    pub fn note_hold(&self, held: Duration) {
        let (held, holds) = (u64::try_from(held.as_nanos()).unwrap_or(u64::MAX), &self.0.figures.holds);
        holds.longest.raise(held);
        holds.all.note(held);
    }

    /// Notes that a client was not let in, for this reason.
    pub fn note_refusal(&self, why: &'static str) {
        self.0.figures.seldom.refused.lock().add(why);
    }

    /// Takes a snapshot of the server; `channel` is the load of the channel to the broadcaster.
    ///
    /// It takes time for each thread there is, so this is never called under the registry's lock.
    /// Other threads start and end meanwhile; one that does may be missing from what is returned.
    pub fn look(&self, channel: Load) -> Seen {
        let asking = MYSELF.with_borrow(|myself| myself.as_ref().map(|myself| myself.key));
        let mut seen = Seen::new(channel, &self.0.figures, self.0.started.elapsed());
        let now = coarse::milliseconds();
        self.visit(|key, thread| {
            let (activity, since) = unpack(thread.word.load(Ordering::Relaxed));
            seen.add(&thread.name, activity, now.saturating_sub(since), Some(key) == asking);
        });
        seen
    }

    /// Visits the threads that are listed now, oldest first. The list is locked only while a few of
    /// them are copied out of it, so an arriving client never waits for a walk over ten thousand.
    fn visit(&self, mut visit: impl FnMut(u64, &Thread)) {
        let last = self.0.threads.lock().next_key;
        let mut seen = 0;
        while seen < last {
            let threads = self.0.threads.lock();
            let few: Vec<_> = threads.after(seen, last).collect();
            // Handed on to a thread that waits for it; otherwise this loop would take it again first.
            MutexGuard::unlock_fair(threads);
            for (key, thread) in &few {
                visit(*key, thread);
            }
            seen = few.last().map_or(last, |(key, _)| *key);
        }
    }
}

impl Threads {
    fn add(&mut self, thread: Arc<Thread>) -> u64 {
        self.next_key += 1;
        self.by_key.insert(self.next_key, thread);
        self.next_key
    }

    /// The next few threads with keys above `seen`, up to `last`.
    fn after(&self, seen: u64, last: u64) -> impl Iterator<Item = (u64, Arc<Thread>)> {
        let next = self.by_key.range(seen + 1..=last).take(AT_ONCE);
        next.map(|(&key, thread)| (key, Arc::clone(thread)))
    }
}

/// A thread's entry in the list, which is removed when this is dropped.
pub struct Listed {
    watch: Watch,
    key: u64,
    /// Not `Send`, because dropping it clears the thread-locals of the thread that drops it.
    stays_here: PhantomData<Rc<()>>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.watch.0.threads.lock().by_key.remove(&self.key);
        MYSELF.set(None);
    }
}

/// Notes what the calling thread does from now on. This takes some nanoseconds.
pub fn doing(activity: Activity) {
    MYSELF.with_borrow(|myself| {
        let Some(Myself { thread, .. }) = myself else { return };
        thread.word.store(word(activity), Ordering::Relaxed);
        JOURNEY.with_borrow_mut(|journey| journey.take_if(|journey| journey.pass(activity).is_break()));
    });
}

/// Notes that the calling thread has read this many bytes from a socket.
pub fn received(bytes: usize) {
    count(|figures| figures.received.bytes.add(bytes as u64));
}

/// Notes that the calling thread has sent this many bytes to a socket.
pub fn sent(bytes: usize) {
    count(|figures| figures.broadcaster.sent.add(bytes as u64));
}

/// Notes that this many bytes of a file were carried.
pub fn carried(bytes: usize) {
    count(|figures| figures.seldom.carried.add(bytes as u64));
}

fn count(note: impl FnOnce(&Figures)) {
    MYSELF.with_borrow(|myself| {
        let Some(Myself { watch, .. }) = myself else { return };
        note(&watch.0.figures);
    });
}

/// Traces the message that the calling thread has just decoded, until [`take_journey`] or the next
/// read; `read_at` is when its bytes were read.
pub fn trace_message(read_at: Instant) {
    if MYSELF.with_borrow(Option::is_some) {
        let mut journey = Journey::default();
        journey.note(Hop::Read, Arrival { at: read_at, thread: own_name() });
        JOURNEY.set(Some(journey));
    }
}

/// The journey so far of the message that the calling thread traces.
pub fn take_journey() -> Option<Journey> {
    JOURNEY.take()
}

/// Where the journey of a traced message arrives. The rules hand it on and know no channel.
pub struct Reported(pub Receiver<Journey>);

/// A way for one journey to be reported.
pub fn report() -> (Sender<Journey>, Reported) {
    let (report, reported) = bounded(1);
    (report, Reported(reported))
}

/// The name under which the calling thread is listed; empty if it is not.
fn own_name() -> String {
    MYSELF.with_borrow(|myself| {
        myself.as_ref().map(|myself| myself.thread.name.to_string()).unwrap_or_default()
    })
}

const TIME_BITS: u32 = 56;

fn word(activity: Activity) -> u64 {
    ((activity as u64) << TIME_BITS) | (coarse::milliseconds() & ((1 << TIME_BITS) - 1))
}

fn unpack(word: u64) -> (Activity, u64) {
    let index = usize::try_from(word >> TIME_BITS).unwrap_or(usize::MAX);
    let activity = Activity::ALL.get(index).copied().unwrap_or(Activity::Working);
    (activity, word & ((1 << TIME_BITS) - 1))
}
