//! Registering, logging in, and becoming an administrator.
//!
//! Each of these is a conversation between the rules and slow work: a rule asks for a hash, goes on when
//! it is there, asks for it to be saved, and goes on again. Anything may have happened in between, so
//! each part checks again what an earlier part has seen. No client is told of a success before it is on
//! the disk.

use super::{
    Next, State, Task, Turn,
    attempts::{Attempt, Guesser},
    unsaved::Change,
};
use crate::{
    command::account::AccountCommand,
    event::{Event, account::AccountEvent},
    fact::Deed,
    names::{ClientId, Nick, Room},
    password::{Hashed, Password},
};

impl State {
    /// The chat with an administrators' password that has this hash.
    #[must_use]
    pub fn with_administrator(mut self, hash: Option<Hashed>) -> Self {
        self.accounts.administrator = hash;
        self
    }

    /// Whether a nickname is registered by another user than this client's.
    pub(super) fn is_registered_by_another(&self, nick: Nick, client: ClientId) -> bool {
        self.accounts.contains(nick) && self.people[client].account != Some(nick)
    }

    #[inline(never)]
    pub(super) fn account(&mut self, turn: &mut Turn, client: ClientId, command: AccountCommand) {
        self.warn_if_overheard(turn, client);
        match command {
            AccountCommand::Register(password) => self.register(turn, client, password),
            AccountCommand::LogIn { nick, password } => self.log_in(turn, client, nick, password),
            AccountCommand::ChangePassword { old, new } => self.change_password(turn, client, old, new),
            AccountCommand::Unregister(password) => self.unregister(turn, client, password),
            AccountCommand::Administrate(password) => self.administrate(turn, client, password),
        }
    }

    fn register(&mut self, turn: &mut Turn, client: ClientId, password: Password) {
        let nick = self.people[client].nick;
        let refusal = if nick.is_reserved() {
            AccountEvent::RegisteringGuest
        } else if self.accounts.contains(nick) {
            AccountEvent::AlreadyRegistered
        } else if self.accounts.is_full() {
            AccountEvent::Full
        } else {
            let next = Next::new(move |state: &mut Self, turn, client, hash| {
                state.go_on_registering(turn, client, nick, hash);
            });
            return self.attempt(turn, client, Attempt::Register, Task::Hash(password, next));
        };
        self.tell_and_note(turn, client, refusal);
    }

    fn go_on_registering(&mut self, turn: &mut Turn, client: ClientId, nick: Nick, hash: Option<Hashed>) {
        let is_unchanged = self.people[client].nick == nick && !self.accounts.is_full();
        let Some(hash) = hash.filter(|_| is_unchanged) else {
            return self.tell_and_note(turn, client, AccountEvent::Outdated);
        };
        if self.accounts.contains(nick) {
            return self.tell_and_note(turn, client, AccountEvent::AlreadyRegistered);
        }
        self.set_password(turn, nick, hash.clone());
        turn.wait_for(Task::Save(Next::new(move |state, turn, client, is_saved| {
            state.registered(turn, client, nick, &hash, is_saved);
        })));
    }

    fn registered(&mut self, turn: &mut Turn, client: ClientId, nick: Nick, hash: &Hashed, is_saved: bool) {
        if !self.accounts.has_hash(nick, hash) {
            return self.tell_and_note(turn, client, AccountEvent::Outdated);
        }
        if !is_saved {
            self.delete_account(nick);
            return self.tell_and_note(turn, client, AccountEvent::Unsaved);
        }
        self.set_account(client, nick);
        self.tell_and_note(turn, client, AccountEvent::Registered);
        self.apply_account(turn, client);
    }

    fn log_in(&mut self, turn: &mut Turn, client: ClientId, nick: Nick, password: Password) {
        let hash = self.accounts.hash(nick).cloned();
        let expected = hash.clone();
        let attempt = Attempt::Guess(Some(nick));
        let next = Next::new(move |state: &mut Self, turn, client, is_right| {
            state.judge(turn, client, attempt, is_right);
            state.go_on_logging_in(turn, client, nick, expected.filter(|_| is_right));
        });
        self.attempt(turn, client, attempt, Task::Verify(password, hash, next));
    }

    fn go_on_logging_in(&mut self, turn: &mut Turn, client: ClientId, nick: Nick, shown: Option<Hashed>) {
        let Some(nick) = self.accounts.spelled(nick) else {
            return self.tell_and_note(turn, client, AccountEvent::NotRegistered);
        };
        if !shown.is_some_and(|hash| self.accounts.has_hash(nick, &hash)) {
            return self.tell_and_note(turn, client, AccountEvent::WrongPassword);
        }
        self.dismiss_others(turn, client, nick);
        self.set_account(client, nick);
        turn.tell(client, AccountEvent::LoggedIn);
        if self.people[client].nick.as_str() != nick.as_str() {
            self.change_nick(turn, client, nick);
        }
        self.note(turn, client, Deed::Told(Box::new(AccountEvent::LoggedIn.into())));
        self.apply_account(turn, client);
    }

    fn change_password(&mut self, turn: &mut Turn, client: ClientId, old: Password, new: Password) {
        let Some((nick, hash)) = self.own_account(turn, client) else { return };
        let expected = hash.clone();
        let attempt = Attempt::Guess(Some(nick));
        let next = Next::new(move |state: &mut Self, turn, client, is_right: bool| {
            state.judge(turn, client, attempt, is_right);
            if !is_right {
                return state.tell_and_note(turn, client, AccountEvent::WrongPassword);
            }
            turn.wait_for(Task::Hash(
                new,
                Next::new(move |state, turn, client, new| {
                    state.replace_password(turn, client, nick, expected, new);
                }),
            ));
        });
        self.attempt(turn, client, attempt, Task::Verify(old, Some(hash), next));
    }

    fn replace_password(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        nick: Nick,
        old: Hashed,
        new: Option<Hashed>,
    ) {
        let Some(new) = new.filter(|_| self.accounts.has_hash(nick, &old)) else {
            return self.tell_and_note(turn, client, AccountEvent::Outdated);
        };
        self.set_password(turn, nick, new.clone());
        turn.wait_for(Task::Save(Next::new(move |state: &mut Self, turn, client, is_saved: bool| {
            // A later password that was saved stays.
            if !is_saved && state.accounts.has_hash(nick, &new) {
                state.set_password(turn, nick, old);
            }
            let event = if is_saved { AccountEvent::PasswordChanged } else { AccountEvent::Unsaved };
            state.tell_and_note(turn, client, event);
        })));
    }

    fn unregister(&mut self, turn: &mut Turn, client: ClientId, password: Password) {
        let Some((nick, hash)) = self.own_account(turn, client) else { return };
        let expected = hash.clone();
        let attempt = Attempt::Guess(Some(nick));
        let next = Next::new(move |state: &mut Self, turn, client, is_right| {
            state.judge(turn, client, attempt, is_right);
            if is_right {
                state.go_on_unregistering(turn, client, nick, expected);
            } else {
                state.tell_and_note(turn, client, AccountEvent::WrongPassword);
            }
        });
        self.attempt(turn, client, attempt, Task::Verify(password, Some(hash), next));
    }

    fn go_on_unregistering(&mut self, turn: &mut Turn, client: ClientId, nick: Nick, hash: Hashed) {
        if !self.accounts.has_hash(nick, &hash) {
            return self.tell_and_note(turn, client, AccountEvent::Outdated);
        }
        self.delete_account(nick);
        // Otherwise the next user who registers the nickname would moderate the last owner's rooms.
        let rooms = self.forget_moderator(turn, nick);
        turn.wait_for(Task::Save(Next::new(move |state, turn, client, is_saved| {
            state.unregistered(turn, client, nick, hash, &rooms, is_saved);
        })));
    }

    fn unregistered(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        nick: Nick,
        hash: Hashed,
        rooms: &[Room],
        is_saved: bool,
    ) {
        if is_saved {
            return self.tell_and_note(turn, client, AccountEvent::Unregistered(nick));
        }
        if !self.accounts.contains(nick) {
            self.set_password(turn, nick, hash);
            self.give_rank_back(nick, rooms);
            self.set_account(client, nick);
        }
        self.tell_and_note(turn, client, AccountEvent::Unsaved);
    }

    fn administrate(&mut self, turn: &mut Turn, client: ClientId, password: Password) {
        let hash = self.accounts.administrator.clone();
        let next = Next::new(|state: &mut Self, turn, client, is_right| {
            state.judge(turn, client, Attempt::Guess(None), is_right);
            state.people[client].is_administrator |= is_right;
            let event = if is_right { AccountEvent::Administrator } else { AccountEvent::WrongAdministrator };
            state.tell_and_note(turn, client, event);
        });
        self.attempt(turn, client, Attempt::Guess(None), Task::Verify(password, hash, next));
    }

    /// The account that a client is logged in to; a client without one is told so.
    fn own_account(&mut self, turn: &mut Turn, client: ClientId) -> Option<(Nick, Hashed)> {
        let nick = self.people[client].account;
        let account = nick.and_then(|nick| Some((nick, self.accounts.hash(nick)?.clone())));
        if account.is_none() {
            self.tell_and_note(turn, client, AccountEvent::NotRegistered);
        }
        account
    }

    fn set_password(&mut self, turn: &Turn, nick: Nick, hash: Hashed) {
        self.accounts.set(nick, hash, Some(turn.now.instant));
        self.unsaved.mark(Change::Account(nick));
    }

    fn delete_account(&mut self, nick: Nick) {
        if let Some(client) = self.accounts.remove(nick) {
            self.people[client].account = None;
        }
        self.unsaved.mark_gone(Change::Account(nick));
    }

    /// Logs a client in to this account and out of any other; unless it was dismissed, because then
    /// another client may have logged in.
    fn set_account(&mut self, client: ClientId, nick: Nick) {
        if self.people[client].is_dismissed {
            return;
        }
        self.log_out(client);
        self.people[client].account = Some(nick);
        self.accounts.set_client(nick, Some(client));
    }

    pub(super) fn log_out(&mut self, client: ClientId) {
        if let Some(account) = self.people[client].account.take() {
            self.accounts.set_client(account, None);
        }
    }

    /// Dismisses another client that is logged in to an account or uses its nickname. Usually this is
    /// the owner's own connection, which has died without knowing it. The nickname is free at once.
    fn dismiss_others(&mut self, turn: &mut Turn, client: ClientId, nick: Nick) {
        let logged_in = self.accounts.client(nick);
        let named = self.people.find(nick).filter(|&other| Some(other) != logged_in);
        for other in [logged_in, named].into_iter().flatten().filter(|&other| other != client) {
            if self.people[other].nick == nick {
                let guest = self.people.free_guest();
                self.set_nick(turn, other, guest);
                self.announce(turn, other, Event::Renamed { old: nick, new: guest });
            }
            self.log_out(other);
            self.people[other].is_administrator = false;
            self.dismiss(turn, other, AccountEvent::LoggedInElsewhere(nick).into());
        }
    }

    fn give_rank_back(&mut self, nick: Nick, rooms: &[Room]) {
        for &room in rooms {
            if let Some(remembered) = self.rooms.remembered_mut(room) {
                remembered.moderators.insert(nick);
                self.unsaved.mark(Change::Room(room));
            }
        }
    }

    /// Asks for the hashing of a password, unless there have been too many attempts.
    fn attempt(&mut self, turn: &mut Turn, client: ClientId, attempt: Attempt, task: Task) {
        let now = turn.now.instant;
        let has_guessed_wrong = self.pace.has_guessed_wrong(client, now);
        let guesser = Guesser { client, origin: self.people[client].origin(), has_guessed_wrong };
        let begun =
            if self.pace.is_limited() { self.accounts.attempts.begin(guesser, attempt, now) } else { Ok(()) };
        match begun {
            Ok(()) => turn.wait_for(task),
            Err(wait) => turn.tell(client, AccountEvent::TooManyAttempts(wait)),
        }
    }

    /// A password was compared.
    fn judge(&mut self, turn: &Turn, client: ClientId, attempt: Attempt, is_right: bool) {
        if is_right {
            self.accounts.attempts.take_back(self.people[client].origin(), attempt);
        } else {
            self.pace.note_wrong_password(client, turn.now.instant);
        }
    }

    fn warn_if_overheard(&mut self, turn: &mut Turn, client: ClientId) {
        let is_safe = self.people[client].origin().is_loopback();
        if !is_safe && !std::mem::replace(&mut self.people[client].link.is_warned, true) {
            self.tell_and_note(turn, client, AccountEvent::Overheard);
        }
    }
}
