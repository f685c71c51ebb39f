//! Objects in frames of WebSocket: [`Dialect::Messages`](crate::dialect::Dialect::Messages).
//!
//! An event becomes frames once for all clients, instead of once for each. A frame is a unit like any other: the newline
//! of its object is in the frame, at the end, and the head before it has none. Where the length would look like one,
//! the object gets a space more, which means nothing in JSON.

use super::encode;
use crate::{dialect::Scene, event::Event};

/// How a frame begins that is a whole message of text (RFC 6455 §5.2).
pub const MESSAGE: u8 = 0x81;

/// Adds an event to `out`, as frames.
pub fn encode_in_messages(event: &Event, scene: &Scene, out: &mut Vec<u8>) {
    let begin = out.len();
    encode(event, scene, out);
    let objects = out.split_off(begin);
    for object in objects.split_inclusive(|&byte| byte == b'\n') {
        let object = object.strip_suffix(b"\n").unwrap_or(object);
        let length = fit(object.len() + 1);
        head(MESSAGE, length, out);
        out.extend_from_slice(object);
        out.resize(out.len() + length - object.len() - 1, b' ');
        out.push(b'\n');
    }
}

/// Adds the head of a frame that is not masked.
pub fn head(first: u8, length: usize, out: &mut Vec<u8>) {
    out.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The next length whose bytes have no newline. Its last byte is not that of a control unit either, so that the
/// units which need a second look are few.
fn fit(mut length: usize) -> usize {
    let is_unfit = |length: usize| length.to_be_bytes().contains(&b'\n') || length % 256 == 2;
    while is_unfit(length) {
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialect::Dialect,
        names::{Nick, Room},
        record::{Line, Manner},
        text::Text,
    };

    /// Reads a frame as a program does. Returns its message and how many bytes it takes.
    fn read(bytes: &[u8]) -> (&str, usize) {
        assert_eq!(bytes[0], MESSAGE);
        let (begin, length) = match bytes[1] {
            126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
            127 => (10, usize::from_be_bytes(bytes[2..10].try_into().unwrap())),
            length => (2, usize::from(length)),
        };
        (str::from_utf8(&bytes[begin..begin + length]).unwrap(), begin + length)
    }

    #[test]
    fn each_object_is_a_frame_and_ends_with_its_only_newline() {
        let line = |length: usize| Line {
            seq: 1,
            at: std::time::UNIX_EPOCH,
            from: Nick::new("bob").unwrap(),
            text: Text::new(&"x".repeat(length), 99_999).unwrap().unwrap(),
            manner: Manner::Said,
        };
        for length in (1..3000).chain([65_000, 65_536, 70_000]) {
            let event = Event::History(Room::lobby(), vec![line(length), line(7)]);
            let frames = Dialect::Messages.encoded(&event, &Scene::default());
            let objects = Dialect::Json.encoded(&event, &Scene::default());
            let objects: Vec<_> = str::from_utf8(&objects).unwrap().lines().collect();
            let (first, end) = read(&frames);
            let (second, rest) = read(&frames[end..]);
            assert_eq!((first.trim_end(), second.trim_end()), (objects[0], objects[1]));
            assert_eq!(end + rest, frames.len());
            let newlines: Vec<_> = (0..frames.len()).filter(|&at| frames[at] == b'\n').collect();
            assert_eq!(newlines, [end - 1, frames.len() - 1], "{length}");
        }
    }
}
