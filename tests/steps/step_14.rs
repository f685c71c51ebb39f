//! Step 14: writes in one thread only, so that all clients see the same order.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

use net::send;
use signal::{is_stopping, stop_at_a_signal};

mod chat;
mod commands;
mod net;
mod signal;

type Chat = chat::Chat<Arc<TcpStream>>;
type Post = chat::Post<Arc<TcpStream>>;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    stop_at_a_signal(listener.local_addr()?)?;
    // A very short queue: a client that talks faster than the broadcaster writes must wait.
    let (posts, inbox) = bounded(1);
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(|| broadcast(inbox))?;
    let shared = Shared { chat: Mutex::new(Chat::new()), posts };
    thread::scope(|clients| {
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().take_while(|_| !is_stopping()).flatten() {
            clients.spawn(|| serve(&shared, &Arc::new(stream)));
        }
        shared.with(stop);
    });
    // This drops the last sender: the broadcaster delivers the remaining lines, and ends.
    drop(shared);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}

fn serve(shared: &Shared, stream: &Arc<TcpStream>) {
    // One client can delay all others for this long, and no longer.
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    // Under the lock: a client either enters before `stop`, which tells it, or does not enter.
    let enter = |chat: &mut Chat| (!is_stopping()).then(|| chat.enter(Arc::clone(stream)));
    let Some(id) = shared.with(enter) else { return };
    let member = Member { shared, id };
    let mut reader = BufReader::new(&**stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream is an empty line, and half a line is not a line.
    while !is_stopping() && reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return shared.with(|chat| chat.answer(member.id, "Goodbye!"));
            }
            line => {
                let refusal = shared.chat.lock().refusal(member.id, line);
                shared.with(|chat| match refusal {
                    _ if is_stopping() => {}
                    Some(refusal) => chat.answer(member.id, &refusal),
                    None => commands::take(chat, member.id, line),
                });
            }
        }
        line.clear();
    }
}

/// What the threads share.
struct Shared {
    chat: Mutex<Chat>,
    posts: Sender<Post>,
}

impl Shared {
    /// Runs `act` on the chat, and passes the lines that it puts into `posts` to the broadcaster.
    fn with<T>(&self, act: impl FnOnce(&mut Chat) -> T) -> T {
        let mut chat = self.chat.lock();
        let done = act(&mut chat);
        for post in chat.posts.drain(..) {
            // Under the lock, so that the channel has the order of the decisions.
            let _ = self.posts.send(post);
        }
        done
    }
}

/// Membership in the chat. It is dropped exactly once, however the thread ends.
struct Member<'a> {
    shared: &'a Shared,
    id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.shared.with(|chat| {
            let Some(gone) = chat.clients.remove(&self.id) else { return };
            if !is_stopping() {
                chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
            }
        });
    }
}

/// Tells all clients, and closes their reading sides, so that their threads end.
fn stop(chat: &mut Chat) {
    chat.tell("Server shutting down.", |_, _| true);
    for client in chat.clients.values() {
        let _ = client.outlet.shutdown(Shutdown::Read);
    }
}

/// The one thread that writes. While it waits for one client, all others wait, too.
fn broadcast(inbox: Receiver<Post>) {
    for Post { to, line } in inbox {
        for stream in to {
            if send(&stream, &line).is_err() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}
