//! The commands about mutes, which are an administrator's.

use super::{Command, Mistake, Typed, existing, split_word};
use crate::names::Nick;

/// What an administrator can ask about mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutingCommand {
    /// List who is muted.
    List,
    /// Let somebody say nothing for a while.
    Mute {
        /// Whom.
        user: Nick,
        /// For so many seconds, or the usual time.
        seconds: Option<u32>,
    },
    /// Let somebody speak again.
    Unmute(Nick),
}

/// The longest mute, in seconds: a week. Whoever is not wanted for longer is not to come in.
const LONGEST: u32 = 7 * 24 * 3600;

pub(super) fn mute(typed: &Typed<'_>) -> Result<Command, Mistake> {
    let (user, seconds) = split_word(typed.name()?);
    let seconds = match seconds {
        "" => None,
        seconds => match seconds.parse() {
            Ok(seconds @ 1..=LONGEST) => Some(seconds),
            _ => return Err(typed.usage()),
        },
    };
    Ok(MutingCommand::Mute { user: existing(user)?, seconds }.into())
}

pub(super) fn unmute(typed: &Typed<'_>) -> Result<Command, Mistake> {
    typed.user().map(|user| MutingCommand::Unmute(user).into())
}

impl From<MutingCommand> for Command {
    fn from(command: MutingCommand) -> Self {
        Self::Muting(command)
    }
}
