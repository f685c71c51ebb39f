//! What time it is, read once for everything that is decided together.

use std::time::{Instant, SystemTime};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For limits and durations: it never jumps.
    pub instant: Instant,
    /// For showing and keeping: it is what people call the time, and may jump.
    pub wall: SystemTime,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }
}
