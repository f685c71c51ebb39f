//! Binary frames: a head of 64 bytes with lengths, checksums and a signature, then a JSON header and a content.

use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const HEAD: usize = 64;

/// What each frame begins with: the magic, version 1, and type 0.
const MAGIC: &[u8; 12] = b"\x89PNG\x0e\x0b\x1b\x0b\0\x01\0\0";

/// The part of the head that is the same for all texts, up to the length of the content: all texts have the same
/// length.
const FIXED: Range<usize> = 0..28;

/// The well-known key.
const KEY: &[u8] = b"default-key";

/// The longest frame that a client hears here. A head that announces more is wrong, so no client waits for it.
const LONGEST: usize = 64 * 1024;

/// The length of the first frame, if all of it is there. Bytes that do not begin a frame count as one, and `read`
/// refuses them.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    if bytes.is_empty() {
        return None;
    }
    if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
        return Some(bytes.len());
    }
    let length = content(bytes)?.end;
    if length > LONGEST { Some(bytes.len()) } else { Some(length).filter(|&length| length <= bytes.len()) }
}

/// Where the content of a frame is, if its head is there.
fn content(frame: &[u8]) -> Option<Range<usize>> {
    let head: &[u8; HEAD] = frame.first_chunk()?;
    let header = u32::from_be_bytes(part(head, 12)) as usize;
    let length = usize::try_from(u64::from_be_bytes(part(head, 20))).unwrap_or(usize::MAX);
    let start = HEAD + header;
    Some(start..start.saturating_add(length))
}

fn part<const N: usize>(head: &[u8; HEAD], at: usize) -> [u8; N] {
    head[at..at + N].try_into().expect("it is N bytes long")
}

/// The beginning of a frame, up to the padding of its JSON header.
pub(crate) fn beginning(frame: &[u8]) -> &[u8] {
    content(frame).and_then(|content| frame.get(..content.start)).unwrap_or(frame).trim_ascii_end()
}

/// Whether two frames have the same beginning, except for the signature and the checksum of the content.
#[inline]
pub(crate) fn is_alike(frame: &[u8], beginning: &[u8]) -> bool {
    frame.len() > beginning.len()
        && frame[FIXED] == beginning[FIXED]
        && frame[HEAD..beginning.len()] == beginning[HEAD..]
}

/// The JSON header and the content of a frame whose lengths and checksums are right. The signature is not checked.
pub(crate) fn read(frame: &[u8]) -> Option<(Value, &[u8])> {
    let content = content(frame).filter(|content| content.end == frame.len() && frame.starts_with(MAGIC))?;
    let head = frame.first_chunk()?;
    let (header, content) = (&frame[HEAD..content.start], &frame[content]);
    let are_right = crc32fast::hash(header) == u32::from_be_bytes(part(head, 16))
        && crc32fast::hash(content) == u32::from_be_bytes(part(head, 28));
    are_right.then_some(())?;
    Some((serde_json::from_slice(header).ok()?, content))
}

/// Appends what a client sends first.
pub(crate) fn acknowledge(session: &str, out: &mut Vec<u8>) {
    write("session_ack", "application/octet-stream", session, b"Session acknowledged", out);
}

/// Appends a message for each of these lines.
pub(crate) fn pack(session: &str, lines: &[u8], out: &mut Vec<u8>) {
    for line in lines.split_inclusive(|&b| b == b'\n') {
        write("message", "text/plain; charset=utf-8", session, line.trim_ascii_end(), out);
    }
}

pub(crate) fn write(kind: &str, media: &str, session: &str, content: &[u8], out: &mut Vec<u8>) {
    let header = json!({"type": kind, "content_type": media, "session_id": session}).to_string();
    let mut signature: Hmac<Sha256> = Hmac::new_from_slice(KEY).expect("any length will do");
    signature.update(header.as_bytes());
    signature.update(content);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(header.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(header.as_bytes()).to_be_bytes());
    out.extend_from_slice(&(content.len() as u64).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(content).to_be_bytes());
    out.extend_from_slice(&signature.finalize().into_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
}
