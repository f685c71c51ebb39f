//! The chat's rules: nicknames, rooms, and who hears what.
//!
//! There is no socket, thread, clock or lock in here: a command comes in, posts come out. So the rules
//! are tested as conversations, and with random ones. Where a rule needs slow work, it asks for a [`Task`].
//!
//! Each part of the state is a struct of its own that keeps its invariants; [`State`] combines them. The
//! rules need several parts, so they are methods of [`State`], by topic: `talking`, `moving`, `naming`,
//! `moderating` and so on. What belongs to one decision only is in its [`Turn`].
//!
//! Each page of stack that a command reaches stays in memory until its client leaves, and ten thousand
//! clients are ten thousand stacks. So a common command must fit into two pages, and `#[inline(never)]`
//! stands where a caller would otherwise hold the frames of all the functions that it calls.

use std::time::Duration;

use crate::{
    broadcaster::{Except, Post},
    clock::Now,
    command::{Ask, Command, Kind, Rank},
    ending::Ending,
    event::Event,
    fact::{Deed, Fact},
    names::{ClientId, Network},
    password::Hashed,
    record::{Manner, Restored},
};

mod accounts;
mod addressing;
mod adjusting;
mod administering;
mod arriving;
mod attempts;
mod bans;
mod bots;
mod closing;
mod counting;
mod history;
mod ignores;
mod listing;
mod moderating;
mod moving;
mod mutes;
mod naming;
mod networks;
mod offering;
mod offers;
mod pace;
mod pacing;
mod people;
mod ranks;
mod registering;
mod rooms;
mod searching;
mod talking;
mod tally;
#[cfg(test)]
pub(super) mod tests;
mod turn;
mod unsaved;
mod watching;

pub use crate::dialect::text::Limits as LineLimits;
pub use arriving::Newcomer;
pub use closing::Countdown;
pub use counting::Counts;
pub use history::HistoryLimits;
pub use listing::Census;
pub use offers::{Claim, FileLimits, Lifeline, MOST_TRANSFERS};
pub use pace::Rate;
pub use searching::Search;
pub use tally::Occurrences;
pub use turn::{Next, Resumption, Task, Turn};
pub use unsaved::Change;

use accounts::Accounts;
use bots::Bots;
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
    /// In a room with more members than this, arrivals and departures are not announced.
    pub presence: usize,
    /// What rooms remember.
    pub history: HistoryLimits,
    /// How fast one client may speak; with `None`, nothing that a client does is limited.
    pub rate: Option<Rate>,
    /// Which files can be sent.
    pub files: FileLimits,
    /// How long lines and messages may be. The dialect keeps these limits; programs are told them.
    pub lines: LineLimits,
}

/// The chat between two decisions.
pub struct State {
    people: People,
    rooms: Rooms,
    accounts: Accounts,
    ignores: Ignores,
    mutes: Mutes,
    pace: Pace,
    bots: Bots,
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
            bots: Bots::default(),
            offers: Offers::default(),
            networks: Networks::default(),
            closing: Closing::default(),
            tally: Tally::new(now.instant),
            unsaved: Unsaved::default(),
            limits,
        };
        for (name, ban) in restored.networks {
            let Some(network) = Network::new(&name) else { continue };
            if !state.networks.restore(network, ban, now) {
                state.unsaved.mark(Change::Network(network));
            }
        }
        for room in restored.rooms {
            let newest = state.rooms.restore(room, &mut state.unsaved);
            state.tally.continue_after(newest);
        }
        state.tally.continue_after(restored.numbers);
        for (nick, hash) in restored.accounts {
            state.accounts.set(nick, Hashed::new(&hash), None);
        }
        state
    }

    /// Carries out one command, whose claim was checked. If the turn has a task afterwards, the client's next command waits until
    /// that is done and [`State::resume`] was called.
    pub fn apply(&mut self, turn: &mut Turn, client: ClientId, command: Command) {
        turn.client = client;
        if let Some(pause) = self.must_wait(turn, &command) {
            return ask_again(turn, pause, command);
        }
        if self.permits(turn, &command) {
            if command.verb.kind == Kind::Speech {
                self.come_back(turn);
            }
            self.carry_out(turn, command.ask);
        }
    }

    /// Whether a client may give a command now. If not, it has been told why.
    #[inline(never)]
    fn permits(&mut self, turn: &mut Turn, command: &Command) -> bool {
        let Some(asking) = self.people.get_mut(turn.client) else { return false };
        if self.closing.is_stopping || asking.is_dismissed {
            return false;
        }
        if command.verb.kind != Kind::Automatic {
            asking.last_active = turn.now.instant;
        }
        if let Some(too_much) = self.too_much(turn, command) {
            turn.answer(too_much);
            self.pay_for_refusal(turn);
            return false;
        }
        if turn.noting.is_some()
            && let Some(asked) = command.logged()
        {
            self.note(turn, || Deed::Asked(asked));
        }
        let Some(why) = self.refusal(turn.client, command.rank()) else { return true };
        turn.answer(why);
        false
    }

    fn carry_out(&mut self, turn: &mut Turn, ask: Ask) {
        match ask {
            Ask::Say(text) => self.say(turn, text, Manner::Said),
            Ask::Act(text) => self.say(turn, text, Manner::Acted),
            Ask::Trace(text) => self.say_traced(turn, text),
            Ask::Away(reason) => self.go_away(turn, reason),
            Ask::Rename(nick) => self.rename(turn, nick),
            Ask::Join(room, opening) => self.join(turn, room, opening),
            Ask::Leave => self.return_to_lobby(turn),
            Ask::ListRooms => self.list_rooms(turn),
            Ask::ListUsers => self.list_users(turn),
            Ask::ListMembers(among) => self.list_members(turn, among),
            Ask::ShowOverview(known) => self.show_overview(turn, &known),
            Ask::Whisper(to, text) => self.whisper(turn, to, text),
            Ask::WhisperTo(target, text) => self.whisper_to_client(turn, target, text),
            Ask::Reply(text) => self.reply(turn, text),
            Ask::Whois(nick) => self.whois(turn, nick),
            Ask::BeBot(purpose) => self.become_bot(turn, purpose),
            Ask::ListBots => self.list_bots(turn),
            Ask::ShowTopic => self.show_topic(turn),
            Ask::SetTopic(topic) => self.set_topic(turn, topic),
            Ask::ShowHistory(count) => self.show_history(turn, count),
            Ask::SearchHistory(text) => self.search_history(turn, text),
            Ask::ShowMissed(after) => self.show_missed(turn, after),
            Ask::ShowStretch(stretch) => self.show_stretch(turn, stretch),
            Ask::Mark(token) => self.mark(turn, token),
            Ask::Answer(bytes) => turn.answer_in_bytes(&bytes),
            Ask::ShowEmojis(found) => turn.answer_with(|| Event::Emojis(found)),
            Ask::Moderate(order) => self.moderate(turn, order),
            Ask::Administer(order) => self.administer(turn, order),
            Ask::Ignore(nick) => self.ignore(turn, nick),
            Ask::Unignore(nick) => self.unignore(turn, nick),
            Ask::Account(command) => self.account(turn, command),
            Ask::Muting(command) => self.muting(turn, command),
            Ask::ShowThreads => watching::show_threads(turn),
            Ask::ShowStats => watching::show_stats(turn),
            Ask::File(command) => self.handle_files(turn, *command),
            Ask::Help { all } => {
                let rank = if all { Rank::Administrator } else { self.rank(turn.client) };
                turn.answer_at_length(Event::Commands(rank));
            }
            Ask::Explain(verb) => turn.answer_with(|| Event::Explained(verb)),
            Ask::Quit => turn.answer_with(|| Event::Goodbye),
            Ask::Mistake(mistake) => turn.answer_with(|| Event::Mistaken(mistake)),
        }
    }

    /// Removes a client that is gone for this reason.
    pub fn leave(&mut self, turn: &mut Turn, client: ClientId, why: Ending) {
        let Some(nick) = self.people.get(client).map(|client| client.nick) else { return };
        turn.client = client;
        // A client that goes because the server stops has no reason of its own.
        let is_told_to = matches!(why, Ending::Closed | Ending::Dismissed);
        let why = if self.closing.is_stopping && is_told_to { Ending::Stopping } else { why };
        self.tally.occurrences.left.add(why.word());
        self.note(turn, || Deed::Disconnected(why));
        self.announce(turn, Event::Departed(nick));
        self.leave_room(turn);
        self.cancel_offers_of(turn);
        self.ignores.leave(turn.client);
        self.mutes.leave(turn.client);
        self.bots.leave(turn.client);
        self.pace.leave(turn.client, self.people[turn.client].origin(), turn.now.instant);
        self.accounts.attempts.forget(turn.client);
        self.log_out(turn.client);
        self.people.leave(turn.client);
        turn.post(Post::Detach(turn.client));
    }

    /// Whether the server is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.closing.is_stopping
    }

    /// The number of the newest line.
    pub fn newest_line(&self) -> u64 {
        self.tally.seq
    }

    /// Tells all users that the server stops. From then on no user is told anything.
    pub fn stop(&mut self, turn: &mut Turn) {
        self.closing.is_stopping = true;
        // No client is told, because the server's stop is the last word.
        for (_, mut lifeline) in self.offers.clear().flat_map(|offer| offer.lifelines) {
            lifeline.ends(Event::ShuttingDown);
            turn.hung_up.push(lifeline);
        }
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
    fn announce(&self, turn: &mut Turn, event: Event) {
        let room = self.people[turn.client].room;
        let is_announced = (2..=self.limits.presence).contains(&self.rooms[room].members.len());
        if is_announced && !self.closing.is_stopping {
            turn.tell_room(room, Except::One(turn.client), event);
        }
    }

    /// Notes for the log what the client has just done. Without a log, the deed is not even built.
    fn note(&self, turn: &mut Turn, deed: impl FnOnce() -> Deed) {
        if turn.noting.is_some() {
            self.note_now(turn, deed());
        }
    }

    #[inline(never)]
    fn note_now(&self, turn: &mut Turn, deed: Deed) {
        let doer = &self.people[turn.client];
        let (at, room) = (turn.now.wall, self.room(turn.client).name);
        turn.facts.push(Fact { at, who: doer.nick, peer: doer.link.peer, room, deed });
    }

    /// Answers a request about accounts, and notes the answer for the log.
    fn answer_and_note(&self, turn: &mut Turn, event: impl Into<Event>) {
        let event = event.into();
        self.note(turn, || Deed::Told(Box::new(event.clone())));
        turn.answer(event);
    }
}

/// Applies a command after its client has waited. Never inlined, like all rare steps of a command: see
/// [`crate::session`].
#[inline(never)]
fn ask_again(turn: &mut Turn, pause: Duration, command: Command) {
    let client = turn.client;
    let next = Next::new(move |state, turn, ()| state.apply(turn, client, command));
    turn.wait_for(Task::Wait(pause, next));
}
