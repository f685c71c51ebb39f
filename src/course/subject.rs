//! The learner's program: a process group that is started, watched, and ended whatever happens.

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

/// How a learner's program is run.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and its arguments; `--port N` is appended.
    pub command: Vec<OsString>,
    /// Where it runs; here, if nothing is said.
    pub folder: Option<PathBuf>,
    /// What else its environment says.
    pub environment: Vec<(String, String)>,
    /// How long it may take until it listens. Long, because `cargo run` may have to build first.
    pub ready: Duration,
}

/// A running program.
#[derive(Debug)]
pub struct Subject {
    child: Child,
    member: Member,
    port: Arc<Port>,
    output: Output,
    /// The connection that showed that it listens; the first client takes it over.
    first: Option<TcpStream>,
}

/// Why a program cannot be graded as it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such program, or it may not be run.
    CannotRun(io::Error),
    /// It ended before it listened.
    Ended {
        /// How.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// It runs, and does not listen.
    NotListening {
        /// What it said.
        output: String,
    },
}

/// How much of the machine's memory a program may use: what no chat with a few hundred clients needs.
const MEMORY_LIMIT: u64 = 2 << 30;

/// How long a program may take to end when it is told to, before it is killed.
const GRACE: Duration = Duration::from_millis(700);

impl Launch {
    /// Starts the program on a free port, and waits until it listens there.
    ///
    /// # Errors
    /// When it does not come so far.
    pub fn server(&self) -> Result<Subject, StartError> {
        let mut tries = 3;
        loop {
            tries -= 1;
            let mut subject = self.on(Port::free())?;
            match subject.waits_until_it_listens(self.ready) {
                // Somebody has had the port a moment ago, or has it now: that is not the learner's fault.
                Err(StartError::Ended { output, .. }) if tries > 0 && is_about_a_port(&output) => {}
                outcome => return outcome.map(|()| subject),
            }
        }
    }

    /// Starts the program again, on the port that it had.
    ///
    /// # Errors
    /// When it does not come so far.
    pub fn again(&self, port: Arc<Port>) -> Result<Subject, StartError> {
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
        // Ours are the last writing ends besides the program's: without them the reader never ends.
        drop(command);
        let member = Member(live::Group::new(Pid::from_child(&child)));
        let output = Output::start(reader, member.0.pid(), MEMORY_LIMIT).map_err(StartError::CannotRun)?;
        Ok(Subject { child, member, port, output, first: None })
    }

    /// The command line, complete.
    pub fn command(&self, port: u16) -> Command {
        let (program, arguments) = self.command.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(arguments).args(["--port", &port.to_string()]);
        command.env("CHAT_PORT", port.to_string());
        // Only the last step is about a limit of speech; all others speak faster than people do.
        command.env("CHAT_RATE", "0");
        // Each check begins with nothing that was kept, and several may run at once.
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

    /// Another connection to it.
    ///
    /// # Errors
    /// When it does not take it.
    pub fn connect(&mut self, patience: Duration) -> io::Result<TcpStream> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        TcpStream::connect_timeout(&address(self.port.number()), patience)
    }

    /// The last that it wrote, of both its outputs.
    pub fn output(&self) -> String {
        self.output.tail()
    }

    /// How it has ended, if it has.
    pub fn has_ended(&self) -> Option<Ended> {
        self.member.has_ended()
    }

    /// Whether it was killed for using too much memory.
    pub fn was_greedy(&self) -> bool {
        self.output.was_greedy()
    }

    /// The memory its processes use now, in bytes; `None` where the system does not tell.
    pub fn memory(&self) -> Option<u64> {
        memory::of_group(self.member.0.pid())
    }

    /// Sends a signal to all its processes, as Ctrl-C does.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.member.0.pid(), signal);
    }

    /// Waits until it has ended by itself.
    pub fn ends(&self, patience: Duration) -> Option<Ended> {
        waits_for_end(self.member.0.pid(), patience)
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
            } else if self.has_ended().is_some() {
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

/// TERM, then KILL, for the whole group; also when the check fails or panics.
impl Drop for Subject {
    fn drop(&mut self) {
        self.first = None;
        self.member.ends();
        let _ = self.child.wait();
        self.output.stop();
    }
}

/// A process that somebody else has started as the leader of its group, and that ends with us all the
/// same.
#[derive(Debug)]
pub struct Member(live::Group);

impl Member {
    /// Takes care of a child of ours.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(id: Option<u32>) -> io::Result<Self> {
        let pid = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self(live::Group::new(pid.ok_or(io::ErrorKind::NotFound)?)))
    }

    /// How it has ended, if it has.
    pub fn has_ended(&self) -> Option<Ended> {
        has_ended(self.0.pid())
    }

    /// Sends a signal to all its processes.
    pub fn is_signalled(&self, signal: Signal) {
        let _ = kill_process_group(self.0.pid(), signal);
    }

    /// TERM, then KILL, for the whole group. Collecting its end is the owner's.
    pub fn ends(&self) {
        let pid = self.0.pid();
        if self.has_ended().is_none() {
            let _ = kill_process_group(pid, Signal::TERM);
            waits_for_end(pid, GRACE);
        }
        // Before its end is collected, its number cannot become another's.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
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

/// How a child of ours has ended, without collecting it.
fn has_ended(pid: Pid) -> Option<Ended> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(pid), options).ok()??;
    let signal = status.terminating_signal().map(Ended::Signal);
    status.exit_status().map(Ended::Status).or(signal)
}

/// Whether somebody's last words are that the port is in use.
fn is_about_a_port(output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    output.contains("in use") || output.contains("addrinuse")
}

fn waits_for_end(pid: Pid, patience: Duration) -> Option<Ended> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    loop {
        let ended = has_ended(pid);
        if ended.is_some() || Instant::now() >= deadline {
            return ended;
        }
        thread::park_timeout(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A connection to a port on which nobody listens can, by simultaneous open, meet itself.
fn is_to_itself(stream: &TcpStream) -> bool {
    stream.local_addr().is_ok_and(|ours| stream.peer_addr().is_ok_and(|theirs| ours == theirs))
}

/// A port of our own: no other grader on this machine gets it as long as we have it.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The port of the same number for datagrams, which no chat server needs: whoever has it, has both.
    _twin: UdpSocket,
}

impl Port {
    /// A port that nobody listens on, and that no outgoing connection gets: those are above 32767.
    pub fn free() -> Arc<Self> {
        const RANGE: u16 = 20_000;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = std::process::id().wrapping_mul(7919) % u32::from(RANGE);
        let start = u16::try_from(start).expect("it is below the range");
        loop {
            let number = 10_000 + NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start) % RANGE;
            let Ok(twin) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            // Not by listening there: a program that another thread is just starting would inherit the
            // socket for a moment, and take the first call with it to its grave.
            if TcpStream::connect(address(number)).is_err() {
                return Arc::new(Self { number, _twin: twin });
            }
        }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
