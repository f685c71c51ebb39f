//! Listening, starting everything, and stopping.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle, Scope},
    time::Duration,
};

use crate::{
    broadcaster::{self, Broadcaster},
    clock::Now,
    dialect::text,
    fact::Noting,
    log::{self, Log},
    password::Password,
    record::Restored,
    registry::{
        Registry,
        hashing::Hasher,
        state::{self, State},
    },
    relay::Relay,
    store::{Database, Store, Writer},
    transport::{ConnectionLimit, Listener},
    watch::Watch,
};

mod acceptor;
mod capacity;
mod error;
mod stop;

pub use capacity::Capacity;
pub use error::Error;
pub use stop::Stopper;

use acceptor::Acceptor;

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
    /// The file that outlives the server; `None` if nothing is to.
    pub data: Option<PathBuf>,
    /// What makes an administrator; `None` if there is to be none.
    pub administrator: Option<Password>,
    /// What is logged; `None` if nothing is.
    pub log: Option<log::Config>,
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
    store: Store,
    writer: Option<Writer>,
    watch: Watch,
    log: Option<Log>,
    relay: Relay,
}

impl Server {
    /// Checks that this machine can hold what was asked for, and listens.
    ///
    /// # Errors
    /// When the machine cannot hold so many clients, or the address, the data file or the log cannot be
    /// had.
    pub fn bind(config: &Config) -> Result<Self, Error> {
        let max_clients = Capacity::of_this_machine().clients(config.max_clients)?;
        let listener = listen(config)?;
        let relay = bind_relay(listener.address().ip(), config)?;
        let mut rules = config.rules;
        rules.files.port = relay.address().port();
        let (restored, store, writer) = open(config)?;
        let hasher = Hasher::new();
        let administrator = config.administrator.as_ref().and_then(|password| hasher.hash(password));
        let state = State::new(rules, restored, Now::read()).with_administrator(administrator);
        let watch = Watch::start();
        let limits = broadcaster::Limits { outbox: config.outbox_limit, grace: config.grace };
        let (posts, broadcaster) = broadcaster::channel(limits, watch.clone());
        let registry = Registry::new(state, posts, store.clone(), hasher, watch.clone());
        let (registry, log) = logged(registry, config.log.as_ref())?;
        Ok(Self {
            stopper: Stopper::new(listener),
            limit: ConnectionLimit::new(max_clients, config.max_per_address.unwrap_or(usize::MAX)),
            lines: text::Limits {
                line: config.max_line_length,
                text: config.max_message_length.unwrap_or(usize::MAX),
            },
            registry,
            store,
            writer,
            log,
            broadcaster,
            watch,
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
    /// delivered or its time is over, and every thread has ended.
    ///
    /// # Errors
    /// When a thread of the server's own cannot be started, or the broadcaster's has failed.
    pub fn run(self) -> Result<(), Error> {
        let Self { stopper, limit, lines, registry, broadcaster, relay, store, writer, log, watch } = self;
        let _listed = watch.enter("acceptor");
        let stops = StopOnDrop(stopper.clone());
        let broadcasting = start("broadcaster", &watch, move || {
            let _stops = stops;
            broadcaster.run();
        })?;
        let logging = log.map(|log| start("log", &watch, move || log.run())).transpose()?;
        let acceptor = Acceptor::new(&stopper, limit, lines, &registry, &watch);
        thread::scope(|scope| {
            if let Some(writer) = writer {
                start_in(scope, "store", &watch, || writer.run(&registry))?;
            }
            // Nobody can decide anything any more then: what is kept last is all.
            let _finishes = FinishOnDrop(&store);
            thread::scope(|sessions| {
                // However accepting ends, the others are told, or the scope would wait for ever.
                let _stops = StopOthers { registry: &registry, relay: &relay };
                start_in(sessions, "closing time", &watch, || {
                    registry.wait_for_closing_time();
                    stopper.stop();
                })?;
                start_in(sessions, "files", &watch, || relay.run(&registry, sessions))?;
                acceptor.run(sessions);
                Ok(())
            })
        })?;
        // The last senders go with the registry: the broadcaster delivers what is left, the log is
        // written to its end, and both end.
        drop(registry);
        let is_delivered = broadcasting.join().is_ok();
        if logging.is_some_and(|logging| logging.join().is_err()) {
            tracing::error!("the log has failed; this is a bug");
        }
        if is_delivered { Ok(()) } else { Err(Error::Broadcaster) }
    }
}

/// Starts a thread of the server's own, which is listed under its name as long as it runs.
fn start(
    name: &'static str,
    watch: &Watch,
    job: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let watch = watch.clone();
    let listed = move || {
        let _listed = watch.enter(name);
        job();
    };
    thread::Builder::new().name(name.into()).spawn(listed).map_err(Error::Spawn)
}

/// The same, of a thread that ends with its scope.
fn start_in<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &'static str,
    watch: &'scope Watch,
    job: impl FnOnce() + Send + 'scope,
) -> Result<(), Error> {
    let listed = move || {
        let _listed = watch.enter(name);
        job();
    };
    thread::Builder::new().name(name.into()).spawn_scoped(scope, listed).map(drop).map_err(Error::Spawn)
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

/// What was saved, and the writer that saves from now on.
fn open(config: &Config) -> Result<(Restored, Store, Option<Writer>), Error> {
    let Some(path) = &config.data else { return Ok((Restored::default(), Store::none(), None)) };
    let database = Database::open(path).map_err(Error::Data)?;
    let restored = database.restore(config.rules.history.kept).map_err(Error::Data)?;
    let (store, writer) = Writer::new(database);
    Ok((restored, store, Some(writer)))
}

/// The same chat, and whoever writes down what happens in it.
fn logged(registry: Registry, config: Option<&log::Config>) -> Result<(Registry, Option<Log>), Error> {
    let Some(config) = config else { return Ok((registry, None)) };
    let (logger, log) = log::open(config).map_err(Error::Log)?;
    Ok((registry.logged(logger, Noting { whispers: config.whispers }), Some(log)))
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

/// The writer waits for orders until it is told that there will be none.
struct FinishOnDrop<'a>(&'a Store);

impl Drop for FinishOnDrop<'_> {
    fn drop(&mut self) {
        self.0.finish();
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
