//! The doors of a server: where clients and files come in.
//!
//! Another door, for another protocol, is one more [`Listener`] with its limits and a serving function.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, atomic::AtomicUsize},
    thread,
    time::Duration,
};

use super::{
    Config, Error, OnDrop, Stopper,
    acceptor::{Door, MOST_FREE},
    capacity::Capacity,
    start,
};
use crate::{
    command::Mistake,
    dialect::text,
    event::Event,
    registry::Registry,
    relay::{self, Relay},
    session,
    transport::{self, Connection, ConnectionLimit, Listener},
    watch::{self, Activity, Watch},
};

/// How long a web browser may take to close its side.
const CLOSING: Duration = Duration::from_secs(1);

/// The sockets that listen, and what clients may do at each.
pub(super) struct Doors {
    pub(super) chat: Arc<Listener>,
    /// `None` when no files can be sent.
    files: Option<Arc<Listener>>,
    clients: Arc<ConnectionLimit>,
    lines: text::Limits,
    /// What closes the doors.
    pub(super) stopper: Stopper,
}

impl Doors {
    /// Checks that this machine can hold as many clients as were asked for, and listens.
    pub(super) fn open(config: &Config) -> Result<Self, Error> {
        let max_clients = Capacity::of_this_machine().clients(config.max_clients)?;
        let max_per_address = config.max_per_address.unwrap_or(usize::MAX);
        let chat = Arc::new(listen(config)?);
        let listen_for_files = |port| {
            let address = SocketAddr::new(chat.address().ip(), port);
            Listener::bind(address).map(Arc::new).map_err(|source| Error::Bind(address, source))
        };
        let files = config.transfer_port.map(listen_for_files).transpose()?;
        let sockets = [&chat].into_iter().chain(&files).cloned().collect();
        let doors = Self {
            chat,
            files,
            clients: ConnectionLimit::new(max_clients, max_per_address),
            lines: config.rules.lines,
            stopper: Stopper::new(sockets, 1 + MOST_FREE),
        };
        let port_for_files = doors.port_for_files();
        tracing::debug!(address = %doors.chat.address(), port_for_files, max_clients, "listening");
        Ok(doors)
    }

    /// The port for files that was chosen; `None` when no files can be sent.
    pub(super) fn port_for_files(&self) -> Option<u16> {
        self.files.as_ref().map(|files| files.address().port())
    }

    /// Serves clients until the server is stopped. Then they are told, and all threads have ended.
    pub(super) fn serve(&self, registry: &Registry, watch: &Watch) -> Result<(), Error> {
        let relay = Relay::default();
        let serve_client = |connection: Arc<Connection>| {
            if is_web_browser(&connection) {
                return refuse_web_browser(&connection);
            }
            let Ok(writer) = connection.writer() else { return };
            session::run(registry, &connection, writer, self.lines);
        };
        let serve_file = |connection| relay.serve(registry, connection);
        let end_overdue_offers = || Some(registry.end_overdue_offers());
        let clients = Door {
            listener: &self.chat,
            places: Arc::clone(&self.clients),
            patience: Duration::ZERO,
            most_free: MOST_FREE,
            served: "client",
            serve: &serve_client,
            meanwhile: &|| None,
            stopper: &self.stopper,
            watch,
            free: AtomicUsize::new(0),
        };
        let files = self.files.as_ref().map(|listener| Door {
            listener,
            places: ConnectionLimit::new(relay::MOST_CONNECTIONS, usize::MAX),
            patience: relay::PATIENCE,
            most_free: 0,
            served: "file",
            serve: &serve_file,
            meanwhile: &end_overdue_offers,
            stopper: &self.stopper,
            watch,
            free: AtomicUsize::new(0),
        });
        thread::scope(|threads| {
            // However accepting ends, the others are told, or the scope would wait for ever.
            let _stops = OnDrop(|| {
                registry.stop();
                relay.close();
            });
            start(threads, "closing time", watch, || {
                registry.wait_for_closing_time();
                self.stopper.stop();
            })?;
            if let Some(files) = &files {
                start(threads, "files", watch, || files.run(threads))?;
            }
            clients.run(threads);
            Ok(())
        })
    }
}

/// Whether a client that has just come has sent an HTTP request already. A request that comes later is
/// found by the decoder. Never inlined: an idle client would keep the stack that looking needs.
#[inline(never)]
fn is_web_browser(connection: &Connection) -> bool {
    let mut first = [0; text::FIRST_BYTES];
    connection.peek(&mut first).is_ok_and(|length| text::is_web_browser(&first[..length]))
}

#[inline(never)]
fn refuse_web_browser(connection: &Connection) {
    tracing::info!(peer = %connection.peer(), "refused: speaks HTTP");
    transport::refuse(connection.stream(), &text::line(&Event::Mistaken(Mistake::HttpRequest)));
    watch::doing(Activity::Closing);
    connection.drain(CLOSING);
}

/// Listens on the first address of the host that can be had.
fn listen(config: &Config) -> Result<Listener, Error> {
    let unknown = |source| Error::Address(config.host.clone(), source);
    let mut failure = unknown(io::ErrorKind::NotFound.into());
    for address in (config.host.as_str(), config.port).to_socket_addrs().map_err(unknown)? {
        match Listener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(source) => failure = Error::Bind(address, source),
        }
    }
    Err(failure)
}
