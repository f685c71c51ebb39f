//! Step 17: has limits, for clients and for lines.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

/// How many clients there may be. Each takes two threads.
const CLIENTS: usize = 100;

/// How many bytes a line may have with its end. Without a limit, one client can fill the memory.
const LINE: usize = 8192;

/// How many lines may wait for a client. One that is further behind is cut.
const OUTBOX: usize = 1000;

static STOPPING: AtomicBool = AtomicBool::new(false);

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    let address = listener.local_addr()?;
    ctrlc::set_handler(move || {
        STOPPING.store(true, SeqCst);
        // The loop below is waiting for a client; here is one.
        let _ = TcpStream::connect(address);
    })?;
    // As good as no queue: whoever speaks faster than the broadcaster writes shall wait.
    let (posts, inbox) = bounded(1);
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(|| broadcast(inbox))?;
    let chat = Mutex::new(Chat { clients: BTreeMap::new(), posts });
    thread::scope(|clients| {
        // What goes wrong with one client is no reason to stop serving the others.
        for stream in listener.incoming().take_while(|_| !STOPPING.load(SeqCst)).flatten() {
            let (lines, queue) = bounded::<Arc<str>>(OUTBOX);
            let outbox = Outbox { lines, stream: Arc::new(stream) };
            let stream = Arc::clone(&outbox.stream);
            clients.spawn(move || queue.iter().try_for_each(|line| send(&stream, &line)));
            clients.spawn(|| serve(&chat, outbox));
        }
        chat.lock().stop();
    });
    // The last sender goes with the chat: the broadcaster delivers what is left, and ends.
    drop(chat);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}

/// A line, and who shall hear it.
struct Post {
    to: Vec<Outbox>,
    line: Arc<str>,
}

/// What waits for a client. A thread of its own takes it out, and waits where the client is slow.
#[derive(Clone)]
struct Outbox {
    lines: Sender<Arc<str>>,
    stream: Arc<TcpStream>,
}

/// The one thread that fans out. It never waits.
fn broadcast(inbox: Receiver<Post>) {
    for Post { to, line } in inbox {
        for outbox in to {
            if outbox.lines.try_send(Arc::clone(&line)).is_err() {
                let _ = outbox.stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn serve(chat: &Mutex<Chat>, outbox: Outbox) {
    let stream = Arc::clone(&outbox.stream);
    // Whoever takes nothing for so long is gone, as far as the thread that writes to it can tell.
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let Some(id) = chat.lock().enter(outbox) else { return };
    let member = Member { chat, id };
    let mut reader = BufReader::new(&*stream);
    let mut line = Vec::new();
    // A reset is an error, the end of the stream half a line, and half a line is not a line.
    while !STOPPING.load(SeqCst) && reader.by_ref().take(LINE as u64).read_until(b'\n', &mut line).is_ok() {
        match String::from_utf8_lossy(&line).strip_suffix('\n').map(|line| line.trim_end_matches('\r')) {
            None if line.len() < LINE => return,
            None => {
                chat.lock().tell("Line too long (max 8192 bytes).", |hearer, _| hearer == member.id);
                let Ok(_) = reader.skip_until(b'\n') else { return };
            }
            Some("") => {}
            Some(line) if line.eq_ignore_ascii_case("/quit") => {
                return chat.lock().tell("Goodbye!", |hearer, _| hearer == member.id);
            }
            Some(line) => chat.lock().take(member.id, line),
        }
        line.clear();
    }
}

/// Being in the chat. However a thread ends, this is dropped, and once only.
struct Member<'a> {
    chat: &'a Mutex<Chat>,
    id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.chat.lock().leave(self.id);
    }
}

/// What the threads share: everybody who is here, by number, and the way to the broadcaster.
struct Chat {
    clients: BTreeMap<usize, Client>,
    posts: Sender<Post>,
}

struct Client {
    nick: String,
    room: String,
    outbox: Outbox,
}

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help\n\
    /whisper <user> <message>\n/quit";

/// Nothing in here locks: whoever calls has locked, and nothing can come between two lines.
impl Chat {
    fn enter(&mut self, outbox: Outbox) -> Option<usize> {
        if self.clients.len() >= CLIENTS {
            let _ = outbox.lines.try_send("Server is full.".into());
            return None;
        }
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        self.clients.insert(id, Client { nick: nick.clone(), room: "lobby".into(), outbox });
        let welcome = format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.");
        self.tell(&welcome, |hearer, _| hearer == id);
        self.tell_others(id, &format!("{nick} has joined the chat!"));
        Some(id)
    }

    fn leave(&mut self, id: usize) {
        let (nick, room) = self.of(id);
        self.clients.remove(&id);
        if !STOPPING.load(SeqCst) {
            self.tell(&format!("{nick} has left the chat."), |_, there| there == room);
        }
    }

    /// Tells everybody, and ends what they say: their threads notice, and leave.
    fn stop(&self) {
        self.tell("Server shutting down.", |_, _| true);
        for client in self.clients.values() {
            let _ = client.outbox.stream.shutdown(Shutdown::Read);
        }
    }

    fn take(&mut self, id: usize, line: &str) {
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
        let mut names: Vec<&str> = self.clients.values().filter_map(what).map(String::as_str).collect();
        names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        names.dedup();
        names.join(", ")
    }

    fn go(&mut self, id: usize, room: &str, answer: String) -> String {
        let (nick, old) = self.of(id);
        self.clients.entry(id).and_modify(|client| client.room = room.into());
        self.tell(&format!("{nick} has left the room."), |_, there| there == old);
        self.tell_others(id, &format!("{nick} has joined the room."));
        answer
    }

    fn rename(&mut self, id: usize, old: &str, new: &str) -> String {
        if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") {
            return "A nickname is 1 to 20 of a-z, 0-9, '_' and '-', and starts with a letter.".into();
        }
        if self.find(new).is_some_and(|owner| owner != id) {
            return format!("Nickname '{new}' is already taken.");
        }
        self.tell_others(id, &format!("{old} is now known as {new}."));
        self.clients.entry(id).and_modify(|client| client.nick = new.into());
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
        self.clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    /// The nickname and the room of a client.
    fn of(&self, id: usize) -> (String, String) {
        let client = &self.clients[&id];
        (client.nick.clone(), client.room.clone())
    }

    fn tell_others(&self, id: usize, line: &str) {
        let (_, room) = self.of(id);
        self.tell(line, |hearer, there| hearer != id && there == room);
    }

    fn tell(&self, line: &str, hears: impl Fn(usize, &str) -> bool) {
        let hearers = self.clients.iter().filter(|(id, client)| hears(**id, &client.room));
        let to = hearers.map(|(_, client)| client.outbox.clone()).collect();
        // Under the lock: what was decided first is in the channel first.
        let _ = self.posts.send(Post { to, line: line.into() });
    }
}

fn is_name(name: &str, max: usize) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= max && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_allowed)
}

/// One line in one write.
fn send(mut stream: &TcpStream, line: &str) -> io::Result<()> {
    stream.write_all(format!("{line}\n").as_bytes())
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
