//! The bots in `$CHAT_BOT`: clients of the server, whose other end is in a thread of its own.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    chat::{Chat, decide},
    fault,
};

/// How often a bot may speak, and how often at once.
const EVERY: Duration = Duration::from_millis(200);
const BURST: u32 = 5;

type Scores = BTreeMap<String, u32>;

/// The scores of all rooms. Only a fault uses them.
static ALL_ROOMS: Mutex<Scores> = Mutex::new(Scores::new());

/// Starts the bots. Each is in its room when the next one comes.
pub(crate) fn start<'s>(
    threads: &'s Scope<'s, '_>,
    chat: &'s Mutex<Chat>,
    admit: impl Fn(TcpStream),
) -> io::Result<()> {
    let bots = env::var("CHAT_BOT").unwrap_or_default();
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    for (number, item) in bots.split_whitespace().enumerate() {
        let (kind, room) = item.split_once('@').unwrap_or((item, "lobby"));
        let is_first = bots.split_whitespace().position(|other| other.starts_with(kind)) == Some(number);
        let nick = if is_first { kind.to_owned() } else { format!("{kind}{number}") };
        let stream = TcpStream::connect(listener.local_addr()?)?;
        admit(listener.accept()?.0);
        writeln!(&stream, "/nick {nick}\n/join {room}\n/bot I am a {kind} bot.")?;
        let mut stream = BufReader::new(stream);
        for line in (&mut stream).lines() {
            if line?.starts_with("Others see") {
                break;
            }
        }
        stream.get_ref().set_read_timeout(Some(Duration::from_millis(20)))?;
        let bot = Bot::new(nick, kind == "trivia", stream);
        threads.spawn(move || bot.run(chat));
    }
    Ok(())
}

struct Bot {
    nick: String,
    is_trivia: bool,
    stream: BufReader<TcpStream>,
    /// When it has recovered from all that it said.
    rested_at: Instant,
    questions: Vec<(String, String)>,
    asked: usize,
    is_open: bool,
    scores: Scores,
    reminders: Vec<Planned>,
}

struct Planned {
    user: String,
    text: String,
    /// `None`: it was whispered and has not arrived.
    at: Option<Instant>,
}

impl Bot {
    fn new(nick: String, is_trivia: bool, stream: BufReader<TcpStream>) -> Self {
        let file = env::var("CHAT_QUESTIONS").ok().and_then(|path| fs::read_to_string(path).ok());
        let file = file.unwrap_or_else(|| "What is 1 + 1? = 2".into());
        let pairs = file.lines().filter_map(|line| line.rsplit_once('='));
        let questions = pairs.map(|(question, answer)| (question.trim().into(), answer.trim().into()));
        Self {
            nick,
            is_trivia,
            stream,
            rested_at: Instant::now(),
            questions: questions.collect(),
            asked: 0,
            is_open: false,
            scores: Scores::new(),
            reminders: Vec::new(),
        }
    }

    fn run(mut self, chat: &Mutex<Chat>) {
        let mut line = Vec::new();
        loop {
            match self.stream.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {
                    self.hears(String::from_utf8_lossy(&line).trim_end(), chat);
                    line.clear();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if self.may_speak() {
                self.reminds();
            }
        }
    }

    fn hears(&mut self, line: &str, chat: &Mutex<Chat>) {
        let Some((from, text)) = said(line) else { return self.hears_news(line) };
        let is_bot = from == self.nick || decide(chat, |chat| chat.is_bot(from));
        let answers_bots = fault::is("bots-answer-bots") && from != self.nick;
        if is_bot && !answers_bots && !fault::is("bot-answers-itself") || !self.may_speak() {
            return;
        }
        if is_bot {
            // Otherwise a race would decide what comes first.
            thread::park_timeout(Duration::from_millis(100));
        }
        let answer = if self.is_trivia { self.plays(from, text) } else { self.plans(from, text) };
        if let Some(answer) = answer {
            self.says(&answer);
        }
    }

    fn hears_news(&mut self, line: &str) {
        let came = line.strip_suffix(" has joined the chat!").or(line.strip_suffix(" has joined the room."));
        let renamed = line.trim_end_matches('.').split_once(" is now known as ").map(|(_, new)| new);
        for planned in &mut self.reminders {
            if planned.at.is_none() && came.or(renamed) == Some(&planned.user) {
                planned.at = Some(Instant::now());
            }
        }
        let is_lost = fault::is("reminder-lost") && line.ends_with("' not found.");
        let is_told =
            |planned: &Planned| line.ends_with(&format!("{}]: Reminder: {}", planned.user, planned.text));
        self.reminders.retain(|planned| planned.at.is_some() || !(is_lost || is_told(planned)));
    }

    fn plays(&mut self, from: &str, text: &str) -> Option<String> {
        let scores = |own: &Scores| {
            if fault::is("scores-of-all-rooms") { ALL_ROOMS.lock().clone() } else { own.clone() }
        };
        match text.to_lowercase().as_str() {
            "!trivia" => {
                let before = if self.is_open { "The question is still open" } else { "Question" };
                self.asked += usize::from(!self.is_open);
                self.is_open = true;
                Some(format!("{before}: {}", self.questions[(self.asked - 1) % self.questions.len()].0))
            }
            "!scores" if scores(&self.scores).is_empty() => Some("There are no scores yet.".into()),
            "!scores" => {
                let scores: Vec<_> =
                    scores(&self.scores).iter().map(|(nick, points)| format!("{nick} {points}")).collect();
                Some(format!("Scores: {}", scores.join(", ")))
            }
            text_in_lower_case => {
                let (_, answer) = &self.questions[self.asked.checked_sub(1)? % self.questions.len()];
                let is_right = text_in_lower_case == answer.to_lowercase()
                    && (text == answer || !fault::is("answer-in-one-case"));
                if !self.is_open || !is_right {
                    return None;
                }
                self.is_open = false;
                for scores in [&mut self.scores, &mut *ALL_ROOMS.lock()] {
                    *scores.entry(from.into()).or_default() += 1;
                }
                let points = self.scores[from];
                let s = if points == 1 { "" } else { "s" };
                Some(format!("Right, {from}! The answer is {answer}. You have {points} point{s}."))
            }
        }
    }

    fn plans(&mut self, from: &str, text: &str) -> Option<String> {
        let begins = if fault::is("bot-answers-itself") { text.find("!remind")? } else { 0 };
        let rest = text[begins..].strip_prefix("!remind")?.trim();
        let planned = rest.split_once(' ').and_then(|(time, text)| {
            let seconds = time.strip_suffix('s')?.parse().ok()?;
            let at = Some(Instant::now() + Duration::from_secs(seconds));
            self.reminders.push(Planned { user: from.into(), text: text.into(), at });
            Some(format!("{from}: I will remind you in {time}."))
        });
        Some(
            planned.unwrap_or_else(|| format!("{from}: Usage: !remind <time> <text>, as in !remind 5m tea.")),
        )
    }

    fn reminds(&mut self) {
        if fault::is("reminders-in-line")
            && let Some(at) = self.reminders.first().and_then(|first| first.at)
        {
            thread::park_timeout(at.saturating_duration_since(Instant::now()));
        }
        let now = Instant::now();
        let due = self.reminders.iter_mut().find(|planned| planned.at.is_some_and(|at| at <= now));
        let Some(Planned { user, text, at }) = due else { return };
        *at = None;
        let way = if fault::is("reminder-aloud") { format!("{user}:") } else { format!("/whisper {user}") };
        let line = format!("{way} Reminder: {text}");
        self.says(&line);
    }

    fn may_speak(&self) -> bool {
        fault::is("bot-floods") || self.rested_at <= Instant::now() + EVERY * (BURST - 1)
    }

    fn says(&mut self, line: &str) {
        self.rested_at = self.rested_at.max(Instant::now()) + EVERY;
        // If this fails, reading fails, too.
        let _ = writeln!(self.stream.get_ref(), "{line}");
    }
}

/// The sender and the text of `[room] nick: text`.
fn said(line: &str) -> Option<(&str, &str)> {
    let (room, said) = line.strip_prefix('[')?.split_once(']')?;
    said.strip_prefix(' ').filter(|_| !room.contains(' '))?.split_once(": ")
}
