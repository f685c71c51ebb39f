//! One side's connection.

use std::{
    fmt,
    io::{self, BufReader, Read, Write},
    net::TcpStream,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::way;
use crate::transport::Connection;

/// The buffer of a transfer in bytes. A larger one saves hardly any more system calls.
const BUFFER: usize = 64 * 1024;

/// How long one side may keep the other waiting.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// A connection.
pub(super) struct Wire {
    /// Reads from it, and holds the bytes that were read but not used yet.
    pub(super) input: BufReader<Stream>,
}

pub(super) struct Stream {
    connection: Arc<Connection>,
    /// When to give up, however much comes until then.
    deadline: Option<Instant>,
}

impl Wire {
    pub(super) fn new(connection: Arc<Connection>) -> io::Result<Self> {
        connection.stream().set_write_timeout(Some(IDLE))?;
        let stream = Stream { connection, deadline: None };
        Ok(Self { input: BufReader::with_capacity(BUFFER, stream) })
    }

    /// Reads the next line, which must be there by the deadline.
    pub(super) fn line_within<T: FromStr>(&mut self, deadline: Instant) -> io::Result<T> {
        self.input.get_mut().deadline = Some(deadline);
        let line = way::read_line(&mut self.input);
        self.input.get_mut().deadline = None;
        line
    }

    /// Writes one line.
    pub(super) fn say(&self, line: impl fmt::Display) -> io::Result<()> {
        self.stream().write_all(format!("{line}\n").as_bytes())
    }

    /// Whether bytes were read but not used yet.
    pub(super) fn has_more(&self) -> bool {
        !self.input.buffer().is_empty()
    }

    pub(super) fn stream(&self) -> &TcpStream {
        self.input.get_ref().connection.stream()
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.map_or(IDLE, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut socket = self.connection.stream();
        socket.set_read_timeout(Some(left))?;
        socket.read(buffer)
    }
}
