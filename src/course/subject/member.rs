//! A child process: how it starts, is asked to stop, and ends, with everything that it has started.

use std::{
    fmt, io, mem, thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use portable_pty::Child;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group, waitid,
};

use super::{
    family::{Family, Process, adopts_orphans, end_orphans},
    sockets::{Listening, listening},
};

/// All running programs. The handler of Ctrl-C runs in its own thread, so it may wait for the lock.
///
/// The lock is held while a program starts, so that no program is mistaken for an orphan.
static LIVE: Mutex<Vec<Family>> = Mutex::new(Vec::new());

/// How long a program may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_millis(700);

/// A child process that leads its process group. Dropping it ends the whole group and all that it has started, also
/// when a check fails or panics.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) family: Family,
    child: Box<dyn Child + Send + Sync>,
}

impl Member {
    /// Starts a process that leads a new group. It must get the given mark as its environment variable
    /// [`MARK`](super::MARK).
    pub(crate) fn start(
        spawn: impl FnOnce(&str) -> io::Result<Box<dyn Child + Send + Sync>>,
    ) -> io::Result<Self> {
        let mark = Family::new_mark();
        let mut live = LIVE.lock();
        let child = spawn(&mark)?;
        let leader = child.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let family = Family::of(leader.ok_or(io::ErrorKind::NotFound)?, mark);
        live.push(family.clone());
        Ok(Self { family, child })
    }

    /// Waits until the process ends by itself.
    pub(crate) fn ends(&self, patience: Duration) -> Option<Ended> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            let ended = has_ended(self.family.leader);
            if ended.is_some() || Instant::now() >= deadline {
                return ended;
            }
            thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Sends a signal to its whole group, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.family.leader, signal);
    }

    /// Asks the server at this port to stop.
    ///
    /// If a script or `npm start` has started it, the signal goes to the process that listens and not to the script,
    /// which would end of it. The script then ends with the status of the server.
    pub(crate) fn is_asked_to_stop(&self, signal: Signal, port: u16) {
        let mut servers = self.servers(port);
        if servers.is_empty() || servers.iter().any(|server| server.pid == self.family.leader) {
            return self.signal(signal);
        }
        // A server that has started others stops them itself.
        let all = servers.clone();
        servers.retain(|server| !all.iter().any(|other| server.is_child_of(other)));
        for server in servers {
            let _ = kill_process(server.pid, signal);
        }
    }

    /// The processes that clients of this port reach; none where the system does not tell.
    fn servers(&self, port: u16) -> Vec<Process> {
        self.listening().into_iter().filter(|found| found.is_at(port)).map(|found| found.process).collect()
    }

    /// Where its processes listen; nothing where the system does not tell.
    pub(crate) fn listening(&self) -> Vec<Listening> {
        listening(&self.family.processes())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.ends(Duration::ZERO).is_none() {
            self.signal(Signal::TERM);
            self.ends(GRACE);
        }
        // Nothing has waited for the child yet, so no other process can have its number.
        self.signal(Signal::KILL);
        // Of the last program, everything that is left becomes an orphan, which is found without a search.
        if !(adopts_orphans() && LIVE.lock().len() == 1) {
            self.family.kill();
        }
        let _ = self.child.wait();
        let mut live = LIVE.lock();
        live.retain(|family| family.leader != self.family.leader);
        if live.is_empty() {
            end_orphans();
        }
    }
}

/// Ends every running program with SIGTERM and, after at most 300 ms, SIGKILL.
pub fn end_all() {
    let live = LIVE.lock();
    for family in live.iter() {
        let _ = kill_process_group(family.leader, Signal::TERM);
    }
    let deadline = Instant::now() + Duration::from_millis(300);
    let is_there = |family: &Family| test_kill_process_group(family.leader).is_ok();
    while Instant::now() < deadline && live.iter().any(is_there) {
        thread::park_timeout(Duration::from_millis(5));
    }
    live.iter().for_each(Family::kill);
    end_orphans();
    // This process is about to end, and no other program starts before that.
    mem::forget(live);
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended by itself with this status.
    Status(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Ended {
    /// Whether it ended by the signal that asked it to stop. Shells, and Java after its shutdown hooks, report that as
    /// a status.
    pub(crate) fn is_by_request(self) -> bool {
        matches!(self, Self::Signal(2 | 15) | Self::Status(130 | 143))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Status(status) => return write!(f, "status {status}"),
            Self::Signal(2) => "SIGINT",
            Self::Signal(6) => "SIGABRT",
            Self::Signal(9) => "SIGKILL",
            Self::Signal(11) => "SIGSEGV",
            Self::Signal(13) => "SIGPIPE",
            Self::Signal(15) => "SIGTERM",
            Self::Signal(number) => return write!(f, "signal {number}"),
        };
        f.write_str(name)
    }
}

/// How a child has ended, without waiting for it.
fn has_ended(pid: Pid) -> Option<Ended> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(pid), options).ok()??;
    let signal = status.terminating_signal().map(Ended::Signal);
    status.exit_status().map(Ended::Status).or(signal)
}
