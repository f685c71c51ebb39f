//! Frames that are whole, cut, fragmented or broken, and the messages that a client gets.

use proptest::{prelude::*, test_runner::Config};

use super::*;
use crate::{
    command::{Ask, Command},
    dialect::{self, Decode, Input, Limits},
    event::{Event, administration::Administered},
    framing::Seal,
    names::Nick,
    text::Text,
};

const LIMITS: Limits = Limits { line: 100, text: 100 };

/// A frame of a client, with a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![first];
    match payload.len() {
        short @ ..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            frame.push(0xfe);
            frame.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// What is read of these bytes, fed in pieces of this length, by a client that speaks text.
fn read(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut decoder = Decoder::new(dialect::Decoder::lines(LIMITS), LIMITS);
    assert_eq!(decoder.next_input(), Some(Input::Greeting(None)));
    let mut read = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.feed(piece);
        read.extend(std::iter::from_fn(|| decoder.next_input()).map(shown));
    }
    read
}

fn shown(input: Input) -> String {
    match input {
        Input::Command(Command { ask: Ask::Say(speech), .. }) => format!("say {speech:?}"),
        Input::Command(Command { ask: Ask::Answer(bytes), .. }) => {
            String::from_utf8(bytes.to_vec()).unwrap().trim_matches(['\u{2}', '\n', ' ']).to_owned()
        }
        Input::Command(Command { ask: Ask::Quit, .. }) => "quit".to_owned(),
        Input::Command(command) => format!("{:?}", command.ask),
        Input::Greeting(greeting) => panic!("{greeting:?}"),
    }
}

/// Which messages these bytes are, however they are cut.
#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    let whole = read(bytes, usize::MAX);
    assert_eq!(whole.len(), expected.len(), "{whole:?}");
    for (seen, expected) in whole.iter().zip(expected) {
        assert!(seen.contains(expected), "{seen} is not {expected}");
    }
    for piece in 1..bytes.len().min(200) {
        assert_eq!(read(bytes, piece), whole, "in pieces of {piece}");
    }
}

/// With which code the connection ends, however the bytes are cut.
#[track_caller]
fn ends(bytes: &[u8], code: u16) {
    check(bytes, &[&format!("close {code}"), "quit"]);
}

#[test]
fn a_message_is_a_line_and_a_fragmented_one_too() {
    check(&frame(0x81, "hello ë".as_bytes()), &["hello ë"]);
    check(&frame(0x81, b"one\ntwo"), &["one", "two"]);
    check(&frame(0x81, b"one\n"), &["one"]);
    check(&frame(0x81, b""), &[]);
    check(&frame(0x81, &[b'x'; 99]), &[&"x".repeat(99)]);
    check(&frame(0x81, &[b'x'; 200]), &["LineTooLong"]);
    // A character is cut between frames.
    let fragments =
        [frame(1, b"hello \xc3"), frame(0, b""), frame(0x80, b"\xab"), frame(0x81, b"next")].concat();
    check(&fragments, &["hello ë", "next"]);
}

#[test]
fn pings_keep_their_place_even_within_a_message() {
    let frames = [
        frame(0x81, b"one"),
        frame(0x89, b"a\n"),
        frame(1, b"t"),
        frame(0x89, b""),
        frame(0x8a, b"unasked"),
        frame(0x80, b"wo"),
        frame(0x89, &[0xff; 125]),
    ];
    check(&frames.concat(), &["one", "pong 610a", "pong", "two", &format!("pong {}", "ff".repeat(125))]);
}

#[test]
fn a_close_is_answered_with_its_code_and_nothing_after_it_is_read() {
    let after = frame(0x81, b"too late");
    let close = |payload: &[u8]| [frame(0x88, payload), after.clone()].concat();
    ends(&close(b""), 1000);
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1011, 3000, 4999] {
        ends(&close(&[&code.to_be_bytes()[..], b"bye"].concat()), code);
    }
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        ends(&close(&code.to_be_bytes()), 1002);
    }
    ends(&close(b"\x03"), 1002);
    ends(&close(b"\x03\xe8\xff"), 1007);
}

#[test]
fn a_broken_frame_ends_the_connection_with_its_code() {
    for (bytes, code) in [
        (&b"\x81\x05hello"[..], 1002),
        (&frame(0xc1, b"reserved"), 1002),
        (&frame(0xa1, b"reserved"), 1002),
        (&frame(0x91, b"reserved"), 1002),
        (&frame(0x83, b"unknown"), 1002),
        (&frame(0x87, b"unknown"), 1002),
        (&frame(0x8b, b"unknown"), 1002),
        (&frame(0x09, b"a ping in fragments"), 1002),
        (&frame(0x08, b""), 1002),
        (&frame(0x89, &[b'x'; 126]), 1002),
        (&frame(0x80, b"nothing to go on with"), 1002),
        (&[frame(1, b"a"), frame(0x81, b"b")].concat(), 1002),
        (&[0x81, 0xfe, 0, 125, 1, 2, 3, 4], 1002),
        (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4], 1002),
        (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1002),
        (&frame(0x82, b"bytes"), 1003),
        (&frame(0x81, b"\xff"), 1007),
        (&frame(0x81, b"\xc3"), 1007),
        (&frame(0x81, b"\xed\xa0\x80"), 1007),
        (&[frame(1, b"\xc3"), frame(0x80, b"a")].concat(), 1007),
        (&[0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4], 1009),
        (&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4], 1009),
    ] {
        ends(bytes, code);
    }
}

#[test]
fn a_message_has_a_limit_however_it_is_fragmented_and_memory_is_given_back() {
    let mut decoder = Decoder::new(dialect::Decoder::lines(LIMITS), LIMITS);
    assert_eq!(decoder.next_input(), Some(Input::Greeting(None)));
    decoder.feed(&frame(1, b"x"));
    let piece = frame(0, &[b'x'; 1000]);
    let end = (0..1000).find_map(|_| {
        decoder.feed(&piece);
        assert!(decoder.kept() < 4 * MOST);
        decoder.next_input()
    });
    assert!(shown(end.expect("it ends")).starts_with("close 1009"));
    decoder.feed(&piece);
    let mut idle = Decoder::new(dialect::Decoder::lines(LIMITS), LIMITS);
    idle.feed(&[frame(0x81, &[b'x'; 5000]), frame(0x89, b"ping")].concat());
    while idle.next_input().is_some() {}
    assert_eq!(idle.kept(), 0);
}

/// The frames that these units become: first byte and payload.
fn sealed(units: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let bytes = Messages::default().seal(units).concat();
    let (mut rest, mut frames) = (&bytes[..], Vec::new());
    while let [first, length, after @ ..] = rest {
        let (length, after) = match length {
            126 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
            127 => (usize::try_from(u64::from_be_bytes(*after.first_chunk().unwrap())).unwrap(), &after[8..]),
            short => (usize::from(*short), after),
        };
        frames.push((*first, after[..length].to_vec()));
        rest = &after[length..];
    }
    frames
}

#[test]
fn each_unit_is_a_message() {
    for length in [0, 1, 125, 126, 65535, 65536, 100_000] {
        let unit = "x".repeat(length);
        let frames = sealed(format!("{unit}\nnext\n").as_bytes());
        assert_eq!(frames, [(0x81, unit.into_bytes()), (0x81, b"next".to_vec())]);
    }
}

#[test]
fn control_units_become_pongs_and_a_close_after_which_nothing_follows() {
    let frames = sealed(b"a\n\x02pong 610aff\n\x02pong \n\x02close 1002 why\nGoodbye!\n\x02close 1000 \n");
    let close = [&1002_u16.to_be_bytes()[..], b"why"].concat();
    assert_eq!(
        frames,
        [(0x81, b"a".to_vec()), (0x8a, b"a\n\xff".to_vec()), (0x8a, Vec::new()), (0x88, close)]
    );
}

#[test]
fn the_farewell_has_a_code_and_a_reason() {
    let told = |why: Option<&Event>| {
        let frames = sealed(&Messages::default().farewell(why));
        let [(0x88, payload)] = &frames[..] else { panic!("{frames:?}") };
        assert!(payload.len() <= 125);
        (u16::from_be_bytes([payload[0], payload[1]]), String::from_utf8(payload[2..].to_vec()).unwrap())
    };
    assert_eq!(told(None), (1000, String::new()));
    assert_eq!(told(Some(&Event::ShuttingDown)), (1001, "Server shutting down.".to_owned()));
    assert_eq!(told(Some(&Event::TooSlow)), (1008, "Disconnected: too slow to read.".to_owned()));
    let long = Text::new(&"ë".repeat(100), 999).unwrap();
    let event: Event = Administered::DisconnectedYou(Nick::new("bob").unwrap(), long).into();
    let (_, reason) = told(Some(&event));
    assert!(
        event.to_string().starts_with(&reason) && reason.ends_with('ë') && reason.len() >= 122,
        "{reason}"
    );
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_cuts_of_a_stream_do_not_change_what_is_read(
        frames in prop::collection::vec(
            (
                prop_oneof![Just(0x81_u8), Just(1), Just(0), Just(0x80), Just(0x89), Just(0x8a), any::<u8>()],
                prop::collection::vec(prop_oneof![Just(b'a'), Just(b'\n'), any::<u8>()], 0..200),
            ),
            0..9,
        ),
        piece in 1_usize..40,
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
        prop_assert_eq!(read(&bytes, piece), read(&bytes, usize::MAX));
    }
}

#[test]
fn the_head_of_the_response_goes_out_as_it_is_before_the_first_frame() {
    let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    let units = [&opening(head)[..], b"hi\n"].concat();
    assert_eq!(Messages::default().seal(&units).concat(), [&head[..], b"\x81\x02hi"].concat());
}
