//! What step 17 was: the chat in lines of text, and what its threads share. The later steps share this file, too.

use std::{
    io::{BufRead, BufReader, Read},
    net::{Shutdown, TcpStream},
};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::{
    chat, commands,
    outbox::{Outbox, Post},
    signal::is_stopping,
};

pub(crate) type Chat = chat::Chat<Outbox>;

/// The most clients at a time. Each takes two threads.
pub(crate) const CLIENTS: usize = 100;

/// The most bytes of a line, without its newline. Without a limit, one client can fill the memory.
pub(crate) const LINE: usize = 8192;

pub(crate) fn serve(member: &Member<'_>, stream: &TcpStream) {
    let Member { shared, id } = *member;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    // A reset is an error, the end of the stream is half a line, and half a line is not a line.
    while !is_stopping() && reader.by_ref().take(LINE as u64 + 1).read_until(b'\n', &mut line).is_ok() {
        match String::from_utf8_lossy(&line).strip_suffix('\n').map(|line| line.trim_end_matches('\r')) {
            None if line.len() <= LINE => return,
            None => {
                shared.with(|chat| chat.answer(id, "Line too long (max 8192 bytes)."));
                let Ok(_) = reader.skip_until(b'\n') else { return };
            }
            Some("") => {}
            Some(line) if line.eq_ignore_ascii_case("/quit") => {
                return shared.with(|chat| {
                    chat.answer(id, "Goodbye!");
                    leave(chat, id);
                });
            }
            // One lock for checking and acting: nothing can happen in between.
            Some(line) => shared.with(|chat| match chat.refusal(id, line) {
                _ if is_stopping() => {}
                Some(refusal) => chat.answer(id, &refusal),
                None => commands::take(chat, id, line),
            }),
        }
        line.clear();
    }
}

/// What the threads share.
pub(crate) struct Shared {
    pub(crate) chat: Mutex<Chat>,
    pub(crate) posts: Sender<Post>,
}

impl Shared {
    /// Runs `act` on the chat, and passes the lines that it puts into `posts` to the broadcaster.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Chat) -> T) -> T {
        let mut chat = self.chat.lock();
        let done = act(&mut chat);
        for post in chat.posts.drain(..) {
            // Under the lock, so that the channel has the order of the decisions.
            let _ = self.posts.send(post);
        }
        done
    }
}

/// Lets a client in if there is a place. Counting and adding are one decision, too.
pub(crate) fn enter(chat: &mut Chat, outbox: Outbox) -> Option<usize> {
    (chat.clients.len() < CLIENTS).then(|| chat.enter(outbox))
}

/// Membership in the chat. It is dropped exactly once, however the thread ends.
pub(crate) struct Member<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.shared.with(|chat| leave(chat, self.id));
    }
}

/// Removes and announces a client, unless it has already left.
pub(crate) fn leave(chat: &mut Chat, id: usize) {
    let Some(gone) = chat.clients.remove(&id) else { return };
    if !is_stopping() {
        chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
    }
}

/// Tells all clients, and closes their reading sides, so that their threads end.
pub(crate) fn stop(chat: &mut Chat) {
    chat.tell("Server shutting down.", |_, _| true);
    for client in chat.clients.values() {
        let _ = client.outlet.stream.shutdown(Shutdown::Read);
    }
}
