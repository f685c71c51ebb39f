//! Bots: how they join, listen and speak. What they answer is in `trivia.rs` and `reminder.rs`.

use std::{
    env,
    io::{self, BufRead, BufReader},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use crate::{net::send, reminder::Reminder, trivia::Trivia};

/// What a bot answers.
pub(crate) trait Bot: Send {
    /// What `/bots` says that it does.
    fn purpose(&self) -> &'static str;
    /// A user has said something in the room.
    fn on_message(&mut self, from: &str, text: &str) -> Option<String>;
    /// A user has come into the room, or has a new name there.
    fn on_join(&mut self, _who: &str) {}
    /// Any line that is not a message.
    fn on_line(&mut self, _line: &str) {}
    /// Called often: a line that it sends by itself.
    fn on_time(&mut self) -> Option<String> {
        None
    }
}

/// How often a bot may speak, and how often at once: a token bucket.
const A_SECOND: f64 = 5.0;
const BURST: f64 = 5.0;

/// A bot that has joined.
pub(crate) struct Joined {
    bot: Box<dyn Bot>,
    nick: String,
    stream: BufReader<TcpStream>,
    tokens: f64,
    since: Instant,
}

/// The bots in `$CHAT_BOT`, such as `trivia reminder@ops`: each with its nickname and room.
pub(crate) fn asked_for() -> Vec<(Box<dyn Bot>, String, String)> {
    let mut asked_for: Vec<(Box<dyn Bot>, String, String)> = Vec::new();
    for item in env::var("CHAT_BOT").unwrap_or_default().split_whitespace() {
        let (kind, room) = item.split_once('@').unwrap_or((item, "lobby"));
        let bot: Box<dyn Bot> = match kind {
            "trivia" => Box::new(Trivia::new()),
            "reminder" => Box::new(Reminder::default()),
            _ => continue,
        };
        let before = asked_for.iter().filter(|(_, nick, _)| nick.starts_with(kind)).count();
        let nick = if before == 0 { kind.into() } else { format!("{kind}{}", before + 1) };
        asked_for.push((bot, nick, room.into()));
    }
    asked_for
}

/// A connection of the program to itself: the bot's end and the server's.
pub(crate) fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let ours = TcpStream::connect(listener.local_addr()?)?;
    Ok((ours, listener.accept()?.0))
}

/// Takes its name, goes to its room, and says that it is a bot. Returns when the server has answered.
pub(crate) fn settle(bot: Box<dyn Bot>, nick: String, room: &str, stream: TcpStream) -> Option<Joined> {
    let going = if room == "lobby" { String::new() } else { format!("/join {room}\n") };
    send(&stream, &format!("/nick {nick}\n{going}/bot {}", bot.purpose())).ok()?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("Others see") {
        line.clear();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
    }
    // A read that waits no longer than this lets the bot look at the time.
    stream.get_ref().set_read_timeout(Some(Duration::from_millis(50))).ok()?;
    Some(Joined { bot, nick, stream, tokens: BURST, since: Instant::now() })
}

impl Joined {
    /// Listens and speaks until the server closes the connection.
    pub(crate) fn run(mut self, is_bot: &dyn Fn(&str) -> bool) {
        let mut line = Vec::new();
        loop {
            match self.stream.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {
                    self.hears(String::from_utf8_lossy(&line).trim_end(), is_bot);
                    line.clear();
                }
                // The beginning of a line stays in `line`.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            if self.may_speak()
                && let Some(line) = self.bot.on_time()
            {
                self.says(&line);
            }
        }
    }

    fn hears(&mut self, line: &str, is_bot: &dyn Fn(&str) -> bool) {
        if let Some((from, text)) = said(line) {
            // Not its own words, not those of a bot, and no more answers than it may give: the others get none.
            if from != self.nick
                && !is_bot(from)
                && self.may_speak()
                && let Some(answer) = self.bot.on_message(from, text)
            {
                self.says(&answer);
            }
        } else if let Some(who) =
            line.strip_suffix(" has joined the chat!").or(line.strip_suffix(" has joined the room."))
        {
            self.bot.on_join(who);
        } else if let Some((_, new)) = line.trim_end_matches('.').split_once(" is now known as ") {
            self.bot.on_join(new);
        } else {
            self.bot.on_line(line);
        }
    }

    fn may_speak(&mut self) -> bool {
        self.tokens = (self.tokens + self.since.elapsed().as_secs_f64() * A_SECOND).min(BURST);
        self.since = Instant::now();
        self.tokens >= 1.0
    }

    fn says(&mut self, line: &str) {
        self.tokens -= 1.0;
        // If this fails, reading fails, too.
        let _ = send(self.stream.get_ref(), line);
    }
}

/// The sender and the text of `[room] nick: text`. `[Whisper from nick]: text` has a space before its bracket.
fn said(line: &str) -> Option<(&str, &str)> {
    let (room, said) = line.strip_prefix('[')?.split_once(']')?;
    said.strip_prefix(' ').filter(|_| !room.contains(' '))?.split_once(": ")
}
