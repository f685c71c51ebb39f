//! Listening, accepting and stopping.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, Scope},
    time::Duration,
};

use crate::{
    broadcaster::{self, Broadcaster},
    clock::Now,
    dialect::text,
    event::Event,
    registry::{
        Registry,
        state::{self, Restored, State},
    },
    relay::Relay,
    session,
    store::Saver,
    transport::{self, Connection, ConnectionLimit, Listener},
};

mod capacity;
mod error;
mod stop;

pub use capacity::Capacity;
pub use error::Error;
pub use stop::Stopper;

/// What a server is started with. Where a limit is `None`, there is none.
#[derive(Clone, Debug)]
pub struct Config {
    /// Host name or address to listen on.
    pub host: String,
    /// TCP port; 0 means any free one.
    pub port: u16,
    /// Most clients at a time; `None` means as many as this machine holds.
    pub max_clients: Option<usize>,
    /// Most clients at a time from one address that is not a loopback address.
    pub max_per_address: Option<usize>,
    /// Longest text of a message, in bytes.
    pub max_message_length: Option<usize>,
    /// Longest line on the wire, in bytes without its end.
    pub max_line_length: usize,
    /// Bytes that may wait for one client whose socket is full.
    pub outbox_limit: usize,
    /// What the chat's rules are set to.
    pub rules: state::Limits,
    /// How long a stop may take to deliver what is queued.
    pub grace: Duration,
}

/// A server that is listening, but not yet accepting.
pub struct Server {
    stopper: Stopper,
    limit: Arc<ConnectionLimit>,
    lines: text::Limits,
    registry: Registry,
    broadcaster: Broadcaster,
    relay: Relay,
}

/// A session's stack. Only what is used of it takes memory; this is what printing a panic with its
/// backtrace needs.
const SESSION_STACK: usize = 256 * 1024;

impl Server {
    /// Checks that this machine can hold what was asked for, and listens.
    ///
    /// # Errors
    /// When the machine cannot hold so many clients, or the address cannot be had.
    pub fn bind(config: &Config) -> Result<Self, Error> {
        let max_clients = Capacity::of_this_machine().clients(config.max_clients)?;
        let listener = listen(config)?;
        let relay = bind_relay(listener.address().ip(), config)?;
        let mut rules = config.rules;
        rules.files.port = relay.address().port();
        let (posts, broadcaster) =
            broadcaster::channel(broadcaster::Limits { outbox: config.outbox_limit, grace: config.grace });
        Ok(Self {
            stopper: Stopper::new(listener),
            limit: ConnectionLimit::new(max_clients, config.max_per_address.unwrap_or(usize::MAX)),
            lines: text::Limits {
                line: config.max_line_length,
                text: config.max_message_length.unwrap_or(usize::MAX),
            },
            registry: Registry::new(
                State::new(rules, Restored::default(), Now::read()),
                posts,
                Saver::none(),
            ),
            broadcaster,
            relay,
        })
    }

    /// The address it listens on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.stopper.listener().address()
    }

    /// What stops this server, from any thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves clients until it is stopped; then everybody has been told, what was queued is
    /// delivered or its time is over, and the threads of the clients and the broadcaster have ended.
    ///
    /// # Errors
    /// When the broadcaster's thread cannot be started, or has failed.
    pub fn run(self) -> Result<(), Error> {
        let Self { stopper, limit, lines, registry, broadcaster, relay } = self;
        let stops = StopOnDrop(stopper.clone());
        let broadcasting = thread::Builder::new()
            .name("broadcaster".into())
            .spawn(move || {
                let _stops = stops;
                broadcaster.run();
            })
            .map_err(Error::Spawn)?;
        let acceptor = Acceptor { stopper: &stopper, limit: &limit, lines, registry: &registry };
        let result = thread::scope(|threads| {
            // However accepting ends, the others are told, or the scope would wait for ever.
            let _stops = StopOthers { registry: &registry, relay: &relay };
            let files = || relay.run(&registry, threads);
            thread::Builder::new().name("files".into()).spawn_scoped(threads, files).map_err(Error::Spawn)?;
            acceptor.accept(threads);
            Ok(())
        });
        // The last sender goes with the registry: the broadcaster delivers what is left, and ends.
        drop(registry);
        broadcasting.join().map_err(|_| Error::Broadcaster).and(result)
    }
}

/// Listens on the first address of the host that can be had.
fn listen(config: &Config) -> Result<Listener, Error> {
    let unknown = |source| Error::Address { host: config.host.clone(), source };
    let mut failure = unknown(io::ErrorKind::NotFound.into());
    for address in (config.host.as_str(), config.port).to_socket_addrs().map_err(unknown)? {
        match Listener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(source) => failure = Error::Bind { address, source },
        }
    }
    Err(failure)
}

fn bind_relay(ip: IpAddr, config: &Config) -> Result<Relay, Error> {
    let address = SocketAddr::new(ip, config.rules.files.port);
    let per_address = config.max_per_address.unwrap_or(usize::MAX);
    Relay::bind(address, per_address).map_err(|source| Error::Bind { address, source })
}

/// A server without its broadcaster would be silent for ever; it stops instead.
struct StopOnDrop(Stopper);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

struct StopOthers<'a> {
    registry: &'a Registry,
    relay: &'a Relay,
}

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        self.registry.stop();
        self.relay.close();
    }
}

/// Where clients come in.
struct Acceptor<'a> {
    stopper: &'a Stopper,
    limit: &'a Arc<ConnectionLimit>,
    lines: text::Limits,
    registry: &'a Registry,
}

impl<'a> Acceptor<'a> {
    /// How long to leave `accept` alone when it fails, at first and at most. Out of file
    /// descriptors, it fails at once, for as long as it takes somebody to leave.
    const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);

    /// Starts a session for each client, until the server is stopped.
    fn accept<'scope>(&'a self, sessions: &'scope Scope<'scope, 'a>) {
        let mut pause = Self::SHORTEST_PAUSE;
        while !self.stopper.is_stopping() {
            match self.stopper.listener().accept() {
                Ok((stream, peer)) => {
                    pause = Self::SHORTEST_PAUSE;
                    self.let_in(sessions, stream, peer);
                }
                // The client has changed its mind before we came to it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) if self.stopper.is_stopping() => {}
                Err(error) => {
                    tracing::warn!(%error, ?pause, "cannot accept clients");
                    self.stopper.wait(pause);
                    pause = Self::LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    fn let_in<'scope>(&'a self, sessions: &'scope Scope<'scope, 'a>, stream: TcpStream, peer: SocketAddr) {
        let Some(permit) = self.limit.take(peer) else {
            tracing::info!(%peer, "turned away: full");
            return transport::refuse(&stream, &full());
        };
        // An error here means that the client is gone already.
        let Ok(connection) = Connection::new(stream, peer, permit) else { return };
        let theirs = Arc::clone(&connection);
        let session =
            thread::Builder::new().name(format!("client {}", peer.port())).stack_size(SESSION_STACK);
        if let Err(error) = session.spawn_scoped(sessions, move || self.serve(theirs)) {
            tracing::warn!(%peer, %error, "turned away: no thread");
            connection.refuse(&full());
        }
    }

    /// One session, and the end of its panic, should it have one.
    fn serve(&self, connection: Arc<Connection>) {
        let Ok((reader, writer)) = connection.split() else { return };
        let session = || session::run(self.registry, reader, writer, self.lines);
        if catch_unwind(AssertUnwindSafe(session)).is_err() {
            tracing::error!("a session has panicked; its client was removed");
        }
    }
}

fn full() -> Vec<u8> {
    let mut line = Vec::new();
    text::encode(&Event::Full, &mut line);
    line
}
