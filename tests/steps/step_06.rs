//! Step 6: gives each client a name, and announces new clients.

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
        chat.lock().say(id, &line);
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
        let welcome = format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it.");
        self.tell(&welcome, |hearer| hearer == id);
        self.tell(&format!("{nick} has joined the chat!"), |hearer| hearer != id);
        id
    }

    fn say(&self, id: usize, text: &str) {
        let nick = &self.clients[&id].nick;
        self.tell(&format!("[lobby] {nick}: {text}"), |_| true);
    }

    fn tell(&self, line: &str, hears: impl Fn(usize) -> bool) {
        for (_, client) in self.clients.iter().filter(|(id, _)| hears(**id)) {
            let _ = send(&client.stream, line);
        }
    }
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
