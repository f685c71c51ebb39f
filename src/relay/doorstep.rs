//! Connections for files that have not shown a token yet.
//!
//! Anyone can open such connections for nothing, so they must not take the places of others. When the
//! doorstep is full, a new connection is let in all the same, and the oldest one of the address that
//! has most of them is closed. A client that shows its token at once needs no place, or is gone before
//! its turn comes, even when the others come from its own address.

use std::{
    io::{self, Read},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    file::Token,
    names::Origin,
    transport::{Connection, Incoming, Socket},
};

/// The most connections without a token. Each takes a thread and a descriptor.
pub(super) const MOST_WITHOUT_TOKEN: usize = 32;

/// How long a connection may take to show its token. A token that was lost on the way is sent again
/// after a second, and once more after three.
const PATIENCE: Duration = Duration::from_secs(5);

/// A token's line in bytes: 32 digits and the newline.
const LINE: usize = 33;

/// The connections without a token, the oldest first.
#[derive(Default)]
pub(super) struct Doorstep(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    is_closed: bool,
    connections: Vec<Arc<Connection>>,
}

impl Doorstep {
    /// Gives a connection a place, taken from another one if all are taken; `None` when the server stops.
    pub(super) fn enter(&self, connection: &Arc<Connection>) -> Option<Place<'_>> {
        let mut waiting = self.0.lock();
        if waiting.is_closed {
            return None;
        }
        if waiting.connections.len() >= MOST_WITHOUT_TOKEN {
            waiting.close_one();
        }
        waiting.connections.push(Arc::clone(connection));
        Some(Place { doorstep: self, connection: Arc::clone(connection) })
    }

    /// Closes all connections, and lets no more in.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        waiting.connections.drain(..).for_each(|connection| connection.close());
    }

    /// Takes a connection out; whether it was still there.
    fn forget(&self, connection: &Arc<Connection>) -> bool {
        let mut waiting = self.0.lock();
        let place = waiting.connections.iter().position(|other| Arc::ptr_eq(other, connection));
        place.map(|place| waiting.connections.remove(place)).is_some()
    }
}

impl Waiting {
    /// Closes the oldest connection of the address that has most of them.
    fn close_one(&mut self) {
        let origins: Vec<_> = self.connections.iter().map(|there| Origin::of(there.peer())).collect();
        let crowd = |place: &usize| origins.iter().filter(|&origin| *origin == origins[*place]).count();
        // Of several it takes the last one.
        if let Some(place) = (0..origins.len()).rev().max_by_key(crowd) {
            self.connections.remove(place).close();
        }
    }
}

/// A connection's place on the doorstep, given back when it is dropped.
pub(super) struct Place<'a> {
    doorstep: &'a Doorstep,
    connection: Arc<Connection>,
}

impl Place<'_> {
    /// Gives the place back; `false` when it was given to another connection before.
    pub(super) fn leave(self) -> bool {
        self.doorstep.forget(&self.connection)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.doorstep.forget(&self.connection);
    }
}

/// Whether a whole line is there already, so that reading it takes no time.
pub(super) fn has_line(connection: &Connection) -> bool {
    let mut line = [0; LINE];
    connection.peek(&mut line).is_ok_and(|length| length == LINE || line[..length].contains(&b'\n'))
}

/// Reads a token's line, and nothing of what follows it.
pub(super) fn token(mut socket: &Socket) -> io::Result<Token> {
    let deadline = Instant::now() + PATIENCE;
    let (mut line, mut length) = ([0; LINE], 0);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        length += match socket.read(&mut line[length..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        if length == LINE || line[..length].contains(&b'\n') {
            let token = line[..length].strip_suffix(b"\n").and_then(|token| str::from_utf8(token).ok());
            return token
                .and_then(|token| token.parse().ok())
                .ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;
    use crate::transport::ConnectionLimit;

    /// A connection that pretends to come from this address.
    fn connection(address: [u8; 4]) -> Arc<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let peer = SocketAddr::from((address, 1));
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        Connection::new(listener.accept().unwrap().0, peer, permit)
    }

    /// Whether a connection still has its place after so many others from each of these addresses.
    fn keeps_its_place(address: [u8; 4], others: usize, addresses: &[[u8; 4]]) -> bool {
        let doorstep = Doorstep::default();
        let enter = |address: &[u8; 4]| {
            // Its place is not given back, as the place of a thread that waits in `read`.
            std::mem::forget(doorstep.enter(&connection(*address)).unwrap());
            assert!(doorstep.0.lock().connections.len() <= MOST_WITHOUT_TOKEN);
        };
        (0..200).for_each(|_| addresses.iter().for_each(enter));
        let early = connection(address);
        let place = doorstep.enter(&early).unwrap();
        (0..others).for_each(|_| addresses.iter().for_each(enter));
        place.leave()
    }

    #[test]
    fn silent_connections_of_two_addresses_do_not_stop_the_transfers_of_a_third() {
        assert!(keeps_its_place([192, 0, 2, 3], 200, &[[192, 0, 2, 1], [192, 0, 2, 2]]));
    }

    #[test]
    fn silent_connections_of_the_same_address_do_not_stop_a_client_that_shows_its_token() {
        assert!(keeps_its_place([127, 0, 0, 1], MOST_WITHOUT_TOKEN - 1, &[[127, 0, 0, 1]]));
        assert!(!keeps_its_place([127, 0, 0, 1], MOST_WITHOUT_TOKEN, &[[127, 0, 0, 1]]));
    }

    #[test]
    fn a_closed_doorstep_lets_no_connection_in() {
        let doorstep = Doorstep::default();
        let connection = connection([192, 0, 2, 1]);
        let place = doorstep.enter(&connection).unwrap();
        doorstep.close();
        assert!(!place.leave());
        assert!(doorstep.enter(&connection).is_none());
    }
}
