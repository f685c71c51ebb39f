//! Runs the learner's program as a process group that always ends with the check.

use std::{
    ffi::OsString,
    fmt, io,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use self::output::Output;

mod live;
mod memory;
mod output;

pub use live::end_all;

/// How to run a learner's program.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and its arguments; `--port N` is appended.
    pub command: Vec<OsString>,
    /// The folder that it runs in; `None` for the current one.
    pub folder: Option<PathBuf>,
    /// Further environment variables.
    pub environment: Vec<(String, String)>,
    /// How long it may take until it listens. `cargo run` may have to build it first.
    pub ready: Duration,
}

/// A running program.
#[derive(Debug)]
pub struct Subject {
    child: Child,
    member: Member,
    port: Arc<Port>,
    output: Output,
    /// The connection that showed that it listens. The first client takes it.
    first: Option<TcpStream>,
}

/// Why a program cannot be graded as it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It does not exist, or is not executable.
    CannotRun(io::Error),
    /// It ended before it listened.
    Ended {
        /// The status.
        status: ExitStatus,
        /// The last output.
        output: String,
    },
    /// It runs but does not listen.
    NotListening {
        /// The last output.
        output: String,
    },
}

/// The most memory that a program may use, in bytes. A chat with a few hundred clients needs far less.
const MEMORY_LIMIT: u64 = 2 << 30;

/// How long a program may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_millis(700);

impl Launch {
    /// Starts the program on a free port and waits until it listens there.
    pub(crate) fn server(&self) -> Result<Subject, StartError> {
        let mut tries = 3;
        loop {
            tries -= 1;
            let mut subject = self.on(Port::free())?;
            match subject.waits_until_it_listens(self.ready) {
                // Another process uses the port or has just used it, which is not the learner's fault.
                Err(StartError::Ended { output, .. }) if tries > 0 && is_about_a_port(&output) => {}
                outcome => return outcome.map(|()| subject),
            }
        }
    }

    /// Starts the program again on the same port.
    pub(crate) fn again(&self, port: Arc<Port>) -> Result<Subject, StartError> {
        let mut subject = self.on(port)?;
        subject.waits_until_it_listens(self.ready)?;
        Ok(subject)
    }

    fn on(&self, port: Arc<Port>) -> Result<Subject, StartError> {
        let (reader, writer) = io::pipe().map_err(StartError::CannotRun)?;
        let second = writer.try_clone().map_err(StartError::CannotRun)?;
        let mut command = self.command(port.number());
        command.stdin(Stdio::null()).stdout(writer).stderr(second).process_group(0);
        let child = command.spawn().map_err(StartError::CannotRun)?;
        // The command holds writing ends of the pipe, with which the reader would never end.
        drop(command);
        let member = Member(live::Group::new(Pid::from_child(&child)));
        let output = Output::start(reader, member.0.pid(), MEMORY_LIMIT).map_err(StartError::CannotRun)?;
        Ok(Subject { child, member, port, output, first: None })
    }

    /// The complete command, with its port and environment.
    pub fn command(&self, port: u16) -> Command {
        let (program, arguments) = self.command.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(arguments).args(["--port", &port.to_string()]);
        command.env("CHAT_PORT", port.to_string());
        // Only the last step tests a rate limit. The checks of all others send faster than people do.
        command.env("CHAT_RATE", "0");
        // Each check starts without stored data, and several checks may run at once.
        command.env("CHAT_DATA", ":memory:");
        command.env("PYTHONUNBUFFERED", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }
}

impl Subject {
    /// The port it listens on.
    pub fn port(&self) -> Arc<Port> {
        Arc::clone(&self.port)
    }

    /// Connects to the program.
    pub(crate) fn connect(&mut self, patience: Duration) -> io::Result<TcpStream> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        TcpStream::connect_timeout(&address(self.port.number()), patience)
    }

    /// The end of its standard output and standard error.
    pub fn output(&self) -> String {
        self.output.tail()
    }

    /// Whether it was killed for using too much memory.
    pub fn was_greedy(&self) -> bool {
        self.output.was_greedy()
    }

    /// The memory that its processes use now, in bytes; `None` where the system does not tell.
    pub fn memory(&self) -> Option<u64> {
        memory::of_group(self.member.0.pid())
    }

    /// Sends a signal to all its processes, as Ctrl-C does.
    pub fn signal(&self, signal: Signal) {
        self.member.signal(signal);
    }

    /// Waits until it ends by itself.
    pub fn ends(&self, patience: Duration) -> Option<Ended> {
        self.member.ends(patience)
    }

    fn waits_until_it_listens(&mut self, patience: Duration) -> Result<(), StartError> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Ok(stream) = TcpStream::connect(address(self.port.number())) {
                if !is_to_itself(&stream) {
                    self.first = Some(stream);
                    return Ok(());
                }
            } else if self.ends(Duration::ZERO).is_some() {
                let status = self.child.wait().map_err(StartError::CannotRun)?;
                return Err(StartError::Ended { status, output: self.output.all() });
            }
            if Instant::now() >= deadline {
                return Err(StartError::NotListening { output: self.output() });
            }
            thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

/// Ends the whole group with SIGTERM and then SIGKILL, also when a check fails or panics.
impl Drop for Subject {
    fn drop(&mut self) {
        self.first = None;
        self.member.kill();
        let _ = self.child.wait();
        self.output.stop();
    }
}

/// A child process that leads its process group, which ends with this process.
#[derive(Debug)]
pub struct Member(live::Group);

impl Member {
    /// Registers a child process by its number.
    pub(crate) fn new(id: Option<u32>) -> io::Result<Self> {
        let pid = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self(live::Group::new(pid.ok_or(io::ErrorKind::NotFound)?)))
    }

    /// Waits until the process ends by itself.
    pub fn ends(&self, patience: Duration) -> Option<Ended> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            let ended = has_ended(self.0.pid());
            if ended.is_some() || Instant::now() >= deadline {
                return ended;
            }
            thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Sends a signal to all its processes.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.0.pid(), signal);
    }

    /// Ends the whole group with SIGTERM and then SIGKILL. The owner must wait for the child.
    pub fn kill(&self) {
        let pid = self.0.pid();
        if self.ends(Duration::ZERO).is_none() {
            let _ = kill_process_group(pid, Signal::TERM);
            self.ends(GRACE);
        }
        // Nothing has waited for the child yet, so no other process can have its number.
        let _ = kill_process_group(pid, Signal::KILL);
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

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signal(status.signal().unwrap_or_default()), Self::Status)
    }
}

/// How a child has ended, without waiting for it.
fn has_ended(pid: Pid) -> Option<Ended> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(pid), options).ok()??;
    let signal = status.terminating_signal().map(Ended::Signal);
    status.exit_status().map(Ended::Status).or(signal)
}

/// Whether an output says that the port is in use.
fn is_about_a_port(output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    output.contains("in use") || output.contains("addrinuse")
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Whether a connection is to itself, which a simultaneous open on a port without a listener can cause.
fn is_to_itself(stream: &TcpStream) -> bool {
    stream.local_addr().is_ok_and(|ours| stream.peer_addr().is_ok_and(|theirs| ours == theirs))
}

/// A reserved port. No other grader on this machine gets the same one.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The UDP port of the same number, which marks the port as taken. No chat server needs it.
    _twin: UdpSocket,
}

impl Port {
    /// Reserves a port below 32768, without a listener. Outgoing connections use the ports above.
    pub fn free() -> Arc<Self> {
        const RANGE: u16 = 20_000;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = std::process::id().wrapping_mul(7919) % u32::from(RANGE);
        let start = u16::try_from(start).expect("it is below the range");
        loop {
            let number = 10_000 + NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start) % RANGE;
            let Ok(twin) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            // Connecting is safer than listening: a program that another thread starts right now would inherit a
            // listener for a moment and could take the first connection.
            if TcpStream::connect(address(number)).is_err() {
                return Arc::new(Self { number, _twin: twin });
            }
        }
    }

    /// The number of the port.
    pub fn number(&self) -> u16 {
        self.number
    }
}
