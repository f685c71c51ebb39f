//! Clients that say who they are before they come in.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{Membership, note, read, refuse};
use crate::{
    broadcaster::Sink,
    command::{Ask, Command, Mistake},
    dialect::{Decoder, Dialect, Input},
    event::{
        Event,
        account::AccountEvent,
        moderation::{Moderated, Refused},
        pace::PaceEvent,
    },
    framing,
    registry::{Registry, state::Newcomer},
    transport::{Incoming, SealedSink, is_early},
    watch::{self, Activity},
    wire::Wire,
};

/// How long a client may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a silent client's thread looks whether the server is stopping.
const LOOK: Duration = Duration::from_millis(200);

/// How many answers a client gets before it comes in. A client that asks for more is disconnected.
const MOST_ANSWERS: u32 = 100;

/// Waits until a client says who it is, and lets it in. Returns `None` if it is gone or refused.
#[inline(never)]
pub(super) fn enter<'a>(
    registry: &'a Registry,
    incoming: &dyn Incoming,
    sink: Box<dyn Sink>,
    wire: &'static Wire,
    decoder: &mut Decoder,
) -> Option<Membership<'a>> {
    let mut entering = Entering::new(registry, incoming, sink, wire);
    let membership = entering.wait(decoder);
    if let Some(mut sink) = entering.sink {
        let farewell = sink.farewell(None);
        if !farewell.is_empty() {
            let _ = sink.send(&[], &farewell);
        }
        // Otherwise the client could lose what it was told last.
        sink.finish();
        sink.drain();
    }
    incoming.set_patience(None).ok()?;
    membership
}

/// A client that is not in the chat yet. Only its own thread writes to it.
struct Entering<'a, 'b> {
    registry: &'a Registry,
    incoming: &'b dyn Incoming,
    newcomer: Newcomer,
    sink: Option<Box<dyn Sink>>,
    answers: u32,
    /// Whether it may not try again.
    is_over: bool,
    deadline: Instant,
    /// See [`read`].
    large: Vec<u8>,
}

impl<'a, 'b> Entering<'a, 'b> {
    /// On the heap: a client that is in the chat keeps each page of stack that was reached before.
    #[inline(never)]
    fn new(
        registry: &'a Registry,
        incoming: &'b dyn Incoming,
        sink: Box<dyn Sink>,
        wire: &'static Wire,
    ) -> Box<Self> {
        let mut newcomer = Newcomer::new(incoming.peer(), wire);
        newcomer.is_private = incoming.is_private();
        let deadline = Instant::now() + PATIENCE;
        Box::new(Self {
            registry,
            incoming,
            newcomer,
            sink: Some(sink),
            answers: 0,
            is_over: false,
            deadline,
            large: Vec::new(),
        })
    }

    fn wait(&mut self, decoder: &mut Decoder) -> Option<Membership<'a>> {
        while self.hear(decoder).is_some() {
            if let Some(membership) = self.greet() {
                decoder.welcome(self.newcomer.greeting.take().map(|greeting| *greeting));
                return Some(membership);
            }
        }
        None
    }

    /// Answers what the client asks until it says who it is. Returns `None` if it is gone, or may not try again.
    #[inline(never)]
    fn hear(&mut self, decoder: &mut Decoder) -> Option<()> {
        while !self.is_over {
            // On some wires the server speaks first.
            while let Some(input) = decoder.next_input() {
                match input {
                    Input::Greeting(greeting) => {
                        self.newcomer.greeting = greeting.map(Box::new);
                        return Some(());
                    }
                    Input::Command(command) => self.answer(command)?,
                }
            }
            if Instant::now() >= self.deadline {
                return None;
            }
            watch::doing(Activity::Reading);
            self.incoming.set_patience(Some(LOOK)).ok()?;
            match read(self.incoming, decoder, &mut self.large) {
                Ok((0, _)) => return None,
                Ok(_) => {}
                Err(error) if is_early(&error) => {
                    if self.registry.is_stopping() {
                        self.refuse(&Event::ShuttingDown);
                        return None;
                    }
                }
                Err(_) => return None,
            }
        }
        None
    }

    /// Lets the client in as it wants, or says why not.
    #[inline(never)]
    fn greet(&mut self) -> Option<Membership<'a>> {
        if let Some(greeting) = &self.newcomer.greeting {
            self.speak(greeting.dialect);
        }
        match Membership::enter(self.registry, &self.newcomer, &mut self.sink) {
            Ok(membership) => {
                note(self.incoming.peer(), None, "connected");
                return Some(membership);
            }
            Err(why) if may_try_again(&why) => self.is_over = self.say(&why).is_none(),
            Err(why) => self.refuse(&why),
        }
        None
    }

    /// Answers the client in this dialect from now on, through the seal that the dialect needs.
    fn speak(&mut self, dialect: Dialect) {
        if mem::replace(&mut self.newcomer.dialect, dialect) == dialect {
            return;
        }
        let seal = framing::seal_for(dialect);
        self.sink = self.sink.take().map(|sink| SealedSink::around(sink, seal));
    }

    /// Answers a client that has not come in. Returns `None` if it is to be disconnected.
    #[inline(never)]
    fn answer(&mut self, command: Command) -> Option<()> {
        match command.ask {
            Ask::Answer(bytes) => self.send(&bytes),
            Ask::ListRooms => self.say(&self.registry.rooms()),
            Ask::Mistake(mistake) => self.say(&Event::Mistaken(mistake)),
            Ask::Quit => None,
            _ => self.say(&Event::Mistaken(Mistake::Malformed("Join a room first".into()))),
        }
    }

    #[inline(never)]
    fn say(&mut self, event: &Event) -> Option<()> {
        self.send(&self.newcomer.dialect.encoded(event, &self.registry.outside()))
    }

    fn send(&mut self, units: &[u8]) -> Option<()> {
        self.answers += 1;
        let sink = self.sink.as_mut().filter(|_| self.answers <= MOST_ANSWERS)?;
        let is_sent = sink.send(&[], units).is_ok_and(|taken| taken == units.len());
        is_sent.then_some(())
    }

    #[inline(never)]
    fn refuse(&mut self, why: &Event) {
        self.is_over = true;
        note(self.incoming.peer(), Some(why), "refused");
        refuse(self.sink.take(), self.newcomer.dialect, why, &self.registry.outside());
    }
}

/// Whether a client may try again with another name or room.
fn may_try_again(why: &Event) -> bool {
    matches!(
        why,
        Event::NickTaken(_)
            | Event::Mistaken(_)
            | Event::Account(AccountEvent::LoginRequired(_))
            | Event::Pace(PaceEvent::TooManyRooms(_))
            | Event::Moderated(Moderated::Refused(Refused::Banned))
    )
}
