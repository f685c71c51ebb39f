//! The fault that is switched on.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

static CHOSEN: OnceLock<String> = OnceLock::new();

/// One line of the gallery.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The first step of the course that finds it.
    pub(crate) step: &'static str,
    pub(crate) symptom: &'static str,
}

/// All faults, in the order of the steps.
pub(crate) fn gallery() -> impl Iterator<Item = Fault> {
    include_str!("gallery.txt").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.splitn(3, " | ");
        Some(Fault { name: columns.next()?, step: columns.next()?, symptom: columns.next()? })
    })
}

/// Switches a fault on for good. Returns false if no fault has this name.
pub(crate) fn choose(name: &str) -> bool {
    gallery().any(|fault| fault.name == name) && CHOSEN.set(name.to_owned()).is_ok()
}

/// Whether a fault is switched on.
pub(crate) fn is_chosen() -> bool {
    CHOSEN.get().is_some()
}

/// Whether this is a fault of a client and not of a server.
pub(crate) fn is_of_client(name: &str) -> bool {
    name == "sealed" || gallery().any(|fault| fault.name == name && fault.step == "35")
}

/// Whether this fault is switched on.
pub(crate) fn is(name: &str) -> bool {
    CHOSEN.get().is_some_and(|chosen| chosen == name)
}

/// Whether another thread is here at the same time. Both wait a moment.
pub(crate) fn races() -> bool {
    static HERE: AtomicUsize = AtomicUsize::new(0);
    let is_second = HERE.fetch_add(1, Ordering::SeqCst) > 0;
    dawdle();
    HERE.fetch_sub(1, Ordering::SeqCst);
    is_second
}

/// Waits a moment, so that a race goes wrong every time.
pub(crate) fn dawdle() {
    thread::park_timeout(Duration::from_micros(200));
}
