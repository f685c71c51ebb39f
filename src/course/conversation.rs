//! Conversations: what clients send and must receive, as data.
//!
//! # The format of a `.chat` file
//!
//! ```text
//! # A whisper reaches only its receiver.
//! peers: alice, bob, carol
//! texts: hi there
//!
//! alice> /whisper bob hi there
//! bob<   [Whisper from alice]: hi there
//! alice< [Whisper to bob]: hi there
//! carol!
//! ```
//!
//! The first line is a comment that says what is checked, as a sentence for the verdict. The head follows:
//! `key: value` lines up to the first empty line. The rest is the body, which `challenges.md` shows.
//!
//! ## Random names and texts
//!
//! Names, rooms and texts that the head declares are replaced by random ones throughout the body, so a
//! program cannot hard-code them. Items of a list are separated by commas, texts by ` | `.
//!
//! | key | declares |
//! |---|---|
//! | `peers:` | clients that are connected under these names and have received everything when the body begins (from step 7 on) |
//! | `names:` | other nicknames |
//! | `rooms:` | rooms |
//! | `texts:` | texts of messages: every word of ASCII letters is replaced, everything else stays |
//! | `counts:` | the words that count in `~` lines |
//! | `with:` | environment variables of the server, as in `with: CHAT_RATE=5` |
//! | `file:` | an environment variable with the path of a file, and the lines of the file, as in `file: CHAT_X=one \| two` |
//! | `wait:` | how many seconds the server may wait on purpose, as in `wait: 4`; the clients wait so much longer |
//! | `wire:` | what is spoken, if it is not text: `json` |
//!
//! A random name keeps the first letter and the case (`alice` and `ALICE` become `anna` and `ANNA`), so a sorted
//! list stays sorted. A name that is not declared (`lobby`) does not change. A client that is in no list
//! (`a (connects)`) has the name that the server gives it: `guest_1` in a welcome stands for any guest's name, and
//! later for the same one.
//!
//! ## The body
//!
//! | line | means |
//! |---|---|
//! | `alice> text` | sends the line and its newline in one write |
//! | `alice>> text` | sends the line byte by byte, which also cuts characters |
//! | `alice< text` | the next line that alice hears is exactly this one |
//! | `alice~ text` | the next line contains the parts that count, in this order and regardless of case, and ends with the last part if the text does. Parts with `, ` between them are a list, which has no other items. With `--strict`: exactly this line |
//! | `alice (is refused)` | the next line refuses what alice has asked for, in any words, so it does not announce success |
//! | `alice? text` | from here on alice may hear this line once (compared as for `~`) |
//! | `alice!` | alice has heard nothing else, after the server has served all clients that sent something |
//! | `alice* word word` | skips all lines up to now, which must contain these words |
//! | `alice (connects)` | connects without waiting for a greeting |
//! | `alice (finishes)` | closes the sending side and goes on listening |
//! | `alice (closes)` · `alice (resets)` | closes the connection normally · with a reset |
//! | `alice (hears the end)` | the stream ends, with no line before |
//! | `server (is terminated)` · `server (is interrupted)` | receives SIGTERM · SIGINT: the process that listens, if a script has started it, or else the process group |
//! | `server (ends well)` | ends with status 0 |
//! | `server (starts again)` | starts on the same port at once |
//!
//! Escapes in a text that is sent: `\n` (two lines in one write), `\r`, `\t`, `\\`, `\xF0` (a byte),
//! and at the very end `\c` (no newline). In a text that is heard, `…` matches any characters, also with
//! `--strict`. Spaces at both ends of a text are ignored; `\x20` is not.
//!
//! At the end, all connected clients must have heard nothing more.
//!
//! ## JSON
//!
//! With `wire: json`, what is sent and heard is a JSON object. The server gets `CHAT_WIRE=json`.
//!
//! ```text
//! alice> {"type":"message","text":"caf\u00e9"}
//! alice< {"type":"message","user":"alice","text":"café"}
//! bob~   {"type":"system","text":"alice has left the chat."}
//! ```
//!
//! An object that is heard must have at least the written keys with these values; order, spaces and further keys
//! do not count. In `~` and `?` lines only the parts of `text` count that would count in a line of text. Backslashes
//! are those of JSON. Of the other escapes only `\c` is known.
//!
//! ## Silence
//!
//! A *barrier* proves silence, never a wait. The client asks something that is new, and the answer must be the next
//! line. Before step 9 it says a random word in the room, where the others ignore it. From step 9 on it sends the
//! word as a command, whose answer goes to no other client. Steps 1 and 2 cannot prove silence.
//!
//! ## Later steps
//!
//! Every check also runs against programs of later steps. So `… has joined the chat!` is ignored before step 6, and
//! `… has left the chat.` before step 11.

mod guests;
mod object;
mod parse;
mod pattern;
mod replacements;

use std::time::Duration;

use rustix::process::Signal;

pub(super) use self::{guests::Guests, object::Difference};
pub use self::{parse::escaped, pattern::Pattern};
use super::wire::Wire;

/// A conversation, with its names as written or with random ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// The clients that are connected, and named, when the body begins.
    pub(super) peers: Vec<String>,
    /// Environment variables of the server.
    pub(super) environment: Vec<(String, String)>,
    /// Files for the server: the environment variable with the path of each, and what is in it.
    pub(super) files: Vec<(String, String)>,
    /// How much longer than usual the clients wait.
    pub(super) wait: Duration,
    /// What is spoken.
    pub(super) wire: Wire,
    /// The names, rooms and texts to replace, as they are written.
    names: Vec<String>,
    rooms: Vec<String>,
    texts: Vec<String>,
    /// The declared words that count in a loose line.
    counts: Vec<String>,
    /// The lines of the body.
    pub(super) lines: Vec<Line>,
}

/// One line of the body: a client, or `server`, does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) who: String,
    pub(crate) act: Act,
}

/// An action or an expectation in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Sends(Sent),
    /// A client must hear a line next.
    Hears(Pattern),
    /// A client must hear one line next that refuses what it asked for, in any words.
    IsRefused,
    /// From here on a client may hear this line once.
    MayHear(Pattern),
    /// A client skips all lines up to now, which contain these words.
    SkipsLines(Vec<String>),
    /// A client has heard nothing else.
    HearsNothing,
    Connects,
    /// A client closes its sending side.
    Finishes,
    Closes,
    Resets,
    /// A client must hear the end of the stream next.
    HearsTheEnd,
    /// The server receives SIGINT, as from Ctrl-C, or SIGTERM, as from `kill`.
    IsSignalled(Signal),
    /// The server must end with status 0.
    EndsWell,
    /// The server is started again on the same port.
    StartsAgain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The text without the last newline; a byte that is not text is a character made by [`byte`].
    text: String,
    /// Whether a newline follows, so that the line is complete.
    pub(crate) is_line: bool,
    /// Whether each byte is a write of its own.
    pub(crate) is_bytewise: bool,
    /// Whether a backslash is only a backslash.
    is_raw: bool,
}

impl Sent {
    /// A line of text.
    pub(crate) fn line(text: String) -> Self {
        Self { text, is_line: true, is_bytewise: false, is_raw: false }
    }

    /// The bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for c in self.text.chars() {
            match byte_of(c) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        bytes.extend(self.is_line.then_some(b'\n'));
        bytes
    }

    /// What follows a command, such as the name after `/nick`.
    pub(crate) fn asks_for(&self) -> &str {
        let (word, rest) = self.text.split_once(' ').unwrap_or_default();
        if word.starts_with('/') { rest } else { "" }
    }

    /// The text as a transcript shows it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::new();
        for c in self.text.chars() {
            match byte_of(c) {
                _ if self.is_raw => shown.push(c),
                Some(byte) => shown.push_str(&escaped_byte(byte)),
                None => shown.push_str(&escaped(c.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        shown + if self.is_line { "" } else { "\\c" }
    }
}

/// A byte as readable text.
fn escaped_byte(byte: u8) -> String {
    format!("\\x{byte:02X}")
}

/// Represents a byte that may not be text as a character of the private use area, which texts do not use.
fn byte(byte: u8) -> char {
    char::from_u32(0xF700 + u32::from(byte)).expect("a character of the private use area")
}

fn byte_of(c: char) -> Option<u8> {
    u32::from(c).checked_sub(0xF700).and_then(|byte| u8::try_from(byte).ok())
}
