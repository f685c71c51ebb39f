//! Step 9: answers questions, and owns up when it does not understand.

use std::{
    collections::BTreeMap,
    env,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    let chat = Chat::default();
    thread::scope(|clients| {
        // What goes wrong with one client is no reason to stop serving the others.
        for stream in listener.incoming().flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
    });
    Ok(())
}

fn serve(chat: &Chat, stream: &Arc<TcpStream>) {
    let id = chat.enter(stream);
    for line in BufReader::new(&**stream).lines().map_while(Result::ok) {
        if !line.is_empty() {
            chat.take(id, &line);
        }
    }
    chat.leave(id);
}

/// What the threads share: everybody who is here, by number.
#[derive(Default)]
struct Chat {
    clients: Mutex<BTreeMap<usize, Client>>,
}

struct Client {
    nick: String,
    room: String,
    stream: Arc<TcpStream>,
}

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help";

impl Chat {
    fn enter(&self, stream: &Arc<TcpStream>) -> usize {
        let mut clients = self.clients.lock();
        let id = (1..=usize::MAX).find(|id| !clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        let client = Client { nick: nick.clone(), room: "lobby".into(), stream: Arc::clone(stream) };
        clients.insert(id, client);
        drop(clients);
        let welcome = format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.");
        self.tell(&welcome, |hearer, _| hearer == id);
        self.tell_others(id, &format!("{nick} has joined the chat!"));
        id
    }

    fn leave(&self, id: usize) {
        self.clients.lock().remove(&id);
    }

    fn take(&self, id: usize, line: &str) {
        let (nick, room) = self.of(id);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match (word.to_ascii_lowercase().as_str(), rest.trim()) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) => self.rename(id, &nick, new),
            ("/join", "") => "Usage: /join <room>".into(),
            ("/join", new) => match new.strip_prefix('#').unwrap_or(new).to_ascii_lowercase() {
                new if !is_name(&new, 32) => "A room's name is like a nickname, but up to 32 long.".into(),
                new if new == room => format!("You are already in room '{room}'."),
                new => self.go(id, &new, format!("You joined room '{new}'.")),
            },
            ("/leave", _) if room == "lobby" => "You are already in the lobby.".into(),
            ("/leave", _) => self.go(id, "lobby", "You returned to the lobby.".into()),
            ("/users", _) => {
                let users = self.list(|client| (client.room == room).then_some(&client.nick));
                format!("Users in {room}: {users}")
            }
            ("/rooms", _) => format!("Active rooms: {}", self.list(|client| Some(&client.room))),
            ("/help", _) => HELP.into(),
            _ if line.starts_with('/') && !line.starts_with("//") => {
                format!("Unknown command: {word}. Type /help for available commands.")
            }
            _ => {
                let text = if line.starts_with("//") { &line[1..] } else { line };
                return self.tell(&format!("[{room}] {nick}: {text}"), |_, there| there == room);
            }
        };
        self.tell(&answer, |hearer, _| hearer == id);
    }

    /// Something about everybody: sorted, without doubles.
    fn list(&self, what: impl Fn(&Client) -> Option<&String>) -> String {
        let clients = self.clients.lock();
        let mut names: Vec<&str> = clients.values().filter_map(what).map(String::as_str).collect();
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        names.dedup();
        names.join(", ")
    }

    fn go(&self, id: usize, room: &str, answer: String) -> String {
        let (nick, old) = self.of(id);
        self.clients.lock().entry(id).and_modify(|client| client.room = room.into());
        self.tell(&format!("{nick} has left the room."), |_, there| there == old);
        self.tell_others(id, &format!("{nick} has joined the room."));
        answer
    }

    fn rename(&self, id: usize, old: &str, new: &str) -> String {
        if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") {
            return "A nickname is 1 to 20 of a-z, 0-9, '_' and '-', and starts with a letter.".into();
        }
        if self.find(new).is_some_and(|owner| owner != id) {
            return format!("Nickname '{new}' is already taken.");
        }
        self.tell_others(id, &format!("{old} is now known as {new}."));
        self.clients.lock().entry(id).and_modify(|client| client.nick = new.into());
        format!("Nickname changed to '{new}'.")
    }

    fn find(&self, nick: &str) -> Option<usize> {
        let clients = self.clients.lock();
        clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    /// The nickname and the room of a client.
    fn of(&self, id: usize) -> (String, String) {
        let client = &self.clients.lock()[&id];
        (client.nick.clone(), client.room.clone())
    }

    fn tell_others(&self, id: usize, line: &str) {
        let (_, room) = self.of(id);
        self.tell(line, |hearer, there| hearer != id && there == room);
    }

    fn tell(&self, line: &str, hears: impl Fn(usize, &str) -> bool) {
        for (_, client) in self.clients.lock().iter().filter(|(id, client)| hears(**id, &client.room)) {
            send(&client.stream, line);
        }
    }
}

fn is_name(name: &str, max: usize) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= max && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_allowed)
}

/// One line in one write. That it did not arrive is for the thread that reads to notice.
fn send(mut stream: &TcpStream, line: &str) {
    let _ = stream.write_all(format!("{line}\n").as_bytes());
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
