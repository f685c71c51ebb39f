//! One client's thread, from its arrival to its leaving.

use std::{
    fmt::Display,
    io::{self, ErrorKind},
    ops::ControlFlow,
    time::{Duration, Instant},
};

mod greeting;

use crate::{
    broadcaster::Sink,
    command::Command,
    dialect::{Decoder, Dialect, Input, Scene},
    ending::Ending,
    event::Event,
    names::{ClientId, Peer},
    registry::{Registry, state::Newcomer},
    transport::Incoming,
    watch::{self, Activity},
    wire::Wire,
};

/// The size of the read buffer, in bytes. It doubles while a client fills it.
const SMALLEST_READ: usize = 512;
const LARGEST_READ: usize = 16 * 1024;

/// The most commands that one client applies under one lock: enough that a flood costs little locking, few
/// enough that others do not wait long. A command with a long answer is the last of its burst.
const BURST: usize = 64;

/// How many commands an idle client keeps memory for: a line, and the mark after it.
const FEW: usize = 2;

/// How long a client that has quit may take to close the connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves one client until it leaves or is disconnected.
pub fn run(
    registry: &Registry,
    incoming: &dyn Incoming,
    sink: Box<dyn Sink>,
    wire: &'static Wire,
    decoder: &mut Decoder,
) {
    let entered = if decoder.has_greeting() {
        greeting::enter(registry, incoming, sink, wire, decoder)
    } else {
        enter(registry, incoming, sink, wire)
    };
    let Some(mut membership) = entered else { return };
    let why = match converse(&membership, incoming, decoder) {
        Ending::Quit => Ending::Quit,
        // A session that was disconnected sees only the end of its stream.
        seen => incoming.hung_up().unwrap_or(seen),
    };
    membership.ending = why;
    drop(membership);
    note(incoming.peer(), Some(&why), "disconnected");
    if why == Ending::Quit {
        watch::doing(Activity::Closing);
        incoming.drain(PATIENCE);
    }
}

/// Enters the chat, or tells the client why it cannot.
#[inline(never)]
fn enter<'a>(
    registry: &'a Registry,
    incoming: &dyn Incoming,
    sink: Box<dyn Sink>,
    wire: &'static Wire,
) -> Option<Membership<'a>> {
    let mut newcomer = Newcomer::new(incoming.peer(), wire);
    newcomer.is_private = incoming.is_private();
    let mut sink = Some(sink);
    match Membership::enter(registry, &newcomer, &mut sink) {
        Ok(membership) => {
            note(incoming.peer(), None, "connected");
            Some(membership)
        }
        Err(why) => {
            note(incoming.peer(), Some(&why), "refused");
            refuse(sink, newcomer.dialect, &why, &Scene::default());
            None
        }
    }
}

/// Tells a client that is not let in why, and ends its stream. To drop a sink makes system calls, so one that
/// was not taken is dropped here, without the lock.
#[inline(never)]
fn refuse(sink: Option<Box<dyn Sink>>, dialect: Dialect, why: &Event, scene: &Scene) {
    let Some(mut sink) = sink else { return };
    let mut units = dialect.encoded(why, scene);
    units.extend(sink.farewell(Some(why)));
    // If it does not take this, the client is gone, or does not read.
    let _ = sink.send(&[], &units);
    sink.finish();
    sink.drain();
}

#[inline(never)]
fn note(peer: Peer, why: Option<&dyn Display>, what: &str) {
    tracing::info!(%peer, why = why.map(tracing::field::display), "{what}");
}

/// A client's presence in the chat. However the session ends, even by a panic, dropping this removes
/// the client, unless it has quit and so has left already.
struct Membership<'a> {
    registry: &'a Registry,
    client: ClientId,
    dialect: Dialect,
    /// Why it ends. Until that is known, a panic is assumed.
    ending: Ending,
}

impl<'a> Membership<'a> {
    fn enter(
        registry: &'a Registry,
        newcomer: &Newcomer,
        sink: &mut Option<Box<dyn Sink>>,
    ) -> Result<Self, Event> {
        let client = registry.enter(newcomer, sink)?;
        Ok(Self { registry, client, dialect: newcomer.dialect, ending: Ending::Failed })
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        // A client that quit has already left.
        if self.ending != Ending::Quit {
            self.registry.leave(self.client, self.ending);
        }
    }
}

/// Reads until the client quits or its stream ends.
///
/// An idle client waits in here, so this frame and its callers' frames are kept small: each page of stack
/// that a command has reached stays in memory. That is why this and what it calls are never inlined.
#[inline(never)]
fn converse(membership: &Membership<'_>, incoming: &dyn Incoming, decoder: &mut Decoder) -> Ending {
    let (mut large, mut commands) = (Vec::new(), Vec::with_capacity(FEW));
    let (mut read_at, mut is_over, mut patience) = (Instant::now(), false, None);
    loop {
        // The commands are decoded before they are applied, so under the lock there is only deciding. What
        // came with a greeting has been read already.
        while take_burst(decoder, &mut commands, read_at) {
            if apply(membership, &mut commands).is_break() {
                return Ending::Quit;
            }
        }
        if is_over {
            return Ending::Closed;
        }
        if patience != decoder.patience() {
            patience = decoder.patience();
            if incoming.set_patience(patience).is_err() {
                return Ending::Failed;
            }
        }
        watch::doing(Activity::Reading);
        match read(incoming, decoder, &mut large) {
            Ok((0, _)) => {
                decoder.finish();
                is_over = true;
            }
            Ok((length, at)) => {
                read_at = at;
                if length < SMALLEST_READ / 16 && commands.capacity() > FEW {
                    commands = Vec::with_capacity(FEW);
                }
            }
            Err(error) => {
                if let Some(why) = ending_of(&error, decoder) {
                    return why;
                }
            }
        }
    }
}

/// Why an error of a read is the end, if it is.
#[inline(never)]
fn ending_of(error: &io::Error, decoder: &mut Decoder) -> Option<Ending> {
    match error.kind() {
        ErrorKind::Interrupted => None,
        ErrorKind::WouldBlock | ErrorKind::TimedOut if decoder.patience().is_some() => decoder.time_out(),
        kind => Some(Ending::Lost(kind)),
    }
}

/// Reads once and feeds the decoder; returns how many bytes were read, and when.
///
/// A client waits in here most of the time. Its buffer is on the stack, in a page that its commands reach
/// anyway, so it costs no memory. `large` replaces this buffer while the client fills it.
#[inline(never)]
fn read(incoming: &dyn Incoming, decoder: &mut Decoder, large: &mut Vec<u8>) -> io::Result<(usize, Instant)> {
    let mut small = [0; SMALLEST_READ];
    let buffer = if large.is_empty() { &mut small } else { large.as_mut_slice() };
    let (length, size) = (incoming.read(buffer)?, buffer.len());
    let read_at = Instant::now();
    watch::doing(Activity::Working);
    decoder.feed(&buffer[..length]);
    if length == size && size < LARGEST_READ {
        large.resize(size * 2, 0);
    } else if length < size / 16 {
        *large = Vec::new();
    }
    Ok((length, read_at))
}

#[inline(never)]
fn apply(membership: &Membership<'_>, commands: &mut Vec<Command>) -> ControlFlow<()> {
    membership.registry.apply(membership.client, membership.dialect, commands)
}

/// Takes the commands that can be applied under one lock. Returns whether there are any.
#[inline(never)]
fn take_burst(decoder: &mut Decoder, commands: &mut Vec<Command>, read_at: Instant) -> bool {
    while commands.len() < BURST {
        let Some(Input::Command(command)) = decoder.next_input() else { break };
        let is_last = command.ends_burst();
        if command.is_traced() {
            watch::trace_message(read_at);
        }
        commands.push(command);
        if is_last {
            break;
        }
    }
    !commands.is_empty()
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    use crossbeam_channel::{Receiver, bounded};

    use super::*;
    use crate::{
        broadcaster::{Post, Posts},
        clock::Now,
        dialect::Limits,
        file::ByteCount,
        record::Restored,
        registry::{
            hashing::Hasher,
            state::{self, FileLimits, HistoryLimits, State},
        },
        store::Store,
        watch::Watch,
    };

    struct NoSink;

    impl Sink for NoSink {
        fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
            Ok(owed.len() + fresh.len())
        }

        fn finish(&mut self) {}

        fn hang_up(&mut self, _why: Ending) {}
    }

    /// Yields these bytes one at a time, then panics.
    struct Faulty(Cell<&'static [u8]>);

    impl Incoming for Faulty {
        fn peer(&self) -> Peer {
            std::net::SocketAddr::from(([127, 0, 0, 1], 1)).into()
        }

        fn hung_up(&self) -> Option<Ending> {
            None
        }

        fn set_patience(&self, _patience: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            let (&first, rest) = self.0.get().split_first().expect("planted");
            buffer[0] = first;
            self.0.set(rest);
            Ok(1)
        }

        fn drain(&self, _patience: Duration) {}
    }

    fn faulty(bytes: &'static [u8]) -> Faulty {
        Faulty(Cell::new(bytes))
    }

    fn decoder() -> Decoder {
        Decoder::lines(limits())
    }

    fn chat() -> (Registry, Receiver<Posts>) {
        let (sender, posts) = bounded(100);
        let limits = state::Limits {
            presence: 200,
            history: HistoryLimits { remembered: 0, replayed: 0 },
            rate: None,
            files: FileLimits { largest: ByteCount(0), port: None },
            lines: limits(),
        };
        let state = State::new(limits, Restored::default(), Now::read());
        (Registry::new(state, sender, Store::none(), Hasher::cheap(), Watch::start()), posts)
    }

    fn enter(registry: &Registry) -> Membership<'_> {
        let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        Membership::enter(registry, &Newcomer::guest(peer), &mut Some(Box::new(NoSink)))
            .unwrap_or_else(|why| panic!("{why}"))
    }

    fn limits() -> Limits {
        Limits { line: 100, text: 100 }
    }

    #[test]
    fn a_panic_in_a_session_ends_only_that_session() {
        let (registry, posts) = chat();
        let other = enter(&registry);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let membership = enter(&registry);
            converse(&membership, &faulty(b"/nick bob\nhel"), &mut decoder());
        }));
        assert!(unwound.is_err());
        let told: Vec<_> = posts
            .try_iter()
            .flat_map(|Posts(posts)| posts)
            .filter_map(
                |post| if let Post::TellRoom(_, _, event) = post { Some(event.to_string()) } else { None },
            )
            .collect();
        assert_eq!(
            told,
            ["guest_2 has joined the chat!", "guest_2 is now known as bob.", "bob has left the chat."]
        );
        assert!(apply(&other, &mut vec![Command::typed("users", "")]).is_continue());
        assert!(matches!(
            posts.try_iter().flat_map(|Posts(posts)| posts).last(),
            Some(Post::TellEncoded(..))
        ));
    }

    #[test]
    fn a_client_that_quits_leaves_right_after_its_goodbye() {
        let (registry, posts) = chat();
        let (_other, membership) = (enter(&registry), enter(&registry));
        assert_eq!(converse(&membership, &faulty(b"/quit\nhello\n"), &mut decoder()), Ending::Quit);
        let last = posts.try_iter().last().expect("it has quit");
        assert!(matches!(
            last.0[..],
            [Post::Tell(_, Event::Goodbye), Post::TellRoom(_, _, Event::Departed(_)), Post::Detach(_)]
        ));
    }
}
