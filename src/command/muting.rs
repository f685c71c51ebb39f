//! Commands about mutes, for administrators.

use super::{Ask, Mistake, Typed, existing, split_word};
use crate::names::Nick;

/// What an administrator asks about mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutingCommand {
    /// List who is muted.
    List,
    /// Mute a user for a while.
    Mute {
        /// The user's nickname.
        user: Nick,
        /// The time in seconds; `None` means the usual time.
        seconds: Option<u32>,
    },
    /// Let a muted user speak again.
    Unmute(Nick),
}

/// The longest mute, in seconds: a week. For longer, there are bans.
const LONGEST: u32 = 7 * 24 * 3600;

pub(super) fn mute(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (user, seconds) = split_word(typed.name()?);
    let seconds = match seconds {
        "" => None,
        seconds => match seconds.parse() {
            Ok(seconds @ 1..=LONGEST) => Some(seconds),
            _ => return Err(typed.usage()),
        },
    };
    Ok(Ask::Muting(MutingCommand::Mute { user: existing(user)?, seconds }))
}
