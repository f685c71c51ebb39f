//! Binary frames, for clients that speak text.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::Interpreter;

pub(crate) const MAGIC: [u8; 8] = *b"\x89PNG\x0e\x0b\x1b\x0b";
pub(crate) const KEY: &[u8] = b"default-key";
const HEAD: usize = 64;

/// A client of a session.
#[derive(Default)]
pub(super) struct Frames {
    session: String,
    /// Lines that wait for the session.
    waiting: Vec<Vec<u8>>,
}

impl Interpreter for Frames {
    fn ask(&mut self, line: &[u8], _to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        // Content is never empty, and an empty line means nothing.
        if self.session.is_empty() {
            self.waiting.push(line.to_vec());
        } else if !line.is_empty() {
            to_server.extend(self.frame("message", line));
        }
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        while let Some((header, content)) = take_frame(bytes) {
            let field = |key: &str| header[key].as_str().unwrap_or_default().to_owned();
            match field("type").as_str() {
                "session_init" => {
                    self.session = field("session_id");
                    to_server.extend(self.frame("session_ack", b"Session acknowledged"));
                    for line in std::mem::take(&mut self.waiting) {
                        to_server.extend(self.frame("message", &line));
                    }
                }
                "message" | "error" | "chunk" => {
                    to_client.extend(&content);
                    to_client.push(b'\n');
                }
                _ => {}
            }
        }
    }
}

impl Frames {
    fn frame(&self, kind: &str, content: &[u8]) -> Vec<u8> {
        packed(kind, &self.session, content, KEY)
    }
}

/// A frame of a client, signed with this key.
pub(crate) fn packed(kind: &str, session: &str, content: &[u8], key: &[u8]) -> Vec<u8> {
    let header = json!({"type": kind, "content_type": "text/plain; charset=utf-8", "session_id": session});
    let header = header.to_string().into_bytes();
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

/// The HMAC-SHA256 of a JSON header and a content.
pub(crate) fn signature(header: &[u8], content: &[u8], key: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key can have any length");
    mac.chain_update(header).chain_update(content).finalize().into_bytes().into()
}

/// The first frame, if all of it is there.
fn take_frame(bytes: &mut Vec<u8>) -> Option<(serde_json::Value, Vec<u8>)> {
    let head: [u8; HEAD] = bytes.get(..HEAD)?.try_into().expect("it has this length");
    assert_eq!(head[..8], MAGIC, "the server speaks frames");
    let header = u32::from_be_bytes(head[12..16].try_into().expect("4 bytes")) as usize;
    let content = u64::from_be_bytes(head[20..28].try_into().expect("8 bytes"));
    let content = usize::try_from(content).expect("it is short");
    if bytes.len() < HEAD + header + content {
        return None;
    }
    let frame: Vec<_> = bytes.drain(..HEAD + header + content).collect();
    let (header, content) = frame[HEAD..].split_at(header);
    assert_eq!(head[32..], signature(header, content, KEY), "the server signs its frames");
    Some((serde_json::from_slice(header).expect("the header is JSON"), content.to_vec()))
}
