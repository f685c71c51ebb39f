//! Who may not speak for a while.
//!
//! A mute outlives the connection that earned it. A client that connects from the same address while it
//! lasts has it too. On one machine all clients have the same address, so there the nickname counts.
//! Clients that were connected before are not affected: a whole school may share an address.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use slotmap::SlotMap;

use crate::{
    names::{ClientId, Nick},
    origin::Origin,
};

/// The most mutes. When there are more, the one that ends first ends at once.
const MOST: usize = 1000;

slotmap::new_key_type! {
    /// One mute. Never used twice, so a client that holds a lifted mute is free.
    struct MuteId;
}

/// All mutes, and who holds them.
#[derive(Default)]
pub(super) struct Mutes {
    mutes: SlotMap<MuteId, Mute>,
    held: HashMap<ClientId, MuteId>,
}

struct Mute {
    until: Instant,
    nick: Nick,
    origin: Origin,
}

/// A client, as mutes know it.
#[derive(Clone, Copy)]
pub(super) struct Muted {
    pub(super) client: ClientId,
    pub(super) nick: Nick,
    pub(super) origin: Origin,
}

impl Mutes {
    /// How long a client may not speak; `None` if it may.
    pub(super) fn left(&self, client: ClientId, now: Instant) -> Option<Duration> {
        let mute = self.mutes.get(*self.held.get(&client)?)?;
        Some(mute.until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Mutes a client for this time, whether it is muted already or not.
    pub(super) fn mute(&mut self, who: Muted, time: Duration, now: Instant) {
        let until = now + time;
        if self.left(who.client, now).is_some() {
            let mute = self.held.get(&who.client).and_then(|&id| self.mutes.get_mut(id));
            return mute.into_iter().for_each(|mute| mute.until = until);
        }
        self.make_room(now);
        let id = self.mutes.insert(Mute { until, nick: who.nick, origin: who.origin });
        self.held.insert(who.client, id);
    }

    /// A client has connected: a mute that was left behind is its own again.
    pub(super) fn enter(&mut self, who: Muted, now: Instant) {
        if self.mutes.is_empty() {
            return;
        }
        self.find(who, now);
        self.rename(who, now);
    }

    /// A client has another nickname. Its mute goes with it. On one machine a mute that was left behind
    /// under this nickname is its own again; elsewhere it would be a neighbour's.
    pub(super) fn rename(&mut self, who: Muted, now: Instant) {
        if self.mutes.is_empty() {
            return;
        }
        if who.origin.is_loopback() && self.left(who.client, now).is_none() {
            self.find(who, now);
        }
        if let Some(mute) = self.held.get(&who.client).and_then(|&id| self.mutes.get_mut(id)) {
            mute.nick = who.nick;
        }
    }

    /// A client takes the place of another connection of the same user, with its mute.
    pub(super) fn inherit(&mut self, who: Muted, other: ClientId, now: Instant) {
        let left = self.left(other, now);
        if left.is_some_and(|left| self.left(who.client, now).is_none_or(|own| own < left)) {
            let id = self.held.remove(&other).expect("it is muted");
            self.held.insert(who.client, id);
            self.rename(who, now);
        }
    }

    /// A client has left. Its mute stays until it ends.
    pub(super) fn leave(&mut self, client: ClientId) {
        self.held.remove(&client);
    }

    /// Lifts the mutes of a nickname and of the client that has it now; whether there were any.
    pub(super) fn lift(&mut self, nick: Nick, client: Option<ClientId>, now: Instant) -> bool {
        let theirs = client.and_then(|client| self.held.get(&client)).copied();
        let mut is_muted = false;
        self.mutes.retain(|id, mute| {
            let is_lifted = mute.until > now && (mute.nick == nick || Some(id) == theirs);
            is_muted |= is_lifted;
            !is_lifted
        });
        is_muted
    }

    /// The muted nicknames, sorted, and how long each is muted.
    pub(super) fn list(&self, now: Instant) -> Vec<(Nick, Duration)> {
        let active = self.mutes.values().filter(|mute| mute.until > now);
        let mut muted: Vec<_> = active.map(|mute| (mute.nick, mute.until - now)).collect();
        muted.sort_unstable();
        muted
    }

    fn find(&mut self, who: Muted, now: Instant) {
        let Muted { client, nick, origin } = who;
        let is_same = |mute: &Mute| mute.origin == origin && (!origin.is_loopback() || mute.nick == nick);
        let found = self.mutes.iter().filter(|(_, mute)| mute.until > now && is_same(mute));
        let Some((id, mute)) = found.max_by_key(|(_, mute)| mute.until) else { return };
        let left = mute.until - now;
        if self.held.values().any(|&held| held == id) {
            self.mute(who, left, now);
        } else {
            self.held.insert(client, id);
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.mutes.len() < MOST {
            return;
        }
        self.mutes.retain(|_, mute| mute.until > now);
        if self.mutes.len() >= MOST {
            let first = self.mutes.iter().min_by_key(|(_, mute)| mute.until).map(|(id, _)| id);
            first.map(|first| self.mutes.remove(first));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.mutes.len()
    }
}
