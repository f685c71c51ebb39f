//! Step 11: announces once that a client has left, however it left.

use std::{
    io::{self, BufRead, BufReader},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

use chat::Post;
use net::send;

mod chat;
mod commands;
mod net;

type Chat = chat::Chat<Arc<TcpStream>>;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    let chat = Mutex::new(Chat::new());
    thread::scope(|clients| {
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().flatten() {
            clients.spawn(|| serve(&chat, &Arc::new(stream)));
        }
    });
    Ok(())
}

fn serve(chat: &Mutex<Chat>, stream: &Arc<TcpStream>) {
    let member = Member { chat, id: with(chat, |chat| chat.enter(Arc::clone(stream))) };
    let mut reader = BufReader::new(&**stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream is an empty line, and half a line is not a line.
    while reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return with(chat, |chat| chat.answer(member.id, "Goodbye!"));
            }
            line => {
                let refusal = chat.lock().refusal(member.id, line);
                with(chat, |chat| match refusal {
                    Some(refusal) => chat.answer(member.id, &refusal),
                    None => commands::take(chat, member.id, line),
                });
            }
        }
        line.clear();
    }
}

/// Runs `act` on the chat, and writes the lines that it puts into `posts`.
fn with<T>(chat: &Mutex<Chat>, act: impl FnOnce(&mut Chat) -> T) -> T {
    let mut chat = chat.lock();
    let done = act(&mut chat);
    for Post { to, line } in chat.posts.drain(..) {
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
            chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
        });
    }
}
