//! Step 8: has rooms, each created by the first client that joins it.

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
    let chat = Mutex::new(Chat { clients: BTreeMap::new() });
    thread::scope(|clients| {
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
    });
    Ok(())
}

fn serve(chat: &Mutex<Chat>, stream: &Arc<TcpStream>) {
    let id = chat.lock().enter(Arc::clone(stream));
    for line in BufReader::new(&**stream).lines().map_while(Result::ok).filter(|line| !line.is_empty()) {
        let refusal = chat.lock().refusal(id, &line);
        match refusal {
            Some(refusal) => chat.lock().answer(id, &refusal),
            None => chat.lock().take(id, &line),
        }
    }
    chat.lock().clients.remove(&id);
}

/// What the threads share: all connected clients, by number.
struct Chat {
    clients: BTreeMap<usize, Client>,
}

struct Client {
    nick: String,
    room: String,
    stream: Arc<TcpStream>,
}

impl Chat {
    fn enter(&mut self, stream: Arc<TcpStream>) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        self.clients.insert(id, Client { nick: nick.clone(), room: "lobby".into(), stream });
        self.answer(id, &format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
        self.tell_others(id, &format!("{nick} has joined the chat!"));
        id
    }

    /// Why a line is refused, if it is.
    fn refusal(&self, id: usize, line: &str) -> Option<String> {
        let here = &self.clients[&id].room;
        Some(match words(line) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") => {
                "A nickname is 1 to 20 letters, digits, _ or -, a letter first, and not guest_.".into()
            }
            ("/nick", new) if self.find(new).is_some_and(|owner| owner != id) => {
                format!("Nickname '{new}' is already taken.")
            }
            ("/join", "") => "Usage: /join <room>".into(),
            ("/join", new) if !is_name(&room(new), 32) => "Room names are like nicknames, up to 32.".into(),
            ("/join", new) if room(new) == *here => format!("You are already in room '{here}'."),
            ("/leave", _) if here == "lobby" => "You are already in the lobby.".into(),
            _ => return None,
        })
    }

    /// Carries out a line that is not refused.
    fn take(&mut self, id: usize, line: &str) {
        match words(line) {
            ("/nick", new) => {
                let old = self.clients[&id].nick.clone();
                self.clients.entry(id).and_modify(|client| client.nick = new.into());
                self.tell_others(id, &format!("{old} is now known as {new}."));
                self.answer(id, &format!("Nickname changed to '{new}'."));
            }
            ("/join", new) => self.go(id, &room(new), &format!("You joined room '{}'.", room(new))),
            ("/leave", _) => self.go(id, "lobby", "You returned to the lobby."),
            _ => self.say(id, line),
        }
    }

    fn go(&mut self, id: usize, room: &str, answer: &str) {
        let nick = self.clients[&id].nick.clone();
        self.tell_others(id, &format!("{nick} has left the room."));
        self.clients.entry(id).and_modify(|client| client.room = room.into());
        self.tell_others(id, &format!("{nick} has joined the room."));
        self.answer(id, answer);
    }

    fn say(&self, id: usize, text: &str) {
        let Client { nick, room, .. } = &self.clients[&id];
        self.tell(&format!("[{room}] {nick}: {text}"), |_, there| there == room);
    }

    fn find(&self, nick: &str) -> Option<usize> {
        self.clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    fn answer(&self, id: usize, line: &str) {
        self.tell(line, |hearer, _| hearer == id);
    }

    fn tell_others(&self, id: usize, line: &str) {
        let room = &self.clients[&id].room;
        self.tell(line, |hearer, there| hearer != id && there == room);
    }

    fn tell(&self, line: &str, hears: impl Fn(usize, &str) -> bool) {
        for (_, client) in self.clients.iter().filter(|(id, client)| hears(**id, &client.room)) {
            let _ = send(&client.stream, line);
        }
    }
}

/// The typed name of a room, in the form in which rooms are compared.
fn room(typed: &str) -> String {
    typed.strip_prefix('#').unwrap_or(typed).to_ascii_lowercase()
}

/// Splits a line into the command and the rest.
fn words(line: &str) -> (&str, &str) {
    line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

fn is_name(name: &str, max: usize) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= max && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_allowed)
}

/// Sends a line in one write.
fn send(mut stream: &TcpStream, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
