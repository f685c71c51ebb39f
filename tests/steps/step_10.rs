//! Step 10: sends a whisper to exactly one client.

use std::{
    io::{self, BufRead, BufReader},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

use chat::{Post, words};
use net::send;

mod chat;
mod net;

type Chat = chat::Chat<Arc<TcpStream>>;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    let chat = Mutex::new(Chat::new());
    thread::scope(|clients| {
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
    });
    Ok(())
}

fn serve(chat: &Mutex<Chat>, stream: &Arc<TcpStream>) {
    let id = with(chat, |chat| chat.enter(Arc::clone(stream)));
    for line in BufReader::new(&**stream).lines().map_while(Result::ok).filter(|line| !line.is_empty()) {
        let refusal = chat.lock().refusal(id, &line);
        with(chat, |chat| match refusal {
            Some(refusal) => chat.answer(id, &refusal),
            None => take(chat, id, &line),
        });
    }
    chat.lock().clients.remove(&id);
}

/// Runs `act` on the chat, and writes the lines that it puts into `posts`.
fn with<T>(chat: &Mutex<Chat>, act: impl FnOnce(&mut Chat) -> T) -> T {
    let mut chat = chat.lock();
    let done = act(&mut chat);
    for Post { to, line } in chat.posts.drain(..) {
        for stream in to {
            // After an error, the thread that reads from this client notices the loss.
            let _ = send(&stream, &line);
        }
    }
    done
}

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help\n\
    /whisper <user> <message>";

/// Answers questions and sends messages. `chat` does the rest.
fn take(chat: &mut Chat, id: usize, line: &str) {
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

fn whisper(chat: &mut Chat, id: usize, rest: &str) -> String {
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
