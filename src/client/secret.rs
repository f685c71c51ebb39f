//! Passwords in the client: they are shown as stars, and kept out of the history.
//!
//! `/login alice` asks for the password, and so do the other commands that need one. A password that
//! is typed into the line itself is shown as stars, and the line does not come back with the Up key. A
//! password that the server has accepted stays in memory, to log in again after a reconnection.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::verb;
use crate::{
    command::Verb, dialect::text::misplaced_secret, event::heard::Heard, names::Nick, password::Password,
    screen::text_width,
};

/// A command that takes a password.
pub(super) struct Secret<'a> {
    verb: &'static Verb,
    words: Vec<&'a str>,
}

/// The prompt for a new password.
pub(super) const NEW_PASSWORD: &str = "New password: ";

impl<'a> Secret<'a> {
    /// Reads a line. `None` if it is not such a command.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let (verb, rest) = verb(line).filter(|(verb, _)| verb.is_secret)?;
        Some(Self { verb, words: rest.split_whitespace().collect() })
    }

    /// The prompts for the passwords that are missing. There are none if other parameters are missing too:
    /// the server explains that.
    pub(super) fn prompts(&self) -> Vec<&'static str> {
        let missing = self.verb.parameters.split(' ').skip(self.words.len());
        let prompt = |parameter| match (parameter, self.verb.name) {
            ("<password>", "register") | ("<new>", _) => Some(NEW_PASSWORD),
            ("<old>", _) => Some("Old password: "),
            ("<password>", _) => Some("Password: "),
            _ => None,
        };
        missing.map(prompt).collect::<Option<_>>().unwrap_or_default()
    }

    /// Whether there is a password in the line.
    pub(super) fn holds_password(&self) -> bool {
        self.words.len() > self.open_words()
    }

    /// How many words come before the password.
    fn open_words(&self) -> usize {
        self.verb.parameters.split(' ').take_while(|word| *word == "<nickname>").count()
    }
}

/// Replaces the passwords in a half-typed text by stars.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    if !text.contains('/') {
        return Cow::Borrowed(text);
    }
    let masked = text.split('\n').map(mask_line).collect::<Vec<_>>().join("\n");
    if masked == text { Cow::Borrowed(text) } else { Cow::Owned(masked) }
}

fn mask_line(line: &str) -> String {
    let open = open_part(line);
    format!("{open}{}", stars(&line[open.len()..]))
}

/// The line with `***` in place of its passwords, however long they are.
pub(super) fn withheld(line: &str) -> Cow<'_, str> {
    let open = open_part(line);
    if line[open.len()..].trim().is_empty() {
        line.into()
    } else {
        format!("{open} ***").trim().to_owned().into()
    }
}

/// What comes before the passwords of a line; the whole line if it has none.
fn open_part(line: &str) -> &str {
    let open_words = match Secret::of(line) {
        Some(secret) => 1 + secret.open_words(),
        // Characters before the verb may be part of the password.
        None if misplaced_secret(line).is_some() => 0,
        None => return line,
    };
    &line[..end_of_words(line, open_words)]
}

/// Where the first `count` words end, as a byte offset.
fn end_of_words(line: &str, count: usize) -> usize {
    let mut rest = line;
    for _ in 0..count {
        rest = rest.trim_start().trim_start_matches(|c: char| !c.is_whitespace());
    }
    line.len() - rest.len()
}

/// Stars as wide as the text, so that the cursor is where the editor expects it.
pub(super) fn stars(text: &str) -> String {
    let star = |grapheme: &str| match grapheme {
        " " | "\t" => grapheme.to_owned(),
        grapheme => "*".repeat(text_width(grapheme)),
    };
    text.graphemes(true).map(star).collect()
}

/// The account that the user has logged in to.
#[derive(Default)]
pub(super) struct Login {
    /// What was sent and has no answer yet.
    sent: Option<(Nick, Password)>,
    /// What the server has accepted.
    accepted: Option<(Nick, Password)>,
}

impl Login {
    /// Notes a line that is being sent by `me`.
    pub(super) fn sending(&mut self, line: &str, me: Option<Nick>) {
        let Some(Secret { verb, words }) = Secret::of(line) else { return };
        let own = self.accepted.as_ref().map(|(nick, _)| *nick).or(me);
        let (nick, password) = match (verb.name, &words[..]) {
            ("login", [nick, password]) => (Nick::new(nick).ok(), password),
            ("register", [password]) => (me, password),
            ("passwd", [_, new]) => (own, new),
            _ => return,
        };
        self.sent = nick.map(|nick| (nick, Password::attempt(password)));
    }

    /// Notes the server's answer.
    pub(super) fn hear(&mut self, heard: &Heard<'_>) {
        match heard {
            // Our own log-in after a lost connection was not noted as sent: then the account stays the same.
            Heard::PasswordAccepted => self.accepted = self.sent.take().or_else(|| self.accepted.take()),
            Heard::PasswordRefused => self.sent = None,
            Heard::Unregistered => self.accepted = None,
            _ => {}
        }
    }

    /// The account, and the line that logs in to it again.
    pub(super) fn again(&self) -> Option<(Nick, String)> {
        let (nick, password) = self.accepted.as_ref()?;
        Some((*nick, format!("/login {nick} {}\n", password.reveal())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_missing(line: &str, prompts: &[&str]) {
        let secret = Secret::of(line).expect("a command with a password");
        assert_eq!(secret.prompts(), prompts, "{line}");
    }

    #[test]
    fn each_missing_password_has_a_prompt() {
        check_missing("/login alice", &["Password: "]);
        check_missing("/LOGIN  alice ", &["Password: "]);
        check_missing("/login alice secret", &[]);
        check_missing("/login", &[]);
        check_missing("/register", &["New password: "]);
        check_missing("/passwd", &["Old password: ", "New password: "]);
        check_missing("/passwd secret", &["New password: "]);
        check_missing("/unregister", &["Password: "]);
        check_missing("/admin", &["Password: "]);
        assert!(Secret::of("/nick alice").is_none() && Secret::of("login alice").is_none());
    }

    #[test]
    fn a_line_with_a_password_is_recognized() {
        let holds = |line| Secret::of(line).is_some_and(|secret| secret.holds_password());
        assert!(holds("/login alice secret") && holds("/register secret") && holds("/passwd old"));
        assert!(!holds("/login alice") && !holds("/register ") && !holds("hello"));
    }

    #[test]
    fn typed_passwords_are_shown_as_stars() {
        for (typed, shown) in [
            ("hello", "hello"),
            ("/login alice", "/login alice"),
            ("/login alice s3cret", "/login alice ******"),
            ("/login  alice  你a ", "/login  alice  *** "),
            ("/register s3cret", "/register ******"),
            ("/passwd old new", "/passwd *** ***"),
            ("/nick alice", "/nick alice"),
            (" /login alice s3cret", " ****** ***** ******"),
            ("//admin s3cret", "******* ******"),
            ("hi\n/admin s3cret", "hi\n/admin ******"),
        ] {
            assert_eq!(mask(typed), shown, "{typed}");
        }
    }

    #[test]
    fn only_an_accepted_password_is_used_to_log_in_again() {
        let (mut login, me) = (Login::default(), Nick::new("alice").ok());
        let again = |login: &Login| login.again().map(|(_, line)| line);
        login.sending("/login bob secret", me);
        assert_eq!(again(&login), None);
        login.hear(&Heard::PasswordRefused);
        login.hear(&Heard::PasswordAccepted);
        assert_eq!(again(&login), None);
        login.sending("/register secret", me);
        login.hear(&Heard::PasswordAccepted);
        assert_eq!(again(&login).as_deref(), Some("/login alice secret\n"));
        login.sending("/passwd secret better", me);
        login.hear(&Heard::PasswordAccepted);
        assert_eq!(again(&login).as_deref(), Some("/login alice better\n"));
        login.hear(&Heard::Unregistered);
        assert_eq!(again(&login), None);
    }
}
