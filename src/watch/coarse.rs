//! A clock that costs next to nothing to read, and shows milliseconds.

/// Milliseconds since some moment in the past. The kernel leaves the time of its last tick where it
/// can be read like a variable, so it is some milliseconds old, and costs a quarter of the exact one.
#[cfg(target_os = "linux")]
pub(super) fn milliseconds() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::MonotonicCoarse);
    u64::try_from(now.tv_sec * 1000 + now.tv_nsec / 1_000_000).unwrap_or(0)
}

/// Milliseconds since this was first asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn milliseconds() -> u64 {
    use std::{sync::LazyLock, time::Instant};
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST.elapsed().as_millis()).unwrap_or(u64::MAX)
}
