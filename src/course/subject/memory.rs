//! How much memory a process group uses, as Linux tells it.
//!
//! Measured instead of limited: a limit of address space (`RLIMIT_AS`) would hit every language whose
//! runtime reserves much and uses little.

use std::fs;

use rustix::process::Pid;

/// Bytes in memory of all processes of a group; `None` where there is no `/proc`.
pub(super) fn of_group(group: Pid) -> Option<u64> {
    let mut sum = 0;
    for entry in fs::read_dir("/proc").ok()? {
        let Ok(name) = entry.ok()?.file_name().into_string() else { continue };
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            sum += resident(&name, group).unwrap_or(0);
        }
    }
    Some(sum)
}

/// What one process uses, if it is of the group.
fn resident(pid: &str, group: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it, in parentheses, may hold anything; then: state, parent, group, …
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(2);
    if fields.next()?.parse() != Ok(group.as_raw_nonzero().get()) {
        return None;
    }
    // Field 24, as proc(5) counts from 1; the group is the fifth.
    let pages: u64 = fields.nth(18)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
