//! The command line of `chat_server`.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Parser, builder::BoolishValueParser, error::ErrorKind};
use tracing::level_filters::LevelFilter;

use super::secret;
use crate::{
    file::ByteCount,
    log,
    registry::state::{self, FileLimits, HistoryLimits, Rate},
    server::{Config, Server},
};

/// A chat server: one thread per client. Ctrl-C stops it.
#[derive(Debug, Parser)]
#[command(name = "chat_server", version)]
pub struct Arguments {
    /// Host name or address to listen on; 0.0.0.0 or :: for every network
    #[arg(long, env = "CHAT_HOST", value_name = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// TCP port; 0 for any free one
    #[arg(long, env = "CHAT_PORT", value_name = "PORT", default_value_t = 5555)]
    port: u16,

    /// Most clients at a time; 0 for as many as this machine holds
    #[arg(long, env = "CHAT_MAX_CLIENTS", value_name = "CLIENTS", default_value_t = 1000)]
    max_clients: usize,

    /// Most clients at a time from one address, loopback exempt; 0 for no limit
    #[arg(long, env = "CHAT_MAX_PER_ADDRESS", value_name = "CLIENTS", default_value_t = 100)]
    max_per_address: usize,

    /// Longest text of a message; 0 for whatever fits into a line
    #[arg(long, env = "CHAT_MAX_MESSAGE_LENGTH", value_name = "BYTES", default_value_t = 1024)]
    max_message_length: usize,

    /// Longest line that a client may send
    #[arg(long, env = "CHAT_MAX_LINE_LENGTH", value_name = "BYTES", default_value_t = 8192, value_parser = bytes(256, 1 << 20))]
    max_line_length: u64,

    /// Bytes that may wait for a client that does not read; beyond, it is cut
    #[arg(long, env = "CHAT_OUTBOX_LIMIT", value_name = "BYTES", default_value_t = 1 << 20, value_parser = bytes(16 << 10, 1 << 30))]
    outbox_limit: u64,

    /// Most members of a room in which coming and going are announced; 0 for no limit
    #[arg(long, env = "CHAT_PRESENCE_LIMIT", value_name = "MEMBERS", default_value_t = 200)]
    presence_limit: usize,

    /// File for what outlives the server: history, topics, accounts, bans; :memory: for none
    #[arg(long, env = "CHAT_DATA", value_name = "FILE", default_value = "chat.db")]
    data: PathBuf,

    /// Lines that each room remembers; 0 for none
    #[arg(long, env = "CHAT_HISTORY_KEPT", value_name = "LINES", default_value_t = 1000)]
    history: usize,

    /// Lines shown to whoever comes into a room; 0 for none
    #[arg(long, env = "CHAT_HISTORY_REPLAY", value_name = "LINES", default_value_t = 50)]
    history_replay: usize,

    /// Messages a second that one client may say in the long run; 0 for no limit
    #[arg(long, env = "CHAT_RATE", value_name = "MESSAGES", default_value_t = 5)]
    rate: u32,

    /// Messages that one client may say at once; 0 for no limit
    #[arg(long, env = "CHAT_BURST", value_name = "MESSAGES", default_value_t = 5)]
    burst: u32,

    /// File whose first line is the administrators' password; without it, the environment variable
    /// `CHAT_ADMIN_PASSWORD` is that; without both there is no administrator
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,

    /// Folder for a log of what happens; without it, nothing is logged
    #[arg(long, env = "CHAT_LOG_DIR", value_name = "DIR")]
    log_dir: Option<PathBuf>,

    /// Size of a log file after which the day's next one begins; 0 for one file a day
    #[arg(long, env = "CHAT_LOG_MAX_SIZE", value_name = "BYTES", default_value_t = 10 << 20)]
    log_max_size: u64,

    /// Log files that are kept, the newest; 0 for all
    #[arg(long, env = "CHAT_LOG_KEEP", value_name = "FILES", default_value_t = 30)]
    log_keep: usize,

    /// Log what people whisper, and not only that they do
    #[arg(long, env = "CHAT_LOG_WHISPERS", requires = "log_dir", value_parser = BoolishValueParser::new())]
    log_whispers: bool,

    /// Log no addresses of clients
    #[arg(long, env = "CHAT_NO_LOG_ADDRESSES", requires = "log_dir", value_parser = BoolishValueParser::new())]
    no_log_addresses: bool,
    /// Largest file that users may send each other; 0 for no limit
    #[arg(long, env = "CHAT_MAX_FILE_SIZE", value_name = "BYTES", default_value_t = 10 << 20)]
    max_file_size: u64,

    /// TCP port that files are sent over; 0 for any free one
    #[arg(long, env = "CHAT_TRANSFER_PORT", value_name = "PORT", default_value_t = 0)]
    transfer_port: u16,

    /// Send no files, and open no port for them
    #[arg(long, env = "CHAT_NO_FILES", value_parser = BoolishValueParser::new())]
    no_files: bool,

    /// Longest time for delivering what is queued when the server stops
    #[arg(long, env = "CHAT_SHUTDOWN_GRACE", value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(..=3600))]
    shutdown_grace: u64,

    /// Say more on standard error: who comes and goes; twice: everything
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Say less on standard error: errors only; twice: nothing
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "verbose")]
    quiet: u8,
}

fn bytes(min: u64, max: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(min..=max)
}

impl Arguments {
    /// Runs the server until it is stopped by SIGINT, SIGTERM or SIGHUP; a second one ends it at
    /// once.
    ///
    /// # Errors
    /// What to tell the user: the address cannot be had, or the machine cannot hold so many clients.
    pub fn run(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.start_diagnostics();
        prefer_throughput();
        let server = Server::bind(&self.config()?)?;
        let stopper = server.stopper();
        ctrlc::set_handler(move || {
            if !stopper.stop() {
                end_at_once();
            }
        })?;
        announce(&server);
        Ok(server.run()?)
    }

    /// What was typed, then what it means. Options that contradict each other are refused here.
    ///
    /// # Errors
    /// A usage error, as clap reports it.
    pub fn check(self) -> Result<Self, clap::Error> {
        if self.max_message_length as u64 > self.max_line_length {
            let message = format!(
                "a message of {} bytes (--max-message-length) does not fit into a line of {} (--max-line-length)",
                self.max_message_length, self.max_line_length
            );
            return Err(<Self as clap::CommandFactory>::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(self)
    }

    fn config(&self) -> Result<Config, secret::Error> {
        let unless_zero = |limit: usize| (limit > 0).then_some(limit);
        let in_memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(Config {
            host: self.host.clone(),
            port: self.port,
            max_clients: unless_zero(self.max_clients),
            max_per_address: unless_zero(self.max_per_address),
            max_message_length: unless_zero(self.max_message_length),
            max_line_length: in_memory(self.max_line_length),
            outbox_limit: in_memory(self.outbox_limit),
            transfer_port: (!self.no_files).then_some(self.transfer_port),
            rules: self.rules(),
            data: (self.data != Path::new(":memory:")).then(|| self.data.clone()),
            administrator: secret::administrator(self.admin_password_file.as_deref())?,
            log: self.log(),
            grace: Duration::from_secs(self.shutdown_grace),
        })
    }

    fn rules(&self) -> state::Limits {
        let largest = if self.max_file_size > 0 { self.max_file_size } else { u64::MAX };
        state::Limits {
            presence: if self.presence_limit > 0 { self.presence_limit } else { usize::MAX },
            history: HistoryLimits { kept: self.history, replayed: self.history_replay },
            rate: Rate::per_second(self.rate, self.burst),
            files: FileLimits { largest: ByteCount(largest), port: 0 },
        }
    }

    fn log(&self) -> Option<log::Config> {
        Some(log::Config {
            folder: self.log_dir.clone()?,
            max_size: (self.log_max_size > 0).then_some(self.log_max_size),
            keep: (self.log_keep > 0).then_some(self.log_keep),
            whispers: self.log_whispers,
            addresses: !self.no_log_addresses,
        })
    }

    fn start_diagnostics(&self) {
        let level = match (self.quiet, self.verbose) {
            (0, 0) => LevelFilter::WARN,
            (0, 1) => LevelFilter::INFO,
            (0, _) => LevelFilter::TRACE,
            (1, _) => LevelFilter::ERROR,
            _ => LevelFilter::OFF,
        };
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            // Whoever closes our standard error does not want to hear about that, too.
            .log_internal_errors(false)
            .init();
    }
}

/// The one line a script can wait for. Nobody need be listening: the server serves all the same.
fn announce(server: &Server) {
    if let Err(error) = writeln!(io::stdout(), "Chat server started on {}", server.address()) {
        tracing::warn!(%error, "cannot write to standard output");
    }
}

/// A thread that is woken waits for its turn instead of interrupting the one that runs. So what a busy
/// session posts, and what comes to a busy broadcaster, is taken in larger batches and with fewer
/// switches from thread to thread. Where it cannot be had, nothing is lost but that.
fn prefer_throughput() {
    #[cfg(target_os = "linux")]
    if scheduler::set_self_policy(scheduler::Policy::Batch, 0).is_err() {
        tracing::debug!("the scheduling policy stays as it is");
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever presses Ctrl-C twice wants out, not every Drop")]
fn end_at_once() {
    std::process::exit(130);
}
