//! What is measured, and how it is shown.

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    Deliveries,
    Whispers,
    Sessions,
    Greeted,
    Requests,
    P50,
    P99,
    Worst,
    /// Of the other clients, while one client reads nothing.
    P99WithSilent,
    /// While a file is being sent.
    P99WithFile,
    /// How many bytes the silent client was sent before the server disconnected it.
    TakenBySilent,
    Cpu,
    CpuPerWhisper,
    CpuPerSession,
    CpuPerRequest,
    Memory,
    /// Of a client that has set its nickname, entered a room and said one line.
    MemoryAfterALine,
    MemoryGrowth,
    IdleCpu,
    Generator,
    /// Questions answered, visits ended or users ignored, as the row says.
    Attacks,
    /// From the first attempt to send a file until one has arrived.
    FileWait,
}

/// The figures of one run, in base units: per second, seconds, bytes, or a share of one.
pub(crate) type Sample = Vec<(Measure, f64)>;

impl Measure {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries/s",
            Self::Whispers => "whispers/s",
            Self::Sessions => "sessions/s",
            Self::Greeted => "greeted/s",
            Self::Requests => "requests/s",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Worst => "worst",
            Self::P99WithSilent => "p99 with a silent client",
            Self::P99WithFile => "p99 with a file",
            Self::TakenBySilent => "cut after",
            Self::Cpu => "CPU/delivery",
            Self::CpuPerWhisper => "CPU/whisper",
            Self::CpuPerSession => "CPU/session",
            Self::CpuPerRequest => "CPU/request",
            Self::Memory => "memory/client",
            Self::MemoryAfterALine => "after one line",
            Self::MemoryGrowth => "memory grew by",
            Self::IdleCpu => "idle CPU",
            Self::Generator => "generator",
            Self::Attacks => "attacks/s",
            Self::FileWait => "file after",
        }
    }

    pub(crate) fn show(self, value: f64) -> String {
        match self {
            _ if value.is_infinite() => "never".into(),
            Self::Deliveries
            | Self::Whispers
            | Self::Sessions
            | Self::Greeted
            | Self::Requests
            | Self::Attacks => scaled(value, &COUNTS),
            Self::P50
            | Self::P99
            | Self::Worst
            | Self::FileWait
            | Self::P99WithSilent
            | Self::P99WithFile
            | Self::Cpu
            | Self::CpuPerWhisper
            | Self::CpuPerSession
            | Self::CpuPerRequest => scaled(value * 1e9, &TIMES),
            Self::Memory | Self::MemoryAfterALine | Self::MemoryGrowth | Self::TakenBySilent => {
                scaled(value, &BYTES)
            }
            Self::IdleCpu | Self::Generator => format!("{:.1} %", value * 100.0),
        }
    }

    pub(crate) fn is_better_when_more(self) -> bool {
        matches!(self, Self::Deliveries | Self::Whispers | Self::Sessions | Self::Greeted | Self::Requests)
    }
}

const COUNTS: [&str; 3] = ["", " k", " M"];
const TIMES: [&str; 4] = [" ns", " µs", " ms", " s"];
const BYTES: [&str; 4] = [" B", " kB", " MB", " GB"];

/// The value with three digits and a unit.
fn scaled(value: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut units = units.iter();
    let mut unit = units.next().expect("there is at least one unit");
    for next in units {
        if value.abs() < 999.5 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    let decimals = if value.abs() < 9.995 { 2 } else { usize::from(value.abs() < 99.95) };
    format!("{value:.decimals$}{unit}")
}
