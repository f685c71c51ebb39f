//! The checks: a conversation each, or, where a conversation cannot say it, a row of this table.

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
    /// By a program of ours.
    Program {
        /// What is being checked, in a sentence.
        checking: &'static str,
    },
}

impl Check {
    /// A check by the text of a `.chat` file.
    pub const fn conversation(name: &'static str, text: &'static str) -> Self {
        Self { name, how: How::Conversation(text) }
    }

    const fn program(name: &'static str, checking: &'static str) -> Self {
        Self { name, how: How::Program { checking } }
    }
}

/// Two clients in a room, one of whom reads nothing and is said up to 16 MB, until its neighbour is
/// stuck; meanwhile two in the lobby must be served.
pub const OTHERS_GO_ON: Check = Check::program(
    "13_others_go_on",
    "While somebody in one room does not read, people in another room go on chatting.",
);

/// Four talkers send 50 lines each in one write, eight clients compare what they heard; ten rounds.
pub const ONE_ORDER: Check =
    Check::program("14_one_order", "Everybody hears what several say at once in one and the same order.");

/// Ten clients of a room stop reading while 16 MB are said there; their neighbour never waits more
/// than 5 s for the next line, and hears in the end that all ten have left.
pub const STALLED_READERS: Check = Check::program(
    "15_stalled_readers",
    "Clients that do not read are cut, and nobody in their room waits for them.",
);

/// A client that pauses for a second while 60 kB are said misses nothing.
pub const SLOW_IS_NOT_STALLED: Check =
    Check::program("15_slow_is_not_stalled", "Whoever only pauses is not cut and misses nothing.");

/// Fifty clients send `/nick X` at the same moment; twenty rounds with a new name each.
pub const ONE_NAME: Check =
    Check::program("16_one_name", "Of fifty who want a name at the same moment exactly one gets it.");

/// A hundred clients are let in, no more; a place is free again when somebody leaves.
pub const FULL: Check = Check::program(
    "17_full",
    "The hundred and first client is told that the server is full, and there is a place again when somebody leaves.",
);

/// A line of 20 000 bytes is refused, the next one is said.
pub const LONG_LINE: Check =
    Check::program("17_long_line", "A line that is too long is refused, and the next one is said.");

/// 64 MB without a newline cost less than 32 MB of memory, and nobody else a thing.
pub const ENDLESS_LINE: Check =
    Check::program("17_endless_line", "A line without an end costs no memory and disturbs nobody.");

/// A line that is not UTF-8 does not cost the connection.
pub const NOT_TEXT: Check =
    Check::program("17_not_text", "Whoever sends bytes that are no text is not cut off.");

/// Sixty clients that say nothing, some after half a line, are no burden.
pub const SILENT_CLIENTS: Check =
    Check::program("17_silent_clients", "Clients that stay silent hold nobody up and are not cut off.");

/// In a terminal: what the server says is shown though nothing is typed, what is typed is sent
/// though the server says nothing.
pub const BOTH_WAYS: Check = Check::program(
    "18_both_ways",
    "The client shows what comes while nothing is typed, and sends while nothing comes.",
);

/// In a terminal: a line that comes in the middle of typing leaves what is typed in the last row.
pub const HALF_TYPED: Check =
    Check::program("19_half_typed", "A line that comes does not spoil what is being typed.");

/// On pipes: says its input, hears what it is owed, ends with status 0.
pub const PIPE: Check = Check::program(
    "20_pipe",
    "On a pipe the client says its input, prints what it hears to the end, and ends well.",
);

/// On pipes: each line is printed at once, as it is, and nothing besides.
pub const PIPE_OUTPUT: Check =
    Check::program("20_pipe_output", "On a pipe each line is printed at once, and nothing besides.");

/// In a terminal: after the server has gone and come back the client is there again by itself.
pub const COMES_BACK: Check =
    Check::program("21_comes_back", "When the server has been restarted, the client comes back by itself.");
