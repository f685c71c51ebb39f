//! A client on a plain socket, like `nc`.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use rustix::net::sockopt;

use super::DEADLINE;

/// One connection, and the bytes that were read but not used yet.
pub(crate) struct Peer {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Peer {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server is listening");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, unread: Vec::new() }
    }

    /// The local port, after which the server names its thread.
    pub(crate) fn port(&self) -> u16 {
        self.stream.local_addr().expect("a socket").port()
    }

    /// Sends one line.
    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.sends(format!("{line}\n").as_bytes());
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes it");
    }

    /// Sends bytes unchanged. Returns whether the server still takes them.
    pub(crate) fn is_taken(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next line; `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&b| b == b'\n') {
                let line: Vec<_> = self.unread.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).expect("the server speaks UTF-8"));
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    assert_eq!(self.unread, b"", "the stream ends with a whole line");
                    return None;
                }
                Ok(length) => self.unread.extend(&bytes[..length]),
                Err(error) => panic!("waited for a line: {error}"),
            }
        }
    }

    /// The next line must be this one.
    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) {
        assert_eq!(self.next_line().as_deref(), Some(expected));
    }

    /// The next bytes must be these, which are no line.
    #[track_caller]
    pub(crate) fn hears_bytes(&mut self, expected: &[u8]) {
        while self.unread.len() < expected.len() {
            let mut bytes = [0; 64];
            let length = self.stream.read(&mut bytes).expect("bytes in time");
            assert!(length > 0, "the stream ended after {:?}", self.unread);
            self.unread.extend(&bytes[..length]);
        }
        assert_eq!(self.unread.drain(..expected.len()).collect::<Vec<_>>(), expected);
    }

    /// One of the next lines must be this one. The lines before it are skipped.
    #[track_caller]
    pub(crate) fn hears_at_last(&mut self, expected: &str) {
        let mut skipped = Vec::new();
        loop {
            match self.next_line() {
                Some(line) if line == expected => return,
                Some(line) => skipped.push(line),
                None => panic!("expected {expected:?}, and the stream ended after {skipped:?}"),
            }
        }
    }

    /// Nothing is on its way to this client: the answer to a new command is its next line.
    #[track_caller]
    pub(crate) fn hears_nothing(&mut self) {
        self.says("/barrier");
        self.hears("Unknown command: /barrier. Type /help for available commands.");
    }

    /// Skips all lines that are on their way to this client.
    #[track_caller]
    pub(crate) fn catches_up(&mut self) {
        self.says("/barrier");
        self.hears_at_last("Unknown command: /barrier. Type /help for available commands.");
    }

    /// The server must close the connection now.
    #[track_caller]
    pub(crate) fn hears_the_end(&mut self) {
        assert_eq!(self.next_line(), None);
    }

    /// All lines until the end of the stream.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next_line() {
            lines.push(line);
        }
        lines
    }

    /// Closes the sending side, and goes on receiving.
    pub(crate) fn half_closes(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }

    /// Closes the connection with a reset.
    pub(crate) fn resets(self) {
        let at_once = Some(std::time::Duration::ZERO);
        sockopt::set_socket_linger(&self.stream, at_once).expect("a socket");
    }
}
