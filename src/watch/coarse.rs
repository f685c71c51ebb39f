//! Clocks of the system: one that is cheap to read, and one for the time that the process has used.

use std::time::Duration;

/// Milliseconds since a fixed moment in the past. The kernel updates this clock once a tick, so it is
/// some milliseconds late, and reading it costs a quarter of reading the exact clock.
#[cfg(target_os = "linux")]
pub(super) fn milliseconds() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::MonotonicCoarse);
    u64::try_from(now.tv_sec * 1000 + now.tv_nsec / 1_000_000).unwrap_or(0)
}

/// Milliseconds since the first call.
#[cfg(not(target_os = "linux"))]
pub(super) fn milliseconds() -> u64 {
    use std::{sync::LazyLock, time::Instant};
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The time that the process has used of all processors.
#[cfg(target_os = "linux")]
pub(super) fn used() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().ok()
}

/// Only Linux tells it here.
#[cfg(not(target_os = "linux"))]
pub(super) fn used() -> Option<Duration> {
    None
}
