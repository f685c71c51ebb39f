//! What a client is told, as frames.

use super::*;
use crate::{
    event::{Event, administration::Administered},
    framing::Seal,
    names::Nick,
    text::Text,
};

/// Reads frames as a program does; it knows the lengths and checks the rest.
#[track_caller]
fn opened(mut bytes: &[u8]) -> Vec<(Value, Vec<u8>, usize)> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk() {
        let head = Head::read(head).unwrap_or_else(|fault| panic!("{fault}"));
        let (header, rest) = rest.split_at(head.header_length as usize);
        let (content, rest) = rest.split_at(usize::try_from(head.content_length).unwrap());
        assert_eq!(crc32fast::hash(header), head.header_checksum);
        assert_eq!(crc32fast::hash(content), head.content_checksum);
        assert!(Key::default().has_signed(header, content, &head.signature));
        let header: Value = serde_json::from_slice(header).unwrap();
        frames.push((header, content.to_vec(), bytes.len() - rest.len()));
        bytes = rest;
    }
    assert_eq!(bytes, b"");
    frames
}

fn sealed(units: &[u8]) -> Vec<(Value, Vec<u8>, usize)> {
    let mut seal = FrameSeal::new(Key::default());
    let init = seal.seal(&control(kind::INIT, SESSION)).concat();
    let [(header, content, length)] = &opened(&init)[..] else { panic!("one frame") };
    let expected =
        json!({"type": "session_init", "content_type": "application/octet-stream", "session_id": SESSION});
    assert_eq!((header, &content[..]), (&expected, &b"Session established"[..]));
    assert!(*length < 1024, "a program reads 1024 bytes and expects only this");
    let pieces = seal.seal(units);
    assert_eq!(pieces.len(), 1, "a batch is one send");
    let frames = opened(&pieces[0]);
    for (_, content, length) in &frames {
        assert!(*length >= 1024 && !content.is_empty());
    }
    frames
}

fn header(kind: &str, media: &str) -> Value {
    json!({"type": kind, "content_type": media, "session_id": SESSION})
}

#[test]
fn each_line_is_a_message_of_at_least_1024_bytes() {
    let lines = ["hello ë", "", "x", &"y".repeat(5000)];
    let frames = sealed((lines.join("\n") + "\n").as_bytes());
    for ((found, content, _), line) in frames.iter().zip(lines) {
        assert_eq!(*found, header("message", "text/plain"));
        let line = if line.is_empty() { " " } else { line };
        assert_eq!(str::from_utf8(content), Ok(line));
    }
    assert_eq!(frames.len(), 4);
}

#[test]
fn control_units_are_frames_of_other_types() {
    let units = [control(kind::HEARTBEAT, "pong"), control(kind::ERROR, "No, \"this\" is wrong.")].concat();
    let frames = sealed(&units);
    assert_eq!((&frames[0].0, &frames[0].1[..]), (&header("heartbeat", "text/plain"), &b"pong"[..]));
    assert_eq!(frames[1].0, header("error", "text/plain"));
    assert_eq!(frames[1].1, b"No, \"this\" is wrong.");
}

#[test]
fn the_farewell_has_the_reason_without_its_full_stop() {
    let seal = FrameSeal::new(Key::default());
    let told = |why: Option<&Event>| {
        let frames = sealed(&seal.farewell(why));
        assert_eq!(frames[0].0, header("disconnect", "application/json"));
        serde_json::from_slice::<Value>(&frames[0].1).unwrap()
    };
    let disconnect = |reason: &str| json!({"message": "Disconnecting", "reason": reason});
    assert_eq!(told(Some(&Event::ShuttingDown)), disconnect("Server shutting down"));
    let why =
        Administered::DisconnectedYou(Nick::new("bob").unwrap(), Text::new("say \"no\"\\", 99).unwrap());
    let event = Event::from(why);
    assert_eq!(told(Some(&event)), disconnect(&event.to_string()));
    assert_eq!(told(None), disconnect("Connection closed"));
}

#[test]
fn a_line_over_8_kib_is_sent_in_chunks_that_are_cut_between_characters() {
    let line = "ëéa".repeat(5000);
    let frames = sealed(format!("{line}\nshort\n").as_bytes());
    let (last, chunks) = frames.split_last().unwrap();
    assert_eq!((&last.0, &last.1[..]), (&header("message", "text/plain"), &b"short"[..]));
    let mut whole = String::new();
    for (index, (header, content, _)) in chunks.iter().enumerate() {
        assert_eq!((&header["type"], &header["index"]), (&json!("chunk"), &json!(index)));
        assert_eq!((&header["total"], &header["chunk_id"]), (&json!(chunks.len()), &chunks[0].0["chunk_id"]));
        assert!(content.len() <= 8 * 1024);
        whole += str::from_utf8(content).unwrap();
    }
    assert!(whole == line, "nothing is lost");
}

#[test]
fn what_is_no_text_is_cut_all_the_same() {
    assert_eq!(sealed(&[&[0x80; 9000][..], b"\n"].concat()).len(), 2);
}

#[test]
fn a_decoder_reads_what_a_seal_has_packed() {
    let mut seal = FrameSeal::new(Key::default());
    seal.seal(&control(kind::INIT, SESSION));
    let long = "x".repeat(LIMITS.text);
    let packed = seal.seal(format!("one\n/nick bob\n{long}\n").as_bytes()).concat();
    let told = decode(inside(), &packed.chunks(100).collect::<Vec<_>>());
    let long = Command::say(Text::new(&long, LIMITS.text).unwrap().unwrap());
    assert_eq!(told, [said("one"), Command::typed("nick", "bob"), long].map(Input::Command));
}
