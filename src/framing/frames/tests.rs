//! Frames in both directions.

use std::time::Duration;

use hmac::Mac;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    command::{Ask, Command, Mistake},
    dialect::{Decode, Input, Limits},
    text::Text,
};

mod broken;
mod chunked;
mod sealed;

const LIMITS: Limits = Limits { line: 200, text: 100 };

const SESSION: &str = "00000000-0000-4000-8000-000000000001";

/// What a program sends.
#[derive(Clone)]
struct Sent {
    magic: [u8; 8],
    version: u16,
    head: Head,
    header: String,
    content: Vec<u8>,
}

impl Sent {
    fn new(header: impl Into<String>, content: impl AsRef<[u8]>) -> Self {
        let (header, content) = (header.into(), content.as_ref().to_vec());
        let signature = Key::default().begin().chain_update(&header).chain_update(&content);
        let head = Head {
            header_length: header.len().try_into().unwrap(),
            header_checksum: crc32fast::hash(header.as_bytes()),
            content_length: content.len() as u64,
            content_checksum: crc32fast::hash(&content),
            signature: signature.finalize().into_bytes().into(),
        };
        Self { magic: MAGIC, version: 1, head, header, content }
    }

    fn of(kind: &str, content: impl AsRef<[u8]>) -> Self {
        Self::new(json!({"type": kind, "content_type": "x", "session_id": SESSION}).to_string(), content)
    }

    fn message(content: impl AsRef<[u8]>) -> Self {
        Self::of("message", content)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.to_bytes().to_vec();
        bytes[..8].copy_from_slice(&self.magic);
        bytes[8..10].copy_from_slice(&self.version.to_be_bytes());
        [&bytes, self.header.as_bytes(), &self.content].concat()
    }
}

fn new_decoder(limits: Limits) -> Decoder {
    let idle = Some(Duration::from_secs(30));
    let mut decoder = Decoder::of_session(SESSION.parse().unwrap(), limits, Key::default(), idle);
    let init = Command::answer(format!("\u{1}session_init {SESSION}\n").as_bytes());
    assert_eq!(decoder.next_input(), Some(Input::Command(init)), "the server speaks first");
    assert_eq!(decoder.next_input(), None);
    decoder
}

/// A decoder of a client that is in the chat.
fn inside() -> Decoder {
    let mut decoder = new_decoder(LIMITS);
    decoder.feed(&Sent::of("session_ack", "ok").bytes());
    assert_eq!(decoder.next_input(), Some(Input::Greeting(None)));
    decoder
}

fn take(decoder: &mut Decoder) -> Vec<Input> {
    std::iter::from_fn(|| decoder.next_input()).collect()
}

fn decode(mut decoder: Decoder, pieces: &[&[u8]]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        inputs.extend(take(&mut decoder));
    }
    inputs
}

/// However the bytes are cut, they mean the same.
#[track_caller]
fn check(bytes: &[u8], expected: &[Command]) {
    let expected: Vec<_> = expected.iter().cloned().map(Input::Command).collect();
    assert_eq!(decode(inside(), &[bytes]), expected, "in one piece");
    for cut in 0..=bytes.len() {
        assert_eq!(decode(inside(), &[&bytes[..cut], &bytes[cut..]]), expected, "cut at {cut}");
    }
    assert_eq!(decode(inside(), &bytes.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
}

fn said(typed: &str) -> Command {
    Command::say(Text::new(typed, 99).unwrap().unwrap())
}

fn error(fault: &str) -> Command {
    Command::answer(format!("\u{1}error {fault}\n").as_bytes())
}

fn quit() -> Command {
    Command::typed("quit", "")
}

fn pong() -> Command {
    Command::answer(b"\x01heartbeat pong\n")
}

fn too_long() -> Command {
    Command::mistake(Mistake::LineTooLong(LIMITS.line))
}

#[test]
fn a_frame_that_another_program_has_packed_is_read() {
    let header = format!(r#"{{"type":"session_ack","content_type":"text/plain","session_id":"{SESSION}"}}"#);
    // Python: struct, zlib.crc32, hmac.
    let head = "89504e470e0b1b0b00010000000000660e153cbb000000000000000279dcdd47\
                1d4fe9ade9cecacfdbac770de40e6a44896c5c281fb2ed600672476ddffbb0f7";
    let nibble = |digit: &u8| char::from(*digit).to_digit(16).unwrap();
    let head: Vec<_> = head.as_bytes().chunks(2).map(|d| nibble(&d[0]) << 4 | nibble(&d[1])).collect();
    let head: Vec<_> = head.into_iter().map(|byte| u8::try_from(byte).unwrap()).collect();
    let bytes = [&head[..], header.as_bytes(), b"ok"].concat();
    assert_eq!(bytes, Sent::new(header, "ok").bytes());
    assert_eq!(decode(new_decoder(LIMITS), &[&bytes]), [Input::Greeting(None)]);
}

#[test]
fn a_client_comes_in_once_it_has_acknowledged_its_session() {
    let mut decoder = new_decoder(LIMITS);
    decoder.feed(&Sent::message("hello?").bytes());
    decoder.feed(&Sent::of("heartbeat", "ping").bytes());
    let outside = [error("Send a session_ack first."), pong()].map(Input::Command);
    assert_eq!(take(&mut decoder), outside);
    decoder.feed(&Sent::of("session_ack", "ok").bytes());
    decoder.feed(&Sent::message("hello").bytes());
    assert_eq!(take(&mut decoder), [Input::Greeting(None), Input::Command(said("hello"))]);
    decoder.feed(&Sent::of("session_ack", "ok").bytes());
    assert_eq!(take(&mut decoder), []);
}

#[test]
fn every_session_has_an_id_of_its_own() {
    let id = || {
        let mut decoder = Decoder::new(LIMITS, Key::default(), None);
        let Some(Input::Command(Command { ask: Ask::Answer(init), .. })) = decoder.next_input() else {
            panic!("the server speaks first")
        };
        let init = String::from_utf8(init.into()).unwrap();
        init.strip_prefix("\u{1}session_init ").unwrap().trim_end().parse::<Uuid>().unwrap()
    };
    let (one, other) = (id(), id());
    assert_ne!(one, other);
    assert_eq!(one.get_version_num(), 4);
}

#[test]
fn a_message_is_one_line_or_more() {
    check(&Sent::message("hello ë").bytes(), &[said("hello ë")]);
    check(
        &Sent::message("/nick bob\r\n\n/users\nbye").bytes(),
        &[Command::typed("nick", "bob"), Command::typed("users", ""), said("bye")],
    );
    check(&Sent::message("\n \n").bytes(), &[]);
    let glued = ["a", "b", "c"].map(|text| Sent::message(text).bytes()).concat();
    check(&glued, &[said("a"), said("b"), said("c")]);
}

#[test]
fn the_limits_are_those_of_text() {
    let long_text = "x".repeat(LIMITS.text + 1);
    check(&Sent::message(long_text).bytes(), &[Command::mistake(Mistake::TextTooLong(LIMITS.text))]);
    let long_line = "x".repeat(LIMITS.line + 1);
    check(&Sent::message(format!("a\n{long_line}\nb")).bytes(), &[said("a"), too_long(), said("b")]);
}

#[test]
fn other_keys_and_any_spacing_are_accepted_in_the_json_header() {
    let header = format!(
        "\n {{ \"n\": [1, {{}}],\t\"session_id\" : \"{}\" , \"content_type\":null,\r\n\"type\" :\"\\u006dessage\" }}   ",
        SESSION.to_uppercase()
    );
    check(&Sent::new(header, "hi").bytes(), &[said("hi")]);
    let padded = format!(r#"{{"type":"message","session_id":"{SESSION}"}}{}"#, " ".repeat(65_000));
    let bytes = Sent::new(padded, "hi").bytes();
    assert_eq!(decode(inside(), &[&bytes]), [Input::Command(said("hi"))]);
}

#[test]
fn a_ping_is_answered_and_a_disconnect_is_a_quit() {
    let bytes = |kind: &str, content: &str| Sent::of(kind, content).bytes();
    check(&[bytes("heartbeat", "ping"), bytes("heartbeat", "pong")].concat(), &[pong()]);
    check(&[bytes("error", "what?"), bytes("message", "a")].concat(), &[said("a")]);
    check(&[bytes("disconnect", "{}"), bytes("message", "a")].concat(), &[quit()]);
}

#[test]
fn a_whole_frame_must_come_within_the_idle_time() {
    let (mut decoder, idle) = (inside(), Duration::from_secs(30));
    let frame = Sent::of("heartbeat", "ping").bytes();
    assert!(decoder.patience() > Some(idle / 2));
    assert_eq!(decoder.time_out(), None);
    decoder.age(idle);
    decoder.feed(&frame[..frame.len() - 1]);
    assert_eq!(decoder.next_input(), None);
    assert!(decoder.patience() <= Some(Duration::from_millis(1)), "a byte now and then is no sign of life");
    assert_eq!(decoder.time_out(), Some(crate::ending::Ending::Silent));
    decoder.feed(&frame[frame.len() - 1..]);
    assert_eq!(decoder.next_input(), Some(Input::Command(pong())));
    assert!(decoder.patience() > Some(idle / 2));
    assert_eq!(decoder.time_out(), None);
}

#[test]
fn without_an_idle_time_a_client_may_be_silent_for_ever() {
    let mut decoder = Decoder::new(LIMITS, Key::default(), None);
    decoder.age(Duration::from_secs(60));
    assert_eq!((decoder.patience(), decoder.time_out()), (None, None));
}
