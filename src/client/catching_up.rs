//! After a reconnection: shows what was said in the meantime, and nothing twice.
//!
//! The client keeps the number of a line up to which it has heard everything, and the lines that it has
//! heard since. When it is back, it asks for all lines after that number and leaves out those it has heard.

use std::{collections::VecDeque, mem};

use super::view::View;
use crate::{
    event::{heard::Heard, mark::Mark},
    screen::Line,
};

/// The most lines that are kept for the comparison. The client asks for a newer number long before that.
const MOST: usize = 1000;

/// How far the client has heard the chat, and how it catches up after a reconnection.
#[derive(Default)]
pub(super) struct CatchingUp {
    /// Everything up to the line of this number was heard; `None` until the server has sent a number.
    seq: Option<u64>,
    /// What was said in the room since then, as it was heard.
    since: VecDeque<String>,
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    /// Lines are shown as they arrive.
    #[default]
    Here,
    /// The connection is new. The history that arrives now is what every new client gets.
    Returning,
    /// The history that arrives now is what this client asked for.
    Missing(Vec<String>),
    /// All of it has arrived.
    Complete(Vec<String>),
}

impl CatchingUp {
    /// The connection is gone.
    pub(super) fn disconnected(&mut self) {
        self.stage = if self.seq.is_some() { Stage::Returning } else { Stage::Here };
    }

    /// The server has no marks and cannot tell what was missed, so every line is shown.
    pub(super) fn cannot(&mut self) {
        *self = Self::default();
    }

    /// Notes a line from the server. Returns whether to hide it for now.
    pub(super) fn takes(&mut self, line: &str, heard: &Heard<'_>) -> bool {
        match (heard, &mut self.stage) {
            (Heard::Past | Heard::PastTitle, Stage::Returning) | (Heard::PastTitle, Stage::Missing(_)) => {
                return true;
            }
            (Heard::Past, Stage::Missing(lines)) => {
                lines.push(line.to_owned());
                return true;
            }
            (Heard::Said { .. } | Heard::Acted { .. }, _) if self.seq.is_some() => {
                self.since.push_back(line.to_owned());
                self.since.drain(..self.since.len().saturating_sub(MOST));
            }
            _ => {}
        }
        false
    }

    /// Whether something was heard since the last mark.
    pub(super) fn has_heard(&self) -> bool {
        !self.since.is_empty()
    }

    /// Notes the answer to a mark. Returns the question to send, if there is one.
    pub(super) fn marked(&mut self, mark: &Mark) -> Option<String> {
        match mem::take(&mut self.stage) {
            Stage::Returning => {
                self.stage = Stage::Missing(Vec::new());
                // A server that counts from the beginning again has forgotten what we heard.
                return self.seq.map(|seq| format!("/missed {}\n", if mark.seq < seq { 0 } else { seq }));
            }
            Stage::Missing(lines) => self.stage = Stage::Complete(lines),
            Stage::Here | Stage::Complete(_) => self.since.clear(),
        }
        self.seq = Some(mark.seq);
        None
    }

    /// Once the missed lines are known: a line with their number, and then the lines.
    pub(super) fn missed(&mut self, view: View) -> Vec<Line> {
        let Stage::Complete(lines) = &mut self.stage else { return Vec::new() };
        let mut since = mem::take(&mut self.since);
        let mut missed = mem::take(lines);
        self.stage = Stage::Here;
        // They arrive in the order in which they were said, so those that were heard come first.
        missed.retain(|line| {
            let is_heard = since.front().is_some_and(|heard| line.ends_with(heard.as_str()));
            if is_heard {
                since.pop_front();
            }
            !is_heard
        });
        if missed.is_empty() {
            return Vec::new();
        }
        let count = view.quiet(&format!("-- {} missed --", missed.len()));
        [count].into_iter().chain(missed.iter().map(|line| view.shown(line, &Heard::Past, None))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seq: u64) -> Mark {
        Mark { token: 0, seq, rate: 5, burst: 5, left: 5, text: 1024, line: 8192 }
    }

    fn takes(catching_up: &mut CatchingUp, line: &str) -> bool {
        catching_up.takes(line, &Heard::new(line))
    }

    #[test]
    fn only_what_was_missed_is_shown_after_a_lost_connection() {
        let mut catching_up = CatchingUp::default();
        assert!(!takes(&mut catching_up, "2026-11-21 09:05 [lobby] bob: old"), "the first history is shown");
        assert_eq!(catching_up.marked(&mark(7)), None);
        assert!(!takes(&mut catching_up, "[ops] bob: heard"));
        catching_up.disconnected();
        assert!(takes(&mut catching_up, "Last 1 messages in 'lobby':"));
        assert!(takes(&mut catching_up, "2026-11-21 09:05 [lobby] bob: old"));
        assert_eq!(catching_up.marked(&mark(9)).as_deref(), Some("/missed 7\n"));
        for line in ["2026-11-21 09:06 [ops] bob: heard", "2026-11-21 09:07 [ops] bob: missed"] {
            assert!(takes(&mut catching_up, line));
        }
        assert_eq!(catching_up.marked(&mark(9)), None);
        let missed: Vec<_> = catching_up.missed(View::PLAIN).into_iter().map(|line| line.text).collect();
        assert_eq!(missed, ["-- 1 missed --", "2026-11-21 09:07 [ops] bob: missed"]);
        assert!(!takes(&mut catching_up, "2026-11-21 09:05 [lobby] bob: old"), "/history is shown");
    }

    #[test]
    fn a_mark_forgets_what_was_heard_before_it() {
        let mut catching_up = CatchingUp::default();
        catching_up.marked(&mark(7));
        takes(&mut catching_up, "[ops] bob: hi");
        assert!(catching_up.has_heard());
        catching_up.marked(&mark(8));
        assert!(!catching_up.has_heard());
    }

    #[test]
    fn a_server_without_marks_is_shown_as_it_is() {
        let mut catching_up = CatchingUp::default();
        catching_up.disconnected();
        assert!(!takes(&mut catching_up, "2026-11-21 09:05 [lobby] bob: old"));
        assert!(catching_up.missed(View::PLAIN).is_empty());
    }
}
