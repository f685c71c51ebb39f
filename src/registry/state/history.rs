//! The last lines of a room, for those who come later.
//!
//! A room's history is shown from memory, under the same lock that decides what is said. So there is
//! neither a gap nor an overlap between the history and what is heard live.

use std::collections::VecDeque;

use crate::{names::Nick, record::Line};

/// The most text that one `/history` shows, in bytes: an answer has to fit into an outbox.
pub(super) const LONGEST_ANSWER: usize = 256 * 1024;

/// How many lines are remembered and shown.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Lines remembered of each room.
    pub remembered: usize,
    /// Lines shown to a client that enters a room.
    pub replayed: usize,
}

/// The last lines of one room, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    lines: VecDeque<Line>,
    /// Bytes that the lines take.
    size: usize,
    /// The number of the last line that was handed to the store.
    saved: u64,
    /// The room is marked as having unsaved lines.
    pub(super) is_marked: bool,
}

impl History {
    pub(super) fn restored(lines: impl IntoIterator<Item = Line>) -> Self {
        let mut history = Self::default();
        for line in lines {
            history.push(line, usize::MAX);
        }
        history.saved = history.newest().unwrap_or(0);
        history
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn has_several(&self) -> bool {
        self.lines.len() > 1
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        self.lines.front().map(|line| line.seq)
    }

    pub(super) fn newest(&self) -> Option<u64> {
        self.lines.back().map(|line| line.seq)
    }

    /// The lines that were not handed to the store yet, oldest first. They count as saved from now on.
    pub(super) fn take_unsaved(&mut self) -> Vec<Line> {
        let known = self.lines.partition_point(|line| line.seq <= self.saved);
        let lines = self.lines.range(known..).cloned().collect();
        self.saved = self.newest().unwrap_or(self.saved);
        self.is_marked = false;
        lines
    }

    /// All lines are unsaved again, and the room is marked.
    pub(super) fn forget_saved(&mut self) {
        (self.saved, self.is_marked) = (0, true);
    }

    /// The last `count` lines above number `after` that are not ignored and fit in one answer, oldest first.
    pub(super) fn last(&self, count: usize, after: u64, is_ignored: impl Fn(Nick) -> bool) -> Vec<Line> {
        self.between(after, u64::MAX, count, is_ignored).0
    }

    /// As [`History::last`], but only lines below number `before`; also says whether there are more of them.
    pub(super) fn between(
        &self,
        after: u64,
        before: u64,
        count: usize,
        is_ignored: impl Fn(Nick) -> bool,
    ) -> (Vec<Line>, bool) {
        let (mut lines, mut left) = (Vec::new(), LONGEST_ANSWER);
        let newest = self.before(before).take_while(|line| line.seq > after);
        let mut newest = newest.filter(|line| !is_ignored(line.from)).peekable();
        while let Some(line) = newest.next_if(|line| lines.len() < count && size(line) <= left) {
            left -= size(line);
            lines.push(line.clone());
        }
        lines.reverse();
        (lines, newest.peek().is_some())
    }

    /// The lines with a number below this one, the newest first.
    pub(super) fn before(&self, seq: u64) -> impl Iterator<Item = &Line> {
        self.lines.range(..self.lines.partition_point(|line| line.seq < seq)).rev()
    }

    /// How many lines have a number above this one.
    pub(super) fn count_after(&self, seq: u64) -> usize {
        self.lines.len() - self.lines.partition_point(|line| line.seq <= seq)
    }

    /// Adds a line; beyond `limit` lines the oldest is forgotten.
    pub(super) fn push(&mut self, line: Line, limit: usize) {
        self.size += size(&line);
        self.lines.push_back(line);
        // The limit may be lower than it was.
        while self.lines.len() > limit {
            self.forget_oldest();
        }
    }

    /// Forgets the oldest line; returns the bytes that it took.
    pub(super) fn forget_oldest(&mut self) -> usize {
        let freed = self.lines.pop_front().map_or(0, |line| size(&line));
        self.size -= freed;
        freed
    }
}

/// The bytes that a line takes.
pub(super) fn size(line: &Line) -> usize {
    size_of::<Line>() + line.text.as_str().len()
}
