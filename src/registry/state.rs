//! The chat's rules: who is called what, who is in which room, who hears whom.
//!
//! No socket, thread, clock or lock in here: a command comes in, posts come out. So the rules are
//! tested as conversations, and by random ones. Where a rule needs something slow, it hands out a
//! [`Task`]: the session does it without the lock, and comes back with what came of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
    event::{Event, Listing, account::AccountEvent, moderation::Refused, past::Manner},
    fact::{Deed, Ending, Fact, Noting},
    names::{ClientId, Nick, Room, RoomId},
    origin::Origin,
    password::Hashed,
    store::Restored,
    text::Text,
    watch::Gauge,
};

mod accounts;
mod administering;
mod asleep;
mod attempts;
mod bans;
mod bucket;
mod closing;
mod guests;
mod history;
mod ignoring;
mod moderating;
mod moderators;
mod muting;
mod networks;
mod noting;
mod pace;
mod task;
#[cfg(test)]
pub(super) mod tests;
mod throughput;
mod unsaved;
mod watching;

pub use accounts::AccountThen;
pub use asleep::Lasting;
pub use bans::Bans;
pub use bucket::Rate;
pub use closing::Countdown;
pub use history::{History, HistoryLimits};
pub use moderating::Decision;
pub use task::{Done, Task, Then, Work};
pub use unsaved::Unsaved;

use accounts::Account;
use asleep::Asleep;
use attempts::{Attempt, Attempts};
use closing::Closing;
use guests::GuestNumbers;
use muting::{Mute, MuteId};
use networks::Networks;
use pace::Pace;
use throughput::Throughput;
use unsaved::Marks;

/// What the rules are set to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In a room with more members than this, coming and going are not announced.
    pub presence: usize,
    /// What rooms remember.
    pub history: HistoryLimits,
    /// How much one client may say; with `None`, as fast as it likes, and all else too.
    pub rate: Option<Rate>,
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
    /// Rooms that nobody is in, and that are remembered.
    asleep: Asleep,
    /// Where nobody may come from.
    networks: Networks,
    /// When the server is to stop, if an administrator has said so.
    closing: Option<Closing>,
    /// Bytes that all rooms' histories take.
    history_size: usize,
    unsaved: Marks,
    accounts: HashMap<Nick, Account>,
    /// The hash of the administrators' password, if there is one.
    administrator: Option<Hashed>,
    /// Who has tried passwords lately.
    attempts: HashMap<(Origin, Attempt), Attempts>,
    mutes: SlotMap<MuteId, Mute>,
    /// How many things have been said.
    seq: u64,
    /// How many times somebody has come into a room.
    arrivals: u64,
    /// How many lately.
    throughput: Throughput,
    /// Everybody has been told that the server stops: that was the last word.
    is_stopping: bool,
    /// When the command at hand was read.
    now: Now,
    /// What follows from it.
    posts: Vec<Post>,
    facts: Vec<Fact>,
    /// What of it is noted as a fact; `None` if nobody looks back.
    noting: Option<Noting>,
    task: Option<Task>,
}

struct Client {
    nick: Nick,
    address: SocketAddr,
    /// The account it has logged in to, whatever its nickname is now.
    account: Option<Nick>,
    is_administrator: bool,
    /// It was told to go, and is no longer listened to.
    is_dismissed: bool,
    /// It knows that its passwords can be read on their way.
    is_warned: bool,
    attempts: [Attempts; 2],
    room: RoomId,
    /// Which of all arrivals in a room was its arrival in this one.
    arrival: u64,
    connected: Instant,
    last_active: Instant,
    /// Whom `/reply` answers. The id, because a nickname can pass to somebody else.
    last_whisperer: Option<(ClientId, Nick)>,
    /// The other side of `ignored_by`.
    ignores: Vec<Nick>,
    pace: Pace,
    /// How many bytes wait for it because its socket is full, as of some milliseconds ago.
    /// `backlog.get()` reads that at any time; the broadcaster writes it.
    backlog: Arc<Gauge>,
}

struct RoomState {
    name: Room,
    /// In the order `/users` shows them.
    members: BTreeMap<Nick, ClientId>,
    /// In the order in which they came.
    arrivals: BTreeMap<u64, ClientId>,
    /// The members that moderate it and have no account; those who have are in `lasting`.
    moderators: BTreeSet<ClientId>,
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
            asleep: Asleep::default(),
            networks: Networks::default(),
            closing: None,
            history_size: 0,
            unsaved: Marks::default(),
            accounts: HashMap::new(),
            administrator: None,
            attempts: HashMap::new(),
            mutes: SlotMap::with_key(),
            seq: 0,
            arrivals: 0,
            throughput: Throughput::new(now.instant),
            is_stopping: false,
            now,
            posts: Vec::new(),
            facts: Vec::new(),
            noting: None,
            task: None,
        };
        state.restore(restored);
        state
    }

    fn restore(&mut self, Restored { rooms, accounts, networks }: Restored) {
        self.restore_networks(networks);
        for room in rooms {
            self.restore_room(room);
        }
        for (nick, hash) in accounts {
            self.restore_account(nick, &hash);
        }
    }

    /// Lets a client in as a guest in the lobby.
    pub fn enter(&mut self, address: SocketAddr, sink: Box<dyn Sink>, now: Now) -> ClientId {
        self.now = now;
        let nick = Nick::guest(self.guests.take());
        let entering = Client::new(nick, address, self.lobby, now.instant);
        let backlog = Arc::clone(&entering.backlog);
        let client = self.clients.insert(entering);
        self.posts.push(Post::Attach(client, sink, backlog));
        self.nicks.insert(nick, client);
        self.carry_mute(client);
        self.note(client, Deed::Connected);
        self.enter_room(client, self.lobby, Event::Welcome(nick), Event::Arrived(nick));
        self.warn_of_closing_time(client);
        client
    }

    /// Carries out one command; `now` is when it was read. If there is a task, the next command of
    /// this client waits until it is done and [`State::resume`] was called.
    pub fn apply(&mut self, client: ClientId, command: Command, now: Now) -> Option<Task> {
        let asking =
            self.clients.get_mut(client).filter(|asking| !self.is_stopping && !asking.is_dismissed)?;
        asking.last_active = now.instant;
        self.now = now;
        if self.may(client, &command) {
            self.carry_out(client, command);
        }
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

    /// Forgets a client that has gone for this reason.
    pub fn leave(&mut self, client: ClientId, why: Ending, now: Now) {
        self.now = now;
        if let Some(nick) = self.clients.get(client).map(|client| client.nick) {
            self.note_ending(client, why);
            self.announce(client, Event::Departed(nick));
            self.leave_room(client);
            self.forget(client);
            self.posts.push(Post::Detach(client));
        }
    }

    /// Tells everybody that the server stops; from then on nobody is told anything.
    pub fn stop(&mut self) {
        self.is_stopping = true;
        self.posts.push(Post::Stop(Event::ShuttingDown));
    }

    /// What the broadcaster is to do about everything decided since this was last asked.
    pub fn take_posts(&mut self) -> Vec<Post> {
        mem::take(&mut self.posts)
    }

    /// Whether [`State::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    fn carry_out(&mut self, client: ClientId, command: Command) {
        self.note_command(client, &command);
        if let Some(why) = self.refusal(client, &command) {
            return self.tell(client, why);
        }
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
            Command::ShowEmojis(found) => self.tell(client, Event::Emojis(found)),
            Command::Moderate(order) => self.moderate(client, order),
            Command::Administer(order) => self.administer(client, order),
            Command::Ignore(nick) => self.ignore(client, nick),
            Command::Unignore(nick) => self.unignore(client, nick),
            Command::Account(command) => self.carry_out_account(client, command),
            Command::Muting(command) => self.carry_out_muting(client, command),
            Command::Watch(watching) => self.watch(client, watching),
            Command::Help(None) => self.tell(client, Event::Commands),
            Command::Help(Some(verb)) => self.tell(client, Event::Explained(verb)),
            Command::Quit => self.tell(client, Event::Goodbye),
            Command::Mistake(mistake) => self.tell(client, Event::Mistaken(mistake)),
        }
    }

    fn go_on(&mut self, client: ClientId, then: Then, done: Done) {
        match then {
            Then::TellDecision(decision) => self.tell_decision(client, decision, done),
            Then::Answer(event) => {
                self.tell(client, event);
                self.warn_unless_saved(client, done);
            }
            Then::Account(then) => self.go_on_with_account(client, then, done),
            Then::Watch(then) => self.show(client, then, done),
            Then::Nothing => {}
        }
    }

    fn say(&mut self, client: ClientId, text: Text) {
        let (from, room, seq) = (self.nick(client), self.room(client).name, self.next_seq());
        self.remember(client, text.clone(), Manner::Said, seq);
        self.note(client, Deed::Said(text.clone()));
        self.tell_hearers(client, Event::Said { room, from, text, seq, at: self.now.wall });
    }

    fn act(&mut self, client: ClientId, text: Text) {
        let (from, seq) = (self.nick(client), self.next_seq());
        self.remember(client, text.clone(), Manner::Acted, seq);
        self.note(client, Deed::Acted(text.clone()));
        self.tell_hearers(client, Event::Acted { from, text, seq, at: self.now.wall });
    }

    fn rename(&mut self, client: ClientId, new: Nick) {
        if self.is_somebody_elses(new, client) {
            return self.tell(client, AccountEvent::LoginRequired(new).into());
        }
        if self.nicks.get(&new).is_some_and(|&owner| owner != client) {
            return self.tell(client, Event::NickTaken(new));
        }
        if self.room(client).lasting.bans.forbid(new) && !self.clients[client].is_administrator {
            return self.tell(client, Refused::NickBanned(new).into());
        }
        self.call(client, new);
    }

    /// Gives a client a new nickname, which is free.
    fn call(&mut self, client: ClientId, new: Nick) {
        let old = self.nick(client);
        self.follow_ignored(old, new);
        self.rename_member(client, new);
        self.tell(client, Event::NickChanged(new));
        if old.as_str() != new.as_str() {
            self.announce(client, Event::Renamed { old, new });
        }
    }

    fn rename_member(&mut self, client: ClientId, new: Nick) {
        self.note(client, Deed::Renamed(new));
        let old = self.nick(client);
        self.nicks.remove(&old);
        self.nicks.insert(new, client);
        self.guests.give_back(old);
        self.hear_again(client, new);
        self.clients[client].nick = new;
        self.carry_mute(client);
        let room = self.room_mut(client);
        // Removed first: inserting an equal key would keep the old spelling.
        room.members.remove(&old);
        room.members.insert(new, client);
    }

    fn join(&mut self, client: ClientId, name: Room) {
        if self.is_refused(client, name) {
            return self.tell(client, Refused::Banned.into());
        }
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
        let total = self.active_rooms();
        let active =
            self.room_names.values().map(|&id| &self.rooms[id]).filter(|room| !room.members.is_empty());
        let rooms = Listing::new(total, active.map(|room| room.name));
        self.tell(client, Event::Rooms(rooms));
    }

    /// How many rooms have somebody in them.
    fn active_rooms(&self) -> usize {
        let lobby_is_empty = self.rooms[self.lobby].members.is_empty();
        self.room_names.len() - usize::from(lobby_is_empty)
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
        if !self.may_whisper_to(client, target) {
            return;
        }
        let (from, to) = (self.nick(client), self.nick(target));
        self.throughput.count(self.now.instant);
        self.note_whisper(client, to, &text);
        let is_heard = !self.clients[target].ignores.contains(&from);
        self.have_met(client, target, is_heard);
        if is_heard {
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
        let (room, told) = (self.clients[client].room, Event::TopicSet { by, topic });
        self.note(client, Deed::Did(told.clone()));
        self.posts.push(Post::TellRoom(room, Except::Nobody, told));
    }

    /// From the room a client is in to another one.
    fn move_to(&mut self, client: ClientId, room: RoomId, told: Event) {
        let nick = self.nick(client);
        self.note(client, Deed::Left);
        self.announce(client, Event::Left(nick));
        self.leave_room(client);
        self.enter_room(client, room, told, Event::Entered(nick));
        self.note(client, Deed::Entered);
    }

    /// The client is told after it has entered, so it misses nothing from then on.
    fn enter_room(&mut self, client: ClientId, room: RoomId, told: Event, announced: Event) {
        let nick = self.nick(client);
        self.clients[client].room = room;
        self.rooms[room].members.insert(nick, client);
        self.arrive(client, room);
        self.posts.push(Post::Enter(client, room));
        self.tell(client, told);
        self.replay(client);
        self.announce(client, announced);
    }

    fn leave_room(&mut self, client: ClientId) {
        let (nick, id) = (self.nick(client), self.clients[client].room);
        self.rooms[id].members.remove(&nick);
        self.resign(client, id);
        let room = &self.rooms[id];
        if room.members.is_empty() && id != self.lobby {
            self.room_names.remove(&room.name);
            if let Some(RoomState { name, lasting, .. }) = self.rooms.remove(id) {
                self.put_to_sleep(name, lasting);
            }
        }
    }

    fn forget(&mut self, client: ClientId) {
        self.stop_ignoring(client);
        self.log_out(client);
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
        self.throughput.count(self.now.instant);
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
            is_dismissed: false,
            is_warned: false,
            attempts: Default::default(),
            room,
            arrival: 0,
            connected: now,
            last_active: now,
            last_whisperer: None,
            ignores: Vec::new(),
            pace: Pace::new(now),
            backlog: Arc::default(),
        }
    }
}

impl RoomState {
    fn new(name: Room, lasting: Lasting) -> Self {
        Self {
            name,
            members: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            moderators: BTreeSet::new(),
            lasting,
        }
    }
}
