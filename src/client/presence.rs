//! Arrivals and departures, summed up in one line when a room is busy.

use std::time::{Duration, Instant};

use crate::names::Nick;

/// How many arrivals and departures within [`WINDOW`] are shown one by one. The others are summed up in
/// one line.
const SHOWN: usize = 3;
const WINDOW: Duration = Duration::from_secs(10);

/// The arrivals and departures of the last seconds.
#[derive(Default)]
pub(super) struct Presence {
    since: Option<Instant>,
    shown: usize,
    came: Vec<String>,
    left: Vec<String>,
}

/// The nickname in a line about an arrival or a departure, and whether it is an arrival.
pub(super) fn movement(line: &str) -> Option<(&str, bool)> {
    let (nick, rest) = line.split_once(' ')?;
    let comes = match rest {
        "has joined the chat!" | "has joined the room." => true,
        "has left the chat." | "has left the room." => false,
        _ => return None,
    };
    Nick::new(nick).is_ok().then_some((nick, comes))
}

/// The old and the new nickname, if a line says that a user has changed it.
pub(super) fn renaming(line: &str) -> Option<(&str, &str)> {
    let (old, new) = line.strip_suffix('.')?.split_once(" is now known as ")?;
    (Nick::new(old).is_ok() && Nick::new(new).is_ok()).then_some((old, new))
}

impl Presence {
    /// Notes an arrival or a departure. Returns whether to show its line now.
    pub(super) fn moves(&mut self, nick: &str, comes: bool, now: Instant) -> bool {
        self.since.get_or_insert(now);
        if self.shown < SHOWN {
            self.shown += 1;
            return true;
        }
        let users = if comes { &mut self.came } else { &mut self.left };
        users.push(nick.to_owned());
        false
    }

    /// Notes a new nickname; whether to show that line now. If the user's arrival is held back, it gets the new name.
    pub(super) fn renames(&mut self, old: &str, new: &str) -> bool {
        let Some(held) = self.came.iter_mut().rfind(|nick| *nick == old) else { return true };
        new.clone_into(held);
        false
    }

    /// Whether something is being held back or counted.
    pub(super) fn is_counting(&self) -> bool {
        self.since.is_some()
    }

    /// The line that sums up those that were held back, when it is due.
    pub(super) fn summary(&mut self, now: Instant) -> Option<String> {
        self.since.filter(|since| now.saturating_duration_since(*since) >= WINDOW)?;
        let Self { came, left, .. } = std::mem::take(self);
        let parts = [(came, "joined"), (left, "left")].map(|(users, did)| part(&users, did));
        let said: Vec<_> = parts.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join("; ") + ".")
    }
}

/// `alice, bob and 3 others joined`.
fn part(users: &[String], did: &str) -> Option<String> {
    match users {
        [] => None,
        [only] => Some(format!("{only} {did}")),
        [first, second] => Some(format!("{first} and {second} {did}")),
        [first, second, third] => Some(format!("{first}, {second} and {third} {did}")),
        [first, second, others @ ..] => Some(format!("{first}, {second} and {} others {did}", others.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_says_is_a_movement() {
        assert_eq!(movement("bob has joined the chat!"), Some(("bob", true)));
        assert_eq!(movement("bob has left the room."), Some(("bob", false)));
        for line in
            ["[lobby] bob: bob has left the chat.", "* bob has left the chat.", "bob is now known as x."]
        {
            assert_eq!(movement(line), None, "{line}");
        }
    }

    #[test]
    fn many_movements_become_one_line() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        let shown = ["a", "b", "c", "d", "e", "f", "g"].map(|nick| presence.moves(nick, true, now));
        assert_eq!(shown, [true, true, true, false, false, false, false]);
        assert!(!presence.moves("a", false, now));
        assert_eq!(presence.summary(now + WINDOW / 2), None);
        assert_eq!(presence.summary(now + WINDOW).as_deref(), Some("d, e and 2 others joined; a left."));
        assert!(!presence.is_counting() && presence.moves("x", true, now + WINDOW));
    }

    #[test]
    fn a_newcomer_who_is_folded_away_is_named_by_the_nickname_that_it_takes() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        for nick in ["alice", "bob", "carol"] {
            assert!(presence.moves("guest_1", true, now) && presence.renames("guest_1", nick));
        }
        for nick in ["dave", "eve"] {
            assert!(!presence.moves("guest_1", true, now) && !presence.renames("guest_1", nick));
        }
        assert_eq!(presence.summary(now + WINDOW).as_deref(), Some("dave and eve joined."));
    }

    #[test]
    fn only_what_the_server_says_is_a_new_nickname() {
        assert_eq!(renaming("guest_1 is now known as bob."), Some(("guest_1", "bob")));
        for line in
            ["[lobby] bob: guest_1 is now known as bob.", "* bob is now known as x.", "bob is now known as x"]
        {
            assert_eq!(renaming(line), None, "{line}");
        }
    }

    #[test]
    fn few_movements_are_shown_as_they_are() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        assert!(presence.moves("a", true, now));
        assert_eq!(presence.summary(now + WINDOW), None);
    }
}
