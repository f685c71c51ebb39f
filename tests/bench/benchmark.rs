//! The benchmark: it measures the real server over loopback sockets, beside a raw floor and other servers.
//!
//! `cargo bench` measures our server and the raw floor. `cargo bench -- --peers` also measures the other
//! servers that are installed. `cargo bench -- room paced` runs only the scenarios whose names contain one of
//! these words. A slow server does not fail the benchmark; a lost, doubled, reordered or leaked line does.
//!
//! One thread drives all clients (`crowd.rs`). In most scenarios (`scenario.rs`) every line carries its
//! sender and number (`mark.rs`), and every client checks every line (`receiver.rs`).
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::cast_possible_truncation, reason = "counts of this size fit everywhere it runs")]
#![expect(clippy::cast_precision_loss, reason = "figures are for people")]

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{
    contender::serve_raw,
    report::{Entry, Role, table},
    scenario::{SCENARIOS, Scenario, Settings},
};

mod address;
mod churn;
mod contender;
mod crowd;
mod failure;
mod fan_out;
mod file;
mod frame;
mod framing;
mod gather;
mod hall;
mod histogram;
mod hostile;
mod idle;
mod layer;
mod mark;
mod measure;
mod process;
mod receiver;
mod report;
mod rest;
mod scenario;
mod self_check;
mod sender;
mod slow_reader;
mod tls;
mod typing;
mod websocket;
mod whispers;

/// Measures the chat server over loopback sockets.
#[derive(Parser)]
#[command(name = "cargo bench --")]
struct Arguments {
    /// Run only scenarios whose name contains one of these words.
    scenarios: Vec<String>,
    /// Measure other servers too, where they are installed: redis, nats, ngircd, inspircd, mosquitto, ws of Node.
    #[arg(long)]
    peers: bool,
    /// Run each scenario once and shortly: to try, not to quote.
    #[arg(long)]
    quick: bool,
    /// Seconds that each run measures.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Runs of each row, in turns; the table shows the median.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How senders write where nothing else is said: several lines at once, or one line in one write each
    /// time an earlier line comes back, as most load generators do.
    #[arg(long, value_enum, default_value_t = Writing::Batches)]
    write: Writing,
    /// Lines in a batch: a power of two up to 64.
    #[arg(long, default_value_t = 16)]
    batch: u64,
    /// Lines of one sender that may be under way [default: 128 in batches, 64 one by one]
    #[arg(long)]
    window: Option<u64>,
    /// Measure this build of the chat server.
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_chat_server"))]
    server: PathBuf,
    /// Cargo passes this. Without it (`cargo test --benches`), all scenarios run shortly with few clients.
    #[arg(long, hide = true)]
    bench: bool,
    /// Be the raw floor instead: send LINES at once to STREAMS clients over TCP and to ADDRESSES over UDP.
    #[arg(long, hide = true, num_args = 3, value_names = ["LINES", "STREAMS", "ADDRESSES"])]
    raw_floor: Option<Vec<u64>>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Writing {
    Batches,
    Each,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(&[lines, streams, addresses]) = arguments.raw_floor.as_deref() {
        // It ends with an error when the clients have measured enough and hang up.
        let _ = serve_raw(lines, streams, addresses);
        return ExitCode::SUCCESS;
    }
    raise_file_limit();
    if !arguments.bench {
        self_check::run();
    }
    let plan = Plan::of(&arguments);
    println!("{}", plan.title());
    let mut is_sound = true;
    for scenario in SCENARIOS.iter().filter(|scenario| arguments.wants(scenario)) {
        let entries = plan.run(scenario, &arguments);
        // The goals are for batches and for runs long enough to quote.
        let has_goals = arguments.bench && arguments.write == Writing::Batches;
        let goals = if has_goals { scenario.goals } else { &[] };
        println!("{} ({})\n{}", scenario.title, scenario.name, table(&entries, goals));
        if arguments.peers && !scenario.left_out().is_empty() {
            println!("  left out: {}\n", scenario.left_out().join("; "));
        }
        is_sound &= entries.iter().all(|entry| entry.role == Role::Peer || entry.failures.is_empty());
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Arguments {
    fn wants(&self, scenario: &Scenario) -> bool {
        self.scenarios.is_empty() || self.scenarios.iter().any(|word| scenario.name.contains(word))
    }
}

/// How much is measured.
struct Plan {
    runs: usize,
    settings: Settings,
    most_clients: usize,
}

impl Plan {
    fn of(arguments: &Arguments) -> Self {
        let (runs, seconds, most_clients) = match arguments {
            Arguments { bench: false, .. } => (1, 0.1, 20),
            Arguments { quick: true, .. } => (1, 0.4, usize::MAX),
            _ => (arguments.runs, arguments.seconds, usize::MAX),
        };
        let settings = Settings {
            length: Duration::from_secs_f64(seconds.clamp(0.01, 60.0)),
            batch: arguments.batch.clamp(1, 64).next_power_of_two(),
            window: arguments.window.map(|lines| lines.max(1)),
        };
        Self { runs, settings, most_clients }
    }

    fn title(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut title = format!(
            "{cores} cores, Linux {}; {} × {} s each, in turns; medians. Texts of {} bytes, in batches of {} lines \
             where nothing else is said. The load generator shares the cores.\n",
            kernel.trim(),
            self.runs,
            self.settings.length.as_secs_f64(),
            mark::TEXT,
            self.settings.batch,
        );
        if self.most_clients != usize::MAX {
            title += "A trial with few clients: these figures say nothing.\n";
        }
        title
    }

    /// Runs all rows in turns, so that other work on this machine affects them alike.
    fn run(&self, scenario: &Scenario, arguments: &Arguments) -> Vec<Entry> {
        let mut rows = scenario.rows(&arguments.server, arguments.peers);
        for row in &mut rows {
            row.load = row.load.at_most(self.most_clients);
            if arguments.write == Writing::Each {
                row.load = row.load.one_by_one();
            }
        }
        let mut entries: Vec<Entry> = rows.iter().map(|row| Entry::new(row.name.clone(), row.role)).collect();
        for round in 0..self.runs {
            // Every other round goes backwards, so that no row always follows the same one.
            for turn in 0..rows.len() {
                let at = if round % 2 == 0 { turn } else { rows.len() - 1 - turn };
                match rows[at].load.run(rows[at].contender.as_ref(), &self.settings) {
                    Ok(sample) => entries[at].samples.push(sample),
                    Err(failure) => entries[at].failures.push(failure.to_string()),
                }
            }
        }
        entries
    }
}

/// Raises the limit of open files. Ten thousand clients need as many files here, and as many in the
/// server, which inherits the limit.
fn raise_file_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // If this fails, the scenario that needs more files reports it.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
