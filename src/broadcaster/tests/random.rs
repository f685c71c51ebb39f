//! Random posts, and sockets that take random amounts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

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

    /// In the end each client has heard exactly its part, in order.
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
                    broadcaster.carry_out(Post::TellRoom(rooms[room], Except::NoOne, said(&n.to_string())));
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
                        broadcaster.carry_out(Post::Enter(clients[client].0, rooms[room], Room::lobby()));
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
