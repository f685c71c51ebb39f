//! Doors beside the text port: `--listen`.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, Server,
    server::{command, run},
};

/// A client on a Unix socket.
struct Local(BufReader<UnixStream>);

impl Local {
    #[track_caller]
    fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        Self(BufReader::new(stream))
    }

    #[track_caller]
    fn says(&mut self, line: &str) {
        writeln!(self.0.get_mut(), "{line}").expect("it is connected");
    }

    #[track_caller]
    fn hears(&mut self, expected: &str) {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line in time");
        assert_eq!(line.trim_end_matches('\n'), expected);
    }
}

#[test]
fn a_client_on_a_unix_socket_talks_to_one_on_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.sock");
    let url = format!("text+unix://{}", path.display());
    let server = Server::start(&["--listen", &url]);
    let mut alice = server.client("alice");
    let mut bob = Local::connect(&path);
    bob.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
    alice.hears("guest_1 has joined the chat!");
    bob.says("/nick bob");
    bob.hears("Nickname changed to 'bob'.");
    alice.hears("guest_1 is now known as bob.");
    bob.says("hello");
    bob.hears("[lobby] bob: hello");
    alice.hears("[lobby] bob: hello");
    alice.says("/whisper bob psst");
    bob.hears("[Whisper from alice]: psst");
    server.signal(Signal::TERM);
    bob.hears("Server shutting down.");
    bob.hears("");
    assert!(server.ends().success());
    assert!(!path.exists(), "a server that stops removes its socket");
}

#[test]
fn a_server_that_was_killed_leaves_a_socket_that_the_next_one_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.sock");
    let url = format!("text+unix://{}", path.display());
    let first = Server::start(&["--listen", &url]);
    let (status, out, err) = run(command().args(["--port", "0", "--listen", &url]));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert_eq!(err, format!("chat_server: another program listens on {}\n", path.display()));
    first.signal(Signal::KILL);
    first.ends();
    assert!(path.exists());
    let _second = Server::start(&["--listen", &url]);
    Local::connect(&path).hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
}

#[test]
fn a_door_that_cannot_be_opened_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    let refused = |url: &str, status, reason: &str| {
        let (ended, out, err) = run(command().args(["--port", "0", "--listen", url]));
        assert_eq!((ended, out.as_str()), (Some(status), ""));
        assert!(err.contains(reason), "{err}");
    };
    refused(&format!("text+unix://{}", file.display()), 1, "this file is not a socket");
    refused("text+unix:///no/such/folder/chat.sock", 1, "No such file or directory");
    refused("text://192.0.2.1:5555", 1, "cannot listen on 192.0.2.1:5555");
    refused("telnet://localhost:23", 2, "'telnet' is not one of: text");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}
