//! Who may not speak for a while.
//!
//! A mute belongs to a client and to its account, and outlives the connection: the account is still muted
//! when it logs in again. A client without an account cannot be recognised when it returns. So every client
//! that connects from the muted client's origin shares the mute, under any nickname, until it logs in to an
//! account that is older than the mute, but for at most [`SHARED`]: other users behind the same address do
//! not wait for a week. Clients that were connected before are not affected. A nickname never matters: the
//! next guest with the same number is another user.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use slotmap::SlotMap;

use super::people::Identity;
use crate::names::{ClientId, Nick, Origin};

/// The most mutes. When there are more, the one that ends first ends at once.
const MOST: usize = 1000;

/// The longest time for which a client shares the mute of another client with the same origin.
const SHARED: Duration = Duration::from_secs(300);

slotmap::new_key_type! {
    /// The key of a mute. No key is used twice, so a client that holds the key of a lifted mute may speak.
    struct MuteId;
}

#[derive(Default)]
pub(super) struct Mutes {
    mutes: SlotMap<MuteId, Mute>,
    held: HashMap<ClientId, Held>,
}

struct Mute {
    since: Instant,
    until: Instant,
    origin: Origin,
    /// The nickname that `/mutelist` shows.
    nick: Nick,
    account: Option<Nick>,
}

#[derive(Clone, Copy)]
enum Held {
    Own(MuteId),
    /// Another client's mute, until this time.
    Shared(MuteId, Instant),
}

impl Mutes {
    /// How long a client may not speak; `None` if it may.
    pub(super) fn left(&self, client: ClientId, now: Instant) -> Option<Duration> {
        let until = match *self.held.get(&client)? {
            Held::Own(id) => self.mutes.get(id)?.until,
            Held::Shared(id, until) => self.mutes.get(id)?.until.min(until),
        };
        Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Mutes a client for this time, whether it is muted already or not.
    pub(super) fn mute(&mut self, who: Identity, time: Duration, now: Instant) {
        let Identity { client, nick, account, origin } = who;
        let until = now + time;
        if let Some(mute) = self.own(client) {
            mute.until = until;
            return;
        }
        self.make_room(now);
        let id = self.mutes.insert(Mute { since: now, until, origin, nick, account });
        self.held.insert(client, Held::Own(id));
    }

    /// A client has connected: it shares the longest mute of its origin.
    pub(super) fn enter(&mut self, client: ClientId, origin: Origin, now: Instant) {
        let shared = self.mutes.iter().filter(|(_, mute)| mute.origin == origin && mute.until > now);
        if let Some((id, _)) = shared.max_by_key(|(_, mute)| mute.until) {
            self.held.insert(client, Held::Shared(id, now + SHARED));
        }
    }

    pub(super) fn rename(&mut self, client: ClientId, nick: Nick) {
        if let Some(mute) = self.own(client) {
            mute.nick = nick;
        }
    }

    /// A client has registered or logged in. `registered` is when that account was made, if that was
    /// since the server started. If the account is muted, so is the client. If the client only shares the
    /// mute of another one, an older account proves that it is another user.
    pub(super) fn log_in(&mut self, who: Identity, registered: Option<Instant>, now: Instant) {
        if self.mutes.is_empty() || who.account.is_none() {
            return;
        }
        if let Some(mute) = self.own(who.client) {
            mute.account = who.account;
        }
        let is_theirs = |mute: &Mute| mute.account == who.account && mute.until > now;
        let theirs = self.mutes.iter().filter(|(_, mute)| is_theirs(mute));
        if let Some((id, _)) = theirs.max_by_key(|(_, mute)| mute.until) {
            self.held.insert(who.client, Held::Own(id));
        } else if let Some(&Held::Shared(id, _)) = self.held.get(&who.client)
            && self.mutes.get(id).is_some_and(|mute| registered.is_none_or(|at| at < mute.since))
        {
            self.held.remove(&who.client);
        }
    }

    /// A client has left. Its mute stays until it ends.
    pub(super) fn leave(&mut self, client: ClientId) {
        self.held.remove(&client);
    }

    /// Lifts the mutes of a nickname, and of the client that has it now. Returns whether there were any. A
    /// client that only shares a mute is let off, and the mute stays.
    pub(super) fn lift(&mut self, nick: Nick, client: Option<ClientId>, now: Instant) -> bool {
        let is_muted = client.is_some_and(|client| self.left(client, now).is_some());
        if let Some(Held::Own(id)) = client.and_then(|client| self.held.remove(&client)) {
            self.mutes.remove(id);
        }
        let before = self.mutes.len();
        self.mutes.retain(|_, mute| mute.until <= now || mute.nick != nick);
        is_muted || self.mutes.len() < before
    }

    /// The muted nicknames, sorted, and how long each is muted.
    pub(super) fn list(&self, now: Instant) -> Vec<(Nick, Duration)> {
        let active = self.mutes.values().filter(|mute| mute.until > now);
        let mut muted: Vec<_> = active.map(|mute| (mute.nick, mute.until - now)).collect();
        muted.sort_unstable();
        muted
    }

    fn own(&mut self, client: ClientId) -> Option<&mut Mute> {
        let Some(&Held::Own(id)) = self.held.get(&client) else { return None };
        self.mutes.get_mut(id)
    }

    fn make_room(&mut self, now: Instant) {
        if self.mutes.len() >= MOST {
            self.mutes.retain(|_, mute| mute.until > now);
        }
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
