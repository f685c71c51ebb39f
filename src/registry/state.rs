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
    ending::Ending,
    event::Event,
    fact::{Deed, Fact, Noting},
    names::{ClientId, Nick, Room, RoomId},
    origin::Origin,
    password::Hashed,
    record::Restored,
    watch::Gauge,
};

mod accounts;
mod administering;
mod asleep;
mod attempts;
mod bans;
mod bucket;
mod closing;
mod everything;
mod files;
mod guests;
mod history;
mod ignoring;
mod moderating;
mod moderators;
mod muting;
mod naming;
mod networks;
mod noting;
mod pace;
mod rooms;
mod speech;
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
pub use files::{Claim, FileLimits, Lifeline, MOST_TRANSFERS};
pub use history::{History, HistoryLimits};
pub use moderating::Decision;
pub use task::{Done, Task, Then, Work};
pub use unsaved::Unsaved;

use accounts::Account;
use asleep::Asleep;
use attempts::{Attempt, Attempts};
use closing::Closing;
use files::Offers;
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
    /// Which files can be sent.
    pub files: FileLimits,
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
            files: Offers::default(),
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
        let client = self.clients.insert_with_key(|_| Client::new(nick, address, self.lobby, now.instant));
        let backlog = Arc::clone(&self.clients[client].backlog);
        self.posts.push(Post::Attach(client, sink, backlog));
        self.nicks.insert(nick, client);
        self.find_mute(client);
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
            Command::File(command) => self.handle_files(client, command),
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
            Then::Transfer(offer) => self.begin_transfer(offer, done.tokens()),
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

    fn nick(&self, client: ClientId) -> Nick {
        self.clients[client].nick
    }

    fn room(&self, client: ClientId) -> &RoomState {
        &self.rooms[self.clients[client].room]
    }

    fn room_mut(&mut self, client: ClientId) -> &mut RoomState {
        &mut self.rooms[self.clients[client].room]
    }

    fn tell(&mut self, client: ClientId, event: Event) {
        self.posts.push(Post::Tell(client, event));
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
