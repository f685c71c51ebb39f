//! Commands about who may be in a room, and who decides that.

use super::{Command, Mistake, Typed, existing, split_word, text};
use crate::{names::Nick, text::Text};

/// The longest reason, in bytes: a room remembers one for each of its bans.
pub(super) const LONGEST_REASON: usize = 200;

/// What is asked about the moderation of one's room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderation {
    /// Send somebody back to the lobby.
    Kick {
        /// Whom.
        user: Nick,
        /// Why, if it is said.
        reason: Option<Text>,
    },
    /// Send somebody back to the lobby, and never let them in again.
    Ban {
        /// Whom.
        user: Nick,
        /// Why, if it is said.
        reason: Option<Text>,
    },
    /// Let somebody in again.
    Unban(Nick),
    /// Who is banned?
    ListBans,
    /// Who are the moderators?
    ListModerators,
    /// Make somebody a moderator.
    Promote(Nick),
    /// Make somebody a moderator no longer.
    Demote(Nick),
}

pub(super) fn kick(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (user, reason) = user_and_reason(typed)?;
    Ok(Command::Moderate(Moderation::Kick { user, reason }))
}

pub(super) fn ban(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (user, reason) = user_and_reason(typed)?;
    Ok(Command::Moderate(Moderation::Ban { user, reason }))
}

pub(super) fn unban(typed: &Typed<'_>) -> Result<Command, Mistake> {
    typed.user().map(|user| Command::Moderate(Moderation::Unban(user)))
}

pub(super) fn promote(typed: &Typed<'_>) -> Result<Command, Mistake> {
    typed.user().map(|user| Command::Moderate(Moderation::Promote(user)))
}

pub(super) fn demote(typed: &Typed<'_>) -> Result<Command, Mistake> {
    typed.user().map(|user| Command::Moderate(Moderation::Demote(user)))
}

/// Somebody, and why something is done to them.
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
    fn check(verb: &str, rest: &str, expected: &Command) {
        let verb = Verb::find(verb).expect("the table has it");
        assert_eq!(&verb.command(rest, 1000), expected);
    }

    #[test]
    fn a_reason_is_the_rest_of_the_line_or_nothing() {
        let user = Nick::new("bob").expect("a valid nickname");
        let kick = |reason| Command::Moderate(Moderation::Kick { user, reason });
        check("kick", "bob", &kick(None));
        check("kick", "bob  ", &kick(None));
        check("kick", "bob  too  loud", &kick(Text::new("too  loud", 99).expect("short")));
    }

    #[test]
    fn a_reason_has_a_limit_of_its_own() {
        check(
            "ban",
            &format!("bob {}", "x".repeat(201)),
            &Command::Mistake(Mistake::TextTooLong { max: 200 }),
        );
        check("ban", "b@b", &Command::Mistake(Mistake::NoSuchUser("b@b".into())));
    }
}
