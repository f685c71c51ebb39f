//! What the user sees: lines that scroll away, and the prompt with what is around it.

use std::{collections::VecDeque, time::Instant};

use jiff::civil::Date;

use super::{Chat, Heard, Line, Live, Log, Presence, View, movement};
use crate::{
    client::{complete, secret},
    screen::text_width,
};

/// How many lines that are not said yet are shown above the prompt.
const OPEN_SHOWN: usize = 3;

/// What goes to the terminal and to the log.
pub(in crate::client) struct Output {
    pub(in crate::client) lines: Vec<Line>,
    /// What else the terminal is to do.
    pub(in crate::client) wishes: Vec<Wish>,
    pub(super) view: View,
    pub(super) presence: Presence,
    log: Log,
    /// Lines that name the user.
    mentions: VecDeque<Line>,
    pub(super) focus: Focus,
}

/// What the terminal is to do besides showing lines.
pub(in crate::client) enum Wish {
    /// Stop until the shell continues the program.
    Suspend,
    /// Empty the screen.
    Clear,
    /// Take a sequence that shows nothing.
    Signal(String),
}

impl Output {
    pub(in crate::client) fn new(view: View, log: Log) -> Self {
        Self {
            lines: Vec::new(),
            wishes: Vec::new(),
            view,
            presence: Presence::default(),
            log,
            mentions: VecDeque::new(),
            focus: Focus::default(),
        }
    }
}

/// How many mentions are kept.
const MENTIONS: usize = 100;

/// Whether the user looks at the terminal, as far as it tells.
#[derive(Default)]
pub(super) struct Focus {
    is_lost: bool,
    is_marked: bool,
    /// The day of the line that was shown last.
    day: Option<Date>,
}

impl Focus {
    pub(super) fn gained(&mut self) {
        (self.is_lost, self.is_marked) = (false, false);
    }

    pub(super) fn lost(&mut self) {
        self.is_lost = true;
    }
}

impl Chat {
    /// Shows a line of the server.
    pub(super) fn show(&mut self, line: &str, heard: &Heard<'_>, now: Instant) {
        if let Some((nick, comes)) = movement(line)
            && !self.output.presence.moves(nick, comes, now)
        {
            return;
        }
        let is_message =
            matches!(heard, Heard::Said { .. } | Heard::Acted { .. } | Heard::WhisperFrom { .. });
        if is_message && self.output.focus.is_lost && !self.output.focus.is_marked {
            self.output.focus.is_marked = true;
            let mark = self.output.view.quiet("-- unread --");
            self.print(mark);
        }
        let shown = self.output.view.shown(line, heard, self.status.nick);
        let is_mention = View::mentions(heard, self.status.nick);
        if is_mention {
            self.output.mentions.push_back(shown.clone());
            self.output.mentions.drain(..self.output.mentions.len().saturating_sub(MENTIONS));
        }
        self.print(shown);
        self.note(|log| log.note_shown(line));
        if is_mention && self.output.focus.is_lost && self.options.notify {
            // The line has no control characters, so nothing in it ends the sequence.
            self.output.wishes.push(Wish::Signal(["\x1b]9;", line, "\x07"].concat()));
        }
    }

    pub(super) fn show_mentions(&mut self) {
        if self.output.mentions.is_empty() {
            return self.notice("No line has mentioned you yet.");
        }
        let lines: Vec<_> = self.output.mentions.iter().cloned().collect();
        self.output.lines.extend(lines);
    }

    /// Shows a message of the client itself.
    pub(in crate::client) fn notice(&mut self, words: &str) {
        let line = self.output.view.notice(words);
        self.print(line);
        self.note(|log| log.note_shown(words));
    }

    /// Notes something in the log. If that fails for the first time, the user is told.
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Log) -> Option<String>) {
        if let Some(failed) = note(&mut self.output.log) {
            let line = self.output.view.notice(&failed);
            self.print(line);
        }
    }

    pub(super) fn print(&mut self, line: Line) {
        if let Some(today) = self.output.view.today() {
            let is_new = self.output.focus.day.replace(today).is_some_and(|day| day != today);
            if is_new {
                self.output
                    .lines
                    .push(self.output.view.quiet(&today.strftime("-- %A, %-d %B %Y --").to_string()));
            }
        }
        self.output.lines.push(line);
    }

    /// The prompt, what is typed, and what is around them.
    pub(in crate::client) fn live(&self, now: Instant) -> Live {
        let (editor, hint) = match &self.typing.asking {
            Some(asking) => (&asking.editor, None),
            None => (&self.typing.editor, complete::hint(self.typing.editor.buffer().text())),
        };
        let typed = editor.buffer().text();
        let text = if self.typing.asking.is_some() {
            secret::stars(typed)
        } else {
            secret::mask(typed).into_owned()
        };
        // Stars are as wide as what they hide.
        let before = text_width(&typed[..editor.buffer().cursor()]);
        Live {
            above: self.open_lines(),
            prompt: self.prompt(),
            cursor: if typed == text { editor.buffer().cursor() } else { offset(&text, before) },
            text,
            hint: hint.map(|hint| self.output.view.hint(&hint)).unwrap_or_default(),
            below: Some(self.output.view.hint(&self.status_row(now))),
        }
    }

    fn prompt(&self) -> String {
        if let Some(asking) = &self.typing.asking {
            return asking.prompt().to_owned();
        }
        if let Some(wanted) = self.typing.editor.searched() {
            return format!("(search: {wanted}) ");
        }
        let nick = self.status.nick.map(|nick| nick.to_string()).unwrap_or_default();
        match self.way.reconnecting_in {
            Some(seconds) => self.output.view.prompt(&format!("reconnecting in {seconds} s"), &nick),
            None if nick.is_empty() => "> ".to_owned(),
            None => self.output.view.prompt(self.status.room.as_str(), &nick),
        }
    }

    /// The lines that are not said yet.
    fn open_lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self
            .way
            .speech
            .open()
            .take(OPEN_SHOWN)
            .map(|line| self.output.view.hint(&secret::mask(line)))
            .collect();
        let more = self.way.speech.open().count() - lines.len();
        if more > 0 {
            lines.push(self.output.view.hint(&format!("and {more} more")));
        }
        lines
    }

    /// `lobby, 3 here, 12 ms, 2 waiting, file 40 %: the topic`.
    fn status_row(&self, now: Instant) -> String {
        let mut parts = vec![self.status.room.to_string()];
        parts.extend(self.status.here.map(|here| format!("{here} here")));
        if let Some(silence) = self.way.speech.silence(now) {
            parts.push(format!("the server has been silent for {} s", silence.as_secs()));
        } else if let Some(lag) = self.way.speech.lag {
            parts.push(format!("{} ms", lag.as_millis()));
        }
        if self.way.speech.waiting() > 0 {
            parts.push(format!("{} waiting", self.way.speech.waiting()));
        }
        parts.extend(self.progress.map(|percent| format!("file {percent} %")));
        let row = parts.join(", ");
        match &self.status.topic {
            Some(topic) => format!("{row}: {topic}"),
            None => row,
        }
    }
}

/// The byte offset in a text at which so many columns lie before it.
fn offset(text: &str, columns: usize) -> usize {
    text.char_indices().map(|(at, _)| at).find(|&at| text_width(&text[..at]) >= columns).unwrap_or(text.len())
}
