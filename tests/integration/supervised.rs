//! A server that a service manager starts: with sockets that are open already, and with messages about its state.

use std::{
    io,
    net::TcpListener,
    os::{
        fd::OwnedFd,
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram, UnixListener},
    },
    process::{Command, Stdio},
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, Peer, Server,
    server::{command, ends, run},
};

/// A server that inherits this socket under this name, as `systemd` passes it.
fn activated(socket: impl Into<OwnedFd>, name: &str, options: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_chat_server")]).args(options);
    command.args(["--data", ":memory:", "--history-replay", "0", "--no-http"]);
    command.stdin(Stdio::from(socket.into())).env("LISTEN_FDNAMES", name);
    command
}

#[test]
fn a_socket_of_the_service_manager_is_used_and_outlives_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it listens");
    let start = || {
        let socket = listener.try_clone().expect("a descriptor");
        // This address is of no machine, so it cannot be opened.
        Server::start_command(activated(socket, "chat-server.socket", &["--host", "203.0.113.1"]))
    };
    let first = start();
    assert_eq!(first.address(), address);
    let mut alice = first.client("alice");
    first.signal(Signal::TERM);
    alice.hears_at_last("Server shutting down.");
    assert_eq!(first.ends().code(), Some(0));
    let mut early = Peer::connect(address);
    let _second = start();
    early.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
}

#[test]
fn the_name_of_an_inherited_socket_says_what_is_spoken_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("chat.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let url = format!("json+unix://{}", path.display());
    let mut server = Server::start_command(activated(listener, "json", &["--port", "0"]));
    assert_eq!(server.prints(), format!("Listening on {url}"));
    let answer = run(command().args(["--probe", &url]));
    assert_eq!(answer, (Some(0), format!("{url} answers.\n"), String::new()));
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
    assert!(path.exists(), "the service manager made it, and removes it");
}

#[test]
fn a_socket_that_cannot_be_used_is_an_error_with_its_name() {
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a port");
    let datagrams = || UnixDatagram::unbound().expect("a socket");
    for (mut command, name, why) in [
        (activated(listener(), "htpp", &[]), "htpp", "'htpp' is not one of: text"),
        (activated(listener(), "text+tls", &[]), "text+tls", "needs a certificate"),
        (activated(datagrams(), "text", &[]), "text", "not a valid"),
    ] {
        let mut server = command.stderr(Stdio::piped()).spawn().expect("a shell");
        assert_eq!(ends(&mut server).code(), Some(1), "{name}");
        let errors = io::read_to_string(server.stderr.take().expect("piped")).expect("text");
        assert!(errors.contains(name) && errors.contains(why), "{errors}");
    }
}

#[test]
fn a_socket_for_another_process_is_left_alone() {
    let mut command = command();
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1").args(["--port", "0"]);
    Server::start_command(command).client("alice");
}

/// A service manager that is told about a server.
struct Manager(UnixDatagram);

impl Manager {
    /// The next message.
    #[track_caller]
    fn hears(&self) -> String {
        let mut message = [0; 1000];
        let length = self.0.recv(&mut message).expect("a message in time");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }
}

/// A server that is to tell this socket about itself. It has told that it is ready.
#[track_caller]
fn managed(address: &SocketAddr, name: &str, watchdog: Option<u32>) -> (Server, Manager) {
    let manager = Manager(UnixDatagram::bind_addr(address).expect("a socket"));
    manager.0.set_read_timeout(Some(DEADLINE)).expect("a time");
    let mut command = command();
    command.args(["--port", "0"]).env("NOTIFY_SOCKET", name);
    if let Some(microseconds) = watchdog {
        command.env("WATCHDOG_USEC", microseconds.to_string());
    }
    let server = Server::start_command(command);
    let message = manager.hears();
    assert!(message.starts_with("READY=1\n") && message.ends_with("\nSTATUS=Clients: 0"), "{message}");
    (server, manager)
}

#[test]
fn the_service_manager_hears_when_the_server_is_ready_reloads_and_stops() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notify");
    let path = path.to_str().expect("a plain name");
    let (abstract_name, number) = (format!("@{path}"), |line: &str| line.parse::<u64>().is_ok());
    for (address, name) in
        [(SocketAddr::from_pathname(path), path), (SocketAddr::from_abstract_name(path), &abstract_name)]
    {
        let (server, manager) = managed(&address.expect("an address"), name, None);
        let mut alice = server.client("alice");
        server.signal(Signal::HUP);
        let message = manager.hears();
        assert!(message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").is_some_and(number), "{message}");
        assert_eq!(manager.hears(), "READY=1");
        alice.says("hello");
        alice.hears_at_last("[lobby] alice: hello");
        server.signal(Signal::TERM);
        assert_eq!(manager.hears(), "STOPPING=1\nSTATUS=");
        assert_eq!(server.ends().code(), Some(0));
    }
}

#[test]
fn a_watched_server_says_again_and_again_that_it_lives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("notify");
    let address = SocketAddr::from_pathname(&path).expect("an address");
    let (server, manager) = managed(&address, path.to_str().expect("a plain name"), Some(50_000));
    let _alice = server.client("alice");
    while manager.hears() != "WATCHDOG=1\nSTATUS=Clients: 1" {}
    server.signal(Signal::TERM);
    while manager.hears() != "STOPPING=1\nSTATUS=" {}
}
