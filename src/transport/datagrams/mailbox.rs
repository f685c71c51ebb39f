//! The datagrams of one client that its thread has not read yet.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::ending::Ending;

/// The most bytes that wait for a client's thread. A longer datagram is taken if nothing else waits.
const MOST: usize = 64 * 1024;

/// The largest buffer in bytes that an empty mailbox keeps.
const IDLE_CAPACITY: usize = 256;

/// The datagrams for a client's thread, as lines. The receiver fills it and never waits for the thread.
#[derive(Debug, Default)]
pub struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<u8>,
    /// How long a read may wait.
    patience: Option<Duration>,
    /// Why our side disconnects the client, if it does.
    hung_up: Option<Ending>,
    /// The client is leaving, so nothing more is taken.
    is_closed: bool,
    /// When the client had left.
    left: Option<Instant>,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Its client will read it.
    Taken,
    /// Too much waits, or the client is leaving. The client must send it again later.
    Refused,
    /// The client has left.
    TooLate,
}

impl Mailbox {
    /// Takes a line if there is room for it. Then it calls `acknowledge` before the client can answer.
    pub fn deliver(&self, line: &[u8], acknowledge: impl FnOnce()) -> Delivery {
        let mut state = self.state.lock();
        if state.left.is_some() {
            return Delivery::TooLate;
        }
        let is_full = !state.lines.is_empty() && state.lines.len() + line.len() > MOST;
        if is_full || state.is_closed {
            return Delivery::Refused;
        }
        acknowledge();
        state.lines.extend(line);
        self.changed.notify_one();
        Delivery::Taken
    }

    /// When its client had left, if it has.
    pub fn left(&self) -> Option<Instant> {
        self.state.lock().left
    }

    pub(super) fn set_patience(&self, patience: Option<Duration>) {
        self.state.lock().patience = patience;
    }

    /// Waits for bytes; 0 means that no more will be read.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.lock();
        let is_idle = |state: &mut State| state.lines.is_empty() && state.hung_up.is_none();
        match state.patience {
            None => self.changed.wait_while(&mut state, is_idle),
            Some(patience) => {
                self.changed.wait_while_for(&mut state, is_idle, patience);
            }
        }
        if state.hung_up.is_some() {
            return Ok(0);
        }
        if state.lines.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let length = state.lines.read(buffer)?;
        if state.lines.is_empty() && state.lines.capacity() > IDLE_CAPACITY {
            state.lines = VecDeque::new();
        }
        Ok(length)
    }

    /// Why our side disconnected the client, if it did.
    pub(super) fn hung_up(&self) -> Option<Ending> {
        self.state.lock().hung_up
    }

    /// Disconnects the client. What has arrived is not read any more. The first reason counts.
    pub(super) fn hang_up(&self, why: Ending) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.hung_up.get_or_insert(why);
        state.lines = VecDeque::new();
        self.changed.notify_one();
    }

    /// Takes nothing more, because the client is leaving. What arrives from now on is not acknowledged, so its
    /// program sends it again.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    /// Takes nothing more, unless something waits. Returns whether the mailbox is closed.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut state = self.state.lock();
        state.is_closed |= state.lines.is_empty();
        state.is_closed
    }

    /// The client has left.
    pub(super) fn end(&self, now: Instant) {
        let mut state = self.state.lock();
        state.left = Some(now);
        state.lines = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, thread};

    use super::*;

    fn deliver(mailbox: &Mailbox, line: &[u8]) -> (Delivery, bool) {
        let is_acknowledged = Cell::new(false);
        (mailbox.deliver(line, || is_acknowledged.set(true)), is_acknowledged.get())
    }

    #[test]
    fn what_finds_no_room_is_not_acknowledged() {
        let (mailbox, line) = (Mailbox::default(), [b'x'; 1000]);
        let taken = (0..99).take_while(|_| deliver(&mailbox, &line) == (Delivery::Taken, true)).count();
        assert_eq!(taken, MOST / 1000);
        assert_eq!(deliver(&mailbox, &line), (Delivery::Refused, false));
        let mut buffer = [0; 1500];
        assert_eq!(mailbox.read(&mut buffer).unwrap(), 1500);
        assert_eq!(deliver(&mailbox, &line), (Delivery::Taken, true));
        for _ in 0..99 {
            if mailbox.state.lock().lines.is_empty() {
                break;
            }
            mailbox.read(&mut buffer).unwrap();
        }
        assert_eq!(deliver(&mailbox, &vec![b'x'; 65537]), (Delivery::Taken, true), "alone, it may be longer");
        assert_eq!(deliver(&mailbox, b"\n"), (Delivery::Refused, false));
    }

    #[test]
    fn a_client_that_is_leaving_acknowledges_nothing() {
        let mailbox = Mailbox::default();
        assert_eq!(deliver(&mailbox, b"one\n"), (Delivery::Taken, true));
        assert!(!mailbox.close_if_empty(), "it came before the silence was over");
        mailbox.close();
        assert_eq!(deliver(&mailbox, b"two\n"), (Delivery::Refused, false));
        mailbox.end(Instant::now());
        assert_eq!(deliver(&mailbox, b"three\n"), (Delivery::TooLate, false));
    }

    #[test]
    fn the_first_reason_to_hang_up_counts_and_nothing_more_is_read() {
        let mailbox = Mailbox::default();
        deliver(&mailbox, b"one\n");
        mailbox.hang_up(Ending::Dismissed);
        mailbox.hang_up(Ending::Failed);
        assert_eq!(mailbox.hung_up(), Some(Ending::Dismissed));
        assert_eq!(mailbox.read(&mut [0; 9]).unwrap(), 0);
    }

    #[test]
    fn a_read_waits_for_a_datagram_and_no_longer_than_its_patience() {
        let mailbox = Mailbox::default();
        mailbox.set_patience(Some(Duration::from_millis(1)));
        assert_eq!(mailbox.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
        mailbox.set_patience(None);
        thread::scope(|scope| {
            let reading =
                thread::Builder::new().spawn_scoped(scope, || mailbox.read(&mut [0; 9]).unwrap()).unwrap();
            deliver(&mailbox, b"one\n");
            assert_eq!(reading.join().unwrap(), 4);
        });
    }

    #[test]
    fn an_empty_mailbox_holds_next_to_nothing() {
        let mailbox = Mailbox::default();
        deliver(&mailbox, &vec![b'x'; 60_000]);
        mailbox.read(&mut vec![0; 65536]).unwrap();
        assert!(mailbox.state.lock().lines.capacity() <= IDLE_CAPACITY);
    }
}
