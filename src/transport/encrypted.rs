//! A connection inside of TLS.
//!
//! Both ends share what encrypts. The reading end waits for raw bytes without the lock, and feeds them and takes
//! plain ones under it. The writing end is a [`SealedSink`]: it encrypts under the lock, and what the socket does
//! not take waits in the outbox. After the handshake, only the writing end writes.

use std::{
    io::{self, ErrorKind, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustls::{ServerConfig, ServerConnection};

use super::{
    Connection, Incoming, SealedSink, Stream, refuse,
    stream::{is_early, write_all},
};
use crate::{
    broadcaster::Sink,
    ending::Ending,
    framing::Seal,
    names::Peer,
    watch::{self, Activity},
};

/// How long a client may take for the handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a client that is silent is looked at, in case the server stops.
const LOOK: Duration = Duration::from_millis(200);

/// How many raw bytes are read at once. With more, the last record of a read could find no room.
const CHUNK: usize = 1536;

/// The most bytes of a record.
const RECORD: usize = 16 * 1024;

/// The first byte of a handshake.
const HANDSHAKE: u8 = 22;

/// A connection inside of TLS.
pub struct Encrypted {
    connection: Arc<Connection>,
    session: Arc<Mutex<ServerConnection>>,
}

/// Why a client could not be let in with TLS.
pub enum Unmet {
    /// It did not begin a handshake.
    NotTls,
    /// The handshake failed, or took too long.
    Failed(io::Error),
}

impl Encrypted {
    /// Does the handshake with a client that has sent these bytes already.
    ///
    /// Never inlined: an idle client would keep the stack that this needs.
    ///
    /// # Errors
    /// The client speaks no TLS, is too slow, or is gone; or the server stops. If it speaks TLS, it was told.
    #[inline(never)]
    pub fn accept(
        connection: &Arc<Connection>,
        config: Arc<ServerConfig>,
        first: &[u8],
        is_stopping: &dyn Fn() -> bool,
    ) -> Result<Self, Unmet> {
        let session = ServerConnection::new(config).map_err(|error| Unmet::Failed(invalid(error)))?;
        let deadline = Instant::now() + PATIENCE;
        let mut handshake = Handshake { connection, session, deadline, is_stopping, is_begun: false };
        handshake.run(first).inspect_err(|_| handshake.explain())?;
        let session = Arc::new(Mutex::new(handshake.session));
        Ok(Self { connection: Arc::clone(connection), session })
    }
}

impl Stream for Encrypted {
    fn incoming(&self) -> &dyn Incoming {
        self
    }

    fn writer(&self) -> io::Result<Box<dyn Sink>> {
        let records = Records(Arc::clone(&self.session));
        Ok(SealedSink::around(self.connection.writer()?, Some(Box::new(records))))
    }

    fn write(&self, bytes: &[u8], patience: Duration, is_stopping: &dyn Fn() -> bool) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let records = |bytes| encrypt(&mut self.session.lock(), bytes);
        bytes
            .chunks(RECORD)
            .try_for_each(|bytes| write_all(self.connection.socket(), &records(bytes), deadline, is_stopping))
    }

    fn is_gone(&self) -> bool {
        self.connection.is_gone()
    }

    fn end(&self, words: &[u8]) {
        let mut session = self.session.lock();
        let mut last = encrypt(&mut session, words);
        session.send_close_notify();
        last.append(&mut written(&mut session));
        refuse(self.connection.socket(), &last);
    }

    fn share(&self) -> Arc<dyn Stream> {
        let (connection, session) = (Arc::clone(&self.connection), Arc::clone(&self.session));
        Arc::new(Self { connection, session })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A handshake in the thread of its client.
struct Handshake<'a> {
    connection: &'a Connection,
    session: ServerConnection,
    deadline: Instant,
    is_stopping: &'a dyn Fn() -> bool,
    /// Its first byte has come.
    is_begun: bool,
}

impl Handshake<'_> {
    fn run(&mut self, first: &[u8]) -> Result<(), Unmet> {
        watch::doing(Activity::Reading);
        self.take(first)?;
        let mut raw = [0; CHUNK];
        while self.session.is_handshaking() {
            let left = self.left()?;
            self.connection.set_patience(Some(left)).map_err(Unmet::Failed)?;
            match self.connection.read(&mut raw) {
                Ok(0) => return Err(Unmet::Failed(ErrorKind::UnexpectedEof.into())),
                Ok(length) => self.take(&raw[..length])?,
                Err(error) if is_early(&error) => {}
                Err(error) => return Err(Unmet::Failed(error)),
            }
        }
        self.connection.set_patience(None).map_err(Unmet::Failed)
    }

    /// Takes raw bytes, and answers them.
    fn take(&mut self, raw: &[u8]) -> Result<(), Unmet> {
        if !self.is_begun && raw.first().is_some_and(|first| *first != HANDSHAKE) {
            return Err(Unmet::NotTls);
        }
        self.is_begun |= !raw.is_empty();
        feed(&mut self.session, raw).map_err(Unmet::Failed)?;
        let answer = written(&mut self.session);
        write_all(self.connection.socket(), &answer, self.deadline, self.is_stopping).map_err(Unmet::Failed)
    }

    /// How long to wait now.
    fn left(&self) -> Result<Duration, Unmet> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if (self.is_stopping)() {
            return Err(Unmet::Failed(ErrorKind::ConnectionAborted.into()));
        }
        if left.is_zero() {
            // A client that waits for a welcome does not know that it must speak first.
            let slow = Unmet::Failed(ErrorKind::TimedOut.into());
            return Err(if self.is_begun { slow } else { Unmet::NotTls });
        }
        Ok(left.min(LOOK))
    }

    /// Tells a client that speaks TLS why this is the end.
    fn explain(&mut self) {
        if self.is_begun {
            // What failed inside of TLS has its own alert already.
            if !self.session.wants_write() {
                self.session.send_close_notify();
            }
            refuse(self.connection.socket(), &written(&mut self.session));
        }
    }
}

impl Incoming for Encrypted {
    fn peer(&self) -> Peer {
        self.connection.peer()
    }

    fn hung_up(&self) -> Option<Ending> {
        self.connection.hung_up()
    }

    fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.connection.set_patience(patience)
    }

    fn is_private(&self) -> bool {
        true
    }

    fn holds_bytes(&self) -> bool {
        self.session.lock().process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
    }

    /// Raw bytes that bring no plain ones are [`ErrorKind::Interrupted`], so that a caller with a deadline sees
    /// it pass. A stream that ends without a goodbye may have been cut off by a stranger, so it is lost.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // The lock is released before the match.
        let ready = plain(&mut self.session.lock(), buffer);
        match ready {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            ready => return ready,
        }
        let mut raw = [0; CHUNK];
        let length = self.connection.read(&mut raw)?;
        if length == 0 {
            let is_ours = self.hung_up().is_some();
            return if is_ours { Ok(0) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
        let mut session = self.session.lock();
        feed(&mut session, &raw[..length])?;
        match plain(&mut session, buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::Interrupted.into()),
            read => read,
        }
    }

    fn drain(&self, patience: Duration) {
        self.connection.drain(patience);
    }
}

/// What encrypts for the writing end.
struct Records(Arc<Mutex<ServerConnection>>);

impl Seal for Records {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        vec![encrypt(&mut self.0.lock(), units)]
    }

    fn most_together(&self) -> usize {
        RECORD
    }

    fn last(&mut self) -> Vec<u8> {
        let mut session = self.0.lock();
        session.send_close_notify();
        written(&mut session)
    }
}

/// Takes raw bytes.
fn feed(session: &mut ServerConnection, mut raw: &[u8]) -> io::Result<()> {
    // After a goodbye, nothing more is taken.
    while !raw.is_empty() && session.read_tls(&mut raw)? > 0 {
        session.process_new_packets().map_err(invalid)?;
    }
    Ok(())
}

/// Takes plain bytes; 0 after a goodbye.
fn plain(session: &mut ServerConnection, buffer: &mut [u8]) -> io::Result<usize> {
    session.reader().read(buffer)
}

/// Encrypts plain bytes; none after the end was sent.
fn encrypt(session: &mut ServerConnection, mut bytes: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let Ok(length @ 1..) = session.writer().write(bytes) else { break };
        bytes = &bytes[length..];
        records.append(&mut written(session));
    }
    records
}

/// What is to be sent.
fn written(session: &mut ServerConnection) -> Vec<u8> {
    let mut raw = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut raw).expect("a Vec takes everything");
    }
    raw
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
