//! Passwords and their hashes, which are never shown.
//!
//! Neither type has `Display`, and their `Debug` shows nothing, so a password cannot get into a log, an
//! event or a panic message by accident. A password is wiped from memory when it is dropped. (The
//! connection's buffer, through which it arrived, is not wiped; it is used again.)

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// A password as a user typed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<Box<str>>);

impl Password {
    /// The fewest characters of a new password.
    pub const MIN: usize = 8;

    /// The most bytes of a new password.
    pub const MAX: usize = 128;

    /// Checks a new password: `None` if it is too short or too long, or has control characters or spaces. A
    /// space at the end cannot be seen, and with one inside `/passwd` could not tell the old from the new.
    pub fn new(typed: &str) -> Option<Self> {
        let is_fit = typed.chars().count() >= Self::MIN
            && typed.len() <= Self::MAX
            && !typed.chars().any(|c| c.is_whitespace() || c.is_control());
        is_fit.then(|| Self::attempt(typed))
    }

    /// Takes an attempt to give an existing password. It may be anything.
    pub fn attempt(typed: &str) -> Self {
        Self(Zeroizing::new(typed.into()))
    }

    /// Returns the text. The caller must not show it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The hash of a password, in the PHC string format. It is saved; the password is not.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed(Arc<str>);

impl Hashed {
    /// Takes a hash that was computed, or restored from the data file.
    pub fn new(hash: &str) -> Self {
        Self(hash.into())
    }

    /// Returns the PHC string.
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
            assert!(Password::new(good).is_some(), "{good}");
        }
        for bad in ["", "1234567", "äöüäöüä", "1234 5678", "12345678\t", "1234567\u{7}", &"x".repeat(129)]
        {
            assert!(Password::new(bad).is_none(), "{bad:?}");
        }
    }
}
