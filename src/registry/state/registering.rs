//! Registering, logging in, and becoming an administrator.
//!
//! Each of these alternates between rules and slow work: a rule asks for a hash, goes on with it, asks for
//! it to be saved, and goes on again. Anything may have happened in between, so each part repeats the
//! checks of the parts before it. A client is told of a success only when it is on the disk.

use super::{
    Next, State, Task, Turn,
    attempts::{Attempt, Guesser},
    unsaved::Change,
};
use crate::{
    command::account::AccountCommand,
    event::{Event, account::AccountEvent},
    fact::Deed,
    names::{ClientId, Nick},
    password::{Hashed, Password},
};

impl State {
    /// Sets the hash of the administrators' password.
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
    pub(super) fn account(&mut self, turn: &mut Turn, command: AccountCommand) {
        self.warn_if_overheard(turn);
        let own = self.people[turn.client].account;
        let (account, password, outdated, next) = match command {
            AccountCommand::Register(password) => return self.register(turn, password),
            AccountCommand::Administrate(password) => return self.administrate(turn, password),
            AccountCommand::LogIn(nick, password) => (Some(nick), password, None, Next::new(Self::log_in)),
            AccountCommand::Unregister(password) => {
                (own, password, Some(AccountEvent::Outdated), Next::new(Self::unregister))
            }
            AccountCommand::ChangePassword { old, new } => {
                let next = Next::new(|_, turn, account| hash_new_password(turn, account, new));
                (own, old, Some(AccountEvent::Outdated), next)
            }
        };
        match account {
            Some(nick) => self.show_password(turn, nick, password, outdated, next),
            None => self.answer_and_note(turn, AccountEvent::NotRegistered),
        }
    }

    fn register(&mut self, turn: &mut Turn, password: Password) {
        let nick = self.people[turn.client].nick;
        let refusal = if nick.is_reserved() {
            AccountEvent::RegisteringGuest
        } else if self.accounts.contains(nick) {
            AccountEvent::AlreadyRegistered
        } else if self.accounts.is_full() {
            AccountEvent::Full
        } else {
            let next = Next::new(move |state, turn, hash| state.create_account(turn, nick, hash));
            return self.attempt(turn, Attempt::Register, Task::Hash(password, next));
        };
        self.answer_and_note(turn, refusal);
    }

    fn create_account(&mut self, turn: &mut Turn, nick: Nick, hash: Option<Hashed>) {
        let is_unchanged = self.people[turn.client].nick == nick && !self.accounts.is_full();
        let Some(hash) = hash.filter(|_| is_unchanged) else {
            return self.answer_and_note(turn, AccountEvent::Outdated);
        };
        if self.accounts.contains(nick) {
            return self.answer_and_note(turn, AccountEvent::AlreadyRegistered);
        }
        self.set_password(turn, nick, hash.clone());
        turn.wait_for(Task::Save(Next::new(move |state: &mut Self, turn, is_saved: bool| {
            if !state.accounts.has_hash(nick, &hash) {
                return state.answer_and_note(turn, AccountEvent::Outdated);
            }
            if !is_saved {
                state.delete_account(nick);
                return state.answer_and_note(turn, AccountEvent::Unsaved);
            }
            state.set_account(turn, nick);
            state.answer_and_note(turn, AccountEvent::Registered);
            state.apply_account(turn);
        })));
    }

    fn log_in(&mut self, turn: &mut Turn, (nick, _): (Nick, Hashed)) {
        self.dismiss_others(turn, nick);
        self.set_account(turn, nick);
        turn.answer(AccountEvent::LoggedIn);
        if self.people[turn.client].nick.as_str() != nick.as_str() {
            self.change_nick(turn, nick);
        }
        self.note(turn, || Deed::Told(Box::new(AccountEvent::LoggedIn.into())));
        self.apply_account(turn);
    }

    fn change_password(&mut self, turn: &mut Turn, nick: Nick, old: Hashed, new: Option<Hashed>) {
        let Some(new) = new.filter(|_| self.accounts.has_hash(nick, &old)) else {
            return self.answer_and_note(turn, AccountEvent::Outdated);
        };
        self.set_password(turn, nick, new.clone());
        turn.wait_for(Task::Save(Next::new(move |state: &mut Self, turn, is_saved: bool| {
            // A later password that was saved stays.
            if !is_saved && state.accounts.has_hash(nick, &new) {
                state.set_password(turn, nick, old);
            }
            let event = if is_saved { AccountEvent::PasswordChanged } else { AccountEvent::Unsaved };
            state.answer_and_note(turn, event);
        })));
    }

    fn unregister(&mut self, turn: &mut Turn, (nick, hash): (Nick, Hashed)) {
        self.delete_account(nick);
        // Otherwise the next user who registers the nickname would moderate the last owner's rooms.
        let rooms = self.forget_moderator(turn, nick);
        turn.wait_for(Task::Save(Next::new(move |state, turn, is_saved| {
            if is_saved {
                return state.answer_and_note(turn, AccountEvent::Unregistered(nick));
            }
            if !state.accounts.contains(nick) {
                state.set_password(turn, nick, hash);
                for room in rooms {
                    let id = state.rooms.open(room);
                    state.rooms[id].remembered.moderators.insert(nick);
                    state.rooms.close_if_empty(id, &mut state.unsaved);
                    state.unsaved.mark(Change::Room(room));
                }
                state.set_account(turn, nick);
            }
            state.answer_and_note(turn, AccountEvent::Unsaved);
        })));
    }

    fn administrate(&mut self, turn: &mut Turn, password: Password) {
        let hash = self.accounts.administrator.clone();
        let next = Next::new(|state: &mut Self, turn, is_right| {
            state.people[turn.client].is_administrator |= is_right;
            let event = if is_right { AccountEvent::Administrator } else { AccountEvent::WrongAdministrator };
            state.answer_and_note(turn, event);
        });
        let next = judged(Attempt::Guess(None), next);
        self.attempt(turn, Attempt::Guess(None), Task::Verify(password, hash, next));
    }

    /// Compares a password with an account's. If it is right, the rules go on with the nickname as its
    /// owner spelled it, and with the hash. If it was right until the account changed, the answer is
    /// `outdated`; without that, the answer is as if it had always been wrong.
    fn show_password(
        &mut self,
        turn: &mut Turn,
        nick: Nick,
        password: Password,
        outdated: Option<AccountEvent>,
        next: Next<(Nick, Hashed)>,
    ) {
        let hash = self.accounts.hash(nick).cloned();
        let shown = hash.clone();
        let next = Next::new(move |state: &mut Self, turn, is_right| {
            let shown = shown.filter(|hash| is_right && state.accounts.has_hash(nick, hash));
            let refusal = match (state.accounts.spelled(nick), shown, outdated) {
                (Some(nick), Some(hash), _) => return next.go_on(state, turn, (nick, hash)),
                (_, _, Some(outdated)) if is_right => outdated,
                (None, ..) => AccountEvent::NotRegistered,
                _ => AccountEvent::WrongPassword,
            };
            state.answer_and_note(turn, refusal);
        });
        let next = judged(Attempt::Guess(Some(nick)), next);
        self.attempt(turn, Attempt::Guess(Some(nick)), Task::Verify(password, hash, next));
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

    /// Logs the client in to this account and out of any other; unless it was dismissed, because then
    /// another client may have logged in.
    fn set_account(&mut self, turn: &Turn, nick: Nick) {
        if !self.people[turn.client].is_dismissed {
            self.log_out(turn.client);
            self.people[turn.client].account = Some(nick);
            self.accounts.set_client(nick, Some(turn.client));
        }
    }

    pub(super) fn log_out(&mut self, client: ClientId) {
        if let Some(account) = self.people[client].account.take() {
            self.accounts.set_client(account, None);
        }
    }

    /// Dismisses another client that is logged in to an account or uses its nickname. Usually this is the
    /// owner's own connection, which is lost without the server knowing. The nickname is free at once.
    fn dismiss_others(&mut self, turn: &mut Turn, nick: Nick) {
        let (acting, logged_in) = (turn.client, self.accounts.client(nick));
        let named = self.people.find(nick).filter(|&other| Some(other) != logged_in);
        for other in [logged_in, named].into_iter().flatten().filter(|&other| other != acting) {
            if self.people[other].nick == nick {
                let guest = self.people.free_guest();
                turn.in_name_of(other, |turn| {
                    self.set_nick(turn, guest);
                    self.announce(turn, Event::Renamed { old: nick, new: guest });
                });
            }
            self.log_out(other);
            self.people[other].is_administrator = false;
            self.dismiss(turn, other, AccountEvent::LoggedInElsewhere(nick));
        }
    }

    /// Asks for the hashing of a password, unless there have been too many attempts.
    fn attempt(&mut self, turn: &mut Turn, attempt: Attempt, task: Task) {
        let (client, now) = (turn.client, turn.now.instant);
        let origin = self.people[client].origin();
        let guesser = Guesser { client, origin, has_guessed_wrong: self.pace.has_guessed_wrong(client, now) };
        if self.pace.is_limited()
            && let Err(wait) = self.accounts.attempts.begin(guesser, attempt, now)
        {
            self.tally.occurrences.passwords.add("too_many");
            return turn.answer(AccountEvent::TooManyAttempts(wait));
        }
        turn.wait_for(task);
    }

    fn warn_if_overheard(&mut self, turn: &mut Turn) {
        let is_safe = self.people[turn.client].origin().is_this_machine();
        if !is_safe && !std::mem::replace(&mut self.people[turn.client].link.is_warned, true) {
            self.answer_and_note(turn, AccountEvent::Overheard);
        }
    }
}

fn hash_new_password(turn: &mut Turn, (nick, old): (Nick, Hashed), new: Password) {
    let next = Next::new(move |state: &mut State, turn, new| state.change_password(turn, nick, old, new));
    turn.wait_for(Task::Hash(new, next));
}

/// Remembers what came of an attempt before the rules go on.
fn judged(attempt: Attempt, next: Next<bool>) -> Next<bool> {
    Next::new(move |state: &mut State, turn, is_right| {
        state.tally.occurrences.passwords.add(if is_right { "right" } else { "wrong" });
        if is_right {
            state.accounts.attempts.take_back(state.people[turn.client].origin(), attempt);
        }
        state.pace.note_password(turn.client, is_right, turn.now.instant);
        next.go_on(state, turn, is_right);
    })
}
