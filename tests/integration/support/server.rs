//! A `chat_server` process that ends with the test.

use std::{
    fmt::Debug,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{DEADLINE, Peer, wait_to_read};

/// A running server.
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts a server on a free port.
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_on(0, options)
    }

    /// Starts a server that also listens at this URL, and returns the address of that door.
    #[track_caller]
    pub(crate) fn with_door(url: &str, options: &[&str]) -> (Self, SocketAddr) {
        let (scheme, _) = url.split_once("://").expect("a URL");
        let mut server = Self::start(&[&["--listen", url], options].concat());
        let door = server.announces(scheme);
        (server, door)
    }

    /// Starts a server on this port, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start_on(port: u16, options: &[&str]) -> Self {
        let mut command = command();
        command.args(["--port", &port.to_string()]).args(options);
        Self::start_command(command)
    }

    /// Runs a command that becomes a server, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start_command(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let diagnostics = File::create(folder.path().join("diagnostics")).expect("a file in it");
        let child = command.stdout(Stdio::piped()).stderr(diagnostics).spawn();
        Self::adopt(child.expect("the server was built with the tests"), folder)
    }

    /// Waits until a process with a piped standard output says that it is a server.
    #[track_caller]
    pub(crate) fn adopt(mut child: Child, folder: TempDir) -> Self {
        let mut first_line = String::new();
        let output = child.stdout.take().expect("piped");
        wait_to_read(&output);
        let mut output = BufReader::new(output);
        output.read_line(&mut first_line).expect("text");
        let address = first_line.strip_prefix("Chat server started on ").map(|rest| rest.trim_end().parse());
        let Some(Ok(address)) = address else {
            let said = fs::read_to_string(folder.path().join("diagnostics"));
            panic!("the server said {first_line:?} and {said:?}");
        };
        Self { child, output, address, folder }
    }

    /// The next line on its standard output.
    #[track_caller]
    pub(crate) fn prints(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// The address of the door that it announces next, which has this scheme.
    #[track_caller]
    pub(crate) fn announces(&mut self, scheme: &str) -> SocketAddr {
        let said = self.prints();
        let what = if scheme.starts_with("http") { "Chat page" } else { "Listening" };
        let address = said.strip_prefix(&format!("{what} on {scheme}://")).and_then(|it| it.parse().ok());
        address.unwrap_or_else(|| panic!("the server said {said:?}"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A client that has not received its welcome yet.
    #[track_caller]
    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A client of this name that has received every line about its arrival.
    #[track_caller]
    pub(crate) fn client(&self, name: &str) -> Peer {
        let mut peer = self.connect();
        peer.says(&format!("/nick {name}"));
        peer.hears_at_last(&format!("Nickname changed to '{name}'."));
        peer
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the server is running");
    }

    /// What the server has written to standard error.
    pub(crate) fn diagnostics(&self) -> String {
        fs::read_to_string(self.folder.path().join("diagnostics")).expect("a file")
    }

    /// Waits until the server has ended.
    #[track_caller]
    pub(crate) fn ends(mut self) -> ExitStatus {
        ends(&mut self.child)
    }

    /// A number from `/proc/PID/status`, such as `Threads` or `VmRSS` (kB).
    pub(crate) fn status(&self, field: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
        let number = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse().ok());
        number.expect("a number")
    }

    /// How many file descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("Linux").count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's command line without its options. Unless a test sets them, there is no replay of the
/// history, no rate limit, no data file and no chat page.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat_server"));
    command.env("CHAT_HISTORY_REPLAY", "0").env("CHAT_RATE", "0").env("CHAT_DATA", ":memory:");
    command.env("CHAT_NO_HTTP", "1");
    command.env_remove("CHAT_ADMIN_PASSWORD");
    command
}

/// A server whose data file cannot grow beyond 80 blocks, as if the disk were full.
pub(crate) fn on_a_small_disk(data: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 80; exec \"$0\" \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_chat_server"), "--port", "0", "--data"]).arg(data);
    command.env("CHAT_RATE", "0").env("CHAT_HISTORY_REPLAY", "0").env("CHAT_NO_HTTP", "1");
    command
}

/// Runs a command to its end. Returns its status, standard output and standard error.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built with the tests");
    let status = ends(&mut child);
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    (status.code(), out, err)
}

/// Waits until a process has ended.
#[track_caller]
pub(crate) fn ends(child: &mut Child) -> ExitStatus {
    let status = look_until("the program ends", || child.try_wait().expect("a child"), Option::is_some);
    status.expect("it has ended")
}

/// Waits until a condition holds. The condition must not assert anything: it is looked at while things
/// still change, so what is missing now can come yet.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    look_until(what, &mut is_so, |&is_so| is_so);
}

/// Looks again and again until what is seen is as wanted, and returns that. What was seen last is shown
/// if this takes too long.
#[track_caller]
pub(crate) fn look_until<T: Debug>(
    what: &str,
    mut look: impl FnMut() -> T,
    is_wanted: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let seen = look();
        if is_wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited too long until {what}: {seen:?}");
        thread::park_timeout(Duration::from_millis(2));
    }
}
