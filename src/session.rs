//! One client's thread, from its arrival to its leaving.

use std::{
    io::Read,
    net::SocketAddr,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use crate::{
    broadcaster::Sink,
    command::Command,
    dialect::text::{Decoder, Limits, line},
    ending::Ending,
    event::Event,
    names::ClientId,
    registry::Registry,
    transport::Reader,
    watch::{self, Activity},
};

/// Bytes asked for in one read. It is small for an idle client, because ten thousand of them each
/// keep one; it doubles while a client fills it, and is small again after a read of little.
const SMALLEST_READ: usize = 512;
const LARGEST_READ: usize = 16 * 1024;

/// The most commands of one client that are applied under one lock: enough that a flood does not
/// spend its time on locking, few enough that nobody else waits long behind it. A command with a long
/// answer is the last of its burst.
const BURST: usize = 64;

/// How long a client that has quit may take to close its side.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves one client until it leaves or is hung up on.
pub fn run(registry: &Registry, mut reader: Reader, sink: Box<dyn Sink>, limits: Limits) {
    let peer = reader.peer();
    let mut membership = match Membership::enter(registry, peer, sink) {
        Ok(membership) => membership,
        Err(why) => {
            tracing::info!(%peer, %why, "turned away");
            return reader.refuse(&line(&why));
        }
    };
    tracing::info!(%peer, "connected");
    let why = match converse(&membership, &mut reader, limits) {
        Ending::Quit => Ending::Quit,
        // Whoever was hung up on only sees that the stream has ended.
        seen => reader.hung_up().unwrap_or(seen),
    };
    membership.ending = why;
    drop(membership);
    tracing::info!(%peer, %why, "disconnected");
    if why == Ending::Quit {
        watch::doing(Activity::Closing);
        reader.drain(PATIENCE);
    }
}

/// Being in the chat. However its thread ends, even by a panic, the client is removed: here, unless it has
/// quit and so has left already.
struct Membership<'a> {
    registry: &'a Registry,
    client: ClientId,
    /// Why it ends, as far as is known by now.
    ending: Ending,
}

impl<'a> Membership<'a> {
    fn enter(registry: &'a Registry, address: SocketAddr, sink: Box<dyn Sink>) -> Result<Self, Event> {
        registry.enter(address, sink).map(|client| Self { registry, client, ending: Ending::Failed })
    }

    fn apply(&self, commands: impl Iterator<Item = Command>) -> ControlFlow<()> {
        self.registry.apply(self.client, commands)
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        // Whoever has quit has left with that.
        if self.ending != Ending::Quit {
            self.registry.leave(self.client, self.ending);
        }
    }
}

/// Reads, decodes, applies; until there is nothing more to read.
///
/// Never inlined: what arriving needs of the stack is given back before a client idles here, and ten
/// thousand idle ones would keep a page more each.
#[inline(never)]
fn converse(membership: &Membership<'_>, mut reader: impl Read, limits: Limits) -> Ending {
    let mut decoder = Decoder::new(limits);
    let mut buffer = vec![0; SMALLEST_READ];
    let mut commands = Vec::new();
    loop {
        watch::doing(Activity::Reading);
        let length = match reader.read(&mut buffer) {
            Ok(0) => return Ending::Closed,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Ending::Lost(error.kind()),
        };
        let read_at = Instant::now();
        watch::doing(Activity::Working);
        decoder.feed(&buffer[..length]);
        loop {
            // Decoded first and applied then: under the lock there is only deciding.
            take_burst(&mut decoder, &mut commands, read_at);
            if commands.is_empty() {
                break;
            }
            if membership.apply(commands.drain(..)).is_break() {
                return Ending::Quit;
            }
        }
        if length == buffer.len() && length < LARGEST_READ {
            buffer.resize(length * 2, 0);
        } else if length < buffer.len() / 16 {
            buffer = vec![0; SMALLEST_READ];
            commands = Vec::new();
        }
    }
}

/// Takes the commands that can be applied under one lock.
fn take_burst(decoder: &mut Decoder, commands: &mut Vec<Command>, read_at: Instant) {
    while commands.len() < BURST {
        let Some(command) = decoder.next_command() else { return };
        let is_last = command.has_long_answer();
        if command.is_followed() {
            watch::follow_message(read_at);
        }
        commands.push(command);
        if is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    use crossbeam_channel::{Receiver, bounded};

    use super::*;
    use crate::{
        broadcaster::{Post, Posts},
        clock::Now,
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

    /// Gives these bytes one at a time, then panics.
    struct Faulty(&'static [u8]);

    impl Read for Faulty {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (&first, rest) = self.0.split_first().expect("planted");
            buffer[0] = first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn chat() -> (Registry, Receiver<Posts>) {
        let (sender, posts) = bounded(100);
        let limits = state::Limits {
            presence: 200,
            history: HistoryLimits { kept: 0, replayed: 0 },
            rate: None,
            files: FileLimits { largest: ByteCount(0), port: 0 },
        };
        let state = State::new(limits, Restored::default(), Now::read());
        (Registry::new(state, sender, Store::none(), Hasher::cheap(), Watch::start()), posts)
    }

    fn enter(registry: &Registry) -> Membership<'_> {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        Membership::enter(registry, address, Box::new(NoSink)).unwrap_or_else(|why| panic!("{why}"))
    }

    fn limits() -> Limits {
        Limits { line: 100, text: 100 }
    }

    #[test]
    fn a_panic_in_one_session_is_only_that_clients_leaving() {
        let (registry, posts) = chat();
        let other = enter(&registry);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let membership = enter(&registry);
            converse(&membership, Faulty(b"/nick bob\nhel"), limits());
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
        assert!(other.apply([Command::ListUsers].into_iter()).is_continue());
        assert!(matches!(
            posts.try_iter().flat_map(|Posts(posts)| posts).last(),
            Some(Post::Tell(_, Event::Users { .. }))
        ));
    }

    #[test]
    fn nothing_comes_between_the_goodbye_and_the_leaving() {
        let (registry, posts) = chat();
        let (_other, membership) = (enter(&registry), enter(&registry));
        assert_eq!(converse(&membership, &b"/quit\nhello\n"[..], limits()), Ending::Quit);
        let last = posts.try_iter().last().expect("it has quit");
        assert!(matches!(
            last.0[..],
            [Post::Tell(_, Event::Goodbye), Post::TellRoom(_, _, Event::Departed(_)), Post::Detach(_)]
        ));
    }
}
