//! Listening, starting everything, and stopping.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use crate::{
    bot::Hired,
    broadcaster::{self, Broadcaster},
    certificate,
    clock::{self, Now},
    fact::Noting,
    log::{self, Log},
    password::Password,
    record::Restored,
    registry::{
        Registry,
        hashing::Hasher,
        state::{self, State},
    },
    store::{Database, Store, Writer},
    watch::Watch,
    web::Origin,
    wire::{Scheme, Url},
};

mod acceptor;
mod adjusting;
mod capacity;
mod choosing;
mod doors;
mod error;
mod inherited;
mod key;
mod receiver;
mod serving;
mod stop;
mod supervisor;

pub use adjusting::Adjustable;
pub use error::Error;
pub use inherited::Inherited;
pub use stop::Stopper;
pub use supervisor::Supervisor;

pub use doors::Announced;
use doors::Doors;

/// What a server is started with. Where a limit is `None`, there is none.
#[derive(Clone, Debug)]
pub struct Config {
    /// Host name or address to listen on.
    pub host: String,
    /// TCP port; 0 means any free one.
    pub port: u16,
    /// What is spoken there.
    pub wire: Scheme,
    /// Other doors to open.
    pub listen: Vec<Url>,
    /// Whether there is a chat page on port 8080 of this machine if `listen` has no door for it.
    pub page: bool,
    /// Whether the doors for `http` only send to the door for `https`.
    pub redirect_http: bool,
    /// The web sites, beside the server's own, whose pages may speak for their visitors.
    pub allow_origin: Vec<Origin>,
    /// The certificate that clients are shown where they speak TLS.
    pub certificate: Option<certificate::Files>,
    /// How long a client may send nothing, on wires where that has a limit; `None` means as their rows say.
    pub idle: Option<Duration>,
    /// Most clients at a time; `None` means as many as this machine holds.
    pub max_clients: Option<usize>,
    /// Most clients at a time from one address that is not a loopback address.
    pub max_per_address: Option<usize>,
    /// Bytes that may wait for one client whose socket is full.
    pub outbox_limit: usize,
    /// TCP port for files; 0 means any free one, `None` means that no files can be sent.
    pub transfer_port: Option<u16>,
    /// What the chat's rules are set to. The server fills in the port for files that was chosen.
    pub rules: state::Limits,
    /// The data file; `None` if nothing outlives the server.
    pub data: Option<PathBuf>,
    /// The password that makes an administrator; `None` if there is none.
    pub administrator: Option<Password>,
    /// What is logged; `None` if nothing is.
    pub log: Option<log::Config>,
    /// The bots that talk in the chat.
    pub bots: Vec<Hired>,
    /// The file with their questions; `None` means those that come with the server.
    pub questions: Option<PathBuf>,
    /// How long a stop may take to deliver what is queued.
    pub grace: Duration,
}

/// A server that is listening but not yet accepting.
pub struct Server {
    doors: Doors,
    registry: Arc<Registry>,
    broadcaster: Broadcaster,
    store: Store,
    writer: Option<Writer>,
    watch: Watch,
    log: Option<Log>,
}

impl Server {
    /// Checks that this machine can hold what was asked for, and listens. A service manager may have opened some of the
    /// sockets.
    ///
    /// # Errors
    /// When it cannot, or the address, the data file or the log cannot be used.
    pub fn bind(config: &Config, inherited: Vec<Inherited>) -> Result<Self, Error> {
        // The broadcaster shows times, and must not read a file for its first one.
        clock::zone();
        let doors = Doors::open(config, inherited)?;
        let mut rules = config.rules;
        rules.files.port = doors.port_for_files();
        let (restored, store, writer) = open(config)?;
        let hasher = Hasher::default();
        let administrator = config.administrator.as_ref().and_then(|password| hasher.hash(password));
        let state = State::new(rules, restored, Now::read()).with_administrator(administrator);
        let state = if config.data.is_some() { state } else { state.without_store() };
        let watch = Watch::start();
        let (posts, broadcaster) =
            broadcaster::channel(config.outboxes(), state.newest_line(), watch.clone());
        let registry = Registry::new(state, posts, store.clone(), hasher, watch.clone());
        let (registry, log) = logged(registry, config.log.as_ref())?;
        let registry = Arc::new(registry);
        Ok(Self { doors, registry, broadcaster, store, writer, watch, log })
    }

    /// The address it listens on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.doors.address
    }

    /// The other doors that are open, with the ports that were chosen.
    pub fn doors(&self) -> impl Iterator<Item = Announced<'_>> {
        self.doors.others()
    }

    /// What changes this server while it runs, from any thread.
    pub fn adjustable(&self) -> Adjustable {
        Adjustable {
            registry: Arc::downgrade(&self.registry),
            clients: Arc::clone(&self.doors.clients),
            log: self.log.as_ref().map(Log::changes),
            certificate: self.doors.certificate.clone(),
        }
    }

    /// What stops this server, from any thread.
    pub fn stopper(&self) -> Stopper {
        self.doors.stopper.clone()
    }

    /// Serves clients until it is stopped. Then every client has been told, what was queued is
    /// delivered or its time is over, and every thread has ended. The supervisor, if there is one, is told.
    ///
    /// # Errors
    /// When a thread of the server's own cannot be started, or the broadcaster's has failed. In the
    /// first case, too, it returns only after what was queued is delivered.
    pub fn run(self, supervisor: Option<&Supervisor>) -> Result<(), Error> {
        let Self { doors, registry, broadcaster, store, writer, log, watch } = self;
        let (doors, watch) = (&doors, &watch);
        let _listed = watch.enter("acceptor");
        thread::scope(move |outer| {
            // A server without its broadcaster would be silent for ever; it stops instead.
            let stops = OnDrop(|| {
                doors.stopper.stop();
            });
            let broadcasting = start(outer, "broadcaster", watch, move || {
                let _stops = stops;
                broadcaster.run();
            })?;
            let logging = log.map(|log| start(outer, "log", watch, move || log.run())).transpose()?;
            thread::scope(|inner| {
                if let Some(writer) = writer {
                    start(inner, "store", watch, || writer.run(&*registry))?;
                }
                // No thread can decide anything after this, so what is saved last is complete. Without
                // this the writer, and so this scope, would wait for ever.
                let _finishes = OnDrop(|| {
                    doors.stopper.stop();
                    store.finish();
                });
                if let Some(supervisor) = supervisor {
                    let inform = || supervisor.keep_informed(&registry, &doors.stopper);
                    start(inner, "supervisor", watch, inform)?;
                }
                doors.serve(&registry, watch)
            })?;
            // The last senders go with the registry: the broadcaster delivers what is left, the log is
            // written to its end, and both end.
            drop(registry);
            let is_delivered = broadcasting.join().is_ok();
            if logging.is_some_and(|logging| logging.join().is_err()) {
                tracing::error!("the log has failed; this is a bug");
            }
            tracing::info!("stopped");
            if is_delivered { Ok(()) } else { Err(Error::Broadcaster) }
        })
    }
}

/// Starts a thread of the server's own, which is listed under its name as long as it runs.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &'static str,
    watch: &'scope Watch,
    job: impl FnOnce() + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, ()>, Error> {
    let listed = move || {
        let _listed = watch.enter(name);
        job();
    };
    thread::Builder::new().name(name.into()).spawn_scoped(scope, listed).map_err(Error::Spawn)
}

/// Does this however the thread that holds it ends, even by a panic.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}

/// What the data file holds, and what keeps it up to date.
fn open(config: &Config) -> Result<(Restored, Store, Option<Writer>), Error> {
    let Some(path) = &config.data else { return Ok((Restored::default(), Store::none(), None)) };
    let database = Database::open(path).map_err(Error::Data)?;
    let restored = database.restore(config.rules.history.remembered).map_err(Error::Data)?;
    let (store, writer) = Writer::new(database);
    Ok((restored, store, Some(writer)))
}

/// The same chat, and the log of what happens in it.
fn logged(registry: Registry, config: Option<&log::Config>) -> Result<(Registry, Option<Log>), Error> {
    let Some(config) = config else { return Ok((registry, None)) };
    let (logger, log) = log::open(config).map_err(Error::Log)?;
    Ok((registry.logged(logger, Noting { whispers: config.whispers }), Some(log)))
}
