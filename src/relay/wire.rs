//! One side's connection.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::way;
use crate::transport::Permit;

/// The one buffer of a transfer, in bytes: a larger one saves hardly any more system calls.
const BUFFER: usize = 64 * 1024;

/// How long one side may keep the other waiting.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// A connection, and what was read from it and not used yet.
pub(super) struct Wire {
    input: BufReader<Stream>,
    /// Whoever still takes memory still counts.
    _permit: Permit,
}

struct Stream {
    socket: Arc<TcpStream>,
    /// When to give up, however much comes until then.
    deadline: Option<Instant>,
}

impl Wire {
    pub(super) fn new(socket: Arc<TcpStream>, permit: Permit) -> io::Result<Self> {
        socket.set_write_timeout(Some(IDLE))?;
        let stream = Stream { socket, deadline: None };
        Ok(Self { input: BufReader::with_capacity(BUFFER, stream), _permit: permit })
    }

    /// The next line, which has to be there in time.
    pub(super) fn line_within<T: FromStr>(&mut self, deadline: Instant) -> io::Result<T> {
        self.input.get_mut().deadline = Some(deadline);
        let line = way::read_line(&mut self.input);
        self.input.get_mut().deadline = None;
        line
    }

    /// Says one line.
    pub(super) fn say(&self, line: impl fmt::Display) -> io::Result<()> {
        self.stream().write_all(format!("{line}\n").as_bytes())
    }

    /// Bytes of the file; none at the end of the stream. It waits only if none are there.
    pub(super) fn bytes(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    /// So many of the bytes are done with.
    pub(super) fn consume(&mut self, length: usize) {
        self.input.consume(length);
    }

    /// Whether something was read and not used yet.
    pub(super) fn has_more(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.input.get_ref().socket
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.map_or(IDLE, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.socket.set_read_timeout(Some(left))?;
        (&*self.socket).read(buffer)
    }
}
