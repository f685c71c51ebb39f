//! Who moderates a room.
//!
//! Whoever makes a room is its moderator. The rank of somebody with an account is the account's: it
//! outlives the visit, and the server. Anybody else cannot be recognised later, so their rank is the
//! connection's, and ends when that leaves the room; if it was the last, whoever has been there the
//! longest takes over. So every room but the lobby has a moderator, present or registered. The lobby
//! is everybody's, and administrators moderate everywhere.

use super::{RoomState, State, bans::Identity, unsaved::Unsaved};
use crate::{
    broadcaster::{Except, Post},
    command::{Command, Rank},
    event::{
        Event, Listing,
        moderation::{Moderated, Refused},
    },
    names::{ClientId, Nick, Room, RoomId},
};

/// The most moderators of one room. It bounds what they can make the server remember.
const MOST: usize = 50;

impl State {
    /// Why a client may not give a command, if so: the one place where ranks are checked.
    pub(super) fn refusal(&self, client: ClientId, command: &Command) -> Option<Event> {
        let is_administrator = self.clients[client].is_administrator;
        match command.rank() {
            Rank::Everybody => None,
            Rank::Moderator if is_administrator || self.moderates(client) => None,
            Rank::Administrator if is_administrator => None,
            Rank::Moderator => Some(Refused::NotModerator.into()),
            Rank::Administrator => Some(Event::AdministratorsOnly),
        }
    }

    /// Whether a client is a moderator of the room it is in.
    fn moderates(&self, client: ClientId) -> bool {
        let account = self.clients[client].account;
        let room = self.room(client);
        room.moderators.contains(&client)
            || account.is_some_and(|account| room.lasting.moderators.contains(&account))
    }

    /// A client has come into a room.
    pub(super) fn arrive(&mut self, client: ClientId, id: RoomId) {
        self.arrivals += 1;
        self.clients[client].arrival = self.arrivals;
        self.rooms[id].arrivals.insert(self.arrivals, client);
        if id != self.lobby && self.rooms[id].is_unmoderated() {
            self.appoint(client, id);
        }
    }

    /// A client has left a room, and with it the rank that it had there without an account.
    pub(super) fn resign(&mut self, client: ClientId, id: RoomId) {
        self.keep_rank(client);
        let arrival = self.clients[client].arrival;
        let room = &mut self.rooms[id];
        room.arrivals.remove(&arrival);
        room.moderators.remove(&client);
        // The broadcaster takes the leaver for a member until it is somewhere else.
        self.find_moderator(id, Except::One(client));
    }

    /// Makes whoever has been there the longest the moderator of a room that has none left.
    pub(super) fn find_moderator(&mut self, id: RoomId, except: Except) {
        let room = &self.rooms[id];
        if id == self.lobby || self.is_stopping || !room.is_unmoderated() {
            return;
        }
        let bans = &room.lasting.bans;
        let Some(&heir) = room.arrivals.values().find(|&&client| !bans.hold_for(self.identity(client)))
        else {
            return;
        };
        let event = Event::from(Moderated::Inherited(self.nick(heir)));
        let is_announced = room.members.len() <= self.limits.presence;
        self.appoint(heir, id);
        self.posts.push(if is_announced {
            Post::TellRoom(id, except, event)
        } else {
            Post::Tell(heir, event)
        });
    }

    /// Gives a rank: to the account if there is one.
    fn appoint(&mut self, client: ClientId, id: RoomId) {
        let room = &mut self.rooms[id];
        match self.clients[client].account {
            None => drop(room.moderators.insert(client)),
            Some(account) => {
                room.lasting.moderators.insert(account);
                self.unsaved.mark(Unsaved::Room(room.name));
            }
        }
    }

    /// Makes the rank of somebody who has an account by now the account's.
    fn keep_rank(&mut self, client: ClientId) {
        let id = self.clients[client].room;
        if self.clients[client].account.is_some() && self.rooms[id].moderators.remove(&client) {
            self.appoint(client, id);
        }
    }

    /// To be called when a client has logged in or registered: from now on its rank is its account's,
    /// and so is a ban.
    pub(super) fn recognise(&mut self, client: ClientId) {
        self.keep_rank(client);
        if self.clients[client].room != self.lobby && self.is_banned(client) {
            self.announce(client, Event::Left(self.nick(client)));
            self.expel(client, Refused::Banned.into());
        }
    }

    /// To be called when an account has been deleted: the next who registers its nickname is somebody
    /// else. Gives the rooms where it had a rank.
    pub(super) fn forget_moderator(&mut self, account: Nick) -> Vec<Room> {
        let mut moderated = self.asleep.forget_moderator(account);
        for id in self.room_names.values().copied().collect::<Vec<_>>() {
            let room = &mut self.rooms[id];
            if room.lasting.moderators.remove(&account) {
                moderated.push(room.name);
                self.find_moderator(id, Except::Nobody);
            }
        }
        for &room in &moderated {
            self.unsaved.mark(Unsaved::Room(room));
        }
        moderated
    }

    /// Makes somebody a moderator.
    pub(super) fn promote(&mut self, client: ClientId, nick: Nick) -> Result<(), Event> {
        let id = self.clients[client].room;
        if id == self.lobby {
            return Err(Refused::LobbyHasNone.into());
        }
        let target = self.member(client, nick)?;
        let nick = self.nick(target);
        if self.moderates(target) {
            return Err(Refused::AlreadyModerator(nick).into());
        }
        let room = &self.rooms[id];
        if room.moderators.len() + room.lasting.moderators.len() >= MOST {
            return Err(Refused::TooManyModerators { max: MOST }.into());
        }
        self.appoint(target, id);
        self.tell_when_saved(client, Moderated::Promoted { by: self.nick(client), nick });
        Ok(())
    }

    /// Makes somebody a moderator no longer, whether they are here or not.
    pub(super) fn demote(&mut self, client: ClientId, nick: Nick) -> Result<(), Event> {
        let id = self.clients[client].room;
        let target = self.nicks.get(&nick).copied().filter(|&target| self.clients[target].room == id);
        let by_account = [target.and_then(|target| self.clients[target].account), Some(nick)];
        let room = &mut self.rooms[id];
        let account = by_account
            .into_iter()
            .flatten()
            .find_map(|account| room.lasting.moderators.get(&account).copied());
        let connection = target.filter(|target| room.moderators.contains(target));
        if account.is_none() && connection.is_none() {
            return Err(Refused::NotAModerator(nick).into());
        }
        if room.moderators.len() + room.lasting.moderators.len() == 1 {
            return Err(Refused::LastModerator.into());
        }
        account.map(|account| room.lasting.moderators.remove(&account));
        connection.map(|connection| room.moderators.remove(&connection));
        let nick = target.map(|target| self.nick(target)).or(account).unwrap_or(nick);
        self.tell_when_saved(client, Moderated::Demoted { by: self.nick(client), nick });
        Ok(())
    }

    /// Takes whatever rank somebody has in a room.
    pub(super) fn strip(&mut self, id: RoomId, nick: Nick, target: Option<ClientId>) {
        let account = target.and_then(|target| self.clients[target].account);
        let room = &mut self.rooms[id];
        for account in account.into_iter().chain([nick]) {
            room.lasting.moderators.remove(&account);
        }
        if let Some(target) = target {
            room.moderators.remove(&target);
        }
    }

    pub(super) fn list_moderators(&mut self, client: ClientId) {
        let RoomState { name, moderators, lasting, .. } = self.room(client);
        let mut nicks: Vec<_> = moderators.iter().map(|&id| self.nick(id)).collect();
        nicks.extend(&lasting.moderators);
        nicks.sort_unstable();
        nicks.dedup();
        let event = if nicks.is_empty() {
            Refused::LobbyHasNone.into()
        } else {
            let moderators = Listing::new(nicks.len(), nicks.into_iter());
            Moderated::Moderators { room: *name, moderators }.into()
        };
        self.tell(client, event);
    }

    /// By what a client is recognised.
    pub(super) fn identity(&self, client: ClientId) -> Identity {
        let connected = &self.clients[client];
        Identity { connection: client, nick: connected.nick, account: connected.account }
    }
}

impl RoomState {
    /// Whether it has no moderator, neither present nor registered.
    pub(super) fn is_unmoderated(&self) -> bool {
        self.moderators.is_empty() && self.lasting.moderators.is_empty()
    }
}
