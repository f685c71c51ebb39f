//! What was said in a room lately, for those who come later.
//!
//! Memory is the truth, and the database file its shadow: a room's past is shown from here, under the
//! same lock that decides what is said now. So there is neither a gap nor an overlap between the two.

use std::collections::VecDeque;

use super::State;
use crate::{
    event::{Event, past::Past},
    names::{ClientId, RoomId},
    record::{Line, Manner},
    text::Text,
};

/// The most text that one `/history` shows, in bytes: an answer has to fit into an outbox.
const LONGEST_ANSWER: usize = 256 * 1024;

/// How much text all rooms remember together, in bytes. Beyond it, first the rooms that have been
/// empty the longest are forgotten, and then every new line costs its room its oldest ones.
pub(super) const MOST_TEXT: usize = 256 * 1024 * 1024;

/// How many lines are kept and shown.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Lines kept of each room.
    pub kept: usize,
    /// Lines shown to whoever comes into a room.
    pub replayed: usize,
}

/// The last lines of one room, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: VecDeque<Line>,
    /// Bytes the lines take.
    size: usize,
    /// The last line that was handed over to be saved.
    pub(super) saved: u64,
    /// Whether it is marked as unsaved.
    pub(super) is_marked: bool,
}

impl History {
    /// The history that was saved.
    pub fn restored(lines: impl IntoIterator<Item = Line>) -> Self {
        let lines: VecDeque<_> = lines.into_iter().collect();
        let size = lines.iter().map(size).sum();
        let saved = lines.back().map_or(0, |line| line.seq);
        Self { lines, size, saved, is_marked: false }
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes that this history takes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The sequence number of the oldest line.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.lines.front().map(|line| line.seq)
    }

    /// The sequence number of the newest line.
    pub(super) fn newest(&self) -> Option<u64> {
        self.lines.back().map(|line| line.seq)
    }

    /// Lines that nobody has saved yet, oldest first.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = &Line> {
        let known = self.lines.partition_point(|line| line.seq <= self.saved);
        self.lines.range(known..)
    }

    fn push(&mut self, line: Line) {
        self.size += size(&line);
        self.lines.push_back(line);
    }

    fn forget_oldest(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.size -= size(&line);
        }
    }
}

fn size(line: &Line) -> usize {
    size_of::<Line>() + line.text.as_str().len()
}

impl State {
    /// Keeps what a client says in its room.
    pub(super) fn remember(&mut self, client: ClientId, text: &Text, manner: Manner, seq: u64) {
        let limit = self.limits.history.kept;
        if limit == 0 {
            return;
        }
        let (from, room) = (self.nick(client), self.clients[client].room);
        let history = &mut self.rooms[room].lasting.history;
        let before = history.size;
        history.push(Line { seq, at: self.now.wall, from, text: text.clone(), manner });
        if history.lines.len() > limit {
            history.forget_oldest();
        }
        self.history_size = self.history_size + history.size - before;
        if self.history_size > MOST_TEXT {
            self.make_room_for_history(room);
        }
        self.unsaved_lines(room);
    }

    fn make_room_for_history(&mut self, spoken_in: RoomId) {
        while self.history_size > MOST_TEXT && self.forget_a_sleeping_room() {}
        let history = &mut self.rooms[spoken_in].lasting.history;
        while self.history_size > MOST_TEXT && history.lines.len() > 1 {
            let before = history.size;
            history.forget_oldest();
            self.history_size -= before - history.size;
        }
    }

    /// Shows a client what was said before it came. It is told in the same breath as its arrival, so
    /// the next thing it hears is the next thing said.
    pub(super) fn replay(&mut self, client: ClientId) {
        let lines = self.last_lines(client, self.limits.history.replayed);
        if !lines.is_empty() {
            let room = self.room(client).name;
            self.tell(client, Event::Past(Past { room, lines }));
        }
    }

    pub(super) fn show_history(&mut self, client: ClientId, count: Option<usize>) {
        let lines = self.last_lines(client, count.unwrap_or(self.limits.history.replayed));
        let room = self.room(client).name;
        self.tell(
            client,
            if lines.is_empty() { Event::NoPast(room) } else { Event::Past(Past { room, lines }) },
        );
    }

    /// The last lines of the room that a client wants to hear, as many as fit into one answer.
    fn last_lines(&self, client: ClientId, count: usize) -> Vec<Line> {
        let ignores = &self.clients[client].ignores;
        let mut left = LONGEST_ANSWER;
        let wanted =
            self.room(client).lasting.history.lines.iter().rev().filter(|line| !ignores.contains(&line.from));
        let fits = |line: &&Line| {
            let fits = size(line) <= left;
            left = left.saturating_sub(size(line));
            fits
        };
        let mut lines: Vec<_> = wanted.take(count).take_while(fits).cloned().collect();
        lines.reverse();
        lines
    }
}
