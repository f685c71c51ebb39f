//! Recognises commands with a password that would be said aloud.

use crate::command::Verb;

/// The verb of a line that was meant to be a command with a password and is none, because a space or
/// another slash stands before it: to say it would tell everybody the password.
pub fn misplaced_secret(line: &str) -> Option<&'static Verb> {
    let command = line.trim_start_matches(|c| c == '/' || is_blank(c));
    let before = &line[..line.len() - command.len()];
    if before == "/" || !before.contains('/') {
        return None;
    }
    let word = command.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    Verb::find(word).filter(|verb| verb.is_secret)
}

/// Whether nothing is seen of a character, at the beginning of a line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_would_be_said_aloud_is_noticed() {
        for line in [
            " /login alice secret",
            "   /LOGIN alice secret",
            "\t/register secret",
            "//login alice secret",
            " //passwd old new",
            "/ /login alice secret",
            " / unregister secret",
            "\u{a0}/admin secret",
            "\u{feff}/admin secret",
            " /login",
        ] {
            assert!(misplaced_secret(line).is_some(), "{line:?}");
        }
    }

    #[test]
    fn everything_else_may_be_said() {
        for line in
            ["/login alice secret", "login alice", "  hello", "//nick bob", " /join ops", "", " ", "/"]
        {
            assert_eq!(misplaced_secret(line), None, "{line:?}");
        }
    }
}
