//! Finds words in what a room remembers.
//!
//! Reading a long history under the lock would take too long. So a page of lines is taken under the lock,
//! without copying texts. The client's thread reads it without the lock, and comes back for the one before.

use super::{Next, State, Task, Turn, history};
use crate::{event::Event, names::RoomId, record::Line, text::Text};

/// How many lines are taken under one lock: a few microseconds' worth.
const PAGE: usize = 128;

/// The most lines that are found if the server shows no history on entering a room.
const USUAL: usize = 50;

/// A search on its way back through a room's history.
pub struct Search {
    room: RoomId,
    text: Text,
    /// The text in lower case.
    lower: String,
    /// Lines from this number on were taken.
    before: u64,
    /// Lines to be read, the newest first.
    page: Vec<Line>,
    /// The newest first.
    found: Vec<Line>,
    /// How many lines may still be found, and how many bytes they may take.
    left: (usize, usize),
}

impl Search {
    /// How many lines were taken under the last lock.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.page.len()
    }

    /// Reads a page. This is the slow part.
    #[must_use]
    pub fn read(mut self) -> Self {
        for line in std::mem::take(&mut self.page) {
            if line.text.as_str().to_lowercase().contains(&self.lower) {
                let (lines, bytes) = self.left;
                let left = lines.checked_sub(1).zip(bytes.checked_sub(history::size(&line)));
                self.left = left.unwrap_or_default();
                if left.is_some() {
                    self.found.push(line);
                }
            }
        }
        self
    }
}

impl State {
    #[inline(never)]
    pub(super) fn search_history(&mut self, turn: &mut Turn, text: Text) {
        let most = match self.limits.history.replayed {
            0 => USUAL,
            shown => shown,
        };
        let search = Search {
            room: self.people[turn.client].room,
            lower: text.as_str().to_lowercase(),
            text,
            before: u64::MAX,
            page: Vec::new(),
            found: Vec::new(),
            left: (most, history::LONGEST_ANSWER),
        };
        self.search_on(turn, search);
    }

    /// Takes the next page; or answers when there is none, or enough was found.
    fn search_on(&self, turn: &mut Turn, mut search: Search) {
        let room = self.room(turn.client);
        let page = room.remembered.history.before(search.before).take(PAGE);
        search.page = page.cloned().collect();
        match search.page.last() {
            Some(oldest) if search.left.0 > 0 => search.before = oldest.seq,
            _ => {
                search.found.reverse();
                return turn.answer_at_length(Event::Matches(room.name, search.text, search.found));
            }
        }
        let is_ignored = self.ignored_by(turn.client);
        search.page.retain(|line| !is_ignored(line.from));
        turn.wait_for(Task::Search(search, Next::new(Self::go_on_searching)));
    }

    fn go_on_searching(&mut self, turn: &mut Turn, search: Search) {
        if self.people[turn.client].room == search.room {
            self.search_on(turn, search);
        } else {
            // The client was sent to another room, and is told nothing more of the one that it has left.
            self.search_history(turn, search.text);
        }
    }
}
