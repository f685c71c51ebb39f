//! Runs the learner's program as a process group that always ends with the check.

use std::{
    ffi::OsString,
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    os::{fd::AsFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::output::Output;
use super::{peer::is_timeout, wire::Wire};

mod family;
mod member;
mod output;
mod sockets;

pub(super) use family::MARK;
pub use family::adopt_orphans;
pub(crate) use member::Member;
pub use member::{Ended, end_all};
pub(super) use output::MEMORY_LIMIT;

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

/// A running server. Its fields are dropped in order: the program ends before its output, and its port is free last.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The connection that showed that it listens. The first client takes it.
    first: Option<TcpStream>,
    pub(crate) member: Member,
    pub(crate) output: Output,
    pub(crate) port: Arc<Port>,
    /// How long it took until it listened.
    pub(crate) took: Duration,
}

/// Why a program cannot be graded as it is.
#[derive(Debug)]
pub(crate) enum StartError {
    /// It does not exist, or is not executable.
    CannotRun(io::Error),
    /// It ended before it listened, after this output.
    Ended { ended: Ended, was_greedy: bool, output: String },
    /// It ended with status 0, and a process that it has started goes on.
    InBackground { output: String },
    /// It runs but does not listen at its port, only at these addresses.
    NotListening { elsewhere: Vec<SocketAddr>, output: String },
    /// It listens for connections and not for datagrams.
    NoDatagrams { output: String },
}

impl Launch {
    /// Starts the program on a free port and waits until it listens there.
    pub(crate) fn server(&self, wire: Wire) -> Result<Subject, StartError> {
        for _ in 0..2 {
            match self.server_on(Port::free(), wire) {
                // Another process uses the port or has just used it, which is not the learner's fault.
                Err(StartError::Ended { output, .. }) if is_about_a_port(&output) => {}
                outcome => return outcome,
            }
        }
        self.server_on(Port::free(), wire)
    }

    /// Starts the program on this port and waits until it listens there.
    pub(crate) fn server_on(&self, port: Arc<Port>, wire: Wire) -> Result<Subject, StartError> {
        if wire == Wire::Datagrams {
            port.twin.lock().take();
        }
        let (reader, writer) = io::pipe().map_err(StartError::CannotRun)?;
        let second = writer.try_clone().map_err(StartError::CannotRun)?;
        let mut command = self.command(port.number);
        command.stdin(Stdio::null()).stdout(writer).stderr(second).process_group(0);
        let start = Instant::now();
        let member = Member::start(|mark| Ok(Box::new(command.env(MARK, mark).spawn()?)));
        let member = member.map_err(StartError::CannotRun)?;
        // The command holds writing ends of the pipe, with which the reader would never end.
        drop(command);
        let output =
            Output::start(reader, member.family.clone(), MEMORY_LIMIT).map_err(StartError::CannotRun)?;
        let mut subject = Subject { first: None, member, output, port, took: Duration::ZERO };
        subject.waits_until_it_listens(self.ready, wire)?;
        subject.stays_in_front()?;
        subject.took = start.elapsed();
        Ok(subject)
    }

    /// The complete command, with its port and environment.
    pub fn command(&self, port: u16) -> Command {
        let (program, arguments) = self.command.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(arguments).args(["--port", &port.to_string()]);
        command.env("CHAT_PORT", port.to_string());
        // Only the last step tests a rate limit. The checks of all others send faster than people do.
        command.env("CHAT_RATE", "0");
        // A check that is about a wire says so itself.
        command.env_remove("CHAT_WIRE").env_remove("CHAT_IDLE").env_remove("CHAT_BOT");
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
    pub(crate) fn connect(&mut self, patience: Duration) -> io::Result<TcpStream> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        TcpStream::connect_timeout(&address(self.port.number), patience)
    }

    fn waits_until_it_listens(&mut self, patience: Duration, wire: Wire) -> Result<(), StartError> {
        let deadline = Instant::now() + patience;
        let mut search = Search::new();
        let mut accepts_since = None;
        let mut pause = Duration::from_millis(1);
        while !self.is_listening(wire, &mut accepts_since)? {
            if let Some(ended) = self.member.ends(Duration::ZERO) {
                return Err(self.is_gone(ended));
            }
            if Instant::now() >= deadline || search.finds_it_elsewhere(&self.member, self.port.number) {
                let elsewhere = self.member.listening().iter().map(|found| found.address).collect();
                return Err(StartError::NotListening { elsewhere, output: self.output.tail() });
            }
            thread::park_timeout(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it listens now. A program for datagrams may accept connections as well.
    fn is_listening(&mut self, wire: Wire, accepts_since: &mut Option<Instant>) -> Result<bool, StartError> {
        // A program that listens for connections has had the time to bind its UDP port.
        const BOTH: Duration = Duration::from_secs(1);
        let connected = || TcpStream::connect(address(self.port.number));
        if wire != Wire::Datagrams {
            self.first = connected().ok().filter(|stream| !is_to_itself(stream));
            return Ok(self.first.is_some());
        }
        if receives_datagrams(self.port.number) {
            return Ok(true);
        }
        if connected().is_ok() && accepts_since.get_or_insert_with(Instant::now).elapsed() > BOTH {
            return Err(StartError::NoDatagrams { output: self.output.tail() });
        }
        Ok(false)
    }

    /// Expects that the process that the course started goes on, too, now that something listens.
    fn stays_in_front(&mut self) -> Result<(), StartError> {
        // A shell that has started a program with `&` ends at once, or as soon as a busy machine lets it.
        const MOMENT: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(5);
        let deadline = Instant::now() + LONGEST;
        let has_children = self.member.family.leader_has_children();
        let mut ended = self.member.ends(if has_children { MOMENT } else { Duration::ZERO });
        while has_children
            && ended.is_none()
            && self.member.family.leader_is_running()
            && Instant::now() < deadline
        {
            ended = self.member.ends(MOMENT);
        }
        match ended.filter(|_| self.member.family.goes_on(Duration::ZERO)) {
            Some(ended) => Err(self.is_gone(ended)),
            None => Ok(()),
        }
    }

    /// Why it ended before it listened.
    fn is_gone(&mut self, ended: Ended) -> StartError {
        // What it has started may be about to end as well.
        const MOMENT: Duration = Duration::from_millis(300);
        if ended == Ended::Status(0) && self.member.family.goes_on(MOMENT) {
            return StartError::InBackground { output: self.output.tail() };
        }
        self.output.stop();
        StartError::Ended { ended, was_greedy: self.output.was_greedy(), output: self.output.tail() }
    }
}

/// Looks whether a program that does not listen at its port does so at another.
struct Search {
    start: Instant,
    last: Instant,
    busy: Duration,
}

impl Search {
    /// A program that is ready so far has had the time to listen at its port.
    const ENOUGH: Duration = Duration::from_millis(2500);

    /// The time between two looks.
    const BETWEEN: Duration = Duration::from_millis(500);

    fn new() -> Self {
        Self { start: Instant::now(), last: Instant::now(), busy: Duration::MAX }
    }

    /// Whether the program listens elsewhere and does nothing. A program that is being built may listen as well, as
    /// the daemons of some build tools do, but is busy.
    fn finds_it_elsewhere(&mut self, member: &Member, port: u16) -> bool {
        if self.start.elapsed() < Self::ENOUGH || self.last.elapsed() < Self::BETWEEN {
            return false;
        }
        let busy = member.family.busy();
        let was_idle = busy.saturating_sub(self.busy) < self.last.elapsed() / 5 && busy >= self.busy;
        (self.last, self.busy) = (Instant::now(), busy);
        if !was_idle || member.family.is_running() {
            return false;
        }
        // It may have begun to listen at its port since the last attempt to connect.
        let found = member.listening();
        !found.is_empty() && !found.iter().any(|socket| socket.is_at(port))
    }
}

/// Whether an output says that the port is in use.
fn is_about_a_port(output: &str) -> bool {
    let output = output.to_ascii_lowercase();
    output.contains("in use") || output.contains("addrinuse")
}

/// Waits until there is something to read or to accept. Returns `false` after this time.
pub(crate) fn is_ready(source: &impl AsFd, patience: Duration) -> bool {
    let patience = Timespec::try_from(patience).expect("a patience fits");
    poll(&mut [PollFd::new(source, PollFlags::IN)], Some(&patience)).is_ok_and(|ready| ready > 0)
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Whether a program has bound this UDP port. If not, the system reports an error to the sender of a datagram.
fn receives_datagrams(port: u16) -> bool {
    // The error arrives at once. A program need not answer.
    const MOMENT: Duration = Duration::from_millis(20);
    // Where the system has it, another address than that of the clients, so that this is none of them.
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0));
    let socket = socket.or_else(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).and_then(|socket| {
        socket.connect(address(port))?;
        socket.set_read_timeout(Some(MOMENT))?;
        socket.send(br#"{"type":"users"}"#)?;
        Ok(socket)
    });
    let Ok(socket) = socket else { return false };
    socket.recv(&mut [0]).map_or_else(|error| is_timeout(&error), |_| true)
}

/// Whether a connection is to itself, which a simultaneous open on a port without a listener can cause.
fn is_to_itself(stream: &TcpStream) -> bool {
    stream.local_addr().is_ok_and(|ours| stream.peer_addr().is_ok_and(|theirs| ours == theirs))
}

/// A reserved port. No other grader on this machine gets the same one.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// The UDP port of the same number, which marks the port as taken. Only a server for datagrams needs it.
    twin: Mutex<Option<UdpSocket>>,
}

impl Port {
    /// Reserves a port below 32768, without a listener. Outgoing connections use the ports above.
    pub(crate) fn free() -> Arc<Self> {
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
                return Arc::new(Self { number, twin: Mutex::new(Some(twin)) });
            }
        }
    }
}
