//! The clients and their nicknames. Every client has exactly one nickname, and no two have the same.

use std::{
    collections::{BTreeSet, HashMap},
    ops::{Index, IndexMut},
    sync::Arc,
    time::{Duration, Instant},
};

use slotmap::SlotMap;

use crate::{
    dialect::Dialect,
    event::Away,
    names::{ClientId, Nick, Origin, Peer, RoomId},
    watch::{Gauge, Labelled},
    wire::Wire,
};

use super::Newcomer;

/// A client with more bytes than this waiting gets no long answer, so one that does not read gets only one.
const MOST_OWED: u64 = 64 * 1024;

/// How many times a question waits for that; the waits add up to half a minute.
const MOST_WAITS: u8 = 38;

#[derive(Default)]
pub(super) struct People {
    clients: SlotMap<ClientId, Client>,
    /// Finds a client by its nickname, in any case.
    nicks: HashMap<Nick, ClientId>,
    /// The largest number of a guest so far.
    highest_guest: usize,
    /// The numbers of guests that were given back.
    free_guests: BTreeSet<usize>,
    /// How many clients there are on each wire.
    by_wire: Labelled,
}

pub(super) struct Client {
    pub(super) nick: Nick,
    /// The account it is logged in to, which may have another name than its nickname.
    pub(super) account: Option<Nick>,
    pub(super) is_administrator: bool,
    /// The server has dismissed it, and carries out none of its commands.
    pub(super) is_dismissed: bool,
    pub(super) room: RoomId,
    /// The number of its arrival in this room, among all arrivals in rooms.
    pub(super) arrival: u64,
    /// When it last sent a command.
    pub(super) last_active: Instant,
    /// The client that `/reply` answers, and its nickname then: the nickname may pass to another user.
    pub(super) last_whisperer: Option<(ClientId, Nick)>,
    pub(super) away: Option<Away>,
    pub(super) link: Link,
}

/// What a client is recognised by, under another nickname or when it returns.
#[derive(Clone, Copy)]
pub(super) struct Identity {
    pub(super) client: ClientId,
    pub(super) nick: Nick,
    pub(super) account: Option<Nick>,
    pub(super) origin: Origin,
}

pub(super) struct Link {
    pub(super) peer: Peer,
    pub(super) wire: &'static Wire,
    pub(super) dialect: Dialect,
    pub(super) connected: Instant,
    /// It need not be told that its passwords travel unencrypted: it has been told, or they do not.
    pub(super) is_warned: bool,
    /// Bytes that wait because its socket is full. The broadcaster keeps it up to date.
    pub(super) backlog: Arc<Gauge>,
    /// How many times its next question has waited for that.
    pub(super) waits: u8,
}

impl People {
    /// Adds a client, as a guest if it has not said who it is.
    pub(super) fn enter(&mut self, newcomer: &Newcomer, room: RoomId, now: Instant) -> ClientId {
        let nick = newcomer.greeting.as_ref().map_or_else(|| self.free_guest(), |greeting| greeting.nick);
        let Newcomer { peer, wire, dialect, .. } = *newcomer;
        let client = self.clients.insert(Client {
            nick,
            account: None,
            is_administrator: false,
            is_dismissed: false,
            room,
            arrival: 0,
            last_active: now,
            last_whisperer: None,
            away: None,
            link: Link {
                peer,
                wire,
                dialect,
                connected: now,
                is_warned: newcomer.is_private,
                backlog: Arc::default(),
                waits: 0,
            },
        });
        self.nicks.insert(nick, client);
        self.by_wire.add(wire.scheme);
        client
    }

    /// All clients.
    pub(super) fn ids(&self) -> impl Iterator<Item = ClientId> {
        self.clients.keys()
    }

    /// Removes a client. Its nickname is free from now on.
    pub(super) fn leave(&mut self, client: ClientId) {
        if let Some(Client { nick, link, .. }) = self.clients.remove(client) {
            self.by_wire.take(link.wire.scheme);
            self.free(nick);
        }
    }

    /// Gives a client a nickname that no other client has.
    #[inline(never)]
    pub(super) fn rename(&mut self, client: ClientId, new: Nick) {
        let old = std::mem::replace(&mut self.clients[client].nick, new);
        self.free(old);
        self.nicks.insert(new, client);
    }

    fn free(&mut self, nick: Nick) {
        self.nicks.remove(&nick);
        self.free_guests.extend(nick.guest_number());
    }

    /// The free guest nickname with the smallest number. It is taken from now on.
    pub(super) fn free_guest(&mut self) -> Nick {
        let given_back = self.free_guests.pop_first();
        let number = given_back.unwrap_or(self.highest_guest + 1);
        self.highest_guest = self.highest_guest.max(number);
        Nick::guest(number)
    }

    pub(super) fn find(&self, nick: Nick) -> Option<ClientId> {
        self.nicks.get(&nick).copied()
    }

    pub(super) fn identity(&self, client: ClientId) -> Identity {
        let Client { nick, account, .. } = self[client];
        Identity { client, nick, account, origin: self[client].origin() }
    }

    pub(super) fn get(&self, client: ClientId) -> Option<&Client> {
        self.clients.get(client)
    }

    pub(super) fn get_mut(&mut self, client: ClientId) -> Option<&mut Client> {
        self.clients.get_mut(client)
    }

    pub(super) fn contains(&self, client: ClientId) -> bool {
        self.clients.contains_key(client)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        self.clients.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn by_wire(&self) -> &Labelled {
        &self.by_wire
    }

    /// Each client is found by its nickname, and nothing else is. Each is counted once.
    #[cfg(test)]
    #[track_caller]
    pub(super) fn check(&self) {
        assert_eq!(self.nicks.len(), self.clients.len());
        for (id, client) in &self.clients {
            assert_eq!(self.find(client.nick), Some(id));
        }
        assert_eq!(self.by_wire.iter().map(|(_, count)| count).sum::<u64>(), self.clients.len() as u64);
    }
}

impl Index<ClientId> for People {
    type Output = Client;

    fn index(&self, client: ClientId) -> &Client {
        &self.clients[client]
    }
}

impl IndexMut<ClientId> for People {
    fn index_mut(&mut self, client: ClientId) -> &mut Client {
        &mut self.clients[client]
    }
}

impl Link {
    /// How long its next long answer waits while one is owed: longer each time, half a minute in all.
    pub(super) fn must_wait(&mut self) -> Option<Duration> {
        let is_behind = Arc::weak_count(&self.backlog) > 0 || self.backlog.get() > MOST_OWED;
        self.waits = if is_behind && self.waits < MOST_WAITS { self.waits + 1 } else { 0 };
        (self.waits > 0).then(|| Duration::from_millis(1 << self.waits.min(10)))
    }
}

impl Client {
    /// Where it comes from, as limits count it.
    pub(super) fn origin(&self) -> Origin {
        Origin::of(self.link.peer)
    }
}
