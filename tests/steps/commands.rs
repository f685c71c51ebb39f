//! What steps 9 and 10 added: questions and whispers. The later steps share this file, too.

use crate::chat::{Chat, words};

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help\n\
    /whisper <user> <message>\n/quit";

/// Answers questions and sends messages. `chat` does the rest.
pub(crate) fn take<O: Clone>(chat: &mut Chat<O>, id: usize, line: &str) {
    let room = chat.clients[&id].room.clone();
    let (word, rest) = words(line);
    let answer = match word.to_ascii_lowercase().as_str() {
        "/nick" | "/join" | "/leave" => return chat.take(id, line),
        "/users" => {
            let here = chat.clients.values().filter(|client| client.room == room);
            format!("Users in {room}: {}", list(here.map(|client| client.nick.as_str())))
        }
        "/rooms" => {
            let rooms = chat.clients.values().map(|client| client.room.as_str());
            format!("Active rooms: {}", list(rooms))
        }
        "/help" => HELP.into(),
        "/whisper" => whisper(chat, id, rest),
        _ if line.starts_with("//") => return chat.say(id, &line[1..]),
        _ if word.starts_with('/') => format!("Unknown command: {word}. Type /help for available commands."),
        _ => return chat.say(id, line),
    };
    chat.answer(id, &answer);
}

fn whisper<O: Clone>(chat: &mut Chat<O>, id: usize, rest: &str) -> String {
    let Some((to, text)) = rest.split_once(' ') else {
        return "Usage: /whisper <user> <message>".into();
    };
    let Some(target) = chat.find(to) else {
        return format!("User '{to}' not found.");
    };
    let (from, to) = (&chat.clients[&id].nick, chat.clients[&target].nick.clone());
    let text = text.trim_start();
    chat.answer(target, &format!("[Whisper from {from}]: {text}"));
    format!("[Whisper to {to}]: {text}")
}

/// The names, sorted and without duplicates.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
    names.dedup();
    names.join(", ")
}
