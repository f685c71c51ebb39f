//! What the operating system says about this process.

/// Its resident memory in bytes, if the system tells it.
pub(super) fn memory() -> Option<u64> {
    status("VmRSS:").map(|kibibytes| kibibytes * 1024)
}

/// The number of its threads, including those that are not watched.
pub(super) fn threads() -> Option<u64> {
    status("Threads:")
}

/// A number from `/proc/self/status` (proc(5)), which only Linux has.
fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    rest.split_whitespace().next()?.parse().ok()
}
