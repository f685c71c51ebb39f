//! Why a line is not understood.

use std::ops::RangeInclusive;

use super::{Verb, verbs};
use crate::names::{Nick, Room};

/// Why a line is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// No verb has the name that was typed; the verb that was probably meant.
    UnknownVerb(Box<str>, Option<&'static Verb>),
    /// A parameter of the verb is missing or malformed.
    Usage(&'static Verb),
    /// The new nickname breaks the rule for nicknames.
    InvalidNick,
    /// A nickname that no user can take.
    ReservedNick(Nick),
    /// A new password is too short or too long, or has characters that cannot be seen.
    UnfitPassword,
    /// A command with a password, but something stands before its slash.
    MisplacedSecret(&'static Verb),
    /// The room's name breaks the rule for rooms.
    InvalidRoom,
    /// No user can have this name.
    NoSuchUser(Box<str>),
    /// Neither an address nor a network.
    InvalidNetwork,
    /// A number is not one of these.
    OutOfRange(RangeInclusive<u64>),
    /// A name that a file cannot have on every system.
    InvalidFileName,
    /// A text of more than this many bytes.
    TextTooLong(usize),
    /// A line of more than this many bytes on the wire.
    LineTooLong(usize),
    /// What a program sent is no command of its dialect, for this reason.
    Malformed(Box<str>),
    /// The client's program thinks that its nickname is another one than this.
    NotYourNick(Nick),
    /// The client's program thinks that it is in another room than this.
    NotYourRoom(Room),
    /// A line that is not UTF-8.
    InvalidUtf8,
    /// The first line of a connection is an HTTP request. The client leaves with it.
    HttpRequest,
    /// The client does not encrypt, and its door wants that. The client leaves with it.
    Unencrypted,
}

/// How many letters may be wrong, missing, too many or swapped in a word that is taken for another.
const MOST_SLIPS: usize = 2;

impl Mistake {
    /// No verb is called `word`.
    pub fn unknown_verb(word: &str) -> Self {
        let lower = word.to_ascii_lowercase();
        // A short word is near to everything, and a long one to nothing.
        let slips = |name: &str| {
            let slips = strsim::osa_distance(&lower, name);
            (slips <= MOST_SLIPS && 2 * slips < name.len().max(lower.len())).then_some(slips)
        };
        let is_typed = |verb: &&Verb| word.len() <= verb.name.len() + MOST_SLIPS;
        let near = verbs().filter(is_typed).filter_map(|verb| Some((slips(verb.name)?, verb)));
        let nearest = near.min_by_key(|&(slips, _)| slips).map(|(_, verb)| verb);
        Self::UnknownVerb(word.into(), nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, meant: &str) {
        let Mistake::UnknownVerb(_, nearest) = Mistake::unknown_verb(word) else { panic!("unknown") };
        assert_eq!(nearest.map_or("", |verb| verb.name), meant, "{word}");
    }

    #[test]
    fn a_word_with_half_its_letters_wrong_is_not_a_typing_mistake() {
        check("back", "");
        check("part", "");
        check("list", "");
        check("mee", "me");
    }

    #[test]
    fn a_typing_mistake_is_answered_with_the_verb_that_was_meant() {
        check("qit", "quit");
        check("QUTI", "quit");
        check("wisper", "whisper");
        check("jion", "join");
        check("histroy", "history");
        check("dance", "");
        check("x", "");
        check("", "");
        check(&"x".repeat(100_000), "");
    }
}
