//! How a bot behaves as a client, whatever it answers.
//!
//! It takes its name and goes to its room. It answers users and never bots, so two bots cannot talk to each other for
//! ever. It says one thing at a time, with `/mark` behind it: the answer to that tells whether it was said, and how much
//! the bot may say. A bot that is kicked comes back after a minute, once; one that is banned leaves the chat.
//!
//! There is no thread, clock or socket in here: it is fed what the server says, and asked what to say.

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use super::{Bot, Delivery, Kind, Reply, Said};
use crate::{
    event::{heard::Heard, mark::Mark},
    names::{Nick, Room},
};

/// How often a bot speaks at most, and how often at once: as the usual limit of the server, even without a limit.
const EVERY: Duration = Duration::from_millis(200);
const BURST: u32 = 5;

/// With so many answers to be said, to one user and in all, a bot ignores further commands. So a flood of them delays the
/// answers to others only for a few seconds.
const MOST_OF_ONE: usize = 3;
const MOST_WAITING: usize = 16;

/// How often a bot tries to say something that is refused, and how long it waits in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(5);

/// How many nicknames a bot tries.
const NICKNAMES: u32 = 9;

/// How long a bot that was kicked stays away from its room.
const AWAY: Duration = Duration::from_secs(60);

/// The longest line that is read, in bytes. Nothing that concerns a bot is as long.
const LONGEST_LINE: usize = 64 * 1024;

pub(super) struct Manners {
    kind: &'static Kind,
    bot: Box<dyn Bot>,
    /// `None` before the welcome.
    nick: Option<Nick>,
    home: Room,
    room: Room,
    stage: Stage,
    /// The number of the last mark.
    token: u64,
    /// What was sent and whose mark has not come.
    under_way: Option<UnderWay>,
    waiting: VecDeque<Waiting>,
    /// Before this, the bot says nothing.
    quiet_until: Option<Instant>,
    /// When it has recovered from all that it said: a token bucket as a single time.
    rested_at: Option<Instant>,
    /// The longest text that the server accepts, in bytes.
    longest: usize,
    /// When it goes back to its room.
    back_at: Option<Instant>,
    /// The beginning of a line.
    unread: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It takes its nickname with this number behind it.
    Naming(u32),
    /// It goes to its room.
    Settling,
    /// It is in its room, or was.
    Settled,
    /// It leaves the chat.
    Leaving,
}

enum UnderWay {
    /// A command.
    Command,
    /// It says this. What has become of it so far.
    Saying(Waiting, Delivery),
}

/// Something that it will say.
struct Waiting {
    reply: Reply,
    /// The user whom it answers; `None` if it speaks on its own.
    to: Option<Nick>,
    /// How many times it was refused.
    failed: u32,
}

impl Manners {
    pub(super) fn new(kind: &'static Kind, home: Room, bot: Box<dyn Bot>) -> Self {
        Self {
            kind,
            bot,
            nick: None,
            home,
            room: Room::lobby(),
            stage: Stage::Naming(1),
            token: 0,
            under_way: None,
            waiting: VecDeque::new(),
            quiet_until: None,
            rested_at: None,
            longest: usize::MAX,
            back_at: None,
            unread: Vec::new(),
        }
    }

    /// Whether it is in its room, or does not get there.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Settled | Stage::Leaving)
    }

    /// Takes what the server says.
    pub(super) fn hears(&mut self, bytes: &[u8], now: Instant, is_bot: &dyn Fn(Nick) -> bool) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.unread.len() <= LONGEST_LINE {
                self.unread.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = mem::take(&mut self.unread);
                let line = str::from_utf8(&line).ok().and_then(|line| line.strip_suffix('\n'));
                self.hears_line(line.unwrap_or_default(), now, is_bot);
            }
        }
    }

    fn hears_line(&mut self, line: &str, now: Instant, is_bot: &dyn Fn(Nick) -> bool) {
        match Heard::new(line) {
            Heard::YourNick(nick) => self.nick = Nick::new(nick).ok(),
            Heard::YourRoom(room) => self.moves_to(Room::new(room).unwrap_or(self.room), now),
            Heard::Mark(mark) if mark.token == self.token => self.hears_mark(mark, now),
            Heard::Said { from, text, .. } => self.hears_said(from, text, false, now, is_bot),
            Heard::WhisperFrom => {
                let whisper = line.strip_prefix("[Whisper from ").and_then(|rest| rest.split_once("]: "));
                if let Some((from, text)) = whisper {
                    self.hears_said(from, text, true, now, is_bot);
                }
            }
            Heard::WhisperTo => self.is_told(Delivery::Told),
            Heard::Other => self.hears_news(line, now),
            _ => {}
        }
    }

    fn hears_said(
        &mut self,
        from: &str,
        text: &str,
        is_whisper: bool,
        now: Instant,
        is_bot: &dyn Fn(Nick) -> bool,
    ) {
        let Ok(from) = Nick::new(from) else { return };
        if self.nick == Some(from) {
            return self.is_told(Delivery::Told);
        }
        let is_command = text.trim_start().starts_with('!');
        let is_here = is_whisper || self.room == self.home && self.is_settled();
        let concerns = if is_command { self.has_time_for(from) } else { self.bot.awaits_answer() };
        self.bot.on_join(from, now);
        if is_here && concerns && !is_bot(from) {
            let reply = self.bot.on_message(&Said { from, text, is_whisper }, now);
            self.waiting.extend(reply.map(|reply| Waiting { reply, to: Some(from), failed: 0 }));
        }
    }

    fn has_time_for(&self, user: Nick) -> bool {
        let theirs = self.waiting.iter().filter(|waiting| waiting.to == Some(user)).count();
        theirs < MOST_OF_ONE && self.waiting.len() < MOST_WAITING
    }

    /// Looks for arrivals and new nicknames. No user can forge such a line: what users say never begins with a name.
    fn hears_news(&mut self, line: &str, now: Instant) {
        let arrived =
            line.strip_suffix(" has joined the chat!").or(line.strip_suffix(" has joined the room."));
        if let Some(who) = arrived.and_then(|nick| Nick::new(nick).ok()) {
            self.bot.on_join(who, now);
        }
        let renamed = line.strip_suffix('.').and_then(|line| line.split_once(" is now known as "));
        if let Some((Ok(old), Ok(new))) = renamed.map(|(old, new)| (Nick::new(old), Nick::new(new))) {
            self.bot.on_rename(old, new);
            self.bot.on_join(new, now);
        }
        if line.starts_with("User '") && line.ends_with("' not found.") {
            self.is_told(Delivery::Absent);
        }
    }

    /// What has become of what it says right now.
    fn is_told(&mut self, delivery: Delivery) {
        if let Some(UnderWay::Saying(_, told)) = &mut self.under_way {
            *told = delivery;
        }
    }

    fn moves_to(&mut self, room: Room, now: Instant) {
        self.room = room;
        if self.stage == Stage::Settled {
            self.back_at = (room != self.home).then(|| now + AWAY);
        }
    }

    fn hears_mark(&mut self, mark: Mark, now: Instant) {
        self.longest = mark.text;
        if mark.rate > 0 && mark.left == 0 {
            // A little later, because the two clocks are read at different times.
            self.quiet_until = Some(now + Duration::from_secs(1) / mark.rate + Duration::from_millis(20));
        }
        match (self.stage, self.under_way.take()) {
            (_, Some(UnderWay::Saying(said, delivery))) => {
                self.has_said(said, delivery, now);
            }
            (Stage::Naming(number), _) if self.nick != Some(self.wanted(number)) && number < NICKNAMES => {
                self.stage = Stage::Naming(number + 1);
            }
            (Stage::Naming(_), _) => self.stage = Stage::Settling,
            _ if self.room == self.home => self.stage = Stage::Settled,
            _ => self.stage = Stage::Leaving,
        }
    }

    fn has_said(&mut self, said: Waiting, delivery: Delivery, now: Instant) {
        match said.reply {
            Reply::Whisper(to, _) => self.bot.on_whispered(to, delivery, now),
            Reply::Aloud(_) if delivery == Delivery::Refused && said.failed + 1 < TRIES => {
                self.waiting.push_front(Waiting { failed: said.failed + 1, ..said });
                self.quiet_until = Some(now + PAUSE);
            }
            Reply::Aloud(_) => {}
        }
    }

    fn wanted(&self, number: u32) -> Nick {
        Nick::fit(self.kind.name).numbered(number)
    }

    /// The lines that it sends now, if it does.
    pub(super) fn says(&mut self, now: Instant) -> Option<String> {
        if self.nick.is_none() || self.under_way.is_some() {
            return None;
        }
        let under_way = match self.stage {
            Stage::Naming(number) => (format!("/nick {}", self.wanted(number)), UnderWay::Command),
            Stage::Settling => (self.introduction(), UnderWay::Command),
            Stage::Leaving => return Some("/quit\n".to_owned()),
            Stage::Settled if self.back_at.take_if(|back_at| *back_at <= now).is_some() => {
                (format!("/join {}", self.home), UnderWay::Command)
            }
            Stage::Settled => self.speaks(now)?,
        };
        self.token += 1;
        self.under_way = Some(under_way.1);
        Some(format!("{}\n/mark {}\n", under_way.0, self.token))
    }

    fn introduction(&self) -> String {
        let going = if self.home == Room::lobby() { String::new() } else { format!("\n/join {}", self.home) };
        format!("/bot {}{going}", fitting(self.kind.purpose, self.longest))
    }

    fn speaks(&mut self, now: Instant) -> Option<(String, UnderWay)> {
        if self.may_speak_at().is_some_and(|at| at > now) {
            return None;
        }
        if self.waiting.is_empty() {
            self.waiting.extend(self.bot.on_time(now).map(|reply| Waiting { reply, to: None, failed: 0 }));
        }
        let said = self.waiting.pop_front()?;
        let line = match &said.reply {
            Reply::Aloud(text) => fitting(text, self.longest).to_owned(),
            Reply::Whisper(to, text) => format!("/whisper {to} {}", fitting(text, self.longest)),
        };
        self.rested_at = Some(self.rested_at.map_or(now, |at| at.max(now)) + EVERY);
        Some((line, UnderWay::Saying(said, Delivery::Refused)))
    }

    fn may_speak_at(&self) -> Option<Instant> {
        let rested = self.rested_at.and_then(|at| at.checked_sub(EVERY * (BURST - 1)));
        self.quiet_until.max(rested)
    }

    /// When to ask it again what it says, even if it hears nothing until then.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.under_way.is_some() {
            return None;
        }
        let speaks = if self.waiting.is_empty() { self.bot.due() } else { self.may_speak_at() };
        let speaks = speaks.map(|at| self.may_speak_at().map_or(at, |may| may.max(at)));
        speaks.into_iter().chain(self.back_at).min()
    }
}

/// As much of a text as fits. Only a server with a very low limit makes that less than all of it.
fn fitting(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests;
