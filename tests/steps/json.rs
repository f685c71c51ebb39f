//! What step 30 added: the chat in JSON objects. The later steps share this file, too.

use std::{
    io::Read,
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crossbeam_channel::Receiver;
use serde_json::{Deserializer, Value, json};

use crate::{
    chat::{Chat, Client},
    net::send,
    shared::{CLIENTS, LINE, Member},
    signal::is_stopping,
};

/// Reads objects from a client. They can be cut anywhere, and several can come together.
pub(crate) fn serve(member: &Member<'_>, mut stream: &TcpStream) {
    let Member { shared, id } = *member;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut chunk) {
        bytes.extend(&chunk[..length]);
        while let Some(object) = next(&mut bytes) {
            let is_leaving = object.as_ref().is_ok_and(|object| object["type"] == "leave");
            if is_leaving || is_stopping() {
                return;
            }
            shared.with(|chat| act(chat, id, object));
        }
    }
}

/// Takes the next object out of what has arrived. `None` means that it is not complete yet.
fn next(bytes: &mut Vec<u8>) -> Option<Result<Value, String>> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    bytes.drain(..start.unwrap_or(bytes.len()));
    let mut values = Deserializer::from_slice(bytes).into_iter();
    let (value, mut end) = (values.next()?, values.byte_offset());
    if value.is_err() {
        // Anything that is not an object ends with its line.
        end = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None if bytes.len() > LINE => bytes.len(),
            None => return None,
        };
    }
    bytes.drain(..end);
    Some(value.map_err(|error| format!("Invalid JSON: {error}")))
}

/// Writes the lines of a queue as objects. A client that takes nothing for two seconds counts as gone.
pub(crate) fn write(stream: &TcpStream, queue: &Receiver<Arc<str>>) {
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let _ = queue.iter().try_for_each(|line| send(stream, &object(&line)));
    let _ = stream.shutdown(Shutdown::Both);
}

/// A line of the chat as an object. A line that is not one is a sentence, which begins with a letter or `[`.
pub(crate) fn object(line: &str) -> String {
    match line {
        object if object.starts_with('{') => object.into(),
        sentence => json!({"type": "system", "user": "system", "text": sentence}).to_string(),
    }
}

/// Adds a client that has no name yet. It is in a room of its own, whose name no client can write.
pub(crate) fn connect<O: Clone>(chat: &mut Chat<O>, outlet: O) -> Option<usize> {
    let id = (1..=CLIENTS).find(|id| !chat.clients.contains_key(id))?;
    chat.clients.insert(id, Client { nick: String::new(), room: format!("outside {id}"), outlet });
    Some(id)
}

/// Carries out what a client has sent, or tells it why not.
pub(crate) fn act<O: Clone>(chat: &mut Chat<O>, id: usize, object: Result<Value, String>) {
    if let Err(why) = object.and_then(|object| take(chat, id, &object)) {
        chat.answer(id, &json!({"type": "error", "text": why}).to_string());
    }
}

fn take<O: Clone>(chat: &mut Chat<O>, id: usize, object: &Value) -> Result<(), String> {
    let field = |key: &str| object[key].as_str().ok_or_else(|| format!("Missing fields: {key}"));
    let Client { nick, room, .. } = &chat.clients[&id];
    let (nick, room) = (nick.clone(), room.clone());
    match field("type") {
        _ if !object.is_object() => Err("Payload must be a JSON object".into()),
        Ok("join") => join(chat, id, &nick, field("room")?, field("user")?),
        Ok("message" | "users") if nick.is_empty() => Err("Join a room first".into()),
        Ok("message") => {
            static SAID: AtomicU64 = AtomicU64::new(0);
            let text = field("text")?;
            // Under the lock, so that everyone hears the messages in the order of their numbers.
            let seq = SAID.fetch_add(1, Relaxed) + 1;
            let said = json!({"type": "message", "room": room, "user": nick, "text": text, "seq": seq});
            chat.tell(&said.to_string(), |_, there| there == room);
            Ok(())
        }
        Ok("users") => {
            let here = chat.clients.values().filter(|client| client.room == room);
            let mut users: Vec<_> = here.map(|client| client.nick.as_str()).collect();
            users.sort_unstable_by_key(|nick| nick.to_ascii_lowercase());
            let users = json!({"type": "users", "users": users}).to_string();
            chat.answer(id, &users);
            Ok(())
        }
        kind => Err(format!("Unknown message type: {}", kind?)),
    }
}

/// The first join lets a client in. A later one takes it to another room, or gives it another name, or both.
fn join<O: Clone>(chat: &mut Chat<O>, id: usize, old: &str, room: &str, nick: &str) -> Result<(), String> {
    let (rename, go) = (format!("/nick {nick}"), format!("/join {room}"));
    let lines = if old == nick { vec![go] } else { vec![rename, go] };
    if let Some(refusal) = lines.iter().find_map(|line| chat.refusal(id, line)) {
        return Err(refusal);
    }
    if !old.is_empty() {
        for line in lines {
            chat.take(id, &line);
        }
        return Ok(());
    }
    let room = room.trim_start_matches('#').to_ascii_lowercase();
    chat.tell(&format!("{nick} has joined the chat!"), |_, there| there == room);
    chat.clients.entry(id).and_modify(|client| (client.nick, client.room) = (nick.into(), room));
    Ok(())
}
