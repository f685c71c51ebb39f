//! One client of the grader: a connection and the received lines that no check has looked at.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use rustix::net::sockopt;

use super::{conversation::Pattern, inbox::Inbox};

/// A client played by the grader.
#[derive(Debug)]
pub struct Peer {
    /// The name in the conversation.
    pub name: String,
    /// Lines that it may hear once.
    pub may_hear: Vec<Pattern>,
    /// Whether it has connected or sent something since its last barrier.
    pub has_spoken: bool,
    stream: TcpStream,
    inbox: Inbox,
    ending: Option<Heard>,
    /// The number of bytes received.
    received: usize,
}

/// The most bytes that a peer reads, so that a server that never stops sending fails. It is four times what any
/// check sends.
const MOST: usize = 64 << 20;

/// What a peer receives when it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its newline.
    Line(Vec<u8>),
    /// No complete line until the deadline.
    Silence,
    /// The end of the stream.
    End,
    /// A reset.
    Reset,
}

impl Peer {
    /// Creates a peer from a connection.
    pub(crate) fn new(name: &str, stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            name: name.to_owned(),
            may_hear: Vec::new(),
            has_spoken: true,
            stream,
            inbox: Inbox::default(),
            ending: None,
            received: 0,
        })
    }

    /// Sends bytes, in one write if the socket takes them all. The error may be a timeout, see [`is_timeout`].
    pub(crate) fn sends(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        self.has_spoken = true;
        self.stream.set_write_timeout(Some(patience))?;
        self.stream.write_all(bytes)
    }

    /// The next line or event, or silence at the deadline.
    pub fn listens(&mut self, deadline: Instant) -> Heard {
        loop {
            if let Some(line) = self.inbox.take() {
                return Heard::Line(line);
            }
            if let Some(ending) = &self.ending {
                return ending.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.reads(left) {
                return Heard::Silence;
            }
        }
    }

    /// Puts lines back in front of those that follow.
    pub fn puts_back(&mut self, lines: Vec<Vec<u8>>) {
        self.inbox.put_back(lines);
    }

    /// The received part of an incomplete line.
    pub fn unread(&self) -> &[u8] {
        self.inbox.incomplete()
    }

    /// Whether the connection has not ended.
    pub fn is_open(&self) -> bool {
        self.ending.is_none()
    }

    /// Closes the sending side and goes on listening.
    pub fn finishes(&self) {
        // On an error the server has already hung up, which the next listening shows.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes the connection with a reset.
    pub fn resets(self) {
        let _ = sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
    }

    /// A second handle of the connection, for another thread.
    pub(crate) fn stream(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    /// Reads once. Returns `false` if nothing came in time.
    fn reads(&mut self, patience: Duration) -> bool {
        if self.received > MOST {
            return false;
        }
        // A timeout of zero would be an error.
        let timeout = patience.max(Duration::from_millis(1));
        self.acknowledges_at_once();
        let mut bytes = [0; 16 * 1024];
        match self.stream.set_read_timeout(Some(timeout)).and_then(|()| self.stream.read(&mut bytes)) {
            Ok(0) => self.ending = Some(Heard::End),
            Ok(length) => {
                self.received += length;
                self.inbox.add(&bytes[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return false,
            Err(_) => self.ending = Some(Heard::Reset),
        }
        true
    }

    /// Acknowledges data at once. A server with Nagle's algorithm, as most have, would otherwise wait 40 ms for the
    /// acknowledgement before it sends a second line.
    fn acknowledges_at_once(&self) {
        #[cfg(target_os = "linux")]
        let _ = sockopt::set_tcp_quickack(&self.stream, true);
    }
}

/// Whether an error is the timeout of a read or a write.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
