//! Makes a frame of each line that a client is told.

use std::ops::Range;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{CONTROL, Head, Key, control, kind};
use crate::{event::Event, framing::Seal};

/// The length of a JSON header, in bytes. Existing programs read 1024 bytes and expect them to belong to one
/// frame. All headers have the same length, a multiple of the 64 bytes of a SHA-256 block. So the part of a
/// signature that comes from the header of a message is computed once for each client.
const HEADER: usize = 1024 - Head::LENGTH;

/// The longest line in one frame, in bytes. A longer one is sent in chunks.
const CHUNK: usize = 8 * 1024;

/// The most bytes of lines that are packed together. They become about 100 KiB of frames.
const TOGETHER: usize = 4 * 1024;

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// Packs what one client is told.
pub struct FrameSeal {
    key: Key,
    session: Uuid,
    /// What is computed once for the JSON headers of all messages.
    messages: Begun,
}

/// What is computed from a JSON header: its checksum, and the beginning of the signature.
struct Begun {
    checksum: u32,
    signature: Hmac<Sha256>,
}

impl FrameSeal {
    /// A seal for a client whose session has not begun. Until then, it can only be told why it is refused.
    pub fn new(key: Key) -> Self {
        let session = Uuid::nil();
        let messages = Begun::message(&key, session);
        Self { key, session, messages }
    }

    fn seal_unit(&mut self, unit: &[u8], out: &mut Vec<u8>) {
        match unit.split_first() {
            // The content of a frame is never empty.
            None => self.message(b" ", out),
            Some((&CONTROL, unit)) => self.control(unit, out),
            Some(_) if unit.len() <= CHUNK => self.message(unit, out),
            Some(_) => self.chunks(unit, out),
        }
    }

    fn message(&self, content: &[u8], out: &mut Vec<u8>) {
        let start = begin(out);
        write_message_header(self.session, out);
        end(out, start, &self.messages, content);
    }

    /// Adds a frame that is not a message, with more keys in its JSON header.
    fn frame(
        &self,
        (kind, media): (&str, &str),
        more: &str,
        padded: usize,
        content: &[u8],
        out: &mut Vec<u8>,
    ) {
        let start = begin(out);
        write_header((kind, media), more, self.session, out);
        let header = start + Head::LENGTH;
        out.resize(out.len().max(header + padded), b' ');
        let begun = Begun::new(&self.key, &out[header..]);
        end(out, start, &begun, content);
    }

    /// Turns a control unit of the decoder into a frame.
    fn control(&mut self, unit: &[u8], out: &mut Vec<u8>) {
        let unit = String::from_utf8_lossy(unit);
        let (kind, content) = unit.split_once(' ').unwrap_or((&unit, ""));
        match kind {
            kind::INIT => {
                self.session = content.parse().unwrap_or_default();
                self.messages = Begun::message(&self.key, self.session);
                // It arrives alone, so it needs no padding, and existing programs expect it to be short.
                self.frame((kind, BYTES), "", 0, b"Session established", out);
            }
            kind::DISCONNECT => {
                let content = serde_json::json!({"message": "Disconnecting", "reason": content}).to_string();
                self.frame((kind, JSON), "", HEADER, content.as_bytes(), out);
            }
            _ => self.frame((kind, TEXT), "", HEADER, content.as_bytes(), out),
        }
    }

    fn chunks(&self, line: &[u8], out: &mut Vec<u8>) {
        let (id, parts) = (Uuid::new_v4(), parts(line));
        let total = parts.len();
        for (index, part) in parts.into_iter().enumerate() {
            let more = format!(",\"chunk_id\":\"{id}\",\"index\":{index},\"total\":{total}");
            self.frame((kind::CHUNK, TEXT), &more, HEADER, &line[part], out);
        }
    }
}

impl Begun {
    fn new(key: &Key, header: &[u8]) -> Self {
        Self { checksum: crc32fast::hash(header), signature: key.begin().chain_update(header) }
    }

    fn message(key: &Key, session: Uuid) -> Self {
        let mut header = Vec::with_capacity(HEADER);
        write_message_header(session, &mut header);
        Self::new(key, &header)
    }
}

/// Leaves room for a head, and returns where it begins.
fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.resize(start + Head::LENGTH, 0);
    start
}

/// Adds the content, and then fills in the head.
fn end(out: &mut Vec<u8>, start: usize, begun: &Begun, content: &[u8]) {
    let header_length = out.len() - start - Head::LENGTH;
    out.extend_from_slice(content);
    let head = Head {
        header_length: u32::try_from(header_length).expect("it is short"),
        header_checksum: begun.checksum,
        content_length: content.len() as u64,
        content_checksum: crc32fast::hash(content),
        signature: begun.signature.clone().chain_update(content).finalize().into_bytes().into(),
    };
    out[start..start + Head::LENGTH].copy_from_slice(&head.to_bytes());
}

fn write_message_header(session: Uuid, out: &mut Vec<u8>) {
    let start = out.len();
    write_header((kind::MESSAGE, TEXT), "", session, out);
    out.resize(start + HEADER, b' ');
}

/// Adds a JSON header. Its values need no escapes.
fn write_header((kind, media): (&str, &str), more: &str, session: Uuid, out: &mut Vec<u8>) {
    let mut id = Uuid::encode_buffer();
    let id = session.hyphenated().encode_lower(&mut id);
    for part in
        ["{\"type\":\"", kind, "\",\"content_type\":\"", media, "\",\"session_id\":\"", id, "\"", more, "}"]
    {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The parts of a long line, cut between characters.
fn parts(line: &[u8]) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    while start < line.len() {
        let mut end = line.len().min(start + CHUNK);
        // A character has at most four bytes.
        for _ in 0..3 {
            end -= usize::from(line.get(end).is_some_and(|byte| byte & 0xc0 == 0x80));
        }
        parts.push(start..end);
        start = end;
    }
    parts
}

impl Seal for FrameSeal {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let count = memchr::memchr_iter(b'\n', units).count();
        let mut out = Vec::with_capacity(count * (Head::LENGTH + HEADER) + units.len());
        for unit in units.split_inclusive(|&byte| byte == b'\n') {
            self.seal_unit(unit.strip_suffix(b"\n").unwrap_or(unit), &mut out);
        }
        vec![out]
    }

    fn farewell(&self, why: Option<&Event>) -> Vec<u8> {
        let why = why.map(ToString::to_string);
        let why = why.as_ref().and_then(|why| why.lines().next()).unwrap_or("Connection closed.");
        control(kind::DISCONNECT, why.strip_suffix('.').unwrap_or(why))
    }

    fn most_together(&self) -> usize {
        TOGETHER
    }
}
