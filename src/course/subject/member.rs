//! A child process and the group that it leads: how it ends, and how much memory it uses.

use std::{
    fmt, fs, io,
    str::SplitWhitespace,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use portable_pty::Child;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

/// All running groups. The handler of Ctrl-C runs in its own thread, so it may wait for the lock.
static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// How long a program may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_millis(700);

/// A child process that leads its process group. Dropping it ends the whole group, also when a check fails or panics.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) group: Pid,
    child: Box<dyn Child + Send + Sync>,
}

impl Member {
    pub(crate) fn new(child: Box<dyn Child + Send + Sync>) -> io::Result<Self> {
        let group = child.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = group.ok_or(io::ErrorKind::NotFound)?;
        LIVE.lock().push(group);
        Ok(Self { group, child })
    }

    /// Waits until the process ends by itself.
    pub(crate) fn ends(&self, patience: Duration) -> Option<Ended> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            let ended = has_ended(self.group);
            if ended.is_some() || Instant::now() >= deadline {
                return ended;
            }
            thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Sends a signal to all its processes, as Ctrl-C does.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
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
        let _ = self.child.wait();
        LIVE.lock().retain(|live| *live != self.group);
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

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended by itself with this status.
    Status(i32),
    /// This signal ended it.
    Signal(i32),
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

/// The resident memory of all processes of a group, in bytes; `None` where there is no `/proc`.
///
/// A limit on address space (`RLIMIT_AS`) would not do: the runtimes of some languages reserve more than they use.
pub(crate) fn memory_of(group: Pid) -> Option<u64> {
    let pages = sum_of(group, |fields| fields.nth(RSS - GROUP - 1)?.parse().ok())?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The processor time of all processes of a group; `None` where there is no `/proc`.
pub(crate) fn processor_time_of(group: Pid) -> Option<Duration> {
    let ticks = sum_of(group, |fields| {
        let user: u64 = fields.nth(USER - GROUP - 1)?.parse().ok()?;
        Some(user + fields.next()?.parse::<u64>().ok()?)
    })?;
    Some(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// Fields of `/proc/PID/stat`, as proc(5) counts from 1. After the time in user mode comes that in the kernel.
const GROUP: usize = 5;
const USER: usize = 14;
const RSS: usize = 24;

/// Adds up a number for all processes of a group, from the fields after the group's.
fn sum_of(group: Pid, number: impl Fn(&mut SplitWhitespace<'_>) -> Option<u64>) -> Option<u64> {
    let mut sum = 0;
    for entry in fs::read_dir("/proc").ok()? {
        let Ok(name) = entry.ok()?.file_name().into_string() else { continue };
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            sum += number_of(&name, group, &number).unwrap_or(0);
        }
    }
    Some(sum)
}

/// A number of one process, if it is in the group.
fn number_of(pid: &str, group: Pid, number: impl Fn(&mut SplitWhitespace<'_>) -> Option<u64>) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything. Then come state, parent, group, …
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_member = fields.nth(2)?.parse() == Ok(group.as_raw_nonzero().get());
    is_member.then(|| number(&mut fields))?
}
