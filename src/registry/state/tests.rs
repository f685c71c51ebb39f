//! A chat without sockets, for testing its rules.
//!
//! In a conversation `alice+` connects (and becomes alice unheard), `alice-` vanishes, `alice> …`
//! says a line and `alice< …` must hear that line next. What somebody hears and is not written down
//! fails the test, so silence is proved as well.

use std::{
    collections::{HashMap, VecDeque},
    io,
    time::Duration,
};

use super::*;
use crate::{
    dialect::text::{self, Decoder},
    file::ByteCount,
};

mod conversations;
mod files;
mod model;

/// A chat whose rooms remember nothing that is said.
pub(super) fn state(presence: usize) -> State {
    let history = HistoryLimits { kept: 0, replayed: 0 };
    State::new(Limits { presence, history, files: files() }, Restored::default(), Now::read())
}

fn files() -> FileLimits {
    FileLimits { largest: ByteCount(10 << 20), port: 4711 }
}

pub(super) fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// Does what the session would do without the lock.
fn perform(work: &Work) -> Done {
    match work {
        Work::Save => Done::Saved(true),
        Work::Tokens => Done::Tokens(Some(files::tokens())),
    }
}

pub(super) struct NoSink;

impl Sink for NoSink {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        Ok(owed.len() + fresh.len())
    }

    fn finish(&mut self) {}

    fn hang_up(&mut self) {}
}

/// A chat without sockets: everybody has an inbox.
pub(super) struct Chat {
    state: State,
    pub(super) now: Now,
    people: HashMap<String, ClientId>,
    /// The broadcaster's view: who is where, and what they were told.
    rooms: HashMap<ClientId, RoomId>,
    inboxes: HashMap<ClientId, VecDeque<String>>,
}

impl Chat {
    pub(super) fn new(presence_limit: usize) -> Self {
        Self::with(state(presence_limit))
    }

    pub(super) fn with(state: State) -> Self {
        Self {
            state,
            now: Now::read(),
            people: HashMap::new(),
            rooms: HashMap::new(),
            inboxes: HashMap::new(),
        }
    }

    /// Connects somebody, who hears the welcome.
    pub(super) fn connect(&mut self, name: &str) {
        let client = self.state.enter(address(), Box::new(NoSink), self.now);
        self.people.insert(name.into(), client);
        self.inboxes.insert(client, VecDeque::new());
        self.deliver();
    }

    pub(super) fn vanish(&mut self, name: &str) {
        let client = self.people.remove(name).expect("is connected");
        self.state.leave(client, self.now);
        self.deliver();
        self.inboxes.remove(&client);
    }

    pub(super) fn says(&mut self, name: &str, line: &str) {
        let mut decoder = Decoder::new(text::Limits { line: 1000, text: 100 });
        decoder.feed(line.as_bytes());
        decoder.feed(b"\n");
        while let Some(command) = decoder.next_command() {
            let mut task = self.state.apply(self.people[name], command, self.now);
            while let Some(Task { work, then }) = task {
                task = self.state.resume(self.people[name], then, perform(&work), self.now);
            }
            self.deliver();
        }
    }

    /// What somebody was told and has not heard yet.
    pub(super) fn inbox(&mut self, name: &str) -> &mut VecDeque<String> {
        self.inboxes.get_mut(&self.people[name]).expect("is connected")
    }

    fn deliver(&mut self) {
        for post in self.state.take_posts() {
            match post {
                Post::Enter(client, room) => drop(self.rooms.insert(client, room)),
                Post::Tell(client, event) | Post::Dismiss(client, event) => self.tell(client, &event),
                Post::TellRoom(room, except, event) => self.tell_room(room, &except, &event),
                Post::Detach(client) => drop(self.rooms.remove(&client)),
                Post::Attach(..) => {}
                Post::Stop(_) => panic!("not the state's business here"),
            }
        }
    }

    fn tell(&mut self, client: ClientId, event: &Event) {
        let lines = event.to_string();
        self.inboxes
            .get_mut(&client)
            .expect("only clients are told")
            .extend(lines.lines().map(str::to_owned));
    }

    fn tell_room(&mut self, room: RoomId, except: &Except, event: &Event) {
        let hearers: Vec<_> =
            self.rooms.iter().filter(|&(_, &r)| r == room).map(|(&client, _)| client).collect();
        for client in hearers.into_iter().filter(|client| !except.as_slice().contains(client)) {
            self.tell(client, event);
        }
    }

    /// The tables of the state agree with each other.
    #[track_caller]
    pub(super) fn check_consistent(&self) {
        let State { clients, nicks, rooms, room_names, lobby, ignored_by, .. } = &self.state;
        assert_eq!(nicks.len(), clients.len());
        assert_eq!(rooms.len(), room_names.len());
        assert_eq!(rooms.values().map(|room| room.members.len()).sum::<usize>(), clients.len());
        assert_eq!(
            ignored_by.values().map(|clients| clients.len()).sum::<usize>(),
            clients.values().map(|client| client.ignores.len()).sum::<usize>()
        );
        for (id, client) in clients {
            assert_eq!(nicks.get(&client.nick), Some(&id));
            assert_eq!(rooms[client.room].members.get(&client.nick), Some(&id));
            assert_eq!(self.rooms[&id], client.room, "the broadcaster's copy");
        }
        for (id, room) in rooms {
            assert_eq!(room_names.get(&room.name), Some(&id));
            assert!(!room.members.is_empty() || id == *lobby, "{} is empty", room.name);
        }
    }

    #[track_caller]
    fn check_silence(&self, before: &str) {
        for (name, client) in &self.people {
            assert_eq!(self.inboxes[client], [""; 0], "unheard by {name}, before {before:?}");
        }
    }
}

#[track_caller]
fn check(conversation: &str) {
    check_with(&mut Chat::new(200), conversation);
}

#[track_caller]
fn check_with(chat: &mut Chat, conversation: &str) {
    for line in conversation.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let at = line.find(['+', '-', '>', '<']).expect("a line of a conversation");
        let (name, text) = (&line[..at], line[at + 1..].trim_start());
        match &line[at..=at] {
            "+" => {
                chat.check_silence(line);
                chat.connect(name);
                chat.says(name, &format!("/nick {name}"));
                chat.inboxes.values_mut().for_each(VecDeque::clear);
            }
            "-" => {
                chat.check_silence(line);
                chat.vanish(name);
            }
            ">" => {
                chat.check_silence(line);
                chat.says(name, text);
            }
            _ => assert_eq!(chat.inbox(name).pop_front().as_deref(), Some(text), "{line:?}"),
        }
    }
    chat.check_silence("the end");
}
