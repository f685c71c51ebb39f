//! The commands with a password.

use super::{Ask, Mistake, Typed};
use crate::{names::Nick, password::Password};

/// What a client asks about who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// Reserve the client's nickname.
    Register(Password),
    /// Prove with the password to be the owner of a nickname.
    LogIn(Nick, Password),
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

pub(super) fn register(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    new_password(typed.name()?).map(|password| Ask::Account(AccountCommand::Register(password)))
}

pub(super) fn log_in(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (nick, password) = typed.two_words()?;
    let nick = Nick::new(nick).map_err(|_| Mistake::InvalidNick)?;
    Ok(Ask::Account(AccountCommand::LogIn(nick, Password::attempt(password))))
}

pub(super) fn change_password(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (old, new) = typed.two_words()?;
    let (old, new) = (Password::attempt(old), new_password(new)?);
    Ok(Ask::Account(AccountCommand::ChangePassword { old, new }))
}

pub(super) fn unregister(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    Ok(Ask::Account(AccountCommand::Unregister(Password::attempt(typed.name()?))))
}

pub(super) fn administrate(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    Ok(Ask::Account(AccountCommand::Administrate(Password::attempt(typed.name()?))))
}

fn new_password(typed: &str) -> Result<Password, Mistake> {
    Password::new(typed).ok_or(Mistake::UnfitPassword)
}
