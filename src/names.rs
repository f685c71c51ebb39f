//! Names of clients, users, rooms and networks, checked once and trusted afterwards.

use std::{cmp, fmt, hash, str};

mod fitting;
mod network;
mod peer;

pub use network::{Network, Origin};
pub use peer::Peer;

slotmap::new_key_type! {
    /// One connected client. An id is never used twice, so an old one finds no client rather than another.
    pub struct ClientId;
    /// One room, from its first member to its last. An id is never used twice.
    pub struct RoomId;
}

/// A nickname: 1–20 of `A–Z a–z 0–9 _ -`, starting with a letter; compared without case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nick(Name<{ Nick::MAX }>);

impl Nick {
    /// The longest nickname, in bytes.
    pub const MAX: usize = 20;

    /// Checks a typed name.
    ///
    /// # Errors
    /// [`InvalidName`] if it breaks the rule above.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        Name::new(name).map(Self)
    }

    /// The nickname of the `n`th guest.
    pub fn guest(n: usize) -> Self {
        Self::new(&format!("guest_{n}")).expect("a number has at most 14 digits here")
    }

    /// The number in a guest's nickname; `None` for other nicknames.
    pub fn guest_number(&self) -> Option<usize> {
        let (word, number) = self.as_str().split_at_checked("guest_".len())?;
        word.eq_ignore_ascii_case("guest_").then(|| number.parse().ok())?
    }

    /// Whether users cannot take this nickname, because it looks like the server or a guest.
    pub fn is_reserved(&self) -> bool {
        let is = |word: &str| self.as_str().eq_ignore_ascii_case(word);
        is("server") || is("system") || is("admin") || self.guest_number().is_some()
    }

    /// The nickname as its owner typed it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A room's name: 1–32 of `A–Z a–z 0–9 _ -`, starting with a letter; compared without case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room(Name<{ Room::MAX }>);

impl Room {
    /// The longest room name, in bytes.
    pub const MAX: usize = 32;

    /// Checks a typed name. One leading `#` is dropped.
    ///
    /// # Errors
    /// [`InvalidName`] if it breaks the rule above.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        Name::new(name.strip_prefix('#').unwrap_or(name)).map(Self)
    }

    /// The room that always exists, where every client starts.
    pub fn lobby() -> Self {
        Self::new("lobby").expect("'lobby' is a valid name")
    }

    /// The name as the room's first member typed it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A name breaks the rule for [`Nick`] or [`Room`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName {
    /// The longest name of that kind, in bytes.
    pub max: usize,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected 1 to {} letters, digits, '_' or '-', starting with a letter", self.max)
    }
}

impl std::error::Error for InvalidName {}

/// The bytes of a name, inline: a copy is cheaper than a reference count, and no message allocates for it.
#[derive(Clone, Copy)]
struct Name<const MAX: usize> {
    length: u8,
    bytes: [u8; MAX],
}

impl<const MAX: usize> Name<MAX> {
    fn new(name: &str) -> Result<Self, InvalidName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.len() > MAX
            || !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.bytes().all(allowed)
        {
            return Err(InvalidName { max: MAX });
        }
        let mut bytes = [0; MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let length = u8::try_from(name.len()).map_err(|_| InvalidName { max: MAX })?;
        Ok(Self { length, bytes })
    }

    fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).expect("a name is ASCII")
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        self.as_bytes().iter().map(u8::to_ascii_lowercase)
    }
}

impl<const MAX: usize> fmt::Debug for Name<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const MAX: usize> PartialEq for Name<MAX> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().eq_ignore_ascii_case(other.as_bytes())
    }
}

impl<const MAX: usize> Eq for Name<MAX> {}

impl<const MAX: usize> hash::Hash for Name<MAX> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.folded().for_each(|b| state.write_u8(b));
    }
}

impl<const MAX: usize> Ord for Name<MAX> {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.folded().cmp(other.folded())
    }
}

impl<const MAX: usize> PartialOrd for Name<MAX> {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_follow_the_rule() {
        for good in ["a", "Z9", "alice_-", "abcdefghijklmnopqrst"] {
            assert_eq!(Nick::new(good).map(|n| n.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "9a", "_a", "a b", "é", "a\u{430}", "abcdefghijklmnopqrstu", "#a"] {
            assert_eq!(Nick::new(bad), Err(InvalidName { max: 20 }), "{bad:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_keep_their_case() {
        let (upper, lower) = (Nick::new("ALICE").unwrap(), Nick::new("alice").unwrap());
        assert_eq!(upper, lower);
        assert_eq!(upper.cmp(&lower), cmp::Ordering::Equal);
        assert_eq!(upper.as_str(), "ALICE");
        assert!(Nick::new("bob").unwrap() > upper);
    }

    #[test]
    fn a_room_drops_one_leading_hash() {
        assert_eq!(Room::new("#ops"), Room::new("OPS"));
        assert_eq!(Room::new("##ops"), Err(InvalidName { max: 32 }));
        assert_eq!(Room::new("#"), Err(InvalidName { max: 32 }));
    }

    #[test]
    fn names_that_look_like_the_server_or_a_guest_are_reserved() {
        for name in ["server", "System", "ADMIN", "guest_1", "GUEST_007"] {
            assert!(Nick::new(name).unwrap().is_reserved(), "{name}");
        }
        for name in ["guest", "guest_", "guest_x", "admin2"] {
            assert!(!Nick::new(name).unwrap().is_reserved(), "{name}");
        }
    }

    #[test]
    fn an_invalid_name_is_refused_with_the_length_that_it_may_have() {
        let rule = |invalid: InvalidName| invalid.to_string();
        let (nick, room) = (Nick::new("b b").map_err(rule), Room::new("b b").map_err(rule));
        assert!(nick.is_err_and(|rule| rule.starts_with("expected 1 to 20 letters, digits")));
        assert!(room.is_err_and(|rule| rule.starts_with("expected 1 to 32 letters, digits")));
    }
}
