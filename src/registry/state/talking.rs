//! What clients say to their room and to one another, what is shown of it later, and who ignores it.

use super::{Next, State, Task, Turn, pace::Limited, people::Client, unsaved::Change};
use crate::{
    broadcaster::{Except, Post, Traced},
    command::Stretch,
    event::{Event, ignoring::Ignoring, moderation::Refused, rooms::RoomEvent},
    fact::{Deed, Noting},
    names::{ClientId, Nick, RoomId},
    record::{Line, Manner},
    text::Text,
    watch,
};

impl State {
    #[inline(never)]
    pub(super) fn say(&mut self, turn: &mut Turn, text: Text, manner: Manner) {
        let event = self.spoken(turn, text, manner);
        self.tell_hearers(turn, event);
    }

    /// As [`State::say`], and the sender is shown the message's journey.
    #[inline(never)]
    pub(super) fn say_traced(&mut self, turn: &mut Turn, text: Text) {
        let (room, except) = self.hearing(turn.client);
        let event = self.spoken(turn, text, Manner::Said);
        let (report, reported) = watch::report();
        turn.post(Post::TellTraced(Box::new(Traced { room, except, event, report })));
        let next = Next::new(|_, turn, journey| turn.answer(Event::Journey(journey)));
        turn.wait_for(Task::TakeJourney(reported, next));
    }

    /// Keeps what a client says in its room. Returns the event that the room hears.
    fn spoken(&mut self, turn: &mut Turn, text: Text, manner: Manner) -> Event {
        let (at, seq) = (turn.now.wall, self.tally.next_line(turn.now.instant));
        // Without a history, nothing can be asked for.
        if self.limits.history.remembered > 0 && self.tally.must_reserve() {
            self.unsaved.mark(Change::Numbers);
        }
        let Client { nick: from, room: id, .. } = self.people[turn.client];
        let line = Line { seq, at, from, text, manner };
        self.rooms.remember(id, line.clone(), self.limits.history.remembered, &mut self.unsaved);
        self.note(turn, || match manner {
            Manner::Said => Deed::Said(line.text.clone()),
            Manner::Acted => Deed::Acted(line.text.clone()),
        });
        Event::Said(self.rooms[id].name, line)
    }

    /// Tells what a client said to the members of its room who are to hear it.
    #[inline(never)]
    fn tell_hearers(&mut self, turn: &mut Turn, event: Event) {
        let (room, except) = self.hearing(turn.client);
        turn.tell_room(room, except, event);
    }

    /// Where a client is heard, and the members that do not hear it: those that ignore it, and itself if its
    /// program has shown already what it says.
    fn hearing(&mut self, client: ClientId) -> (RoomId, Except) {
        let Client { room, link, .. } = &self.people[client];
        let except = self.ignores.deaf_to(client);
        (*room, if link.dialect.has_echo() { except } else { except.and(client) })
    }

    #[inline(never)]
    pub(super) fn whisper(&mut self, turn: &mut Turn, to: Nick, text: Text) {
        match self.people.find(to) {
            Some(target) => self.whisper_to(turn, target, text),
            None => turn.answer(Event::NoSuchUser(to)),
        }
    }

    #[inline(never)]
    pub(super) fn whisper_to_client(&mut self, turn: &mut Turn, target: ClientId, text: Text) {
        if self.people.contains(target) {
            self.whisper_to(turn, target, text);
        } else {
            turn.answer(RoomEvent::NoSuchClient);
        }
    }

    #[inline(never)]
    pub(super) fn reply(&mut self, turn: &mut Turn, text: Text) {
        match self.people[turn.client].last_whisperer {
            Some((target, _)) if self.people.contains(target) => self.whisper_to(turn, target, text),
            Some((_, nick)) => turn.answer(Event::NoSuchUser(nick)),
            None => turn.answer(Event::NoWhisper),
        }
    }

    /// A target that ignores the whisperer hears nothing, and the whisperer is not told so.
    fn whisper_to(&mut self, turn: &mut Turn, target: ClientId, text: Text) {
        let is_known = turn.client == target || self.pace.knows(turn.client, target);
        if !is_known && let Some(too_often) = self.too_often(turn, Limited::Strangers) {
            return turn.answer(too_often);
        }
        let (from, to) = (self.people[turn.client].nick, self.people[target].nick);
        self.tally.count(turn.now.instant);
        if let Some(Noting { whispers }) = turn.noting {
            self.note(turn, || Deed::Whispered { to, text: whispers.then(|| text.clone()) });
        }
        self.pace.meet(turn.client, target);
        if !self.ignores.contain(target, turn.client) {
            self.pace.meet(target, turn.client);
            self.people[target].last_whisperer = Some((turn.client, from));
            turn.tell(target, Event::WhisperFrom(from, text.clone()));
        }
        turn.answer(Event::WhisperTo(to, text));
        if let Some(away) = &self.people[target].away {
            turn.answer(Event::IsAway(to, away.clone()));
        }
    }

    /// Shows a client what was said before it came, so the next thing it hears is the next thing said.
    #[inline(never)]
    pub(super) fn replay(&mut self, turn: &mut Turn) {
        let lines = self.last_lines(turn.client, self.limits.history.replayed, 0);
        if !lines.is_empty() {
            turn.answer(Event::History(self.room(turn.client).name, lines));
        }
    }

    #[inline(never)]
    pub(super) fn show_history(&mut self, turn: &mut Turn, count: Option<usize>) {
        let lines = self.last_lines(turn.client, count.unwrap_or(self.limits.history.replayed), 0);
        turn.answer_at_length(Event::History(self.room(turn.client).name, lines));
    }

    /// Shows a client that was away what was said in its room after the last line that it heard.
    #[inline(never)]
    pub(super) fn show_missed(&mut self, turn: &mut Turn, after: u64) {
        let lines = self.last_lines(turn.client, usize::MAX, after);
        if !lines.is_empty() {
            turn.answer_at_length(Event::History(self.room(turn.client).name, lines));
        }
    }

    /// Shows a client's program these lines of a room. A client that may go there may also look from elsewhere.
    #[inline(never)]
    pub(super) fn show_stretch(&mut self, turn: &mut Turn, stretch: Stretch) {
        let Stretch { room, after, before, most } = stretch;
        if room.is_some_and(|room| self.is_refused(turn.client, room)) {
            return turn.answer(Refused::Banned);
        }
        let room = room.unwrap_or(self.room(turn.client).name);
        let Some(remembered) = self.rooms.remembered(room) else {
            return turn.answer(RoomEvent::NoSuchRoom(room));
        };
        let is_ignored = self.ignored_by(turn.client);
        let (lines, has_older) = remembered.history.between(after, before, most, is_ignored);
        let name = self.rooms.id(room).map_or(room, |id| self.rooms[id].name);
        turn.answer_at_length(RoomEvent::Stretch(name, lines, has_older));
    }

    #[inline(never)]
    pub(super) fn ignore(&mut self, turn: &mut Turn, nick: Nick) {
        match self.people.find(nick) {
            Some(target) if target == turn.client => turn.answer(Ignoring::Yourself),
            Some(target) => turn.answer(self.ignores.add(turn.client, target, self.people[target].nick)),
            None => turn.answer(Event::NoSuchUser(nick)),
        }
    }

    #[inline(never)]
    pub(super) fn unignore(&mut self, turn: &mut Turn, nick: Nick) {
        let ended = self.ignores.remove(turn.client, nick, self.people.find(nick));
        turn.answer(ended.map_or(Ignoring::Never(nick), Ignoring::Ended));
    }

    fn last_lines(&self, client: ClientId, count: usize, after: u64) -> Vec<Line> {
        self.room(client).remembered.history.last(count, after, self.ignored_by(client))
    }

    /// Whether a client is not shown what was said under a nickname.
    pub(super) fn ignored_by(&self, client: ClientId) -> impl Fn(Nick) -> bool {
        // Most clients ignore no one, and then no line's sender is looked up under the lock.
        let ignores_some = self.ignores.has_list(client);
        move |nick| {
            ignores_some
                && (self.ignores.contain_nick(client, nick)
                    || self.people.find(nick).is_some_and(|sender| self.ignores.contain(client, sender)))
        }
    }
}
