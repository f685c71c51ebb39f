//! The chat in binary frames.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    chat::{Chat, decide},
    fault,
    server::idle,
};

const MAGIC: &[u8; 8] = b"\x89PNG\x0E\x0B\x1B\x0B";
const HEAD: usize = 64;

/// The fewest bytes of each frame after the first.
const PADDED: usize = 1024;

struct Frame {
    kind: String,
    session: String,
    content: String,
}

/// The last frame of any client. Only a fault uses it.
static HEARD: Mutex<Option<Instant>> = Mutex::new(None);

/// A name that cannot be guessed.
pub(crate) fn new_session() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Reads frames until the client leaves, or is silent for too long.
pub(crate) fn converse(chat: &Mutex<Chat>, id: usize, mut stream: &TcpStream, session: &str) {
    let (mut bytes, mut chunk, mut heard) = (Vec::new(), [0; 4096], Instant::now());
    *HEARD.lock() = Some(heard);
    loop {
        let Some(left) = left(chat, id, heard) else { return };
        let _ = stream.set_read_timeout(Some(left));
        match stream.read(&mut chunk) {
            Ok(length @ 1..) if fault::is("one-read-one-frame") => bytes = chunk[..length].to_vec(),
            Ok(length @ 1..) => {
                bytes.extend(&chunk[..length]);
                if fault::is("each-byte-counts") {
                    heard = Instant::now();
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            _ => return,
        }
        while let Some(outcome) = next(&mut bytes).transpose() {
            let is_ping = outcome.as_ref().is_ok_and(|frame| frame.kind == "heartbeat");
            if outcome.is_ok() && !(is_ping && fault::is("pings-not-counted")) {
                heard = Instant::now();
                *HEARD.lock() = Some(heard);
            }
            let is_foreign = |frame: &Frame| frame.session != session && !fault::is("session-unchecked");
            let outcome = match outcome {
                Ok(frame) if is_foreign(&frame) => Err(("The session is another.", true)),
                Ok(frame) => decide(chat, |chat| act(chat, id, &frame)).map_err(|why| (why, false)),
                Err(wrong) => Err(wrong),
            };
            if let Err((why, is_fatal)) = outcome {
                decide(chat, |chat| chat.tell(id, format!("\0error\0{why}")));
                if is_fatal {
                    return;
                }
            }
        }
    }
}

/// What is left of a client's time.
fn left(chat: &Mutex<Chat>, id: usize, heard: Instant) -> Option<Duration> {
    let is_outside = chat.lock().of(id).0.is_empty();
    let heard = match heard {
        _ if fault::is("waits-for-acks") && is_outside => Instant::now(),
        _ if fault::is("one-deadline") => HEARD.lock().unwrap_or(heard),
        own => own,
    };
    idle(30).checked_sub(heard.elapsed()).filter(|left| !left.is_zero())
}

/// Takes the next frame out of what has arrived. An error says whether the stream is lost with the frame.
fn next(bytes: &mut Vec<u8>) -> Result<Option<Frame>, (&'static str, bool)> {
    let start = bytes.len().min(MAGIC.len());
    if bytes[..start] != MAGIC[..start] {
        return Err(("This is not a frame.", true));
    }
    let Some(head) = bytes.get(..HEAD) else { return Ok(None) };
    let number = |from: usize, to: usize| head[from..to].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let (header, content) = (number(12, 16), number(20, 28));
    if (header > 64 << 10 || content > 10 << 20) && !fault::is("length-believed") {
        return Err(("A length is wrong.", true));
    }
    let end = header.saturating_add(content).saturating_add(HEAD as u64);
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let Some(body) = bytes.get(HEAD..end) else { return Ok(None) };
    let (header, content) = body.split_at(usize::try_from(header).expect("it is below the end"));
    let frame = read(head, header, content);
    bytes.drain(..end);
    frame.map(Some).map_err(|why| (why, false))
}

fn read(head: &[u8], header: &[u8], content: &[u8]) -> Result<Frame, &'static str> {
    if head[8..10] != [0, 1] {
        return Err("The version is unknown.");
    }
    let crcs = [header, content].map(|part| crc32fast::hash(part).to_be_bytes());
    if [&head[16..20], &head[28..32]] != crcs && !fault::is("crc-unchecked") {
        return Err("A checksum is wrong.");
    }
    if signed(header, content).verify_slice(&head[32..]).is_err() && !fault::is("hmac-unchecked") {
        return Err("The signature is wrong.");
    }
    let header: Value = serde_json::from_slice(header).map_err(|_| "The JSON header is wrong.")?;
    let field = |key: &str| header[key].as_str().map(str::to_owned).ok_or("A key is missing.");
    let content = String::from_utf8_lossy(content).into_owned();
    Ok(Frame { kind: field("type")?, session: field("session_id")?, content })
}

fn signed(header: &[u8], content: &[u8]) -> Hmac<Sha256> {
    let key = Hmac::<Sha256>::new_from_slice(b"default-key").expect("a key can have any length");
    key.chain_update(header).chain_update(content)
}

fn act(chat: &mut MutexGuard<'_, Chat>, id: usize, frame: &Frame) -> Result<(), &'static str> {
    let is_in = !chat.of(id).0.is_empty();
    match (frame.kind.as_str(), frame.content.as_str()) {
        ("session_ack", _) => admit(chat, id),
        ("message", _) if !is_in => return Err("Acknowledge the session first."),
        ("message", line) => Chat::take(chat, id, line),
        ("heartbeat", "ping") if fault::is("no-pong") => {}
        ("heartbeat", "ping") => chat.tell(id, "\0heartbeat\0pong"),
        _ => return Err("This type is unknown."),
    }
    Ok(())
}

fn admit(chat: &mut Chat, id: usize) {
    if !fault::is("announced-before-ack") {
        announce(chat, id);
    }
    let (nick, _) = chat.of(id);
    chat.tell(id, format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
}

pub(crate) fn announce(chat: &mut Chat, id: usize) {
    chat.name(id, &format!("guest_{id}"));
    chat.admit(id, "lobby");
}

/// Writes the lines of an outbox as frames until all its senders are dropped.
pub(crate) fn empty(queue: &Receiver<Arc<str>>, mut stream: &TcpStream, session: &str) -> io::Result<()> {
    stream.write_all(&sealed("session_init", session, "Session established"))?;
    queue.iter().try_for_each(|line| {
        let special = line.strip_prefix('\0').and_then(|line| line.split_once('\0'));
        let (kind, content) = special.unwrap_or(("message", &line));
        stream.write_all(&sealed(kind, session, content))
    })
}

fn sealed(kind: &str, session: &str, content: &str) -> Vec<u8> {
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
