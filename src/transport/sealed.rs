//! A sink that packs what is sent through it.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

use crate::{broadcaster::Sink, ending::Ending, event::Event, framing::Seal};

/// A [`Sink`] behind a [`Seal`].
///
/// It takes whole units. While a packed piece waits because the socket is full, the newline of its last unit
/// counts as not taken. So the outbox sees that this unit is begun, and keeps it.
pub struct SealedSink {
    seal: Box<dyn Seal>,
    sink: Box<dyn Sink>,
    /// What is packed and not sent yet. While there is any, a newline in the outbox stands for it.
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece is sent.
    sent: usize,
    /// When the next piece may be sent.
    next: Option<Instant>,
    /// A unit that needs no packing is partly sent.
    is_begun: bool,
}

impl SealedSink {
    fn new(sink: Box<dyn Sink>, seal: Box<dyn Seal>) -> Self {
        Self { seal, sink, pieces: VecDeque::new(), sent: 0, next: None, is_begun: false }
    }

    /// The same sink, behind this seal if there is one.
    pub fn around(sink: Box<dyn Sink>, seal: Option<Box<dyn Seal>>) -> Box<dyn Sink> {
        match seal {
            Some(seal) => Box::new(Self::new(sink, seal)),
            None => sink,
        }
    }

    /// Sends the pieces that wait.
    fn send_pieces(&mut self) -> io::Result<()> {
        while let Some(piece) = self.pieces.front() {
            let now = Instant::now();
            // The rest of a piece that is begun needs no pause.
            if self.sent == 0 && self.next.is_some_and(|next| now < next) {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.sent += self.sink.send(&piece[self.sent..], &[])?;
            if self.sent < piece.len() {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.sent = 0;
            self.pieces.pop_front();
            let pause = self.seal.pause();
            self.next = (!pause.is_zero()).then(|| now + pause);
        }
        Ok(())
    }

    /// Sends units that need no packing. If the first was begun, it is sent to its end, and no more.
    fn send_unpacked(&mut self, units: &[u8]) -> io::Result<usize> {
        let end = if self.is_begun { first_units(units, 0) } else { units.len() };
        let taken = self.sink.send(&units[..end], &[])?;
        if let Some(last) = units[..taken].last() {
            self.is_begun = *last != b'\n';
        }
        if taken > 0 { Ok(taken) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    /// Packs and sends the first of these units; there is at least one. Returns how many bytes were taken.
    fn send_units(&mut self, units: &[u8]) -> io::Result<usize> {
        if self.is_begun || self.seal.passes(units) {
            return self.send_unpacked(units);
        }
        let taken = first_units(units, self.seal.most_together());
        self.pieces.extend(self.seal.seal(&units[..taken]));
        match self.send_pieces() {
            Ok(()) => Ok(taken),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(taken - 1),
            Err(error) => Err(error),
        }
    }
}

/// The length of the units that are packed together: the first one, and more if all fit into `most` bytes.
fn first_units(units: &[u8], most: usize) -> usize {
    let together = &units[..units.len().min(most)];
    let last = memchr::memrchr(b'\n', together).or_else(|| memchr::memchr(b'\n', units));
    last.map_or(units.len(), |end| end + 1)
}

impl Sink for SealedSink {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        for mut units in [owed, fresh] {
            while !units.is_empty() {
                let sent = if self.pieces.is_empty() {
                    self.send_units(units)
                } else {
                    self.send_pieces().map(|()| 1)
                };
                match sent {
                    Ok(sent) => (taken, units) = (taken + sent, &units[sent..]),
                    Err(_) if taken > 0 => return Ok(taken),
                    Err(error) => return Err(error),
                }
                if !self.pieces.is_empty() {
                    return Ok(taken);
                }
            }
        }
        Ok(taken)
    }

    fn pause(&self) -> Duration {
        let next = self.next.filter(|_| self.sent == 0);
        let own = next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()));
        own.max(self.sink.pause())
    }

    fn farewell(&mut self, why: Option<&Event>) -> Vec<u8> {
        let mut farewell = self.seal.farewell(why);
        // The sink behind this one can be packed, too.
        farewell.extend(self.sink.farewell(why));
        farewell
    }

    fn finish(&mut self) {
        if self.pieces.is_empty() {
            let last = self.seal.last();
            if !last.is_empty() {
                // If it is not taken now, the client sees the end without it.
                let _ = self.sink.send(&[], &last);
            }
        }
        self.sink.finish();
    }

    fn hang_up(&mut self, why: Ending) {
        self.sink.hang_up(why);
    }

    fn drain(&mut self) {
        self.sink.drain();
    }

    fn has_arrived(&mut self) -> bool {
        self.sink.has_arrived()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    /// Takes at most so many bytes at a time; with 0, it is full.
    #[derive(Clone, Default)]
    struct Socket {
        taken: Arc<Mutex<Vec<u8>>>,
        sends: Arc<Mutex<usize>>,
        most: Arc<Mutex<usize>>,
    }

    impl Sink for Socket {
        fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
            let bytes = [owed, fresh].concat();
            let most = bytes.len().min(*self.most.lock());
            if most == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.taken.lock().extend(&bytes[..most]);
            *self.sends.lock() += 1;
            Ok(most)
        }

        fn finish(&mut self) {}

        fn hang_up(&mut self, _why: Ending) {}
    }

    /// Puts brackets around each unit.
    struct Brackets {
        together: usize,
        pause: Duration,
    }

    impl Seal for Brackets {
        fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
            let text = str::from_utf8(units).expect("the tests speak UTF-8");
            text.lines().map(|unit| format!("<{unit}>").into_bytes()).collect()
        }

        fn passes(&self, units: &[u8]) -> bool {
            units.starts_with(b"=")
        }

        fn most_together(&self) -> usize {
            self.together
        }

        fn pause(&self) -> Duration {
            self.pause
        }

        fn last(&mut self) -> Vec<u8> {
            b"!".to_vec()
        }
    }

    fn sealed(together: usize, pause: Duration, most: usize) -> (SealedSink, Socket) {
        let socket = Socket::default();
        *socket.most.lock() = most;
        (SealedSink::new(Box::new(socket.clone()), Box::new(Brackets { together, pause })), socket)
    }

    /// What an outbox does: it gives what was not taken again, and more.
    #[track_caller]
    fn check(most: usize, together: usize) {
        let (mut sink, socket) = sealed(together, Duration::ZERO, most);
        let mut owed = Vec::new();
        for units in ["a\nbc\n", "", "def\n", "g\nh\ni\n", ""] {
            match sink.send(&owed, units.as_bytes()) {
                Ok(taken) => {
                    owed.extend(units.as_bytes());
                    owed.drain(..taken);
                }
                Err(_) => owed.extend(units.as_bytes()),
            }
        }
        for _ in 0..100 {
            let taken = sink.send(&owed, b"").unwrap_or(0);
            owed.drain(..taken);
        }
        assert!(owed.is_empty());
        assert_eq!(str::from_utf8(&socket.taken.lock()), Ok("<a><bc><def><g><h><i>"));
    }

    #[test]
    fn each_unit_is_packed_once_however_little_the_socket_takes() {
        for most in 1..20 {
            for together in [0, 4, 1000] {
                check(most, together);
            }
        }
    }

    #[test]
    fn a_unit_that_was_begun_keeps_its_newline_in_the_outbox() {
        let (mut sink, socket) = sealed(0, Duration::ZERO, 2);
        assert_eq!(sink.send(b"ab\n", b"c\n").unwrap(), 2);
        *socket.most.lock() = 0;
        assert_eq!(sink.send(b"\n", b"").unwrap_err().kind(), ErrorKind::WouldBlock);
        // The outbox has dropped all units but the one that was begun.
        *socket.most.lock() = 99;
        assert_eq!(sink.send(b"\nend\n", b"").unwrap(), 5);
        assert_eq!(str::from_utf8(&socket.taken.lock()), Ok("<ab><end>"));
    }

    #[test]
    fn the_last_bytes_follow_what_was_packed_and_never_half_of_a_piece() {
        let (mut sink, socket) = sealed(0, Duration::ZERO, 2);
        assert_eq!(sink.send(b"ab\n", b"").unwrap(), 2);
        sink.finish();
        assert_eq!(str::from_utf8(&socket.taken.lock()), Ok("<a"));
        *socket.most.lock() = 99;
        assert_eq!(sink.send(b"\n", b"").unwrap(), 1);
        sink.finish();
        assert_eq!(str::from_utf8(&socket.taken.lock()), Ok("<ab>!"));
    }

    #[test]
    fn units_that_need_no_packing_are_sent_as_they_are_and_cut_anywhere() {
        for most in 1..12 {
            let (mut sink, socket) = sealed(99, Duration::ZERO, most);
            let (units, mut sent) = (b"=ab\n=\ncd\n=e\nf\n", 0);
            while sent < units.len() {
                // What comes next may be another unit than the one that is begun.
                sent += sink.send(&units[sent..], b"").unwrap_or(0);
            }
            assert_eq!(str::from_utf8(&socket.taken.lock()).unwrap().matches("=ab\n").count(), 1, "{most}");
            *socket.most.lock() = 99;
            sink.send(b"g\n", b"").unwrap();
            let all = socket.taken.lock().clone();
            assert!(str::from_utf8(&all).unwrap().ends_with("<g>"), "{most}: {all:?}");
        }
    }

    #[test]
    fn the_next_unit_waits_for_its_pause() {
        let (mut sink, socket) = sealed(0, Duration::from_secs(3600), 99);
        assert_eq!(sink.send(b"a\nb\n", b"").unwrap(), 3);
        assert!(sink.pause() > Duration::from_secs(3000));
        assert!(sink.send(b"\n", b"c\n").is_err());
        assert_eq!((str::from_utf8(&socket.taken.lock()), *socket.sends.lock()), (Ok("<a>"), 1));
    }
}
