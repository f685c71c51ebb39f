//! A writing end for systems that cannot send on a blocking socket without waiting: a thread waits.
//!
//! On Linux it is tested but not used. A second thread for each client costs two more switches for each
//! batch, and makes fan-out two to five times slower.

use std::{
    io::{self, Write},
    net::Shutdown,
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Sender, TrySendError, bounded};

use super::Connection;
use crate::{broadcaster::Sink, ending::Ending, watch};

/// The most bytes handed to the thread at once: besides what it writes, one such piece waits.
const PIECE: usize = 64 * 1024;

/// How long a client's socket may take nothing. Without this limit it would hold the thread for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the broadcaster sends through.
pub(super) struct QueuedWriter {
    connection: Arc<Connection>,
    /// `None` after the end: then the thread writes what it has, and closes.
    pieces: Option<Sender<Vec<u8>>>,
}

impl QueuedWriter {
    /// Starts the thread that writes; an error when there can be no more threads.
    pub(super) fn start(connection: Arc<Connection>) -> io::Result<Self> {
        let (pieces, queue) = bounded::<Vec<u8>>(1);
        connection.socket.set_write_timeout(PATIENCE)?;
        let theirs = Arc::clone(&connection);
        thread::Builder::new().name("writer".into()).stack_size(64 * 1024).spawn(move || {
            let mut socket = &theirs.socket;
            // An error ends the loop, and with the queue gone the next send reports it.
            let _ = queue.iter().try_for_each(|piece| socket.write_all(&piece));
            let _ = socket.shutdown(Shutdown::Write);
        })?;
        Ok(Self { connection, pieces: Some(pieces) })
    }
}

impl Sink for QueuedWriter {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        let Some(pieces) = &self.pieces else { return Err(io::ErrorKind::BrokenPipe.into()) };
        if pieces.is_full() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let piece: Vec<_> = owed.iter().chain(fresh).copied().take(PIECE).collect();
        let length = piece.len();
        match pieces.try_send(piece) {
            Ok(()) => {
                // The thread that writes is not watched, so it does not count.
                watch::sent(length);
                Ok(length)
            }
            Err(TrySendError::Full(_)) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn finish(&mut self) {
        self.pieces = None;
    }

    fn hang_up(&mut self, why: Ending) {
        self.connection.hang_up(why);
    }
}

impl Drop for QueuedWriter {
    fn drop(&mut self) {
        if self.pieces.is_some() {
            self.connection.hang_up(Ending::Failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::transport::ConnectionLimit;

    fn connected() -> (QueuedWriter, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        let connection = Connection::new(stream, peer, permit);
        (QueuedWriter::start(connection).unwrap(), client)
    }

    #[test]
    fn everything_arrives_in_order_and_then_the_end() {
        let (mut writer, mut client) = connected();
        let mut bytes: &[u8] = &(0..1_000_000).map(|n: u32| n.to_le_bytes()[1]).collect::<Vec<_>>();
        let expected = bytes.to_vec();
        let reading = thread::Builder::new()
            .spawn(move || {
                let mut heard = Vec::new();
                client.read_to_end(&mut heard).unwrap();
                heard
            })
            .unwrap();
        while !bytes.is_empty() {
            let (owed, fresh) = bytes.split_at(bytes.len() / 3);
            match writer.send(owed, fresh) {
                Ok(taken) => bytes = &bytes[taken..],
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            thread::yield_now();
        }
        writer.finish();
        assert!(reading.join().unwrap() == expected);
    }

    #[test]
    fn a_client_that_does_not_read_is_not_waited_for() {
        let (mut writer, _client) = connected();
        let bytes = vec![0; 1 << 20];
        let (mut taken, mut refusals) = (0, 0);
        // The kernel takes some megabytes; then the queue is full, and stays so.
        while refusals < 100_000 {
            match writer.send(&bytes, &[]) {
                Ok(length) => (taken, refusals) = (taken + length, 0),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    refusals += 1;
                    thread::yield_now();
                }
            }
        }
        assert!(taken < 64 << 20, "{taken} bytes");
        writer.connection.socket.shutdown(Shutdown::Both).unwrap();
    }
}
