//! `/help`: the table of verbs, as users see it.

use std::fmt;

use super::list;
use crate::command::{GROUPS, Rank, Verb};

/// The commands that a user of this rank may use, by group.
pub(super) fn commands(f: &mut fmt::Formatter<'_>, rank: Rank) -> fmt::Result {
    f.write_str("Available commands:")?;
    for group in GROUPS {
        let mut verbs = group.verbs.iter().filter(|verb| verb.rank <= rank).peekable();
        if verbs.peek().is_some() {
            write!(f, "\n{}:", group.title)?;
        }
        verbs.try_for_each(|verb| write!(f, "\n{} - {}", Usage(verb), Help(verb)))?;
    }
    if rank < Rank::Administrator { f.write_str("\nType /help all to list all commands.") } else { Ok(()) }
}

pub(super) fn explain(f: &mut fmt::Formatter<'_>, verb: &Verb) -> fmt::Result {
    write!(f, "{} - {}", Usage(verb), Help(verb))?;
    if !verb.details.is_empty() {
        write!(f, " {}", verb.details)?;
    }
    if !verb.aliases.is_empty() {
        f.write_str(" Also: ")?;
        list(f, verb.aliases.iter().map(|alias| format!("/{alias}")))?;
        f.write_str(".")?;
    }
    Ok(())
}

/// A verb with its parameters: `/whisper <user> <message>`.
pub struct Usage<'a>(pub &'a Verb);

impl fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verb { name, parameters, .. } = self.0;
        let space = if parameters.is_empty() { "" } else { " " };
        write!(f, "/{name}{space}{parameters}")
    }
}

/// What a verb does, and who may use it if not all users may.
pub struct Help<'a>(pub &'a Verb);

impl fmt::Display for Help<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.help)?;
        match self.0.rank {
            Rank::Everyone => Ok(()),
            Rank::Moderator => f.write_str(" Moderators only."),
            Rank::Administrator => f.write_str(" Administrators only."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::verbs, event::Event};

    #[test]
    fn help_has_one_line_for_each_verb() {
        let help = Event::Commands(Rank::Administrator).to_string();
        assert!(help.starts_with("Available commands:\nTalking:\n/whisper <user> <message> - Send a"));
        assert_eq!(help.lines().count(), 1 + GROUPS.len() + verbs().count());
    }

    #[test]
    fn help_shows_what_its_reader_may_use() {
        let shown = |rank| {
            let help = Event::Commands(rank).to_string();
            [help.contains("/quit"), help.contains("/kick"), help.contains("/banip")]
        };
        assert_eq!(shown(Rank::Everyone), [true, false, false]);
        assert_eq!(shown(Rank::Moderator), [true, true, false]);
        assert_eq!(shown(Rank::Administrator), [true, true, true]);
    }

    #[test]
    fn a_verb_is_explained_with_its_alias() {
        let whisper = Verb::find("w").expect("the table has it");
        assert_eq!(
            Event::Explained(whisper).to_string(),
            "/whisper <user> <message> - Send a private message. Also: /w, /msg."
        );
    }
}
