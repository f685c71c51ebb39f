//! Bots: programs of the server that talk in the chat.
//!
//! A bot is a client like any other. Its thread is a [`session`], what it says passes the text dialect,
//! the rules and their limits, and what it hears comes from the broadcaster, as lines. Only the socket is missing:
//! `bot/seat.rs` puts the bot in its place. So a bot can be kicked, muted or disconnected, and needs no right of its own.
//!
//! What a bot answers is a `Bot`, which has no thread and no clock. How it behaves as a client, whatever it answers,
//! is in `bot/manners.rs`.

use std::{fmt, fs, io::Read, path::Path, str::FromStr, sync::Arc, time::Instant};

use crossbeam_channel::Sender;

use crate::{
    command::split_word,
    dialect::{Decoder, Limits},
    names::{Nick, Room},
    registry::Registry,
    session,
    transport::ConnectionLimit,
    wire,
};

mod manners;
mod questions;
mod reminder;
mod seat;
mod trivia;

use manners::Manners;
use questions::Question;
use reminder::Reminder;
use seat::Seat;
use trivia::Trivia;

/// What a bot answers. It is told what happens and the time, and returns what it says.
trait Bot {
    /// A user, who is no bot, has said something. A message that is not addressed to the bot is told only to one that
    /// [awaits an answer](Bot::awaits_answer).
    fn on_message(&mut self, said: &Said<'_>, now: Instant) -> Option<Reply>;

    /// Whether any message can be the answer that it waits for.
    fn awaits_answer(&self) -> bool {
        false
    }

    /// A user has come into the bot's room, or was heard in it.
    fn on_join(&mut self, _who: Nick, _now: Instant) {}

    /// A user in the bot's room has another nickname from now on.
    fn on_rename(&mut self, _old: Nick, _new: Nick) {}

    /// When it wants to say something on its own.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// What it says on its own now. Afterwards, nothing is due now.
    fn on_time(&mut self, _now: Instant) -> Option<Reply> {
        None
    }

    /// What has become of the whisper that it said last.
    fn on_whispered(&mut self, _to: Nick, _delivery: Delivery, _now: Instant) {}
}

/// Something that a user has said.
#[derive(Clone, Copy, Debug)]
struct Said<'a> {
    from: Nick,
    text: &'a str,
    /// To the bot alone, not to its room.
    is_whisper: bool,
}

/// Something that a bot says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    /// To its room.
    Aloud(String),
    /// To this user.
    Whisper(Nick, String),
}

/// What has become of a whisper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// The user was told.
    Told,
    /// The user is not connected.
    Absent,
    /// The bot may not say it now.
    Refused,
}

impl Said<'_> {
    /// The command in a message such as `!remind 5m tea`, in lower case, and what follows it.
    fn command(&self) -> Option<(String, &str)> {
        let (word, rest) = split_word(self.text.trim().strip_prefix('!')?);
        Some((word.to_lowercase(), rest))
    }

    /// An answer to the one who has said it, where it was said.
    fn answer(&self, text: impl fmt::Display) -> Reply {
        if self.is_whisper {
            Reply::Whisper(self.from, text.to_string())
        } else {
            Reply::Aloud(format!("{}: {text}", self.from))
        }
    }

    /// An answer to all who have heard it.
    fn answer_to_all(&self, text: String) -> Reply {
        if self.is_whisper { Reply::Whisper(self.from, text) } else { Reply::Aloud(text) }
    }
}

/// A kind of bot: a row of the table.
#[derive(Debug)]
struct Kind {
    /// The name in `--bot`, and the nickname unless that is taken.
    name: &'static str,
    /// What `/bots` says that it does.
    purpose: &'static str,
    make: fn(&Arc<[Question]>) -> Box<dyn Bot>,
}

/// The bots that come with the server.
static KINDS: [Kind; 2] = [
    Kind {
        name: "trivia",
        purpose: "I ask questions. Say !trivia for one, and !scores for the scores.",
        make: |questions| Box::new(Trivia::new(Arc::clone(questions), trivia::random())),
    },
    Kind {
        name: "reminder",
        purpose: "I remind you of things. Say !remind 5m tea, or whisper it to me.",
        make: |_| Box::new(Reminder::default()),
    },
];

/// A bot that was asked for, and its room: `trivia` or `trivia@games`.
#[derive(Clone, Copy, Debug)]
pub struct Hired {
    kind: &'static Kind,
    room: Room,
}

impl FromStr for Hired {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let (name, room) = typed.split_once('@').unwrap_or((typed, "lobby"));
        let Some(kind) = KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name)) else {
            let known: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(format!("there is no bot '{name}'; the bots are {}", known.join(" and ")));
        };
        let room = Room::new(room).map_err(|invalid| format!("'{room}' is no room: {invalid}"))?;
        Ok(Self { kind, room })
    }
}

/// The bots of a server.
#[derive(Debug)]
pub struct Staff {
    hired: Vec<Hired>,
    questions: Arc<[Question]>,
}

/// The largest file of questions, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

impl Staff {
    /// Hires bots. Without a file of questions, they ask those that come with the server.
    ///
    /// # Errors
    /// The file cannot be read, or has a mistake.
    pub fn new(hired: Vec<Hired>, questions: Option<&Path>) -> Result<Self, String> {
        let questions = questions.map(read).transpose()?;
        let questions = questions::parse(questions.as_deref().unwrap_or(questions::USUAL))?;
        Ok(Self { hired, questions })
    }

    /// The bots, each with what runs it: a thread that returns when the bot has left. It drops the sender as soon as
    /// the bot is in its room, or has left.
    pub fn jobs<'a>(
        &'a self,
        registry: &'a Registry,
        places: &'a Arc<ConnectionLimit>,
        lines: Limits,
    ) -> impl Iterator<Item = impl FnOnce(Sender<()>) + Send + 'a> {
        self.hired
            .iter()
            .map(move |hired| move |settled| self.attend(*hired, registry, places, lines, settled))
    }

    fn attend(
        &self,
        hired: Hired,
        registry: &Registry,
        places: &Arc<ConnectionLimit>,
        lines: Limits,
        settled: Sender<()>,
    ) {
        let Hired { kind, room } = hired;
        let Ok(_permit) = places.take(seat::peer(), std::time::Duration::ZERO) else {
            return tracing::warn!(bot = kind.name, "a bot was refused: the server is full");
        };
        let manners = Manners::new(kind, room, (kind.make)(&self.questions));
        let seat = Seat::new(registry, manners, settled);
        session::run(registry, &seat, seat.sink(), wire::TEXT, &mut Decoder::lines(lines));
        tracing::info!(bot = kind.name, %room, "a bot has left");
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_is_hired_by_its_name_and_its_room() {
        let hired =
            |typed: &str| typed.parse::<Hired>().map(|hired| (hired.kind.name, hired.room.to_string()));
        assert_eq!(hired("trivia"), Ok(("trivia", "lobby".into())));
        assert_eq!(hired("Reminder@#Tea"), Ok(("reminder", "Tea".into())));
        assert_eq!(hired("dog"), Err("there is no bot 'dog'; the bots are trivia and reminder".into()));
        assert!(
            hired("trivia@").is_err_and(|why| why.starts_with("'' is no room: expected 1 to 32 letters"))
        );
    }

    #[test]
    fn a_file_of_questions_that_cannot_be_used_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("questions.txt");
        let why = || Staff::new(Vec::new(), Some(&path)).map(drop).unwrap_err();
        assert!(why().contains("No such file"), "{}", why());
        fs::write(&path, "What? = Yes\nWhat\n").unwrap();
        assert_eq!(why(), "line 2: expected QUESTION = ANSWER");
    }

    #[test]
    fn every_purpose_fits_into_what_a_bot_may_say_of_itself() {
        for kind in &KINDS {
            let asked = crate::command::Command::typed("bot", &kind.purpose[..kind.purpose.len().min(99)]);
            assert!(asked.is_speech() && kind.purpose.len() <= 200, "{}", kind.name);
        }
    }
}
