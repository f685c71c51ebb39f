//! The doors of a server: where clients and files come in.
//!
//! A door for clients is an [`Entrance`] and its [`Terms`]: another wire needs only its row in [`wire::WIRES`].

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, atomic::AtomicUsize},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;

use super::{
    Config, Error, OnDrop, Stopper,
    acceptor::{Door, MOST_FREE, Serve},
    capacity::Capacity,
    inherited::{Inherited, InheritedDoors},
    key,
    receiver::Receiver,
    serving, start,
};
use crate::{
    bot::Staff,
    certificate::Certificate,
    dialect::text,
    registry::Registry,
    relay::{self, Relay},
    transport::{Address, ConnectionLimit, Entrance, Listener, datagrams::Port},
    watch::Watch,
    web::{self, Guests, House},
    wire::{self, Encryption, Location, Options, Scheme, Terms, Url, Wire},
};

/// Where a web browser finds the server, unless a door for HTTP was asked for.
pub(super) const PAGE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

/// The sockets that listen, and what clients may do at each.
pub(super) struct Doors {
    /// Where clients come in. The first is the one of `--host` and `--port`.
    chat: Vec<ChatDoor>,
    /// The address of the first door.
    pub(super) address: SocketAddr,
    /// `None` when no files can be sent.
    files: Option<(Arc<Listener>, u16)>,
    pub(super) clients: Arc<ConnectionLimit>,
    lines: text::Limits,
    origins: Vec<web::Origin>,
    /// Whether doors for `http` only send to the door for `https`.
    redirects: bool,
    /// What clients that speak TLS are shown.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// The bots that come with the server.
    staff: Staff,
    /// What closes the doors.
    pub(super) stopper: Stopper,
}

struct ChatDoor {
    terms: Terms,
    entrance: Entrance,
}

/// What runs at a door for clients: it accepts connections, or receives datagrams.
enum Porter<'a> {
    Door(Door<'a>),
    Receiver(Receiver<'a>),
}

/// A door as the server names it when it starts.
pub struct Announced<'a> {
    scheme: Scheme,
    address: &'a Address,
}

impl Announced<'_> {
    /// Whether a web browser is served there.
    pub fn is_page(&self) -> bool {
        self.scheme.wire == wire::HTTP
    }

    /// The port, if `https` is spoken there.
    fn https(&self) -> Option<u16> {
        match self.address {
            Address::Net(address) if self.is_page() && self.scheme.is_encrypted => Some(address.port()),
            _ => None,
        }
    }
}

impl fmt::Display for Announced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = &self.scheme;
        match self.address {
            Address::Net(address) => write!(f, "{scheme}://{address}"),
            Address::Unix(path) => write!(f, "{scheme}+unix://{}", path.display()),
        }
    }
}

impl Doors {
    /// Checks that this machine can hold as many clients as were asked for, and listens.
    pub(super) fn open(config: &Config, inherited: Vec<Inherited>) -> Result<Self, Error> {
        let max_clients = Capacity::of_this_machine().clients(config.max_clients)?;
        let max_per_address = config.max_per_address.unwrap_or(usize::MAX);
        let certificate = certificate(config)?;
        let mut inherited = InheritedDoors::open(inherited, config.wire)?;
        let (first, address) = match inherited.take_first(config.wire) {
            Some(first) => first,
            None => open_port(config.wire.wire, &config.host, config.port)?,
        };
        let none = Options::default();
        let terms = |scheme, options: &Options| terms(config, certificate.as_ref(), scheme, options);
        let mut chat = vec![ChatDoor { terms: terms(config.wire, &none)?, entrance: first }];
        let speak_http = |scheme: &Scheme| scheme.wire == wire::HTTP;
        if config.page
            && !config.listen.iter().map(|url| &url.scheme).chain(inherited.schemes()).any(speak_http)
        {
            let terms = terms(Scheme::plain(wire::HTTP), &none)?;
            chat.extend(open_page().map(|entrance| ChatDoor { terms, entrance }));
        }
        for url in &config.listen {
            let terms = terms(url.scheme, &url.options)?;
            chat.push(ChatDoor { terms, entrance: open(url)? });
        }
        for (scheme, entrance) in inherited.rest() {
            chat.push(ChatDoor { terms: terms(scheme, &none)?, entrance });
        }
        let listen_for_files = |port| {
            let address = SocketAddr::new(address.ip(), port);
            let (listener, address) = bind(address)?;
            Ok((Arc::new(listener), address.port()))
        };
        let files = config.transfer_port.map(listen_for_files).transpose()?;
        let files_listener = files.iter().map(|(listener, _)| Entrance::Listener(Arc::clone(listener)));
        let sockets = chat.iter().map(|door| door.entrance.clone()).chain(files_listener).collect();
        let doors = Self {
            chat,
            address,
            files,
            clients: ConnectionLimit::new(max_clients, max_per_address),
            lines: config.rules.lines,
            origins: config.allow_origin.clone(),
            redirects: config.redirect_http,
            certificate,
            staff: staff(config)?,
            stopper: Stopper::new(sockets, 1 + MOST_FREE),
        };
        let port_for_files = doors.port_for_files();
        tracing::debug!(%address, port_for_files, max_clients, "listening");
        Ok(doors)
    }

    /// The port for files that was chosen; `None` when no files can be sent.
    pub(super) fn port_for_files(&self) -> Option<u16> {
        self.files.as_ref().map(|&(_, port)| port)
    }

    /// The doors besides the first, with the ports that were chosen.
    pub(super) fn others(&self) -> impl Iterator<Item = Announced<'_>> {
        self.all().skip(1)
    }

    fn all(&self) -> impl Iterator<Item = Announced<'_>> {
        self.chat
            .iter()
            .map(|door| Announced { scheme: door.terms.scheme(), address: door.entrance.address() })
    }

    fn house<'a>(&'a self, registry: &'a Registry, relay: &'a Relay) -> House<'a> {
        House {
            registry,
            relay,
            started: Instant::now(),
            address: self.address,
            doors: self.all().map(|door| door.to_string()).collect(),
            places: &self.clients,
            lines: self.lines,
            guests: Guests::new(registry, Arc::clone(&self.clients)),
            origins: self.origins.clone(),
            redirect: self.all().filter(|_| self.redirects).find_map(|door| door.https()),
        }
    }

    /// Serves clients until the server is stopped. Then they are told, and all threads have ended.
    pub(super) fn serve(&self, registry: &Registry, watch: &Watch) -> Result<(), Error> {
        let relay = Relay::default();
        let house = self.house(registry, &relay);
        let serve_client = |connection, terms| serving::serve(&house, &connection, terms);
        let serve_file = |connection, _| {
            relay.serve(registry, connection);
            None
        };
        let file_terms = Terms::new(wire::TEXT, self.lines);
        let end_overdue_offers = || Some(registry.end_overdue_offers());
        let clients = self.for_clients(registry, &serve_client, watch);
        let files = self.files.as_ref().map(|(listener, _)| Door {
            listener,
            terms: &file_terms,
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
                registry.wait_for_closing_time(&|| house.guests.sweep());
                self.stopper.stop();
            })?;
            for job in self.staff.jobs(registry, &self.clients, self.lines) {
                let (settled, is_settled) = bounded(0);
                start(threads, "bot", watch, move || attend(|| job(settled)))?;
                // A bot is there before the first client, or is gone: nothing is ever sent.
                let _ = is_settled.recv();
            }
            if let Some(files) = &files {
                start(threads, "files", watch, || files.run(threads))?;
            }
            for porter in &clients[1..] {
                start(threads, porter.name(), watch, || porter.run(threads))?;
            }
            clients[0].run(threads);
            Ok(())
        })
    }

    fn for_clients<'a>(
        &'a self,
        registry: &'a Registry,
        serve: &'a Serve<'a>,
        watch: &'a Watch,
    ) -> Vec<Porter<'a>> {
        let door = |listener: &'a Listener, door: &'a ChatDoor| Door {
            listener,
            terms: &door.terms,
            places: Arc::clone(&self.clients),
            patience: Duration::ZERO,
            most_free: MOST_FREE / self.chat.len(),
            served: "client",
            serve,
            meanwhile: &|| None,
            stopper: &self.stopper,
            watch,
            free: AtomicUsize::new(0),
        };
        let receiver = |port: &'a Arc<Port>, door: &'a ChatDoor| Receiver {
            port,
            terms: &door.terms,
            places: &self.clients,
            registry,
            stopper: &self.stopper,
            watch,
        };
        let porter = |chat: &'a ChatDoor| match &chat.entrance {
            Entrance::Listener(listener) => Porter::Door(door(listener, chat)),
            Entrance::Port(port) => Porter::Receiver(receiver(port, chat)),
        };
        self.chat.iter().map(porter).collect()
    }
}

impl Porter<'_> {
    /// The name of its thread.
    fn name(&self) -> &'static str {
        match self {
            Self::Door(_) => "acceptor",
            Self::Receiver(_) => "receiver",
        }
    }

    fn run<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>) {
        match self {
            Self::Door(door) => door.run(threads),
            Self::Receiver(receiver) => receiver.run(threads),
        }
    }
}

/// The bots that are asked for.
pub(super) fn staff(config: &Config) -> Result<Staff, Error> {
    let questions = config.questions.as_deref();
    let staff = Staff::new(config.bots.clone(), questions);
    staff.map_err(|why| Error::Questions(questions.unwrap_or(Path::new("")).to_owned(), why))
}

/// Runs a bot. A panic ends only this one.
fn attend(job: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(job)).is_err() {
        tracing::error!("the thread of a bot has panicked");
    }
}

/// What is shown to clients that speak TLS.
pub(super) fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, Error> {
    let certificate = config.certificate.clone().map(Certificate::read).transpose();
    Ok(certificate.map_err(Error::Certificate)?.map(Arc::new))
}

/// What holds for the clients of a door.
pub(super) fn terms(
    config: &Config,
    certificate: Option<&Arc<Certificate>>,
    scheme: Scheme,
    options: &Options,
) -> Result<Terms, Error> {
    let Scheme { wire, is_encrypted } = scheme;
    let terms = Terms::new(wire, config.rules.lines);
    Ok(Terms {
        silence: options.idle.or(config.idle),
        rate: options.rate.unwrap_or(terms.rate),
        key: key::of_door(wire, options)?,
        encryption: match certificate.cloned() {
            Some(certificate) if is_encrypted => Encryption::Required(certificate),
            Some(certificate) if wire == wire::ANY => Encryption::Possible(certificate),
            None if is_encrypted => return Err(Error::NoCertificate(scheme)),
            _ => Encryption::Without,
        },
        ..terms
    })
}

/// Opens the door for web browsers. The chat runs without it, too.
fn open_page() -> Option<Entrance> {
    let listening = bind(PAGE);
    let warn = |error: &Error| {
        tracing::warn!(
            "no chat page: {error}. Choose another port with --listen http://127.0.0.1:PORT, or leave the page out \
             with --no-http"
        );
    };
    let (listener, _) = listening.inspect_err(warn).ok()?;
    Some(Entrance::Listener(Arc::new(listener)))
}

fn open(url: &Url) -> Result<Entrance, Error> {
    match &url.location {
        Location::Tcp { host, port } => open_port(url.scheme.wire, host, *port).map(|(entrance, _)| entrance),
        Location::Unix(socket) => {
            let listener = Listener::bind_unix(socket);
            let listener = listener.map_err(|source| Error::Socket(socket.path.clone(), source))?;
            Ok(Entrance::Listener(Arc::new(listener)))
        }
    }
}

/// Opens a port on the first address of the host that is free.
fn open_port(wire: &Wire, host: &str, port: u16) -> Result<(Entrance, SocketAddr), Error> {
    let bind = |address| {
        if wire.has_datagrams() {
            let port = Port::bind(address).map_err(|source| Error::Bind(address, source));
            port.map(|(port, address)| (Entrance::Port(Arc::new(port)), address))
        } else {
            bind(address).map(|(listener, address)| (Entrance::Listener(Arc::new(listener)), address))
        }
    };
    let unknown = |source| Error::Address(host.to_owned(), source);
    let mut failure = unknown(io::ErrorKind::NotFound.into());
    for address in (host, port).to_socket_addrs().map_err(unknown)? {
        match bind(address) {
            Err(error) => failure = error,
            bound => return bound,
        }
    }
    Err(failure)
}

/// Listens on an address, and tells it with the port that was chosen.
fn bind(address: SocketAddr) -> Result<(Listener, SocketAddr), Error> {
    Listener::bind(address).map_err(|source| Error::Bind(address, source))
}
