//! The rules for names.

use crate::fault;

/// Whether the rule for nicknames allows this name.
pub(crate) fn is_allowed(nick: &str) -> bool {
    let most = if fault::is("nineteen-letters") { 19 } else { 20 };
    let is_guest = match nick {
        nick if fault::is("guest-in-capitals") => nick.starts_with("guest_"),
        nick => nick.to_ascii_lowercase().starts_with("guest_"),
    };
    is_name(nick, most) && !is_guest && !(fault::is("no-dash") && nick.contains('-'))
}

/// Letters, digits, `_` and `-`, a letter first, at most `max` of them.
pub(crate) fn is_name(name: &str, max: usize) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= max && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_allowed)
}
