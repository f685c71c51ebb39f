//! Step 5: sends each message to all clients.

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
        chat.lock().say(&line);
    }
    chat.lock().clients.remove(&id);
}

/// What the threads share: all connected clients, by number.
struct Chat {
    clients: BTreeMap<usize, Arc<TcpStream>>,
}

impl Chat {
    fn enter(&mut self, stream: Arc<TcpStream>) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let _ = send(&stream, "Welcome!");
        self.clients.insert(id, stream);
        id
    }

    fn say(&self, text: &str) {
        for stream in self.clients.values() {
            let _ = send(stream, &format!("[lobby] guest_1: {text}"));
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
