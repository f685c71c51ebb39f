//! Conversations: what somebody says and what must be heard, as data.
//!
//! # The format of a `.chat` file
//!
//! ```text
//! # A whisper reaches only its target.
//! peers: alice, bob, carol
//! texts: hi there
//!
//! alice> /whisper bob hi there
//! bob<   [Whisper from alice]: hi there
//! alice< [Whisper to bob]: hi there
//! carol!
//! ```
//!
//! The first comment says what is being checked. Then comes the head, `key: value` lines up to the
//! first empty line, and then the body, which is what `challenges.md` shows.
//!
//! ## Made up
//!
//! Names, rooms and texts which the head declares are exchanged for random ones, the same everywhere
//! in the body, so nothing can be hard-coded. Lists are separated by commas, texts by ` | `.
//!
//! | key | declares |
//! |---|---|
//! | `peers:` | clients that are connected, named so, and have nothing more to hear when the body begins (from step 7 on) |
//! | `names:` | further nicknames |
//! | `rooms:` | rooms |
//! | `texts:` | what is said: every word of plain letters becomes another word, all else stays |
//! | `counts:` | the words that count in `~` lines |
//! | `with:` | nothing; the server's environment, as in `with: CHAT_RATE=5` |
//!
//! A made-up name keeps its first letter and its case (`alice` and `ALICE` become `amoru` and `AMORU`),
//! so a sorted list stays sorted. Whoever is not declared (`guest_1`, `lobby`) stays as it is, and a
//! client that is in no list (`a (connects)`) has whatever name the server gives it.
//!
//! ## The body
//!
//! | line | means |
//! |---|---|
//! | `alice> text` | sends the line, and its newline, in one write |
//! | `alice>> text` | sends it byte by byte: cut everywhere, also inside a character |
//! | `alice< text` | the next line she hears is this one, to the letter |
//! | `alice~ text` | the next line she hears has everything in it that counts, in this order, whatever the case; and ends with it, if the text does. With `--strict`: to the letter |
//! | `alice? text` | from here on she may hear this line (judged like `~`) once, or not |
//! | `alice!` | she has heard nothing else; everybody who has said something since has been served |
//! | `alice* word word` | lets pass whatever has been said to her up to now; somewhere in it are these words |
//! | `alice (connects)` | without waiting for a greeting |
//! | `alice (finishes)` | closes her sending side: she has said everything and goes on listening |
//! | `alice (closes)` · `alice (resets)` | is gone, politely · with a reset |
//! | `alice (hears the end)` | the next thing she hears is the end of the stream |
//! | `server (is terminated)` · `server (is interrupted)` | SIGTERM · SIGINT, to its whole process group |
//! | `server (ends well)` | it ends, with status 0 |
//! | `server (starts again)` | on the same port, and at once |
//!
//! Escapes in a text that is sent: `\n` (two lines in one write), `\r`, `\t`, `\\`, `\xF0` (a byte),
//! and at the very end `\c` (no newline). Anywhere in a text that is heard, `…` stands for any
//! characters, also under `--strict`. Spaces at either end of a text do not count; `\x20` does.
//!
//! At the end everybody who is still connected must have heard nothing more.
//!
//! ## Silence
//!
//! It is proved by a *barrier*, never by waiting: the client asks something nobody ever asked before,
//! and the answer must be the very next line. Before step 9 it says a random word in the room (where
//! the others ignore it); from step 9 on it uses it as a command, whose answer is nobody else's
//! business. Steps 1 and 2 can prove no silence.
//!
//! ## Later steps
//!
//! Every check also runs against programs that are further. So `… has joined the chat!` is ignored
//! before step 6, and `… has left the chat.` before step 11.

mod cast;
mod parse;
mod pattern;

pub use self::{
    parse::{Invalid, escaped},
    pattern::Pattern,
};

/// A conversation, as it is written or with made-up names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// What is being checked, in a sentence.
    pub checking: String,
    /// Who is there, and named, when it begins.
    pub peers: Vec<String>,
    /// What the server's environment says.
    pub environment: Vec<(String, String)>,
    /// Everything made up, as it is written.
    made_up: MadeUp,
    /// The words that count.
    counts: Vec<String>,
    /// What happens.
    pub lines: Vec<Line>,
}

/// What a conversation wants to be made up anew each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct MadeUp {
    names: Vec<String>,
    rooms: Vec<String>,
    texts: Vec<String>,
}

/// Somebody does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// A client, or `server`.
    pub who: String,
    /// What.
    pub act: Act,
}

/// What can happen in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A client sends.
    Sends(Sent),
    /// A client must hear a line next.
    Hears(Pattern),
    /// A client may hear a line from here on, once, or not.
    MayHear(Pattern),
    /// A client lets pass what has come, and these words are in it.
    LetsPass(Vec<String>),
    /// A client has heard nothing.
    HearsNothing,
    /// A client calls.
    Connects,
    /// A client has nothing more to say.
    Finishes,
    /// A client hangs up.
    Closes,
    /// A client vanishes.
    Resets,
    /// A client is hung up on.
    HearsTheEnd,
    /// The server gets a signal.
    IsSignalled(Signal),
    /// The server ends with status 0.
    EndsWell,
    /// The server is started again on the same port.
    StartsAgain,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Without the last newline; bytes that are not text are written as by [`byte`].
    text: String,
    /// What comes after it.
    pub ending: Ending,
    /// In how many writes.
    pub writes: Writes,
}

/// How a send ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a newline.
    Newline,
    /// In the middle of a line.
    Nothing,
}

/// In how many writes something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// In one.
    Once,
    /// Byte by byte.
    EachByte,
}

/// How a server is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// `kill`.
    Terminate,
}

impl Sent {
    /// What goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for c in self.text.chars() {
            match byte_of(c) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        bytes.extend((self.ending == Ending::Newline).then_some(b'\n'));
        bytes
    }

    /// How it is told to people.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        for c in self.text.chars() {
            match byte_of(c) {
                Some(byte) => shown.push_str(&escaped_byte(byte)),
                None => shown.push_str(&escaped(c.encode_utf8(&mut [0; 4]).as_bytes())),
            }
        }
        shown + if self.ending == Ending::Newline { "" } else { "\\c" }
    }
}

/// A byte as people can read it.
fn escaped_byte(byte: u8) -> String {
    format!("\\x{byte:02X}")
}

/// A byte that need not be text, as a character that no text has: of the private use area.
fn byte(byte: u8) -> char {
    char::from_u32(0xF700 + u32::from(byte)).expect("a character of the private use area")
}

fn byte_of(c: char) -> Option<u8> {
    u32::from(c).checked_sub(0xF700).and_then(|byte| u8::try_from(byte).ok())
}
