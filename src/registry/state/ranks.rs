//! Who moderates a room.
//!
//! The client that creates a room is its moderator. The rank of a user with an account belongs to the
//! account and outlives the visit and the server, unless too many rooms are to last ([`State::may_last`]).
//! Other users cannot be recognised later, so their rank belongs to the connection and ends when the client
//! leaves the room. If the last moderator leaves, the member that has been there longest takes over. So
//! every room but the lobby, and rooms where only bots are, has a moderator, present or registered. Administrators
//! moderate everywhere.

use super::{State, Turn, rooms::OpenRoom, unsaved::Change};
use crate::{
    broadcaster::Except,
    command::Rank,
    event::{
        Event, Listing,
        administration::Administered,
        moderation::{Moderated, Refused},
        pace::PaceEvent,
    },
    names::{ClientId, Nick, Room, RoomId},
};

/// The most moderators of one room. This bounds what they can make the server remember.
const MOST: usize = 50;

impl State {
    /// Why a client may not give a command of this rank, or `None` if it may. Only this checks ranks.
    pub(super) fn refusal(&self, client: ClientId, needed: Rank) -> Option<Event> {
        match needed {
            // Most commands are everyone's, and nothing has to be looked up for them.
            Rank::Everyone => None,
            needed if self.rank(client) >= needed => None,
            Rank::Administrator => Some(Administered::NotAdministrator.into()),
            Rank::Moderator => Some(Refused::NotModerator.into()),
        }
    }

    /// A client's rank in the room it is in.
    pub(super) fn rank(&self, client: ClientId) -> Rank {
        if self.people[client].is_administrator {
            Rank::Administrator
        } else if self.moderates(client) {
            Rank::Moderator
        } else {
            Rank::Everyone
        }
    }

    /// Whether a client is a moderator of the room it is in.
    fn moderates(&self, client: ClientId) -> bool {
        let account = self.people[client].account;
        let room = self.room(client);
        room.moderators.contains(&client)
            || account.is_some_and(|account| room.remembered.moderators.contains(&account))
    }

    /// Makes the member that has been there longest the moderator of a room that has none left.
    pub(super) fn find_moderator(&mut self, turn: &mut Turn, id: RoomId, except: Except) {
        let room = &self.rooms[id];
        if id == self.rooms.lobby() || self.closing.is_stopping || !room.is_unmoderated() {
            return;
        }
        let bans = &room.remembered.bans;
        let may_inherit = |client| !bans.cover(self.people.identity(client)) && !self.bots.contain(client);
        let Some(&heir) = room.arrivals.values().find(|&&client| may_inherit(client)) else { return };
        let told = Moderated::Inherited(self.people[heir].nick);
        if room.members.len() <= self.limits.presence {
            turn.tell_room(id, except, told);
        } else {
            turn.tell(heir, told);
        }
        self.appoint(turn, heir, id);
    }

    /// Makes a client a moderator; by its account if it has one, and the room may last.
    pub(super) fn appoint(&mut self, turn: &Turn, client: ClientId, id: RoomId) {
        let account = self.people[client].account.filter(|_| self.may_last(turn, client, id).is_ok());
        let room = &mut self.rooms[id];
        match account {
            None => drop(room.moderators.insert(client)),
            Some(account) => {
                room.remembered.moderators.insert(account);
                self.unsaved.mark(Change::Room(room.name));
            }
        }
    }

    /// Whether a client may give a room a topic, a registered moderator or a ban. Only the first of them
    /// counts, because it makes the room one that is never forgotten.
    #[inline(never)]
    pub(super) fn may_last(&mut self, turn: &Turn, client: ClientId, id: RoomId) -> Result<(), Event> {
        let client = &self.people[client];
        if self.rooms.is_lasting(id) || client.is_administrator {
            return Ok(());
        }
        if !self.rooms.can_more_last() {
            return Err(Refused::TooManyLasting.into());
        }
        let made = self.pace.make_lasting(client.origin(), turn.now.instant);
        made.map_err(|wait| PaceEvent::TooManyLasting(wait).into())
    }

    /// Moves the rank of a client that now has an account to the account.
    pub(super) fn give_rank_to_account(&mut self, turn: &Turn) {
        let id = self.people[turn.client].room;
        if self.people[turn.client].account.is_some() && self.rooms[id].moderators.remove(&turn.client) {
            self.appoint(turn, turn.client, id);
        }
    }

    /// A client has logged in or registered: its rank is its account's now, and so are a mute and a ban.
    pub(super) fn apply_account(&mut self, turn: &mut Turn) {
        let registered = self.people[turn.client].account.and_then(|nick| self.accounts.registered(nick));
        self.mutes.log_in(self.people.identity(turn.client), registered, turn.now.instant);
        self.give_rank_to_account(turn);
        if self.people[turn.client].room != self.rooms.lobby() && self.is_banned(turn.client) {
            self.announce(turn, Event::Left(self.people[turn.client].nick));
            self.expel(turn, Refused::Banned);
        }
    }

    /// An account is deleted. The next user who registers its nickname is another one, so its rank ends;
    /// returns the rooms where it had one.
    pub(super) fn forget_moderator(&mut self, turn: &mut Turn, account: Nick) -> Vec<Room> {
        let (mut moderated, open) = self.rooms.forget_moderator(account);
        for id in open {
            moderated.push(self.rooms[id].name);
            self.find_moderator(turn, id, Except::NoOne);
        }
        for &room in &moderated {
            self.unsaved.mark(Change::Room(room));
        }
        moderated
    }

    pub(super) fn promote(&mut self, turn: &mut Turn, nick: Nick) -> Result<(), Event> {
        let id = self.people[turn.client].room;
        if id == self.rooms.lobby() {
            return Err(Refused::LobbyHasNone.into());
        }
        let target = self.member(turn.client, nick)?;
        let nick = self.people[target].nick;
        if self.moderates(target) {
            return Err(Refused::AlreadyModerator(nick).into());
        }
        if self.rooms[id].moderator_count() >= MOST {
            return Err(Refused::TooManyModerators(MOST).into());
        }
        if self.people[target].account.is_some() {
            self.may_last(turn, turn.client, id)?;
        }
        self.appoint(turn, target, id);
        self.tell_when_saved(turn, Moderated::Promoted { by: self.people[turn.client].nick, nick });
        Ok(())
    }

    /// Ends a moderator's rank, whether the user is here or not.
    pub(super) fn demote(&mut self, turn: &mut Turn, nick: Nick) -> Result<(), Event> {
        let id = self.people[turn.client].room;
        let target = self.people.find(nick).filter(|&target| self.people[target].room == id);
        let own = target.and_then(|target| self.people[target].account);
        let room = &mut self.rooms[id];
        let registered = &room.remembered.moderators;
        let account = own.into_iter().chain([nick]).find_map(|account| registered.get(&account).copied());
        let connection = target.filter(|target| room.moderators.contains(target));
        if account.is_none() && connection.is_none() {
            return Err(Refused::NotAModerator(nick).into());
        }
        if room.moderator_count() == 1 {
            return Err(Refused::LastModerator.into());
        }
        account.map(|account| room.remembered.moderators.remove(&account));
        connection.map(|connection| room.moderators.remove(&connection));
        let nick = target.map(|target| self.people[target].nick).or(account).unwrap_or(nick);
        self.tell_when_saved(turn, Moderated::Demoted { by: self.people[turn.client].nick, nick });
        Ok(())
    }

    /// Ends any rank that a banned user has in a room.
    pub(super) fn take_rank(&mut self, id: RoomId, nick: Nick, target: Option<ClientId>) {
        let account = target.and_then(|target| self.people[target].account);
        let room = &mut self.rooms[id];
        for account in account.into_iter().chain([nick]) {
            room.remembered.moderators.remove(&account);
        }
        if let Some(target) = target {
            room.moderators.remove(&target);
        }
    }

    pub(super) fn list_moderators(&mut self, turn: &mut Turn) {
        let OpenRoom { name, moderators, remembered, .. } = self.room(turn.client);
        let mut nicks: Vec<_> = moderators.iter().map(|&id| self.people[id].nick).collect();
        nicks.extend(&remembered.moderators);
        nicks.sort_unstable();
        nicks.dedup();
        if nicks.is_empty() {
            return turn.answer(Refused::LobbyHasNone);
        }
        let moderators = Listing::new(nicks.len(), nicks.into_iter());
        turn.answer(Moderated::Moderators(*name, moderators));
    }
}
