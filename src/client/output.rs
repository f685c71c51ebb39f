//! What goes to the terminal and to the log: lines, and other requests to the terminal.

use std::{collections::VecDeque, time::Instant};

use jiff::civil::Date;

use super::{
    log::Log,
    presence::{Presence, movement, renaming},
    view::View,
};
use crate::{event::heard::Heard, names::Nick, screen::Line};

/// How many mentions are kept.
const MENTIONS: usize = 100;

/// Everything for the user, until the terminal takes it.
pub(super) struct Output {
    pub(super) view: View,
    log: Log,
    /// Whether mentions notify the desktop.
    notifies: bool,
    lines: Vec<Line>,
    wishes: Vec<Wish>,
    presence: Presence,
    /// Lines that name the user.
    mentions: VecDeque<Line>,
    focus: Focus,
    /// The day of the line that was shown last.
    day: Option<Date>,
}

/// What to do with the terminal besides showing lines.
pub(super) enum Wish {
    /// Stop until the shell continues the program.
    Suspend,
    /// Clear the screen.
    Clear,
    /// Write a control sequence that shows nothing.
    Signal(String),
}

/// Whether the user looks at the terminal, as the terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// The user looks at it.
    Here,
    /// The user looks at something else, and has missed no message.
    Away,
    /// There are messages that the user has not seen, below a mark.
    Unread,
}

impl Output {
    pub(super) fn new(view: View, log: Log, notifies: bool) -> Self {
        Self {
            view,
            log,
            notifies,
            lines: Vec::new(),
            wishes: Vec::new(),
            presence: Presence::default(),
            mentions: VecDeque::new(),
            focus: Focus::Here,
            day: None,
        }
    }

    /// Shows a line from the server, as `me` sees it.
    pub(super) fn show(&mut self, line: &str, heard: &Heard<'_>, me: Option<Nick>, now: Instant) {
        let is_folded = match (movement(line), renaming(line)) {
            (Some((nick, comes)), _) => !self.presence.moves(nick, comes, now),
            (None, Some((old, new))) => !self.presence.renames(old, new),
            (None, None) => false,
        };
        if is_folded {
            return;
        }
        let is_message = matches!(heard, Heard::Said { .. } | Heard::Acted { .. } | Heard::WhisperFrom);
        if is_message && self.focus == Focus::Away {
            self.focus = Focus::Unread;
            self.quiet("-- unread --");
        }
        let shown = self.view.shown(line, heard, me);
        let is_mention = View::mentions(heard, me);
        if is_mention {
            self.mentions.push_back(shown.clone());
            self.mentions.drain(..self.mentions.len().saturating_sub(MENTIONS));
        }
        self.print(shown);
        self.note(|log| log.note_shown(line));
        if is_mention && self.notifies && self.focus != Focus::Here {
            // The line has no control characters, so nothing in it ends the sequence.
            self.wish(Wish::Signal(["\x1b]9;", line, "\x07"].concat()));
        }
    }

    pub(super) fn show_mentions(&mut self) {
        if self.mentions.is_empty() {
            return self.notice("No mentions yet.");
        }
        self.quiet("-- mentions --");
        self.lines.extend(self.mentions.iter().cloned());
        self.quiet("-- end --");
    }

    /// Shows a message of the client itself.
    pub(super) fn notice(&mut self, words: &str) {
        self.print(self.view.notice(words));
        self.note(|log| log.note_shown(words));
    }

    /// Shows a dimmed line without a time.
    pub(super) fn quiet(&mut self, words: &str) {
        self.print(self.view.quiet(words));
    }

    /// Shows a line, after a line with the date if a new day has begun.
    pub(super) fn print(&mut self, line: Line) {
        if let Some(today) = self.view.today()
            && self.day.replace(today).is_some_and(|day| day != today)
        {
            let date = today.strftime("-- %A, %-d %B %Y --").to_string();
            self.lines.push(self.view.quiet(&date));
        }
        self.lines.push(line);
    }

    /// Writes what was typed to the log.
    pub(super) fn note_typed(&mut self, line: &str) {
        self.note(|log| log.note_typed(line));
    }

    /// Notes something in the log. If that fails for the first time, the user is told.
    fn note(&mut self, note: impl FnOnce(&mut Log) -> Option<String>) {
        if let Some(failed) = note(&mut self.log) {
            self.print(self.view.notice(&failed));
        }
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    /// Notes whether the user looks at the terminal.
    pub(super) fn focus(&mut self, focus: Focus) {
        self.focus = focus;
    }

    /// Shows the summary of arrivals and departures when it is due.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some(words) = self.presence.summary(now) {
            self.quiet(&words);
            self.note(|log| log.note_shown(&words));
        }
    }

    /// Whether [`Output::tick`] must be called even if nothing happens.
    pub(super) fn needs_clock(&self) -> bool {
        self.presence.is_counting()
    }

    pub(super) fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    pub(super) fn take_wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn arrivals_that_are_folded_are_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (log, now) = (Log::open(Some(&path)).unwrap(), Instant::now());
        let mut output = Output::new(View::PLAIN, log, false);
        for nick in ["alice", "bob", "carol", "dave", "eve"] {
            let line = format!("{nick} has joined the chat!");
            output.show(&line, &Heard::new(&line), None, now);
        }
        output.tick(now + Duration::from_secs(60));
        let shown: Vec<_> = output.take_lines().into_iter().map(|line| line.text).collect();
        let log = std::fs::read_to_string(path).unwrap();
        assert_eq!(shown.last().map(String::as_str), Some("dave and eve joined."));
        assert!(log.ends_with("dave and eve joined.\n"), "{log}");
        assert_eq!(log.lines().count(), shown.len(), "{log}");
    }
}
