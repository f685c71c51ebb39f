//! What carries files: one thread for each file on its way.
//!
//! A file must not make the chat wait. So it travels on two connections of its own, the sender's and the
//! receiver's, and a thread copies from one to the other. Its memory is one buffer for each side: when the receiver
//! takes nothing more, the thread stops reading, and in the end the sender's socket is full.
//!
//! Each side comes in one of two ways. `chat_client` comes to a port for files, because the chat's server speaks before
//! a client says what it wants. A browser sends a request to a door for HTTP.
//!
//! The registry decides who may come: each side shows a [`crate::file::Token`]. The first side of a pair is parked; the
//! thread of the second one carries. When an offer is over, the registry drops its lifelines, which closes both.

use std::{
    collections::HashMap,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use parking_lot::Mutex;

use crate::{
    dialect::text,
    event::{Event, transfers::FileEvent},
    file::{Fault, Label, OfferId, Side},
    http::{self, Response},
    registry::{
        Registry,
        state::{Claim, Lifeline, MOST_TRANSFERS},
    },
    transport::{self, Connection, Incoming, Stream},
    watch::{self, Activity},
};

mod carry;
mod doorstep;
mod download;
mod reply;
mod upload;
mod wire;

use carry::{Receiving, Sending, carry};
use doorstep::{Doorstep, MOST_WITHOUT_TOKEN, Place};
use download::Download;
use reply::Reply;
use upload::Upload;
use wire::Wire;

/// Two connections for each transfer, those without a token yet, and some whose threads are ending.
pub const MOST_CONNECTIONS: usize = 2 * MOST_TRANSFERS + MOST_WITHOUT_TOKEN + 16;

/// How long a connection may wait for a place. The rules bound the transfers and the doorstep bounds
/// the others, so a place is missing only for as long as a thread takes to end.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The connections for files.
#[derive(Default)]
pub struct Relay {
    doorstep: Doorstep,
    /// The first sides of their pairs. The second one or the end of the offer takes them out.
    parked: Arc<Mutex<HashMap<OfferId, Party>>>,
}

/// One side of a transfer.
enum Party {
    Sender(Box<dyn Sending>),
    Receiver(Box<dyn Receiving>),
}

impl Relay {
    /// Serves a connection to the port for files: it waits for the other side of its pair, or carries the file.
    pub fn serve(&self, registry: &Registry, connection: Arc<Connection>) {
        if let Some(why) = registry.refusal_at_door(connection.peer()) {
            tracing::info!(peer = %connection.peer(), %why, "refused");
            return transport::refuse(connection.socket(), &text::line(&why));
        }
        let Some(claim) = self.introduction(registry, &connection) else { return };
        let Ok(wire) = Wire::new(Arc::clone(&connection)) else { return };
        let party = match claim.side {
            Side::Sender => Party::Sender(Box::new(wire)),
            Side::Receiver => Party::Receiver(Box::new(wire)),
        };
        self.take_part(registry, &claim, party, &Arc::default(), Goodbye::Close(connection));
    }

    /// Lets the client of a request take part, which sends the file in the body or has it in the response. Returns when
    /// it was answered, with these headers beside others.
    pub fn answer(
        &self,
        registry: &Registry,
        claim: &Claim,
        stream: &dyn Stream,
        body: Option<http::Upload>,
        headers: Vec<(&'static str, String)>,
    ) {
        let is_over = Arc::default();
        let reply = Reply::new(stream.share(), headers, claim.side, &is_over);
        let party = match body {
            Some(body) => Party::Sender(Box::new(Upload::new(&reply, body))),
            None => Party::Receiver(Box::new(Download::new(&reply, claim.label.clone()))),
        };
        let (done, is_done) = bounded(0);
        self.take_part(registry, claim, party, &is_over, Goodbye::Answer(reply, done));
        watch::doing(Activity::Idle);
        // Nothing is ever sent: the other end is dropped when the client was answered.
        let _ = is_done.recv();
    }

    /// Lets a side take part: it waits for the other one, or carries the file.
    fn take_part(
        &self,
        registry: &Registry,
        claim: &Claim,
        party: Party,
        is_over: &Arc<AtomicBool>,
        goodbye: Goodbye,
    ) {
        let (id, parked) = (claim.offer, Arc::clone(&self.parked));
        let lifeline = HangUp { is_over: Arc::clone(is_over), parked, offer: id, told: None, goodbye };
        registry.hold(id, claim.side, Box::new(lifeline));
        let Some((mut sender, mut receiver)) = self.meet(id, party, is_over) else { return };
        watch::doing(Activity::Sending);
        let carrying = AssertUnwindSafe(|| carry(&mut *sender, &mut *receiver, claim.label.size));
        let outcome = catch_unwind(carrying).unwrap_or(Err(Fault::Server));
        tracing::info!(offer = id.0, ?outcome, "a file was carried");
        registry.conclude(id, outcome);
    }

    /// The sender and the receiver, if both are there.
    fn meet(
        &self,
        offer: OfferId,
        party: Party,
        is_over: &AtomicBool,
    ) -> Option<(Box<dyn Sending>, Box<dyn Receiving>)> {
        let mut parked = self.parked.lock();
        // An offer that has ended meanwhile takes no one out any more.
        if is_over.load(Ordering::Relaxed) {
            return None;
        }
        match (parked.remove(&offer), party) {
            (Some(Party::Receiver(receiver)), Party::Sender(sender))
            | (Some(Party::Sender(sender)), Party::Receiver(receiver)) => Some((sender, receiver)),
            (_, party) => {
                parked.insert(offer, party);
                None
            }
        }
    }

    /// Lets no more connections in, and closes those without a token. The registry closes the others.
    pub fn close(&self) {
        self.doorstep.close();
    }

    /// What the token allows. A connection that must be waited for needs a place on the doorstep.
    fn introduction(&self, registry: &Registry, connection: &Arc<Connection>) -> Option<Claim> {
        let needs_place = !doorstep::has_line(connection);
        let place = if needs_place { Some(self.doorstep.enter(connection)?) } else { None };
        watch::doing(Activity::Reading);
        match doorstep::token(connection.socket()) {
            // A token is good once: it is not wasted on a connection that was closed meanwhile.
            Ok(token) => place.is_none_or(Place::leave).then(|| registry.claim(token)).flatten(),
            Err(error) => {
                if error.kind() == std::io::ErrorKind::InvalidData {
                    transport::refuse(connection.socket(), &text::line(&FileEvent::WrongPort.into()));
                }
                None
            }
        }
    }
}

/// What a request for a file is answered before the file.
pub fn head(label: &Label) -> Response {
    download::head(label)
}

/// Ends one side of a transfer when the registry drops it.
struct HangUp {
    /// Whether the offer has ended.
    is_over: Arc<AtomicBool>,
    parked: Arc<Mutex<HashMap<OfferId, Party>>>,
    offer: OfferId,
    /// What this side is told about the end.
    told: Option<Event>,
    goodbye: Goodbye,
}

/// How a connection ends.
enum Goodbye {
    Close(Arc<Connection>),
    /// With a response. Then what waits for it goes on.
    Answer(Arc<Reply>, #[expect(dead_code, reason = "it is there to be dropped")] Sender<Infallible>),
}

impl Lifeline for HangUp {
    fn ends(&mut self, told: Event) {
        self.told = Some(told);
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        let mut parked = self.parked.lock();
        self.is_over.store(true, Ordering::Relaxed);
        let party = parked.remove(&self.offer);
        drop(parked);
        drop(party);
        match &self.goodbye {
            Goodbye::Close(connection) => connection.close(),
            Goodbye::Answer(reply, _) => reply.end(self.told.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        thread,
    };

    use crossbeam_channel::bounded;

    use super::*;
    use crate::{
        clock::Now,
        file::ByteCount,
        names::Nick,
        record::{NetworkBan, Restored},
        registry::{
            hashing::Hasher,
            state::{FileLimits, HistoryLimits, Limits, LineLimits, State},
        },
        store::Store,
        transport::ConnectionLimit,
        watch::Watch,
    };

    /// A registry that bans 192.0.2.1.
    fn registry() -> Registry {
        let limits = Limits {
            presence: 200,
            history: HistoryLimits { remembered: 0, replayed: 0 },
            rate: None,
            files: FileLimits { largest: ByteCount(0), port: None },
            lines: LineLimits { line: 100, text: 100 },
        };
        let ban = NetworkBan { by: Nick::new("root").unwrap(), until: None };
        let restored = Restored { networks: vec![("192.0.2.1".into(), ban)], ..Restored::default() };
        let state = State::new(limits, restored, Now::read());
        Registry::new(state, bounded(100).0, Store::none(), Hasher::cheap(), Watch::start())
    }

    /// What a client of this address hears that shows a line that is no token.
    fn heard(address: [u8; 4]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let permit = ConnectionLimit::new(1, 1)
            .take(std::net::SocketAddr::from((address, 1)), Duration::ZERO)
            .unwrap();
        let connection =
            Connection::new(listener.accept().unwrap().0, std::net::SocketAddr::from((address, 1)), permit);
        client.write_all(b"hello\n").unwrap();
        Relay::default().serve(&registry(), connection);
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        heard
    }

    #[test]
    fn a_banned_address_is_refused_at_the_port_for_files() {
        assert_eq!(
            heard([192, 0, 2, 2]),
            "This port is for files. Use chat_client to send and receive them.\n"
        );
        assert!(heard([192, 0, 2, 1]).to_lowercase().contains("banned"), "{}", heard([192, 0, 2, 1]));
    }

    #[test]
    fn a_silent_connection_ends_when_the_relay_is_closed() {
        let relay = Relay::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        let connection = Connection::new(stream, peer, permit);
        thread::scope(|scope| {
            let serve = || relay.serve(&registry(), connection);
            thread::Builder::new().spawn_scoped(scope, serve).unwrap();
            relay.close();
        });
        assert_eq!(client.read(&mut [0; 9]).unwrap(), 0);
    }
}
