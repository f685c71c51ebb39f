//! Step 13: does nothing slow while it holds the lock.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use parking_lot::Mutex;

static STOPPING: AtomicBool = AtomicBool::new(false);

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    let address = listener.local_addr()?;
    ctrlc::set_handler(move || {
        STOPPING.store(true, SeqCst);
        // The loop below is waiting for a client; here is one.
        let _ = TcpStream::connect(address);
    })?;
    let chat = Chat::default();
    thread::scope(|clients| {
        // What goes wrong with one client is no reason to stop serving the others.
        for stream in listener.incoming().take_while(|_| !STOPPING.load(SeqCst)).flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
        chat.stop();
    });
    Ok(())
}

fn serve(chat: &Chat, stream: &Arc<TcpStream>) {
    let member = Member { chat, id: chat.enter(stream) };
    let mut reader = BufReader::new(&**stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream an empty line, and half a line is not a line.
    while !STOPPING.load(SeqCst) && reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return send(stream, "Goodbye!");
            }
            line => chat.take(member.id, line),
        }
        line.clear();
    }
}

/// Being in the chat. However a thread ends, this is dropped, and once only.
struct Member<'a> {
    chat: &'a Chat,
    id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.chat.leave(self.id);
    }
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

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help\n\
    /whisper <user> <message>\n/quit";

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
        let (nick, room) = self.of(id);
        self.clients.lock().remove(&id);
        if !STOPPING.load(SeqCst) {
            self.tell(&format!("{nick} has left the chat."), |_, there| there == room);
        }
    }

    /// Tells everybody, and ends what they say: their threads notice, and leave.
    fn stop(&self) {
        self.tell("Server shutting down.", |_, _| true);
        for client in self.clients.lock().values() {
            let _ = client.stream.shutdown(Shutdown::Read);
        }
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
            ("/whisper", rest) => self.whisper(&nick, rest),
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

    fn whisper(&self, nick: &str, rest: &str) -> String {
        let Some((to, text)) = rest.split_once(' ') else {
            return "Usage: /whisper <user> <message>".into();
        };
        let Some(target) = self.find(to) else {
            return format!("User '{to}' not found.");
        };
        let (to, text) = (self.of(target).0, text.trim_start());
        self.tell(&format!("[Whisper from {nick}]: {text}"), |hearer, _| hearer == target);
        format!("[Whisper to {to}]: {text}")
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
        let clients = self.clients.lock();
        let hearers = clients.iter().filter(|(id, client)| hears(**id, &client.room));
        let streams: Vec<_> = hearers.map(|(_, client)| Arc::clone(&client.stream)).collect();
        // Writing waits for whoever does not read. Nobody else shall wait with us.
        drop(clients);
        for stream in streams {
            send(&stream, line);
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
