//! The checks of a program: conversations, and rows of this table for what a conversation cannot express.

use std::{
    fs::File,
    path::Path,
    thread::{self, ScopedJoinHandle},
};

use super::{
    conversation::{Conversation, Pattern},
    failure::Failure,
    rehearsal::{Place, Rehearsal},
    stage::{Outcome, Stage},
    subject::Launch,
    wire::Wire,
};

mod bots;
mod clients;
mod crowds;
mod histories;
mod limits;
mod lines;
mod logs;
mod members;
mod races;
mod seals;
mod slow_disks;
mod transfers;
mod wires;

pub(super) use wires::{DATAGRAMS, FRAMES, HEARTBEATS, NUMBERED};

/// One thing that the course checks about a program.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// A name that never changes, because reports refer to it.
    pub name: &'static str,
    /// The way in which it is checked.
    pub how: How,
    /// The sentence that a verdict shows as its title. A conversation has it in its first line instead.
    checking: &'static str,
}

/// The way in which something is checked.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// A conversation, as the text of a `.chat` file.
    Conversation(&'static str),
    /// A function that talks to the learner's server.
    Server(fn(&mut Stage<'_>) -> Outcome),
    /// A function that talks to the learner's server over this wire, with these environment variables.
    Wire(Wire, &'static [(&'static str, &'static str)], fn(&mut Stage<'_>) -> Outcome),
    /// A function that also reads what the server wrote to a folder, whose path is in this environment variable.
    Folder(&'static str, fn(&mut Stage<'_>, &Path) -> Outcome),
    /// A function that talks to the learner's server, and gets the files that another one has made, before the server
    /// started, in a folder whose path is in this environment variable.
    Prepared(&'static str, fn(&Path) -> Vec<File>, fn(&mut Stage<'_>, &[File]) -> Outcome),
    /// A function that starts the learner's client several times, each talking to the learner's server.
    Both(fn(&mut Stage<'_>, &Launch) -> Outcome),
    /// A function that plays the server for the learner's client, which runs in this place.
    Client(Place, fn(&mut Rehearsal<'_>) -> Outcome),
}

impl Check {
    /// Creates a check from the text of a `.chat` file.
    pub const fn conversation(name: &'static str, text: &'static str) -> Self {
        Self::new(name, "", How::Conversation(text))
    }

    const fn new(name: &'static str, checking: &'static str, how: How) -> Self {
        Self { name, how, checking }
    }

    /// What the server speaks in this check.
    pub fn wire(&self) -> Wire {
        match self.how {
            How::Wire(wire, ..) => wire,
            How::Conversation(text) => Conversation::of(text).wire,
            _ => Wire::Text,
        }
    }

    /// The sentence that says what is checked.
    pub fn checking(&self) -> &'static str {
        match self.how {
            How::Conversation(text) => Conversation::checking(text),
            _ => self.checking,
        }
    }
}

pub(super) const EMPTY_LINE: Check = Check::new(
    "02_empty_line",
    "A client that sends an empty line stays connected.",
    How::Server(lines::empty_line),
);

pub(super) const UNCHANGED: Check = Check::new(
    "03_unchanged",
    "A line comes back with all its blanks, and only a newline ends it.",
    How::Server(lines::unchanged),
);

pub(super) const LONG_LINE: Check = Check::new(
    "03_long_line",
    "A line of up to 1,024 bytes comes back complete.",
    How::Server(lines::long_line),
);

/// One of three clients closes its sending side, and one its connection. Then the server has nothing to do.
pub(super) const RESTS: Check = Check::new(
    "04_rests",
    "When a client has left, the program waits and does not keep a processor busy.",
    How::Server(lines::rests),
);

pub(super) const CROWD: [Check; 2] = [
    // Forty clients come, one after the other, and another one speaks as soon as each is welcomed.
    Check::new(
        "05_listed",
        "A client receives every line from its welcome on.",
        How::Server(members::listed),
    ),
    // Twelve clients connect at once, and while two of them speak, half of the others leave. Twenty-five rounds.
    Check::new(
        "05_comings_and_goings",
        "While some clients come and go, the others receive every line once.",
        How::Server(members::comings_and_goings),
    ),
];

/// A client closes its connection, and another one asks for its name until it gets it.
pub(super) const GONE: Check =
    Check::new("07_gone", "The name of a client that has left is free.", How::Server(members::gone));

/// Three clients connect, the first leaves, and two more connect: no name is in use twice.
pub(super) const FRESH_NAMES: Check = Check::new(
    "06_fresh_names",
    "After a client has left, the next one gets a name that is not in use.",
    How::Server(crowds::fresh_names),
);

/// Two clients in the lobby must be served while one in a room sends up to 16 MB to another that reads nothing.
pub(super) const OTHERS_GO_ON: Check = Check::new(
    "13_others_go_on",
    "While a client in one room does not read, clients in another room go on chatting.",
    How::Server(crowds::others_go_on),
);

pub(super) const ORDER: [Check; 3] = [
    // Four clients send 50 lines each in one write, and eight clients must receive them in the same order. Ten rounds.
    Check::new(
        "14_one_order",
        "When several clients speak at once, all clients receive the lines in the same order.",
        How::Server(races::one_order),
    ),
    Check::new(
        "14_answers",
        "An answer arrives after everything that the client sent before its question.",
        How::Server(races::answers_in_turn),
    ),
    // A client sends 40 MB to a room where no client reads, unless the server stops reading or disconnects it.
    Check::new(
        "14_bounded",
        "A client that sends faster than the server can write has to wait.",
        How::Server(crowds::bounded_channel),
    ),
];

pub(super) const READERS: [Check; 2] = [
    // Ten clients stop reading while another sends 16 MB to their room. A client that reads is held up for no
    // longer than the grader's patience in all, and is told that all ten have left.
    Check::new(
        "15_stalled_readers",
        "Clients that do not read are disconnected, and no other client in their room waits for them.",
        How::Server(crowds::stalled_readers),
    ),
    // A client that stops reading for a second, while another sends 60 kB, misses nothing.
    Check::new(
        "15_slow_is_not_stalled",
        "A client that only pauses is not disconnected and misses nothing.",
        How::Server(crowds::slow_is_not_stalled),
    ),
];

pub(super) const RACES: [Check; 2] = [
    // Both have the same title, because a race shows in the one or in the other.
    // Fifty clients send `/nick` at the same moment, five for each name. Twenty rounds with new names.
    Check::new(
        "16_one_name",
        "When several clients ask for a name at the same moment, exactly one gets it.",
        How::Server(races::one_name),
    ),
    // Two or three clients send `/nick` with the same name at the same moment, thousands of times.
    Check::new(
        "16_duels",
        "When several clients ask for a name at the same moment, exactly one gets it.",
        How::Server(races::duels),
    ),
];

pub(super) const LIMITS: [Check; 6] = [
    Check::new(
        "17_full",
        "Client number 101 is told that the server is full, and a client that leaves frees a place.",
        How::Server(limits::full),
    ),
    Check::new(
        "17_long_line",
        "A line that is too long is refused, and the next line is accepted.",
        How::Server(limits::long_line),
    ),
    Check::new(
        "17_line_limit",
        "A line of 8192 bytes is accepted, and a line of one byte more is refused.",
        How::Server(limits::line_limit),
    ),
    Check::new(
        "17_endless_line",
        "A line without an end costs no memory and does not disturb other clients.",
        How::Server(limits::endless_line),
    ),
    Check::new(
        "17_not_text",
        "A client that sends bytes that are not text stays connected.",
        How::Server(limits::not_text),
    ),
    // Sixty clients connect and send nothing, or only half a line, for eleven seconds.
    Check::new(
        "17_silent_clients",
        "Silent clients do not hold up others and stay connected.",
        How::Server(limits::silent_clients),
    ),
];

pub(super) const BOTH_WAYS: Check = Check::new(
    "18_both_ways",
    "The client shows lines while nothing is typed, and sends lines while the server is silent.",
    How::Client(Place::Terminal, clients::both_ways),
);

pub(super) const HALF_TYPED: Check = Check::new(
    "19_half_typed",
    "A line that arrives does not spoil the text being typed.",
    How::Client(Place::Terminal, clients::half_typed),
);

pub(super) const PIPES: [Check; 2] = [
    Check::new(
        "20_pipe",
        "On a pipe the client sends its input, prints everything it receives, and ends with status 0.",
        How::Client(Place::Pipes, clients::pipe),
    ),
    Check::new(
        "20_pipe_output",
        "On a pipe the client prints each line at once, and nothing else.",
        How::Client(Place::Pipes, clients::pipe_output),
    ),
];

pub(super) const COMES_BACK: Check = Check::new(
    "21_comes_back",
    "When the server is restarted, the client reconnects by itself.",
    How::Client(Place::Terminal, clients::comes_back),
);

pub(super) const SEALS: [Check; 4] = [
    Check::new(
        "35_words",
        "When two users have a seal, the client shows the six words that depend on both keys.",
        How::Client(Place::Terminal, seals::words),
    ),
    Check::new(
        "35_unreadable",
        "A whisper to a user with a seal reaches the server sealed, and the other user can open it.",
        How::Client(Place::Terminal, seals::unreadable),
    ),
    Check::new(
        "35_untouched",
        "A sealed whisper that was repeated, changed, late or sent back is not shown.",
        How::Client(Place::Terminal, seals::untouched),
    ),
    Check::new(
        "35_other_key",
        "When another key comes, the client warns its user and whispers nothing until the user decides.",
        How::Client(Place::Terminal, seals::other_key),
    ),
];

pub(super) const FILES: [Check; 4] = [
    // A file of random bytes, an empty one, one with a space and an emoji in its name, and one with a hidden name.
    Check::new(
        "23_arrive",
        "A file that is accepted arrives complete and under a safe name.",
        How::Both(transfers::arrives),
    ),
    Check::new(
        "23_same_name",
        "A file does not replace another file of the same name.",
        How::Both(transfers::same_name),
    ),
    Check::new(
        "23_refused",
        "The sender is told when a file is rejected or too large.",
        How::Both(transfers::refused),
    ),
    // The sender of 10 MiB stops in the middle while another client chats. Then the whole file arrives.
    Check::new(
        "23_chat_goes_on",
        "While a file transfer waits for its sender, other clients go on chatting.",
        How::Both(transfers::chat_goes_on),
    ),
];

/// A room hears 1100 messages, another client joins, and then asks for 10 and for all of them.
pub(super) const HISTORY: Check = Check::new(
    "22_limits",
    "A room remembers its last 1000 messages, shows the last 50 to a client that joins, and as many as a client asks for.",
    How::Server(histories::limits),
);

pub(super) const LOG: [Check; 2] = [
    Check::new(
        "26_log",
        "The log records what happened, contains no secrets, and cannot be forged.",
        How::Folder("CHAT_LOG_DIR", logs::log),
    ),
    // The file of the log is a pipe that is full.
    Check::new(
        "26_slow_disk",
        "While the disk accepts nothing, the chat goes on.",
        How::Prepared("CHAT_LOG_DIR", slow_disks::prepare, slow_disks::goes_on),
    ),
];

/// A client asks a bot sixty times at once, while another bot measures the time.
pub(super) const FLOODED_BOT: Check = Check::new(
    "34_flood",
    "A bot that is asked too much says at most five things a second, and then answers again.",
    How::Wire(Wire::Text, &[("CHAT_BOT", "trivia reminder")], bots::flood),
);

/// Connects clients that take made-up names.
fn arrive<const N: usize>(stage: &mut Stage<'_>) -> Result<[String; N], Failure> {
    let names = stage.names();
    stage.enter_all(&names)?;
    Ok(names)
}

/// Connects this many clients, which are welcomed one after the other and keep the names that they are given.
fn crowd(stage: &mut Stage<'_>, number: usize) -> Result<Vec<String>, Failure> {
    let clients: Vec<_> = (1..=number).map(|n| format!("client{n}")).collect();
    for who in &clients {
        stage.connects(who)?;
        stage.hears(who, &Pattern::welcome())?;
    }
    Ok(clients)
}

/// Lets a client in the lobby say something that these clients must hear.
fn chat(stage: &mut Stage<'_>, from: &str, hearers: [&str; 2]) -> Outcome {
    let text = stage.seed.text("is anybody here");
    stage.says(from, &text);
    let said = Pattern::exactly(format!("[lobby] {from}: {text}"));
    hearers.into_iter().try_for_each(|who| stage.hears(who, &said))
}

/// Starts a thread that sends or reads much. If it cannot start, the check is easier to pass.
fn spawn<'scope, F>(scope: &'scope thread::Scope<'scope, '_>, work: F) -> Option<ScopedJoinHandle<'scope, ()>>
where
    F: FnOnce() + Send + 'scope,
{
    thread::Builder::new().name("flood".to_owned()).spawn_scoped(scope, work).ok()
}
