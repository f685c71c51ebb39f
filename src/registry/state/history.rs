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
        let newest = self.lines.iter().rev().take_while(|line| line.seq > after);
        answer(newest.filter(|line| !is_ignored(line.from)).take(count))
    }

    /// The last `count` lines below number `before` that are not ignored and fit in one answer, oldest first.
    pub(super) fn page(&self, before: u64, count: usize, is_ignored: impl Fn(Nick) -> bool) -> Vec<Line> {
        answer(self.before(before).filter(|line| !is_ignored(line.from)).take(count))
    }

    /// The lines with a number below this one, the newest first.
    pub(super) fn before(&self, seq: u64) -> impl Iterator<Item = &Line> {
        self.lines.range(..self.lines.partition_point(|line| line.seq < seq)).rev()
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

/// As many of these lines as fit in one answer. They come newest first, and are answered oldest first.
fn answer<'a>(newest: impl Iterator<Item = &'a Line>) -> Vec<Line> {
    let (mut lines, mut left) = (Vec::new(), LONGEST_ANSWER);
    for line in newest {
        let Some(rest) = left.checked_sub(size(line)) else { break };
        left = rest;
        lines.push(line.clone());
    }
    lines.reverse();
    lines
}

/// The bytes that a line takes.
pub(super) fn size(line: &Line) -> usize {
    size_of::<Line>() + line.text.as_str().len()
}
