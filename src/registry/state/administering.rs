//! What administrators may do beyond rooms.
//!
//! Each rule tells those whom it concerns and returns what was done. That is noted in one place, so no
//! order can be forgotten.

use std::{net::SocketAddr, time::Duration};

use super::{Next, State, Task, Turn, moderating::warn_unless_saved, unsaved::Change};
use crate::{
    broadcaster::{Except, Post},
    clock::Now,
    command::Administration,
    event::{
        Event, Listing,
        administration::{Administered, Roster, Row},
        moderation::Refused,
        pace::PaceEvent,
    },
    fact::Deed,
    names::{ClientId, Network, Nick, Origin, Room},
    record::NetworkBan,
    text::Text,
};

impl State {
    #[inline(never)]
    pub(super) fn administer(&mut self, turn: &mut Turn, client: ClientId, order: Administration) {
        let done = match order {
            Administration::ShutDown { seconds } => Ok(self.shut_down(turn, seconds)),
            Administration::CancelShutdown => self.cancel_shutdown(turn, client),
            Administration::Broadcast(text) => Ok(self.broadcast(turn, client, text)),
            Administration::ListAll(room) => Ok(self.list_all(turn, client, room)),
            Administration::ForceRename { old, new } => self.force_rename(turn, client, old, new),
            Administration::Disconnect { user, reason } => self.disconnect(turn, client, user, reason),
            Administration::BanNetwork { network, minutes } => {
                self.ban_network(turn, client, network, minutes)
            }
            Administration::UnbanNetwork(network) => self.unban_network(turn, network),
            Administration::ListNetworkBans => Ok(self.list_network_bans(turn, client)),
        };
        match done {
            Ok(deed) => self.note(turn, client, Deed::Did(Box::new(deed.into()))),
            Err(why) => turn.tell(client, why),
        }
    }

    fn shut_down(&mut self, turn: &mut Turn, seconds: u64) -> Administered {
        let notice = Duration::from_secs(seconds);
        self.closing.set(notice, turn.now.instant);
        if !notice.is_zero() {
            turn.tell_everyone(Administered::ShuttingDownIn(notice));
        }
        turn.wait_for(Task::WakeTimer);
        Administered::ShuttingDownIn(notice)
    }

    fn cancel_shutdown(&mut self, turn: &mut Turn, client: ClientId) -> Result<Administered, Event> {
        if !self.closing.cancel() {
            return Err(Administered::NoShutdown.into());
        }
        let told = Administered::ShutdownCalledOff { by: self.people[client].nick };
        turn.tell_everyone(told.clone());
        turn.wait_for(Task::WakeTimer);
        Ok(told)
    }

    /// Lets a client that has just connected know that the server will stop soon.
    pub(super) fn warn_of_closing_time(&self, turn: &mut Turn, client: ClientId) {
        if let Some(left) = self.closing.left(turn.now.instant) {
            turn.tell(client, Administered::ShuttingDownIn(left));
        }
    }

    fn broadcast(&mut self, turn: &mut Turn, client: ClientId, text: Text) -> Administered {
        let told = Administered::Announcement { by: self.people[client].nick, text };
        turn.tell_everyone(told.clone());
        told
    }

    /// Lists room by room, because so the list is sorted already, and only as many as fit into one answer.
    fn list_all(&mut self, turn: &mut Turn, client: ClientId, room: Option<Room>) -> Administered {
        let (mut shown, mut total) = (Vec::new(), 0);
        for open in self.rooms.active().filter(|open| room.is_none_or(|room| open.name == room)) {
            let space = Listing::<Nick>::MAX - shown.len();
            shown.extend(open.members.values().take(space).map(|&member| self.row(turn, member)));
            total += open.members.len();
        }
        turn.tell_at_length(client, Administered::Clients(Roster { shown, total }));
        Administered::ClientsListed { by: self.people[client].nick }
    }

    fn row(&self, turn: &Turn, client: ClientId) -> Row {
        let (listed, now) = (&self.people[client], turn.now.instant);
        Row {
            nick: listed.nick,
            room: self.room(client).name,
            address: listed.link.address,
            connected: now - listed.link.connected,
            idle: now - listed.last_active,
            queued: listed.link.backlog.get(),
        }
    }

    fn force_rename(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        old: Nick,
        new: Nick,
    ) -> Result<Administered, Event> {
        let target = self.people.find(old).ok_or(Event::NoSuchUser(old))?;
        let is_used = self.people.find(new).is_some_and(|owner| owner != target);
        if is_used || self.is_registered_by_another(new, target) {
            return Err(Event::NickTaken(new));
        }
        if self.room(target).remembered.bans.forbid(new) {
            return Err(Refused::NickBanned(new).into());
        }
        let (by, old) = (self.people[client].nick, self.people[target].nick);
        turn.tell(target, Administered::RenamedYou { by });
        self.change_nick(turn, target, new);
        let done = Administered::Renamed { by, old, new };
        turn.tell(client, done.clone());
        Ok(done)
    }

    fn disconnect(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        user: Nick,
        reason: Option<Text>,
    ) -> Result<Administered, Event> {
        let target = self.people.find(user).ok_or(Event::NoSuchUser(user))?;
        if target == client {
            return Err(Administered::Yourself.into());
        }
        let (by, nick, room) = (self.people[client].nick, self.people[target].nick, self.people[target].room);
        let done = Administered::Disconnected { by, nick, reason: reason.clone() };
        turn.tell_room(room, Except::One(target), done.clone());
        if self.people[client].room != room {
            turn.tell(client, done.clone());
        }
        self.dismiss(turn, target, Administered::DisconnectedYou { by, reason }.into());
        Ok(done)
    }

    /// Tells a client why it has to go, and hangs up on it. Until its session notices, the client may
    /// still send commands; they are not carried out.
    pub(super) fn dismiss(&mut self, turn: &mut Turn, client: ClientId, why: Event) {
        self.people[client].is_dismissed = true;
        self.note(turn, client, Deed::Told(Box::new(why.clone())));
        turn.post(Post::Dismiss(client, why));
    }

    /// Bans a network and dismisses the clients from there. It is refused for the machine itself, from
    /// which everything can be repaired, and where an administrator is; so no administrator is locked out.
    fn ban_network(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        network: Network,
        minutes: Option<u64>,
    ) -> Result<Administered, Event> {
        if network.has_loopback() {
            return Err(Administered::Loopback(network).into());
        }
        let there: Vec<_> =
            self.people.iter().filter(|(_, there)| network.contains(there.link.address.ip())).collect();
        if there.iter().any(|(_, there)| there.is_administrator) {
            return Err(Administered::AdministratorThere(network).into());
        }
        let there: Vec<_> = there.into_iter().map(|(id, _)| id).collect();
        self.forget_ended_network_bans(turn);
        let time = minutes.map(|minutes| Duration::from_secs(minutes * 60));
        self.networks.ban(network, self.people[client].nick, time, turn.now)?;
        let done = Administered::NetworkBanned { network, time, disconnected: there.len() };
        for target in there {
            self.dismiss(turn, target, Administered::AddressBanned.into());
        }
        self.tell_when_network_saved(turn, network, done.clone());
        Ok(done)
    }

    fn unban_network(&mut self, turn: &mut Turn, network: Network) -> Result<Administered, Event> {
        if !self.networks.lift(network) {
            return Err(Administered::NetworkNotBanned(network).into());
        }
        self.tell_when_network_saved(turn, network, Administered::NetworkUnbanned(network));
        Ok(Administered::NetworkUnbanned(network))
    }

    fn list_network_bans(&mut self, turn: &mut Turn, client: ClientId) -> Administered {
        self.forget_ended_network_bans(turn);
        turn.tell_at_length(client, Administered::NetworkBans(self.networks.rows(turn.now.instant)));
        Administered::NetworkBansListed { by: self.people[client].nick }
    }

    /// Restores the bans that were saved, except those that have ended since.
    pub(super) fn restore_networks(&mut self, networks: Vec<(String, NetworkBan)>, now: Now) {
        for (name, ban) in networks {
            let Some(network) = Network::new(&name) else { continue };
            if !self.networks.restore(network, ban, now) {
                self.unsaved.mark(Change::Network(network));
            }
        }
    }

    fn tell_when_network_saved(&mut self, turn: &mut Turn, network: Network, told: Administered) {
        self.unsaved.mark(Change::Network(network));
        turn.wait_for(Task::Save(Next::new(|_, turn, client, is_saved| {
            turn.tell(client, told);
            warn_unless_saved(turn, client, is_saved);
        })));
    }

    fn forget_ended_network_bans(&mut self, turn: &Turn) {
        for network in self.networks.forget_over(turn.now.instant) {
            self.unsaved.mark(Change::Network(network));
        }
    }

    /// Whether a client from this address may connect now; then it counts as an arrival.
    ///
    /// # Errors
    /// What the client is told.
    pub fn admit(&mut self, turn: &Turn, address: SocketAddr) -> Result<(), Event> {
        if let Some(why) = self.refusal_at_door(address, turn) {
            return Err(why);
        }
        let wait = self.pace.admit(Origin::of(address), turn.now.instant);
        wait.map_err(|wait| PaceEvent::TooManyArrivals(wait).into())
    }

    /// Why a client from this address may not connect, if so.
    pub fn refusal_at_door(&self, address: SocketAddr, turn: &Turn) -> Option<Event> {
        if self.closing.is_stopping {
            Some(Event::ShuttingDown)
        } else if self.networks.contain(address.ip(), turn.now.instant) {
            Some(Administered::AddressBanned.into())
        } else {
            None
        }
    }
}
