//! Binary frames, independent of the server's code: how a client puts them together and takes them apart.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::course::{class, conversation::escaped, failure::Failure};

pub(crate) mod peer;

/// The first bytes of each frame.
const MAGIC: [u8; 8] = [0x89, 0x50, 0x4E, 0x47, 0x0E, 0x0B, 0x1B, 0x0B];

/// The key that stands on the course's page.
pub(crate) const KEY: &[u8] = b"default-key";

/// The number of bytes of a head.
const HEAD: usize = 64;

/// The most bytes of the JSON header and of the content.
const LONGEST: [u64; 2] = [64 << 10, 10 << 20];

/// The fewest bytes of each frame of a server, except for the first.
const PADDED: usize = 1024;

/// Where the fields of a head begin.
pub(crate) mod at {
    pub(crate) const VERSION: usize = 8;
    pub(crate) const HEADER_LENGTH: usize = 12;
    pub(crate) const HEADER_CRC: usize = 16;
    pub(crate) const CONTENT_LENGTH: usize = 20;
    pub(crate) const CONTENT_CRC: usize = 28;
    pub(crate) const SIGNATURE: usize = 32;
}

/// A frame of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: String,
    pub(crate) content_type: String,
    pub(crate) session_id: String,
    pub(crate) content: String,
    /// The number of its bytes.
    pub(crate) size: usize,
}

impl Frame {
    /// How a transcript shows it.
    pub(crate) fn shown(&self) -> String {
        format!("[{}] {}", self.kind, self.content)
    }

    /// Whether it is long enough for a client that reads 1024 bytes and takes them for the beginning of a frame.
    pub(crate) fn is_padded(&self) -> bool {
        self.size >= PADDED
    }
}

/// The bytes of a client's frame, signed with this key.
pub(crate) fn sealed(kind: &str, session_id: &str, content: &str, key: &[u8]) -> Vec<u8> {
    let content_type =
        if kind == "message" { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    let header = serde_json::json!({"type": kind, "content_type": content_type, "session_id": session_id});
    let (header, content) = (header.to_string().into_bytes(), content.as_bytes());
    let mut frame = Vec::from(MAGIC);
    frame.extend([0, 1, 0, 0]);
    frame.extend(u32::try_from(header.len()).expect("it is short").to_be_bytes());
    frame.extend(crc32fast::hash(&header).to_be_bytes());
    frame.extend((content.len() as u64).to_be_bytes());
    frame.extend(crc32fast::hash(content).to_be_bytes());
    frame.extend(signature(&header, content, key));
    frame.extend(header);
    frame.extend(content);
    frame
}

fn signature(header: &[u8], content: &[u8], key: &[u8]) -> [u8; 32] {
    let mut signature = Hmac::<Sha256>::new_from_slice(key).expect("a key can have any length");
    signature.update(header);
    signature.update(content);
    signature.finalize().into_bytes().into()
}

/// Takes the next frame of a server out of what has arrived. `None` means "not yet".
pub(crate) fn next(bytes: &mut Vec<u8>) -> Result<Option<Frame>, Failure> {
    let start = bytes.len().min(MAGIC.len());
    is_same("the magic bytes", &MAGIC[..start], &bytes[..start]).map_err(|failure| {
        let shown = &bytes[..bytes.len().min(40)];
        failure.note(format!("As text, what was received begins with: {}", escaped(shown)))
    })?;
    let Some(head) = bytes.get(..HEAD) else { return Ok(None) };
    is_same("the version", &[0, 1], &head[at::VERSION..at::VERSION + 2])?;
    let number = |from: usize, to: usize| head[from..to].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let lengths = [number(at::HEADER_LENGTH, at::HEADER_CRC), number(at::CONTENT_LENGTH, at::CONTENT_CRC)];
    for ((what, length), longest) in ["the JSON header", "the content"].into_iter().zip(lengths).zip(LONGEST)
    {
        if !(1..=longest).contains(&length) {
            return Err(bad(&format!("the length of {what}: 1 to {longest}"), &length.to_string()));
        }
    }
    let [header, content] = lengths.map(|length| usize::try_from(length).expect("it is below the limit"));
    let Some(body) = bytes.get(HEAD..HEAD + header + content) else { return Ok(None) };
    let (header, content) = body.split_at(header);
    let crc = |bytes| crc32fast::hash(bytes).to_be_bytes();
    is_same("the CRC-32 of the JSON header", &crc(header), &head[at::HEADER_CRC..at::CONTENT_LENGTH])?;
    is_same("the CRC-32 of the content", &crc(content), &head[at::CONTENT_CRC..at::SIGNATURE])?;
    is_same("the HMAC-SHA256", &signature(header, content, KEY), &head[at::SIGNATURE..])?;
    let read = serde_json::from_slice::<Value>(header);
    let header = read.map_err(|error| bad("a JSON header", &format!("{error}")))?;
    let field = |key: &str| header[key].as_str().map(str::to_owned);
    let field = |key: &str| {
        field(key).ok_or_else(|| bad(&format!("{key:?} in the JSON header"), &header.to_string()))
    };
    // It is a line, so it may end with a newline.
    let content = String::from_utf8_lossy(content);
    let frame = Frame {
        kind: field("type")?,
        content_type: field("content_type")?,
        session_id: field("session_id")?,
        content: content.strip_suffix('\n').unwrap_or(&content).to_owned(),
        size: HEAD + body.len(),
    };
    bytes.drain(..frame.size);
    Ok(Some(frame))
}

fn is_same(what: &str, due: &[u8], came: &[u8]) -> Result<(), Failure> {
    if due == came {
        return Ok(());
    }
    Err(bad(&format!("{what}: {}", hex(due)), &hex(came)))
}

/// Bytes as hexadecimal numbers.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn bad(expected: &str, received: &str) -> Failure {
    Failure::new(&class::BAD_FRAME, expected, received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_sealed_wherever_it_is_cut() {
        let sealed = sealed("message", "s-1", "grüße", KEY);
        for end in 0..sealed.len() {
            assert_eq!(next(&mut sealed[..end].to_vec()).expect("a right beginning"), None);
        }
        let mut twice = sealed.repeat(2);
        for _ in 0..2 {
            let frame = next(&mut twice).expect("a right frame").expect("a whole one");
            assert_eq!([frame.kind, frame.session_id, frame.content], ["message", "s-1", "grüße"]);
        }
        assert!(twice.is_empty());
    }

    #[test]
    fn a_mistake_in_a_frame_is_named() {
        let check = |at: usize, what: &str| {
            let mut bytes = sealed("message", "s-1", "hi", KEY);
            bytes[at] ^= 1;
            let failure = next(&mut bytes).expect_err("it is damaged");
            assert!(failure.expected.starts_with(what), "{failure:?}");
        };
        check(0, "the magic bytes");
        check(at::VERSION, "the version");
        check(at::HEADER_LENGTH, "the length of the JSON header");
        check(at::HEADER_CRC, "the CRC-32 of the JSON header");
        check(at::CONTENT_LENGTH, "the length of the content");
        check(at::CONTENT_CRC, "the CRC-32 of the content");
        check(at::SIGNATURE, "the HMAC-SHA256");
    }

    #[test]
    fn the_head_of_the_frame_on_the_page_is_right() {
        const PAGES: &str = include_str!("../../../challenges.md");
        let frame = sealed("session_ack", "s-1", "ok", KEY);
        let rows: Vec<_> = frame[..HEAD].chunks(16).map(hex).collect();
        assert!(PAGES.contains(&rows.join("\n")));
        let header = String::from_utf8_lossy(&frame[HEAD..frame.len() - 2]);
        assert!(PAGES.contains(&format!("`{header}`")), "{header}");
    }
}
