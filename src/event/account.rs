//! What is said about accounts, passwords and administrators.

use std::{fmt, time::Duration};

use super::{Event, pace::seconds};
use crate::{command::Verb, names::Nick, password::Password};

/// An answer about who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountEvent {
    /// Your nickname is yours.
    Registered,
    /// Your nickname is somebody's already.
    AlreadyRegistered,
    /// A guest's nickname cannot be kept.
    RegisteringGuest,
    /// There are as many accounts as there can be.
    Full,
    /// You are who you say.
    LoggedIn,
    /// You are not.
    WrongPassword,
    /// The nickname is nobody's.
    NotRegistered,
    /// The nickname is somebody's, who has to log in to use it.
    LoginRequired(Nick),
    /// You have another password.
    PasswordChanged,
    /// The nickname is nobody's any more.
    Unregistered(Nick),
    /// You have tried too often; for so long you cannot try again.
    TooManyAttempts(Duration),
    /// It could not be saved, and is as it was before.
    Unsaved,
    /// It is no longer what you asked for.
    Outdated,
    /// Your password can be read on its way.
    Overheard,
    /// To whoever used a nickname until its owner logged in.
    LoggedInElsewhere(Nick),
    /// You are an administrator.
    Administrator,
    /// You are not.
    WrongAdministrator,
}

impl From<AccountEvent> for Event {
    fn from(event: AccountEvent) -> Self {
        Self::Account(event)
    }
}

impl fmt::Display for AccountEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => f.write_str("Registration successful"),
            Self::AlreadyRegistered => f.write_str("Nickname already registered"),
            Self::RegisteringGuest => f.write_str("Choose a nickname with /nick before you register it."),
            Self::Full => f.write_str("No more nicknames can be registered here."),
            Self::LoggedIn => f.write_str("Login successful"),
            Self::WrongPassword => f.write_str("Invalid password"),
            Self::NotRegistered => f.write_str("Nickname not registered"),
            Self::LoginRequired(nick) => {
                write!(f, "Nickname '{nick}' is registered. Use /login {nick} <password> if it is yours.")
            }
            Self::PasswordChanged => f.write_str("Password changed"),
            Self::Unregistered(nick) => write!(f, "Nickname '{nick}' is no longer registered."),
            Self::TooManyAttempts(wait) => {
                write!(f, "Too many attempts. Try again in {} s.", seconds(*wait))
            }
            Self::Unsaved => f.write_str("That could not be saved, so nothing has changed."),
            Self::Outdated => {
                f.write_str("Something else happened meanwhile, so nothing has changed. Try again.")
            }
            Self::Overheard => {
                f.write_str("Warning: this connection is not encrypted. Others may read your password.")
            }
            Self::LoggedInElsewhere(nick) => {
                write!(f, "Disconnected: somebody has logged in as '{nick}' elsewhere.")
            }
            Self::Administrator => f.write_str("Admin privileges granted."),
            Self::WrongAdministrator => f.write_str("Invalid admin password."),
        }
    }
}

pub(super) fn password_rule(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (min, max) = (Password::MIN, Password::MAX);
    write!(
        f,
        "A password has at least {min} characters (at most {max} bytes), no spaces and no control characters."
    )
}

pub(super) fn misplaced(f: &mut fmt::Formatter<'_>, verb: &Verb) -> fmt::Result {
    write!(f, "Nobody was told this, because of the password. Start the line with /{} itself.", verb.name)
}
