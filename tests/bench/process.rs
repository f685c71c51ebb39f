//! Starts, observes and ends the servers' processes.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    str::FromStr,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;

use crate::{
    address::Address,
    failure::{Failure, Result},
};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A server's process. Dropping the value kills it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// Its second door, if it has one.
    pub(crate) door: Option<Address>,
    child: Child,
    /// The output on which the server announced its address. It stays open, so that the server can write more.
    stdout: Option<BufReader<ChildStdout>>,
    _folder: Option<TempDir>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // If the process has ended already, the scenario has noticed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(&self.child.id().to_string())
    }
}

/// What a process uses and has used.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    cpu: Duration,
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    pub(crate) threads: u64,
    pub(crate) files: usize,
}

impl Usage {
    pub(crate) fn of_this_program() -> Self {
        Self::of("self")
    }

    /// Processor time used since `earlier`, in seconds.
    pub(crate) fn cpu_since(&self, earlier: &Self) -> f64 {
        self.cpu.saturating_sub(earlier.cpu).as_secs_f64()
    }

    /// All zero if there is no such process; the scenario then fails for another reason.
    fn of(process: &str) -> Self {
        let folder = Path::new("/proc").join(process);
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // The name is in parentheses and may contain spaces.
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split(' ')
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let field = |number: usize| fields.get(number - 2).copied().unwrap_or(0);
        let ticks = Duration::from_secs(field(14) + field(15));
        Self {
            cpu: ticks / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100),
            memory: field(24) * rustix::param::page_size() as u64,
            threads: field(20),
            files: fs::read_dir(folder.join("fd")).map_or(0, Iterator::count),
        }
    }
}

/// Starts a program that prints its address as the last word of the first line.
pub(crate) fn start_announced(command: Command) -> Result<Running> {
    start_piped(command, None)
}

/// As `start_announced`, for a program that prints the address of a second door on the second line, and that may
/// use a folder.
pub(crate) fn start_with_door(command: Command, folder: Option<TempDir>) -> Result<Running> {
    let mut running = start_piped(command, folder)?;
    running.door = Some(running.announcement()?);
    Ok(running)
}

fn start_piped(mut command: Command, folder: Option<TempDir>) -> Result<Running> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::io("starting the server"))?;
    let stdout = child.stdout.take().expect("it was asked for");
    let mut running = Running {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        door: None,
        child,
        stdout: Some(BufReader::new(stdout)),
        _folder: folder,
    };
    running.address = running.announcement()?;
    Ok(running)
}

impl Running {
    fn announcement<A: FromStr>(&mut self) -> Result<A> {
        let stdout = self.stdout.as_mut().expect("it was asked for");
        let is_there = !stdout.buffer().is_empty() || {
            let mut fds = [PollFd::new(stdout.get_ref(), PollFlags::IN)];
            poll(&mut fds, Some(&timespec(START))).is_ok_and(|count| count > 0)
        };
        let mut line = String::new();
        if is_there {
            stdout.read_line(&mut line).map_err(Failure::io("reading where the server listens"))?;
        }
        line.split_whitespace().next_back().and_then(|word| word.parse().ok()).ok_or_else(|| {
            Failure::TooLate { after: START, waited_for: format!("the server to listen; it said {line:?}") }
        })
    }
}

/// Starts a program on a port that was free a moment ago, in a folder of its own.
pub(crate) fn start_on_free_port(command: impl FnOnce(u16, &Path) -> io::Result<Command>) -> Result<Running> {
    let preparing = Failure::io("preparing the server's folder and port");
    let folder = tempfile::tempdir().map_err(&preparing)?;
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(&preparing)?;
    let mut command = command(address.port(), folder.path()).map_err(&preparing)?;
    let log = fs::File::create(folder.path().join("log")).map_err(&preparing)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(&preparing)?)
        .stderr(log)
        .spawn()
        .map_err(Failure::io("starting the server"))?;
    let running = Running { address, door: None, child, stdout: None, _folder: Some(folder) };
    running.wait_until_it_listens()?;
    Ok(running)
}

impl Running {
    fn wait_until_it_listens(&self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if start.elapsed() > START {
                let waited_for = format!("the server to listen on {}", self.address);
                return Err(Failure::TooLate { after: START, waited_for });
            }
            // There is no event to wait for when another process begins to listen.
            pause(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// Waits for a time, where there is no event to wait for.
pub(crate) fn pause(duration: Duration) {
    // A signal only makes the wait shorter.
    let _ = poll(&mut [], Some(&timespec(duration)));
}

pub(crate) fn timespec(duration: Duration) -> Timespec {
    duration.try_into().expect("deadlines here are seconds, not centuries")
}
