//! Step 34: bots that talk in the chat.

use std::{
    error::Error,
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use crossbeam_channel::bounded;
use parking_lot::Mutex;

use net::send;
use outbox::{OUTBOX, Outbox, broadcast, write};
use shared::{Chat, LINE, Member, Shared, enter, leave, stop};
use signal::{is_stopping, stop_at_a_signal};

mod bots;
mod chat;
mod commands;
mod listed;
mod net;
mod outbox;
mod reminder;
#[expect(dead_code, reason = "this step has further commands, so it has a `serve` of its own")]
mod shared;
mod signal;
mod trivia;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    stop_at_a_signal(listener.local_addr()?)?;
    // A very short queue: a client that talks faster than the broadcaster writes must wait.
    let (posts, inbox) = bounded(1);
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(|| broadcast(inbox))?;
    let shared = Shared { chat: Mutex::new(Chat::new()), posts };
    thread::scope(|clients| {
        let admit = |stream| {
            let (lines, queue) = bounded(OUTBOX);
            let outbox = Outbox { lines, stream: Arc::new(stream) };
            let (reading, writing) = (Arc::clone(&outbox.stream), Arc::clone(&outbox.stream));
            // This thread also calls `stop`, so no client enters after it. A refused client gets no threads.
            let Some(id) = shared.with(|chat| enter(chat, outbox)) else {
                let _ = send(&reading, "Server is full.");
                return;
            };
            let member = Member { shared: &shared, id };
            // If a thread cannot start, `member` is dropped, and so the client leaves.
            let _ = thread::Builder::new()
                .spawn_scoped(clients, move || write(&writing, &queue))
                .and_then(|_| thread::Builder::new().spawn_scoped(clients, move || serve(&member, &reading)));
        };
        // A bot is a client, whose other end is here. It is in its room before the first client is accepted.
        for (bot, nick, room) in bots::asked_for() {
            let Ok((bots_end, servers_end)) = bots::connection() else { continue };
            admit(servers_end);
            let is_bot = |nick: &str| shared.with(|chat| listed::is_bot(chat, nick));
            let run = bots::settle(bot, nick, &room, bots_end);
            let _ = thread::Builder::new().spawn_scoped(clients, move || run.map(|bot| bot.run(&is_bot)));
        }
        // An error with one client must not stop the server for the others.
        for stream in listener.incoming().take_while(|_| !is_stopping()).flatten() {
            admit(stream);
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
                None if listed::take(chat, id, line) => {}
                None => commands::take(chat, id, line),
            }),
        }
        line.clear();
    }
}
