//! Who may give which command.
//!
//! The table of verbs shows it, and the rules ask the *command* for it, whichever dialect it came
//! from: a check that sat in the parser would be passed by by the next parser.

use super::{Command, Moderation, Watching};

/// Who may give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Anybody.
    Everybody,
    /// Who moderates the room; and administrators, in every room.
    Moderator,
    /// Who has shown the administrator's password.
    Administrator,
}

impl Command {
    /// Who may give this command.
    pub fn rank(&self) -> Rank {
        match self {
            Self::Moderate(Moderation::ListModerators) => Rank::Everybody,
            Self::Moderate(_) | Self::SetTopic(_) => Rank::Moderator,
            Self::Administer(_) | Self::Muting(_) | Self::Watch(Watching::Stats) => Rank::Administrator,
            _ => Rank::Everybody,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::VERBS, *};

    #[test]
    fn the_table_shows_what_the_rules_ask_for() {
        for verb in VERBS {
            let typed =
                ["", "bob", "bob rob", "bob hello", "192.0.2.1", "10", "correct-horse battery-staple"];
            let commands = typed.map(|typed| verb.command(typed, 99));
            let mut understood = commands.iter().filter(|command| !matches!(command, Command::Mistake(_)));
            let first = understood.next().unwrap_or_else(|| panic!("{verb:?} takes none of {typed:?}"));
            assert_eq!(first.rank(), verb.rank, "{verb:?}");
            // To look at a topic is everybody's, to set it is not.
            let is_exempt = verb.name == "topic";
            assert!(is_exempt || understood.all(|command| command.rank() == verb.rank), "{verb:?}");
        }
    }
}
