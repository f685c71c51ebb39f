//! The broadcaster without its thread: posts go in, and sockets made of memory show what came out.

use std::{io, sync::Arc};

use parking_lot::Mutex;
use slotmap::SlotMap;

use super::*;
use crate::{
    ending::Ending,
    names::{Nick, Room},
    record::{Line, Manner},
    text::Text,
};

mod full;
mod random;
mod watched;

/// A socket of a client that reads only when it is told to.
#[derive(Default)]
struct Socket {
    taken: Vec<u8>,
    /// How many more bytes it takes before it is full.
    space: usize,
    sends: usize,
    is_finished: bool,
    is_hung_up: bool,
    is_gone: bool,
    /// Bytes that the client has sent and the server has not read.
    unread: usize,
    /// Bytes that the socket has taken and the client has not received.
    under_way: usize,
    /// How long it wants to be left alone.
    pause: Duration,
    /// How many times it was closed with unread bytes.
    resets: usize,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Socket>>);

impl Shared {
    fn with_space(space: usize) -> Self {
        Self(Arc::new(Mutex::new(Socket { space, ..Socket::default() })))
    }

    fn heard(&self) -> String {
        String::from_utf8(self.0.lock().taken.clone()).unwrap()
    }
}

impl Sink for Shared {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        let mut socket = self.0.lock();
        socket.sends += 1;
        assert!(!socket.is_finished, "nothing is sent after the end");
        if socket.is_gone {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let bytes = [owed, fresh].concat();
        let taken = bytes.len().min(socket.space);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        socket.space -= taken;
        socket.taken.extend(&bytes[..taken]);
        Ok(taken)
    }

    fn pause(&self) -> Duration {
        self.0.lock().pause
    }

    fn finish(&mut self) {
        self.0.lock().is_finished = true;
    }

    fn hang_up(&mut self, _why: Ending) {
        self.0.lock().is_hung_up = true;
    }

    fn drain(&mut self) {
        self.0.lock().unread = 0;
    }

    fn has_arrived(&mut self) -> bool {
        self.0.lock().under_way == 0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The test holds the other one.
        if Arc::strong_count(&self.0) == 2 {
            let mut socket = self.0.lock();
            socket.resets += usize::from(socket.unread > 0);
        }
    }
}

/// A broadcaster, and the ids that a registry would give out.
struct Studio {
    broadcaster: Broadcaster,
    clients: SlotMap<ClientId, ()>,
    rooms: SlotMap<RoomId, ()>,
    /// When full sockets are tried; ahead of the real time, so that no test waits for it.
    now: Instant,
}

impl Studio {
    fn new(outbox: usize) -> Self {
        let (_, broadcaster) = channel(Limits { outbox, grace: Duration::from_secs(1) }, 0, Watch::start());
        let (clients, rooms, now) = (SlotMap::with_key(), SlotMap::with_key(), Instant::now());
        Self { broadcaster, clients, rooms, now }
    }

    fn room(&mut self) -> RoomId {
        self.rooms.insert(())
    }

    fn client(&mut self, room: RoomId, space: usize) -> (ClientId, Shared) {
        self.client_of(Dialect::Text, room, space)
    }

    fn client_of(&mut self, dialect: Dialect, room: RoomId, space: usize) -> (ClientId, Shared) {
        let (client, socket) = (self.clients.insert(()), Shared::with_space(space));
        let sink = Box::new(socket.clone());
        self.broadcaster.carry_out(Post::Attach(client, dialect, sink, Arc::default()));
        self.broadcaster.carry_out(Post::Enter(client, room, Room::lobby()));
        (client, socket)
    }

    fn say(&mut self, room: RoomId, text: &str) {
        self.broadcaster.carry_out(Post::TellRoom(room, Except::NoOne, said(text)));
    }

    /// Lets so much time pass that every full socket is tried.
    fn tries_again(&mut self) {
        self.now = self.now.max(Instant::now()) + Duration::from_millis(65);
        self.broadcaster.try_again(self.now);
    }
}

fn said(text: &str) -> Event {
    let (from, text) = (Nick::new("a").unwrap(), Text::new(text, 9999).unwrap().unwrap());
    let line = Line { seq: 0, at: std::time::UNIX_EPOCH, from, text, manner: Manner::Said };
    Event::Said(Room::lobby(), line)
}

fn line(text: &str) -> String {
    format!("[lobby] a: {text}\n")
}

#[test]
fn a_batch_is_one_send_for_each_client() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    let (_, at_bob) = studio.client(room, 9999);
    studio.say(room, "one");
    studio.broadcaster.carry_out(Post::Tell(alice, Event::Returned));
    studio.say(room, "two");
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), [&line("one"), "You returned to the lobby.\n", &line("two")].concat());
    assert_eq!(at_bob.heard(), [line("one"), line("two")].concat());
    assert_eq!((at_alice.0.lock().sends, at_bob.0.lock().sends), (1, 1));
}

#[test]
fn a_client_that_enters_or_leaves_a_room_within_a_batch_hears_exactly_its_part() {
    let mut studio = Studio::new(9999);
    let (red, blue) = (studio.room(), studio.room());
    let (_, at_stayer) = studio.client(red, 9999);
    studio.say(red, "before");
    let (mover, at_mover) = studio.client(red, 9999);
    studio.say(red, "during");
    studio.broadcaster.carry_out(Post::Enter(mover, blue, Room::lobby()));
    studio.say(red, "after");
    studio.say(blue, "elsewhere");
    studio.broadcaster.flush();
    studio.say(red, "later");
    studio.say(blue, "there");
    studio.broadcaster.flush();
    assert_eq!(at_mover.heard(), [line("during"), line("elsewhere"), line("there")].concat());
    assert_eq!(at_stayer.heard(), [line("before"), line("during"), line("after"), line("later")].concat());
}

#[test]
fn each_member_hears_the_room_in_its_own_dialect() {
    let mut studio = Studio::new(9999);
    let (red, blue) = (studio.room(), studio.room());
    let (alice, at_alice) = studio.client(red, 9999);
    studio.say(red, "before");
    let (bot, at_bot) = studio.client_of(Dialect::Json, red, 9999);
    studio.say(red, "one");
    studio.broadcaster.carry_out(Post::TellRoom(red, Except::One(alice), said("for bot")));
    studio.broadcaster.carry_out(Post::TellRoom(red, Except::One(bot), said("for alice")));
    studio.broadcaster.carry_out(Post::TellAll(Event::TooSlow));
    studio.broadcaster.carry_out(Post::Enter(bot, blue, Room::lobby()));
    studio.say(red, "after");
    studio.broadcaster.flush();
    studio.say(blue, "later");
    studio.broadcaster.flush();
    let sentences =
        [line("before"), line("one"), line("for alice"), format!("{}\n", Event::TooSlow), line("after")];
    assert_eq!(at_alice.heard(), sentences.concat());
    let at_bot = at_bot.heard();
    let texts = at_bot.lines().map(|object| {
        let object: serde_json::Value = serde_json::from_str(object).unwrap();
        object["text"].as_str().unwrap().to_owned()
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["one", "for bot", &Event::TooSlow.to_string(), "later"]);
}

#[test]
fn a_program_that_is_too_slow_is_told_in_its_own_dialect() {
    let mut studio = Studio::new(200);
    let room = studio.room();
    let (_, at_bot) = studio.client_of(Dialect::Json, room, 60);
    for _ in 0..9 {
        studio.say(room, "hello");
        studio.broadcaster.flush();
    }
    at_bot.0.lock().space = 9999;
    studio.tries_again();
    let heard = at_bot.heard();
    let objects: Vec<serde_json::Value> =
        heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 2, "{heard}");
    assert_eq!(objects[1]["event"], "too_slow");
}

#[test]
fn a_client_that_is_excepted_hears_everything_else() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    let (_, at_bob) = studio.client(room, 9999);
    studio.say(room, "one");
    for except in [Except::One(alice), Except::These([alice].into())] {
        studio.broadcaster.carry_out(Post::TellRoom(room, except, said("not for alice")));
    }
    studio.say(room, "two");
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), [line("one"), line("two")].concat());
    assert_eq!(at_bob.heard().lines().count(), 4);
}

#[test]
fn an_event_for_all_clients_keeps_its_place_in_every_room() {
    let mut studio = Studio::new(9999);
    let (red, blue) = (studio.room(), studio.room());
    let (_, in_red) = studio.client(red, 9999);
    let (_, in_blue) = studio.client(blue, 9999);
    studio.say(red, "before");
    studio.broadcaster.carry_out(Post::TellAll(said("all")));
    studio.say(red, "after");
    let (_, too_late) = studio.client(blue, 9999);
    studio.say(blue, "later");
    studio.broadcaster.flush();
    assert_eq!(in_red.heard(), [line("before"), line("all"), line("after")].concat());
    assert_eq!(in_blue.heard(), [line("all"), line("later")].concat());
    assert_eq!(too_late.heard(), line("later"));
    assert_eq!((in_red.0.lock().sends, in_blue.0.lock().sends), (1, 1));
}

#[test]
fn a_lost_connection_is_hung_up_on_and_tried_no_more() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (_, at_alice) = studio.client(room, 9999);
    at_alice.0.lock().is_gone = true;
    for _ in 0..5 {
        studio.say(room, "hello");
        studio.broadcaster.flush();
    }
    assert!(at_alice.0.lock().is_hung_up);
    assert_eq!(at_alice.0.lock().sends, 1);
}

#[test]
fn a_stop_is_told_to_all_clients_and_ends_their_streams() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let sockets = [studio.client(room, 9999).1, studio.client(room, 9999).1];
    studio.say(room, "last words");
    studio.broadcaster.carry_out(Post::Stop(Event::ShuttingDown));
    studio.broadcaster.flush();
    for socket in sockets {
        assert_eq!(socket.heard(), line("last words") + "Server shutting down.\n");
        assert!(socket.0.lock().is_finished && !socket.0.lock().is_hung_up, "it may still be speaking");
    }
}

#[test]
fn a_broadcaster_ends_with_its_last_sender_even_if_no_client_reads() {
    let limits = Limits { outbox: 9999, grace: Duration::from_millis(20) };
    let (sender, broadcaster) = channel(limits, 0, Watch::start());
    let (client, room) = (SlotMap::with_key().insert(()), SlotMap::with_key().insert(()));
    let socket = Shared::with_space(3);
    let posts = vec![
        Post::Attach(client, Dialect::Text, Box::new(socket.clone()), Arc::default()),
        Post::Enter(client, room, Room::lobby()),
        Post::TellRoom(room, Except::NoOne, said("hello")),
    ];
    assert!(sender.send(Posts(posts)).is_ok());
    drop(sender);
    let start = Instant::now();
    broadcaster.run();
    assert!(start.elapsed() < LINGER, "the grace counts, not how long a client that has left may take");
    assert_eq!(socket.heard(), "[lo");
}
