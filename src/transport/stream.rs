//! A connection as what is spoken on it sees it, encrypted or not.

use std::{
    io::{self, ErrorKind, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Connection, Incoming, Socket, refuse};
use crate::broadcaster::Sink;

/// How often a write that waits looks whether the server is stopping.
const LOOK: Duration = Duration::from_millis(200);

/// The two directions of a connection.
pub trait Stream: Send + Sync {
    /// What comes.
    fn incoming(&self) -> &dyn Incoming;

    /// The writing end for the broadcaster. From then on, nothing else may write.
    ///
    /// # Errors
    /// As [`Connection::writer`].
    fn writer(&self) -> io::Result<Box<dyn Sink>>;

    /// Writes all of this, from the thread that reads. After an error, the stream cannot be used any more.
    ///
    /// # Errors
    /// The client does not take it in time, or is gone; or the server stops meanwhile.
    fn write(&self, bytes: &[u8], patience: Duration, is_stopping: &dyn Fn() -> bool) -> io::Result<()>;

    /// Whether the client is seen to have closed the connection. What it has sent before that is not read.
    fn is_gone(&self) -> bool;

    /// Says one last thing without waiting, and ends our side.
    fn end(&self, words: &[u8]);

    /// The same stream, for another thread.
    fn share(&self) -> Arc<dyn Stream>;

    /// What it goes through.
    fn connection(&self) -> &Connection;
}

impl Stream for Arc<Connection> {
    fn incoming(&self) -> &dyn Incoming {
        &**self
    }

    fn writer(&self) -> io::Result<Box<dyn Sink>> {
        Connection::writer(self)
    }

    fn write(&self, bytes: &[u8], patience: Duration, is_stopping: &dyn Fn() -> bool) -> io::Result<()> {
        write_all(&self.socket, bytes, Instant::now() + patience, is_stopping)
    }

    fn is_gone(&self) -> bool {
        match self.peek(&mut [0]) {
            Ok(length) => length == 0,
            Err(error) => !is_early(&error),
        }
    }

    fn end(&self, words: &[u8]) {
        refuse(&self.socket, words);
    }

    fn share(&self) -> Arc<dyn Stream> {
        Arc::new(Arc::clone(self))
    }

    fn connection(&self) -> &Connection {
        self
    }
}

/// Writes all of this before the deadline, unless the server stops meanwhile.
pub(super) fn write_all(
    mut socket: &Socket,
    mut bytes: &[u8],
    deadline: Instant,
    is_stopping: &dyn Fn() -> bool,
) -> io::Result<()> {
    socket.set_write_timeout(LOOK)?;
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if !is_early(&error) => return Err(error),
            Err(_) if is_stopping() => return Err(ErrorKind::ConnectionAborted.into()),
            Err(_) if Instant::now() >= deadline => return Err(ErrorKind::TimedOut.into()),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Whether a wait ended without a result.
pub fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
