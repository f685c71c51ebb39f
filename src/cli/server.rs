//! The command line of `chat_server`.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{ArgAction, Args, Parser, builder::BoolishValueParser};

use super::{probe::Probe, secret};
use crate::{
    bot::Hired,
    certificate,
    file::ByteCount,
    log,
    manual::Generate,
    registry::state::{FileLimits, HistoryLimits, Limits, LineLimits, Rate},
    server::Config,
    web::Origin,
    wire::{Scheme, Url},
};

mod diagnostics;
mod in_force;
mod reloading;
mod report;
mod running;
mod several;

pub use in_force::InForce;

use several::{Several, several};

/// A chat server with one thread per client. Press Ctrl-C to stop it, twice to stop it at once.
#[derive(Debug, Parser)]
#[command(name = "chat_server", version, after_help = EXIT_STATUS)]
#[command(after_long_help = format!("{EXIT_STATUS}\n\n{SETTINGS}\n\nThe log:\n\n{}", log::FORMAT))]
pub struct Arguments {
    /// Report connections (by address), files and stops on standard error; -vv: details of the start, too
    #[arg(short, long, env = "CHAT_VERBOSE", action = ArgAction::Count)]
    verbose: u8,

    /// Report only errors on standard error; -qq: nothing at all
    #[arg(short, long, env = "CHAT_QUIET", action = ArgAction::Count)]
    quiet: u8,

    /// Read settings from FILE (TOML): its keys are the names of these options, its paths begin at its folder
    #[arg(long, env = "CHAT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print what is set and where it comes from, as a settings file without secrets, and exit
    #[arg(long)]
    check_config: bool,

    #[command(flatten)]
    clients: ClientOptions,

    #[command(flatten)]
    messages: MessageOptions,

    #[command(flatten)]
    memory: MemoryOptions,

    #[command(flatten)]
    files: FileOptions,

    #[command(flatten)]
    bots: BotOptions,

    #[command(flatten)]
    log: LogOptions,

    #[command(flatten)]
    generate: Generate,

    /// Ask the server at URL if it answers, say so, and exit; `http://HOST:PORT/healthz`, or a URL of --listen
    #[arg(long, value_name = "URL", help_heading = "Operation", value_parser = str::parse::<Probe>)]
    probe: Option<Probe>,

    /// With --probe, trust the issuers in FILE (PEM) instead of those that the system trusts
    #[arg(long, value_name = "FILE", help_heading = "Operation", requires = "probe")]
    tls_ca: Option<PathBuf>,
}

const EXIT_STATUS: &str = "The first line on standard output is 'Chat server started on ADDRESS:PORT'.
Exit status: 0 after a stop, 1 when the server cannot start or --probe gets no answer,
2 for wrong options, 130 after a second Ctrl-C.";

const SETTINGS: &str = "Settings: the command line overrides the environment, which overrides the file of --config, \
which overrides the defaults. The file has a line for each setting, under the long name of its option:

  port = 6000
  data = \"data/chat.db\"
  no-files = true
  listen = [\"json://127.0.0.1:7777\"]

Relative paths begin at the folder of the file. A list overrides a list as a whole. Instead of a list, there can be \
tables, with the options of the URL as keys:

  [[listen]]
  url = \"json+udp://0.0.0.0:7777\"
  idle = 60

`chat_server --check-config > chat.toml` writes a file with all settings, to begin with.

With --config, SIGHUP makes the server read the file again. Limits and rates, what is reported and logged, and the \
administrators' password change at once, and no client is disconnected. For other changes the server says that it \
must be restarted. If the file has a mistake, nothing changes.";

#[derive(Args, Debug)]
#[command(next_help_heading = "Clients")]
struct ClientOptions {
    /// Listen on this host name or address; 0.0.0.0 or :: for every network
    #[arg(long, env = "CHAT_HOST", value_name = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// Listen on this TCP port; 0 for any free one
    #[arg(long, env = "CHAT_PORT", value_name = "PORT", default_value_t = 5555)]
    port: u16,

    /// Speak another SCHEME of --listen at this port, instead of text
    #[arg(long, env = "CHAT_WIRE", value_name = "SCHEME", default_value = "text", value_parser = str::parse::<Scheme>)]
    wire: Scheme,

    /// Open another door, `SCHEME://HOST:PORT` or `SCHEME+unix:///PATH`; may be given more than once. SCHEME is
    /// text, http, json, json+udp, frames, verbs, unframed or any, with +tls behind it where clients speak TLS; https
    /// is http+tls; the README has examples. In the environment, there are spaces between URLs
    #[arg(long, env = "CHAT_LISTEN", value_name = "URL", value_parser = str::parse::<Several<Url>>)]
    listen: Vec<Several<Url>>,

    /// Do not serve the chat page on port 8080 of this machine. A door for http or https replaces that one, too
    #[arg(long, env = "CHAT_NO_HTTP", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = BoolishValueParser::new())]
    no_http: bool,

    /// Redirect requests at doors for http to the door for https
    #[arg(long, env = "CHAT_REDIRECT_HTTP", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = BoolishValueParser::new())]
    redirect_http: bool,

    /// Let pages of this web site, such as `https://chat.example`, use this server; may be given more than once
    #[arg(long, env = "CHAT_ALLOW_ORIGIN", value_name = "ORIGIN", value_parser = str::parse::<Several<Origin>>)]
    allow_origin: Vec<Several<Origin>>,

    /// Show this certificate, with those that lead to its issuer (PEM), to clients of `text+tls://HOST:PORT`, and
    /// of the other schemes with +tls; it is reread when it changes, and at SIGHUP
    #[arg(long, env = "CHAT_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM)
    #[arg(long, env = "CHAT_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Disconnect programs that are silent for SECONDS seconds, on wires with signs of life (1 to 86400) [default: by the scheme]
    #[arg(long, env = "CHAT_IDLE", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    idle: Option<u64>,

    /// Limit the number of clients; 0 for as many as this machine can serve
    #[arg(long, env = "CHAT_MAX_CLIENTS", value_name = "CLIENTS", default_value_t = 1000)]
    max_clients: usize,

    /// Limit the clients from one address (IPv6: one /64 network), except loopback; 0 for no limit
    #[arg(long, env = "CHAT_MAX_PER_ADDRESS", value_name = "CLIENTS", default_value_t = 100)]
    max_per_address: usize,

    /// Disconnect a client when more than BYTES bytes wait for it to read (16 KiB to 1 GiB)
    #[arg(long, env = "CHAT_OUTBOX_LIMIT", value_name = "BYTES", default_value_t = 1 << 20, value_parser = bytes(16 << 10, 1 << 30))]
    outbox_limit: u64,

    /// Read the administrators' password from the first line of FILE instead of the environment variable
    /// `CHAT_ADMIN_PASSWORD`; without both there is no administrator
    #[arg(long, env = "CHAT_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    admin_password_file: Option<PathBuf>,

    /// When the server stops, deliver queued lines for at most SECONDS seconds (up to 3600)
    #[arg(long, env = "CHAT_SHUTDOWN_GRACE", value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(..=3600))]
    shutdown_grace: u64,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Messages")]
struct MessageOptions {
    /// Limit the text of a message; 0 for as much as fits into a line
    #[arg(long, env = "CHAT_MAX_MESSAGE_LENGTH", value_name = "BYTES", default_value_t = 1024)]
    max_message_length: usize,

    /// Limit a line that a client sends (256 bytes to 1 MiB)
    #[arg(long, env = "CHAT_MAX_LINE_LENGTH", value_name = "BYTES", default_value_t = 8192, value_parser = bytes(256, 1 << 20))]
    max_line_length: u64,

    /// Limit the messages per second of one client, on average; 0 for no limit
    #[arg(long, env = "CHAT_RATE", value_name = "MESSAGES", default_value_t = 5)]
    rate: u32,

    /// Limit the messages that one client can send at once; 0 for no limit
    #[arg(long, env = "CHAT_BURST", value_name = "MESSAGES", default_value_t = 5)]
    burst: u32,

    /// Announce arrivals and departures only in rooms of at most MEMBERS members; 0 for all rooms
    #[arg(long, env = "CHAT_PRESENCE_LIMIT", value_name = "MEMBERS", default_value_t = 200)]
    presence_limit: usize,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "What the server remembers")]
struct MemoryOptions {
    /// Keep history, topics, accounts and bans in FILE; :memory: to keep nothing
    #[arg(long, env = "CHAT_DATA", value_name = "FILE", default_value = "chat.db")]
    data: PathBuf,

    /// Remember the last LINES lines of each room; 0 for none
    #[arg(long, env = "CHAT_HISTORY_KEPT", value_name = "LINES", default_value_t = 1000)]
    history: usize,

    /// Show the last LINES lines to a client that enters a room; 0 for none
    #[arg(long, env = "CHAT_HISTORY_REPLAY", value_name = "LINES", default_value_t = 50)]
    history_replay: usize,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
struct FileOptions {
    /// Limit the size of a file that users send each other; 0 for no limit
    #[arg(long, env = "CHAT_MAX_FILE_SIZE", value_name = "BYTES", default_value_t = 10 << 20)]
    max_file_size: u64,

    /// Use this TCP port for files; 0 for any free one, which a firewall may block
    #[arg(long, env = "CHAT_TRANSFER_PORT", value_name = "PORT", default_value_t = 0)]
    transfer_port: u16,

    /// Turn off file transfers, and open no port for them
    #[arg(long, env = "CHAT_NO_FILES", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = BoolishValueParser::new())]
    no_files: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Bots")]
struct BotOptions {
    /// Let a bot talk in the lobby, or in ROOM: trivia asks questions, and reminder reminds users of things; may be given
    /// more than once. In the environment, there are spaces between bots
    #[arg(long, env = "CHAT_BOT", value_name = "NAME[@ROOM]", value_parser = str::parse::<Crew>)]
    bot: Vec<Crew>,

    /// Let trivia bots ask the questions in FILE, which has a line `QUESTION = ANSWER` for each
    #[arg(long, env = "CHAT_QUESTIONS", value_name = "FILE")]
    questions: Option<PathBuf>,
}

/// One bot, or several with spaces between them.
#[derive(Clone, Debug)]
struct Crew(Vec<Hired>);

impl FromStr for Crew {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        typed.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Log")]
struct LogOptions {
    /// Write log files to DIR, which no other server may use; without it, nothing is logged
    #[arg(long, env = "CHAT_LOG_DIR", value_name = "DIR")]
    log_dir: Option<PathBuf>,

    /// Start another log file when one reaches BYTES bytes; 0 for one file a day
    #[arg(long, env = "CHAT_LOG_MAX_SIZE", value_name = "BYTES", default_value_t = 10 << 20)]
    log_max_size: u64,

    /// Keep only the newest FILES log files; 0 for all
    #[arg(long, env = "CHAT_LOG_KEEP", value_name = "FILES", default_value_t = 30)]
    log_keep: usize,

    /// Log the text of whispers, too, not only who whispers to whom
    #[arg(long, env = "CHAT_LOG_WHISPERS", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = BoolishValueParser::new())]
    log_whispers: bool,

    /// Omit the addresses of clients from the log
    #[arg(long, env = "CHAT_NO_LOG_ADDRESSES", value_name = "YES|NO", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "false", default_missing_value = "true", hide_default_value = true, hide_possible_values = true, value_parser = BoolishValueParser::new())]
    no_log_addresses: bool,
}

impl ClientOptions {
    fn certificate(&self) -> Option<certificate::Files> {
        let (chain, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(certificate::Files { chain, key })
    }
}

fn bytes(min: u64, max: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(min..=max)
}

impl Arguments {
    /// What the server is started with.
    ///
    /// # Errors
    /// The administrators' password cannot be read.
    fn config(&self) -> Result<Config, String> {
        let Self { clients, messages, memory, files, bots, log, .. } = self;
        let in_memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(Config {
            host: clients.host.clone(),
            port: clients.port,
            wire: clients.wire,
            listen: several(&clients.listen),
            page: !clients.no_http,
            redirect_http: clients.redirect_http,
            allow_origin: several(&clients.allow_origin),
            certificate: clients.certificate(),
            idle: clients.idle.map(Duration::from_secs),
            max_clients: unless_zero(clients.max_clients),
            max_per_address: unless_zero(clients.max_per_address),
            outbox_limit: in_memory(clients.outbox_limit),
            transfer_port: (!files.no_files).then_some(files.transfer_port),
            rules: Limits {
                presence: unless_zero(messages.presence_limit).unwrap_or(usize::MAX),
                history: HistoryLimits { remembered: memory.history, replayed: memory.history_replay },
                rate: Rate::per_second(messages.rate, messages.burst),
                files: FileLimits {
                    largest: ByteCount(unless_zero(files.max_file_size).unwrap_or(u64::MAX)),
                    port: None,
                },
                lines: LineLimits {
                    line: in_memory(messages.max_line_length),
                    text: unless_zero(messages.max_message_length).unwrap_or(usize::MAX),
                },
            },
            data: (memory.data != Path::new(":memory:")).then(|| memory.data.clone()),
            administrator: secret::administrator(clients.admin_password_file.as_deref())?,
            log: log.log_dir.clone().map(|folder| log::Config {
                folder,
                max_size: unless_zero(log.log_max_size),
                keep: unless_zero(log.log_keep),
                whispers: log.log_whispers,
                addresses: !log.no_log_addresses,
            }),
            bots: bots.bot.iter().flat_map(|Crew(hired)| hired).copied().collect(),
            questions: bots.questions.clone(),
            grace: Duration::from_secs(clients.shutdown_grace),
        })
    }
}

/// A limit, where 0 means no limit.
fn unless_zero<T: Default + PartialEq>(limit: T) -> Option<T> {
    (limit != T::default()).then_some(limit)
}
