//! How bytes arrive and leave: TCP, Unix sockets, UDP and TLS.
//!
//! A connection has two ends that never wait for each other: the session's thread blocks in `read`, and
//! the broadcaster sends through its [`Sink`] and never blocks. When both are gone, the socket closes and
//! gives its [`Permit`] back, so a connection counts for as long as it takes memory.

use std::{
    io::{self, Read},
    net::Shutdown,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::sockopt,
};

use crate::{broadcaster::Sink, ending::Ending, names::Peer, watch};

pub mod datagrams;
mod encrypted;
mod entrance;
mod limit;
mod listener;
#[cfg(any(test, not(target_os = "linux")))]
mod queued;
mod sealed;
mod socket;
mod stream;

pub use encrypted::{Encrypted, Unmet};
pub use entrance::Entrance;
pub use limit::{ConnectionLimit, NoPlace, Permit};
pub use listener::{Address, Listener};
pub use sealed::SealedSink;
pub use socket::Socket;
pub use stream::{Stream, is_early};

/// The reading end of what a session serves.
pub trait Incoming {
    /// Where the client is.
    fn peer(&self) -> Peer;

    /// Why our side ended this connection, if it did.
    fn hung_up(&self) -> Option<Ending>;

    /// How long a read may wait; longer is [`io::ErrorKind::WouldBlock`]. `None` means for ever.
    ///
    /// # Errors
    /// The time is zero.
    fn set_patience(&self, patience: Option<Duration>) -> io::Result<()>;

    /// Whether what it carries is encrypted.
    fn is_private(&self) -> bool {
        false
    }

    /// Whether bytes have come that the socket does not show any more.
    fn holds_bytes(&self) -> bool {
        false
    }

    /// Waits for bytes; 0 means that no more will come.
    ///
    /// # Errors
    /// None came in time, or the connection is lost.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads and forgets until the client closes or `patience` is over, so that closing our side
    /// does not reset the connection before the client has read our last words.
    fn drain(&self, patience: Duration);
}

/// A socket, and the place it takes.
pub struct Connection {
    socket: Socket,
    peer: Peer,
    /// Why our side ended this connection: not even what has arrived already is to be read.
    hung_up: OnceLock<Ending>,
    _permit: Permit,
}

impl Connection {
    /// A socket that was just accepted.
    pub fn new(socket: impl Into<Socket>, peer: impl Into<Peer>, permit: Permit) -> Arc<Self> {
        let (socket, peer) = (socket.into(), peer.into());
        Arc::new(Self { socket, peer, hung_up: OnceLock::new(), _permit: permit })
    }

    /// The writing end.
    ///
    /// # Errors
    /// Not on Linux; elsewhere when there can be no thread for it.
    pub fn writer(self: &Arc<Self>) -> io::Result<Box<dyn Sink>> {
        let connection = Arc::clone(self);
        #[cfg(target_os = "linux")]
        let writer = Writer { connection, is_finished: false };
        #[cfg(not(target_os = "linux"))]
        let writer = queued::QueuedWriter::start(connection)?;
        Ok(Box::new(writer))
    }

    /// The socket.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Closes both directions. A thread that reads or writes sees the end.
    pub fn close(&self) {
        // It fails when the client has hung up already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Waits until next to nothing of what was sent is on its way; whether that was in time. From then on, the socket
    /// takes only little at once.
    pub fn wait_for_arrival(&self, patience: Duration) -> bool {
        // A socket with the smallest send buffer is writable only when next to nothing waits in it.
        let _ = sockopt::set_socket_send_buffer_size(&self.socket, 1);
        let patience = Timespec::try_from(patience).unwrap_or_default();
        poll(&mut [PollFd::new(&self.socket, PollFlags::OUT)], Some(&patience)) != Ok(0)
    }

    fn hang_up(&self, why: Ending) {
        // The first reason is the reason.
        let _ = self.hung_up.set(why);
        let _ = self.socket.shutdown(Shutdown::Read);
    }

    /// Copies the first bytes that have arrived, without taking them or waiting; how many there are.
    ///
    /// # Errors
    /// Any error of `recv`: among them that nothing has arrived yet.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
        Ok(rustix::net::recv(&self.socket, buffer, flags)?.0)
    }
}

/// Says something on a connection that is not let in, without waiting; whether all of it was taken.
pub fn send(socket: &Socket, bytes: &[u8]) -> bool {
    let sent = rustix::net::send(socket, bytes, rustix::net::SendFlags::DONTWAIT);
    watch::sent(sent.unwrap_or(0));
    sent == Ok(bytes.len())
}

/// Says one last thing on a connection that is not let in, without waiting, and ends it. Never inlined: its
/// buffer would take room on the stacks of those that are let in.
#[inline(never)]
pub fn refuse(socket: &Socket, line: &[u8]) {
    // If any of this fails, the client is gone. What it has sent is read, because closing with unread
    // bytes resets the connection, and the reset can overtake the last words.
    let _ = send(socket, line);
    let _ = socket.shutdown(Shutdown::Write);
    forget_arrived(socket, &mut [0; 1024]);
}

/// Reads and forgets what has arrived, without waiting. It is bounded, because the client may go on sending.
/// A short read is not the end: one ends at an urgent byte, too.
fn forget_arrived(socket: &Socket, buffer: &mut [u8]) {
    for _ in 0..64 {
        match rustix::net::recv(socket, &mut *buffer, rustix::net::RecvFlags::DONTWAIT) {
            Ok((_, 0)) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

impl Incoming for Connection {
    fn peer(&self) -> Peer {
        self.peer
    }

    fn hung_up(&self) -> Option<Ending> {
        self.hung_up.get().copied()
    }

    fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(patience)
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.hung_up().is_some() { Ok(0) } else { (&self.socket).read(buffer) }
    }

    fn drain(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut forgotten = [0; 1024];
        while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            let has_timeout = self.set_patience(Some(left)).is_ok();
            if !has_timeout || (&self.socket).read(&mut forgotten).map_or(true, |n| n == 0) {
                return;
            }
        }
    }
}

/// What the broadcaster sends through.
#[cfg(target_os = "linux")]
struct Writer {
    connection: Arc<Connection>,
    is_finished: bool,
}

#[cfg(target_os = "linux")]
impl Sink for Writer {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        // The socket itself stays blocking, for the reader's sake; only this call does not wait.
        let flags = rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL;
        let socket = &self.connection.socket;
        let sent = match (owed, fresh) {
            ([], only) | (only, []) => rustix::net::send(socket, only, flags),
            (owed, fresh) => {
                let parts = [io::IoSlice::new(owed), io::IoSlice::new(fresh)];
                rustix::net::sendmsg(socket, &parts, &mut rustix::net::SendAncillaryBuffer::default(), flags)
            }
        }?;
        watch::sent(sent);
        Ok(sent)
    }

    fn finish(&mut self) {
        self.is_finished = true;
        let _ = self.connection.socket.shutdown(Shutdown::Write);
    }

    fn hang_up(&mut self, why: Ending) {
        self.connection.hang_up(why);
    }

    fn drain(&mut self) {
        forget_arrived(&self.connection.socket, &mut [0; 16 * 1024]);
    }

    fn has_arrived(&mut self) -> bool {
        self.connection.wait_for_arrival(Duration::ZERO)
    }
}

/// A writing end that is lost, by a panic for example, ends its session too, which would wait for ever.
#[cfg(target_os = "linux")]
impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_finished {
            self.connection.hang_up(Ending::Failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_silent_client_whose_machine_vanished_is_looked_for_after_a_minute() {
        let (listener, address) = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let (socket, peer) = listener.accept(None).unwrap().unwrap();
        let connection =
            Connection::new(socket, peer, ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap());
        assert!(sockopt::tcp_nodelay(&connection.socket).unwrap());
        assert!(sockopt::socket_keepalive(&connection.socket).unwrap());
        let silence = sockopt::tcp_keepidle(&connection.socket).unwrap();
        let probe = sockopt::tcp_keepintvl(&connection.socket).unwrap();
        let probes = sockopt::tcp_keepcnt(&connection.socket).unwrap();
        assert_eq!(silence + probe * probes, Duration::from_secs(90));
    }

    #[test]
    fn a_writing_end_that_is_lost_ends_its_session() {
        let (listener, address) = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let (socket, peer) = listener.accept(None).unwrap().unwrap();
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        let connection = Connection::new(socket, peer, permit);
        drop(connection.writer().unwrap());
        assert_eq!(connection.read(&mut [0; 9]).unwrap(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn bytes_behind_an_urgent_one_are_forgotten_too() {
        let (listener, address) = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = TcpStream::connect(address).unwrap();
        let (socket, _) = listener.accept(None).unwrap().unwrap();
        for (bytes, flags) in [
            (&b"before"[..], rustix::net::SendFlags::empty()),
            (b"!", rustix::net::SendFlags::OOB),
            (b"behind", rustix::net::SendFlags::empty()),
        ] {
            rustix::net::send(&client, bytes, flags).unwrap();
        }
        client.shutdown(Shutdown::Write).unwrap();
        let deadline = Timespec::try_from(Duration::from_secs(10)).unwrap();
        assert_eq!(poll(&mut [PollFd::new(&socket, PollFlags::RDHUP)], Some(&deadline)), Ok(1));
        forget_arrived(&socket, &mut [0; 99]);
        assert_eq!(rustix::net::recv(&socket, &mut [0; 9], rustix::net::RecvFlags::PEEK), Ok((0, 0)));
    }
}
