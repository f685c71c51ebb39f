//! Commands that make the server's design visible.

use super::{Command, Mistake, Typed};
use crate::text::Text;

/// What somebody wants to see of the server at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watching {
    /// What every thread is doing.
    Threads,
    /// Say something, and show its way through the threads.
    Trace(Text),
    /// The figures that an administrator looks at.
    Stats,
}

pub(super) fn trace(typed: &Typed<'_>) -> Result<Command, Mistake> {
    Ok(Command::Watch(Watching::Trace(typed.speech()?)))
}
