//! The broadcaster without its thread: posts go in, and sockets made of memory show what came out.

use std::{collections::HashMap, io, sync::Arc};

use parking_lot::Mutex;
use proptest::prelude::*;
use slotmap::SlotMap;

use super::{leaving::LINGER, *};
use crate::{
    ending::Ending,
    names::{Nick, Room},
    text::Text,
};

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

    fn finish(&mut self) {
        self.0.lock().is_finished = true;
    }

    fn hang_up(&mut self, _why: Ending) {
        self.0.lock().is_hung_up = true;
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
        let (_, broadcaster) = channel(Limits { outbox, grace: Duration::from_secs(1) }, Watch::start());
        let (clients, rooms, now) = (SlotMap::with_key(), SlotMap::with_key(), Instant::now());
        Self { broadcaster, clients, rooms, now }
    }

    fn room(&mut self) -> RoomId {
        self.rooms.insert(())
    }

    fn client(&mut self, room: RoomId, space: usize) -> (ClientId, Shared) {
        let (client, socket) = (self.clients.insert(()), Shared::with_space(space));
        self.broadcaster.carry_out(Post::Attach(client, Box::new(socket.clone()), Arc::default()));
        self.broadcaster.carry_out(Post::Enter(client, room));
        (client, socket)
    }

    fn say(&mut self, room: RoomId, text: &str) {
        self.broadcaster.carry_out(Post::TellRoom(room, Except::Nobody, said(text)));
    }

    /// Lets so much time pass that every full socket is tried.
    fn tries_again(&mut self) {
        self.now = self.now.max(Instant::now()) + Duration::from_millis(65);
        self.broadcaster.try_again(self.now);
    }
}

fn said(text: &str) -> Event {
    let (room, from) = (Room::lobby(), Nick::new("a").unwrap());
    Event::Said {
        room,
        from,
        text: Text::new(text, 9999).unwrap().unwrap(),
        seq: 0,
        at: std::time::UNIX_EPOCH,
    }
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
fn who_comes_or_goes_in_the_middle_of_a_batch_hears_exactly_its_part() {
    let mut studio = Studio::new(9999);
    let (red, blue) = (studio.room(), studio.room());
    let (_, at_stayer) = studio.client(red, 9999);
    studio.say(red, "before");
    let (mover, at_mover) = studio.client(red, 9999);
    studio.say(red, "during");
    studio.broadcaster.carry_out(Post::Enter(mover, blue));
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
fn who_is_excepted_hears_everything_else() {
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
fn what_is_told_to_all_keeps_its_place_in_every_room() {
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
fn a_full_socket_is_left_alone_until_it_is_tried_again() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (_, at_alice) = studio.client(room, 5);
    for _ in 0..10 {
        studio.say(room, "hello");
        studio.broadcaster.flush();
    }
    assert_eq!(at_alice.0.lock().sends, 1);
    assert!(studio.broadcaster.retry.next().is_some());
    at_alice.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!(at_alice.heard(), line("hello").repeat(10));
    assert!(studio.broadcaster.retry.next().is_none(), "nothing is left to try");
}

#[test]
fn a_full_socket_that_drains_does_not_make_a_thousand_others_be_tried_as_often() {
    let mut studio = Studio::new(1 << 20);
    let room = studio.room();
    let stuck: Vec<_> = (0..1000).map(|_| studio.client(room, 0).1).collect();
    let (_, draining) = studio.client(room, 0);
    studio.say(room, &"x".repeat(9999));
    studio.broadcaster.flush();
    let start = Instant::now();
    for millisecond in 1..=1000 {
        draining.0.lock().space = 5;
        studio.broadcaster.try_again(start + Duration::from_millis(millisecond));
    }
    let sends = |socket: &Shared| socket.0.lock().sends;
    assert!(sends(&draining) > 900, "{} tries of the one that drains", sends(&draining));
    let most = stuck.iter().map(sends).max();
    assert!(most < Some(30), "{most:?} tries of one that does not");
}

#[test]
fn a_client_over_its_limit_is_cut_after_a_whole_line_and_told_why() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, line("first").len() + 3);
    let (_, at_bob) = studio.client(room, 9999);
    for text in ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"] {
        studio.say(room, text);
        studio.broadcaster.flush();
    }
    assert!(at_alice.0.lock().is_hung_up);
    assert_eq!(at_bob.heard().lines().count(), 8);
    at_alice.0.lock().space = 9999;
    studio.broadcaster.carry_out(Post::Detach(alice));
    studio.tries_again();
    assert_eq!(at_alice.heard(), line("first") + &line("second") + "Disconnected: too slow to read.\n");
    assert!(at_alice.0.lock().is_finished);
}

#[test]
fn a_client_whose_socket_was_not_even_asked_is_not_cut() {
    let mut studio = Studio::new(100);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    for _ in 0..20 {
        studio.broadcaster.carry_out(Post::Tell(alice, said("hello")));
    }
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), line("hello").repeat(20));
}

#[test]
fn who_has_left_is_still_given_what_it_is_owed() {
    let mut studio = Studio::new(9999);
    let room = studio.room();
    let (alice, at_alice) = studio.client(room, 9999);
    let (bob, at_bob) = studio.client(room, 4);
    studio.say(room, "hello");
    studio.broadcaster.carry_out(Post::Detach(alice));
    studio.broadcaster.carry_out(Post::Detach(bob));
    studio.say(room, "too late");
    studio.broadcaster.flush();
    assert_eq!(at_alice.heard(), line("hello"));
    assert!(at_alice.0.lock().is_finished);
    assert!(!at_bob.0.lock().is_finished);
    at_bob.0.lock().space = 9999;
    studio.tries_again();
    assert_eq!(at_bob.heard(), line("hello"));
    assert!(at_bob.0.lock().is_finished);
    assert!(studio.broadcaster.leaving.is_empty());
}

#[test]
fn a_connection_that_is_gone_is_hung_up_and_costs_nothing_more() {
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
fn a_stop_is_told_to_all_and_ends_what_is_sent() {
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
fn a_broadcaster_ends_when_its_last_sender_is_gone_though_nobody_reads() {
    let limits = Limits { outbox: 9999, grace: Duration::from_millis(20) };
    let (sender, broadcaster) = channel(limits, Watch::start());
    let (client, room) = (SlotMap::with_key().insert(()), SlotMap::with_key().insert(()));
    let socket = Shared::with_space(3);
    let posts = vec![
        Post::Attach(client, Box::new(socket.clone()), Arc::default()),
        Post::Enter(client, room),
        Post::TellRoom(room, Except::Nobody, said("hello")),
    ];
    assert!(sender.send(Posts(posts)).is_ok());
    drop(sender);
    let start = Instant::now();
    broadcaster.run();
    assert!(start.elapsed() < LINGER, "the grace counts, and not how long one who leaves may take");
    assert_eq!(socket.heard(), "[lo");
}

/// What may happen to a broadcaster, by index of client and room.
#[derive(Clone, Debug)]
enum Happening {
    Say(usize, u16),
    SayExcept(usize, usize),
    SayToAll(u16),
    Tell(usize, u16),
    Move(usize, usize),
    Leave(usize),
    Flush,
    Space(usize, usize),
    TryAgain,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let (client, room) = (|| 0..4_usize, || 0..3_usize);
    let happening = prop_oneof![
        4 => (room(), any::<u16>()).prop_map(|(room, n)| Happening::Say(room, n)),
        2 => (room(), client()).prop_map(|(room, client)| Happening::SayExcept(room, client)),
        1 => any::<u16>().prop_map(Happening::SayToAll),
        3 => (client(), any::<u16>()).prop_map(|(client, n)| Happening::Tell(client, n)),
        2 => (client(), room()).prop_map(|(client, room)| Happening::Move(client, room)),
        1 => client().prop_map(Happening::Leave),
        2 => Just(Happening::Flush),
        3 => (client(), 0..60_usize).prop_map(|(client, space)| Happening::Space(client, space)),
        2 => Just(Happening::TryAgain),
    ];
    prop::collection::vec(happening, 1..100)
}

/// What each client must hear in the end.
struct Expected {
    room: HashMap<ClientId, RoomId>,
    heard: HashMap<ClientId, String>,
}

impl Expected {
    fn say(&mut self, room: RoomId, except: Option<ClientId>, text: &str) {
        for (client, _) in self.room.iter().filter(|&(&client, &at)| at == room && Some(client) != except) {
            self.heard.entry(*client).or_default().push_str(&line(text));
        }
    }

    fn tell(&mut self, client: ClientId, text: &str) {
        if self.room.contains_key(&client) {
            self.heard.entry(client).or_default().push_str(&line(text));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the sockets take when, in the end everybody has heard exactly its own, in order.
    #[test]
    fn every_byte_arrives_once_and_in_order_however_little_the_sockets_take(happenings in happenings()) {
        let mut studio = Studio::new(1 << 20);
        let rooms = [studio.room(), studio.room(), studio.room()];
        let clients: Vec<_> = (0..4).map(|n| studio.client(rooms[n % 3], 0)).collect();
        let mut expected = Expected {
            room: clients.iter().enumerate().map(|(n, (client, _))| (*client, rooms[n % 3])).collect(),
            heard: HashMap::new(),
        };
        for happening in happenings {
            let broadcaster = &mut studio.broadcaster;
            match happening {
                Happening::Say(room, n) => {
                    broadcaster.carry_out(Post::TellRoom(rooms[room], Except::Nobody, said(&n.to_string())));
                    expected.say(rooms[room], None, &n.to_string());
                }
                Happening::SayExcept(room, client) => {
                    let client = clients[client].0;
                    broadcaster.carry_out(Post::TellRoom(rooms[room], Except::One(client), said("psst")));
                    expected.say(rooms[room], Some(client), "psst");
                }
                Happening::SayToAll(n) => {
                    broadcaster.carry_out(Post::TellAll(said(&n.to_string())));
                    for room in rooms {
                        expected.say(room, None, &n.to_string());
                    }
                }
                Happening::Tell(client, n) => {
                    broadcaster.carry_out(Post::Tell(clients[client].0, said(&n.to_string())));
                    expected.tell(clients[client].0, &n.to_string());
                }
                Happening::Move(client, room) => {
                    if let Some(at) = expected.room.get_mut(&clients[client].0) {
                        *at = rooms[room];
                        broadcaster.carry_out(Post::Enter(clients[client].0, rooms[room]));
                    }
                }
                Happening::Leave(client) => {
                    if expected.room.remove(&clients[client].0).is_some() {
                        broadcaster.carry_out(Post::Detach(clients[client].0));
                    }
                }
                Happening::Flush => broadcaster.flush(),
                Happening::Space(client, space) => clients[client].1.0.lock().space = space,
                Happening::TryAgain => studio.tries_again(),
            }
        }
        for (_, socket) in &clients {
            socket.0.lock().space = usize::MAX;
        }
        studio.broadcaster.flush();
        studio.tries_again();
        for (client, socket) in &clients {
            prop_assert_eq!(socket.heard(), expected.heard.get(client).cloned().unwrap_or_default());
        }
    }
}
