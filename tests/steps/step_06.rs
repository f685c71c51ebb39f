//! Step 6: gives everybody a name, and tells who comes.

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
            chat.say(id, &line);
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

    fn say(&self, id: usize, text: &str) {
        let nick = self.nick(id);
        self.tell(&format!("[lobby] {nick}: {text}"), |_| true);
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

/// One line in one write. That it did not arrive is for the thread that reads to notice.
fn send(mut stream: &TcpStream, line: &str) {
    let _ = stream.write_all(format!("{line}\n").as_bytes());
}

/// `--port N`, or else `$CHAT_PORT`, or else 5555.
fn port() -> u16 {
    let typed = env::args().skip_while(|word| word != "--port").nth(1);
    typed.or_else(|| env::var("CHAT_PORT").ok()).and_then(|port| port.parse().ok()).unwrap_or(5555)
}
