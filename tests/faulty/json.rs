//! The chat in JSON objects.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use crossbeam_channel::Receiver;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Deserializer, Value, json};

use crate::{
    chat::{Chat, decide},
    fault,
};

/// The most bytes that may wait for their end.
const MAX: usize = 8192;

/// Reads objects until the client leaves.
pub(crate) fn converse(chat: &Mutex<Chat>, id: usize, mut stream: &TcpStream) {
    if fault::is("json-banner") {
        decide(chat, |chat| chat.tell(id, "Welcome! Say who you are."));
    }
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut chunk) {
        bytes.extend(&chunk[..length]);
        while let Some(object) = next(&mut bytes) {
            let kind = object.as_ref().ok().map(|object| object["type"].clone()).unwrap_or_default();
            let is_known = ["join", "message", "users"].iter().any(|known| kind == *known);
            if kind == "leave" || (fault::is("unknown-closes") && !is_known) {
                return;
            }
            decide(chat, |chat| act(chat, id, object));
        }
    }
}

/// Takes the next object out of what has arrived. `None` means that it is not complete yet.
fn next(bytes: &mut Vec<u8>) -> Option<Result<Value, String>> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    bytes.drain(..start.unwrap_or(bytes.len()));
    let newline = bytes.iter().position(|byte| *byte == b'\n');
    let mut values = Deserializer::from_slice(bytes).into_iter();
    let (value, mut end) = (values.next()?, values.byte_offset());
    if value.is_err() || fault::is("one-object-a-line") {
        end = match newline {
            Some(newline) => newline + 1,
            None if bytes.len() > MAX => bytes.len(),
            None => return None,
        };
    }
    let value = value.map_err(|error| format!("Invalid JSON: {error}"));
    let value =
        if fault::is("escapes-kept") { value.map(|value| with_escapes(value, &bytes[..end])) } else { value };
    bytes.drain(..end);
    Some(value)
}

/// Replaces the text of an object by what stands between its quotation marks, with the escapes.
fn with_escapes(mut object: Value, bytes: &[u8]) -> Value {
    let line = String::from_utf8_lossy(bytes);
    let cut = line.split_once("\"text\":\"").and_then(|(_, text)| text.rsplit_once('"'));
    if let Some((text, _)) = cut {
        object["text"] = text.into();
    }
    object
}

/// Writes the lines of an outbox as objects until all its senders are dropped.
pub(crate) fn empty(queue: &Receiver<Arc<str>>, mut stream: &TcpStream) -> io::Result<()> {
    queue.iter().try_for_each(|line| stream.write_all(format!("{}\n", object(&line)).as_bytes()))
}

/// A line of the chat as an object.
pub(crate) fn object(line: &str) -> String {
    match line {
        object if object.starts_with('{') => object.into(),
        sentence if fault::is("json-banner") && sentence.starts_with("Welcome") => sentence.into(),
        sentence => json!({"type": "system", "user": "system", "text": sentence}).to_string(),
    }
}

/// Carries out what a client has sent, or tells it why not.
pub(crate) fn act(chat: &mut MutexGuard<'_, Chat>, id: usize, object: Result<Value, String>) {
    if let Err(why) = object.and_then(|object| take(chat, id, &object)) {
        chat.tell(id, json!({"type": "error", "text": why}).to_string());
    }
}

fn take(chat: &mut MutexGuard<'_, Chat>, id: usize, object: &Value) -> Result<(), String> {
    let field = |key: &str| object[key].as_str().ok_or_else(|| format!("Missing fields: {key}"));
    let (nick, room) = chat.of(id);
    match field("type") {
        _ if !object.is_object() => Err("Payload must be a JSON object".into()),
        Ok("join") => join(chat, id, field("room")?, field("user")?),
        Ok("message" | "users") if nick.is_empty() => Err("Join a room first".into()),
        Ok("message") => {
            say(chat, &nick, &room, field("text")?);
            Ok(())
        }
        Ok("users") => {
            let users = chat.users(&room);
            let users: Vec<_> = users.split(", ").collect();
            chat.tell(id, json!({"type": "users", "users": users}).to_string());
            Ok(())
        }
        kind => Err(format!("Unknown message type: {}", kind?)),
    }
}

/// The number of the last message. It is larger if a fault counts each hearer.
static SAID: AtomicU64 = AtomicU64::new(0);

fn say(chat: &mut Chat, nick: &str, room: &str, text: &str) {
    let hearers = if fault::is("numbered-for-each") { chat.members(room) } else { vec![0] };
    for hearer in hearers {
        let seq = SAID.fetch_add(1, SeqCst) + 1;
        let said = if fault::is("quotes-unescaped") {
            let object = r#"{"type":"message","room":"ROOM","user":"NICK","seq":SEQ,"text":"TEXT"}"#;
            let object = object.replace("ROOM", room).replace("NICK", nick).replace("SEQ", &seq.to_string());
            object.replace("TEXT", text)
        } else {
            json!({"type": "message", "room": room, "user": nick, "seq": seq, "text": text}).to_string()
        };
        chat.post(said, |id, client| client.is_in(room) && (hearer == 0 || hearer == id));
    }
}

/// The first join lets a client in. A later one takes it to another room, or gives it another name, or both.
fn join(chat: &mut MutexGuard<'_, Chat>, id: usize, room: &str, new: &str) -> Result<(), String> {
    let (old, from) = chat.of(id);
    if old != new {
        let answer = Chat::rename(chat, id, &old, new);
        if !answer.starts_with("Nickname changed") {
            return Err(answer);
        }
        if !old.is_empty() {
            chat.tell(id, answer);
        }
    }
    if old.is_empty() {
        chat.admit(id, room);
    } else if room != from {
        let answer = chat.join(id, room);
        chat.tell(id, answer);
    }
    Ok(())
}
