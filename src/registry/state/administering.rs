//! The administrators' commands for the whole server.
//!
//! Each rule tells the users concerned and returns what was done. One place notes that for the log.

use std::time::Duration;

use super::{Next, State, Turn, unsaved::Change};
use crate::{
    broadcaster::{Except, Post},
    clock::Now,
    command::Administration,
    event::{
        Event, Listing,
        administration::{Administered, Row},
        moderation::Refused,
    },
    fact::Deed,
    names::{ClientId, Network, Nick, Peer, Room},
    text::Text,
};

/// What was done, or what the administrator is told instead.
pub(super) type Done = Result<Administered, Event>;

impl State {
    #[inline(never)]
    pub(super) fn administer(&mut self, turn: &mut Turn, order: Administration) {
        let done = match order {
            Administration::ShutDown(notice) => Ok(self.shut_down(turn, notice)),
            Administration::CancelShutdown => self.cancel_shutdown(turn),
            Administration::Broadcast(text) => Ok(self.broadcast(turn, text)),
            Administration::ListAll(room) => Ok(self.list_all(turn, room)),
            Administration::ForceRename { old, new } => self.force_rename(turn, old, new),
            Administration::Disconnect(user, reason) => self.disconnect(turn, user, reason),
            Administration::BanNetwork(network, time) => self.ban_network(turn, network, time),
            Administration::UnbanNetwork(network) => self.unban_network(turn, network),
            Administration::ListNetworkBans => Ok(self.list_network_bans(turn)),
        };
        match done {
            Ok(deed) => self.note(turn, || Deed::Did(Box::new(deed.into()))),
            Err(why) => turn.answer(why),
        }
    }

    fn broadcast(&mut self, turn: &mut Turn, text: Text) -> Administered {
        let told = Administered::Announcement(self.people[turn.client].nick, text);
        turn.tell_everyone(told.clone());
        told
    }

    /// Lists room by room, because rooms are sorted already, and only as many clients as fit in an answer.
    fn list_all(&mut self, turn: &mut Turn, room: Option<Room>) -> Administered {
        let rooms = || self.rooms.active().filter(|open| room.is_none_or(|room| open.name == room));
        let rows = rooms().flat_map(|open| open.members.values()).map(|&member| self.row(member, turn.now));
        let clients = Listing::new(rooms().map(|open| open.members.len()).sum(), rows);
        turn.answer_at_length(Administered::Clients(clients));
        Administered::ClientsListed(self.people[turn.client].nick)
    }

    fn row(&self, client: ClientId, Now { instant: now, .. }: Now) -> Row {
        let listed = &self.people[client];
        Row {
            nick: listed.nick,
            room: self.room(client).name,
            peer: listed.link.peer,
            wire: listed.link.wire.scheme,
            connected: now - listed.link.connected,
            idle: now - listed.last_active,
            queued: listed.link.backlog.get(),
        }
    }

    fn force_rename(&mut self, turn: &mut Turn, old: Nick, new: Nick) -> Done {
        let target = self.people.find(old).ok_or(Event::NoSuchUser(old))?;
        let is_used = self.people.find(new).is_some_and(|owner| owner != target);
        if is_used || self.is_registered_by_another(new, target) {
            return Err(Event::NickTaken(new));
        }
        if self.room(target).remembered.bans.forbid(new) {
            return Err(Refused::NickBanned(new).into());
        }
        let (by, old) = (self.people[turn.client].nick, self.people[target].nick);
        turn.tell(target, Administered::RenamedYou(by));
        turn.in_name_of(target, |turn| self.change_nick(turn, new));
        let done = Administered::Renamed { by, old, new };
        turn.answer(done.clone());
        Ok(done)
    }

    fn disconnect(&mut self, turn: &mut Turn, user: Nick, reason: Option<Text>) -> Done {
        let target = self.people.find(user).ok_or(Event::NoSuchUser(user))?;
        if target == turn.client {
            return Err(Administered::Yourself.into());
        }
        let (by, nick, room) =
            (self.people[turn.client].nick, self.people[target].nick, self.people[target].room);
        let done = Administered::Disconnected { by, nick, reason: reason.clone() };
        turn.tell_room(room, Except::One(target), done.clone());
        if self.people[turn.client].room != room {
            turn.answer(done.clone());
        }
        self.dismiss(turn, target, Administered::DisconnectedYou(by, reason));
        Ok(done)
    }

    /// Tells a client why it is disconnected, and disconnects it. Until its session notices, the client may
    /// still send commands; they are not carried out.
    pub(super) fn dismiss(&mut self, turn: &mut Turn, target: ClientId, why: impl Into<Event>) {
        let why = why.into();
        self.people[target].is_dismissed = true;
        turn.in_name_of(target, |turn| self.note(turn, || Deed::Told(Box::new(why.clone()))));
        turn.post(Post::Dismiss(target, why));
    }

    /// Bans a network and dismisses its clients. It must not cover this machine, from which everything can
    /// be repaired, or a connected administrator's address. So no administrator is locked out.
    fn ban_network(&mut self, turn: &mut Turn, network: Network, time: Option<Duration>) -> Done {
        if network.has_loopback() {
            return Err(Administered::Loopback(network).into());
        }
        let there = self
            .people
            .iter()
            .filter(|(_, there)| there.link.peer.ip().is_some_and(|address| network.contains(address)));
        let there: Vec<_> = there.map(|(id, _)| id).collect();
        if there.iter().any(|&id| self.people[id].is_administrator) {
            return Err(Administered::AdministratorThere(network).into());
        }
        self.forget_ended_network_bans(turn);
        self.networks.ban(network, self.people[turn.client].nick, time, turn.now)?;
        let done = Administered::NetworkBanned { network, time, disconnected: there.len() };
        for target in there {
            self.dismiss(turn, target, Administered::AddressBanned);
        }
        let told = done.clone();
        let next = Next::new(|_, turn, ()| turn.answer(told));
        self.when_saved(turn, Change::Network(network), next);
        Ok(done)
    }

    fn unban_network(&mut self, turn: &mut Turn, network: Network) -> Done {
        if !self.networks.lift(network) {
            return Err(Administered::NetworkNotBanned(network).into());
        }
        let next = Next::new(move |_, turn, ()| turn.answer(Administered::NetworkUnbanned(network)));
        self.when_saved(turn, Change::Network(network), next);
        Ok(Administered::NetworkUnbanned(network))
    }

    fn list_network_bans(&mut self, turn: &mut Turn) -> Administered {
        self.forget_ended_network_bans(turn);
        turn.answer_at_length(Administered::NetworkBans(self.networks.rows(turn.now.instant)));
        Administered::NetworkBansListed(self.people[turn.client].nick)
    }

    fn forget_ended_network_bans(&mut self, turn: &Turn) {
        for network in self.networks.forget_over(turn.now.instant) {
            self.unsaved.mark(Change::Network(network));
        }
    }

    /// The reason why a client from this address may not connect, if there is one.
    pub fn refusal_at_door(&self, peer: Peer, turn: &Turn) -> Option<Event> {
        if self.closing.is_stopping {
            Some(Event::ShuttingDown)
        } else if peer.ip().is_some_and(|address| self.networks.contain(address, turn.now.instant)) {
            Some(Administered::AddressBanned.into())
        } else {
            None
        }
    }
}
