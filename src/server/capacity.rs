//! How many clients this machine can hold, found out before the first one comes.
//!
//! A process that runs out of memory maps or address space while it starts a thread dies, and there is
//! no error to catch. So the server counts beforehand and stays below every limit.

use std::{env, fs};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    Error,
    acceptor::{MOST_FREE, STACK},
};
use crate::relay;

/// What limits the number of clients.
pub(super) struct Capacity(Vec<Limit>);

struct Limit {
    /// Its name in the system, and its value.
    name: &'static str,
    value: usize,
    /// How much of it a client takes.
    per_client: usize,
    /// How much of it everything else takes, amply: the program, its libraries, the heap.
    reserve: usize,
}

/// Bytes of address space that a connection takes: its thread's stack and signal stack, and its part of
/// the heap. Measured are 276 KiB. What waits for a client that does not read comes on top.
const PER_CONNECTION: usize = STACK + 64 * 1024;

/// Bytes of address space that everything else takes. Measured are 23 MB at the start; the database,
/// password hashing and what rooms remember need more later.
const EVERYTHING_ELSE: usize = 128 << 20;

/// Bytes of address space that the GNU C library reserves for each arena of the heap.
const ARENA: usize = 64 << 20;

impl Capacity {
    /// Reads this machine's limits, and raises the soft limit of file descriptors up to the hard one.
    pub(super) fn of_this_machine() -> Self {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // When it cannot be raised, what it is counts.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let others = MOST_FREE + relay::MOST_CONNECTIONS;
        let memory = EVERYTHING_ELSE + others * PER_CONNECTION;
        let limit = |name, value: Option<usize>, per_client, reserve| {
            value.map(|value| Limit { name, value, per_client, reserve })
        };
        let limits = [
            // A thread that waits in `accept` holds a descriptor already.
            limit("RLIMIT_NOFILE", soft_limit(Resource::Nofile), 1, 24 + others),
            // A stack and a signal stack, each with its guard page.
            limit("vm.max_map_count", read_number("/proc/sys/vm/max_map_count"), 4, 1024 + 4 * others),
            limit("kernel.threads-max", read_number("/proc/sys/kernel/threads-max"), 1, 512),
            limit("kernel.pid_max", read_number("/proc/sys/kernel/pid_max"), 1, 512),
            limit("RLIMIT_AS", soft_limit(Resource::As), PER_CONNECTION, memory + arenas() * ARENA),
            limit("RLIMIT_DATA", soft_limit(Resource::Data), PER_CONNECTION, memory),
        ];
        Self(limits.into_iter().flatten().collect())
    }

    /// How many clients to allow when so many are asked for; `None` asks for as many as there can be.
    /// It is an error if there can be none at all.
    pub(super) fn clients(&self, asked: Option<usize>) -> Result<usize, Error> {
        let Some(tightest) = self.0.iter().min_by_key(|limit| limit.clients()) else {
            return Ok(asked.unwrap_or(usize::MAX));
        };
        let holds = tightest.clients();
        if asked.unwrap_or(1) > holds {
            let Limit { name, value, reserve, .. } = tightest;
            let limit = match holds {
                0 => format!("{name} is {value}, and the server itself needs {reserve}"),
                _ => format!("{name} is {value}"),
            };
            return Err(Error::TooManyClients { asked, holds, limit });
        }
        Ok(asked.unwrap_or(holds))
    }
}

impl Limit {
    fn clients(&self) -> usize {
        self.value.saturating_sub(self.reserve) / self.per_client
    }
}

/// A limit of this process; `None` when there is no limit.
fn soft_limit(resource: Resource) -> Option<usize> {
    getrlimit(resource).current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// The most arenas of the heap. The GNU C library makes one for each thread, up to 8 for each CPU that
/// the process may use (mallopt(3)), or as many as the environment says.
fn arenas() -> usize {
    if !cfg!(target_env = "gnu") {
        return 0;
    }
    let chosen = env::var("MALLOC_ARENA_MAX").ok().and_then(|most| most.parse().ok());
    chosen.filter(|&most| most > 0).unwrap_or_else(|| 8 * cpus())
}

/// The CPUs that this process may use.
fn cpus() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:"));
    let ones = |mask: &str| mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum();
    let count: u32 = allowed.map_or(1, ones);
    usize::try_from(count.max(1)).unwrap_or(1)
}

fn read_number(path: &str) -> Option<usize> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity() -> Capacity {
        let limit = |name, value, per_client, reserve| Limit { name, value, per_client, reserve };
        Capacity(vec![limit("descriptors", 1000, 1, 100), limit("maps", 2000, 4, 400)])
    }

    #[test]
    fn the_tightest_limit_counts() {
        assert_eq!(capacity().clients(None).unwrap(), 400);
        assert_eq!(capacity().clients(Some(400)).unwrap(), 400);
    }

    #[test]
    fn more_than_the_machine_holds_is_refused_with_both_numbers() {
        assert_eq!(
            capacity().clients(Some(401)).unwrap_err().to_string(),
            "cannot hold 401 clients: this machine holds 400 at most (maps is 2000)"
        );
    }

    #[test]
    fn a_machine_that_holds_no_client_is_always_refused() {
        let tiny = Capacity(vec![Limit { name: "maps", value: 10, per_client: 4, reserve: 400 }]);
        let refused = |asked| tiny.clients(asked).unwrap_err().to_string();
        let why = "this machine holds 0 at most (maps is 10, and the server itself needs 400)";
        assert_eq!(refused(Some(1)), format!("cannot hold 1 clients: {why}"));
        assert_eq!(refused(None), format!("cannot hold any clients: {why}"));
    }

    #[test]
    fn this_machine_holds_clients() {
        assert!(Capacity::of_this_machine().clients(None).unwrap() > 0);
    }
}
