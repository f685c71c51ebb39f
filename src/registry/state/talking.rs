//! What clients say: to their room, and to one another.

use crossbeam_channel::bounded;

use super::{Next, State, Task, Turn, watching::show_journey};
use crate::{
    broadcaster::{Post, Traced},
    event::{Event, past::Past},
    fact::Deed,
    names::{ClientId, Nick},
    record::{Line, Manner},
    text::Text,
};

impl State {
    #[inline(never)]
    pub(super) fn say(&mut self, turn: &mut Turn, client: ClientId, text: Text) {
        let event = self.said(turn, client, text);
        self.tell_hearers(turn, client, event);
    }

    /// As [`State::say`], and the sender is shown the message's journey.
    #[inline(never)]
    pub(super) fn say_traced(&mut self, turn: &mut Turn, client: ClientId, text: Text) {
        let (room, except) = (self.people[client].room, self.ignores.deaf_to(client));
        let event = self.said(turn, client, text);
        let (report, reported) = bounded(1);
        turn.post(Post::TellTraced(Box::new(Traced { room, except, event, report })));
        turn.wait_for(Task::TakeJourney(reported, Next::new(show_journey)));
    }

    fn said(&mut self, turn: &mut Turn, client: ClientId, text: Text) -> Event {
        let (from, room) = (self.people[client].nick, self.room(client).name);
        let seq = self.remember(turn, client, &text, Manner::Said);
        self.note_with(turn, client, || Deed::Said(text.clone()));
        Event::Said { room, from, text, seq, at: turn.now.wall }
    }

    #[inline(never)]
    pub(super) fn act(&mut self, turn: &mut Turn, client: ClientId, text: Text) {
        let from = self.people[client].nick;
        let seq = self.remember(turn, client, &text, Manner::Acted);
        self.note_with(turn, client, || Deed::Acted(text.clone()));
        self.tell_hearers(turn, client, Event::Acted { from, text, seq, at: turn.now.wall });
    }

    /// Keeps what a client says in its room; returns the line's number.
    fn remember(&mut self, turn: &Turn, client: ClientId, text: &Text, manner: Manner) -> u64 {
        let seq = self.tally.next_line(turn.now.instant);
        let (from, room) = (self.people[client].nick, self.people[client].room);
        let line = Line { seq, at: turn.now.wall, from, text: text.clone(), manner };
        self.rooms.remember(room, line, self.limits.history.remembered, &mut self.unsaved);
        seq
    }

    /// Tells what a client said to the members of its room who do not ignore it.
    fn tell_hearers(&mut self, turn: &mut Turn, client: ClientId, event: Event) {
        let except = self.ignores.deaf_to(client);
        turn.tell_room(self.people[client].room, except, event);
    }

    #[inline(never)]
    pub(super) fn whisper(&mut self, turn: &mut Turn, client: ClientId, to: Nick, text: Text) {
        match self.people.find(to) {
            Some(target) => self.whisper_to(turn, client, target, text),
            None => turn.tell(client, Event::NoSuchUser(to)),
        }
    }

    #[inline(never)]
    pub(super) fn reply(&mut self, turn: &mut Turn, client: ClientId, text: Text) {
        match self.people[client].last_whisperer {
            Some((target, _)) if self.people.contains(target) => self.whisper_to(turn, client, target, text),
            Some((_, nick)) => turn.tell(client, Event::NoSuchUser(nick)),
            None => turn.tell(client, Event::NoWhisper),
        }
    }

    /// A target that ignores the whisperer hears nothing, and the whisperer is not told so.
    fn whisper_to(&mut self, turn: &mut Turn, client: ClientId, target: ClientId, text: Text) {
        if !self.may_whisper_to(turn, client, target) {
            return;
        }
        let (from, to) = (self.people[client].nick, self.people[target].nick);
        self.tally.count(turn.now.instant);
        self.note_whisper(turn, client, to, &text);
        self.pace.meet(client, target);
        if !self.ignores.contain(target, client) {
            self.pace.meet(target, client);
            self.people[target].last_whisperer = Some((client, from));
            turn.tell(target, Event::WhisperFrom { from, text: text.clone() });
        }
        turn.tell(client, Event::WhisperTo { to, text });
        self.warn_if_away(turn, client, target);
    }

    /// Shows a client what was said before it came. This belongs to its arrival, so the next thing it
    /// hears is the next thing said.
    #[inline(never)]
    pub(super) fn replay(&mut self, turn: &mut Turn, client: ClientId) {
        let lines = self.last_lines(client, self.limits.history.replayed);
        if !lines.is_empty() {
            turn.tell(client, Event::History(Past { room: self.room(client).name, lines }));
        }
    }

    #[inline(never)]
    pub(super) fn show_history(&mut self, turn: &mut Turn, client: ClientId, count: Option<usize>) {
        let lines = self.last_lines(client, count.unwrap_or(self.limits.history.replayed));
        let room = self.room(client).name;
        let told =
            if lines.is_empty() { Event::NoHistory(room) } else { Event::History(Past { room, lines }) };
        turn.tell_at_length(client, told);
    }

    fn last_lines(&self, client: ClientId, count: usize) -> Vec<Line> {
        // Most clients ignore no one, and then no line's sender is looked up under the lock.
        let ignores_some = self.ignores.has_list(client);
        let is_ignored = |nick| {
            ignores_some
                && (self.ignores.contain_nick(client, nick)
                    || self.people.find(nick).is_some_and(|sender| self.ignores.contain(client, sender)))
        };
        self.room(client).remembered.history.last(count, is_ignored)
    }
}
