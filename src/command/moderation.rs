//! Commands that decide who may be in a room.

use super::{Ask, Mistake, Typed, existing, split_word, text};
use crate::{names::Nick, text::Text};

/// The longest reason, in bytes: a room remembers one for each of its bans.
pub(super) const LONGEST_REASON: usize = 200;

/// What a moderator asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderation {
    /// Send a user back to the lobby; the room is told the reason.
    Kick(Nick, Option<Text>),
    /// Send a user back to the lobby, and never let them in again; the room is told the reason.
    Ban(Nick, Option<Text>),
    /// Lift a ban.
    Unban(Nick),
    /// List the bans.
    ListBans,
    /// List the moderators.
    ListModerators,
    /// Make a user a moderator.
    Promote(Nick),
    /// Remove a moderator.
    Demote(Nick),
}

pub(super) fn kick(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    user_and_reason(typed).map(|(user, reason)| Ask::Moderate(Moderation::Kick(user, reason)))
}

pub(super) fn ban(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    user_and_reason(typed).map(|(user, reason)| Ask::Moderate(Moderation::Ban(user, reason)))
}

/// A nickname, and a reason if there is one.
pub(super) fn user_and_reason(typed: &Typed<'_>) -> Result<(Nick, Option<Text>), Mistake> {
    let (user, reason) = split_word(typed.rest);
    if user.is_empty() {
        return Err(typed.usage());
    }
    Ok((existing(user)?, text(reason, typed.max_text.min(LONGEST_REASON))?))
}

#[cfg(test)]
mod tests {
    use super::{super::Verb, *};

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: &Ask) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(&verb.command(rest, 1000).ask, expected);
    }

    #[test]
    fn a_reason_is_the_rest_of_the_line_or_nothing() {
        let user = Nick::new("bob").expect("a valid nickname");
        let kick = |reason| Ask::Moderate(Moderation::Kick(user, reason));
        check("kick", "bob", &kick(None));
        check("kick", "bob  ", &kick(None));
        check("kick", "bob  too  loud", &kick(Text::new("too  loud", 99).expect("short")));
    }

    #[test]
    fn a_reason_has_a_limit_of_its_own() {
        check("ban", &format!("bob {}", "x".repeat(201)), &Ask::Mistake(Mistake::TextTooLong(200)));
        check("ban", "b@b", &Ask::Mistake(Mistake::NoSuchUser("b@b".into())));
    }
}
