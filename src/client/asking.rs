//! Asking the user for the passwords that a command lacks, one key at a time.

use super::secret::{NEW_PASSWORD, Secret};
use crate::{editor::Editor, password::Password};

/// A new password is asked for twice, because the stars hide a typing error.
const REPEAT: &str = "Repeat it: ";

/// Passwords that are being asked for.
pub(super) struct Asking {
    /// The command as far as it is known.
    command: String,
    /// The questions that are still open; the first is being asked.
    prompts: Vec<&'static str>,
    /// A new password that is being repeated.
    chosen: Option<Password>,
    /// What is typed now. It has no history.
    pub(super) editor: Editor,
}

/// What follows an answer.
pub(super) enum Asked {
    /// There is another question.
    More(Asking),
    /// The same question again, for this reason. Otherwise a user who types the password a second time
    /// without looking would send it to the room.
    Again(Asking, &'static str),
    /// The whole command. It must not be shown.
    Command(String),
    /// Nothing is sent, for this reason.
    Nothing(&'static str),
}

impl Asking {
    /// Starts to ask for the passwords that a line lacks; `None` if it lacks none.
    pub(super) fn new(line: &str) -> Option<Self> {
        let prompts = Secret::of(line)?.prompts();
        let command = line.trim_end().to_owned();
        let asking = Self { command, prompts, chosen: None, editor: Editor::default() };
        (!asking.prompts.is_empty()).then_some(asking)
    }

    /// The rule that the user sees before choosing a password.
    pub(super) fn rule(&self) -> Option<&'static str> {
        self.prompts.contains(&NEW_PASSWORD).then_some(RULE)
    }

    /// The question that is being asked.
    pub(super) fn prompt(&self) -> &'static str {
        if self.chosen.is_some() { REPEAT } else { self.prompts.first().copied().unwrap_or_default() }
    }

    /// Takes an answer.
    pub(super) fn answer(mut self, typed: &str) -> Asked {
        if typed.is_empty() {
            return Asked::Nothing("No password was typed, so nothing was sent.");
        }
        let password = Password::attempt(typed);
        match self.chosen.take() {
            Some(chosen) if chosen != password => {
                return Asked::Again(self, "The two passwords differ. Try again.");
            }
            None if self.prompts.first() == Some(&NEW_PASSWORD) => {
                return match Password::new(typed) {
                    Some(chosen) => Asked::More(Self { chosen: Some(chosen), ..self }),
                    None => Asked::Again(self, RULE),
                };
            }
            _ => {}
        }
        self.command = format!("{} {}", self.command, password.reveal());
        self.prompts.remove(0);
        if self.prompts.is_empty() { Asked::Command(self.command) } else { Asked::More(self) }
    }
}

const RULE: &str = "A password has at least 8 characters and no spaces.";

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the questions that these answers lead to, and the final result.
    #[track_caller]
    fn check(line: &str, answers: &[(&str, &str)], end: &str) {
        let mut asking = Asking::new(line).expect("a question");
        for (at, (prompt, answer)) in answers.iter().enumerate() {
            assert_eq!(asking.prompt(), *prompt, "{line}");
            asking = match asking.answer(answer) {
                Asked::More(next) => next,
                Asked::Again(next, why) => {
                    assert!([RULE, "The two passwords differ. Try again."].contains(&why), "{why}");
                    next
                }
                Asked::Command(text) => return assert_eq!((at + 1, &*text), (answers.len(), end)),
                Asked::Nothing(why) => return assert_eq!((at + 1, why), (answers.len(), end)),
            };
        }
        panic!("{line} asks more: {}", asking.prompt());
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        check("/login alice ", &[("Password: ", "secret")], "/login alice secret");
        check(
            "/passwd old",
            &[(NEW_PASSWORD, "longenough"), (REPEAT, "longenough")],
            "/passwd old longenough",
        );
        let asks = |line| Asking::new(line).is_some();
        assert!(!asks("/login alice secret") && !asks("hello"));
    }

    #[test]
    fn an_unsuitable_new_password_is_asked_for_again() {
        let answers = [
            (NEW_PASSWORD, "short"),
            (NEW_PASSWORD, "longenough"),
            (REPEAT, "longenouhg"),
            (NEW_PASSWORD, "longenough"),
            (REPEAT, "longenough"),
        ];
        check("/register", &answers, "/register longenough");
    }

    #[test]
    fn an_empty_answer_sends_nothing() {
        check("/login alice", &[("Password: ", "")], "No password was typed, so nothing was sent.");
    }
}
