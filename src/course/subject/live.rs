//! The list of running process groups, so that Ctrl-C can end them all.

use std::{
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// All running groups. The handler of Ctrl-C runs in its own thread, so it may wait for the lock.
static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A process group in the list until it is dropped.
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

/// Ends every running program with SIGTERM and, after at most 300 ms, SIGKILL.
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
