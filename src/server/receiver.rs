//! A door of the server for datagrams: one thread receives all of them, and hands them to the threads of clients.
//!
//! The sender's address of a datagram may be forged. So an address that has not joined takes no memory and no
//! thread, and each answer to it is shorter than its datagram: an error is cut, and an answer that cannot be cut
//! is not sent. A program that wants to see the rooms before it joins adds spaces to its question. An address
//! that has joined takes one of the places, until it leaves or is silent for too long.
//!
//! A `join` that is refused is not acknowledged, because it may succeed when it comes again.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, Scope},
    time::{Duration, Instant},
};

use super::{Stopper, acceptor::STACK};
use crate::{
    broadcaster::Sink,
    command::{Ask, Mistake},
    dialect::{
        Input,
        json::datagrams::{self as json, Look},
    },
    event::{Event, pace::PaceEvent},
    registry::Registry,
    session,
    transport::{
        ConnectionLimit, Incoming, NoPlace, SealedSink,
        datagrams::{self, Delivery, Known, Port, Reader},
    },
    watch::{self, Activity, Watch},
    wire::Terms,
};

/// The pause after an error of the socket.
const PAUSE: Duration = Duration::from_millis(100);

/// The bytes of headers that a datagram has on its way: 40 of IPv6 (RFC 8200) and 8 of UDP (RFC 768).
const HEADERS: usize = 48;

/// A UDP port, and what serves its clients.
pub(super) struct Receiver<'a> {
    pub(super) port: &'a Arc<Port>,
    /// What holds for its clients.
    pub(super) terms: &'a Terms,
    /// The places of all doors together.
    pub(super) places: &'a Arc<ConnectionLimit>,
    pub(super) registry: &'a Registry,
    pub(super) stopper: &'a Stopper,
    pub(super) watch: &'a Watch,
}

/// A datagram that has just arrived.
#[derive(Clone, Copy)]
struct Arrived<'a> {
    bytes: &'a [u8],
    from: SocketAddr,
    id: Option<i128>,
}

impl Receiver<'_> {
    /// Receives until the server stops. The threads of its clients go on until the registry stops them.
    pub(super) fn run<'scope>(&'scope self, threads: &'scope Scope<'scope, '_>) {
        let (mut buffer, mut known) = (vec![0; datagrams::LONGEST], Known::default());
        while !self.stopper.is_stopping() {
            watch::doing(Activity::Reading);
            match self.port.receive(&mut buffer) {
                Ok(Some((length, from))) => {
                    watch::doing(Activity::Working);
                    self.take(threads, &mut known, &buffer[..length], from);
                }
                Ok(None) => {}
                Err(_) if self.stopper.is_stopping() => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot receive datagrams");
                    self.stopper.wait(PAUSE);
                }
            }
        }
    }

    fn take<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        known: &mut Known,
        bytes: &[u8],
        from: SocketAddr,
    ) {
        let look = json::look(bytes);
        let id = match look {
            Look::FromServer => return,
            Look::Nothing => None,
            Look::Unit { id } => id,
        };
        let arrived = Arrived { bytes, from, id };
        let was_done = id.is_some_and(|id| known.has_done(from, id, Instant::now()));
        let is_sign_of_life = was_done || look == Look::Nothing;
        let line = json::line(if is_sign_of_life { b"" } else { bytes });
        let mailbox = known.mailbox(from);
        match mailbox.map(|mailbox| mailbox.deliver(&line, || self.acknowledge(arrived))) {
            Some(Delivery::Taken) if was_done => {}
            Some(Delivery::Taken) => arrived.note_done(known),
            Some(Delivery::Refused) if was_done => self.acknowledge(arrived),
            Some(Delivery::Refused) => {}
            Some(Delivery::TooLate) if was_done => self.answer(arrived, Ask::Quit),
            Some(Delivery::TooLate) | None => self.meet(threads, known, arrived, &line),
        }
    }

    fn acknowledge(&self, arrived: Arrived<'_>) {
        if let Some(id) = arrived.id {
            self.port.send(&json::ack(id), arrived.from);
        }
    }

    /// Lets in an address that has not joined, or answers it.
    fn meet<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        known: &mut Known,
        arrived: Arrived<'_>,
        line: &[u8],
    ) {
        let mut decoder = self.terms.decoder();
        decoder.feed(line);
        let Some(input) = decoder.next_input() else { return };
        if let Some(why) = self.registry.refusal_at_door(arrived.from.into()) {
            return self.refuse(arrived, &why);
        }
        match input {
            Input::Greeting(_) => {
                if let Err(why) = self.join(threads, known, arrived, line) {
                    self.refuse(arrived, &why);
                }
            }
            Input::Command(command) => self.answer(arrived, command.ask),
        }
    }

    /// Gives a client a place and a thread. Its datagram is read there, too.
    fn join<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        known: &mut Known,
        arrived: Arrived<'_>,
        line: &[u8],
    ) -> Result<(), Event> {
        let permit = self.places.take(arrived.from, Duration::ZERO).map_err(|why| match why {
            NoPlace::Full => Event::Full,
            NoPlace::FullForAddress => PaceEvent::TooManyConnections.into(),
        })?;
        let (reader, sink) = datagrams::client(self.port, arrived.from, permit, self.terms.rate);
        let mailbox = Arc::clone(reader.mailbox());
        let thread = thread::Builder::new().name("client".into()).stack_size(STACK);
        if let Err(error) = thread.spawn_scoped(threads, move || self.serve(&reader, sink)) {
            tracing::warn!(peer = %arrived.from, %error, "a client was refused: no thread");
            return Err(Event::Full);
        }
        known.add(arrived.from, Arc::clone(&mailbox), Instant::now());
        if mailbox.deliver(line, || self.acknowledge(arrived)) == Delivery::Taken {
            arrived.note_done(known);
        }
        Ok(())
    }

    /// Serves a client until it has left. A panic ends only this client.
    fn serve(&self, reader: &Reader, sink: Box<dyn Sink>) {
        let _listed = self.watch.enter(&format!("client {}", reader.peer().number()));
        let sink = SealedSink::around(sink, self.terms.seal());
        let mut decoder = reader.closing(self.terms.decoder(), self.terms.idle());
        let run = || session::run(self.registry, reader, sink, self.terms.wire, &mut decoder);
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            tracing::error!("the thread of a client has panicked; the client was disconnected");
        }
    }

    /// Tells an address why its datagram is not carried out. The datagram is not acknowledged, and may come again.
    fn refuse(&self, arrived: Arrived<'_>, why: &Event) {
        tracing::info!(peer = %arrived.from, "a client was refused: {why}");
        self.watch.note_refusal(why.why_not_let_in());
        self.say(arrived, why, arrived.bytes.len());
    }

    /// Answers an address that has not joined.
    fn answer(&self, arrived: Arrived<'_>, ask: Ask) {
        let mut less_than = arrived.bytes.len();
        if let Some(ack) = arrived.id.map(json::ack).filter(|ack| ack.len() < less_than) {
            less_than = less_than.saturating_sub(ack.len() + HEADERS);
            self.port.send(&ack, arrived.from);
        }
        match ask {
            Ask::Quit => {}
            Ask::ListRooms => {
                let rooms = self.terms.wire.dialect.encoded(&self.registry.rooms(), &self.registry.outside());
                if rooms.len() < less_than {
                    self.port.send(&rooms, arrived.from);
                }
            }
            Ask::Mistake(mistake) => self.say(arrived, &Event::Mistaken(mistake), less_than),
            _ => {
                let why = Event::Mistaken(Mistake::Malformed("Join a room first".into()));
                self.say(arrived, &why, less_than);
            }
        }
    }

    /// Sends an error that is shorter than `less_than` bytes, if that is possible.
    fn say(&self, arrived: Arrived<'_>, why: &Event, less_than: usize) {
        let error = less_than
            .checked_sub(1)
            .and_then(|longest| json::error_within(why, &self.registry.outside(), longest));
        if let Some(error) = error {
            self.port.send(&error, arrived.from);
        }
    }
}

impl Arrived<'_> {
    /// Notes its id, so that it is not carried out again.
    fn note_done(&self, known: &mut Known) {
        if let Some(id) = self.id {
            known.note_done(self.from, id);
        }
    }
}
