//! What machines are told about the chat and the work for it.

use std::time::Instant;

use super::{Registry, state::Counts};
use crate::{
    log,
    names::Nick,
    watch::{Load, Watch},
};

impl Registry {
    /// Counts what there is in the chat; and, with a log, what waits for it. This takes the lock once, for about a
    /// microsecond.
    pub fn counts(&self) -> (Counts, Option<log::Load>) {
        let _one_at_a_time = self.wait_in_line();
        let load = |shared: &super::Shared| shared.logger.as_ref().map(log::Logger::load);
        self.locked(Instant::now(), |shared| (shared.state.counts(), load(shared)))
    }

    /// Whether this is the nickname of a bot.
    pub fn is_bot(&self, nick: Nick) -> bool {
        self.decide(|state, _| state.is_bot(nick))
    }

    /// How full the channel to the broadcaster is.
    pub fn load(&self) -> Load {
        self.backstage.load()
    }

    /// The figures that the threads keep.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }
}
