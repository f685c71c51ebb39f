//! Clients that say who they are before they come in.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{Membership, note, read};
use crate::{
    broadcaster::Sink,
    command::{Ask, Command, Mistake},
    dialect::{Decoder, Greeting, Input},
    event::{
        Event,
        account::AccountEvent,
        moderation::{Moderated, Refused},
    },
    registry::{Registry, state::Newcomer},
    transport::{self, Connection},
    watch::{self, Activity},
    wire::Wire,
};

/// How long a client may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a client that is silent is looked at, in case the server stops.
const LOOK: Duration = Duration::from_millis(200);

/// How many answers a client gets outside of the chat.
const MOST_ANSWERS: u32 = 100;

/// Waits until a client says who it is, and lets it in. `None` when it is gone, or must go.
#[inline(never)]
pub(super) fn enter<'a>(
    registry: &'a Registry,
    connection: &Connection,
    sink: Box<dyn Sink>,
    wire: &'static Wire,
    decoder: &mut Decoder,
) -> Option<Membership<'a>> {
    let newcomer = Newcomer::new(connection.peer(), wire);
    let mut doorstep = Doorstep { registry, connection, newcomer, sink: Some(sink), answers: 0 };
    let membership = doorstep.wait(decoder);
    connection.socket().set_read_timeout(None).ok()?;
    membership
}

/// A client that is not in the chat yet. It is told things directly: nothing else writes to it.
struct Doorstep<'a, 'b> {
    registry: &'a Registry,
    connection: &'b Connection,
    newcomer: Newcomer,
    sink: Option<Box<dyn Sink>>,
    answers: u32,
}

impl<'a> Doorstep<'a, '_> {
    fn wait(&mut self, decoder: &mut Decoder) -> Option<Membership<'a>> {
        let (deadline, mut large) = (Instant::now() + PATIENCE, Vec::new());
        while Instant::now() < deadline {
            watch::doing(Activity::Reading);
            self.connection.socket().set_read_timeout(Some(LOOK)).ok()?;
            match read(&mut &*self.connection, decoder, &mut large) {
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
            while let Some(input) = decoder.next_input() {
                match input {
                    Input::Greeting(greeting) => match self.greet(&greeting) {
                        Ok(membership) => {
                            decoder.welcome(greeting);
                            return Some(membership);
                        }
                        Err(why) if may_try_again(&why) => self.say(&why)?,
                        Err(why) => {
                            note(self.connection.peer(), Some(&why), "refused");
                            self.refuse(&why);
                            return None;
                        }
                    },
                    Input::Command(command) => self.answer(command)?,
                }
            }
        }
        None
    }

    /// Lets the client in as it wants, or says why not.
    fn greet(&mut self, greeting: &Greeting) -> Result<Membership<'a>, Event> {
        self.newcomer.greeting = Some(Box::new(greeting.clone()));
        let membership = Membership::enter(self.registry, &self.newcomer, &mut self.sink)?;
        note(self.connection.peer(), None, "connected");
        Ok(membership)
    }

    /// Answers what a client asks that has not come in; `None` when it must go.
    fn answer(&mut self, command: Command) -> Option<()> {
        match command.ask {
            Ask::Answer(bytes) => self.send(&bytes),
            Ask::ListRooms => self.say(&self.registry.rooms()),
            Ask::Mistake(mistake) => self.say(&Event::Mistaken(mistake)),
            Ask::Quit => None,
            _ => self.say(&Event::Mistaken(Mistake::Malformed("Join a room first".into()))),
        }
    }

    fn say(&mut self, event: &Event) -> Option<()> {
        self.send(&self.newcomer.dialect.encoded(event, &self.registry.outside()))
    }

    fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.answers += 1;
        let is_sent = self.answers <= MOST_ANSWERS && transport::send(self.connection.socket(), bytes);
        is_sent.then_some(())
    }

    fn refuse(&self, why: &Event) {
        let why = self.newcomer.dialect.encoded(why, &self.registry.outside());
        transport::refuse(self.connection.socket(), &why);
    }
}

/// Whether a client may choose another name or room.
fn may_try_again(why: &Event) -> bool {
    matches!(
        why,
        Event::NickTaken(_)
            | Event::Account(AccountEvent::LoginRequired(_))
            | Event::Moderated(Moderated::Refused(Refused::Banned))
    )
}

fn is_early(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
