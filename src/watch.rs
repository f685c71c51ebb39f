//! What every thread is doing now, for whoever asks.
//!
//! Watching must cost nothing measurable while nobody looks. So a thread that goes over to something
//! else stores one word that no other thread writes: what it does now, and since when, by a clock that
//! is cheap because it is coarse. There is no lock, and no ordering ([`Ordering::Relaxed`]): the word
//! is all there is to know, nothing else is read on its authority. The list of threads has a lock; a
//! thread takes it when it starts, when it ends and when it asks, and never in between.
//!
//! The same call, [`doing`], serves those who follow one message: while its thread handles it, every
//! change of activity is a hop of the [`Journey`].

use std::{
    cell::RefCell,
    collections::BTreeMap,
    marker::PhantomData,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

mod activity;
mod coarse;
mod gauge;
mod journey;
mod process;
mod report;
mod seen;
#[cfg(test)]
mod tests;

pub use activity::Activity;
pub use gauge::{Gauge, Gauges};
pub use journey::{Arrival, Hop, Journey, Reach};
pub use report::{Reported, Reporter, report};
pub use seen::{Load, Seen, ThreadSeen};

thread_local! {
    /// How a thread finds its own word. One that is not watched, as in most tests, has none.
    static MYSELF: RefCell<Option<Myself>> = const { RefCell::new(None) };
    /// The journey of the message at hand, if somebody wants to know it.
    static JOURNEY: RefCell<Option<Journey>> = const { RefCell::new(None) };
}

struct Myself {
    thread: Arc<Thread>,
    /// Its key in the list.
    key: u64,
}

/// A thread, as the others see it. With a cache line to itself its stores would never wait for a
/// neighbour's, but ten thousand idle threads would take a megabyte more.
struct Thread {
    name: Box<str>,
    /// An [`Activity`] in the upper 8 bits; in the others, since when in milliseconds.
    word: AtomicU64,
}

/// What there is to see of one server; a cheap copy for each thread.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

struct Shared {
    started: Instant,
    threads: Mutex<Threads>,
    gauges: Gauges,
}

/// The threads in the order in which they started: keys only rise.
#[derive(Default)]
struct Threads {
    next_key: u64,
    by_key: BTreeMap<u64, Arc<Thread>>,
}

impl Watch {
    /// The watch over a server that starts now.
    pub fn start() -> Self {
        let (threads, gauges) = (Mutex::default(), Gauges::default());
        Self(Arc::new(Shared { started: Instant::now(), threads, gauges }))
    }

    /// Lists the calling thread under this name until what is returned is dropped. A thread is
    /// watched by one watch at a time.
    pub fn enter(&self, name: &str) -> Listed {
        let word = AtomicU64::new(word(Activity::Working));
        let thread = Arc::new(Thread { name: name.into(), word });
        let key = self.0.threads.lock().add(Arc::clone(&thread));
        MYSELF.set(Some(Myself { thread, key }));
        Listed { watch: self.clone(), key, stays_here: PhantomData }
    }

    /// What the server's parts say about themselves.
    pub fn gauges(&self) -> &Gauges {
        &self.0.gauges
    }

    /// Notes for how long the registry's lock was held; called under that lock.
    pub fn note_hold(&self, held: Duration) {
        self.0.gauges.longest_hold.raise(u64::try_from(held.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Looks at everything; `channel` is the one to the broadcaster.
    ///
    /// It takes time for each thread there is, so this is never called under the registry's lock.
    /// Threads that start or end meanwhile wait for it, and nobody else does.
    pub fn look(&self, channel: Load) -> Seen {
        let asking = MYSELF.with_borrow(|myself| myself.as_ref().map(|myself| myself.key));
        let mut seen = Seen::new(channel, self.gauges(), self.0.started.elapsed());
        let now = coarse::milliseconds();
        for (&key, thread) in &self.0.threads.lock().by_key {
            let (activity, since) = unpack(thread.word.load(Ordering::Relaxed));
            seen.add(&thread.name, activity, now.saturating_sub(since), Some(key) == asking);
        }
        seen
    }
}

impl Threads {
    fn add(&mut self, thread: Arc<Thread>) -> u64 {
        self.next_key += 1;
        self.by_key.insert(self.next_key, thread);
        self.next_key
    }
}

/// A thread's place in the list. Dropped, wherever that happens, it takes the thread out.
pub struct Listed {
    watch: Watch,
    key: u64,
    /// Another thread's own word is out of reach from here.
    stays_here: PhantomData<Rc<()>>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.watch.0.threads.lock().by_key.remove(&self.key);
        MYSELF.set(None);
        JOURNEY.set(None);
    }
}

/// The calling thread does this from now on. Some nanoseconds; on a thread that is not watched, less.
pub fn doing(activity: Activity) {
    MYSELF.with_borrow(|myself| {
        let Some(Myself { thread, .. }) = myself else { return };
        thread.word.store(word(activity), Ordering::Relaxed);
        JOURNEY.with_borrow_mut(|journey| journey.take_if(|journey| journey.pass(activity).is_break()));
    });
}

/// The message that the calling thread has just decoded is followed from now on, up to
/// [`take_journey`] or the next reading; `read_at` is when it was read.
pub fn follow_message(read_at: Instant) {
    if MYSELF.with_borrow(Option::is_some) {
        JOURNEY.set(Some(Journey::from_reading(read_at)));
    }
}

/// The journey up to now of the message that the calling thread follows.
pub fn take_journey() -> Option<Journey> {
    JOURNEY.take()
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
