//! Clients that choose their wire with their first bytes.

use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

use crate::{
    dialect::text,
    transport::Incoming,
    watch::{self, Activity},
    wire::{self, Wire},
};

/// How long a client may take to choose. A client that waits for the server to speak first speaks text.
const PATIENCE: Duration = Duration::from_millis(200);

/// Returns the wire that a client chooses, and the bytes that were read for that. `told_by` recognises a wire by its
/// first bytes.
///
/// Never inlined, because an idle client would keep the stack that this needs.
///
/// # Errors
/// The connection is lost.
#[inline(never)]
pub(super) fn choose(
    incoming: &dyn Incoming,
    told_by: impl Fn(&[u8]) -> Option<&'static Wire>,
) -> io::Result<(&'static Wire, Vec<u8>)> {
    let (deadline, mut first) = (Instant::now() + PATIENCE, Vec::new());
    watch::doing(Activity::Reading);
    let wire = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match told_by(&first) {
            Some(wire) => break wire,
            None if left.is_zero() => break wire::TEXT,
            None => incoming.set_patience(Some(left))?,
        }
        let mut bytes = [0; text::FIRST_BYTES];
        match incoming.read(&mut bytes) {
            Ok(0) => break wire::TEXT,
            Ok(length) => first.extend_from_slice(&bytes[..length]),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                _ => return Err(error),
            },
        }
    };
    incoming.set_patience(None)?;
    Ok((wire, first))
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        io::Write,
        net::{Shutdown, TcpListener, TcpStream},
        thread,
    };

    use super::*;
    use crate::{
        ending::Ending,
        names::Peer,
        transport::{Connection, ConnectionLimit},
    };

    /// What a client chooses that acts like this.
    fn chosen(act: impl FnOnce(&mut TcpStream)) -> (&'static str, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, peer) = listener.accept().unwrap();
        let permit = ConnectionLimit::new(1, 1).take(peer, Duration::ZERO).unwrap();
        let connection = Connection::new(stream, peer, permit);
        act(&mut client);
        let (wire, first) = choose(&*connection, wire::told_by).unwrap();
        (wire.scheme, first)
    }

    #[test]
    fn a_client_is_recognised_and_loses_nothing() {
        for (bytes, scheme) in [
            (&b"{\"a\":1}"[..], "json"),
            (b"hello\nthere\n", "text"),
            (b"Get well", "text"),
            (b"GET / HTTP", "http"),
        ] {
            assert_eq!(chosen(|client| client.write_all(bytes).unwrap()), (scheme, bytes.to_vec()));
        }
    }

    #[test]
    fn a_client_that_is_silent_or_closes_speaks_text() {
        let start = Instant::now();
        assert_eq!(chosen(|_| {}), ("text", Vec::new()));
        assert!(start.elapsed() >= PATIENCE);
        assert_eq!(chosen(|client| client.shutdown(Shutdown::Write).unwrap()), ("text", Vec::new()));
    }

    /// Sends this many bytes, each after a while, and then nothing.
    struct Dribbling {
        bytes: Cell<usize>,
        patience: Cell<Duration>,
        reads: Cell<usize>,
    }

    impl Incoming for Dribbling {
        fn peer(&self) -> Peer {
            Peer::Local { user: 0 }
        }

        fn hung_up(&self) -> Option<Ending> {
            None
        }

        fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
            self.patience.set(patience.unwrap_or_default());
            Ok(())
        }

        fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            self.reads.set(self.reads.get() + 1);
            let is_silent = self.bytes.get() == 0;
            thread::park_timeout(if is_silent { self.patience.get() } else { PATIENCE / 5 });
            if is_silent {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.bytes.set(self.bytes.get() - 1);
            buffer[0] = b'G';
            Ok(1)
        }

        fn drain(&self, _patience: Duration) {}
    }

    #[test]
    fn half_a_pattern_is_not_waited_for_any_longer_nor_looked_at_again_and_again() {
        for bytes in [1, usize::MAX] {
            let incoming =
                Dribbling { bytes: Cell::new(bytes), patience: Cell::default(), reads: Cell::new(0) };
            let (wire, first) = choose(&incoming, |_| None).unwrap();
            assert_eq!(wire, wire::TEXT);
            assert!((1..=bytes).contains(&first.len()) && incoming.reads.get() <= 8);
            assert_eq!(incoming.patience.get(), Duration::ZERO, "from now on it may be silent");
        }
    }
}
