//! The chat's rules: who is called what, who is in which room, who hears whom.
//!
//! There is no socket, thread, clock or lock in here: a command comes in, posts come out. So the rules
//! are tested as conversations, and with random ones. Where a rule needs slow work, it asks for a
//! [`Task`]: the client's thread does it without the lock, and comes back with the result.
//!
//! Each part of the state is a struct of its own, with its invariants behind a small face: `people`,
//! `rooms`, `accounts`, `ignores`, `mutes`, `pace`, `offers`, `networks`, `closing`, `tally`, `unsaved`.
//! [`State`] composes them. The rules need several parts, so they are methods of [`State`], by topic:
//! `talking`, `moving`, `naming`, `moderating` and so on. What belongs to one decision only is in its
//! [`Turn`].
//!
//! Each page of stack that a command reaches stays in memory until its client leaves, and ten thousand
//! clients are ten thousand stacks. So a common command must fit into two pages, and `#[inline(never)]`
//! stands where a caller would otherwise hold the frames of all the functions that it calls.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{
    broadcaster::{Except, Post, Sink},
    clock::Now,
    command::{Ask, Command, Kind, Rank},
    ending::Ending,
    event::Event,
    fact::Deed,
    names::ClientId,
    password::Hashed,
    record::Restored,
};

mod accounts;
mod administering;
mod attempts;
mod away;
mod bans;
mod closing;
mod history;
mod ignores;
mod ignoring;
mod moderating;
mod moving;
mod mutes;
mod muting;
mod naming;
mod networks;
mod noting;
mod offering;
mod offers;
mod pace;
mod pacing;
mod people;
mod ranks;
mod registering;
mod rooms;
mod talking;
mod tally;
mod task;
#[cfg(test)]
pub(super) mod tests;
mod turn;
mod unsaved;
mod watching;

pub use closing::Countdown;
pub use history::HistoryLimits;
pub use offers::{Claim, FileLimits, Lifeline, MOST_TRANSFERS};
pub use pace::Rate;
pub use task::{Next, Resumption, Task};
pub use turn::Turn;
pub use unsaved::Change;

use accounts::Accounts;
use closing::Closing;
use ignores::Ignores;
use mutes::Mutes;
use networks::Networks;
use offers::Offers;
use pace::Pace;
use people::People;
use rooms::{OpenRoom, Rooms};
use tally::Tally;
use unsaved::Unsaved;

/// What the rules are set to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In a room with more members than this, coming and going are not announced.
    pub presence: usize,
    /// What rooms remember.
    pub history: HistoryLimits,
    /// How fast one client may speak; with `None`, nothing that a client does is limited.
    pub rate: Option<Rate>,
    /// Which files can be sent.
    pub files: FileLimits,
}

/// The chat between two decisions.
pub struct State {
    people: People,
    rooms: Rooms,
    accounts: Accounts,
    ignores: Ignores,
    mutes: Mutes,
    pace: Pace,
    offers: Offers,
    networks: Networks,
    closing: Closing,
    tally: Tally,
    unsaved: Unsaved,
    limits: Limits,
}

impl State {
    /// A chat without clients that remembers what was restored.
    pub fn new(limits: Limits, restored: Restored, now: Now) -> Self {
        let mut state = Self {
            people: People::default(),
            rooms: Rooms::new(),
            accounts: Accounts::default(),
            ignores: Ignores::default(),
            mutes: Mutes::default(),
            pace: Pace::new(limits.rate),
            offers: Offers::default(),
            networks: Networks::default(),
            closing: Closing::default(),
            tally: Tally::new(now.instant),
            unsaved: Unsaved::default(),
            limits,
        };
        let Restored { rooms, accounts, networks } = restored;
        state.restore_networks(networks, now);
        for room in rooms {
            let newest = state.rooms.restore(room, &mut state.unsaved);
            state.tally.continue_after(newest);
        }
        for (nick, hash) in accounts {
            state.accounts.set(nick, Hashed::new(&hash), None);
        }
        state
    }

    /// Lets a client in as a guest in the lobby.
    pub fn enter(&mut self, turn: &mut Turn, address: SocketAddr, sink: Box<dyn Sink>) -> ClientId {
        let (now, lobby) = (turn.now.instant, self.rooms.lobby());
        let client = self.people.enter(address, lobby, now);
        let entering = &self.people[client];
        let nick = entering.nick;
        turn.post(Post::Attach(client, sink, Arc::clone(&entering.link.backlog)));
        let origin = entering.origin();
        self.pace.enter(client, origin, now);
        self.mutes.enter(client, origin, now);
        self.note(turn, client, Deed::Connected);
        self.enter_room(turn, client, lobby);
        turn.tell(client, Event::Welcome(nick));
        self.replay(turn, client);
        self.announce(turn, client, Event::Arrived(nick));
        self.warn_of_closing_time(turn, client);
        client
    }

    /// Carries out one command. If the turn has a task afterwards, the client's next command waits until
    /// that is done and [`State::resume`] was called.
    pub fn apply(&mut self, turn: &mut Turn, client: ClientId, command: Command) {
        if let Some(pause) = self.must_wait(turn, client, &command) {
            return ask_again(turn, pause, command);
        }
        if self.permits(turn, client, &command) {
            if command.verb.kind == Kind::Speech {
                self.come_back(turn, client);
            }
            self.carry_out(turn, client, command.ask);
        }
    }

    /// Whether a client may give a command now. If not, it has been told why.
    #[inline(never)]
    fn permits(&mut self, turn: &mut Turn, client: ClientId, command: &Command) -> bool {
        let Some(asking) = self.people.get_mut(client) else { return false };
        if self.closing.is_stopping || asking.is_dismissed {
            return false;
        }
        asking.last_active = turn.now.instant;
        if !self.may(turn, client, command) {
            return false;
        }
        self.note_command(turn, client, command);
        let Some(why) = self.refusal(client, command.rank()) else { return true };
        turn.tell(client, why);
        false
    }

    fn carry_out(&mut self, turn: &mut Turn, client: ClientId, ask: Ask) {
        match ask {
            Ask::Say(text) => self.say(turn, client, text),
            Ask::Act(text) => self.act(turn, client, text),
            Ask::Trace(text) => self.say_traced(turn, client, text),
            Ask::Away(reason) => self.go_away(turn, client, reason),
            Ask::Rename(nick) => self.rename(turn, client, nick),
            Ask::Join(room) => self.join(turn, client, room),
            Ask::Leave => self.return_to_lobby(turn, client),
            Ask::ListRooms => self.list_rooms(turn, client),
            Ask::ListUsers => self.list_users(turn, client),
            Ask::Whisper { to, text } => self.whisper(turn, client, to, text),
            Ask::Reply(text) => self.reply(turn, client, text),
            Ask::Whois(nick) => self.whois(turn, client, nick),
            Ask::ShowTopic => self.show_topic(turn, client),
            Ask::SetTopic(topic) => self.set_topic(turn, client, topic),
            Ask::ShowHistory(count) => self.show_history(turn, client, count),
            Ask::ShowEmojis(found) => turn.tell_with(client, || Event::Emojis(found)),
            Ask::Moderate(order) => self.moderate(turn, client, order),
            Ask::Administer(order) => self.administer(turn, client, order),
            Ask::Ignore(nick) => self.ignore(turn, client, nick),
            Ask::Unignore(nick) => self.unignore(turn, client, nick),
            Ask::Account(command) => self.account(turn, client, command),
            Ask::Muting(command) => self.muting(turn, client, command),
            Ask::ShowThreads => watching::show_threads(turn),
            Ask::ShowStats => watching::show_stats(turn),
            Ask::File(command) => self.handle_files(turn, client, *command),
            Ask::Help { all } => {
                let rank = if all { Rank::Administrator } else { self.rank(client) };
                turn.tell_at_length(client, Event::Commands(rank));
            }
            Ask::Explain(verb) => turn.tell_with(client, || Event::Explained(verb)),
            Ask::Quit => turn.tell_with(client, || Event::Goodbye),
            Ask::Mistake(mistake) => turn.tell_with(client, || Event::Mistaken(mistake)),
        }
    }

    /// Removes a client that is gone for this reason.
    pub fn leave(&mut self, turn: &mut Turn, client: ClientId, why: Ending) {
        let Some(nick) = self.people.get(client).map(|client| client.nick) else { return };
        self.note_ending(turn, client, why);
        self.announce(turn, client, Event::Departed(nick));
        self.leave_room(turn, client);
        self.cancel_offers_of(turn, client);
        self.ignores.leave(client);
        self.mutes.leave(client);
        self.pace.leave(client, self.people[client].origin(), turn.now.instant);
        self.accounts.attempts.forget(client);
        self.log_out(client);
        self.people.leave(client);
        turn.post(Post::Detach(client));
    }

    /// Tells all users that the server stops. From then on no user is told anything.
    pub fn stop(&mut self, turn: &mut Turn) {
        self.closing.is_stopping = true;
        self.drop_all_offers(turn);
        turn.post(Post::Stop(Event::ShuttingDown));
    }

    fn room(&self, client: ClientId) -> &OpenRoom {
        &self.rooms[self.people[client].room]
    }

    fn room_mut(&mut self, client: ClientId) -> &mut OpenRoom {
        &mut self.rooms[self.people[client].room]
    }

    /// Tells the other members of a client's room that it comes, goes or is renamed, unless they are too
    /// many: ten thousand arrivals told to ten thousand users are a hundred million lines.
    fn announce(&self, turn: &mut Turn, client: ClientId, event: Event) {
        let room = self.people[client].room;
        let is_announced = (2..=self.limits.presence).contains(&self.rooms[room].members.len());
        if is_announced && !self.closing.is_stopping {
            turn.tell_room(room, Except::One(client), event);
        }
    }
}

/// Applies a command when its client has waited. Never inlined, like all that is rare on the way of a
/// command: see [`crate::session`].
#[inline(never)]
fn ask_again(turn: &mut Turn, pause: Duration, command: Command) {
    let next = Next::new(|state: &mut State, turn, client, ()| state.apply(turn, client, command));
    turn.wait_for(Task::Wait(pause, next));
}
