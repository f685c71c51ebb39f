//! The table of scenarios, with their goals.

use std::{
    env, iter,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    churn::churn,
    contender::{
        Contender, FAST_NODE, FRAMES, HALF_JSON, Hyper, INSPIRCD, JSON, Mosquitto, NATS, NATS_TLS,
        NATS_WEBSOCKET, NGIRCD, NODE, Ours, REST, Raw, Redis, TLS, UDP, UNIX, WEBSOCKET, Wire, Wired,
    },
    failure::Result,
    fan_out::{FanOut, Rhythm},
    file::beside_a_file,
    hostile::{ATTACKS, Attack, hostile},
    idle::idle,
    measure::{Measure, Sample},
    report::Role,
    rest::rest,
    slow_reader::slow_reader,
    typing::typing,
    whispers::whispers,
};

/// How every server is loaded.
pub(crate) struct Settings {
    /// How long each run measures.
    pub(crate) length: Duration,
    /// Lines in one write where lines are written in batches: a power of two up to 64.
    pub(crate) batch: u64,
    /// Lines of one sender that may be under way: enough to keep the server busy, and few enough that
    /// no server disconnects a client for being slow. Without it, each rhythm has a default.
    pub(crate) window: Option<u64>,
}

pub(crate) struct Scenario {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) load: Load,
    /// The raw floors beside it, in lines at once.
    raw: &'static [u64],
    beside: Beside,
    pub(crate) goals: &'static [Goal],
}

#[derive(Clone, Copy)]
pub(crate) enum Load {
    FanOut(FanOut),
    Whispers {
        pairs: usize,
        /// Whispers of one pair at a time.
        under_way: u64,
    },
    Idle {
        clients: usize,
    },
    /// Keys in the client's terminal.
    Typing,
    SlowReader {
        clients: usize,
    },
    /// The room twice: alone, and while a file is sent.
    BesideAFile(FanOut),
    Churn {
        at_once: usize,
    },
    Hostile(Attack),
    /// Programs over HTTP, each on a connection of its own.
    Rest {
        programs: usize,
    },
}

/// What is measured beside our server.
enum Beside {
    /// All other servers.
    Peers,
    /// The server that has nicknames, presence and goodbyes like ours. (Inspircd greets only once a second, so
    /// the figure would be its waiting time. Redis and nats have no visitors.)
    Ngircd,
    /// Nothing: the other servers would need limits for it, which the other scenarios forbid.
    Nothing,
    /// Our server again, with history and log.
    Keeping,
    /// Our server again, on its other wires, and all other servers.
    Wires,
    /// Our server again over WebSocket, and other servers over WebSocket.
    WebSocket,
    /// Our server again over TLS, and other servers over TLS.
    Tls,
    /// A server on hyper, for programs over HTTP.
    Hyper,
    /// None. Only our server and the raw floors send datagrams.
    Datagrams,
    /// Our server again with its default limits, under one attack after the other.
    Attacks,
}

/// One row of a scenario's table: a server and its load.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) contender: Box<dyn Contender>,
    pub(crate) load: Load,
}

/// What our server's figure should be.
pub(crate) enum Goal {
    /// This many times the best peer's.
    TimesPeer(Measure, f64),
    /// On this wire: this many times the figure with text.
    TimesText(&'static str, f64),
    /// On this wire: this many times the figure of the best peer.
    WireTimesPeer(&'static str, f64),
    /// This many times ours when history and log are on.
    LeftWhenKeeping(Measure, f64),
    /// This many times the raw floor's at 64 lines.
    TimesRaw(f64),
    AtLeast(Measure, f64),
    AtMost(Measure, f64),
    /// On this wire: at most this.
    WireAtMost(&'static str, Measure, f64),
    /// At most this many times another measure of the same server.
    TimesOwn(Measure, Measure, f64),
    /// At most this under every attack.
    UnderAttack(Measure, f64),
}

impl Scenario {
    /// Our server first, then what is measured beside it.
    pub(crate) fn rows(&self, program: &Path, are_peers_wanted: bool) -> Vec<Row> {
        let row = |role, contender: Box<dyn Contender>| Row {
            name: contender.name(),
            role,
            contender,
            load: self.load,
        };
        let program = || program.to_owned();
        let on = |role, wire: Wire| row(role, Box::new(Wired::new(program(), wire, self.load.senders())));
        let plain = || row(Role::Ours, Box::new(Ours::plain(program())));
        let mut rows = match self.beside {
            Beside::Attacks => return ATTACKS.iter().map(|attack| under(*attack, program())).collect(),
            Beside::Datagrams => vec![on(Role::Ours, UDP)],
            Beside::Hyper => vec![on(Role::Ours, REST)],
            Beside::Keeping => vec![plain(), row(Role::Keeping, Box::new(Ours::keeping(program())))],
            Beside::Wires => iter::once(plain())
                .chain([JSON, HALF_JSON, FRAMES, UNIX].map(|wire| on(Role::Wire, wire)))
                .collect(),
            Beside::WebSocket => vec![plain(), on(Role::Wire, WEBSOCKET)],
            Beside::Tls => vec![plain(), on(Role::Wire, TLS)],
            Beside::Peers | Beside::Ngircd | Beside::Nothing => vec![plain()],
        };
        let is_in_datagrams = matches!(self.beside, Beside::Datagrams);
        rows.extend(self.raw.iter().map(|&lines| row(Role::Raw, Box::new(Raw { lines, is_in_datagrams }))));
        if are_peers_wanted {
            let peers = self.peers().into_iter().filter(|peer| missing(peer.as_ref()).is_none());
            rows.extend(peers.map(|peer| row(Role::Peer, peer)));
        }
        rows
    }

    /// The other servers that cannot be measured here, and why.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let reason = |peer: &dyn Contender| Some(format!("{}: no {} here", peer.name(), missing(peer)?));
        self.peers().iter().filter_map(|peer| reason(peer.as_ref())).collect()
    }

    fn peers(&self) -> Vec<Box<dyn Contender>> {
        match self.beside {
            Beside::Peers | Beside::Wires => {
                vec![Box::new(Redis::Plain), Box::new(NATS), Box::new(NGIRCD), Box::new(INSPIRCD)]
            }
            Beside::WebSocket => {
                vec![Box::new(FAST_NODE), Box::new(NODE), Box::new(NATS_WEBSOCKET), Box::new(Mosquitto)]
            }
            Beside::Tls => vec![Box::new(Redis::Tls), Box::new(NATS_TLS)],
            Beside::Ngircd => vec![Box::new(NGIRCD)],
            Beside::Hyper => vec![Box::new(Hyper)],
            Beside::Nothing | Beside::Keeping | Beside::Datagrams | Beside::Attacks => Vec::new(),
        }
    }
}

fn under(attack: Attack, program: PathBuf) -> Row {
    Row {
        name: attack.title.into(),
        role: if attack.clients == 0 { Role::Ours } else { Role::Attacked },
        contender: Box::new(Ours::with_default_limits(program)),
        load: Load::Hostile(attack),
    }
}

/// The program that a server needs and that is not installed.
fn missing(peer: &dyn Contender) -> Option<&'static str> {
    peer.program().filter(|program| !is_installed(program))
}

/// Whether a shell would find `program`.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Load {
    /// How many clients speak, if not all do.
    fn senders(self) -> usize {
        match self {
            Self::FanOut(plan) => plan.senders,
            // The witness, which is the first client, comes in like a client that speaks.
            Self::Rest { .. } => 1,
            _ => 0,
        }
    }

    /// The same with fewer clients, to see whether it works at all.
    pub(crate) fn at_most(self, most: usize) -> Self {
        match self {
            Self::FanOut(plan) if plan.clients > most => {
                let rooms = plan.rooms.min(most / 4);
                let senders = if plan.rooms == 1 { plan.senders } else { rooms };
                Self::FanOut(FanOut { clients: most, rooms, senders, ..plan })
            }
            Self::BesideAFile(plan) => Self::BesideAFile(FanOut { clients: plan.clients.min(most), ..plan }),
            Self::Whispers { pairs, under_way } => Self::Whispers { pairs: pairs.min(most / 2), under_way },
            Self::Idle { clients } => Self::Idle { clients: clients.min(most) },
            Self::Rest { programs } => Self::Rest { programs: programs.min(most) },
            Self::Hostile(attack) => Self::Hostile(attack.at_most(most)),
            _ => self,
        }
    }

    /// The same, with one line in one write instead of batches.
    pub(crate) fn one_by_one(self) -> Self {
        match self {
            Self::FanOut(plan) if plan.rhythm == Rhythm::Batches => {
                Self::FanOut(FanOut { rhythm: Rhythm::Each, ..plan })
            }
            other => other,
        }
    }

    pub(crate) fn run(&self, contender: &dyn Contender, settings: &Settings) -> Result<Sample> {
        match *self {
            Self::FanOut(plan) => plan.run(contender, settings),
            Self::Whispers { pairs, under_way } => whispers(contender, pairs, under_way, settings.length),
            Self::Idle { clients } => idle(contender, clients, settings.length),
            Self::SlowReader { clients } => slow_reader(contender, clients, settings),
            Self::BesideAFile(room) => beside_a_file(contender, &room, settings),
            Self::Churn { at_once } => churn(contender, at_once, settings.length),
            Self::Typing => typing(settings.length),
            Self::Hostile(attack) => hostile(contender, attack, settings),
            Self::Rest { programs } => rest(contender, programs, settings.length),
        }
    }
}

const fn one_room(clients: usize, senders: usize) -> Load {
    Load::FanOut(FanOut { clients, rooms: 1, senders, rhythm: Rhythm::Batches })
}

const ONE_SENDER: &[Goal] = &[Goal::TimesPeer(Measure::Deliveries, 1.5), Goal::TimesRaw(0.4)];
const EIGHT_SENDERS: &[Goal] = &[Goal::TimesPeer(Measure::Deliveries, 2.8), Goal::TimesRaw(1.3)];
const KEEPING: &[Goal] = &[Goal::LeftWhenKeeping(Measure::Deliveries, 0.9)];
const MEGABYTE: f64 = 1e6;

const WIRES: &[Goal] = &[
    Goal::TimesText(JSON.name, 0.8),
    Goal::TimesText(HALF_JSON.name, 0.8),
    Goal::TimesText(FRAMES.name, 0.2),
    Goal::TimesText(UNIX.name, 1.0),
];
const WIRES_OF_1000: &[Goal] = &[
    Goal::TimesText(JSON.name, 0.8),
    Goal::TimesText(HALF_JSON.name, 0.8),
    Goal::TimesText(FRAMES.name, 0.2),
    Goal::TimesText(UNIX.name, 1.0),
    Goal::WireTimesPeer(JSON.name, 1.5),
];

const WEBSOCKETS: &[Goal] = &[Goal::TimesText(WEBSOCKET.name, 0.7), Goal::WireTimesPeer(WEBSOCKET.name, 2.0)];
const REQUESTS: &[Goal] =
    &[Goal::TimesPeer(Measure::Requests, 0.5), Goal::AtLeast(Measure::Requests, 20_000.0)];
const ENCRYPTED: &[Goal] = &[Goal::WireTimesPeer(TLS.name, 1.0)];

#[rustfmt::skip]
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "room-10", title: "one room, 10 clients, 1 sender", load: one_room(10, 1),
        raw: &[1, 64, 512], beside: Beside::Peers, goals: ONE_SENDER },
    Scenario { name: "room-100", title: "one room, 100 clients, 1 sender", load: one_room(100, 1),
        raw: &[1, 64, 512], beside: Beside::Peers, goals: ONE_SENDER },
    Scenario { name: "room-1000", title: "one room, 1000 clients, 1 sender", load: one_room(1000, 1),
        raw: &[1, 64, 512], beside: Beside::Peers, goals: ONE_SENDER },
    Scenario { name: "room-10x8", title: "one room, 10 clients, 8 senders", load: one_room(10, 8),
        raw: &[64], beside: Beside::Peers, goals: EIGHT_SENDERS },
    Scenario { name: "room-100x8", title: "one room, 100 clients, 8 senders", load: one_room(100, 8),
        raw: &[64], beside: Beside::Peers, goals: EIGHT_SENDERS },
    Scenario { name: "room-1000x8", title: "one room, 1000 clients, 8 senders", load: one_room(1000, 8),
        raw: &[64], beside: Beside::Peers, goals: EIGHT_SENDERS },
    Scenario { name: "wires-100", title: "wires: one room, 100 clients, 1 sender", load: one_room(100, 1),
        raw: &[], beside: Beside::Wires, goals: WIRES },
    Scenario { name: "wires-1000", title: "wires: one room, 1000 clients, 1 sender", load: one_room(1000, 1),
        raw: &[], beside: Beside::Wires, goals: WIRES_OF_1000 },
    Scenario { name: "wires-100x8", title: "wires: one room, 100 clients, 8 senders", load: one_room(100, 8),
        raw: &[], beside: Beside::Wires, goals: WIRES },
    Scenario { name: "wires-1000x8", title: "wires: one room, 1000 clients, 8 senders", load: one_room(1000, 8),
        raw: &[], beside: Beside::Wires, goals: WIRES_OF_1000 },
    Scenario { name: "websocket-10", title: "over WebSocket: one room, 10 clients, 1 sender", load: one_room(10, 1),
        raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "websocket-100", title: "over WebSocket: one room, 100 clients, 1 sender",
        load: one_room(100, 1), raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "websocket-1000", title: "over WebSocket: one room, 1000 clients, 1 sender",
        load: one_room(1000, 1), raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "websocket-10x8", title: "over WebSocket: one room, 10 clients, 8 senders",
        load: one_room(10, 8), raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "websocket-100x8", title: "over WebSocket: one room, 100 clients, 8 senders",
        load: one_room(100, 8), raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "websocket-1000x8", title: "over WebSocket: one room, 1000 clients, 8 senders",
        load: one_room(1000, 8), raw: &[], beside: Beside::WebSocket, goals: WEBSOCKETS },
    Scenario { name: "tls-100", title: "over TLS: one room, 100 clients, 1 sender", load: one_room(100, 1),
        raw: &[], beside: Beside::Tls, goals: ENCRYPTED },
    Scenario { name: "tls-1000", title: "over TLS: one room, 1000 clients, 1 sender", load: one_room(1000, 1),
        raw: &[], beside: Beside::Tls, goals: ENCRYPTED },
    Scenario { name: "rest-1", title: "lines over HTTP, 1 program", load: Load::Rest { programs: 1 },
        raw: &[], beside: Beside::Hyper, goals: &[Goal::TimesPeer(Measure::Requests, 0.5)] },
    Scenario { name: "rest-8", title: "lines over HTTP, 8 programs", load: Load::Rest { programs: 8 },
        raw: &[], beside: Beside::Hyper, goals: REQUESTS },
    Scenario { name: "rest-64", title: "lines over HTTP, 64 programs", load: Load::Rest { programs: 64 },
        raw: &[], beside: Beside::Hyper, goals: REQUESTS },
    Scenario { name: "udp-100", title: "one room, 100 clients of JSON over UDP, 1 sender of text", load: one_room(101, 1),
        raw: &[1, 64], beside: Beside::Datagrams, goals: &[Goal::TimesRaw(0.5)] },
    Scenario { name: "keeping-10", title: "with and without history and log: one room, 10 clients, 1 sender",
        load: one_room(10, 1), raw: &[], beside: Beside::Keeping, goals: KEEPING },
    Scenario { name: "keeping-100", title: "with and without history and log: one room, 100 clients, 1 sender",
        load: one_room(100, 1), raw: &[], beside: Beside::Keeping, goals: KEEPING },
    Scenario { name: "keeping-1000x8", title: "with and without history and log: one room, 1000 clients, 8 senders",
        load: one_room(1000, 8), raw: &[], beside: Beside::Keeping, goals: KEEPING },
    Scenario { name: "rooms-100", title: "100 rooms of 10 clients, 1 sender in each",
        load: Load::FanOut(FanOut { clients: 1000, rooms: 100, senders: 100, rhythm: Rhythm::Batches }),
        raw: &[], beside: Beside::Peers, goals: &[Goal::TimesPeer(Measure::Deliveries, 1.4)] },
    Scenario { name: "each-10", title: "one room, 10 clients, 1 sender, each line as an earlier one comes back",
        load: Load::FanOut(FanOut { clients: 10, rooms: 1, senders: 1, rhythm: Rhythm::Each }),
        raw: &[], beside: Beside::Peers, goals: &[] },
    Scenario { name: "each-1000", title: "100 rooms of 10 clients, each line as an earlier one comes back",
        load: Load::FanOut(FanOut { clients: 1000, rooms: 100, senders: 100, rhythm: Rhythm::Each }),
        raw: &[], beside: Beside::Peers, goals: &[] },
    Scenario { name: "each-whisper-50", title: "whispers to and fro, 50 pairs, 64 under way in each",
        load: Load::Whispers { pairs: 50, under_way: 64 }, raw: &[], beside: Beside::Peers, goals: &[] },
    Scenario { name: "paced", title: "one room, 100 clients, 500 lines/s",
        load: Load::FanOut(FanOut { clients: 100, rooms: 1, senders: 1, rhythm: Rhythm::Paced(500.0) }),
        raw: &[], beside: Beside::Peers, goals: &[Goal::TimesPeer(Measure::P99, 1.0)] },
    Scenario { name: "whisper-1", title: "whispers to and fro, 1 pair", load: Load::Whispers { pairs: 1, under_way: 1 },
        raw: &[], beside: Beside::Peers, goals: &[] },
    Scenario { name: "whisper-50", title: "whispers to and fro, 50 pairs", load: Load::Whispers { pairs: 50, under_way: 1 },
        raw: &[], beside: Beside::Peers, goals: &[Goal::TimesPeer(Measure::Whispers, 0.6)] },
    Scenario { name: "idle-1000", title: "1000 idle clients", load: Load::Idle { clients: 1000 },
        raw: &[], beside: Beside::Peers, goals: &[Goal::AtMost(Measure::MemoryAfterALine, 12_000.0)] },
    Scenario { name: "idle-10000", title: "10 000 idle clients", load: Load::Idle { clients: 10_000 },
        raw: &[], beside: Beside::Peers, goals: &[
            Goal::AtMost(Measure::Memory, 12_000.0), Goal::AtMost(Measure::MemoryAfterALine, 12_000.0),
            Goal::AtLeast(Measure::Greeted, 8000.0), Goal::AtMost(Measure::IdleCpu, 0.01),
        ] },
    Scenario { name: "idle-websocket", title: "10 000 idle clients over WebSocket", load: Load::Idle { clients: 10_000 },
        raw: &[], beside: Beside::WebSocket, goals: &[
            Goal::WireAtMost(WEBSOCKET.name, Measure::Memory, 16_000.0),
            Goal::WireAtMost(WEBSOCKET.name, Measure::MemoryAfterALine, 16_000.0),
        ] },
    Scenario { name: "idle-tls", title: "1000 idle clients over TLS", load: Load::Idle { clients: 1000 },
        raw: &[], beside: Beside::Tls, goals: &[
            Goal::WireAtMost(TLS.name, Measure::Memory, 40_000.0),
            Goal::WireAtMost(TLS.name, Measure::MemoryAfterALine, 40_000.0),
        ] },
    Scenario { name: "slow-reader", title: "a slow reader among 20 clients, 1 sender",
        load: Load::SlowReader { clients: 20 }, raw: &[], beside: Beside::Nothing, goals: &[
            // No worse, within what two runs differ by anyway.
            Goal::TimesOwn(Measure::P99WithSilent, Measure::P99, 1.2),
            Goal::AtMost(Measure::MemoryGrowth, 8.0 * MEGABYTE),
        ] },
    Scenario { name: "file", title: "one room, 100 clients, 500 lines/s, beside a file of 10 MiB",
        load: Load::BesideAFile(FanOut { clients: 100, rooms: 1, senders: 1, rhythm: Rhythm::Paced(500.0) }),
        raw: &[], beside: Beside::Nothing, goals: &[Goal::TimesOwn(Measure::P99WithFile, Measure::P99, 1.2)] },
    Scenario { name: "hostile", title: "20 clients say 20 lines/s beside hostile neighbours, default limits",
        load: Load::Hostile(Attack::NONE), raw: &[], beside: Beside::Attacks,
        goals: &[Goal::UnderAttack(Measure::P99, 0.05), Goal::UnderAttack(Measure::Worst, 0.25)] },
    Scenario { name: "churn", title: "visits: connect, enter, say a line, quit; 8 at once",
        load: Load::Churn { at_once: 8 }, raw: &[], beside: Beside::Ngircd,
        goals: &[Goal::TimesPeer(Measure::Sessions, 0.8)] },
    Scenario { name: "typing", title: "chat_client: until a key shows, while 1000 lines/s arrive", load: Load::Typing,
        raw: &[], beside: Beside::Nothing, goals: &[Goal::AtMost(Measure::Worst, 0.05)] },
];
