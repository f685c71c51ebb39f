//! The commands with a password.

use super::{Ask, Made, Mistake, Typed, split_word};
use crate::{names::Nick, password::Password};

/// What a client asks about who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// Reserve the client's nickname.
    Register(Password),
    /// Prove to be the owner of a nickname.
    LogIn {
        /// The nickname.
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
    /// Give the client's nickname back.
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
    Password::new(typed).ok_or(Mistake::UnfitPassword)
}

impl From<AccountCommand> for Made {
    fn from(command: AccountCommand) -> Self {
        Ask::Account(command).into()
    }
}
