//! Step 7: lets each client choose its own nickname.

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
    stream: Arc<TcpStream>,
}

impl Chat {
    fn enter(&mut self, stream: Arc<TcpStream>) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        self.clients.insert(id, Client { nick: nick.clone(), stream });
        self.answer(id, &format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
        self.tell(&format!("{nick} has joined the chat!"), |hearer| hearer != id);
        id
    }

    /// Why a line is refused, if it is.
    fn refusal(&self, id: usize, line: &str) -> Option<String> {
        Some(match words(line) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") => {
                "A nickname is 1 to 20 letters, digits, _ or -, a letter first, and not guest_.".into()
            }
            ("/nick", new) if self.find(new).is_some_and(|owner| owner != id) => {
                format!("Nickname '{new}' is already taken.")
            }
            _ => return None,
        })
    }

    /// Carries out a line that is not refused.
    fn take(&mut self, id: usize, line: &str) {
        let nick = self.clients[&id].nick.clone();
        match words(line) {
            ("/nick", new) => {
                self.clients.entry(id).and_modify(|client| client.nick = new.into());
                self.tell(&format!("{nick} is now known as {new}."), |hearer| hearer != id);
                self.answer(id, &format!("Nickname changed to '{new}'."));
            }
            _ => self.tell(&format!("[lobby] {nick}: {line}"), |_| true),
        }
    }

    fn find(&self, nick: &str) -> Option<usize> {
        self.clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    fn answer(&self, id: usize, line: &str) {
        self.tell(line, |hearer| hearer == id);
    }

    fn tell(&self, line: &str, hears: impl Fn(usize) -> bool) {
        for (_, client) in self.clients.iter().filter(|(id, _)| hears(**id)) {
            let _ = send(&client.stream, line);
        }
    }
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
