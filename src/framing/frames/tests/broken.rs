//! Frames that are broken, on purpose or on their way.

use super::*;

/// What follows a broken frame on its connection.
fn ok() -> Vec<u8> {
    Sent::message("ok").bytes()
}

#[track_caller]
fn lives(broken: &Sent, fault: &str) {
    check(&[broken.bytes(), ok()].concat(), &[error(fault), said("ok")]);
}

#[track_caller]
fn ends(broken: &[u8], fault: &str) {
    check(&[broken, &ok()].concat(), &[error(fault), quit()]);
}

fn broken(breaks: impl FnOnce(&mut Sent)) -> Sent {
    let mut sent = Sent::message("hello");
    breaks(&mut sent);
    sent
}

#[test]
fn a_wrong_checksum_signature_or_version_is_an_error_and_the_connection_lives() {
    lives(&broken(|sent| sent.head.header_checksum ^= 1), "The checksum of the JSON header is wrong.");
    lives(
        &broken(|sent| sent.header = sent.header.replace("message", "massage")),
        "The checksum of the JSON header is wrong.",
    );
    lives(&broken(|sent| sent.head.content_checksum ^= 1), "The checksum of the content is wrong.");
    lives(&broken(|sent| sent.content[0] ^= 1), "The checksum of the content is wrong.");
    let signature = "The signature is wrong. Use the key of this server.";
    lives(&broken(|sent| sent.head.signature[31] ^= 1), signature);
    lives(&broken(|sent| sent.head.signature = [0; 32]), signature);
    lives(&broken(|sent| sent.version = 2), "Version 2 is not supported. Use version 1.");
    lives(&broken(|sent| sent.version = 0x100), "Version 256 is not supported. Use version 1.");
}

#[test]
fn a_frame_that_another_key_has_signed_is_an_error() {
    let sent = broken(|sent| {
        let signed = Key::new(b"other").begin().chain_update(&sent.header).chain_update(&sent.content);
        sent.head.signature = signed.finalize().into_bytes().into();
    });
    lives(&sent, "The signature is wrong. Use the key of this server.");
}

#[test]
fn a_length_that_lies_is_an_error_and_the_connection_lives() {
    lives(&Sent::message(""), "The content cannot have 0 bytes. Send 1 to 10485760.");
    lives(&Sent::new("", "x"), "The JSON header cannot have 0 bytes. Send 1 to 65536.");
    for length in [10 * 1024 * 1024 + 1, 1_000_000_000, 1 << 63, u64::MAX] {
        let sent = broken(|sent| sent.head.content_length = length);
        lives(&sent, &format!("The content cannot have {length} bytes. Send 1 to 10485760."));
    }
    for length in [65_537, u32::MAX] {
        let sent = broken(|sent| sent.head.header_length = length);
        lives(&sent, &format!("The JSON header cannot have {length} bytes. Send 1 to 65536."));
    }
    lives(&broken(|sent| sent.head.content_length -= 1), "The checksum of the content is wrong.");
    lives(&broken(|sent| sent.head.header_length -= 1), "The checksum of the JSON header is wrong.");
}

#[test]
fn a_length_that_reaches_into_the_next_frame_costs_that_frame_and_no_other() {
    let sent = broken(|sent| sent.head.content_length += 9);
    check(
        &[sent.bytes(), ok(), ok()].concat(),
        &[error("The checksum of the content is wrong."), said("ok")],
    );
}

#[test]
fn a_json_header_that_is_none_is_an_error_and_the_connection_lives() {
    let header = "The JSON header must be an object with a type and a session_id.";
    for wrong in ["{", "[1]", "\"message\"", "{}", r#"{"type":"message"}"#, r#"{"type":7,"session_id":"x"}"#]
    {
        lives(&Sent::new(wrong, "x"), header);
    }
    lives(&Sent::new(format!(r#"{{"type":null,"session_id":"{SESSION}"}}"#), "x"), header);
    lives(&Sent::new("[".repeat(999), "x"), header);
    let mut invalid = Sent::message("hello").bytes();
    let header_at = Head::LENGTH;
    invalid[header_at] = 0xff;
    let length = invalid.len() - header_at - "hello".len();
    let checksum = crc32fast::hash(&invalid[header_at..][..length]);
    invalid[16..20].copy_from_slice(&checksum.to_be_bytes());
    let signed = Key::default().begin().chain_update(&invalid[header_at..]).finalize().into_bytes();
    invalid[32..64].copy_from_slice(&signed);
    check(&[invalid, ok()].concat(), &[error(header), said("ok")]);
    lives(&Sent::of("dance", "x"), "The type of the frame is unknown.");
    lives(&Sent::of("session_init", "x"), "The type of the frame is unknown.");
    lives(&Sent::message(b"a\xff"), "The content is not UTF-8.");
}

#[test]
fn a_wrong_magic_or_a_foreign_session_is_an_error_and_the_end() {
    let magic = "This is not a frame: its magic bytes are wrong.";
    ends(&broken(|sent| sent.magic[7] ^= 1).bytes(), magic);
    ends(b"hello\n", magic);
    ends(b"GET / HTTP/1.1\r\n\r\n", magic);
    // A byte between two frames.
    check(&[ok(), b"\n".to_vec(), ok()].concat(), &[said("ok"), error(magic), quit()]);
    let foreign = json!({"type": "message", "session_id": Uuid::nil().to_string()}).to_string();
    ends(&Sent::new(foreign, "x").bytes(), "The session_id belongs to another session.");
    ends(
        &Sent::new(r#"{"type":"session_ack","session_id":""}"#, "x").bytes(),
        "The session_id belongs to another session.",
    );
}

#[test]
fn a_wrong_magic_is_told_at_its_first_byte() {
    let told = decode(inside(), &[b"\x89PNG\r"]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(decode(inside(), &[b"\x89PNG\x0e"]), []);
}

#[test]
fn a_long_content_is_skipped_as_it_comes_and_answered_once() {
    let long = Sent::message("x".repeat(MOST_KEPT + 1)).bytes();
    let mut decoder = inside();
    let mut inputs = Vec::new();
    for piece in [&long[..], &ok()].concat().chunks(8 * 1024) {
        decoder.feed(piece);
        inputs.extend(take(&mut decoder));
        assert!(decoder.kept() < 20_000, "{}", decoder.kept());
    }
    assert_eq!(inputs, [too_long(), said("ok")].map(Input::Command));
}

#[test]
fn no_length_that_is_announced_takes_memory() {
    for length in [1_000, 60_000, 10 << 20, 1_000_000_000, 1 << 63] {
        let mut decoder = inside();
        let head = broken(|sent| sent.head.content_length = length).bytes();
        decoder.feed(&head);
        take(&mut decoder);
        assert!(decoder.kept() < 1000, "{length}: {}", decoder.kept());
    }
    let mut decoder = inside();
    // What never becomes a frame: 100 MB behind a length that lies, and then garbage.
    decoder.feed(&broken(|sent| sent.head.content_length = 1_000_000_000).bytes());
    let garbage = [0x89; 16 * 1024];
    for _ in 0..6000 {
        decoder.feed(&garbage);
        take(&mut decoder);
        assert!(decoder.kept() < 64 * 1024);
    }
    decoder.feed(&ok());
    assert_eq!(take(&mut decoder), [Input::Command(said("ok"))]);
    assert_eq!(decoder.kept(), 0, "an idle client keeps nothing");
}

#[test]
fn a_long_message_in_writes_of_8_kib_is_said() {
    let limits = Limits { line: 1 << 20, text: 1 << 20 };
    let mut decoder = new_decoder(limits);
    decoder.feed(&Sent::of("session_ack", "ok").bytes());
    assert_eq!(take(&mut decoder), [Input::Greeting(None)]);
    let text = "ë".repeat(200_000);
    let bytes = Sent::message(&text).bytes();
    let (head, rest) = bytes.split_at(Head::LENGTH);
    decoder.feed(head);
    let inputs = decode(decoder, &rest.chunks(8 * 1024).collect::<Vec<_>>());
    let [Input::Command(Command { ask: Ask::Say(said), .. })] = &inputs[..] else { panic!("one line") };
    assert_eq!(said.as_str(), text);
}
