//! The checks: a conversation each, or, where a conversation cannot say it, a row of this table.

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

/// One thing that is checked about a program.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, the same for ever: verdicts and reports are filed under it.
    pub name: &'static str,
    /// How it is checked.
    pub how: How,
}

/// How something is checked.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// By a conversation: the text of a `.chat` file.
    Conversation(&'static str),
    /// By a program of ours, which the learner's server talks to.
    Server {
        /// What is being checked, in a sentence.
        checking: &'static str,
        /// The program.
        run: fn(&mut Stage<'_>) -> Outcome,
    },
    /// By a program of ours, which the learner's server talks to, and which reads in the end what the
    /// server has left in a folder.
    Folder {
        /// What is being checked, in a sentence.
        checking: &'static str,
        /// The environment variable that tells the server which folder.
        variable: &'static str,
        /// The program.
        run: fn(&mut Stage<'_>, &Path) -> Outcome,
    },
    /// By users of ours, for whom the learner's client, started more than once, talks to the learner's
    /// server.
    Both {
        /// What is being checked, in a sentence.
        checking: &'static str,
        /// The program; it is told how the client is started.
        run: fn(&mut Stage<'_>, &Launch) -> Outcome,
    },
    /// By a program of ours, which the learner's client talks to.
    Client {
        /// What is being checked, in a sentence.
        checking: &'static str,
        /// What the client runs in.
        place: Place,
        /// The program.
        run: fn(&mut Rehearsal<'_>) -> Outcome,
    },
}

impl Check {
    /// A check by the text of a `.chat` file.
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

/// Three come, the first leaves, two more come: nobody is welcomed under the name of somebody present.
pub const FRESH_NAMES: Check = Check::server(
    "06_fresh_names",
    "When somebody has left, whoever comes next gets a name that nobody has.",
    newcomers::fresh_names,
);

/// Two clients in a room, one of whom reads nothing and is said up to 16 MB, until its neighbour is
/// stuck; meanwhile two in the lobby must be served.
pub const OTHERS_GO_ON: Check = Check::server(
    "13_others_go_on",
    "While somebody in one room does not read, people in another room go on chatting.",
    crowds::others_go_on,
);

/// Four talkers send 50 lines each in one write, eight clients compare what they heard; ten rounds.
pub const ONE_ORDER: Check = Check::server(
    "14_one_order",
    "Everybody hears what several say at once in one and the same order.",
    crowds::one_order,
);

/// Ten clients of a room stop reading while 16 MB are said there; their neighbour never waits more
/// than 5 s for the next line, and hears in the end that all ten have left.
pub const STALLED_READERS: Check = Check::server(
    "15_stalled_readers",
    "Clients that do not read are cut, and nobody in their room waits for them.",
    crowds::stalled_readers,
);

/// A client that pauses for a second while 60 kB are said misses nothing.
pub const SLOW_IS_NOT_STALLED: Check = Check::server(
    "15_slow_is_not_stalled",
    "Whoever only pauses is not cut and misses nothing.",
    crowds::slow_is_not_stalled,
);

/// Fifty clients send `/nick X` at the same moment; twenty rounds with a new name each.
pub const ONE_NAME: Check = Check::server(
    "16_one_name",
    "Of fifty who want a name at the same moment exactly one gets it.",
    crowds::one_name,
);

/// A hundred clients are let in, no more; a place is free again when somebody leaves.
pub const FULL: Check = Check::server(
    "17_full",
    "The hundred and first client is told that the server is full, and there is a place again when somebody leaves.",
    limits::full,
);

/// A line of 20 000 bytes is refused, the next one is said.
pub const LONG_LINE: Check = Check::server(
    "17_long_line",
    "A line that is too long is refused, and the next one is said.",
    limits::long_line,
);

/// 64 MB without a newline cost less than 32 MB of memory, and nobody else a thing.
pub const ENDLESS_LINE: Check = Check::server(
    "17_endless_line",
    "A line without an end costs no memory and disturbs nobody.",
    limits::endless_line,
);

/// A line that is not UTF-8 does not cost the connection.
pub const NOT_TEXT: Check =
    Check::server("17_not_text", "Whoever sends bytes that are no text is not cut off.", limits::not_text);

/// Sixty clients that say nothing, some after half a line, are no burden.
pub const SILENT_CLIENTS: Check = Check::server(
    "17_silent_clients",
    "Clients that stay silent hold nobody up and are not cut off.",
    limits::silent_clients,
);

/// In a terminal: what the server says is shown though nothing is typed, what is typed is sent
/// though the server says nothing.
pub const BOTH_WAYS: Check = Check::client(
    "18_both_ways",
    "The client shows what comes while nothing is typed, and sends while nothing comes.",
    Place::Terminal,
    screens::both_ways,
);

/// In a terminal: a line that comes in the middle of typing leaves what is typed in the last row.
pub const HALF_TYPED: Check = Check::client(
    "19_half_typed",
    "A line that comes does not spoil what is being typed.",
    Place::Terminal,
    screens::half_typed,
);

/// On pipes: says its input, hears what it is owed, ends with status 0.
pub const PIPE: Check = Check::client(
    "20_pipe",
    "On a pipe the client says its input, prints what it hears to the end, and ends well.",
    Place::Pipes,
    pipes::pipe,
);

/// On pipes: each line is printed at once, as it is, and nothing besides.
pub const PIPE_OUTPUT: Check = Check::client(
    "20_pipe_output",
    "On a pipe each line is printed at once, and nothing besides.",
    Place::Pipes,
    pipes::pipe_output,
);

/// In a terminal: after the server has gone and come back the client is there again by itself.
pub const COMES_BACK: Check = Check::client(
    "21_comes_back",
    "When the server has been restarted, the client comes back by itself.",
    Place::Terminal,
    screens::comes_back,
);

/// Random bytes, none, a name with a blank and an emoji, a hidden name.
pub const FILES_ARRIVE: Check = Check::both(
    "23_arrive",
    "A file that is accepted arrives whole, and under a plain name.",
    transfers::arrives,
);

/// Two different files with one name.
pub const SAME_NAME: Check = Check::both(
    "23_same_name",
    "A file takes no other's place that has the same name.",
    transfers::same_name,
);

/// A file that its receiver does not want, and one of 11 MiB.
pub const FILES_REFUSED: Check = Check::both(
    "23_refused",
    "The sender is told that a file was rejected, or is too large.",
    transfers::refused,
);

/// A sender stops in the middle; meanwhile somebody else chats. Then 10 MiB arrive.
pub const CHAT_GOES_ON: Check = Check::both(
    "23_chat_goes_on",
    "While a file waits for its sender, the chat goes on for others.",
    transfers::chat_goes_on,
);

/// A conversation is logged to its last line, without its secrets, and nobody forges a line.
pub const LOG: Check = Check {
    name: "26_log",
    how: How::Folder {
        checking: "The log tells what happened, keeps secrets, and cannot be forged.",
        variable: "CHAT_LOG_DIR",
        run: logs::log,
    },
};
