//! A room's history, as it is shown to a client that joins or asks.

use std::{fmt, time::SystemTime};

use jiff::{Timestamp, tz::TimeZone};

use super::watched::Count;
use crate::{
    clock,
    names::Room,
    record::{Line, Manner},
    text::Text,
};

pub(super) fn history(f: &mut fmt::Formatter<'_>, room: &Room, lines: &[Line]) -> fmt::Result {
    if lines.is_empty() {
        return write!(f, "'{room}' has no history.");
    }
    write!(f, "Last {} messages in '{room}':", lines.len())?;
    list(f, room, lines)
}

pub(super) fn matches(f: &mut fmt::Formatter<'_>, room: &Room, text: &Text, lines: &[Line]) -> fmt::Result {
    if lines.is_empty() {
        return write!(f, "No message in '{room}' contains '{text}'.");
    }
    write!(f, "Last {} in '{room}' with '{text}':", Count(lines.len() as u64, "message"))?;
    list(f, room, lines)
}

fn list(f: &mut fmt::Formatter<'_>, room: &Room, lines: &[Line]) -> fmt::Result {
    for Line { seq: _, at, from, text, manner } in lines {
        let at = Minute(*at, clock::zone());
        match manner {
            Manner::Said => write!(f, "\n{at} [{room}] {from}: {text}")?,
            Manner::Acted => write!(f, "\n{at} [{room}] * {from} {text}")?,
        }
    }
    Ok(())
}

/// A time of day to the minute, in a time zone: `2026-11-21 09:05`.
pub(super) struct Minute<'a>(pub(super) SystemTime, pub(super) &'a TimeZone);

impl fmt::Display for Minute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The system clock can be set to a time that the calendar does not cover.
        let at = Timestamp::try_from(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = at.to_zoned(self.1.clone());
        write!(f, "{:04}-{:02}-{:02} {:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn history_shows_times_to_the_minute() {
        let minute = |seconds| Minute(UNIX_EPOCH + Duration::from_secs(seconds), &TimeZone::UTC).to_string();
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(minute(1_795_251_959), "2026-11-21 09:05");
    }

    #[test]
    fn a_time_beyond_the_calendar_does_not_panic() {
        let far = UNIX_EPOCH + Duration::from_secs(1 << 60);
        assert_eq!(Minute(far, &TimeZone::UTC).to_string(), "1970-01-01 00:00");
    }
}
