//! The commands with a password, and how one that was mistyped is kept from being said aloud.

use super::{Ask, Made, Mistake, Typed, Verb, split_word};
use crate::{names::Nick, password::Password};

/// What a client asks about who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// Keep one's nickname for oneself.
    Register(Password),
    /// Prove to be the owner of a nickname.
    LogIn {
        /// Which.
        nick: Nick,
        /// The proof.
        password: Password,
    },
    /// Have another password.
    ChangePassword {
        /// The one until now.
        old: Password,
        /// The one from now on.
        new: Password,
    },
    /// Give one's nickname back.
    Unregister(Password),
    /// Become an administrator.
    Administrate(Password),
}

pub(super) fn register(typed: &Typed<'_>) -> Result<Made, Mistake> {
    new_password(typed.name()?).map(|password| AccountCommand::Register(password).into())
}

pub(super) fn log_in(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let (nick, password) = two_words(typed)?;
    let nick = Nick::new(nick).map_err(|_| Mistake::InvalidNick)?;
    Ok(AccountCommand::LogIn { nick, password: Password::attempt(password) }.into())
}

pub(super) fn change_password(typed: &Typed<'_>) -> Result<Made, Mistake> {
    let (old, new) = two_words(typed)?;
    let (old, new) = (Password::attempt(old), new_password(new)?);
    Ok(AccountCommand::ChangePassword { old, new }.into())
}

pub(super) fn unregister(typed: &Typed<'_>) -> Result<Made, Mistake> {
    Ok(AccountCommand::Unregister(Password::attempt(typed.name()?)).into())
}

pub(super) fn administrate(typed: &Typed<'_>) -> Result<Made, Mistake> {
    Ok(AccountCommand::Administrate(Password::attempt(typed.name()?)).into())
}

fn two_words<'a>(typed: &Typed<'a>) -> Result<(&'a str, &'a str), Mistake> {
    match split_word(typed.name()?) {
        (_, "") => Err(typed.usage()),
        words => Ok(words),
    }
}

fn new_password(typed: &str) -> Result<Password, Mistake> {
    Password::new(typed).map_err(|_| Mistake::UnfitPassword)
}

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

impl From<AccountCommand> for Made {
    fn from(command: AccountCommand) -> Self {
        Ask::Account(command).into()
    }
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
