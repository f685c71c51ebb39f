//! A chat without sockets, for testing its rules.
//!
//! In a conversation `alice+` connects (and becomes alice unheard), `alice-` vanishes, `alice> …`
//! says a line and `alice< …` must hear that line next. What a client hears and is not written down
//! fails the test, so silence is proved as well.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use super::{
    attempts::{Attempt, Guesser},
    rooms::Remembered,
    *,
};
use crate::{
    broadcaster::{Encoded, Sink, Traced},
    dialect::{
        Dialect, Greeting, Scene,
        text::{self, Decoder},
    },
    fact::{Fact, Noting},
    file::ByteCount,
    names::{Nick, Peer, Room, RoomId},
    record::{Record, RestoredRoom},
    registry::hashing::Hasher,
    text::Text,
    watch::{Journey, Reach, Reported},
};

mod accounts;
mod accounts_under_way;
mod administration;
mod asking;
mod away;
mod bots;
mod ignoring;
mod listing;
mod marks;
mod model;
mod moderation;
mod moderators;
mod muting;
mod nicknames;
mod noting;
mod offers;
mod pace;
mod passwords;
mod presence;
mod rooms;
mod searching;
mod speech;
mod transfers;
mod watching;

const LINES: text::Limits = text::Limits { line: 1000, text: 100 };

/// A chat whose rooms remember nothing that is said.
pub(in crate::registry) fn state(presence: usize) -> State {
    State::new(limits(presence), Restored::default(), Now::read())
}

/// Limits that no test reaches, except the one on presence.
fn limits(presence: usize) -> Limits {
    let files = FileLimits { largest: ByteCount(10 << 20), port: Some(4711) };
    let history = HistoryLimits { remembered: 0, replayed: 0 };
    Limits { presence, history, rate: None, files, lines: LINES }
}

pub(in crate::registry) fn guest() -> Newcomer {
    Newcomer::guest(SocketAddr::from(([127, 0, 0, 1], 1)))
}

pub(in crate::registry) struct NoSink;
impl Sink for NoSink {
    fn send(&mut self, owed: &[u8], fresh: &[u8]) -> io::Result<usize> {
        Ok(owed.len() + fresh.len())
    }

    fn finish(&mut self) {}

    fn hang_up(&mut self, _why: Ending) {}
}

impl State {
    /// As if the client had given the administrators' password.
    pub(in crate::registry) fn make_administrator(&mut self, client: ClientId) {
        self.people[client].is_administrator = true;
    }
}

/// A chat without sockets: each client has an inbox.
pub(super) struct Chat {
    state: State,
    pub(super) now: Now,
    people: HashMap<String, ClientId>,
    /// The broadcaster's view: in which room each client is, and what it was told.
    rooms: HashMap<ClientId, RoomId>,
    inboxes: HashMap<ClientId, VecDeque<String>>,
    hasher: Hasher,
    /// Whether what is to be saved is saved.
    has_disk: bool,
    noting: Option<Noting>,
    facts: Vec<Fact>,
    hung_up: Vec<Box<dyn Lifeline>>,
}

/// Makes one decision; returns what it yields and what follows from it.
pub(super) fn decide<T>(
    state: &mut State,
    now: Now,
    decide: impl FnOnce(&mut State, &mut Turn) -> T,
) -> (T, Turn) {
    let mut turn = Turn::new(now, None);
    (decide(state, &mut turn), turn)
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
            hasher: Hasher::cheap(),
            has_disk: true,
            noting: None,
            facts: Vec::new(),
            hung_up: Vec::new(),
        }
    }

    /// Connects a client, which hears the welcome.
    pub(super) fn connect(&mut self, name: &str) {
        self.connect_from(SocketAddr::from(([127, 0, 0, 1], 1)), name);
    }

    fn connect_from(&mut self, peer: impl Into<Peer>, name: &str) {
        self.connect_as(&Newcomer::guest(peer), name);
    }

    fn connect_as(&mut self, newcomer: &Newcomer, name: &str) {
        let mut turn = Turn::new(self.now, self.noting);
        let client = self.state.enter(&mut turn, newcomer, Box::new(NoSink));
        self.people.insert(name.into(), client);
        self.inboxes.insert(client, VecDeque::new());
        self.finish(turn);
    }

    /// Makes one decision and delivers what follows from it; returns what it yields and its task.
    pub(super) fn decide<T>(&mut self, decide: impl FnOnce(&mut State, &mut Turn) -> T) -> (T, Option<Task>) {
        let mut turn = Turn::new(self.now, self.noting);
        let decided = decide(&mut self.state, &mut turn);
        (decided, self.finish(turn))
    }

    fn finish(&mut self, turn: Turn) -> Option<Task> {
        self.facts.extend(turn.facts);
        self.hung_up.extend(turn.hung_up);
        self.deliver(turn.posts);
        turn.task.map(|task| *task)
    }

    /// Carries out a command of a client; returns its task.
    pub(super) fn apply(&mut self, name: &str, mut command: Command) -> Option<Task> {
        let client = self.people[name];
        if let Some(condition) = command.condition.take()
            && !self.state.meets(client, &condition, &mut command)
        {
            return None;
        }
        self.decide(|state, turn| state.apply(turn, client, command)).1
    }

    /// Makes a client an administrator.
    fn promote(&mut self, name: &str) {
        self.state.make_administrator(self.people[name]);
    }

    fn passes(&mut self, seconds: u64) {
        self.now.instant += Duration::from_secs(seconds);
    }

    /// Empties the inboxes of all clients.
    fn hush(&mut self) {
        self.inboxes.values_mut().for_each(VecDeque::clear);
    }

    pub(super) fn vanish(&mut self, name: &str) {
        let client = self.people.remove(name).expect("is connected");
        self.decide(|state, turn| state.leave(turn, client, Ending::Closed));
        self.inboxes.remove(&client);
    }

    pub(super) fn says(&mut self, name: &str, line: &str) {
        let mut decoder = Decoder::new(LINES);
        decoder.feed(line.as_bytes());
        decoder.feed(b"\n");
        while let Some(command) = decoder.next_command() {
            let task = self.apply(name, command);
            self.perform(name, task);
        }
    }

    /// Does what the client's session would do without the lock.
    pub(super) fn perform(&mut self, name: &str, mut task: Option<Task>) {
        while let Some(next) = task {
            task = self.goes_on(name, next);
        }
    }

    /// Logs a client in.
    pub(super) fn has_account(&mut self, name: &str, account: &str) {
        let client = self.people[name];
        self.state.people[client].account = Nick::new(account).ok();
        self.decide(|state, turn| turn.in_name_of(client, |turn| state.apply_account(turn)));
    }

    /// The chat after a restart, as far as it is saved.
    pub(super) fn restarts(&mut self) {
        let mut restored = Restored::default();
        for changed in self.state.take_unsaved() {
            match self.state.record(changed) {
                Record::Room(name, rules) => {
                    restored.rooms.push(RestoredRoom { name, rules, lines: Vec::new() });
                }
                Record::Network(network, ban) => restored.networks.extend(ban.map(|ban| (network, ban))),
                Record::Numbers(reserved) => restored.numbers = reserved,
                Record::Lines { .. } | Record::Account(..) => {}
            }
        }
        *self = Self {
            now: self.now,
            has_disk: self.has_disk,
            ..Self::with(State::new(self.state.limits, restored, self.now))
        };
    }

    /// Says a line that needs slow work, which is not done yet.
    fn begins(&mut self, name: &str, line: &str) -> Task {
        let mut decoder = Decoder::new(LINES);
        decoder.feed(format!("{line}\n").as_bytes());
        let command = decoder.next_command().expect("one line");
        self.apply(name, command).expect("slow work")
    }

    /// Does one task, as the session does it without the lock; returns the next one.
    fn goes_on(&mut self, name: &str, task: Task) -> Option<Task> {
        self.resumes(self.people[name], task)
    }

    fn resumes(&mut self, client: ClientId, task: Task) -> Option<Task> {
        let resumption = match task {
            Task::Save(next) => next.saved(self.has_disk),
            Task::Hash(password, next) => next.with(self.hasher.hash(&password)),
            Task::Verify(password, hash, next) => next.with(self.hasher.verify(&password, hash.as_ref())),
            Task::DrawTokens(next) => next.with(Some(offers::tokens())),
            Task::Look(next) => next.with(Box::new(watching::seen())),
            Task::TakeJourney(Reported(report), next) => {
                next.with(report.try_recv().expect("what was posted is delivered"))
            }
            Task::Encode(event, next) => next.with(Encoded::new(&event, Dialect::Text, &Scene::default())),
            Task::Search(search, next) => next.with(search.read()),
            Task::Wait(pause, next) => {
                self.now.instant += pause;
                next.with(())
            }
            Task::WakeTimer => return None,
        };
        self.decide(|state, turn| state.resume(turn, client, resumption)).1
    }

    /// What a client was told and has not heard yet.
    pub(super) fn inbox(&mut self, name: &str) -> &mut VecDeque<String> {
        self.inboxes.get_mut(&self.people[name]).expect("is connected")
    }

    fn deliver(&mut self, posts: Vec<Post>) {
        for post in posts {
            match post {
                Post::Enter(client, room, _) => drop(self.rooms.insert(client, room)),
                Post::Tell(client, event) | Post::Dismiss(client, event) => self.tell(client, &event),
                Post::TellAll(event) => {
                    for client in self.rooms.keys().copied().collect::<Vec<_>>() {
                        self.tell(client, &event);
                    }
                }
                Post::TellEncoded(client, encoded, _) => self.tell_encoded(client, &encoded),
                Post::TellRoom(room, except, event) => self.tell_room(room, &except, &event),
                Post::TellTraced(traced) => self.tell_traced(&traced),
                Post::Detach(client) => drop(self.rooms.remove(&client)),
                Post::Attach(..) | Post::Limit(_) => {}
                Post::Stop(_) => panic!("no test delivers a stop"),
            }
        }
    }

    fn tell(&mut self, client: ClientId, event: &Event) {
        let lines = String::from_utf8(text::line(event)).expect("sentences are UTF-8");
        let inbox = self.inboxes.get_mut(&client).expect("only clients are told");
        inbox.extend(lines.lines().map(str::to_owned));
    }

    fn tell_encoded(&mut self, client: ClientId, encoded: &Encoded) {
        let lines = str::from_utf8(encoded.as_bytes()).expect("sentences are UTF-8");
        let inbox = self.inboxes.get_mut(&client).expect("only clients are told");
        inbox.extend(lines.lines().map(str::to_owned));
    }

    fn tell_room(&mut self, room: RoomId, except: &Except, event: &Event) {
        let hearers: Vec<_> =
            self.rooms.iter().filter(|&(_, &r)| r == room).map(|(&client, _)| client).collect();
        for client in hearers.into_iter().filter(|client| !except.as_slice().contains(client)) {
            self.tell(client, event);
        }
    }

    fn tell_traced(&mut self, Traced { room, except, event, report }: &Traced) {
        self.tell_room(*room, except, event);
        let hearers = self.rooms.values().filter(|&r| r == room).count() - except.as_slice().len();
        let mut journey = Journey::default();
        journey.end(Reach { hearers, waiting: 0 });
        let _ = report.try_send(journey);
    }

    /// The parts of the state agree with each other.
    #[track_caller]
    pub(super) fn check_consistent(&self) {
        let State { people, rooms, ignores, .. } = &self.state;
        people.check();
        ignores.check();
        rooms.check();
        let members = rooms.active().map(|room| room.members.len()).sum::<usize>();
        assert_eq!(members, people.len());
        for (id, client) in people.iter() {
            assert_eq!(rooms[client.room].members.get(&client.nick), Some(&id));
            assert_eq!(self.rooms[&id], client.room, "the broadcaster's copy");
            assert!(!self.state.is_banned(id), "{} is where it is banned", client.nick);
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
        // One space: those after it are part of what is heard.
        let (name, rest) = (&line[..at], &line[at + 1..]);
        let text = rest.strip_prefix(' ').unwrap_or(rest);
        match &line[at..=at] {
            "+" => {
                chat.check_silence(line);
                chat.connect(name);
                chat.says(name, &format!("/nick {name}"));
                chat.hush();
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
