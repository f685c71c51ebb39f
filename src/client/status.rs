//! What the client knows about itself and the chat, all of it from what the server has said.

use std::{mem, time::Instant};

use super::{
    backoff::Backoff,
    presence::movement,
    questions::{Question, Questions},
    secret::Login,
};
use crate::{
    event::heard::Heard,
    names::{Nick, Room},
};

pub(super) struct Status {
    /// `None` until the server has said it.
    pub(super) nick: Option<Nick>,
    pub(super) room: Room,
    /// How many users are in the room, as far as is known.
    pub(super) here: Option<usize>,
    /// The room's topic, if it has one.
    pub(super) topic: Option<String>,
    /// Whether the client itself, and not its user, has asked for the topic.
    pub(super) asks_topic: bool,
    wanted: Wanted,
    /// What Tab has asked the server.
    pub(super) questions: Questions,
    /// Why the client ends, or `None` while it goes on.
    pub(super) ending: Option<Ending>,
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
}

/// How many times a nickname is asked for again. This takes about a minute.
const MAX_RECLAIMS: u32 = 6;

impl Status {
    /// The state before the first line. `nick` and `room` are asked for on arrival.
    pub(super) fn new(nick: Option<Nick>, room: Option<Room>) -> Self {
        Self {
            nick: None,
            room: Room::lobby(),
            here: None,
            topic: None,
            asks_topic: false,
            wanted: Wanted { nick, room, reclaim: None, login: Login::default(), is_return: false },
            questions: Questions::default(),
            ending: None,
        }
    }

    /// Notes a new connection. Returns the lines that ask for account, nickname and room.
    pub(super) fn connected(&self) -> String {
        let Wanted { nick, room, login, .. } = &self.wanted;
        let Some((account, log_in)) = login.again() else { return super::greeting(*nick, *room) };
        let nick = nick.filter(|nick| *nick != account);
        log_in + &super::greeting(nick, *room)
    }

    /// Notes that the connection is gone.
    pub(super) fn disconnected(&mut self) {
        self.room = Room::lobby();
        (self.here, self.topic) = (None, None);
        self.wanted.is_return = true;
        self.wanted.reclaim = None;
        self.questions.forget();
    }

    /// Notes a line from the server. Returns whether to show it to the user.
    pub(super) fn hear(&mut self, line: &str, heard: &Heard<'_>, now: Instant) -> bool {
        self.wanted.login.hear(heard);
        match *heard {
            Heard::YourNick(nick) => self.named(nick),
            Heard::NickTaken(nick) => return self.refused(nick, now),
            Heard::YourRoom(room) => self.moved(room),
            Heard::Users(names) => {
                self.here = Some(names.count());
                return self.questions.answered(Question::Users, names.iter(), now);
            }
            Heard::Rooms(names) => return self.questions.answered(Question::Rooms, names.iter(), now),
            Heard::Topic(topic) => {
                self.topic = (!topic.is_empty()).then(|| topic.to_owned());
                // The user did not ask, so the client does not say that there is none.
                return !mem::take(&mut self.asks_topic) || self.topic.is_some();
            }
            Heard::Goodbye => self.end(Ending::Quit),
            Heard::Dismissed => self.end(Ending::Dismissed(line.to_owned())),
            _ => self.count(line),
        }
        true
    }

    /// Whether the user has asked for a nickname.
    pub(super) fn wants_nick(&self) -> bool {
        self.wanted.nick.is_some()
    }

    /// Whether the server has said a line of ours.
    pub(super) fn is_own(&self, heard: &Heard<'_>) -> bool {
        match heard {
            Heard::Said { from, .. } | Heard::Acted { from, .. } => {
                self.nick.is_some_and(|nick| nick.as_str().eq_ignore_ascii_case(from))
            }
            Heard::WhisperTo { .. } => true,
            _ => false,
        }
    }

    /// Notes a line that the user sends, so that its answer is shown.
    pub(super) fn sending(&mut self, line: &str, now: Instant) {
        self.wanted.login.sending(line, self.nick);
        self.questions.asked_by_user(line, now);
    }

    /// Keeps count of the users in the room.
    fn count(&mut self, line: &str) {
        if let (Some((_, comes)), Some(here)) = (movement(line), &mut self.here) {
            *here = if comes { *here + 1 } else { here.saturating_sub(1).max(1) };
        }
    }

    /// Whether [`Status::reclaim`] must be called from time to time.
    pub(super) fn is_reclaiming(&self) -> bool {
        self.wanted.reclaim.as_ref().is_some_and(Reclaim::is_going_on)
    }

    /// The line that asks for our nickname again, if that is due.
    pub(super) fn reclaim(&mut self, now: Instant) -> Option<String> {
        let is_due = |reclaim: &&mut Reclaim| reclaim.is_going_on() && reclaim.at <= now;
        let reclaim = self.wanted.reclaim.as_mut().filter(is_due)?;
        reclaim.at = now + reclaim.backoff.next_delay();
        reclaim.is_asked = true;
        self.wanted.nick.map(|nick| format!("/nick {nick}"))
    }

    /// Ends the client; the first reason counts.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn named(&mut self, nick: &str) {
        // Only a valid name gets into the prompt, because the server is not trusted.
        let Ok(nick) = Nick::new(nick) else { return };
        self.nick = Some(nick);
        if !nick.is_reserved() {
            self.wanted.nick = Some(nick);
            self.wanted.reclaim = None;
        }
    }

    fn moved(&mut self, room: &str) {
        let Ok(room) = Room::new(room) else { return };
        self.room = room;
        (self.here, self.topic) = (None, None);
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
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WELCOME: &str = "Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.";
    const SECOND: Duration = Duration::from_secs(1);

    /// The room and the nickname.
    fn place(status: &Status) -> String {
        format!("{} {}", status.room, status.nick.map(|nick| nick.to_string()).unwrap_or_default())
    }

    fn hear(status: &mut Status, lines: &[&str]) {
        for line in lines {
            assert!(shows(status, line, Instant::now()), "{line} is hidden");
        }
    }

    fn shows(status: &mut Status, line: &str, now: Instant) -> bool {
        status.hear(line, &Heard::new(line), now)
    }

    fn alice() -> Status {
        let mut status = Status::new(None, None);
        hear(&mut status, &[WELCOME, "Nickname changed to 'alice'.", "You joined room 'ops'."]);
        status
    }

    #[test]
    fn the_client_believes_what_the_server_said_and_not_what_was_asked_for() {
        let mut status = Status::new(Nick::new("alice").ok(), Room::new("ops").ok());
        assert_eq!(place(&status), "lobby ");
        hear(&mut status, &[WELCOME]);
        assert_eq!(place(&status), "lobby guest_1");
        hear(&mut status, &["Nickname 'alice' is already taken.", "You joined room 'ops'."]);
        assert_eq!(place(&status), "ops guest_1");
        hear(&mut status, &["[ops] bob: Nickname changed to 'fool'.", "You returned to the lobby."]);
        assert_eq!(place(&status), "lobby guest_1");
    }

    #[test]
    fn an_invalid_name_does_not_get_into_the_prompt() {
        let mut status = alice();
        hear(&mut status, &["Nickname changed to 'a b> '.", "You joined room '] x'."]);
        assert_eq!(place(&status), "ops alice");
    }

    #[test]
    fn nickname_and_room_are_restored_after_a_reconnection() {
        let mut status = alice();
        status.disconnected();
        assert_eq!(status.connected(), "/nick alice\n/join ops\n");
        hear(&mut status, &[WELCOME]);
        assert_eq!(place(&status), "lobby guest_1");
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
        assert!(shows(&mut status, WELCOME, now));
        assert!(shows(&mut status, taken, now), "the first refusal is shown");
        for _ in 0..MAX_RECLAIMS {
            assert!(status.is_reclaiming());
            assert_eq!(status.reclaim(now), None);
            now += 40 * SECOND;
            assert_eq!(status.reclaim(now).as_deref(), Some("/nick alice"));
            assert_eq!(status.reclaim(now), None, "one attempt at a time");
            assert!(!shows(&mut status, taken, now), "later ones are not");
        }
        assert!(!status.is_reclaiming(), "it gives up");
        assert!(shows(&mut status, taken, now), "an answer to the user is shown");
    }

    #[test]
    fn on_the_first_connection_a_taken_nickname_is_not_asked_for_again() {
        let mut status = Status::new(Nick::new("alice").ok(), None);
        hear(&mut status, &[WELCOME, "Nickname 'alice' is already taken."]);
        assert!(!status.is_reclaiming());
    }

    #[test]
    fn after_any_number_of_restarts_the_account_is_still_known() {
        let mut status = alice();
        status.sending("/login bob correct-horse", Instant::now());
        hear(&mut status, &["Login successful.", "Nickname changed to 'bob'."]);
        for _ in 0..3 {
            status.disconnected();
            assert_eq!(status.connected(), "/login bob correct-horse\n/join ops\n");
            hear(
                &mut status,
                &[WELCOME, "Login successful.", "Nickname changed to 'bob'.", "You joined room 'ops'."],
            );
        }
    }

    #[test]
    fn the_users_in_the_room_are_counted() {
        let mut status = alice();
        status.questions.asked_by_user("/users", Instant::now());
        hear(&mut status, &["Users in ops: alice, bob, carol and 7 more", "dave has joined the room."]);
        assert_eq!(status.here, Some(11));
        hear(&mut status, &["bob has left the chat.", "[ops] bob: eve has left the room."]);
        assert_eq!(status.here, Some(10));
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
