//! What carries files: one thread for each file on its way.
//!
//! A file must not make the chat wait. So it travels on two connections of its own, the sender's and the
//! receiver's, and a thread copies from one to the other. Its memory is one buffer: when the receiver
//! takes nothing more, the thread stops reading, and in the end the sender's socket is full.
//!
//! Files have a port of their own because the chat's server speaks before a client says what it wants.
//!
//! The registry decides who may come: each connection begins with a [`crate::file::Token`]. The first
//! connection of a pair is parked, and its thread ends; the thread of the second one carries. When an
//! offer is over, the registry drops its lifelines, which closes both.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;

use crate::{
    dialect::text,
    event::transfers::FileEvent,
    file::{Fault, OfferId, Side, way},
    registry::{
        Registry,
        state::{Claim, Lifeline, MOST_TRANSFERS},
    },
    transport::{self, Connection, Incoming},
    watch::{self, Activity},
};

mod carry;
mod doorstep;

use carry::{Wire, carry};
use doorstep::{Doorstep, MOST_WITHOUT_TOKEN, Place};

/// Two connections for each transfer, those without a token yet, and some whose threads are ending.
pub const MOST_CONNECTIONS: usize = 2 * MOST_TRANSFERS + MOST_WITHOUT_TOKEN + 16;

/// How long a connection may wait for a place. The rules bound the transfers and the doorstep bounds
/// the others, so a place is missing only for as long as a thread takes to end.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The connections for files.
#[derive(Default)]
pub struct Relay {
    doorstep: Doorstep,
    /// The first connections of their pairs. The second one or the end of the offer takes them out.
    parked: Arc<Mutex<HashMap<OfferId, Wire>>>,
}

impl Relay {
    /// Serves one connection: it waits for the other one of its pair, or carries the file.
    pub fn serve(&self, registry: &Registry, connection: Arc<Connection>) {
        if let Some(why) = registry.refusal_at_door(connection.peer()) {
            tracing::info!(peer = %connection.peer(), %why, "refused");
            return transport::refuse(connection.socket(), &text::line(&why));
        }
        let Some(claim) = self.introduction(registry, &connection) else { return };
        let Ok(wire) = Wire::new(Arc::clone(&connection)) else { return };
        let met = self.meet(&claim, wire);
        let lifeline = HangUp { connection, parked: Arc::clone(&self.parked), offer: claim.offer };
        registry.hold(claim.offer, claim.side, Box::new(lifeline));
        let Some((sender, receiver)) = met else { return };
        watch::doing(Activity::Sending);
        let carrying = AssertUnwindSafe(|| carry(sender, receiver, claim.label.size));
        let outcome = catch_unwind(carrying).unwrap_or(Err(Fault::Server));
        tracing::info!(offer = claim.offer.0, ?outcome, "a file was carried");
        registry.conclude(claim.offer, outcome);
    }

    /// The sender's and the receiver's connection, if both are there.
    fn meet(&self, claim: &Claim, wire: Wire) -> Option<(Wire, Wire)> {
        let mut parked = self.parked.lock();
        let Some(other) = parked.remove(&claim.offer) else {
            parked.insert(claim.offer, wire);
            return None;
        };
        Some(match claim.side {
            Side::Sender => (wire, other),
            Side::Receiver => (other, wire),
        })
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

/// Ends a transfer when the registry drops it.
struct HangUp {
    connection: Arc<Connection>,
    parked: Arc<Mutex<HashMap<OfferId, Wire>>>,
    offer: OfferId,
}

impl Lifeline for HangUp {}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.parked.lock().remove(&self.offer);
        self.connection.close();
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
