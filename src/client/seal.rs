//! Sealed whispers: only the two clients can read them, and not the server between them.
//!
//! `/seal bob` agrees with bob's client on keys. Each message of that is an ordinary whisper which begins
//! with `seal1`, so it passes every server and every wire:
//!
//! ```text
//!  alice ── hail: SHA-256 of alice's key ──▶ bob       Both keys are new, and used for this seal only
//!  alice ◀───────── key: bob's key ───────── bob       (X25519). HKDF makes three secrets of what they
//!  alice ─────── open: alice's key ────────▶ bob       share: one for each direction, one for the words.
//!  alice ◀── text: a number and ciphertext ─▶ bob      ChaCha20-Poly1305; each number is used once.
//! ```
//!
//! Both users are shown the same six words. A server that puts its own keys in between has different
//! ones with each of them, so the words differ. It cannot search for keys that fit, because the hash
//! comes before the keys. So the users compare the words by another way, for example on the telephone.
//!
//! **Protected**, once the words were compared: what is said, and that it comes unchanged, once, in its
//! order, from the user who read out the words. A lost part is told.
//!
//! **Not protected**: who whispers to whom, when, and how long the text is; that whispers arrive at all;
//! a seal whose words were not compared; files; the users' own screens and logs. The keys are new for
//! each seal and never saved, so who finds a computer later cannot read earlier seals. But they do not
//! change during a seal: who reads the memory of a client can read all whispers of its seals. And both
//! users could have written each text, so neither can prove to others what the other has said.
//!
//! **Names** are the server's to give, so a seal does not follow them. It holds for the two names for
//! which it was made; when one of them changes, a new seal is needed. A user who leaves and comes back
//! with the same client still has it; a client that was started again has none, and says so when a
//! sealed whisper comes. When a client meets another key, or hears that its peer has none, nothing is
//! whispered to that user until the user of this client decides. Nothing that the server says makes a
//! client whisper unsealed to a user with a seal.

use std::collections::{HashMap, HashSet, VecDeque};

use super::verb;
use crate::{command::split_word, emoji::expand, names::Nick, text::clean};

mod exchange;
mod hearing;
mod message;
mod texts;
mod words;

use exchange::{Answer, Commitment, Hail, Names, Seal};
use message::Message;
use texts::MOST;

/// The commands of this client about seals.
pub(super) const COMMANDS: [&str; 2] = ["seal", "unseal"];

/// The most users with a seal. Further ones are not answered.
const MOST_SEALS: usize = 100;

/// The most texts that are remembered until the server has repeated them.
const MOST_SENT: usize = 200;

/// The longest whisper, in bytes, of a server that has not told it.
const WHISPER: usize = 1024;

/// How seals begin what they tell the user. Only an odd server says such lines; see [`forged`].
const FORGERIES: [&str; 2] = ["seal with ", "[sealed whisper "];

/// The seals of this client.
pub(super) struct Seals {
    with: HashMap<Nick, State>,
    sent: VecDeque<Sent>,
    /// Who has whispered last, for `/reply`.
    last: Option<Nick>,
    /// Users who were told that they have no seal with us. They are told once.
    told: HashSet<Nick>,
    /// The longest whisper that the server takes, in bytes.
    pub(super) longest: usize,
}

enum State {
    /// We have asked for a seal.
    Hailing(Hail),
    /// We have answered with our key.
    Answering(Answer),
    Sealed(Box<Seal>),
    /// Something is wrong, so nothing is whispered until the user decides. The peer may want a new seal.
    Doubtful(Option<Commitment>),
}

impl State {
    /// Whether this is an exchange of keys under a name that is not ours any more.
    fn is_for_other_than(&self, me: Nick) -> bool {
        match self {
            Self::Hailing(hail) => hail.names().me != me,
            Self::Answering(answer) => answer.names().me != me,
            Self::Sealed(_) | Self::Doubtful(_) => false,
        }
    }
}

/// A text that was sealed, until the server has repeated its last part.
struct Sent {
    to: Nick,
    text: String,
    parts: Vec<String>,
}

/// What to do after a line was typed or heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Send this line in its turn.
    Send(String),
    /// Take back the whispers to this user that were not sent yet. They are sealed with keys that hold no longer, or
    /// are not sealed.
    Withdraw(Nick),
    /// Show a message of the client itself.
    Tell(String),
    /// Show why the line is not sent.
    Refuse(String),
    /// Show a whisper from another user.
    ShowFrom(String),
    /// Show a whisper of our own.
    ShowTo(String),
}

impl Default for Seals {
    fn default() -> Self {
        Self {
            with: HashMap::new(),
            sent: VecDeque::new(),
            last: None,
            told: HashSet::new(),
            longest: WHISPER,
        }
    }
}

impl Seals {
    /// Whether a line must wait until everything before it was answered: it depends on our nickname.
    pub(super) fn concerns(&self, line: &str) -> bool {
        command(&clean(line)).is_some() || (!self.with.is_empty() && line.starts_with('/'))
    }

    /// Takes a line that the user has typed; `None` if it is to be sent as it is.
    pub(super) fn typed(&mut self, line: &str, me: Option<Nick>) -> Option<Vec<Deed>> {
        // The server cleans a line before it reads it.
        let line = clean(line);
        if let Some((command, rest)) = command(&line) {
            let Ok(peer) = Nick::new(rest.trim_end()) else {
                return refuse(format!("Usage: /{command} <user>"));
            };
            return Some(if command == "unseal" { self.unseal(peer) } else { self.seal(peer, me) });
        }
        if self.with.is_empty() {
            return None;
        }
        let command = line.strip_prefix('/').filter(|command| !command.starts_with('/'))?;
        let (word, rest) = split_word(command);
        let (peer, text) = match verb(&line).map(|(verb, _)| verb.name) {
            Some("whisper") => split_word(rest),
            // The server may think of another user than this client.
            Some("reply") => match self.last {
                Some(last) if !self.with.contains_key(&last) => {
                    return Some(vec![Deed::Send(format!("/whisper {last} {rest}"))]);
                }
                Some(_) => (self.last.as_ref().map_or("", Nick::as_str), rest),
                None => {
                    return refuse("Not sent: use /whisper <user> <message> while you have seals.".into());
                }
            },
            // A typing error would show the text to the server.
            None if Nick::new(split_word(rest).0).is_ok_and(|peer| self.with.contains_key(&peer)) => {
                return refuse(format!("Not sent: there is no command /{word}."));
            }
            _ => return None,
        };
        self.whisper(Nick::new(peer).ok()?, text, me)
    }

    fn whisper(&mut self, peer: Nick, text: &str, me: Option<Nick>) -> Option<Vec<Deed>> {
        let seal = match self.with.get_mut(&peer)? {
            State::Sealed(seal) => seal,
            State::Doubtful(_) => {
                return refuse(format!(
                    "Not sent: the seal with {peer} does not hold any more. \
                     Use /seal {peer} for a new one, or /unseal {peer} to whisper unsealed."
                ));
            }
            State::Hailing(_) | State::Answering(_) => {
                return refuse(format!(
                    "Not sent: the seal with {peer} is not ready. Wait for its six words, \
                     or use /unseal {peer} to whisper unsealed."
                ));
            }
        };
        if me != Some(seal.names.me) {
            return refuse(format!(
                "Not sent: your seal with {peer} is for your name '{}'. \
                 Take that name again, or use /seal {peer} for a new seal.",
                seal.names.me
            ));
        }
        let text = expand(text).into_owned();
        if text.len() > MOST {
            return refuse("Not sent: a sealed whisper has at most 16 KiB.".into());
        }
        if text.trim().is_empty() {
            return refuse("Usage: /whisper <user> <message>".into());
        }
        let parts = seal.sealer.seal(&text, Message::longest_part(self.longest)).into_iter();
        let parts: Vec<_> = parts.map(|part| Message::Text(part).to_string()).collect();
        let deeds = parts.iter().map(|part| Deed::Send(format!("/whisper {peer} {part}"))).collect();
        self.sent.push_back(Sent { to: peer, text, parts });
        self.sent.drain(..self.sent.len().saturating_sub(MOST_SENT));
        Some(deeds)
    }

    fn seal(&mut self, peer: Nick, me: Option<Nick>) -> Vec<Deed> {
        let Some(me) = me else { return vec![Deed::Refuse("Not connected yet. Try again later.".into())] };
        if me == peer {
            return vec![Deed::Refuse("You cannot have a seal with yourself.".into())];
        }
        self.told.remove(&peer);
        let names = Names { me, peer };
        let state = self.with.remove(&peer);
        if let Some(State::Doubtful(Some(commitment))) = state {
            return self.answer(names, commitment);
        }
        let Ok(hail) = Hail::new(names) else { return vec![Deed::Withdraw(peer), self.helpless(peer)] };
        let message = send(peer, &Message::Hail(hail.commitment()));
        self.with.insert(peer, State::Hailing(hail));
        let told = tell(peer, "asked for. Until it is ready, nothing is whispered to that user.");
        vec![Deed::Withdraw(peer), message, told]
    }

    /// The system gives no random numbers.
    fn helpless(&mut self, peer: Nick) -> Deed {
        self.with.insert(peer, State::Doubtful(None));
        tell(peer, "the system has no random numbers. Try again later.")
    }

    fn unseal(&mut self, peer: Nick) -> Vec<Deed> {
        if self.with.remove(&peer).is_none() {
            return vec![Deed::Refuse(format!("There is no seal with {peer}."))];
        }
        let told = tell(peer, "ended. The server can read what you whisper to that user from now on.");
        vec![Deed::Withdraw(peer), send(peer, &Message::None), told]
    }

    /// A line that waits or was not delivered, as its user knows it.
    pub(super) fn readable(&self, line: &str) -> String {
        let Some((to, message)) = sealed_line(line) else { return line.to_owned() };
        let is_its = |sent: &&Sent| sent.parts.iter().any(|part| part == message);
        match (self.sent.iter().find(is_its), Message::read(message)) {
            (Some(sent), _) => format!("/whisper {to} {}", sent.text),
            (None, Some(Message::None)) => format!("/unseal {to}"),
            (None, _) => format!("/seal {to}"),
        }
    }
}

/// Whether a line is a whisper to this user, or could be one. Messages about keys are not.
pub(super) fn is_for(line: &str, peer: Nick) -> bool {
    let line = clean(line);
    let Some((verb, rest)) = verb(&line) else { return false };
    let (to, text) = split_word(rest);
    let is_about_keys = Message::read(text).is_some_and(|message| !matches!(message, Message::Text(_)));
    verb.name == "reply" || (verb.name == "whisper" && Nick::new(to) == Ok(peer) && !is_about_keys)
}

/// A line from the server, with a warning if it looks like one of this client about seals.
pub(super) fn forged(line: &str) -> Option<String> {
    let start = line.trim_start().to_lowercase();
    FORGERIES.iter().any(|begin| start.starts_with(begin)).then(|| format!("The server says: {line}"))
}

/// The command about seals that a line holds, and what follows it.
fn command(line: &str) -> Option<(&'static str, &str)> {
    let (word, rest) = split_word(line.strip_prefix('/')?);
    COMMANDS.into_iter().find(|name| name.eq_ignore_ascii_case(word)).map(|name| (name, rest))
}

/// The user and the message of a line of this client.
fn sealed_line(line: &str) -> Option<(Nick, &str)> {
    let (to, message) = split_word(line.strip_prefix("/whisper ")?);
    Some((Nick::new(to).ok()?, message)).filter(|_| message.starts_with("seal1 "))
}

fn send(peer: Nick, message: &Message) -> Deed {
    Deed::Send(format!("/whisper {peer} {message}"))
}

fn tell(peer: Nick, words: &str) -> Deed {
    Deed::Tell(format!("Seal with {peer}: {words}"))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what the callers return")]
fn refuse(words: String) -> Option<Vec<Deed>> {
    Some(vec![Deed::Refuse(words)])
}

#[cfg(test)]
mod tests;
