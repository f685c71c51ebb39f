//! Nicknames with an owner. At most one client is logged in to an account.

use std::{collections::HashMap, time::Instant};

use super::attempts::Attempts;
use crate::{
    names::{ClientId, Nick},
    password::Hashed,
};

/// The most accounts. This bounds what they take in memory and on the disk.
const MOST: usize = 100_000;

/// All accounts, and what makes an administrator.
#[derive(Default)]
pub(super) struct Accounts {
    by_nick: HashMap<Nick, Account>,
    /// The hash of the administrators' password, if there is one.
    pub(super) administrator: Option<Hashed>,
    pub(super) attempts: Attempts,
}

struct Account {
    hash: Hashed,
    client: Option<ClientId>,
    /// When it was made, if that was since the server started.
    registered: Option<Instant>,
}

impl Accounts {
    pub(super) fn contains(&self, nick: Nick) -> bool {
        self.by_nick.contains_key(&nick)
    }

    pub(super) fn is_full(&self) -> bool {
        self.by_nick.len() >= MOST
    }

    pub(super) fn nicks(&self) -> impl Iterator<Item = Nick> {
        self.by_nick.keys().copied()
    }

    /// The nickname as its owner spelled it when registering.
    pub(super) fn spelled(&self, nick: Nick) -> Option<Nick> {
        self.by_nick.get_key_value(&nick).map(|(&spelled, _)| spelled)
    }

    pub(super) fn hash(&self, nick: Nick) -> Option<&Hashed> {
        self.by_nick.get(&nick).map(|account| &account.hash)
    }

    /// Whether the account's password still has this hash.
    pub(super) fn has_hash(&self, nick: Nick, hash: &Hashed) -> bool {
        self.hash(nick) == Some(hash)
    }

    /// Creates an account, or changes its password. `registered` is `None` for one that is restored.
    pub(super) fn set(&mut self, nick: Nick, hash: Hashed, registered: Option<Instant>) {
        match self.by_nick.get_mut(&nick) {
            Some(account) => account.hash = hash,
            None => drop(self.by_nick.insert(nick, Account { hash, client: None, registered })),
        }
    }

    /// Deletes an account; returns the client that was logged in to it.
    pub(super) fn remove(&mut self, nick: Nick) -> Option<ClientId> {
        self.by_nick.remove(&nick)?.client
    }

    pub(super) fn registered(&self, nick: Nick) -> Option<Instant> {
        self.by_nick.get(&nick)?.registered
    }

    pub(super) fn client(&self, nick: Nick) -> Option<ClientId> {
        self.by_nick.get(&nick)?.client
    }

    /// Notes who is logged in to an account; `None` means that no client is.
    pub(super) fn set_client(&mut self, nick: Nick, client: Option<ClientId>) {
        if let Some(account) = self.by_nick.get_mut(&nick) {
            account.client = client;
        }
    }
}
