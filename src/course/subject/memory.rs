//! Measures the memory of a process group on Linux.
//!
//! A limit on address space (`RLIMIT_AS`) would not do, because the runtimes of some languages reserve much more than
//! they use.

use std::fs;

use rustix::process::Pid;

/// The resident memory of all processes of a group, in bytes; `None` where there is no `/proc`.
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

/// The resident memory of one process, if it is in the group.
fn resident(pid: &str, group: Pid) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything. Then come state, parent, group, …
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(2);
    if fields.next()?.parse() != Ok(group.as_raw_nonzero().get()) {
        return None;
    }
    // `rss` is field 24 and the group is field 5, as proc(5) counts from 1.
    let pages: u64 = fields.nth(18)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
