//! How many clients this machine can hold, found out before the first one comes.
//!
//! A process that runs out of memory maps while it starts a thread dies, and there is no error to
//! catch. So the server counts beforehand, and never comes near.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Error, MOST_FREE};
use crate::relay::MOST_CONNECTIONS;

/// What limits the number of clients.
pub struct Capacity {
    limits: Vec<Limit>,
}

struct Limit {
    /// Its name in the system, and its value.
    name: &'static str,
    value: usize,
    /// How much of it a client takes.
    per_client: usize,
    /// How much of it everything else takes, amply: the program, its libraries, the heap.
    reserve: usize,
}

impl Capacity {
    /// Reads this machine's limits. A process may raise its soft limit of file descriptors up to the
    /// hard one, and this does so.
    pub fn of_this_machine() -> Self {
        let limit = |name, value: Option<usize>, per_client, reserve| {
            value.map(|value| Limit { name, value, per_client, reserve })
        };
        let limits = [
            // Whoever waits in `accept` holds a descriptor already.
            limit("RLIMIT_NOFILE", raise_descriptors(), 1, 24 + MOST_FREE + MOST_CONNECTIONS),
            // A thread's stack and its signal stack, each with its guard page.
            limit(
                "vm.max_map_count",
                read_number("/proc/sys/vm/max_map_count"),
                4,
                1024 + 4 * MOST_CONNECTIONS,
            ),
            limit("kernel.threads-max", read_number("/proc/sys/kernel/threads-max"), 1, 512),
            limit("kernel.pid_max", read_number("/proc/sys/kernel/pid_max"), 1, 512),
        ];
        Self { limits: limits.into_iter().flatten().collect() }
    }

    /// How many clients to allow when so many are asked for; `None` asks for as many as there can be.
    ///
    /// # Errors
    /// [`Error::TooManyClients`].
    pub fn clients(&self, asked: Option<usize>) -> Result<usize, Error> {
        let tightest = self.limits.iter().min_by_key(|limit| limit.clients());
        let holds = tightest.map_or(usize::MAX, Limit::clients);
        match (asked, tightest) {
            (Some(asked), Some(limit)) if asked > holds => Err(Error::TooManyClients {
                asked,
                holds,
                limit: format!("{} is {}", limit.name, limit.value),
            }),
            _ => Ok(asked.unwrap_or(holds)),
        }
    }
}

impl Limit {
    fn clients(&self) -> usize {
        self.value.saturating_sub(self.reserve) / self.per_client
    }
}

/// Raises the soft limit of open files to the hard one; `None` when there is no limit.
fn raise_descriptors() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

fn read_number(path: &str) -> Option<usize> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity() -> Capacity {
        let limit = |name, value, per_client, reserve| Limit { name, value, per_client, reserve };
        Capacity { limits: vec![limit("descriptors", 1000, 1, 100), limit("maps", 2000, 4, 400)] }
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
    fn a_machine_smaller_than_the_reserve_holds_nobody() {
        let tiny = Capacity { limits: vec![Limit { name: "maps", value: 10, per_client: 4, reserve: 400 }] };
        assert!(tiny.clients(Some(1)).is_err());
    }

    #[test]
    fn this_machine_holds_somebody() {
        assert!(Capacity::of_this_machine().clients(None).unwrap() > 0);
    }
}
