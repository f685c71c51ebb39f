//! The history of rooms. The server has it only with a fault in it.

use std::collections::{BTreeMap, VecDeque};

use crate::fault;

/// How many lines a room remembers.
const REMEMBERED: usize = 1000;

/// How many lines a client receives when it joins.
const REPLAYED: usize = 50;

/// The last lines of each room, the oldest first.
#[derive(Default)]
pub(crate) struct History {
    rooms: BTreeMap<String, VecDeque<String>>,
}

/// Whether the server has a history.
pub(crate) fn is_on() -> bool {
    ["history-of-three", "history-endless", "history-count-ignored", "history-oldest"]
        .into_iter()
        .any(fault::is)
}

impl History {
    /// Remembers a line, and forgets the oldest.
    pub(crate) fn add(&mut self, room: &str, line: &str) {
        let lines = self.rooms.entry(room.to_owned()).or_default();
        // The time is always the same, so that a verdict about it is always the same.
        lines.push_back(format!("2026-03-01 09:30 {line}"));
        let most = if fault::is("history-of-three") { 3 } else { REMEMBERED };
        if lines.len() > most && !fault::is("history-endless") {
            lines.pop_front();
        }
    }

    /// What a client receives that joins a room, as one entry of its outbox.
    pub(crate) fn replay(&self, room: &str) -> String {
        self.last(room, REPLAYED)
    }

    /// The answer to `/history COUNT`.
    pub(crate) fn answer(&self, room: &str, count: &str) -> String {
        let count = count.parse().ok().filter(|count| *count > 0);
        match count {
            None => "Usage: /history <number>".into(),
            Some(_) if fault::is("history-count-ignored") => self.replay(room),
            Some(count) => self.last(room, count),
        }
    }

    fn last(&self, room: &str, count: usize) -> String {
        let Some(lines) = self.rooms.get(room) else { return String::new() };
        let count = count.min(lines.len());
        let first = if fault::is("history-oldest") { 0 } else { lines.len() - count };
        let shown: Vec<&str> = lines.range(first..first + count).map(String::as_str).collect();
        format!("Last {count} messages in '{room}':\n{}", shown.join("\n"))
    }
}
