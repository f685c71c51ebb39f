//! A server that sends any lines that the test wants, including those of no correct server.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use rustix::net::sockopt;

use super::{DEADLINE, wait_to_read};

/// A listening socket. After it is dropped, connections are refused.
pub(crate) struct FakeServer(TcpListener);

impl FakeServer {
    pub(crate) fn start() -> Self {
        Self::start_on(0)
    }

    pub(crate) fn start_on(port: u16) -> Self {
        Self(TcpListener::bind(("127.0.0.1", port)).expect("a free port"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("it is bound").port()
    }

    /// Accepts the next connection, and sends nothing.
    #[track_caller]
    pub(crate) fn accept(&self) -> Caller {
        wait_to_read(&self.0);
        let (stream, _) = self.0.accept().expect("a client is waiting");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        Caller(BufReader::new(stream))
    }

    /// Accepts the next connection, and welcomes it as `guest_1`.
    #[track_caller]
    pub(crate) fn welcome(&self) -> Caller {
        let mut caller = self.accept();
        caller.says("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
        caller
    }
}

/// A connected client. Dropping this closes the connection.
pub(crate) struct Caller(BufReader<TcpStream>);

impl Caller {
    /// Sends one line to the client.
    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.sends(format!("{line}\n").as_bytes());
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("the client takes it");
    }

    /// The client's next line must be this one.
    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) {
        assert_eq!(self.next_line().as_deref(), Some(expected));
    }

    /// The client's next line must be a `/mark`, which is answered.
    #[track_caller]
    pub(crate) fn hears_mark(&mut self, seq: u64, left: u32) {
        let line = self.next_line_or_mark().expect("a mark");
        let token = line.strip_prefix("/mark ").unwrap_or_else(|| panic!("a mark and not {line}"));
        self.says(&format!("@mark {token} seq={seq} rate=5 burst=5 left={left} text=1024 line=8192"));
    }

    /// The client must have closed its side.
    #[track_caller]
    pub(crate) fn hears_the_end(&mut self) {
        assert_eq!(self.next_line(), None);
    }

    /// The client's next line; `None` at the end. Unless the test has taken over, marks are refused as
    /// unknown, as by a server that does not know them.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<String> {
        let line = self.next_line_or_mark()?;
        if !line.starts_with("/mark ") {
            return Some(line);
        }
        self.says("Unknown command: /mark. Type /help for available commands.");
        self.next_line()
    }

    #[track_caller]
    pub(crate) fn next_line_or_mark(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(_) => line.strip_suffix('\n').map(str::to_owned),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("waited for a line: {error}"),
        }
    }

    /// Closes the connection with a reset.
    pub(crate) fn resets(self) {
        sockopt::set_socket_linger(self.0.get_ref(), Some(Duration::ZERO)).expect("a socket");
    }
}
