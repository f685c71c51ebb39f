//! What step 32 added: how a frame is put together and taken apart. The last step shares this file, too.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::Receiver;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const MAGIC: &[u8; 8] = b"\x89PNG\x0E\x0B\x1B\x0B";
const KEY: &[u8] = b"default-key";
const HEAD: usize = 64;

/// The most bytes of the JSON header, and of the content.
const MOST: [u64; 2] = [64 << 10, 10 << 20];

/// The fewest bytes of each frame after the first, because some clients read that many at once.
const PADDED: usize = 1024;

/// A frame of a client.
pub(crate) struct Frame {
    pub(crate) kind: String,
    pub(crate) session: String,
    pub(crate) content: Vec<u8>,
}

/// What is wrong with a frame. After some mistakes it is unknown where the next frame begins.
pub(crate) enum Wrong {
    Frame(&'static str),
    Stream(&'static str),
}

/// A name that cannot be guessed.
pub(crate) fn new_session() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Takes the next frame out of what has arrived. `None` means that it is not complete yet.
pub(crate) fn next(bytes: &mut Vec<u8>) -> Result<Option<Frame>, Wrong> {
    let start = bytes.len().min(MAGIC.len());
    if bytes[..start] != MAGIC[..start] {
        return Err(Wrong::Stream("This is not a frame."));
    }
    let Some(head) = bytes.get(..HEAD) else { return Ok(None) };
    let number = |from: usize, to: usize| head[from..to].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let lengths = [number(12, 16), number(20, 28)];
    // The lengths are checked before anything is added to them.
    if lengths.iter().zip(MOST).any(|(length, most)| !(1..=most).contains(length)) {
        return Err(Wrong::Stream("A length is wrong."));
    }
    let [header, content] = lengths.map(|length| usize::try_from(length).expect("it is below the limit"));
    let Some(body) = bytes.get(HEAD..HEAD + header + content) else { return Ok(None) };
    let frame = read(head, &body[..header], &body[header..]);
    bytes.drain(..HEAD + header + content);
    frame.map(Some).map_err(Wrong::Frame)
}

fn read(head: &[u8], header: &[u8], content: &[u8]) -> Result<Frame, &'static str> {
    if head[8..10] != [0, 1] {
        return Err("The version is unknown.");
    }
    if [&head[16..20], &head[28..32]] != [header, content].map(|part| crc32fast::hash(part).to_be_bytes()) {
        return Err("A checksum is wrong.");
    }
    if signed(header, content).verify_slice(&head[32..]).is_err() {
        return Err("The signature is wrong.");
    }
    let header: Value = serde_json::from_slice(header).map_err(|_| "The JSON header is wrong.")?;
    let field = |key: &str| header[key].as_str().map(str::to_owned).ok_or("A key is missing.");
    Ok(Frame { kind: field("type")?, session: field("session_id")?, content: content.into() })
}

fn signed(header: &[u8], content: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(KEY)
        .expect("a key can have any length")
        .chain_update(header)
        .chain_update(content)
}

/// The bytes of a frame of the server.
pub(crate) fn sealed(kind: &str, session: &str, content: &str) -> Vec<u8> {
    let content_type = if kind == "message" { "text/plain" } else { "application/octet-stream" };
    let header = json!({"type": kind, "content_type": content_type, "session_id": session}).to_string();
    let least = if kind == "session_init" { 0 } else { PADDED.saturating_sub(HEAD + content.len()) };
    let header = format!("{header:least$}");
    let (header, content) = (header.as_bytes(), content.as_bytes());
    let mut frame = MAGIC.to_vec();
    frame.extend([0, 1, 0, 0]);
    frame.extend(u32::try_from(header.len()).expect("it is short").to_be_bytes());
    frame.extend(crc32fast::hash(header).to_be_bytes());
    frame.extend((content.len() as u64).to_be_bytes());
    frame.extend(crc32fast::hash(content).to_be_bytes());
    frame.extend(signed(header, content).finalize().into_bytes());
    [&frame, header, content].concat()
}

/// A line that is written as a frame of this type, and not as a message.
pub(crate) fn special(kind: &str, content: &str) -> String {
    format!("\0{kind}\0{content}")
}

/// Writes the lines of a queue as frames. A client that takes nothing for two seconds counts as gone.
pub(crate) fn write(mut stream: &TcpStream, queue: &Receiver<Arc<str>>, session: &str) {
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let _ = stream.write_all(&sealed("session_init", session, "Session established"));
    let _ = queue.iter().try_for_each(|line| {
        let special = line.strip_prefix('\0').and_then(|line| line.split_once('\0'));
        let (kind, content) = special.unwrap_or(("message", &line));
        stream.write_all(&sealed(kind, session, content))
    });
    let _ = stream.shutdown(Shutdown::Both);
}
