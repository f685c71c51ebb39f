//! The bot that reminds users of things: `!remind 5m tea`.
//!
//! It whispers, because a whisper finds its user in any room, and what was whispered to it stays between the two. If the
//! user is not connected then, the reminder waits. It comes when the user comes back into the bot's room, or else a few
//! minutes after the user has come back at all. Reminders are kept in memory only.

use std::time::{Duration, Instant};

use super::{Bot, Delivery, Reply, Said};
use crate::names::Nick;

/// The longest time.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most reminders of one user, and of all users. Each has a text of [`LONGEST_TEXT`] bytes at most.
const MOST_OF_ONE: usize = 10;
const MOST: usize = 500;
const LONGEST_TEXT: usize = 300;

/// How often a user who was not there is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// How long a reminder waits if the bot may not whisper.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// How long a reminder waits for a user who is not there.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const USAGE: &str = "Usage: !remind <time> <text>, as in !remind 5m tea. A time has a unit: s, m, h or d.";

#[derive(Default)]
pub(super) struct Reminder {
    /// The first one is whispered first when several are due.
    reminders: Vec<Planned>,
}

struct Planned {
    user: Nick,
    text: String,
    /// When to say it, and when to give it up.
    at: Instant,
    until: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its time has not come, or it could not be said.
    Planned,
    /// It was whispered, and it is not known yet whether it has arrived.
    UnderWay,
    /// Its user was not there.
    Late,
}

impl Reminder {
    fn plan(&mut self, said: &Said<'_>, rest: &str, now: Instant) -> String {
        let (typed, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let text = text.trim();
        let Some(time) = time(typed).filter(|_| !text.is_empty()) else { return USAGE.to_owned() };
        let theirs = self.reminders.iter().filter(|planned| planned.user == said.from).count();
        if time > LONGEST {
            return "I can remind you within 7 days, and not later.".to_owned();
        }
        if text.len() > LONGEST_TEXT {
            return format!("A reminder can have {LONGEST_TEXT} bytes at most.");
        }
        if theirs >= MOST_OF_ONE {
            return format!("You already have {MOST_OF_ONE} reminders.");
        }
        if self.reminders.len() >= MOST {
            return "I have too many reminders already. Try again later.".to_owned();
        }
        let (user, text, at) = (said.from, text.to_owned(), now + time);
        self.reminders.push(Planned { user, text, at, until: at + KEPT, state: State::Planned });
        format!("I will remind you in {}.", typed.to_lowercase())
    }
}

/// A time such as `90s`, `5m` or `1h30m`. One that is too long to count is the longest there is.
fn time(typed: &str) -> Option<Duration> {
    let (mut seconds, mut rest) = (0_u64, typed);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let unit = match after.chars().next()?.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        if number.is_empty() {
            return None;
        }
        let number = number.parse::<u64>().unwrap_or(u64::MAX);
        seconds = seconds.saturating_add(number.saturating_mul(unit));
        rest = &after[1..];
    }
    (seconds > 0).then_some(Duration::from_secs(seconds))
}

impl Bot for Reminder {
    fn on_message(&mut self, said: &Said<'_>, now: Instant) -> Option<Reply> {
        let (command, rest) = said.command()?;
        match command.as_str() {
            "remind" | "reminder" | "remindme" => Some(said.answer(self.plan(said, rest, now))),
            _ => None,
        }
    }

    fn on_join(&mut self, who: Nick, now: Instant) {
        let is_late = |planned: &&mut Planned| planned.user == who && planned.state == State::Late;
        self.reminders.iter_mut().filter(is_late).for_each(|planned| planned.at = now);
    }

    fn on_rename(&mut self, old: Nick, new: Nick) {
        for planned in self.reminders.iter_mut().filter(|planned| planned.user == old) {
            planned.user = new;
        }
    }

    fn due(&self) -> Option<Instant> {
        self.reminders
            .iter()
            .filter(|planned| planned.state != State::UnderWay)
            .map(|planned| planned.at)
            .min()
    }

    fn on_time(&mut self, now: Instant) -> Option<Reply> {
        let due =
            self.reminders.iter_mut().filter(|planned| planned.at <= now && planned.state != State::UnderWay);
        let planned = due.min_by_key(|planned| planned.at)?;
        planned.state = State::UnderWay;
        Some(Reply::Whisper(planned.user, format!("Reminder: {}", planned.text)))
    }

    fn on_whispered(&mut self, _to: Nick, delivery: Delivery, now: Instant) {
        let Some(at) = self.reminders.iter().position(|planned| planned.state == State::UnderWay) else {
            return;
        };
        let planned = &mut self.reminders[at];
        (planned.state, planned.at) = match delivery {
            Delivery::Absent => (State::Late, now + LOOK_AGAIN),
            Delivery::Told | Delivery::Refused => (State::Planned, now + TRY_AGAIN),
        };
        if delivery == Delivery::Told || planned.until <= now {
            self.reminders.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn nick(name: &str) -> Nick {
        Nick::new(name).unwrap()
    }

    fn hears(bot: &mut Reminder, from: &str, text: &str, now: Instant) -> String {
        match bot.on_message(&Said { from: nick(from), text, is_whisper: false }, now) {
            Some(Reply::Aloud(text)) => text,
            Some(whisper) => panic!("{whisper:?}"),
            None => String::new(),
        }
    }

    /// What it says on its own; empty if that is nothing.
    fn says(bot: &mut Reminder, now: Instant) -> String {
        match bot.on_time(now) {
            Some(Reply::Whisper(to, text)) => format!("{to} {text}"),
            Some(aloud) => panic!("{aloud:?}"),
            None => String::new(),
        }
    }

    #[test]
    fn a_reminder_comes_once_and_in_time() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        assert_eq!(
            hears(&mut bot, "alice", "!remind 5M  tea  for two", now),
            "alice: I will remind you in 5m."
        );
        assert_eq!(
            (bot.due(), says(&mut bot, now + 299 * SECOND)),
            (Some(now + 300 * SECOND), String::new())
        );
        let then = now + 300 * SECOND;
        assert_eq!(says(&mut bot, then), "alice Reminder: tea  for two");
        assert_eq!((bot.due(), says(&mut bot, then)), (None, String::new()), "it is under way");
        bot.on_whispered(nick("alice"), Delivery::Told, then);
        assert_eq!((bot.due(), says(&mut bot, then + LONGEST)), (None, String::new()));
    }

    #[test]
    fn reminders_come_in_the_order_of_their_times() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        for (from, text) in
            [("alice", "!remind 3s third"), ("bob", "!remind 1s first"), ("alice", "!remind 2s second")]
        {
            hears(&mut bot, from, text, now);
        }
        for due in ["bob Reminder: first", "alice Reminder: second", "alice Reminder: third"] {
            assert_eq!(says(&mut bot, now + 9 * SECOND), due);
            bot.on_whispered(nick("alice"), Delivery::Told, now + 9 * SECOND);
        }
    }

    #[test]
    fn a_request_that_was_whispered_is_answered_in_a_whisper() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        let said = Said { from: nick("bob"), text: "!remind 1s x", is_whisper: true };
        let answer = Reply::Whisper(nick("bob"), "I will remind you in 1s.".to_owned());
        assert_eq!(bot.on_message(&said, now), Some(answer));
    }

    #[test]
    fn a_reminder_waits_for_a_user_who_has_left() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        hears(&mut bot, "alice", "!remind 1s tea", now);
        let then = now + SECOND;
        says(&mut bot, then);
        bot.on_whispered(nick("alice"), Delivery::Absent, then);
        assert_eq!(bot.due(), Some(then + LOOK_AGAIN), "alice may come back to another room");
        bot.on_join(nick("bob"), then + SECOND);
        assert_eq!(says(&mut bot, then + SECOND), "");
        bot.on_join(nick("ALICE"), then + 2 * SECOND);
        assert_eq!(says(&mut bot, then + 2 * SECOND), "alice Reminder: tea");
    }

    #[test]
    fn a_user_who_comes_back_early_is_not_reminded_early() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        hears(&mut bot, "alice", "!remind 9s tea", now);
        bot.on_join(nick("alice"), now + SECOND);
        assert_eq!((bot.due(), says(&mut bot, now + SECOND)), (Some(now + 9 * SECOND), String::new()));
    }

    #[test]
    fn a_reminder_of_a_user_who_never_comes_back_is_given_up() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        hears(&mut bot, "alice", "!remind 1s tea", now);
        let mut looked = 0;
        while let Some(due) = bot.due() {
            assert_ne!(says(&mut bot, due), "");
            bot.on_whispered(nick("alice"), Delivery::Absent, due);
            looked += 1;
        }
        assert_eq!(looked, 2 + KEPT.as_secs() / LOOK_AGAIN.as_secs() - 1);
    }

    #[test]
    fn a_reminder_follows_its_user_to_another_nickname() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        hears(&mut bot, "alice", "!remind 1s tea", now);
        bot.on_rename(nick("Alice"), nick("zoe"));
        assert_eq!(says(&mut bot, now + SECOND), "zoe Reminder: tea");
    }

    #[test]
    fn a_whisper_that_was_refused_is_tried_again() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        hears(&mut bot, "alice", "!remind 1s tea", now);
        says(&mut bot, now + SECOND);
        bot.on_whispered(nick("alice"), Delivery::Refused, now + SECOND);
        assert_eq!(bot.due(), Some(now + SECOND + TRY_AGAIN));
    }

    #[test]
    fn times_are_read_in_many_ways_and_never_overflow() {
        let seconds = |typed: &str| time(typed).map(|time| time.as_secs());
        assert_eq!(
            [seconds("90s"), seconds("5m"), seconds("2H"), seconds("1d")],
            [90, 300, 7200, 86400].map(Some)
        );
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("999999999999d"), Some(999_999_999_999 * 86400));
        assert_eq!(seconds(&format!("{}s", "9".repeat(100))), Some(u64::MAX));
        for wrong in ["", "5", "m", "0s", "5x", "-5m", "5 m", "1.5h", "５m", "5m6", "5mm", "5µs", "m5"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hostile_questions_are_answered_and_take_a_bounded_room() {
        let (mut bot, now) = (Reminder::default(), Instant::now());
        let mut asks = |from: &str, text: &str| hears(&mut bot, from, text, now);
        for text in [
            "!remind",
            "!remind ",
            "!remind 5m",
            "!remind 5m  ",
            "!remind x y",
            "!remind 0s x",
            "!remind ５m x",
        ] {
            assert_eq!(asks("eve", text), format!("eve: {USAGE}"), "{text}");
        }
        assert_eq!(
            asks("eve", "!remind 999999999999d x"),
            "eve: I can remind you within 7 days, and not later."
        );
        assert_eq!(asks("eve", "!remind 604801s x"), "eve: I can remind you within 7 days, and not later.");
        let long = "é".repeat(151);
        assert_eq!(asks("eve", &format!("!remind 1s {long}")), "eve: A reminder can have 300 bytes at most.");
        for other in ["remind 5m x", "!reminders", "!trivia", "! remind 5m x", "hello", "5m"] {
            assert_eq!(asks("eve", other), "", "{other}");
        }
        for n in 0..10_000 {
            asks(&format!("eve{}", n / 100), "!remind 7d x");
        }
        assert_eq!(asks("eve0", "!remind 7d x"), "eve0: You already have 10 reminders.");
        assert_eq!(asks("zoe", "!remind 7d x"), "zoe: I have too many reminders already. Try again later.");
        assert_eq!(bot.reminders.len(), MOST);
    }
}
