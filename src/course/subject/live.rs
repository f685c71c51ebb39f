//! The process groups that are running now, so that Ctrl-C can end them all.

use std::{
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// Locked for a push or a removal; the handler of Ctrl-C has a thread of its own, so it may wait.
static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A process group that [`end_all`] knows of until it is dropped.
#[derive(Debug)]
pub(super) struct Group(Pid);

impl Group {
    pub(super) fn new(pid: Pid) -> Self {
        LIVE.lock().push(pid);
        Self(pid)
    }

    pub(super) fn pid(&self) -> Pid {
        self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        LIVE.lock().retain(|live| *live != self.0);
    }
}

/// Ends every program that is running: TERM, and KILL for what is left after a moment.
pub fn end_all() {
    let live = LIVE.lock();
    for group in live.iter() {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let deadline = Instant::now() + Duration::from_millis(300);
    while Instant::now() < deadline && live.iter().any(|group| test_kill_process_group(*group).is_ok()) {
        thread::park_timeout(Duration::from_millis(5));
    }
    for group in live.iter() {
        let _ = kill_process_group(*group, Signal::KILL);
    }
}
