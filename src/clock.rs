//! The time, read once for everything that is decided together, and the time zone to show it in.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime},
};

use jiff::tz::TimeZone;

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

/// The system's time zone. The first call may read a file: the server makes it before it listens, so
/// that the broadcaster never does.
pub fn zone() -> &'static TimeZone {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);
    &ZONE
}
