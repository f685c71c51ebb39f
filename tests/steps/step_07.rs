//! Step 7: lets everybody choose a name that nobody else has.

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
    stream: Arc<TcpStream>,
}

impl Chat {
    fn enter(&self, stream: &Arc<TcpStream>) -> usize {
        let mut clients = self.clients.lock();
        let id = (1..=usize::MAX).find(|id| !clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        clients.insert(id, Client { nick: nick.clone(), stream: Arc::clone(stream) });
        drop(clients);
        let welcome = format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.");
        self.tell(&welcome, |hearer| hearer == id);
        self.tell(&format!("{nick} has joined the chat!"), |hearer| hearer != id);
        id
    }

    fn leave(&self, id: usize) {
        self.clients.lock().remove(&id);
    }

    fn take(&self, id: usize, line: &str) {
        let nick = self.nick(id);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match (word, rest.trim()) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) => self.rename(id, &nick, new),
            _ => return self.tell(&format!("[lobby] {nick}: {line}"), |_| true),
        };
        self.tell(&answer, |hearer| hearer == id);
    }

    fn rename(&self, id: usize, old: &str, new: &str) -> String {
        if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") {
            return "A nickname is 1 to 20 of a-z, 0-9, '_' and '-', and starts with a letter.".into();
        }
        if self.find(new).is_some_and(|owner| owner != id) {
            return format!("Nickname '{new}' is already taken.");
        }
        self.tell(&format!("{old} is now known as {new}."), |hearer| hearer != id);
        self.clients.lock().entry(id).and_modify(|client| client.nick = new.into());
        format!("Nickname changed to '{new}'.")
    }

    fn find(&self, nick: &str) -> Option<usize> {
        let clients = self.clients.lock();
        clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    fn nick(&self, id: usize) -> String {
        self.clients.lock()[&id].nick.clone()
    }

    fn tell(&self, line: &str, hears: impl Fn(usize) -> bool) {
        for (_, client) in self.clients.lock().iter().filter(|(id, _)| hears(**id)) {
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
