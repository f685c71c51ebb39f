//! What the client knows about itself and the chat, all of it from what the server has said.

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use super::{
    backoff::Backoff,
    questions::{Question, Questions},
    secret::Login,
    view::View,
};
use crate::{
    event::heard::Heard,
    names::{Nick, Room},
    text::clean,
};

pub(super) struct Status {
    /// `None` until the server has said it.
    pub(super) nick: Option<Nick>,
    room: Room,
    /// Seconds until the next attempt to connect, while there is no connection.
    pub(super) reconnecting_in: Option<u64>,
    /// The progress of all transfers in percent, while there are any.
    pub(super) progress: Option<u8>,
    wanted: Wanted,
    /// What Tab has asked the server.
    pub(super) questions: Questions,
    /// Texts that were sent and have not come back from the server, the newest first.
    unheard: VecDeque<String>,
    /// The question that replaces the prompt, if there is one.
    pub(super) question: Option<&'static str>,
    /// Why the client ends, or `None` while it goes on.
    pub(super) ending: Option<Ending>,
    /// Whether the user's thread has noticed that the client ends.
    pub(super) is_over: bool,
}

/// What to restore after a reconnection.
struct Wanted {
    nick: Option<Nick>,
    room: Option<Room>,
    reclaim: Option<Reclaim>,
    login: Login,
    /// Whether this is not the first connection.
    is_return: bool,
}

/// The repeated request for a nickname after a reconnection: our old connection still holds it until
/// the server notices that this connection is dead.
struct Reclaim {
    /// When to ask next.
    at: Instant,
    backoff: Backoff,
    /// Whether the next refusal answers our own request. It is hidden, because it repeats the first.
    is_asked: bool,
}

impl Reclaim {
    fn is_going_on(&self) -> bool {
        self.backoff.attempts <= MAX_RECLAIMS
    }
}

/// Why the client ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The user quits.
    Quit,
    /// The server closes the connection, with this reason.
    Dismissed(String),
    /// The listening thread has panicked.
    Deaf,
}

/// How many times a nickname is asked for again. This takes about a minute.
const MAX_RECLAIMS: u32 = 6;

/// How many unheard lines are kept. If there are more, the server has refused them.
const MAX_UNHEARD: usize = 20;

impl Status {
    /// The state before the first line. `nick` and `room` are asked for on arrival.
    pub(super) fn new(nick: Option<Nick>, room: Option<Room>) -> Self {
        Self {
            nick: None,
            room: Room::lobby(),
            reconnecting_in: None,
            progress: None,
            wanted: Wanted { nick, room, reclaim: None, login: Login::default(), is_return: false },
            questions: Questions::default(),
            unheard: VecDeque::new(),
            question: None,
            ending: None,
            is_over: false,
        }
    }

    /// Notes a new connection. Returns the lines that ask for account, nickname and room.
    pub(super) fn connected(&self) -> String {
        let Wanted { nick, room, login, .. } = &self.wanted;
        let Some((account, log_in)) = login.again() else { return super::greeting(*nick, *room) };
        let nick = nick.filter(|nick| *nick != account);
        log_in + &super::greeting(nick, *room)
    }

    /// Notes that the connection is gone. Returns the lines that may not have reached the chat.
    pub(super) fn disconnected(&mut self) -> Vec<String> {
        self.room = Room::lobby();
        self.wanted.is_return = true;
        self.wanted.reclaim = None;
        self.questions.forget();
        self.unheard.drain(..).rev().collect()
    }

    /// Notes a line from the server. Returns whether to show it to the user.
    pub(super) fn hear(&mut self, line: &str, now: Instant) -> bool {
        let heard = Heard::new(line);
        self.wanted.login.hear(&heard);
        match heard {
            Heard::YourNick(nick) => self.named(nick),
            Heard::NickTaken(nick) => return self.refused(nick, now),
            Heard::YourRoom(room) => self.moved(room),
            Heard::Users(names) => return self.questions.answered(Question::Users, names.iter(), now),
            Heard::Rooms(names) => return self.questions.answered(Question::Rooms, names.iter(), now),
            Heard::Said { from, text, .. } => self.said(from, text),
            Heard::Goodbye => self.end(Ending::Quit),
            Heard::Dismissed => self.end(Ending::Dismissed(line.to_owned())),
            _ => {}
        }
        true
    }

    /// Notes a line that the user sends, so that its answer is shown.
    pub(super) fn sending(&mut self, line: &str, now: Instant) {
        self.wanted.login.sending(line, self.nick);
        let text = match line.strip_prefix('/') {
            Some(escaped) if escaped.starts_with('/') => escaped,
            Some(_) => return self.questions.asked_by_user(line, now),
            None => line,
        };
        self.unheard.truncate(MAX_UNHEARD - 1);
        self.unheard.push_front(clean(text).into_owned());
    }

    /// How long until [`Status::reclaim`] is due, or `None` if it is not needed.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        /// A timeout of zero is an error for a socket.
        const SHORTEST: Duration = Duration::from_millis(1);
        let reclaim = self.wanted.reclaim.as_ref().filter(|reclaim| reclaim.is_going_on())?;
        Some(reclaim.at.saturating_duration_since(now).max(SHORTEST))
    }

    /// The line that asks for our nickname again, if that is due.
    pub(super) fn reclaim(&mut self, now: Instant) -> Option<String> {
        let is_due = |reclaim: &&mut Reclaim| reclaim.is_going_on() && reclaim.at <= now;
        let reclaim = self.wanted.reclaim.as_mut().filter(is_due)?;
        reclaim.at = now + reclaim.backoff.next_delay();
        reclaim.is_asked = true;
        self.wanted.nick.map(|nick| format!("/nick {nick}"))
    }

    /// The prompt. It shows only what the server has said.
    pub(super) fn prompt(&self, view: View) -> String {
        if let Some(question) = self.question {
            return question.to_owned();
        }
        let nick = self.nick.as_ref().map_or("", Nick::as_str);
        match self.reconnecting_in {
            // Always the same width, so that the countdown does not interrupt the editor.
            Some(seconds) => view.prompt(&format!("reconnecting in {seconds:>2} s"), nick),
            None if nick.is_empty() => "> ".to_owned(),
            None => {
                let progress = self.progress.map(|percent| format!(" {}", bar(percent)));
                view.prompt(&format!("{}{}", self.room, progress.unwrap_or_default()), nick)
            }
        }
    }

    /// Ends the client; the first reason counts.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn named(&mut self, nick: &str) {
        // Only a valid name gets into the prompt, because the server is not trusted.
        let Ok(nick) = Nick::new(nick) else { return };
        self.nick = Some(nick);
        self.reconnecting_in = None;
        if !nick.is_reserved() {
            self.wanted.nick = Some(nick);
            self.wanted.reclaim = None;
        }
    }

    fn moved(&mut self, room: &str) {
        let Ok(room) = Room::new(room) else { return };
        self.room = room;
        self.wanted.room = Some(room);
        self.questions.moved();
    }

    fn refused(&mut self, nick: &str, now: Instant) -> bool {
        let is_ours = self.wanted.nick.is_some_and(|wanted| wanted.as_str().eq_ignore_ascii_case(nick));
        if !is_ours || !self.wanted.is_return {
            return true;
        }
        let reclaim = self.wanted.reclaim.get_or_insert_with(|| {
            let mut backoff = Backoff::default();
            Reclaim { at: now + backoff.next_delay(), backoff, is_asked: false }
        });
        !mem::take(&mut reclaim.is_asked)
    }

    /// Our own lines come back in order, so earlier lines that did not come back were refused.
    fn said(&mut self, from: &str, text: &str) {
        let is_ours = self.nick.is_some_and(|nick| nick.as_str().eq_ignore_ascii_case(from));
        // Of several equal texts, the oldest.
        let heard = self.unheard.iter().rposition(|unheard| unheard == text);
        if let Some(heard) = heard.filter(|_| is_ours) {
            self.unheard.truncate(heard);
        }
    }
}

/// `###.......  30 %`. The width is fixed, so that the prompt keeps its width.
fn bar(percent: u8) -> String {
    let full = usize::from(percent.min(100) / 10);
    format!("{}{} {percent:>3} %", "#".repeat(full), ".".repeat(10 - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";
    const SECOND: Duration = Duration::from_secs(1);

    fn prompt(status: &Status) -> String {
        status.prompt(View::PLAIN)
    }

    fn hear(status: &mut Status, lines: &[&str]) {
        for line in lines {
            assert!(status.hear(line, Instant::now()), "{line} is hidden");
        }
    }

    fn alice() -> Status {
        let mut status = Status::new(None, None);
        hear(&mut status, &[WELCOME, "Nickname changed to 'alice'.", "You joined room 'ops'."]);
        status
    }

    #[test]
    fn the_prompt_shows_what_the_server_said_and_not_what_was_asked_for() {
        let mut status = Status::new(Nick::new("alice").ok(), Room::new("ops").ok());
        assert_eq!(prompt(&status), "> ");
        hear(&mut status, &[WELCOME]);
        assert_eq!(prompt(&status), "[lobby] guest_1> ");
        hear(&mut status, &["Nickname 'alice' is already taken.", "You joined room 'ops'."]);
        assert_eq!(prompt(&status), "[ops] guest_1> ");
        hear(&mut status, &["[ops] bob: Nickname changed to 'fool'.", "You returned to the lobby."]);
        assert_eq!(prompt(&status), "[lobby] guest_1> ");
    }

    #[test]
    fn the_prompt_shows_the_progress_of_transfers() {
        let mut status = alice();
        status.progress = Some(42);
        assert_eq!(prompt(&status), "[ops ####......  42 %] alice> ");
        status.progress = None;
        assert_eq!(prompt(&status), "[ops] alice> ");
    }

    #[test]
    fn a_bar_has_a_fixed_width() {
        assert_eq!([bar(0), bar(37), bar(100)], ["..........   0 %", "###.......  37 %", "########## 100 %"]);
    }

    #[test]
    fn an_invalid_name_does_not_get_into_the_prompt() {
        let mut status = alice();
        hear(&mut status, &["Nickname changed to 'a b> '.", "You joined room '] x'."]);
        assert_eq!(prompt(&status), "[ops] alice> ");
    }

    #[test]
    fn nickname_and_room_are_restored_after_a_reconnection() {
        let mut status = alice();
        status.disconnected();
        status.reconnecting_in = Some(7);
        assert_eq!(prompt(&status), "[reconnecting in  7 s] alice> ");
        assert_eq!(status.connected(), "/nick alice\n/join ops\n");
        hear(&mut status, &[WELCOME]);
        assert_eq!(prompt(&status), "[lobby] guest_1> ");
        assert_eq!(status.connected(), "/nick alice\n/join ops\n", "a guest's name is not asked for");
    }

    #[test]
    fn a_client_that_was_logged_in_logs_in_again() {
        let mut status = alice();
        status.sending("/login bob correct-horse", Instant::now());
        hear(&mut status, &["Login successful.", "Nickname changed to 'bob'."]);
        status.disconnected();
        assert_eq!(status.connected(), "/login bob correct-horse\n/join ops\n");
        hear(&mut status, &["Nickname changed to 'rob'."]);
        assert_eq!(status.connected(), "/login bob correct-horse\n/nick rob\n/join ops\n");
    }

    #[test]
    fn after_a_reconnection_a_taken_nickname_is_asked_for_again_and_only_one_refusal_is_shown() {
        let (taken, mut now) = ("Nickname 'Alice' is already taken.", Instant::now());
        let mut status = alice();
        status.disconnected();
        assert!(status.hear(WELCOME, now));
        assert!(status.hear(taken, now), "the first refusal is shown");
        for _ in 0..MAX_RECLAIMS {
            assert!(status.patience(now).is_some_and(|patience| patience > SECOND / 4));
            assert_eq!(status.reclaim(now), None);
            now += 40 * SECOND;
            assert_eq!(status.reclaim(now).as_deref(), Some("/nick alice"));
            assert_eq!(status.reclaim(now), None, "one attempt at a time");
            assert!(!status.hear(taken, now), "later ones are not");
        }
        assert_eq!(status.patience(now), None, "it gives up");
        assert!(status.hear(taken, now), "an answer to the user is shown");
    }

    #[test]
    fn on_the_first_connection_a_taken_nickname_is_not_asked_for_again() {
        let mut status = Status::new(Nick::new("alice").ok(), None);
        hear(&mut status, &[WELCOME, "Nickname 'alice' is already taken."]);
        assert_eq!(status.patience(Instant::now()), None);
    }

    #[test]
    fn a_line_that_has_not_come_back_may_not_have_been_heard() {
        let mut status = alice();
        for line in ["too long", "one", "//two\x07", "/me waves", "three", "three"] {
            status.sending(line, Instant::now());
        }
        hear(
            &mut status,
            &["Message too long.", "[ops] alice: one", "[ops] bob: three", "[ops] alice: /two"],
        );
        hear(&mut status, &["[ops] alice: three"]);
        assert_eq!(status.disconnected(), ["three"]);
        assert_eq!(status.disconnected(), [""; 0]);
    }

    #[test]
    fn the_first_reason_to_end_counts() {
        let mut status = alice();
        hear(&mut status, &["Server shutting down."]);
        assert_eq!(status.ending, None);
        hear(&mut status, &["Server is full.", "Goodbye!"]);
        assert_eq!(status.ending, Some(Ending::Dismissed("Server is full.".to_owned())));
    }
}
