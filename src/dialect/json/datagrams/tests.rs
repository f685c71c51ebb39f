//! Datagrams, as they arrive and as lines.

use proptest::{prelude::*, test_runner::Config};

use super::*;
use crate::{command::Verb, names::Nick, text::Text};

const LIMITS: Limits = Limits { line: 60, text: 20 };

fn decode(pieces: &[&[u8]]) -> Vec<Input> {
    let (mut decoder, mut inputs) = (Decoder::new(LIMITS), Vec::new());
    for piece in pieces {
        decoder.feed(piece);
        inputs.extend(std::iter::from_fn(|| decoder.next_input()));
    }
    inputs
}

/// However the lines are cut, the datagrams mean the same.
#[track_caller]
fn check(datagrams: &[&str], expected: &[Command]) {
    let bytes: Vec<_> = datagrams.iter().flat_map(|datagram| line(datagram.as_bytes())).collect();
    let expected: Vec<_> = expected.iter().cloned().map(Input::Command).collect();
    assert_eq!(decode(&[&bytes]), expected, "in one piece");
    for cut in 0..=bytes.len() {
        assert_eq!(decode(&[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
    }
    assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
}

fn said(text: &str) -> Command {
    Command::say(Text::new(text, 99).unwrap().unwrap())
}

fn wrong(why: &str) -> Command {
    Command::mistake(Mistake::Malformed(why.into()))
}

#[test]
fn each_datagram_is_one_object_whatever_is_in_the_others() {
    let users = Verb::find("users").unwrap().command("", 99);
    check(
        &["{\"type\":\n\"users\"}\r\n", "", " \n", r#"{"type":"message","text":"a ë"}"#],
        &[users, said("a ë")],
    );
    check(
        &[r#"{"type":"users"}{"type":"users"}"#, r#"{"type":"#, r#"{"type":"message","text":"b"}"#],
        &[
            wrong("Invalid JSON: trailing characters at line 1 column 17"),
            wrong("Invalid JSON: EOF while parsing a value at line 1 column 8"),
            said("b"),
        ],
    );
    check(
        &["[1]", "x"],
        &[wrong("Payload must be a JSON object"), wrong("Invalid JSON: expected value at line 1 column 1")],
    );
}

#[test]
fn a_newline_in_a_string_is_as_wrong_as_in_any_json() {
    let datagram = "{\"type\":\"message\",\"text\":\"a\nb\"}";
    assert_eq!(look(datagram.as_bytes()), Look::Unit { id: None });
    check(
        &[datagram],
        &[wrong(
            "Invalid JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 28",
        )],
    );
}

#[test]
fn a_number_is_not_acknowledged_twice() {
    check(&[r#"{"type":"message","text":"a","id":7}"#], &[said("a")]);
}

#[test]
fn a_datagram_over_the_limit_is_an_error_and_takes_bounded_memory() {
    let exact = format!("{{\"type\":\"message\",\"text\":\"a\"}}{}", " ".repeat(31));
    assert_eq!(exact.len(), LIMITS.line);
    let late = format!("{}{exact}", " ".repeat(99));
    check(&[&exact], &[said("a")]);
    let too_long = || Command::mistake(Mistake::LineTooLong(60));
    check(&[&format!("{exact} "), &late, &exact], &[too_long(), too_long(), said("a")]);
    let mut decoder = Decoder::new(LIMITS);
    for _ in 0..1000 {
        decoder.feed(&[b'x'; 16 * 1024]);
    }
    assert!(decoder.lines.capacity() < 1024, "{} bytes", decoder.lines.capacity());
    assert!(decoder.next_input().is_none());
}

#[test]
fn integers_are_numbers_of_datagrams_and_nothing_else_is() {
    let id = |text: &str| match look(format!("{{\"type\":\"users\",\"id\":{text}}}").as_bytes()) {
        Look::Unit { id } => id,
        other => panic!("{other:?}"),
    };
    assert_eq!(id("0"), Some(0));
    assert_eq!(id("-9223372036854775808"), Some(i128::from(i64::MIN)));
    assert_eq!(id("18446744073709551615"), Some(i128::from(u64::MAX)));
    for other in ["18446744073709551616", "1.0", "1e3", "\"1\"", "null", "[1]", "true"] {
        assert_eq!(id(other), None, "{other}");
    }
    assert_eq!(look(b" \r\n"), Look::Nothing);
    assert_eq!(look(b""), Look::Nothing);
    assert_eq!(str::from_utf8(&ack(-5)), Ok("{\"type\":\"ack\",\"id\":-5}\n"));
}

#[test]
fn servers_do_not_answer_each_other() {
    for dialect in crate::dialect::Dialect::ALL.into_iter().skip(1) {
        for event in [Event::Goodbye, Event::Full, Event::NickTaken(Nick::new("bob").unwrap())] {
            let unit = dialect.encoded(&event, &Scene::default());
            if unit.starts_with(b"{") {
                assert_eq!(look(&unit), Look::FromServer, "{}", String::from_utf8_lossy(&unit));
            }
        }
    }
    assert_eq!(look(&ack(1)), Look::FromServer);
    for longest in [99, 40] {
        let error = error_within(&Event::Full, &Scene::default(), longest).unwrap();
        assert_eq!(look(&error), Look::FromServer);
    }
    let program = br#"{"type":"message","text":"a","seq":1,"id":1}"#;
    assert_eq!(look(program), Look::Unit { id: Some(1) }, "only programs have an id and a seq");
}

#[test]
fn an_error_is_cut_to_what_may_be_sent() {
    let error = |longest| {
        let unit = error_within(&Event::Full, &Scene::default(), longest)?;
        Some(String::from_utf8(unit).unwrap())
    };
    let whole = "{\"type\":\"error\",\"text\":\"Server is full.\",\"seq\":0}\n";
    assert_eq!(error(whole.len()).as_deref(), Some(whole));
    assert_eq!(error(whole.len() - 9).as_deref(), Some("{\"type\":\"error\",\"text\":\"Server is full\"}\n"));
    assert_eq!(error(33).as_deref(), Some("{\"type\":\"error\",\"text\":\"Server\"}\n"));
    assert_eq!(error(32), None, "too little would be left");
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn an_error_of_any_text_fits(text in "\\PC{0,60}|[\"\\\\\u{0}-\u{1f}é😀]{0,30}", longest in 0..120_usize) {
        let event = Event::Mistaken(Mistake::Malformed(text.into()));
        if let Some(unit) = error_within(&event, &Scene::default(), longest) {
            prop_assert!(unit.len() <= longest);
            prop_assert!(serde_json::from_slice::<Value>(&unit).unwrap()["type"] == "error");
        }
    }
}
