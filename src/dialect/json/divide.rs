//! Divides an object that is too long for its wire into several objects of the same type.

use std::ops::Range;

/// Divides a unit, which is one object as [`encode`](super::encode()) writes it, into objects of at most
/// `longest` bytes.
///
/// Its longest values are divided: strings between characters, and lists between items. Put together in order,
/// the parts are the whole value. All other fields are repeated in each object. A value that ends before another
/// is empty in the objects that follow. If `longest` leaves no room for any part, each object is longer than that,
/// by one character or item.
pub fn divide(unit: &[u8], longest: usize) -> Vec<Vec<u8>> {
    let mut values = if unit.len() > longest { values(unit) } else { Vec::new() };
    let room = keep_longest(&mut values, unit.len(), longest);
    if values.is_empty() {
        return vec![unit.to_vec()];
    }
    let mut objects = Vec::new();
    while values.iter().any(|value| !value.rest.is_empty()) {
        objects.push(next_object(unit, &mut values, room));
    }
    objects
}

/// What can be divided: the bytes between the quotes of a string, or between the brackets of a list.
struct Value {
    kind: Kind,
    /// Where it is in the unit, and the part that is in no object yet.
    whole: Range<usize>,
    rest: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Characters,
    Items,
}

/// The strings and lists of an object, in order.
fn values(unit: &[u8]) -> Vec<Value> {
    let (mut values, mut at) = (Vec::new(), 1);
    while at < unit.len() {
        let (kind, end) = match unit[at] {
            b'"' if unit[at - 1] == b':' => (Some(Kind::Characters), end_of_string(unit, at + 1)),
            b'"' => (None, end_of_string(unit, at + 1)),
            b'[' => (Some(Kind::Items), end_of_items(unit, at + 1, |_| false)),
            b'{' => (None, end_of_items(unit, at + 1, |_| false)),
            _ => (None, at),
        };
        if let Some(kind) = kind {
            let whole = at + 1..end.min(unit.len());
            values.push(Value { kind, rest: whole.clone(), whole });
        }
        at = end + 1;
    }
    values
}

/// Keeps the values to divide: only as many of the longest as are needed so that the fields that are repeated
/// fill at most half of an object. Returns the room for the parts of values in each object.
fn keep_longest(values: &mut Vec<Value>, length: usize, longest: usize) -> usize {
    let mut lengths: Vec<_> = values.iter().map(|value| value.whole.len()).collect();
    lengths.sort_unstable_by(|one, other| other.cmp(one));
    let (mut stays, mut shortest) = (length, usize::MAX);
    for long in lengths.into_iter().filter(|&length| length > 0) {
        if stays <= longest / 2 {
            break;
        }
        (stays, shortest) = (stays - long, long);
    }
    values.retain(|value| value.whole.len() >= shortest);
    let divided: usize = values.iter().map(|value| value.whole.len()).sum();
    longest.saturating_sub(length - divided)
}

/// The unit with the next part of each value in its place.
fn next_object(unit: &[u8], values: &mut [Value], mut room: usize) -> Vec<u8> {
    let mut unfinished = values.iter().filter(|value| !value.rest.is_empty()).count();
    let (mut object, mut copied, mut has_moved) = (Vec::new(), 0, false);
    for value in values {
        object.extend_from_slice(&unit[copied..value.whole.start]);
        copied = value.whole.end;
        if value.rest.is_empty() {
            continue;
        }
        let must_move = unfinished == 1 && !has_moved;
        let part = value.take(unit, room / unfinished, must_move);
        (room, unfinished) = (room.saturating_sub(part.len()), unfinished - 1);
        has_moved |= !part.is_empty();
        object.extend_from_slice(&unit[part]);
    }
    object.extend_from_slice(&unit[copied..]);
    object
}

impl Value {
    /// Takes as much as fits into `room` bytes. With `must_move`, takes at least one character or item.
    fn take(&mut self, unit: &[u8], room: usize, must_move: bool) -> Range<usize> {
        let start = self.rest.start;
        let mut end = start;
        while self.rest.start < self.rest.end {
            let next = self.next(unit, self.rest.start);
            if next - start > room && !(must_move && end == start) {
                break;
            }
            end = next;
            // A comma at which the list is divided is in neither object.
            self.rest.start = self.rest.end.min(if self.kind == Kind::Items { next + 1 } else { next });
        }
        start..end
    }

    /// The end of the character or item that begins here.
    fn next(&self, unit: &[u8], at: usize) -> usize {
        let end = match self.kind {
            Kind::Characters => at + character(&unit[at..]),
            Kind::Items => end_of_items(unit, at, |byte| byte == b','),
        };
        end.min(self.rest.end)
    }
}

/// The bytes of the first character of a string, which may be an escape (RFC 8259 §7).
fn character(rest: &[u8]) -> usize {
    match rest {
        [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'b' | b'A'..=b'B', ..] => 12,
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        [_, rest @ ..] => 1 + rest.iter().take(3).take_while(|&&byte| byte & 0xc0 == 0x80).count(),
        [] => 0,
    }
}

/// The end of the string whose first character is here.
fn end_of_string(unit: &[u8], mut at: usize) -> usize {
    while at < unit.len() && unit[at] != b'"' {
        at += if unit[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// The end of the list or object whose first item is here, or the first byte that ends an item.
fn end_of_items(unit: &[u8], mut at: usize, ends_item: impl Fn(u8) -> bool) -> usize {
    let mut depth = 0_usize;
    while at < unit.len() {
        match unit[at] {
            b'"' => at = end_of_string(unit, at + 1),
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 0 => return at,
            b']' | b'}' => depth -= 1,
            byte if depth == 0 && ends_item(byte) => return at,
            _ => {}
        }
        at += 1;
    }
    unit.len()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::{prelude::*, test_runner::Config};
    use serde_json::{Map, Value as Json};

    use super::*;
    use crate::{
        dialect::{Dialect, Scene},
        event::{Event, Listing, Member},
        names::{Nick, Room},
        record::{Line, Manner},
        text::Text,
    };

    fn object(unit: &[u8]) -> Map<String, Json> {
        assert!(unit.ends_with(b"}\n"));
        serde_json::from_slice(unit).expect("an object")
    }

    /// Whether these are the parts of this value, or repeat it.
    fn joined(parts: &[&Json], whole: &Json) -> bool {
        let is_same = parts.iter().all(|&part| part == whole);
        is_same
            || match whole {
                Json::String(whole) => {
                    parts.iter().map(|part| part.as_str().expect("a string")).collect::<String>() == *whole
                }
                Json::Array(whole) => {
                    parts.iter().flat_map(|part| part.as_array().expect("a list")).eq(whole)
                }
                _ => false,
            }
    }

    #[track_caller]
    fn check(unit: &[u8], longest: usize) -> usize {
        let parts = divide(unit, longest);
        let (whole, objects) = (object(unit), parts.iter().map(|part| object(part)).collect::<Vec<_>>());
        assert_eq!(parts.len() == 1, unit.len() <= longest);
        for (part, object) in parts.iter().zip(&objects) {
            assert!(part.len() <= longest, "{} > {longest}", part.len());
            assert!(object.keys().eq(whole.keys()));
        }
        for (key, value) in &whole {
            let values: Vec<_> = objects.iter().map(|object| &object[key]).collect();
            assert!(joined(&values, value), "{key}: {values:?} is not {value}");
        }
        parts.len()
    }

    fn encoded(event: &Event) -> Vec<u8> {
        Dialect::Json.encoded(event, &Scene { room: Some(Room::lobby()), seq: u64::MAX })
    }

    #[test]
    fn a_unit_that_fits_stays_whole() {
        let unit = encoded(&Event::Goodbye);
        assert_eq!(divide(&unit, unit.len()), [&unit[..]]);
    }

    #[test]
    fn a_whisper_is_divided_in_both_of_its_texts() {
        let text = Text::new(&"\"é\\".repeat(300), 9999).unwrap().unwrap();
        assert_eq!(check(&encoded(&Event::WhisperFrom(Nick::new("bob").unwrap(), text)), 1024), 5);
    }

    #[test]
    fn names_are_divided_between_them() {
        let rooms = (0..700).map(|n| Room::new(&format!("room-{n}{}", "x".repeat(n % 20))).unwrap());
        assert!(check(&encoded(&Event::Rooms(Listing::new(700, rooms))), 1024) > 8);
        let users = (0..700).map(|n| Member { nick: Nick::guest(n), is_away: false });
        assert!(check(&encoded(&Event::Users(Room::lobby(), Listing::new(700, users))), 1400) > 4);
    }

    #[test]
    fn escapes_of_other_programs_are_not_cut_either() {
        let unit = br#"{"type":"x","text":"\ud83d\ude00\ud83d\ude00\u00e9\/\"\\a\ud83d\ude00\u0041\n"}
"#;
        for longest in 50..80 {
            check(unit, longest);
        }
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

        #[test]
        fn parts_of_any_text_are_whole_objects_that_fit(
            text in "[ -~\u{e9}\u{20ac}😀\"\\\\]{1,1500}",
            longest in 300..2000_usize,
        ) {
            let Ok(Some(text)) = Text::new(&text, 9999) else { return Ok(()) };
            let (from, room) = (Nick::new("abcdefghijklmnopqrst").unwrap(), Room::lobby());
            check(&encoded(&Event::WhisperFrom(from, text.clone())), longest);
            let line = Line { seq: 1, at: UNIX_EPOCH, from, text, manner: Manner::Acted };
            check(&encoded(&Event::Said(room, line.clone())), longest);
            check(&encoded(&Event::Matches(room, line.text.clone(), vec![line.clone(), line])), longest);
        }

        #[test]
        fn anything_at_all_is_divided_in_finite_time(
            unit in prop::collection::vec(prop::sample::select(&b"{}[]\"\"\\:,u8dax\xc3\xa9\xff\n"[..]), 0..80),
            longest in 0..40_usize,
        ) {
            prop_assert!(!divide(&unit, longest).is_empty());
        }
    }
}
