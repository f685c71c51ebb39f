//! What stays at the bottom of the screen: the prompt, the typed text, and the rows around them.

use std::time::Instant;

use super::{Chat, Live};
use crate::{
    client::{complete, secret},
    screen::text_width,
};

/// How many undelivered lines are shown above the prompt.
const OPEN_SHOWN: usize = 3;

impl Chat {
    /// Everything that stays at the bottom of the screen, as it is now.
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
            let failed = if self.typing.editor.has_failed_search() { "failed " } else { "" };
            return format!("({failed}search: {wanted}) ");
        }
        let nick = self.status.nick.map(|nick| nick.to_string()).unwrap_or_default();
        match self.way.reconnecting_in {
            Some(seconds) => self.output.view.prompt(&format!("reconnecting in {seconds} s"), &nick),
            None if nick.is_empty() => "> ".to_owned(),
            None => self.output.view.prompt(self.status.room.as_str(), &nick),
        }
    }

    /// The oldest undelivered lines, and how many more there are.
    fn open_lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self
            .way
            .speech
            .open()
            .take(OPEN_SHOWN)
            .map(|line| self.output.view.hint(&secret::mask(&self.seals.readable(line))))
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

/// The byte offset in a text that has this many columns before it.
fn offset(text: &str, columns: usize) -> usize {
    text.char_indices().map(|(at, _)| at).find(|&at| text_width(&text[..at]) >= columns).unwrap_or(text.len())
}
