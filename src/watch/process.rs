//! What the system says about this process.

/// The memory it takes, in bytes; `None` where the system does not say.
pub(super) fn memory() -> Option<u64> {
    status("VmRSS:").map(|kibibytes| kibibytes * 1024)
}

/// How many threads it has, those included that nobody watches.
pub(super) fn threads() -> Option<u64> {
    status("Threads:")
}

/// A number out of `/proc/self/status` (proc(5)), which only Linux has.
fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    rest.split_whitespace().next()?.parse().ok()
}
