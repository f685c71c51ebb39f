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
    /// Whether it has ever sent something.
    pub has_sent: bool,
    pub(super) inbox: Inbox,
    stream: TcpStream,
}

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
    pub(crate) fn new(name: &str, stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (name, may_hear, inbox) = (name.to_owned(), Vec::new(), Inbox::default());
        Ok(Self { name, may_hear, has_spoken: true, has_sent: false, inbox, stream })
    }

    /// Sends bytes, in one write if the socket takes them all. The error may be a timeout, see [`is_timeout`].
    pub(crate) fn sends(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        self.has_spoken = true;
        self.has_sent = true;
        self.stream.set_write_timeout(Some(patience))?;
        self.stream.write_all(bytes)
    }

    /// The next line or event, or silence at the deadline.
    pub fn listens(&mut self, deadline: Instant) -> Heard {
        let mut stream = &self.stream;
        self.inbox.next(deadline, |bytes, patience| {
            // A server with Nagle's algorithm, as most have, would otherwise wait 40 ms for the acknowledgement
            // before it sends a second line.
            #[cfg(target_os = "linux")]
            let _ = sockopt::set_tcp_quickack(stream, true);
            stream.set_read_timeout(Some(patience))?;
            stream.read(bytes)
        })
    }

    /// Whether the connection has not ended.
    pub fn is_open(&self) -> bool {
        self.inbox.ending.is_none()
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
}

/// Whether an error is the timeout of a read or a write.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
