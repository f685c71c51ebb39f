//! Nicknames with an owner: registering, logging in, and becoming an administrator.
//!
//! Each of these is a conversation between the rules and the slow world outside the lock: a rule hands
//! out some [`Work`] (hash this, check that, save), and goes on in [`State::go_on_with_account`] when
//! it is done. Meanwhile anything may have happened, so whatever the first half has seen is looked at
//! again by the second. And nobody is told of a success before it is on the disk.

use super::{Done, State, Task, Then, Work, attempts::Attempt, unsaved::Unsaved};
use crate::{
    command::account::AccountCommand,
    event::{Event, account::AccountEvent},
    fact::Deed,
    names::{ClientId, Nick, Room},
    origin::Origin,
    password::{Hashed, Password},
    record::Record,
};

/// How many accounts there can be: what they take in memory and on the disk has a limit.
const MOST_ACCOUNTS: usize = 100_000;

/// A nickname's owner.
pub(super) struct Account {
    hash: Hashed,
    /// Who has logged in: one client at a time.
    client: Option<ClientId>,
}

/// What somebody is in the middle of.
#[derive(Debug)]
pub enum AccountThen {
    /// Registering; the password was hashed.
    Register(Nick),
    /// Registering; it was saved.
    Registered(Nick, Hashed),
    /// Logging in; the password was compared with this hash.
    LogIn(Nick, Option<Hashed>),
    /// Changing the password to this one; the old one was compared.
    ChangePassword(Nick, Hashed, Password),
    /// Changing the password; the new one was hashed.
    Replace(Nick, Hashed),
    /// Changing the password from the first one to the second; it was saved.
    Replaced(Nick, Hashed, Hashed),
    /// Unregistering; the password was compared.
    Unregister(Nick, Hashed),
    /// Unregistering; it was saved. The account moderated these rooms.
    Unregistered(Nick, Hashed, Vec<Room>),
    /// Becoming an administrator; the password was compared.
    Administrate,
}

impl State {
    /// The chat with an administrator, whose password has this hash.
    #[must_use]
    pub fn with_administrator(mut self, hash: Option<Hashed>) -> Self {
        self.administrator = hash;
        self
    }

    pub(super) fn restore_account(&mut self, nick: Nick, hash: &str) {
        self.accounts.insert(nick, Account { hash: Hashed::new(hash), client: None });
    }

    pub(super) fn account_record(&self, nick: Nick) -> Record {
        Record::Account {
            nick,
            hash: self.accounts.get(&nick).map(|account| account.hash.as_str().to_owned()),
        }
    }

    /// Whether a nickname has an owner, and that is not this client.
    pub(super) fn is_somebody_elses(&self, nick: Nick, client: ClientId) -> bool {
        self.accounts.contains_key(&nick) && self.clients[client].account != Some(nick)
    }

    pub(super) fn carry_out_account(&mut self, client: ClientId, command: AccountCommand) {
        self.warn_if_overheard(client);
        match command {
            AccountCommand::Register(password) => self.register(client, password),
            AccountCommand::LogIn { nick, password } => self.log_in(client, nick, password),
            AccountCommand::ChangePassword { old, new } => self.change_password(client, old, new),
            AccountCommand::Unregister(password) => self.unregister(client, password),
            AccountCommand::Administrate(password) => self.administrate(client, password),
        }
    }

    pub(super) fn go_on_with_account(&mut self, client: ClientId, then: AccountThen, done: Done) {
        use AccountThen::{
            Administrate, ChangePassword, LogIn, Register, Registered, Replace, Replaced, Unregister,
            Unregistered,
        };
        // Whoever was told to go in the meantime begins nothing more. What was decided before is ended.
        if self.clients[client].is_dismissed && !matches!(done, Done::Saved(_)) {
            return;
        }
        match (then, done) {
            (Register(nick), Done::Hashed(Some(hash))) => self.go_on_registering(client, nick, hash),
            (Registered(nick, hash), Done::Saved(is_saved)) => self.registered(client, nick, &hash, is_saved),
            (LogIn(nick, hash), Done::Verified(is_right)) => self.logged_in(client, nick, hash, is_right),
            (ChangePassword(nick, old, new), Done::Verified(true)) => self.hash_new(nick, old, new),
            (Replace(nick, old), Done::Hashed(Some(new))) => self.replace(client, nick, old, new),
            (Replaced(nick, old, new), Done::Saved(is_saved)) => {
                self.replaced(client, nick, old, &new, is_saved);
            }
            (Unregister(nick, hash), Done::Verified(true)) => self.go_on_unregistering(client, nick, hash),
            (Unregistered(nick, hash, rooms), Done::Saved(is_saved)) => {
                self.unregistered(client, nick, hash, &rooms, is_saved);
            }
            (Administrate, Done::Verified(is_right)) => self.become_administrator(client, is_right),
            (ChangePassword(..) | Unregister(..), Done::Verified(false)) => {
                self.answer(client, AccountEvent::WrongPassword);
            }
            // No hash could be computed.
            _ => self.answer(client, AccountEvent::Outdated),
        }
    }

    /// A client has gone.
    pub(super) fn log_out(&mut self, client: ClientId) {
        let account = self.clients[client].account.take();
        if let Some(account) = account.and_then(|nick| self.accounts.get_mut(&nick)) {
            account.client = None;
        }
    }

    fn register(&mut self, client: ClientId, password: Password) {
        let nick = self.nick(client);
        let refusal = if nick.is_reserved() {
            AccountEvent::RegisteringGuest
        } else if self.accounts.contains_key(&nick) {
            AccountEvent::AlreadyRegistered
        } else if self.accounts.len() >= MOST_ACCOUNTS {
            AccountEvent::Full
        } else {
            return self.attempt(
                client,
                Attempt::Register,
                Work::Hash(password),
                AccountThen::Register(nick),
            );
        };
        self.answer(client, refusal);
    }

    fn go_on_registering(&mut self, client: ClientId, nick: Nick, hash: Hashed) {
        if self.nick(client) != nick || self.accounts.len() >= MOST_ACCOUNTS {
            return self.answer(client, AccountEvent::Outdated);
        }
        if self.accounts.contains_key(&nick) {
            return self.answer(client, AccountEvent::AlreadyRegistered);
        }
        self.set_account(nick, Some(hash.clone()));
        self.save(AccountThen::Registered(nick, hash));
    }

    fn registered(&mut self, client: ClientId, nick: Nick, hash: &Hashed, is_saved: bool) {
        if !self.has_hash(nick, hash) {
            return self.answer(client, AccountEvent::Outdated);
        }
        if !is_saved {
            self.set_account(nick, None);
            return self.answer(client, AccountEvent::Unsaved);
        }
        self.own(client, nick);
        self.answer(client, AccountEvent::Registered);
        self.recognise(client);
    }

    fn log_in(&mut self, client: ClientId, nick: Nick, password: Password) {
        let hash = self.accounts.get(&nick).map(|account| account.hash.clone());
        let work = Work::Verify { password, hash: hash.clone() };
        self.attempt(client, Attempt::Guess, work, AccountThen::LogIn(nick, hash));
    }

    fn logged_in(&mut self, client: ClientId, nick: Nick, hash: Option<Hashed>, is_right: bool) {
        let Some((&nick, _)) = self.accounts.get_key_value(&nick) else {
            return self.answer(client, AccountEvent::NotRegistered);
        };
        if !is_right || !hash.is_some_and(|hash| self.has_hash(nick, &hash)) {
            return self.answer(client, AccountEvent::WrongPassword);
        }
        self.dismiss_others(client, nick);
        self.own(client, nick);
        self.tell(client, AccountEvent::LoggedIn.into());
        if self.nick(client).as_str() != nick.as_str() {
            self.call(client, nick);
        }
        self.note(client, Deed::Told(Box::new(AccountEvent::LoggedIn.into())));
        self.recognise(client);
    }

    fn change_password(&mut self, client: ClientId, old: Password, new: Password) {
        let Some((nick, hash)) = self.own_account(client) else { return };
        let work = Work::Verify { password: old, hash: Some(hash.clone()) };
        self.attempt(client, Attempt::Guess, work, AccountThen::ChangePassword(nick, hash, new));
    }

    fn hash_new(&mut self, nick: Nick, old: Hashed, new: Password) {
        self.task =
            Some(Task { work: Work::Hash(new), then: Then::Account(AccountThen::Replace(nick, old)) });
    }

    fn replace(&mut self, client: ClientId, nick: Nick, old: Hashed, new: Hashed) {
        if !self.has_hash(nick, &old) {
            return self.answer(client, AccountEvent::Outdated);
        }
        self.set_account(nick, Some(new.clone()));
        self.save(AccountThen::Replaced(nick, old, new));
    }

    fn replaced(&mut self, client: ClientId, nick: Nick, old: Hashed, new: &Hashed, is_saved: bool) {
        if !is_saved && self.has_hash(nick, new) {
            self.set_account(nick, Some(old));
        }
        let event = if is_saved { AccountEvent::PasswordChanged } else { AccountEvent::Unsaved };
        self.answer(client, event);
    }

    fn unregister(&mut self, client: ClientId, password: Password) {
        let Some((nick, hash)) = self.own_account(client) else { return };
        let work = Work::Verify { password, hash: Some(hash.clone()) };
        self.attempt(client, Attempt::Guess, work, AccountThen::Unregister(nick, hash));
    }

    fn go_on_unregistering(&mut self, client: ClientId, nick: Nick, hash: Hashed) {
        if !self.has_hash(nick, &hash) {
            return self.answer(client, AccountEvent::Outdated);
        }
        self.set_account(nick, None);
        // Or whoever registers the nickname next would be moderator where its last owner was.
        let rooms = self.forget_moderator(nick);
        self.save(AccountThen::Unregistered(nick, hash, rooms));
    }

    fn unregistered(&mut self, client: ClientId, nick: Nick, hash: Hashed, rooms: &[Room], is_saved: bool) {
        if is_saved {
            return self.answer(client, AccountEvent::Unregistered(nick));
        }
        if !self.accounts.contains_key(&nick) {
            self.set_account(nick, Some(hash));
            self.give_rank(nick, rooms);
            self.own(client, nick);
        }
        self.answer(client, AccountEvent::Unsaved);
    }

    fn administrate(&mut self, client: ClientId, password: Password) {
        let work = Work::Verify { password, hash: self.administrator.clone() };
        self.attempt(client, Attempt::Guess, work, AccountThen::Administrate);
    }

    fn become_administrator(&mut self, client: ClientId, is_right: bool) {
        self.clients[client].is_administrator |= is_right;
        let event = if is_right { AccountEvent::Administrator } else { AccountEvent::WrongAdministrator };
        self.answer(client, event);
    }

    /// The account a client has logged in to; without one, it is told so.
    fn own_account(&mut self, client: ClientId) -> Option<(Nick, Hashed)> {
        let nick = self.clients[client].account;
        let account = nick.and_then(|nick| Some((nick, self.accounts.get(&nick)?.hash.clone())));
        if account.is_none() {
            self.answer(client, AccountEvent::NotRegistered);
        }
        account
    }

    fn has_hash(&self, nick: Nick, hash: &Hashed) -> bool {
        self.accounts.get(&nick).is_some_and(|account| account.hash == *hash)
    }

    fn set_account(&mut self, nick: Nick, hash: Option<Hashed>) {
        match (hash, self.accounts.get_mut(&nick)) {
            (Some(hash), Some(account)) => account.hash = hash,
            (Some(hash), None) => drop(self.accounts.insert(nick, Account { hash, client: None })),
            (None, _) => {
                let account = self.accounts.remove(&nick);
                if let Some(client) = account.and_then(|account| account.client) {
                    self.clients[client].account = None;
                }
            }
        }
        self.unsaved.mark(Unsaved::Account(nick));
    }

    /// Makes a client the one that has logged in to an account, and to no other; unless it was told to
    /// go: somebody else may have logged in then.
    fn own(&mut self, client: ClientId, nick: Nick) {
        if self.clients[client].is_dismissed {
            return;
        }
        self.log_out(client);
        self.clients[client].account = Some(nick);
        if let Some(account) = self.accounts.get_mut(&nick) {
            account.client = Some(client);
        }
    }

    /// Whoever else has logged in to an account, or uses its nickname, has to go: mostly it is the
    /// owner's own connection, which has died and does not know it yet. The nickname is free at once.
    fn dismiss_others(&mut self, client: ClientId, nick: Nick) {
        let logged_in = self.accounts.get(&nick).and_then(|account| account.client);
        let called_so = self.nicks.get(&nick).copied().filter(|&other| Some(other) != logged_in);
        for other in [logged_in, called_so].into_iter().flatten().filter(|&other| other != client) {
            if self.nick(other) == nick {
                let guest = Nick::guest(self.guests.take());
                self.rename_member(other, guest);
                self.announce(other, Event::Renamed { old: nick, new: guest });
            }
            self.inherit_mute(client, other);
            self.log_out(other);
            self.clients[other].is_administrator = false;
            self.dismiss(other, AccountEvent::LoggedInElsewhere(nick).into());
        }
    }

    fn give_rank(&mut self, nick: Nick, rooms: &[Room]) {
        for &room in rooms {
            if let Some(lasting) = self.lasting_mut(room) {
                lasting.moderators.insert(nick);
                self.unsaved.mark(Unsaved::Room(room));
            }
        }
    }

    fn attempt(&mut self, client: ClientId, attempt: Attempt, work: Work, then: AccountThen) {
        if self.may_attempt(client, attempt) {
            self.task = Some(Task { work, then: Then::Account(then) });
        }
    }

    fn save(&mut self, then: AccountThen) {
        self.task = Some(Task { work: Work::Save, then: Then::Account(then) });
    }

    fn warn_if_overheard(&mut self, client: ClientId) {
        let Self { clients, .. } = self;
        let is_safe = Origin::of(clients[client].address).is_loopback();
        if !is_safe && !std::mem::replace(&mut clients[client].is_warned, true) {
            self.answer(client, AccountEvent::Overheard);
        }
    }
}
