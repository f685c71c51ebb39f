//! Step 15: gives each client an outbox, so that a client that does not read delays no other.

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

type Chat = chat::Chat<Outbox>;

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
            let (lines, queue) = bounded(OUTBOX);
            let outbox = Outbox { lines, stream: Arc::new(stream) };
            let (reading, writing) = (Arc::clone(&outbox.stream), Arc::clone(&outbox.stream));
            // This thread also calls `stop`, so no client enters after it.
            let member = Member { shared: &shared, id: shared.with(|chat| chat.enter(outbox)) };
            clients.spawn(move || write(&writing, &queue));
            clients.spawn(move || serve(&member, &reading));
        }
        shared.with(stop);
    });
    // This drops the last sender: the broadcaster delivers the remaining lines, and ends.
    drop(shared);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}

fn serve(member: &Member<'_>, stream: &TcpStream) {
    let Member { shared, id } = *member;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream is an empty line, and half a line is not a line.
    while !is_stopping() && reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return shared.with(|chat| chat.answer(id, "Goodbye!"));
            }
            line => {
                let refusal = shared.chat.lock().refusal(id, line);
                shared.with(|chat| match refusal {
                    _ if is_stopping() => {}
                    Some(refusal) => chat.answer(id, &refusal),
                    None => commands::take(chat, id, line),
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
        let _ = client.outlet.stream.shutdown(Shutdown::Read);
    }
}

type Post = chat::Post<Outbox>;

/// How many lines may wait for a client. With more, it is disconnected.
const OUTBOX: usize = 1000;

/// The lines that wait for a client. Its own thread takes them out, and waits when the client is slow.
#[derive(Clone)]
struct Outbox {
    lines: Sender<Arc<str>>,
    stream: Arc<TcpStream>,
}

/// Writes the lines of a queue. A client that takes nothing for two seconds counts as gone.
fn write(stream: &TcpStream, queue: &Receiver<Arc<str>>) {
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let _ = queue.iter().try_for_each(|line| send(stream, &line));
    let _ = stream.shutdown(Shutdown::Both);
}

/// The one thread that puts lines into outboxes. It never waits.
fn broadcast(inbox: Receiver<Post>) {
    for Post { to, line } in inbox {
        let line: Arc<str> = line.into();
        for outbox in to {
            if outbox.lines.try_send(Arc::clone(&line)).is_err() {
                let _ = outbox.stream.shutdown(Shutdown::Both);
            }
        }
    }
}
