//! The chat's rules: who is called what, who is in which room, who hears whom.
//!
//! No socket, thread, clock or lock in here: a command comes in, posts come out. So the rules are
//! tested as conversations, and by random ones. Where a rule needs something slow, it hands out a
//! [`Task`]: the session does it without the lock, and comes back with what came of it.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use slotmap::SlotMap;

use crate::{
    broadcaster::{Except, Post, Sink},
    clock::Now,
    command::Command,
    event::{Event, Listing, past::Manner},
    fact::{Deed, Fact},
    names::{ClientId, Nick, Room, RoomId},
    store::NetworkBan,
    text::Text,
};

mod asleep;
mod files;
mod guests;
mod history;
mod ignoring;
mod task;
#[cfg(test)]
mod tests;
mod unsaved;

pub use asleep::Lasting;
pub use files::{Claim, FileLimits, Lifeline, MOST_TRANSFERS};
pub use history::{History, HistoryLimits};
pub use task::{Done, Task, Then, Work};

use asleep::Asleep;
use files::Offers;
use guests::GuestNumbers;
use unsaved::{Marks, Unsaved};

/// What the rules are set to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In a room with more members than this, coming and going are not announced.
    pub presence: usize,
    /// What rooms remember.
    pub history: HistoryLimits,
    /// Which files can be sent.
    pub files: FileLimits,
}

/// What was known when the server last stopped.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The rooms.
    pub rooms: Vec<(Room, Lasting)>,
    /// The accounts, with their hashed passwords.
    pub accounts: Vec<(Nick, String)>,
    /// The networks that nobody may connect from.
    pub networks: Vec<(String, NetworkBan)>,
}

/// The chat as it is between two commands.
pub struct State {
    clients: SlotMap<ClientId, Client>,
    /// Finds a client by its nickname, in any case.
    nicks: HashMap<Nick, ClientId>,
    rooms: SlotMap<RoomId, RoomState>,
    /// Finds a room by its name, and lists rooms in order.
    room_names: BTreeMap<Room, RoomId>,
    lobby: RoomId,
    guests: GuestNumbers,
    /// For each nickname, who ignores it: asked for every message, so it is kept from this side, and
    /// shared with the posts.
    ignored_by: HashMap<Nick, Arc<[ClientId]>>,
    limits: Limits,
    files: Offers,
    /// Rooms that nobody is in, and that are remembered.
    asleep: Asleep,
    /// Bytes that all rooms' histories take.
    history_size: usize,
    unsaved: Marks,
    /// How many things have been said.
    seq: u64,
    /// Everybody has been told that the server stops: that was the last word.
    is_stopping: bool,
    /// When the command at hand was read.
    now: Now,
    /// What follows from it.
    posts: Vec<Post>,
    facts: Vec<Fact>,
    task: Option<Task>,
}

struct Client {
    nick: Nick,
    address: SocketAddr,
    /// The account it has logged in to, whatever its nickname is now.
    account: Option<Nick>,
    is_administrator: bool,
    room: RoomId,
    connected: Instant,
    last_active: Instant,
    /// Whom `/reply` answers. The id, because a nickname can pass to somebody else.
    last_whisperer: Option<(ClientId, Nick)>,
    /// The other side of `ignored_by`.
    ignores: Vec<Nick>,
}

struct RoomState {
    name: Room,
    /// In the order `/users` shows them.
    members: BTreeMap<Nick, ClientId>,
    lasting: Lasting,
}

impl State {
    /// A chat with nobody in it, that remembers what was restored.
    pub fn new(limits: Limits, restored: Restored, now: Now) -> Self {
        let mut rooms = SlotMap::with_key();
        let lobby = rooms.insert(RoomState::new(Room::lobby(), Lasting::default()));
        let mut state = Self {
            clients: SlotMap::with_key(),
            nicks: HashMap::new(),
            rooms,
            room_names: BTreeMap::from([(Room::lobby(), lobby)]),
            lobby,
            guests: GuestNumbers::default(),
            ignored_by: HashMap::new(),
            limits,
            files: Offers::default(),
            asleep: Asleep::default(),
            history_size: 0,
            unsaved: Marks::default(),
            seq: 0,
            is_stopping: false,
            now,
            posts: Vec::new(),
            facts: Vec::new(),
            task: None,
        };
        state.restore(restored);
        state
    }

    fn restore(&mut self, Restored { rooms, accounts: _, networks: _ }: Restored) {
        for (room, lasting) in rooms {
            self.seq = self.seq.max(lasting.history.newest().unwrap_or(0));
            self.history_size += lasting.history.size();
            match self.room_names.get(&room) {
                Some(&awake) => self.rooms[awake].lasting = lasting,
                None => self.put_to_sleep(room, lasting),
            }
        }
    }

    /// Lets a client in as a guest in the lobby.
    pub fn enter(&mut self, address: SocketAddr, sink: Box<dyn Sink>, now: Now) -> ClientId {
        self.now = now;
        let nick = Nick::guest(self.guests.take());
        let client = self.clients.insert(Client::new(nick, address, self.lobby, now.instant));
        self.posts.push(Post::Attach(client, sink));
        self.nicks.insert(nick, client);
        self.enter_room(client, self.lobby, Event::Welcome(nick), Event::Arrived(nick));
        client
    }

    /// Carries out one command; `now` is when it was read. If there is a task, the next command of
    /// this client waits until it is done and [`State::resume`] was called.
    pub fn apply(&mut self, client: ClientId, command: Command, now: Now) -> Option<Task> {
        let asking = self.clients.get_mut(client).filter(|_| !self.is_stopping)?;
        asking.last_active = now.instant;
        self.now = now;
        self.carry_out(client, command);
        self.task.take()
    }

    /// Goes on with a command whose task is done.
    pub fn resume(&mut self, client: ClientId, then: Then, done: Done, now: Now) -> Option<Task> {
        if !self.is_stopping && self.clients.contains_key(client) {
            self.now = now;
            self.go_on(client, then, done);
        }
        self.task.take()
    }

    /// Forgets a client.
    pub fn leave(&mut self, client: ClientId, now: Now) {
        self.now = now;
        if let Some(nick) = self.clients.get(client).map(|client| client.nick) {
            self.leave_room(client, Event::Departed(nick));
            self.cancel_offers_of(client);
            self.forget(client);
            self.posts.push(Post::Detach(client));
        }
    }

    /// Tells everybody that the server stops; from then on nobody is told anything.
    pub fn stop(&mut self) {
        self.is_stopping = true;
        self.drop_all_offers();
        self.posts.push(Post::Stop(Event::ShuttingDown));
    }

    /// What the broadcaster is to do about everything decided since this was last asked.
    pub fn take_posts(&mut self) -> Vec<Post> {
        mem::take(&mut self.posts)
    }

    /// What there is to say to those who look back, since this was last asked.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        mem::take(&mut self.facts)
    }

    /// Notes what a client has just done.
    #[expect(dead_code, reason = "nobody looks back yet")]
    fn note(&mut self, client: ClientId, deed: Deed) {
        let Client { nick: who, address, .. } = self.clients[client];
        let (at, room) = (self.now.wall, self.room(client).name);
        self.facts.push(Fact { at, who, address, room, deed });
    }

    /// Whether [`State::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    fn carry_out(&mut self, client: ClientId, command: Command) {
        match command {
            Command::Say(text) => self.say(client, text),
            Command::Act(text) => self.act(client, text),
            Command::Rename(nick) => self.rename(client, nick),
            Command::Join(room) => self.join(client, room),
            Command::Leave => self.return_to_lobby(client),
            Command::ListRooms => self.list_rooms(client),
            Command::ListUsers => self.list_users(client),
            Command::Whisper { to, text } => self.whisper(client, to, text),
            Command::Reply(text) => self.reply(client, text),
            Command::Whois(nick) => self.whois(client, nick),
            Command::ShowTopic => self.show_topic(client),
            Command::SetTopic(topic) => self.set_topic(client, topic),
            Command::ShowHistory(count) => self.show_history(client, count),
            Command::Ignore(nick) => self.ignore(client, nick),
            Command::Unignore(nick) => self.unignore(client, nick),
            Command::File(command) => self.handle_files(client, command),
            Command::Help(None) => self.tell(client, Event::Commands),
            Command::Help(Some(verb)) => self.tell(client, Event::Explained(verb)),
            Command::Quit => self.tell(client, Event::Goodbye),
            Command::Mistake(mistake) => self.tell(client, Event::Mistaken(mistake)),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "rules may need to keep what they get back")]
    fn go_on(&mut self, _client: ClientId, then: Then, done: Done) {
        match then {
            Then::Transfer(offer) => self.begin_transfer(offer, done.tokens()),
        }
    }

    fn say(&mut self, client: ClientId, text: Text) {
        let (from, room, seq) = (self.nick(client), self.room(client).name, self.next_seq());
        self.remember(client, text.clone(), Manner::Said, seq);
        self.tell_hearers(client, Event::Said { room, from, text, seq, at: self.now.wall });
    }

    fn act(&mut self, client: ClientId, text: Text) {
        let (from, seq) = (self.nick(client), self.next_seq());
        self.remember(client, text.clone(), Manner::Acted, seq);
        self.tell_hearers(client, Event::Acted { from, text, seq, at: self.now.wall });
    }

    fn rename(&mut self, client: ClientId, new: Nick) {
        let old = self.nick(client);
        if self.nicks.get(&new).is_some_and(|&owner| owner != client) {
            return self.tell(client, Event::NickTaken(new));
        }
        self.nicks.remove(&old);
        self.nicks.insert(new, client);
        self.guests.give_back(old);
        self.follow_ignored(old, new);
        self.hear_again(client, new);
        self.clients[client].nick = new;
        let room = self.room_mut(client);
        // Removed first: inserting an equal key would keep the old spelling.
        room.members.remove(&old);
        room.members.insert(new, client);
        self.tell(client, Event::NickChanged(new));
        if old.as_str() != new.as_str() {
            self.announce(client, Event::Renamed { old, new });
        }
    }

    fn join(&mut self, client: ClientId, name: Room) {
        let id = self.room_named(name);
        if self.clients[client].room == id {
            return self.tell(client, Event::AlreadyJoined(self.rooms[id].name));
        }
        self.move_to(client, id, Event::Joined(self.rooms[id].name));
        if self.rooms[id].lasting.topic.is_some() {
            self.show_topic(client);
        }
    }

    fn return_to_lobby(&mut self, client: ClientId) {
        if self.clients[client].room == self.lobby {
            return self.tell(client, Event::AlreadyInLobby);
        }
        self.move_to(client, self.lobby, Event::Returned);
    }

    fn list_rooms(&mut self, client: ClientId) {
        let lobby_is_empty = self.rooms[self.lobby].members.is_empty();
        let total = self.room_names.len() - usize::from(lobby_is_empty);
        let active =
            self.room_names.values().map(|&id| &self.rooms[id]).filter(|room| !room.members.is_empty());
        let rooms = Listing::new(total, active.map(|room| room.name));
        self.tell(client, Event::Rooms(rooms));
    }

    fn list_users(&mut self, client: ClientId) {
        let room = self.room(client);
        let users = Listing::new(room.members.len(), room.members.keys().copied());
        self.tell(client, Event::Users { room: room.name, users });
    }

    fn whisper(&mut self, client: ClientId, to: Nick, text: Text) {
        match self.nicks.get(&to) {
            Some(&target) => self.whisper_to(client, target, text),
            None => self.tell(client, Event::NoSuchUser(to)),
        }
    }

    fn reply(&mut self, client: ClientId, text: Text) {
        match self.clients[client].last_whisperer {
            Some((target, _)) if self.clients.contains_key(target) => self.whisper_to(client, target, text),
            Some((_, nick)) => self.tell(client, Event::NoSuchUser(nick)),
            None => self.tell(client, Event::NobodyWhispered),
        }
    }

    /// Whoever ignores the whisperer hears nothing; the whisperer is not told so.
    fn whisper_to(&mut self, client: ClientId, target: ClientId, text: Text) {
        let (from, to) = (self.nick(client), self.nick(target));
        if !self.clients[target].ignores.contains(&from) {
            self.clients[target].last_whisperer = Some((client, from));
            self.tell(target, Event::WhisperFrom { from, text: text.clone() });
        }
        self.tell(client, Event::WhisperTo { to, text });
    }

    fn whois(&mut self, client: ClientId, nick: Nick) {
        let Some(&id) = self.nicks.get(&nick) else {
            return self.tell(client, Event::NoSuchUser(nick));
        };
        let whom = &self.clients[id];
        let now = self.now.instant;
        let (connected, idle) = (now - whom.connected, now - whom.last_active);
        self.tell(client, Event::Whois { nick: whom.nick, room: self.room(id).name, connected, idle });
    }

    fn show_topic(&mut self, client: ClientId) {
        let RoomState { name, lasting, .. } = self.room(client);
        self.tell(client, Event::Topic { room: *name, topic: lasting.topic.clone() });
    }

    fn set_topic(&mut self, client: ClientId, topic: Text) {
        let by = self.nick(client);
        let room = self.room_mut(client);
        room.lasting.topic = Some(topic.clone());
        let changed = Unsaved::Room(room.name);
        self.unsaved.mark(changed);
        self.tell_hearers(client, Event::TopicSet { by, topic });
    }

    /// From the room a client is in to another one.
    fn move_to(&mut self, client: ClientId, room: RoomId, told: Event) {
        let nick = self.nick(client);
        self.leave_room(client, Event::Left(nick));
        self.enter_room(client, room, told, Event::Entered(nick));
    }

    /// The client is told after it has entered, so it misses nothing from then on.
    fn enter_room(&mut self, client: ClientId, room: RoomId, told: Event, announced: Event) {
        let nick = self.nick(client);
        self.clients[client].room = room;
        self.rooms[room].members.insert(nick, client);
        self.posts.push(Post::Enter(client, room));
        self.tell(client, told);
        self.replay(client);
        self.announce(client, announced);
    }

    fn leave_room(&mut self, client: ClientId, announced: Event) {
        self.announce(client, announced);
        let (nick, id) = (self.nick(client), self.clients[client].room);
        let room = &mut self.rooms[id];
        room.members.remove(&nick);
        if room.members.is_empty() && id != self.lobby {
            self.room_names.remove(&room.name);
            if let Some(RoomState { name, lasting, .. }) = self.rooms.remove(id) {
                self.put_to_sleep(name, lasting);
            }
        }
    }

    fn forget(&mut self, client: ClientId) {
        self.stop_ignoring(client);
        let nick = self.nick(client);
        self.nicks.remove(&nick);
        if self.guests.give_back(nick) {
            self.forget_ignored(nick);
        }
        self.clients.remove(client);
    }

    /// The room of this name; woken or made on demand.
    fn room_named(&mut self, name: Room) -> RoomId {
        *self.room_names.entry(name).or_insert_with_key(|&name| {
            let (name, lasting) = self.asleep.take(name).unwrap_or((name, Lasting::default()));
            self.rooms.insert(RoomState::new(name, lasting))
        })
    }

    fn nick(&self, client: ClientId) -> Nick {
        self.clients[client].nick
    }

    fn room(&self, client: ClientId) -> &RoomState {
        &self.rooms[self.clients[client].room]
    }

    fn room_mut(&mut self, client: ClientId) -> &mut RoomState {
        &mut self.rooms[self.clients[client].room]
    }

    fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn tell(&mut self, client: ClientId, event: Event) {
        self.posts.push(Post::Tell(client, event));
    }

    /// Tells what a client said to everybody in its room who wants to hear it.
    fn tell_hearers(&mut self, client: ClientId, event: Event) {
        let Client { nick, room, .. } = self.clients[client];
        self.posts.push(Post::TellRoom(room, self.ignoring(nick), event));
    }

    /// Tells the others in a client's room about its coming, going or renaming, unless they are too
    /// many: ten thousand arrivals told to ten thousand people are a hundred million lines.
    fn announce(&mut self, client: ClientId, event: Event) {
        let room = self.clients[client].room;
        let is_announced = (2..=self.limits.presence).contains(&self.rooms[room].members.len());
        if is_announced && !self.is_stopping {
            self.posts.push(Post::TellRoom(room, Except::One(client), event));
        }
    }
}

impl Client {
    fn new(nick: Nick, address: SocketAddr, room: RoomId, now: Instant) -> Self {
        Self {
            nick,
            address,
            account: None,
            is_administrator: false,
            room,
            connected: now,
            last_active: now,
            last_whisperer: None,
            ignores: Vec::new(),
        }
    }
}

impl RoomState {
    fn new(name: Room, lasting: Lasting) -> Self {
        Self { name, members: BTreeMap::new(), lasting }
    }
}
