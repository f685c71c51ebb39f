//! What administrators may do: everything here is beyond rooms.
//!
//! Each rule tells whom it concerns, and gives back what was done: that is noted in one place, so
//! that no order can be forgotten.

use std::{net::SocketAddr, time::Duration};

use super::{Client, State, Task, Then, Work, unsaved::Unsaved};
use crate::{
    broadcaster::{Except, Post},
    clock::Now,
    command::Administration,
    event::{
        Event, Listing,
        administration::{Administered, Roster, Row},
        moderation::Refused,
    },
    fact::Deed,
    names::{ClientId, Network, Nick, Room},
    record::NetworkBan,
    text::Text,
};

impl State {
    pub(super) fn administer(&mut self, client: ClientId, order: Administration) {
        let done = match order {
            Administration::ShutDown { seconds } => Ok(self.shut_down(seconds)),
            Administration::CallShutdownOff => self.call_shutdown_off(client),
            Administration::Announce(text) => Ok(self.announce_to_all(client, text)),
            Administration::ListAll(room) => Ok(self.list_all(client, room)),
            Administration::ForceRename { old, new } => self.force_rename(client, old, new),
            Administration::Disconnect { user, reason } => self.disconnect(client, user, reason),
            Administration::BanNetwork { network, minutes } => self.ban_network(client, network, minutes),
            Administration::UnbanNetwork(network) => self.unban_network(network),
            Administration::ListNetworkBans => Ok(self.list_network_bans(client)),
        };
        match done {
            Ok(deed) => self.note(client, Deed::Did(Box::new(deed.into()))),
            Err(why) => self.tell(client, why),
        }
    }

    fn announce_to_all(&mut self, client: ClientId, text: Text) -> Administered {
        let told = Administered::Announcement { by: self.nick(client), text };
        self.tell_everybody(told.clone().into());
        told
    }

    /// Room by room, because so they are sorted already; and only as many as fit into one answer.
    fn list_all(&mut self, client: ClientId, room: Option<Room>) -> Administered {
        let rooms = match room {
            Some(room) => self.room_names.range(room..=room),
            None => self.room_names.range::<Room, _>(..),
        };
        let (mut shown, mut total) = (Vec::new(), 0);
        for (_, &id) in rooms {
            let members = &self.rooms[id].members;
            let space = Listing::<Nick>::MAX - shown.len();
            shown.extend(members.values().take(space).map(|&member| self.row(member)));
            total += members.len();
        }
        self.tell(client, Administered::Clients(Roster { shown, total }).into());
        Administered::ClientsListed { by: self.nick(client) }
    }

    fn row(&self, client: ClientId) -> Row {
        let Client { nick, address, connected, last_active, ref backlog, .. } = self.clients[client];
        let (room, now, queued) = (self.room(client).name, self.now.instant, backlog.get());
        Row { nick, room, address, connected: now - connected, idle: now - last_active, queued }
    }

    fn force_rename(&mut self, client: ClientId, old: Nick, new: Nick) -> Result<Administered, Event> {
        let target = *self.nicks.get(&old).ok_or(Event::NoSuchUser(old))?;
        let is_used = self.nicks.get(&new).is_some_and(|&owner| owner != target);
        if is_used || self.is_somebody_elses(new, target) {
            return Err(Event::NickTaken(new));
        }
        if self.room(target).lasting.bans.forbid(new) {
            return Err(Refused::NickBanned(new).into());
        }
        let (by, old) = (self.nick(client), self.nick(target));
        self.tell(target, Administered::RenamedYou { by }.into());
        self.call(target, new);
        let done = Administered::Renamed { by, old, new };
        self.tell(client, done.clone().into());
        Ok(done)
    }

    fn disconnect(
        &mut self,
        client: ClientId,
        user: Nick,
        reason: Option<Text>,
    ) -> Result<Administered, Event> {
        let target = *self.nicks.get(&user).ok_or(Event::NoSuchUser(user))?;
        if target == client {
            return Err(Administered::Oneself.into());
        }
        let (by, nick, room) = (self.nick(client), self.nick(target), self.clients[target].room);
        let done = Administered::Disconnected { by, nick, reason: reason.clone() };
        self.posts.push(Post::TellRoom(room, Except::One(target), done.clone().into()));
        if self.clients[client].room != room {
            self.tell(client, done.clone().into());
        }
        self.dismiss(target, Administered::DisconnectedYou { by, reason }.into());
        Ok(done)
    }

    /// Tells a client why it has to go, and hangs up on it. Until its session has noticed, it may still
    /// be speaking; nothing of that is carried out.
    pub(super) fn dismiss(&mut self, client: ClientId, why: Event) {
        self.clients[client].is_dismissed = true;
        self.note(client, Deed::Told(Box::new(why.clone())));
        self.posts.push(Post::Dismiss(client, why));
    }

    /// Lets nobody from a network in, and hangs up on those who are. Not on the machine itself, from
    /// which everything can be repaired, nor on administrators: so nobody locks oneself out.
    fn ban_network(
        &mut self,
        client: ClientId,
        network: Network,
        minutes: Option<u64>,
    ) -> Result<Administered, Event> {
        if network.has_loopback() {
            return Err(Administered::Loopback(network).into());
        }
        let is_there = |(_, client): &(ClientId, &Client)| network.contains(client.address.ip());
        if self.clients.iter().filter(is_there).any(|(_, client)| client.is_administrator) {
            return Err(Administered::AdministratorThere(network).into());
        }
        self.forget_network_bans_that_are_over();
        let time = minutes.map(|minutes| Duration::from_secs(minutes * 60));
        self.networks.ban(network, self.nick(client), time, self.now)?;
        let there: Vec<_> = self.clients.iter().filter(is_there).map(|(id, _)| id).collect();
        let done = Administered::NetworkBanned { network, time, disconnected: there.len() };
        for target in there {
            self.dismiss(target, Administered::AddressBanned.into());
        }
        self.answer_when_saved(network, done.clone());
        Ok(done)
    }

    fn unban_network(&mut self, network: Network) -> Result<Administered, Event> {
        if !self.networks.lift(network) {
            return Err(Administered::NetworkNotBanned(network).into());
        }
        self.answer_when_saved(network, Administered::NetworkUnbanned(network));
        Ok(Administered::NetworkUnbanned(network))
    }

    fn list_network_bans(&mut self, client: ClientId) -> Administered {
        self.forget_network_bans_that_are_over();
        let bans = Administered::NetworkBans(self.networks.rows(self.now.instant));
        self.tell(client, bans.into());
        Administered::NetworkBansListed { by: self.nick(client) }
    }

    /// Takes the bans that were saved, less those that ended in the meantime.
    pub(super) fn restore_networks(&mut self, networks: Vec<(String, NetworkBan)>) {
        for (name, ban) in networks {
            let Ok(network) = Network::new(&name) else { continue };
            if !self.networks.restore(network, ban, self.now) {
                self.unsaved.mark(Unsaved::Network(network));
            }
        }
    }

    fn answer_when_saved(&mut self, network: Network, answer: Administered) {
        self.unsaved.mark(Unsaved::Network(network));
        self.task = Some(Task { work: Work::Save, then: Then::Answer(answer.into()) });
    }

    fn forget_network_bans_that_are_over(&mut self) {
        for network in self.networks.forget_over(self.now.instant) {
            self.unsaved.mark(Unsaved::Network(network));
        }
    }

    /// Why somebody who has just connected is not let in, if so.
    pub fn turns_away(&self, address: SocketAddr, now: Now) -> Option<Event> {
        if self.is_stopping {
            Some(Event::ShuttingDown)
        } else if self.networks.contain(address.ip(), now.instant) {
            Some(Administered::AddressBanned.into())
        } else {
            None
        }
    }
}
