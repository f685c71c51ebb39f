//! The bot that reminds users of things.

use std::time::{Duration, Instant};

use crate::{bots::Bot, chat::words};

const USAGE: &str = "Usage: !remind <time> <text>, as in !remind 5m tea. A time has a unit: s, m, h or d.";

/// The longest time, in seconds: a week. The longest text, in bytes.
const LONGEST: u64 = 7 * 24 * 60 * 60;
const LONGEST_TEXT: usize = 300;

/// The most reminders of one user, and of all.
const MOST_OF_ONE: usize = 10;
const MOST: usize = 500;

#[derive(Default)]
pub(crate) struct Reminder {
    reminders: Vec<Planned>,
}

struct Planned {
    user: String,
    text: String,
    /// `None`: it was whispered and has not arrived. It waits for the user to come back.
    at: Option<Instant>,
}

impl Reminder {
    fn plan(&mut self, from: &str, rest: &str) -> String {
        let (time, text) = words(rest);
        let Some(seconds) = seconds(time).filter(|_| !text.is_empty()) else { return USAGE.into() };
        let theirs = self.reminders.iter().filter(|planned| planned.user == from).count();
        if seconds > LONGEST || text.len() > LONGEST_TEXT {
            return "I can remind you of 300 bytes within 7 days.".into();
        }
        if theirs >= MOST_OF_ONE || self.reminders.len() >= MOST {
            return "There are too many reminders already.".into();
        }
        let at = Some(Instant::now() + Duration::from_secs(seconds));
        self.reminders.push(Planned { user: from.into(), text: text.into(), at });
        format!("I will remind you in {time}.")
    }
}

/// A time such as `90s` or `5m`. One that cannot be counted is as long as can be.
fn seconds(time: &str) -> Option<u64> {
    let unit = match time.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number = &time[..time.len() - 1];
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit))
        .filter(|&seconds| seconds > 0)
}

impl Bot for Reminder {
    fn purpose(&self) -> &'static str {
        "I remind you of things. Say !remind 5m tea."
    }

    fn on_message(&mut self, from: &str, text: &str) -> Option<String> {
        let (command, rest) = words(text);
        command.eq_ignore_ascii_case("!remind").then(|| format!("{from}: {}", self.plan(from, rest)))
    }

    fn on_join(&mut self, who: &str) {
        for planned in self.reminders.iter_mut().filter(|planned| planned.at.is_none()) {
            if planned.user.eq_ignore_ascii_case(who) {
                planned.at = Some(Instant::now());
            }
        }
    }

    /// The server says what has become of a whisper.
    fn on_line(&mut self, line: &str) {
        if let Some((user, text)) =
            line.strip_prefix("[Whisper to ").and_then(|rest| rest.split_once("]: Reminder: "))
        {
            let is_this = |planned: &Planned| {
                planned.at.is_none() && planned.user.eq_ignore_ascii_case(user) && planned.text == text
            };
            if let Some(at) = self.reminders.iter().position(is_this) {
                self.reminders.remove(at);
            }
        }
    }

    fn on_time(&mut self) -> Option<String> {
        let now = Instant::now();
        let due = self.reminders.iter_mut().filter(|planned| planned.at.is_some_and(|at| at <= now));
        let planned = due.min_by_key(|planned| planned.at)?;
        planned.at = None;
        Some(format!("/whisper {} Reminder: {}", planned.user, planned.text))
    }
}
