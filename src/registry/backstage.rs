//! Where slow things are done: on the session's own thread, without the lock.

use super::state::{Done, Work};
use crate::{file::Token, store::Saver};

/// What slow things need.
pub(super) struct Backstage {
    saver: Saver,
}

impl Backstage {
    pub(super) fn new(saver: Saver) -> Self {
        Self { saver }
    }

    /// Does it; whoever calls this waits, and nobody else does.
    pub(super) fn perform(&self, work: &Work) -> Done {
        match work {
            Work::Save => Done::Saved(self.saver.save()),
            Work::Tokens => Done::Tokens(draw().and_then(|sending| Some([sending, draw()?]))),
        }
    }

    pub(super) fn wake_saver(&self) {
        self.saver.wake();
    }
}

/// A token that nobody can guess; `None` when the system has no randomness to give.
fn draw() -> Option<Token> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(Token::new(random))
}
