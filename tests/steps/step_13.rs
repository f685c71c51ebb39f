//! Step 13: does nothing slow while it holds the lock.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    mem,
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

use chat::Post;
use net::send;
use signal::{is_stopping, stop_at_a_signal};

mod chat;
mod commands;
mod net;
mod signal;

type Chat = chat::Chat<Arc<TcpStream>>;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    stop_at_a_signal(listener.local_addr()?)?;
    let chat = Mutex::new(Chat::new());
    thread::scope(|clients| {
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().take_while(|_| !is_stopping()).flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
        with(&chat, stop);
    });
    Ok(())
}

fn serve(chat: &Mutex<Chat>, stream: &Arc<TcpStream>) {
    // Under the lock: a client either enters before `stop`, which tells it, or does not enter.
    let enter = |chat: &mut Chat| (!is_stopping()).then(|| chat.enter(Arc::clone(stream)));
    let Some(id) = with(chat, enter) else { return };
    let member = Member { chat, id };
    let mut reader = BufReader::new(&**stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream is an empty line, and half a line is not a line.
    while !is_stopping() && reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return with(chat, |chat| chat.answer(member.id, "Goodbye!"));
            }
            line => {
                let refusal = chat.lock().refusal(member.id, line);
                with(chat, |chat| match refusal {
                    _ if is_stopping() => {}
                    Some(refusal) => chat.answer(member.id, &refusal),
                    None => commands::take(chat, member.id, line),
                });
            }
        }
        line.clear();
    }
}

/// Runs `act` on the chat, unlocks it, and writes the lines that `act` put into `posts`.
fn with<T>(chat: &Mutex<Chat>, act: impl FnOnce(&mut Chat) -> T) -> T {
    let mut chat = chat.lock();
    let done = act(&mut chat);
    let posts = mem::take(&mut chat.posts);
    // Writing waits for a client that does not read. The other threads must not wait, too.
    drop(chat);
    for Post { to, line } in posts {
        for stream in to {
            // After an error, the thread that reads from this client notices the loss.
            let _ = send(&stream, &line);
        }
    }
    done
}

/// Membership in the chat. It is dropped exactly once, however the thread ends.
struct Member<'a> {
    chat: &'a Mutex<Chat>,
    id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        with(self.chat, |chat| {
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
