//! Who may say nothing for a while, and how an administrator sees to it.
//!
//! A mute outlasts the connection that earned it: it is kept here, and whoever comes in from the same
//! address while it lasts has it too. On one machine everybody has the same address; there it is the
//! nickname that counts. Those who were here before are not touched: a whole school may share an
//! address.

use std::time::{Duration, Instant};

use super::State;
use crate::{
    command::muting::MutingCommand,
    event::{Event, pace::PaceEvent},
    names::{ClientId, Nick},
    origin::Origin,
};

/// How many mutes are kept. When there are more, the one that would end first ends at once.
const MOST_MUTES: usize = 1000;

/// What `/mute` without a number means.
const USUAL_MUTE: Duration = Duration::from_secs(300);

slotmap::new_key_type! {
    /// One mute. Never used twice, so a client whose mute was lifted holds an id that only misses.
    pub(super) struct MuteId;
}

/// Somebody who may say nothing.
pub(super) struct Mute {
    until: Instant,
    nick: Nick,
    origin: Origin,
}

impl State {
    pub(super) fn carry_out_muting(&mut self, client: ClientId, command: MutingCommand) {
        match command {
            MutingCommand::List => self.list_mutes(client),
            MutingCommand::Mute { user, seconds } => self.mute(client, user, seconds),
            MutingCommand::Unmute(user) => self.unmute(client, user),
        }
    }

    /// For how long a client may say nothing, if that is so.
    pub(super) fn muted_for(&self, client: ClientId) -> Option<Duration> {
        let mute = self.mutes.get(self.clients[client].pace.mute?)?;
        Some(mute.until.saturating_duration_since(self.now.instant)).filter(|left| !left.is_zero())
    }

    /// Mutes a client; if it is muted already, for this time instead.
    pub(super) fn mute_client(&mut self, client: ClientId, time: Duration) {
        let until = self.now.instant + time;
        if self.muted_for(client).is_some() {
            let mute = self.clients[client].pace.mute.and_then(|id| self.mutes.get_mut(id));
            return mute.into_iter().for_each(|mute| mute.until = until);
        }
        self.make_room_for_mute();
        let (nick, origin) = (self.nick(client), self.origin(client));
        self.clients[client].pace.mute = Some(self.mutes.insert(Mute { until, nick, origin }));
    }

    /// A client has a new nickname: the mute that it has goes with it, and on one machine a mute that
    /// was left behind under this nickname is its own again. Elsewhere it would have been found when
    /// the client came; now it would be a neighbour's.
    pub(super) fn carry_mute(&mut self, client: ClientId) {
        if self.mutes.is_empty() {
            return;
        }
        if self.origin(client).is_loopback() && self.muted_for(client).is_none() {
            self.find_mute(client);
        }
        let nick = self.nick(client);
        if let Some(mute) = self.clients[client].pace.mute.and_then(|id| self.mutes.get_mut(id)) {
            mute.nick = nick;
        }
    }

    /// A client takes the place of another connection of the same owner: its mute comes with the place.
    pub(super) fn inherit_mute(&mut self, client: ClientId, other: ClientId) {
        let left = self.muted_for(other);
        if left.is_some_and(|left| self.muted_for(client).is_none_or(|own| own < left)) {
            self.clients[client].pace.mute = self.clients[other].pace.mute.take();
            self.carry_mute(client);
        }
    }

    /// A client has just come: a mute that was left behind is its own again.
    pub(super) fn find_mute(&mut self, client: ClientId) {
        let (nick, origin, now) = (self.nick(client), self.origin(client), self.now.instant);
        let is_same = |mute: &Mute| mute.origin == origin && (!origin.is_loopback() || mute.nick == nick);
        let found = self.mutes.iter().filter(|(_, mute)| mute.until > now && is_same(mute));
        let Some((id, mute)) = found.max_by_key(|(_, mute)| mute.until) else { return };
        let left = mute.until - now;
        let owner = self.nicks.get(&mute.nick).map(|&owner| &self.clients[owner]);
        if owner.is_some_and(|owner| owner.pace.mute == Some(id)) {
            self.mute_client(client, left);
        } else {
            self.clients[client].pace.mute = Some(id);
        }
    }

    fn mute(&mut self, client: ClientId, user: Nick, seconds: Option<u32>) {
        let Some(&target) = self.nicks.get(&user) else {
            return self.tell(client, Event::NoSuchUser(user));
        };
        if self.clients[target].is_administrator {
            return self.tell(client, PaceEvent::MutingAdministrator.into());
        }
        let time = seconds.map_or(USUAL_MUTE, |seconds| Duration::from_secs(seconds.into()));
        let (by, user) = (self.nick(client), self.nick(target));
        self.mute_client(target, time);
        self.tell(target, PaceEvent::MutedBy { by, time }.into());
        self.report(client, PaceEvent::MutedUser { user, time });
    }

    fn unmute(&mut self, client: ClientId, user: Nick) {
        let target = self.nicks.get(&user).copied();
        let theirs = target.and_then(|target| self.clients[target].pace.mute);
        let now = self.now.instant;
        let mut is_muted = false;
        self.mutes.retain(|id, mute| {
            let is_lifted = mute.until > now && (mute.nick == user || Some(id) == theirs);
            is_muted |= is_lifted;
            !is_lifted
        });
        if !is_muted {
            return self.tell(client, PaceEvent::NotMuted(user).into());
        }
        let by = self.nick(client);
        if let Some(target) = target {
            self.tell(target, PaceEvent::UnmutedBy(by).into());
        }
        self.report(client, PaceEvent::UnmutedUser(user));
    }

    fn list_mutes(&mut self, client: ClientId) {
        let now = self.now.instant;
        let active = self.mutes.values().filter(|mute| mute.until > now);
        let mut muted: Vec<_> = active.map(|mute| (mute.nick, mute.until - now)).collect();
        muted.sort_unstable();
        self.tell(client, PaceEvent::MutedUsers(muted).into());
    }

    fn make_room_for_mute(&mut self) {
        if self.mutes.len() < MOST_MUTES {
            return;
        }
        let now = self.now.instant;
        self.mutes.retain(|_, mute| mute.until > now);
        if self.mutes.len() >= MOST_MUTES {
            let first = self.mutes.iter().min_by_key(|(_, mute)| mute.until).map(|(id, _)| id);
            first.map(|first| self.mutes.remove(first));
        }
    }

    fn origin(&self, client: ClientId) -> Origin {
        Origin::of(self.clients[client].address)
    }
}
