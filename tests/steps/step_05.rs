//! Step 5: tells everybody what one of them says.

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
            chat.say(&line);
        }
    }
    chat.leave(id);
}

/// What the threads share: everybody who is here, by number.
#[derive(Default)]
struct Chat {
    clients: Mutex<BTreeMap<usize, Arc<TcpStream>>>,
}

impl Chat {
    fn enter(&self, stream: &Arc<TcpStream>) -> usize {
        let mut clients = self.clients.lock();
        let id = (1..=usize::MAX).find(|id| !clients.contains_key(id)).expect("a free number");
        clients.insert(id, Arc::clone(stream));
        send(stream, "Welcome!");
        id
    }

    fn leave(&self, id: usize) {
        self.clients.lock().remove(&id);
    }

    fn say(&self, text: &str) {
        for stream in self.clients.lock().values() {
            send(stream, &format!("[lobby] guest_1: {text}"));
        }
    }
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
