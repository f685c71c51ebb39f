//! One client of the grader: a connection, and what came over it and was not looked at yet.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use rustix::net::sockopt;

use super::conversation::Pattern;

/// A client that the grader plays.
#[derive(Debug)]
pub struct Peer {
    /// What it is called in the conversation.
    pub name: String,
    /// Lines that it may hear once, or not.
    pub may_hear: Vec<Pattern>,
    /// Whether it has come, or said something, since it was last known to be served.
    pub has_spoken: bool,
    stream: TcpStream,
    unread: Vec<u8>,
    inbox: VecDeque<Vec<u8>>,
    ending: Option<Heard>,
    /// How many bytes have come.
    received: usize,
}

/// More than this a peer does not read: a server that never stops talking shall be told so, and not
/// listened to for ever. It is four times what any check has to say.
const MOST: usize = 64 << 20;

/// What a peer hears when it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its newline.
    Line(Vec<u8>),
    /// Nothing, for as long as it listened; at most a part of a line.
    Silence,
    /// The end of the stream.
    End,
    /// A reset.
    Reset,
}

impl Peer {
    /// A peer with a connection.
    ///
    /// # Errors
    /// The socket's.
    pub fn new(name: &str, stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            name: name.to_owned(),
            may_hear: Vec::new(),
            has_spoken: true,
            stream,
            unread: Vec::new(),
            inbox: VecDeque::new(),
            ending: None,
            received: 0,
        })
    }

    /// Sends bytes, as one write if the socket takes them so.
    ///
    /// # Errors
    /// The socket's; [`ErrorKind::WouldBlock`] when it takes no more for so long.
    pub fn sends(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        self.has_spoken = true;
        self.stream.set_write_timeout(Some(patience))?;
        self.stream.write_all(bytes)
    }

    /// The next thing that is heard until then.
    pub fn listens(&mut self, until: Instant) -> Heard {
        loop {
            if let Some(line) = self.inbox.pop_front() {
                return Heard::Line(line);
            }
            if let Some(ending) = &self.ending {
                return ending.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            if !self.reads(left) {
                return Heard::Silence;
            }
        }
    }

    /// Looks at these lines again, before all that follow.
    pub fn puts_back(&mut self, lines: Vec<Vec<u8>>) {
        lines.into_iter().rev().for_each(|line| self.inbox.push_front(line));
    }

    /// What came of a line whose newline has not come.
    pub fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Whether the server may still have something to say.
    pub fn is_open(&self) -> bool {
        self.ending.is_none()
    }

    /// Has finished speaking, and goes on listening.
    pub fn finishes(&self) {
        // An error means that the server has hung up already; then the next line tells.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Vanishes with a reset.
    pub fn resets(self) {
        let _ = sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
    }

    /// A second handle of the connection, for a thread of its own.
    ///
    /// # Errors
    /// The socket's.
    pub fn stream(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    /// Reads once, for at most so long; whether there was something.
    fn reads(&mut self, patience: Duration) -> bool {
        if self.received > MOST {
            return false;
        }
        // Zero would mean for ever.
        let timeout = patience.max(Duration::from_millis(1));
        self.acknowledges_at_once();
        let mut bytes = [0; 16 * 1024];
        match self.stream.set_read_timeout(Some(timeout)).and_then(|()| self.stream.read(&mut bytes)) {
            Ok(0) => self.ending = Some(Heard::End),
            Ok(length) => {
                self.received += length;
                self.cuts(&bytes[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return false,
            Err(_) => self.ending = Some(Heard::Reset),
        }
        true
    }

    /// Few servers switch Nagle's algorithm off, and then each second line waits 40 ms for a delayed
    /// acknowledgement. That is a lesson, too, but not one of these steps.
    fn acknowledges_at_once(&self) {
        #[cfg(target_os = "linux")]
        let _ = sockopt::set_tcp_quickack(&self.stream, true);
    }

    fn cuts(&mut self, mut bytes: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let mut line = std::mem::take(&mut self.unread);
            line.extend(&bytes[..end]);
            self.inbox.push_back(line);
            bytes = &bytes[end + 1..];
        }
        self.unread.extend(bytes);
    }
}

/// Whether a read or a write has taken as long as it may.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
