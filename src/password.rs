//! A password, and its hash: things that are never shown.
//!
//! There is no `Display`, and `Debug` shows nothing, so it cannot get into a log, an event or a panic's
//! message by accident; whoever wants its letters has to ask for them by name. When it is dropped it is
//! wiped from the memory. (The buffers that it was read into are not: they belong to the connection,
//! and are used again.)

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// What somebody typed as a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<Box<str>>);

/// A password breaks the rule for new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

impl Password {
    /// The fewest characters of a new password.
    pub const MIN: usize = 8;

    /// The most bytes of a new password.
    pub const MAX: usize = 128;

    /// A new password. Spaces are not for passwords: at the end nobody sees them, and in the middle
    /// `/passwd` could not tell the old one from the new.
    ///
    /// # Errors
    /// [`Unfit`] when it is too short or too long, or has spaces or control characters.
    pub fn new(typed: &str) -> Result<Self, Unfit> {
        let is_fit = typed.chars().count() >= Self::MIN
            && typed.len() <= Self::MAX
            && !typed.chars().any(|c| c.is_whitespace() || c.is_control());
        if is_fit { Ok(Self::attempt(typed)) } else { Err(Unfit) }
    }

    /// What somebody gives for a password that exists already. It may be anything.
    pub fn attempt(typed: &str) -> Self {
        Self(Zeroizing::new(typed.into()))
    }

    /// Its letters. Whoever calls this has to keep them to themselves.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is kept of a password: its hash, in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed(Arc<str>);

impl Hashed {
    /// What was computed, or kept before.
    pub fn new(hash: &str) -> Self {
        Self(hash.into())
    }

    /// To be saved, or compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let password = Password::new("correct-horse").expect("a good one");
        assert_eq!(format!("{password:?} {:?}", Some(&password)), "Password(…) Some(Password(…))");
    }

    #[test]
    fn the_rule_for_new_passwords() {
        for good in ["12345678", "ääääöööö", "😄😄😄😄😄😄😄😄", &"x".repeat(128)] {
            assert!(Password::new(good).is_ok(), "{good}");
        }
        for bad in ["", "1234567", "äöüäöüä", "1234 5678", "12345678\t", "1234567\u{7}", &"x".repeat(129)]
        {
            assert!(Password::new(bad).is_err(), "{bad:?}");
        }
    }
}
