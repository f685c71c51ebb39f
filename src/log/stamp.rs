//! The time at the start of a line: `2026-11-21T09:05:07.123+01:00`.

use std::{
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A time as it is written in a time zone. Calendars are slow, and most lines have the same second as
/// the line before, so everything except the milliseconds is computed once a second.
pub(super) struct Stamp {
    zone: TimeZone,
    second: u64,
    millis: u32,
    /// The day in the time zone.
    pub(super) date: Date,
    /// The part up to the seconds.
    head: Vec<u8>,
    /// The part after the milliseconds.
    tail: Vec<u8>,
}

impl Stamp {
    pub(super) fn new(zone: TimeZone) -> Self {
        let mut stamp =
            Self { zone, second: 0, millis: 0, date: Date::ZERO, head: Vec::new(), tail: Vec::new() };
        stamp.read_calendar();
        stamp
    }

    pub(super) fn set(&mut self, at: SystemTime) {
        // A clock can be set to a time before 1970.
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.millis = since.subsec_millis();
        if self.second != since.as_secs() {
            self.second = since.as_secs();
            self.read_calendar();
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or(0);
        out.extend_from_slice(&[b'.', digit(self.millis / 100), digit(self.millis / 10), digit(self.millis)]);
        out.extend_from_slice(&self.tail);
    }

    fn read_calendar(&mut self) {
        // A clock can be set to a time that the calendar does not have.
        let at = i64::try_from(self.second).ok().and_then(|second| Timestamp::from_second(second).ok());
        let at = at.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        self.date = at.date();
        let (time, offset) = (at.time(), at.offset().seconds());
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        self.head.clear();
        self.tail.clear();
        let head =
            write!(self.head, "{}T{:02}:{:02}:{:02}", self.date, time.hour(), time.minute(), time.second());
        let tail = write!(self.tail, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        head.and(tail).expect("writing to memory does not fail");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(zone: TimeZone, millis: u64, expected: &str) {
        let mut stamp = Stamp::new(zone);
        stamp.set(UNIX_EPOCH + Duration::from_millis(millis));
        let mut written = Vec::new();
        stamp.write(&mut written);
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }

    #[test]
    fn a_time_is_written_in_iso_8601_with_the_offset_of_the_zone() {
        let east = || TimeZone::fixed(jiff::tz::offset(2));
        check(TimeZone::UTC, 0, "1970-01-01T00:00:00.000+00:00");
        check(TimeZone::UTC, 1_795_251_907_123, "2026-11-21T09:05:07.123+00:00");
        check(east(), 1_795_251_907_007, "2026-11-21T11:05:07.007+02:00");
        let newfoundland = jiff::tz::Offset::from_seconds(-(3 * 60 + 30) * 60).unwrap();
        check(TimeZone::fixed(newfoundland), 1_795_251_907_999, "2026-11-21T05:35:07.999-03:30");
    }

    #[test]
    fn a_clock_beyond_the_calendar_does_not_panic() {
        check(TimeZone::UTC, u64::MAX, "1970-01-01T00:00:00.615+00:00");
        let mut stamp = Stamp::new(TimeZone::UTC);
        stamp.set(UNIX_EPOCH - Duration::from_secs(5));
        assert_eq!(stamp.date.to_string(), "1970-01-01");
    }
}
