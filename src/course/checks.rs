//! The checks of a program: conversations, and rows of this table for what a conversation cannot express.

use std::path::Path;

use super::{
    rehearsal::{Place, Rehearsal},
    stage::{Outcome, Stage},
    subject::Launch,
};

mod crowds;
mod limits;
mod logs;
mod newcomers;
mod pipes;
mod screens;
mod transfers;

/// The welcome of the server that the grader plays for a client.
const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";

/// One thing that the course checks about a program.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// A name that never changes, because reports refer to it.
    pub name: &'static str,
    /// The way in which it is checked.
    pub how: How,
}

/// The way in which something is checked.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// A conversation, as the text of a `.chat` file.
    Conversation(&'static str),
    /// A function that talks to the learner's server.
    Server {
        /// The sentence that a verdict shows as its title.
        checking: &'static str,
        /// The check itself.
        run: fn(&mut Stage<'_>) -> Outcome,
    },
    /// A function that talks to the learner's server and then reads what the server wrote to a folder.
    Folder {
        /// The sentence that a verdict shows as its title.
        checking: &'static str,
        /// The environment variable with the path of the folder.
        variable: &'static str,
        /// The check itself, which gets the path of the folder.
        run: fn(&mut Stage<'_>, &Path) -> Outcome,
    },
    /// A function that starts the learner's client several times, each talking to the learner's server.
    Both {
        /// The sentence that a verdict shows as its title.
        checking: &'static str,
        /// The check itself, which gets the command of the client.
        run: fn(&mut Stage<'_>, &Launch) -> Outcome,
    },
    /// A function that plays the server for the learner's client.
    Client {
        /// The sentence that a verdict shows as its title.
        checking: &'static str,
        /// Where the client runs.
        place: Place,
        /// The check itself.
        run: fn(&mut Rehearsal<'_>) -> Outcome,
    },
}

impl Check {
    /// Creates a check from the text of a `.chat` file.
    pub const fn conversation(name: &'static str, text: &'static str) -> Self {
        Self { name, how: How::Conversation(text) }
    }

    const fn server(name: &'static str, checking: &'static str, run: fn(&mut Stage<'_>) -> Outcome) -> Self {
        Self { name, how: How::Server { checking, run } }
    }

    const fn both(
        name: &'static str,
        checking: &'static str,
        run: fn(&mut Stage<'_>, &Launch) -> Outcome,
    ) -> Self {
        Self { name, how: How::Both { checking, run } }
    }

    const fn client(
        name: &'static str,
        checking: &'static str,
        place: Place,
        run: fn(&mut Rehearsal<'_>) -> Outcome,
    ) -> Self {
        Self { name, how: How::Client { checking, place, run } }
    }
}

/// Three clients connect, the first leaves, and two more connect: no name is in use twice.
pub const FRESH_NAMES: Check = Check::server(
    "06_fresh_names",
    "After a client has left, the next one gets a name that is not in use.",
    newcomers::fresh_names,
);

/// One of two clients in a room sends up to 16 MB, until it is stuck, and the other reads nothing. Meanwhile two
/// clients in the lobby must be served.
pub const OTHERS_GO_ON: Check = Check::server(
    "13_others_go_on",
    "While a client in one room does not read, clients in another room go on chatting.",
    crowds::others_go_on,
);

/// Four clients send 50 lines each in one write, and eight clients must receive them in the same order. Ten rounds.
pub const ONE_ORDER: Check = Check::server(
    "14_one_order",
    "When several clients speak at once, all clients receive the lines in the same order.",
    crowds::one_order,
);

/// Ten clients stop reading while another sends 16 MB to their room. A client that reads is held up for no longer
/// than the grader's patience in all, and is told that all ten have left.
pub const STALLED_READERS: Check = Check::server(
    "15_stalled_readers",
    "Clients that do not read are disconnected, and no other client in their room waits for them.",
    crowds::stalled_readers,
);

/// A client that stops reading for a second, while another sends 60 kB, misses nothing.
pub const SLOW_IS_NOT_STALLED: Check = Check::server(
    "15_slow_is_not_stalled",
    "A client that only pauses is not disconnected and misses nothing.",
    crowds::slow_is_not_stalled,
);

/// Fifty clients send `/nick` at the same moment, five for each name. Twenty rounds with new names.
pub const ONE_NAME: Check = Check::server(
    "16_one_name",
    "When several clients ask for a name at the same moment, exactly one gets it.",
    crowds::one_name,
);

/// The server accepts a hundred clients and refuses the next; a client that leaves frees a place.
pub const FULL: Check = Check::server(
    "17_full",
    "Client number 101 is told that the server is full, and a client that leaves frees a place.",
    limits::full,
);

/// The server refuses a line of 20,000 bytes and sends the next one to the room.
pub const LONG_LINE: Check = Check::server(
    "17_long_line",
    "A line that is too long is refused, and the next line is accepted.",
    limits::long_line,
);

/// 64 MB without a newline cost less than 32 MB of memory, and other clients go on chatting.
pub const ENDLESS_LINE: Check = Check::server(
    "17_endless_line",
    "A line without an end costs no memory and does not disturb other clients.",
    limits::endless_line,
);

/// A line that is not UTF-8 does not end the connection.
pub const NOT_TEXT: Check = Check::server(
    "17_not_text",
    "A client that sends bytes that are not text stays connected.",
    limits::not_text,
);

/// Sixty clients connect and send nothing, or only half a line.
pub const SILENT_CLIENTS: Check = Check::server(
    "17_silent_clients",
    "Silent clients do not hold up others and stay connected.",
    limits::silent_clients,
);

/// In a terminal, the client shows lines while nothing is typed and sends lines while the server is silent.
pub const BOTH_WAYS: Check = Check::client(
    "18_both_ways",
    "The client shows lines while nothing is typed, and sends lines while the server is silent.",
    Place::Terminal,
    screens::both_ways,
);

/// In a terminal, a line that arrives in the middle of typing leaves the typed text at the cursor.
pub const HALF_TYPED: Check = Check::client(
    "19_half_typed",
    "A line that arrives does not spoil the text being typed.",
    Place::Terminal,
    screens::half_typed,
);

/// On pipes, the client sends its input, prints all that it receives, and ends with status 0.
pub const PIPE: Check = Check::client(
    "20_pipe",
    "On a pipe the client sends its input, prints everything it receives, and ends with status 0.",
    Place::Pipes,
    pipes::pipe,
);

/// On pipes, the client prints each line at once and unchanged, and nothing else.
pub const PIPE_OUTPUT: Check = Check::client(
    "20_pipe_output",
    "On a pipe the client prints each line at once, and nothing else.",
    Place::Pipes,
    pipes::pipe_output,
);

/// In a terminal, the client reconnects by itself after the server was restarted.
pub const COMES_BACK: Check = Check::client(
    "21_comes_back",
    "When the server is restarted, the client reconnects by itself.",
    Place::Terminal,
    screens::comes_back,
);

/// A file of random bytes, an empty one, one with a space and an emoji in its name, and one with a hidden name.
pub const FILES_ARRIVE: Check = Check::both(
    "23_arrive",
    "A file that is accepted arrives complete and under a safe name.",
    transfers::arrives,
);

/// Two different files with the same name both arrive.
pub const SAME_NAME: Check = Check::both(
    "23_same_name",
    "A file does not replace another file of the same name.",
    transfers::same_name,
);

/// The receiver rejects one file, and another is larger than the server allows.
pub const FILES_REFUSED: Check =
    Check::both("23_refused", "The sender is told when a file is rejected or too large.", transfers::refused);

/// The sender of 10 MiB stops in the middle while another client chats. Then the whole file arrives.
pub const CHAT_GOES_ON: Check = Check::both(
    "23_chat_goes_on",
    "While a file transfer waits for its sender, other clients go on chatting.",
    transfers::chat_goes_on,
);

/// The log has the conversation to its last line, no secrets, and no forged line.
pub const LOG: Check = Check {
    name: "26_log",
    how: How::Folder {
        checking: "The log records what happened, contains no secrets, and cannot be forged.",
        variable: "CHAT_LOG_DIR",
        run: logs::log,
    },
};
