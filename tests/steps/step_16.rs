//! Step 16: holds the lock for a whole decision, so that two decisions never mix.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use crossbeam_channel::{Sender, bounded};
use parking_lot::Mutex;

use outbox::{OUTBOX, Outbox, Post, broadcast, write};
use signal::{is_stopping, stop_at_a_signal};

mod chat;
mod commands;
mod net;
mod outbox;
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
                return shared.with(|chat| {
                    chat.answer(id, "Goodbye!");
                    leave(chat, id);
                });
            }
            // One lock for checking and acting: nothing can happen in between.
            line => shared.with(|chat| match chat.refusal(id, line) {
                _ if is_stopping() => {}
                Some(refusal) => chat.answer(id, &refusal),
                None => commands::take(chat, id, line),
            }),
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
        self.shared.with(|chat| leave(chat, self.id));
    }
}

/// Removes and announces a client, unless it has already left.
fn leave(chat: &mut Chat, id: usize) {
    let Some(gone) = chat.clients.remove(&id) else { return };
    if !is_stopping() {
        chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
    }
}

/// Tells all clients, and closes their reading sides, so that their threads end.
fn stop(chat: &mut Chat) {
    chat.tell("Server shutting down.", |_, _| true);
    for client in chat.clients.values() {
        let _ = client.outlet.stream.shutdown(Shutdown::Read);
    }
}
