//! The processes of a program: its process group, all descendants, and every process that carries its mark.
//!
//! A process can leave its group and its session, and when its parent ends, it gets another one. What it inherits
//! and hardly ever removes is its environment, so each program gets a mark there. Only Linux tells all this; elsewhere
//! a program is its group.

use std::{
    fs, process,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, waitid, waitpid,
    },
};

/// The environment variable whose value marks the processes of one program.
pub(crate) const MARK: &str = "CHAT_COURSE_MARK";

/// The longest that ending the processes of a program is tried. Each try ends those that it finds.
const ENDING: Duration = Duration::from_secs(1);

/// Whether this process becomes the parent of its programs' orphans.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Makes this process the parent of the orphans that its programs leave, so that it finds and ends them.
///
/// This is for a program that has no other children while it grades: when no learner's program runs, all its children
/// are orphans.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        // The kernel takes any number but 0 for "yes".
        let adopts = rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok();
        ADOPTS.store(adopts, Ordering::Relaxed);
    }
}

/// The processes of one program.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// The process that the course started, which leads a process group.
    pub(crate) leader: Pid,
    mark: String,
    /// When the leader started, in the clock ticks of `/proc`.
    started: u64,
}

/// What `/proc` tells about a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    parent: i32,
    group: i32,
    is_zombie: bool,
    /// Whether its first thread uses a processor or waits for one.
    is_running: bool,
    /// The processor time that it has used, in clock ticks.
    ticks: u64,
    started: u64,
    /// The resident memory in pages.
    pages: u64,
}

impl Family {
    /// A value of [`MARK`] that no other program has.
    pub(super) fn new_mark() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        format!("{}.{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The family of a process that has just been started with this mark.
    pub(super) fn of(leader: Pid, mark: String) -> Self {
        let started = Process::of(leader).map_or(0, |process| process.started);
        Self { leader, mark, started }
    }

    /// All processes that belong to it now.
    pub(super) fn processes(&self) -> Vec<Process> {
        let leader = self.leader.as_raw_nonzero().get();
        let is_marked = |other: &Process| {
            other.pid == self.leader
                || other.group == leader
                || (other.started >= self.started && has_mark(other.pid, &self.mark))
        };
        let (mut ours, mut others): (Vec<_>, Vec<_>) = all().into_iter().partition(is_marked);
        loop {
            let is_child = |other: &Process| ours.iter().any(|one| other.is_child_of(one));
            let (children, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is_child);
            if children.is_empty() {
                return ours;
            }
            ours.extend(children);
            others = rest;
        }
    }

    /// The processes that have not ended.
    fn living(&self) -> Vec<Process> {
        self.processes().into_iter().filter(|process| !process.is_zombie).collect()
    }

    /// Whether another process than the leader still runs after this time.
    pub(crate) fn goes_on(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            let goes_on = self.living().iter().any(|process| process.pid != self.leader);
            if !goes_on || Instant::now() >= deadline {
                return goes_on;
            }
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Whether the leader has started another process that has not ended, as scripts do.
    pub(super) fn leader_has_children(&self) -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.leader.as_raw_nonzero()));
        let children = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).ok();
        tasks.is_ok_and(|tasks| tasks.flatten().filter_map(children).any(|pids| !pids.is_empty()))
    }

    /// The resident memory of all its processes, in bytes, where the system tells.
    ///
    /// A limit on address space (`RLIMIT_AS`) would not do: the runtimes of some languages reserve more than they use.
    pub(crate) fn memory(&self) -> Option<u64> {
        let pages: u64 = self.processes().iter().map(|process| process.pages).sum();
        (pages > 0).then(|| pages * rustix::param::page_size() as u64)
    }

    /// Whether the leader does something and does not wait.
    pub(super) fn leader_is_running(&self) -> bool {
        Process::of(self.leader).is_some_and(|leader| leader.is_running)
    }

    /// Whether one of its processes does something and does not wait.
    pub(super) fn is_running(&self) -> bool {
        self.processes().iter().any(|process| process.is_running)
    }

    /// The processor time that its processes have used.
    pub(crate) fn busy(&self) -> Duration {
        let ticks: u64 = self.processes().iter().map(|process| process.ticks).sum();
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1))
    }

    /// Ends all its processes with SIGKILL.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.leader, Signal::KILL);
        end(|| self.living());
    }
}

/// Whether this process finds all that its programs leave, when none of them runs any more.
pub(super) fn adopts_orphans() -> bool {
    ADOPTS.load(Ordering::Relaxed)
}

/// Ends all orphans that this process has adopted.
pub(super) fn end_orphans() {
    if !adopts_orphans() {
        return;
    }
    end(|| {
        let any = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::All, any).is_err_and(|error| error == Errno::CHILD) {
            return Vec::new();
        }
        let us = process::id().cast_signed();
        let (ended, living): (Vec<_>, Vec<_>) =
            all().into_iter().filter(|process| process.parent == us).partition(|process| process.is_zombie);
        for process in ended {
            let _ = waitpid(Some(process.pid), WaitOptions::NOHANG);
        }
        living
    });
}

/// Sends SIGKILL to all processes that are found, until none is.
fn end(find: impl Fn() -> Vec<Process>) {
    let deadline = Instant::now() + ENDING;
    loop {
        let found = find();
        if found.is_empty() || Instant::now() >= deadline {
            return;
        }
        for process in found {
            let _ = kill_process(process.pid, Signal::KILL);
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// All processes that `/proc` shows.
fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries.flatten().filter_map(|entry| Process::of(Pid::from_raw(number(entry)?)?)).collect()
}

fn has_mark(pid: Pid, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
    let marked = |variable: &[u8]| {
        variable.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            == Some(mark.as_bytes())
    };
    environment.split(|byte| *byte == 0).any(marked)
}

impl Process {
    /// Whether the other process is its parent.
    pub(super) fn is_child_of(&self, other: &Self) -> bool {
        self.parent == other.pid.as_raw_nonzero().get()
    }

    pub(super) fn of(pid: Pid) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        // The name in parentheses may contain anything. The state follows, which is field 3 in proc(5).
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
        Some(Self {
            pid,
            parent: number(4)?.try_into().ok()?,
            group: number(5)?.try_into().ok()?,
            is_zombie: ["Z", "X"].contains(fields.first()?),
            is_running: ["R", "D"].contains(fields.first()?),
            ticks: (number(14)? + number(15)?).cast_unsigned(),
            started: number(22)?.cast_unsigned(),
            pages: number(24)?.cast_unsigned(),
        })
    }
}
