//! When to try full sockets again.

use std::time::{Duration, Instant};

/// Full sockets are tried again soon and, as long as nothing moves, less and less often. So a client
/// that drains is served within a millisecond or two, and one that never reads costs next to nothing.
#[derive(Default)]
pub(super) struct Retry {
    /// `None` while no socket is full; then the broadcaster sleeps until there is a post.
    pub(super) at: Option<Instant>,
    delay: Duration,
}

impl Retry {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(64);

    pub(super) fn arm(&mut self) {
        let soon = Instant::now() + Self::SHORTEST;
        self.at = Some(self.at.map_or(soon, |at| at.min(soon)));
        self.delay = Self::SHORTEST;
    }

    pub(super) fn is_due(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }

    pub(super) fn again(&mut self, is_done: bool, has_moved: bool) {
        self.delay = if has_moved { Self::SHORTEST } else { Self::LONGEST.min(self.delay * 2) };
        self.at = (!is_done).then(|| Instant::now() + self.delay);
    }
}
