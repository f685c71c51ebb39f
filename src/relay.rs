//! What carries files: a port of its own, and one thread for each file on its way.
//!
//! A file must not make the chat wait. So it travels on connections that the chat knows nothing of,
//! one from the sender and one from the receiver, and the thread that copies from one to the other
//! waits for nobody else and is waited for by nobody else. Its memory is one buffer: when the receiver
//! takes nothing more, the thread does not read, and in the end the sender's own socket is full. That
//! is all there is to back pressure.
//!
//! Why a port of its own? The chat's server speaks first, and announces whoever comes. Who comes for a
//! file shall be neither greeted nor announced, and cannot be told apart before it has spoken.
//!
//! Who may come is for the registry to say: each connection begins with a [`Token`]. The first one of
//! a pair is parked, and its thread ends; the thread of the second one carries. When an offer
//! is over, the registry drops its lines, which hangs up on both.

use std::{
    io::{self, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::{
    dialect::text::encode,
    event::files::FileEvent,
    file::{Fault, OfferId, Side, Token, way},
    registry::{
        Registry,
        state::{Claim, Lifeline, MOST_TRANSFERS},
    },
    transport::{ConnectionLimit, Listener, Permit},
    watch::{self, Activity},
};

mod carry;
mod parked;
mod wire;

use carry::carry;
use parked::Parked;
use wire::Wire;

/// Connections for files: two for each transfer, and some for those who have not said yet who they
/// are.
pub const MOST_CONNECTIONS: usize = 2 * MOST_TRANSFERS + MOST_STRANGERS;

/// Connections that have not said yet who they are, in all and from one address. Anybody can have
/// some, for nothing: with more, one address could keep all the others from their files.
const MOST_STRANGERS: usize = 32;
const MOST_STRANGERS_PER_ADDRESS: usize = 16;

/// How long a connection may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to leave `accept` alone when it fails.
const PAUSE: Duration = Duration::from_millis(100);

/// A thread's stack; the buffers are elsewhere.
const STACK: usize = 256 * 1024;

/// The port for files, and the connections that have come to it.
pub struct Relay {
    listener: Listener,
    limit: Arc<ConnectionLimit>,
    /// The places of those who have not said yet who they are.
    strangers: Arc<ConnectionLimit>,
    parked: Arc<Parked>,
    live: Mutex<Live>,
    closed: Condvar,
}

/// Whom to hang up on when the server stops.
#[derive(Default)]
struct Live {
    is_closed: bool,
    streams: Vec<Weak<TcpStream>>,
}

impl Relay {
    /// Listens for connections; port 0 means any free port.
    ///
    /// # Errors
    /// As [`Listener::bind`].
    pub fn bind(address: SocketAddr, max_per_address: usize) -> io::Result<Self> {
        Ok(Self {
            listener: Listener::bind(address)?,
            limit: ConnectionLimit::new(MOST_CONNECTIONS, max_per_address),
            strangers: ConnectionLimit::new(MOST_STRANGERS, MOST_STRANGERS_PER_ADDRESS),
            parked: Arc::default(),
            live: Mutex::default(),
            closed: Condvar::new(),
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Takes calls until it is closed. As it looks at the clock anyway, it does so for the offers too.
    pub fn run<'scope>(&'scope self, registry: &'scope Registry, threads: &'scope Scope<'scope, '_>) {
        while !self.live.lock().is_closed {
            let patience = registry.end_overdue_offers();
            watch::doing(Activity::Accepting);
            match self.listener.accept_within(patience) {
                Ok(Some((stream, peer))) => self.let_in(registry, threads, stream, peer),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => self.pause_after(&error),
            }
        }
    }

    /// Takes no more calls, and hangs up on everybody.
    pub fn close(&self) {
        let mut live = self.live.lock();
        live.is_closed = true;
        for stream in live.streams.drain(..).filter_map(|stream| stream.upgrade()) {
            hang_up(&stream);
        }
        drop(live);
        self.closed.notify_all();
        self.listener.close(1);
    }

    fn pause_after(&self, error: &io::Error) {
        let mut live = self.live.lock();
        if !live.is_closed {
            tracing::warn!(%error, "cannot accept connections for files");
            self.closed.wait_while_for(&mut live, |live| !live.is_closed, PAUSE);
        }
    }

    fn let_in<'scope>(
        &'scope self,
        registry: &'scope Registry,
        threads: &'scope Scope<'scope, '_>,
        stream: TcpStream,
        peer: SocketAddr,
    ) {
        let (Some(permit), Some(stranger)) = (self.limit.take(peer), self.strangers.take(peer)) else {
            return tracing::info!(%peer, "a connection for files was turned away: full");
        };
        let stream = Arc::new(stream);
        let mut live = self.live.lock();
        if live.is_closed {
            return;
        }
        live.streams.retain(|stream| stream.strong_count() > 0);
        live.streams.push(Arc::downgrade(&stream));
        drop(live);
        let serve = move || self.serve(registry, stream, permit, stranger);
        let thread = thread::Builder::new().name(format!("file {}", peer.port())).stack_size(STACK);
        if let Err(error) = thread.spawn_scoped(threads, serve) {
            tracing::warn!(%peer, %error, "a connection for files was turned away: no thread");
        }
    }

    /// One connection: it waits for the other one, or is the other one.
    fn serve(&self, registry: &Registry, stream: Arc<TcpStream>, permit: Permit, stranger: Permit) {
        let Ok(mut wire) = Wire::new(Arc::clone(&stream), permit) else { return };
        let Some(claim) = introduction(&mut wire).and_then(|token| registry.claim(token)) else { return };
        drop(stranger);
        let met = self.parked.meet(claim, wire);
        let line = HangUp { stream, parked: Arc::clone(&self.parked), offer: claim.offer };
        registry.hold(claim.offer, Box::new(line));
        let Some((sender, receiver)) = met else { return };
        let carrying = AssertUnwindSafe(|| carry(sender, receiver, claim.size));
        let outcome = catch_unwind(carrying).unwrap_or(Err(Fault::Server));
        tracing::info!(offer = claim.offer.0, ?outcome, "a file was carried");
        registry.conclude(claim.offer, outcome);
    }
}

/// Who it is.
fn introduction(wire: &mut Wire) -> Option<Token> {
    match wire.line_within(Instant::now() + PATIENCE) {
        Ok(token) => Some(token),
        Err(error) => {
            if error.kind() == io::ErrorKind::InvalidData {
                let mut words = Vec::new();
                encode(&FileEvent::WrongPort.into(), &mut words);
                let _ = wire.stream().write_all(&words);
            }
            None
        }
    }
}

/// Ends a transfer when the registry drops it.
struct HangUp {
    stream: Arc<TcpStream>,
    parked: Arc<Parked>,
    offer: OfferId,
}

impl Lifeline for HangUp {}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.parked.forget(self.offer);
        hang_up(&self.stream);
    }
}

fn hang_up(stream: &TcpStream) {
    // It fails when the other side has hung up already.
    let _ = stream.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::{io::Read, net::TcpListener};

    use crossbeam_channel::bounded;

    use super::*;
    use crate::{
        clock::Now,
        file::ByteCount,
        record::Restored,
        registry::{
            hashing::Hasher,
            state::{FileLimits, HistoryLimits, Limits, State},
        },
        store::Store,
        watch::Watch,
    };

    fn registry() -> Registry {
        let limits = Limits {
            presence: 200,
            history: HistoryLimits { kept: 0, replayed: 0 },
            rate: None,
            files: FileLimits { largest: ByteCount(0), port: 0 },
        };
        let state = State::new(limits, Restored::default(), Now::read());
        Registry::new(state, bounded(100).0, Store::none(), Hasher::cheap(), Watch::start())
    }

    #[test]
    fn an_address_that_connects_and_says_nothing_does_not_keep_others_from_their_files() {
        let relay = Relay::bind("127.0.0.1:0".parse().unwrap(), 100).unwrap();
        let (registry, doorstep) = (registry(), TcpListener::bind("127.0.0.1:0").unwrap());
        let connected = || {
            let client = TcpStream::connect(doorstep.local_addr().unwrap()).unwrap();
            (client, doorstep.accept().unwrap().0)
        };
        thread::scope(|threads| {
            let silent: Vec<_> = (1..=100)
                .map(|port| {
                    let (client, stream) = connected();
                    relay.let_in(&registry, threads, stream, ([192, 0, 2, 1], port).into());
                    client
                })
                .collect();
            let (mut client, stream) = connected();
            relay.let_in(&registry, threads, stream, ([192, 0, 2, 2], 1).into());
            client.set_read_timeout(Some(PATIENCE / 2)).unwrap();
            // Whoever was turned away cannot even write any more.
            let _ = client.write_all(b"hello\n");
            let mut heard = String::new();
            let _ = client.read_to_string(&mut heard);
            relay.close();
            drop(silent);
            assert!(!heard.is_empty(), "turned away");
        });
    }
}
