//! Clients that send datagrams over UDP. A client is an address and port.
//!
//! All clients share one socket. The receiver's thread hands what arrives to each client's own thread through
//! the client's [`Mailbox`], and the broadcaster sends through the socket. Each datagram is sent once: if the
//! network loses it, `seq` shows the gap. An error of the socket may be about a datagram to any client, so it
//! only counts as a loss. The server notices that a client is gone when it has been silent for too long.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::net::{SendFlags, Shutdown, sockopt};

use super::{Address, Incoming, Permit};
use crate::{
    broadcaster::Sink,
    command::Ask,
    dialect::{Decode, Decoder, Greeting, Input},
    ending::Ending,
    names::Peer,
    watch,
};

mod known;
mod mailbox;
mod pace;

#[cfg(test)]
mod tests;

pub use known::Known;
pub use mailbox::{Delivery, Mailbox};

use pace::Pace;

/// The most bytes of a datagram that is read. UDP has no longer ones.
pub const LONGEST: usize = 64 * 1024;

/// How many bytes may wait in the socket, in either direction. With a small buffer, part of a burst is lost before
/// it is read. The kernel may give less, on Linux at most `net.core.rmem_max`.
const BUFFER: usize = 4 << 20;

/// A UDP port.
pub struct Port {
    socket: UdpSocket,
    address: Address,
}

impl Port {
    /// Opens a port; 0 means any free one. Returns the address with the port that was chosen.
    ///
    /// # Errors
    /// As [`UdpSocket::bind`]: the address is in use, or not ours.
    pub fn bind(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let socket = UdpSocket::bind(address)?;
        // Some systems refuse what is too much instead of giving less.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
        let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER);
        let receive_buffer = sockopt::socket_recv_buffer_size(&socket)?;
        let address = socket.local_addr()?;
        // On Linux, half of this size is for the kernel's own records (socket(7)).
        tracing::debug!(%address, asked = BUFFER, receive_buffer, "UDP");
        if !address.ip().is_loopback() {
            // Existing programs could not show that an address is theirs.
            tracing::warn!(
                "on UDP, addresses can be forged: a join makes the server send the chat to its victim for two minutes. \
                 Use this only in a network that you trust"
            );
        }
        Ok((Self { socket, address: Address::Net(address) }, address))
    }

    /// Where it is, with the port that was chosen.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for a datagram. Returns `None` if it was woken without one.
    ///
    /// # Errors
    /// Any error of `recvfrom`; after [`Port::close`], perhaps at once.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
        match self.socket.recv_from(buffer) {
            // Some systems report here that an earlier datagram could not be delivered.
            Err(error) if is_of_a_client(error.kind()) => Ok(None),
            received => received.map(|received| {
                watch::received(received.0);
                Some(received)
            }),
        }
    }

    /// Sends a datagram without waiting. Returns `false` if the socket is full.
    pub fn send(&self, datagram: &[u8], to: SocketAddr) -> bool {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::net::sendto(&self.socket, datagram, flags, &to).map_err(io::Error::from);
        watch::sent(*sent.as_ref().unwrap_or(&0));
        !sent.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Wakes the thread that waits in [`Port::receive`].
    pub fn close(&self) {
        // On Linux, this fails because there is no connection, but it wakes the thread. Sending still works.
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Read);
        // Elsewhere, an empty datagram wakes it. If the socket has no room for one, the thread is not waiting.
        if let Address::Net(address) = self.address {
            self.send(&[], own(address));
        }
    }
}

fn is_of_a_client(kind: ErrorKind) -> bool {
    use ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkUnreachable};
    matches!(kind, Interrupted | ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable)
}

/// The address at which this machine reaches its own port.
fn own(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// A client, and the place it takes until both of its ends are gone.
struct Client {
    port: Arc<Port>,
    peer: SocketAddr,
    mailbox: Arc<Mailbox>,
    _permit: Permit,
}

/// The two ends of a client that joins.
pub fn client(port: &Arc<Port>, peer: SocketAddr, permit: Permit, rate: u32) -> (Reader, Box<dyn Sink>) {
    let (port, mailbox) = (Arc::clone(port), Arc::default());
    let client = Arc::new(Client { port, peer, mailbox, _permit: permit });
    let writer =
        Writer { client: Arc::clone(&client), pace: Pace::new(rate, Instant::now()), is_finished: false };
    (Reader(client), Box::new(writer))
}

/// The reading end of a client. When it is dropped, the client has left.
pub struct Reader(Arc<Client>);

impl Reader {
    /// Where the receiver puts what arrives.
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// The same decoder, which also closes the mailbox when its client leaves.
    pub fn closing(&self, decoder: Decoder, idle: Option<Duration>) -> Decoder {
        Decoder::other(Closing { decoder, idle, mailbox: Arc::clone(&self.0.mailbox) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.mailbox.end(Instant::now());
    }
}

impl Incoming for Reader {
    fn peer(&self) -> Peer {
        self.0.peer.into()
    }

    fn hung_up(&self) -> Option<Ending> {
        self.0.mailbox.hung_up()
    }

    fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.0.mailbox.set_patience(patience);
        Ok(())
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.mailbox.read(buffer)
    }

    /// A datagram that was sent cannot be taken back by closing, so there is nothing to wait for.
    fn drain(&self, _patience: Duration) {}
}

/// A decoder for a stream without an end: its client leaves with its goodbye or after a silence. As soon as that is
/// known, the mailbox is closed, so no datagram is acknowledged that is not carried out.
struct Closing {
    decoder: Decoder,
    idle: Option<Duration>,
    mailbox: Arc<Mailbox>,
}

impl Decode for Closing {
    fn feed(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
    }

    fn next_input(&mut self) -> Option<Input> {
        let input = self.decoder.next_input();
        if let Some(Input::Command(command)) = &input
            && command.ask == Ask::Quit
        {
            self.mailbox.close();
        }
        input
    }

    fn welcome(&mut self, greeting: Option<Greeting>) {
        self.decoder.welcome(greeting);
    }

    fn finish(&mut self) {
        self.decoder.finish();
    }

    fn patience(&self) -> Option<Duration> {
        self.idle
    }

    fn time_out(&mut self) -> Option<Ending> {
        self.mailbox.close_if_empty().then_some(Ending::Silent)
    }
}

/// What the broadcaster sends through: each send is a datagram.
struct Writer {
    client: Arc<Client>,
    pace: Option<Pace>,
    is_finished: bool,
}

impl Sink for Writer {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        if self.pace.as_mut().is_some_and(|pace| !pace.take(Instant::now())) {
            return Err(ErrorKind::WouldBlock.into());
        }
        let Client { port, peer, .. } = &*self.client;
        let datagram = if owed.is_empty() { fresh } else { owed };
        if port.send(datagram, *peer) { Ok(datagram.len()) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    fn pause(&self) -> Duration {
        self.pace.as_ref().map_or(Duration::ZERO, |pace| pace.pause(Instant::now()))
    }

    /// Datagrams cannot tell a client that the stream ends, so this only ends its session.
    fn finish(&mut self) {
        self.is_finished = true;
        self.client.mailbox.hang_up(Ending::Stopping);
    }

    fn hang_up(&mut self, why: Ending) {
        self.client.mailbox.hang_up(why);
    }
}

/// A writing end that is lost, by a panic for example, ends its session too, which would wait for ever.
impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_finished {
            self.client.mailbox.hang_up(Ending::Failed);
        }
    }
}
