//! Tests the checker itself with lines that are lost, doubled, reordered, leaked or changed.

use crate::{
    contender::{Frames, Json, Mosquitto, Speech, Text, nick},
    frame,
    framing::Framing,
    mark::{Mark, TEXT},
    receiver::Receiver,
    websocket::{Inside, WebSocket},
};

/// What the senders 2 and 3 say, as their room must hear it.
const SAID: [(usize, u64); 6] = [(2, 0), (3, 0), (2, 1), (2, 2), (3, 1), (2, 3)];

/// What is said, and in which words, as the server would say it on one of its wires.
struct Wire {
    speech: &'static dyn Speech,
    /// Units that are not texts.
    news: fn() -> Vec<u8>,
    /// The line of a sender with this number, as line `at` of the room.
    line: fn(Mark, usize) -> Vec<u8>,
}

const WIRES: [Wire; 5] = [
    Wire { speech: &Text, news: || b"bob has joined the room.\n".to_vec(), line: text },
    Wire {
        speech: &Json(Framing::Lines),
        news: || b"{\"type\":\"system\",\"text\":\"guest_1\"}\n".to_vec(),
        line: json,
    },
    Wire {
        speech: &Frames,
        news: || framed(b"bob has joined the room."),
        line: |mark, at| framed(text(mark, at).trim_ascii_end()),
    },
    Wire {
        speech: &Json(Framing::Messages),
        news: || message(b"{\"type\":\"system\",\"text\":\"guest_1\"}"),
        line: |mark, at| message(json(mark, at).trim_ascii_end()),
    },
    Wire { speech: &Mosquitto, news: Vec::new, line: |mark, _at| packet(mark) },
];

/// Panics if the checker accepts wrong lines or rejects right ones.
pub(crate) fn run() {
    for wire in &WIRES {
        wire.check(&SAID, None);
        wire.check(&[(2, 0), (2, 2)], Some("lost"));
        wire.check(&[(2, 0), (2, 1), (2, 1)], Some("doubled"));
        wire.check(&[(2, 0), (2, 1), (2, 0)], Some("reordered"));
        wire.check(&[(2, 0), (4, 0)], Some("leaked"));
        let bytes = wire.bytes(&SAID);
        let text = memchr::memmem::find(&bytes, b"quick").expect("texts have this word");
        assert!(wire.hear(&[&changed(&bytes, text)]).is_err(), "a changed text was not noticed");
        assert_ne!(
            wire.order(&[(2, 0), (3, 0)]),
            wire.order(&[(3, 0), (2, 0)]),
            "another order was not noticed"
        );
    }
    check_frames();
    check_unpacking();
}

/// The last of several frames differs from those before it in what stands around its text.
fn check_frames() {
    let wire = &WIRES[2];
    let bytes = wire.bytes(&SAID);
    let last = memchr::memmem::rfind(&bytes, b"\x89PNG").expect("a frame begins with this");
    let kind = memchr::memmem::rfind(&bytes, b"message").expect("a frame has a type");
    // The version, the type, the lengths, the type in the JSON header, and its end.
    for at in [last + 9, last + 11, last + 15, last + 27, kind, kind + 60] {
        assert!(
            wire.hear(&[&changed(&bytes, at)]).is_err(),
            "byte {at} of {} was changed unnoticed",
            bytes.len()
        );
    }
}

/// What is in frames of WebSocket must be the same wherever the bytes are cut.
fn check_unpacking() {
    let said = WIRES[0].bytes(&SAID);
    let (first, second) = said.split_at(70);
    let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".to_vec();
    bytes.extend([message(first), message(second)].concat());
    for cut in 0..bytes.len() {
        let mut socket = WebSocket::new(Inside::Nats);
        let (mut heard, mut sent) = (Vec::new(), Vec::new());
        for piece in [&bytes[..cut], &bytes[cut..]] {
            socket.unpack(piece, &mut heard, &mut sent).expect("nothing is wrong with it");
        }
        assert!(heard == said, "cut at {cut}: {}", heard.escape_ascii());
    }
}

fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] ^= 1;
    changed
}

fn text(mark: Mark, _at: usize) -> Vec<u8> {
    let mut line = format!("[r0001] {}: ", nick(2)).into_bytes();
    mark.write(&mut line);
    line.push(b'\n');
    line
}

/// The numbers have one digit in the beginning, and two in the end.
fn json(mark: Mark, at: usize) -> Vec<u8> {
    let mut line = format!("{{\"type\":\"message\",\"user\":\"{}\",\"text\":\"", nick(2)).into_bytes();
    mark.write(&mut line);
    line.extend_from_slice(format!("\",\"seq\":{}}}\n", 7 + at).as_bytes());
    line
}

fn framed(content: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame::write("message", "text/plain", "session", content, &mut frame);
    frame
}

/// A message as a server sends it, of less than 64 KiB.
fn message(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match content.len() as u16 {
        length @ ..126 => bytes.push(length as u8),
        length => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

fn packet(mark: Mark) -> Vec<u8> {
    let mut bytes = Mosquitto.say("r0001", TEXT).into_bytes();
    mark.write(&mut bytes);
    bytes
}

impl Wire {
    /// Checks that the verdict is as expected wherever the bytes are cut.
    fn check(&self, said: &[(usize, u64)], expected: Option<&str>) {
        let bytes = self.bytes(said);
        for cut in 0..bytes.len() {
            let verdict = self.hear(&[&bytes[..cut], &bytes[cut..]]).err();
            let is_expected = match (&verdict, expected) {
                (Some(verdict), Some(expected)) => verdict.contains(expected),
                (verdict, expected) => verdict.is_none() && expected.is_none(),
            };
            assert!(is_expected, "{said:?} cut at {cut}: {verdict:?} instead of {expected:?}");
        }
    }

    fn bytes(&self, said: &[(usize, u64)]) -> Vec<u8> {
        let mut bytes = (self.news)();
        for (at, &(sender, number)) in said.iter().enumerate() {
            bytes.extend((self.line)(Mark::new(sender, number), at));
        }
        bytes
    }

    /// Feeds a new receiver and returns its sum of the order.
    fn hear(&self, pieces: &[&[u8]]) -> Result<u64, String> {
        let mut receiver = Receiver::new(2..4, None);
        let mut bytes = Vec::new();
        for piece in pieces {
            bytes.extend_from_slice(piece);
            let taken = receiver.take(&bytes, self.speech, &mut Vec::new(), |_| {})?;
            bytes.drain(..taken);
        }
        if bytes.is_empty() { Ok(receiver.order()) } else { Err("the end is missing".into()) }
    }

    fn order(&self, said: &[(usize, u64)]) -> u64 {
        self.hear(&[&self.bytes(said)]).expect("nothing is wrong with it")
    }
}
