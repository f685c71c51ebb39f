//! What the client knows about itself and the chat, and only from what the server said: a command
//! that was sent has not succeeded yet.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{backoff::Backoff, view::View};
use crate::{
    command::{Verb, split_word},
    event::heard::Heard,
    names::{Nick, Room},
    text::clean,
};

/// What the client knows.
pub(super) struct Status {
    /// `None` before the server has said it.
    nick: Option<Nick>,
    room: Room,
    link: Link,
    wanted: Wanted,
    /// The questions that the server has not answered yet, in their order.
    asked: VecDeque<Asked>,
    /// What the user said and the server has not repeated yet, the newest first.
    unheard: VecDeque<String>,
    users: Known,
    rooms: Known,
    ending: Option<Ending>,
}

/// How things are between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Up,
    /// Down, with so many seconds until the next attempt.
    Down {
        seconds: u64,
    },
}

/// What shall be so again after a reconnection.
struct Wanted {
    nick: Option<Nick>,
    room: Option<Room>,
    reclaim: Option<Reclaim>,
    /// Whether this is not the first connection.
    is_return: bool,
}

/// Asking for the nickname again after a reconnection: the server may take a while to see that our
/// old connection, which still has it, is dead.
struct Reclaim {
    /// When to ask next.
    at: Instant,
    backoff: Backoff,
}

impl Reclaim {
    fn new(now: Instant) -> Self {
        let mut backoff = Backoff::default();
        Self { at: now + backoff.next_delay(), backoff }
    }

    fn is_going_on(&self) -> bool {
        self.backoff.attempts() <= MAX_RECLAIMS
    }
}

/// A question whose answer comes in its turn.
struct Asked {
    question: Question,
    at: Instant,
    /// Whether the user asked; else it was Tab, and nobody wants to see the answer.
    is_shown: bool,
}

/// What Tab asks the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `/users`
    Users,
    /// `/rooms`
    Rooms,
}

/// The newest answer to a question.
#[derive(Default)]
struct Known {
    names: Vec<String>,
    at: Option<Instant>,
}

/// Why the client ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The user wants it so.
    Quit,
    /// The server wants it so, and said why.
    CutOff(String),
    /// The thread that listens to the server is gone, which is a mistake in this program.
    Deaf,
}

/// How long an answer is good enough for Tab. Each question counts towards the rate that the server
/// allows, so an impatient finger must not ask more often.
const FRESH: Duration = Duration::from_secs(2);

/// When a hidden question counts as refused, so that it does not hide the answer to a later one.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// How often a nickname is asked for again: for about a minute.
const MAX_RECLAIMS: u32 = 6;

/// How many unheard lines are kept. More were not lost, but refused.
const MAX_UNHEARD: usize = 20;

impl Status {
    /// Before anything was heard; `nick` and `room` are to be taken up on arrival.
    pub(super) fn new(nick: Option<Nick>, room: Option<Room>) -> Self {
        Self {
            nick: None,
            room: Room::lobby(),
            link: Link::Up,
            wanted: Wanted { nick, room, reclaim: None, is_return: false },
            asked: VecDeque::new(),
            unheard: VecDeque::new(),
            users: Known::default(),
            rooms: Known::default(),
            ending: None,
        }
    }

    /// The connection is there: gives the lines that take up nickname and room.
    pub(super) fn connected(&self) -> String {
        super::greeting(self.wanted.nick, self.wanted.room)
    }

    /// The connection is gone. Gives what was said and may not have been heard.
    pub(super) fn disconnected(&mut self) -> Vec<String> {
        self.room = Room::lobby();
        self.wanted.is_return = true;
        self.wanted.reclaim = None;
        self.asked.clear();
        self.unheard.drain(..).rev().collect()
    }

    /// The next attempt to connect is in so many seconds.
    pub(super) fn waiting(&mut self, seconds: u64) {
        self.link = Link::Down { seconds };
    }

    /// Takes in a line from the server, and tells whether the user wants to see it.
    pub(super) fn hear(&mut self, line: &str, now: Instant) -> bool {
        match Heard::new(line) {
            Heard::YourNick(nick) => self.named(nick),
            Heard::NickTaken(nick) => return self.refused(nick, now),
            Heard::YourRoom(room) => self.moved(room),
            Heard::Users(names) => return self.answered(Question::Users, names.iter(), now),
            Heard::Rooms(names) => return self.answered(Question::Rooms, names.iter(), now),
            Heard::Said { from, text, .. } => self.said(from, text),
            Heard::Goodbye => self.end(Ending::Quit),
            Heard::CutOff => self.end(Ending::CutOff(line.to_owned())),
            _ => {}
        }
        true
    }

    /// Notes a line that is being sent for the user, because what comes of it will be for the user.
    pub(super) fn sending(&mut self, line: &str, now: Instant) {
        let command = line.strip_prefix('/').filter(|rest| !rest.starts_with('/'));
        let Some(command) = command else {
            self.unheard.truncate(MAX_UNHEARD - 1);
            self.unheard.push_front(clean(line.strip_prefix('/').unwrap_or(line)).into_owned());
            return;
        };
        let question = match Verb::find(split_word(command).0).map(|verb| verb.name) {
            Some("users") => Question::Users,
            Some("rooms") => Question::Rooms,
            _ => return,
        };
        self.asked.push_back(Asked { question, at: now, is_shown: true });
    }

    /// The line that asks on Tab's behalf; `None` when what is known is fresh, or asked already.
    pub(super) fn ask(&mut self, question: Question, now: Instant) -> Option<&'static str> {
        let is_fresh = |at: Option<Instant>| at.is_some_and(|at| now - at < FRESH);
        if is_fresh(self.known(question).at) || is_fresh(self.last_asked(question)) {
            return None;
        }
        self.asked.push_back(Asked { question, at: now, is_shown: false });
        Some(match question {
            Question::Users => "/users",
            Question::Rooms => "/rooms",
        })
    }

    /// Whether an answer to this question is still to come.
    pub(super) fn is_open(&self, question: Question) -> bool {
        self.asked.iter().any(|asked| asked.question == question)
    }

    /// The newest answer to a question, as far as there is one.
    pub(super) fn names(&self, question: Question) -> Vec<String> {
        self.known(question).names.clone()
    }

    /// How long the server may be silent before [`Status::reclaim`] has something to say.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        /// A socket takes a timeout of zero for a mistake.
        const SHORTEST: Duration = Duration::from_millis(1);
        let reclaim = self.wanted.reclaim.as_ref().filter(|reclaim| reclaim.is_going_on())?;
        Some(reclaim.at.saturating_duration_since(now).max(SHORTEST))
    }

    /// The line that asks for our nickname again, if it is time.
    pub(super) fn reclaim(&mut self, now: Instant) -> Option<String> {
        let reclaim = self.wanted.reclaim.as_mut().filter(|reclaim| reclaim.is_going_on())?;
        if now < reclaim.at {
            return None;
        }
        reclaim.at = now + reclaim.backoff.next_delay();
        self.wanted.nick.map(|nick| format!("/nick {nick}"))
    }

    /// The prompt, which never says what the server has not said.
    pub(super) fn prompt(&self, view: View) -> String {
        let nick = self.nick.as_ref().map_or("", Nick::as_str);
        match self.link {
            // Always the same width, so that the countdown need not disturb the editor.
            Link::Down { seconds } => view.prompt(&format!("reconnecting in {seconds:>2} s"), nick),
            Link::Up if nick.is_empty() => "> ".to_owned(),
            Link::Up => view.prompt(self.room.as_str(), nick),
        }
    }

    /// Whose name is to be highlighted.
    pub(super) fn nick(&self) -> Option<Nick> {
        self.nick
    }

    /// Ends the client; the first reason counts.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Why the client ends, if it does.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    fn named(&mut self, nick: &str) {
        // Only a name that follows the rule gets into the prompt: the server may be anybody.
        let Ok(nick) = Nick::new(nick) else { return };
        self.nick = Some(nick);
        self.link = Link::Up;
        if !nick.is_reserved() {
            self.wanted.nick = Some(nick);
            self.wanted.reclaim = None;
        }
    }

    fn moved(&mut self, room: &str) {
        let Ok(room) = Room::new(room) else { return };
        self.room = room;
        self.wanted.room = Some(room);
        // Whoever was known was somewhere else.
        self.users = Known::default();
    }

    fn refused(&mut self, nick: &str, now: Instant) -> bool {
        let is_ours = self.wanted.nick.is_some_and(|wanted| wanted.as_str().eq_ignore_ascii_case(nick));
        if !is_ours || !self.wanted.is_return {
            return true;
        }
        let is_first = self.wanted.reclaim.is_none();
        self.wanted.reclaim.get_or_insert_with(|| Reclaim::new(now));
        is_first
    }

    /// Our own lines come back in their order: those before this one were refused.
    fn said(&mut self, from: &str, text: &str) {
        let is_ours = self.nick.is_some_and(|nick| nick.as_str().eq_ignore_ascii_case(from));
        // The oldest of them: the newest is in front.
        let heard = self.unheard.iter().rposition(|unheard| unheard == text);
        if let Some(heard) = heard.filter(|_| is_ours) {
            self.unheard.truncate(heard);
        }
    }

    fn answered<'a>(
        &mut self,
        question: Question,
        names: impl Iterator<Item = &'a str>,
        now: Instant,
    ) -> bool {
        *self.known_mut(question) = Known { names: names.map(str::to_owned).collect(), at: Some(now) };
        self.asked.retain(|asked| asked.is_shown || now - asked.at < FORGOTTEN);
        let turn = self.asked.iter().position(|asked| asked.question == question);
        turn.and_then(|turn| self.asked.remove(turn)).is_none_or(|asked| asked.is_shown)
    }

    fn last_asked(&self, question: Question) -> Option<Instant> {
        self.asked.iter().rfind(|asked| asked.question == question).map(|asked| asked.at)
    }

    fn known(&self, question: Question) -> &Known {
        match question {
            Question::Users => &self.users,
            Question::Rooms => &self.rooms,
        }
    }

    fn known_mut(&mut self, question: Question) -> &mut Known {
        match question {
            Question::Users => &mut self.users,
            Question::Rooms => &mut self.rooms,
        }
    }
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
    fn the_prompt_says_what_the_server_said_and_not_what_was_asked_for() {
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
    fn a_name_that_breaks_the_rule_does_not_get_into_the_prompt() {
        let mut status = alice();
        hear(&mut status, &["Nickname changed to 'a b> '.", "You joined room '] x'."]);
        assert_eq!(prompt(&status), "[ops] alice> ");
    }

    #[test]
    fn nickname_and_room_are_taken_up_again() {
        let mut status = alice();
        status.disconnected();
        status.waiting(7);
        assert_eq!(prompt(&status), "[reconnecting in  7 s] alice> ");
        assert_eq!(status.connected(), "/nick alice\n/join ops\n");
        hear(&mut status, &[WELCOME]);
        assert_eq!(prompt(&status), "[lobby] guest_1> ");
        assert_eq!(status.connected(), "/nick alice\n/join ops\n", "a guest's name is nobody's wish");
    }

    #[test]
    fn after_a_reconnection_a_taken_nickname_is_asked_for_again_without_many_words() {
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
    }

    #[test]
    fn on_the_first_connection_a_taken_nickname_is_the_users_business() {
        let mut status = Status::new(Nick::new("alice").ok(), None);
        hear(&mut status, &[WELCOME, "Nickname 'alice' is already taken."]);
        assert_eq!(status.patience(Instant::now()), None);
    }

    #[test]
    fn what_tab_asks_is_hidden_and_what_the_user_asks_is_shown() {
        let (mut status, now) = (alice(), Instant::now());
        status.sending("/Users", now);
        assert_eq!(status.ask(Question::Rooms, now), Some("/rooms"));
        status.sending("/rooms", now);
        assert!(status.hear("Users in ops: alice, bob", now));
        assert!(!status.hear("Active rooms: lobby, ops", now));
        assert!(!status.is_open(Question::Users) && status.is_open(Question::Rooms));
        assert!(status.hear("Active rooms: lobby", now));
        assert_eq!(status.names(Question::Rooms), ["lobby"]);
        assert_eq!(status.names(Question::Users), ["alice", "bob"]);
    }

    #[test]
    fn tab_asks_again_only_when_the_answer_is_stale() {
        let (mut status, now) = (alice(), Instant::now());
        assert!(status.ask(Question::Users, now).is_some());
        assert!(status.ask(Question::Users, now).is_none());
        status.hear("Users in ops: alice", now);
        assert!(status.ask(Question::Users, now + FRESH / 2).is_none());
        assert!(status.ask(Question::Users, now + FRESH).is_some());
    }

    #[test]
    fn a_question_that_was_never_answered_hides_nothing_later() {
        let (mut status, now) = (alice(), Instant::now());
        assert!(status.ask(Question::Users, now).is_some());
        status.sending("/users", now + FORGOTTEN);
        assert!(status.hear("Users in ops: alice", now + FORGOTTEN));
    }

    #[test]
    fn what_the_server_has_not_repeated_may_not_have_been_heard() {
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
        assert_eq!(status.ending(), None);
        hear(&mut status, &["Server is full.", "Goodbye!"]);
        assert_eq!(status.ending(), Some(&Ending::CutOff("Server is full.".to_owned())));
    }
}
