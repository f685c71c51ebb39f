//! What users are told about accounts, passwords and the administrator's password.

use std::{fmt, time::Duration};

use super::{Event, pace::seconds};
use crate::names::Nick;

/// An answer about accounts and passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountEvent {
    /// The nickname now has an account, and the client is logged in to it.
    Registered,
    /// The nickname has an account already.
    AlreadyRegistered,
    /// A guest's nickname cannot be registered.
    RegisteringGuest,
    /// The server holds as many accounts as it may.
    Full,
    /// The client is logged in.
    LoggedIn,
    /// The password is not the account's.
    WrongPassword,
    /// The nickname has no account.
    NotRegistered,
    /// The nickname can be used only after logging in.
    LoginRequired(Nick),
    /// The account has a new password.
    PasswordChanged,
    /// The account is gone, and the nickname is free for all.
    Unregistered(Nick),
    /// Too many passwords were tried; further attempts are refused for this long.
    TooManyAttempts(Duration),
    /// The change could not be saved and was undone.
    Unsaved,
    /// The account or the client changed while the server worked on the request.
    Outdated,
    /// The connection is not encrypted, and so a password on it can be read.
    Overheard,
    /// The client is dismissed because its account was logged in to from another connection.
    LoggedInElsewhere(Nick),
    /// The client is an administrator now.
    Administrator,
    /// The password is not the administrator's.
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
            Self::Registered => f.write_str("Registration successful."),
            Self::AlreadyRegistered => f.write_str("Nickname already registered."),
            Self::RegisteringGuest => f.write_str("Choose a nickname with /nick before you register it."),
            Self::Full => f.write_str("This server cannot register any more nicknames."),
            Self::LoggedIn => f.write_str("Login successful."),
            Self::WrongPassword => f.write_str("Invalid password."),
            Self::NotRegistered => f.write_str("Nickname not registered."),
            Self::LoginRequired(nick) => write!(f, "'{nick}' is registered. Use /login {nick} <password>."),
            Self::PasswordChanged => f.write_str("Password changed."),
            Self::Unregistered(nick) => write!(f, "Nickname '{nick}' is no longer registered."),
            Self::TooManyAttempts(wait) => write!(f, "Too many attempts. Try again in {} s.", seconds(*wait)),
            Self::Unsaved => f.write_str("The change could not be saved and was undone. Try again later."),
            Self::Outdated => {
                f.write_str("Nothing was changed, because the account changed in the meantime. Try again.")
            }
            Self::Overheard => {
                f.write_str("Warning: this connection is not encrypted. Others may read your password.")
            }
            Self::LoggedInElsewhere(nick) => {
                write!(f, "Disconnected: '{nick}' has logged in from another connection.")
            }
            Self::Administrator => f.write_str("Admin privileges granted."),
            Self::WrongAdministrator => f.write_str("Invalid admin password."),
        }
    }
}
