//! What the grader hears and sees of whispers between a learner's client and another user.

use std::time::Instant;

use super::{Client, Rehearsal, SERVER, diagnosis, rows};
use crate::course::{class::Class, conversation::escaped, failure::Failure, peer::Heard, stage::Outcome};

impl Rehearsal<'_> {
    /// Expects a line that counts. Other commands are answered as by a server that does not know them.
    pub(crate) fn hears_a_line(
        &mut self,
        expected: &str,
        counts: impl Fn(&str) -> bool,
    ) -> Result<String, Failure> {
        let deadline = Instant::now() + self.rules.patience;
        loop {
            let line = match self.listens(deadline) {
                Heard::Line(line) => line,
                heard => {
                    let mut failure = diagnosis(expected, heard, Vec::new());
                    if failure.class == &crate::course::class::SILENT {
                        failure.class = &crate::course::class::NOT_SENT;
                    }
                    return Err(self.judged(failure));
                }
            };
            let line = escaped(&line);
            self.transcript.add(SERVER, "<", &line);
            if counts(&line) {
                return Ok(line);
            }
            let word = line.split(' ').next().unwrap_or_default();
            self.says(&format!("Unknown command: {word}. Type /help for available commands."));
        }
    }

    /// Expects a text on the screen. It may go on in the next row.
    pub(crate) fn shows_across(&mut self, class: &'static Class, text: &str) -> Outcome {
        let wanted = without_blanks(text);
        self.screen_is(class, format!("on the screen: {text}"), |screen| {
            without_blanks(&rows(screen).concat()).contains(&wanted)
        })
    }

    /// How often a text is on the screen now.
    pub(crate) fn times_shown(&self, text: &str) -> usize {
        match &self.client {
            Client::InTerminal(terminal) => {
                without_blanks(&rows(&terminal.screen()).concat()).matches(&without_blanks(text)).count()
            }
            Client::OnPipes(_) => 0,
        }
    }
}

/// A text without blanks, because a client may wrap lines in the middle of a word or between words.
fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
