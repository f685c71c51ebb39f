//! Step 30: speaks JSON if `$CHAT_WIRE` says so.

use std::{env, error::Error, net::TcpListener, sync::Arc, thread};

use crossbeam_channel::bounded;
use parking_lot::Mutex;

use net::send;
use outbox::{OUTBOX, Outbox, broadcast, write};
use shared::{Chat, Member, Shared, enter, serve, stop};
use signal::{is_stopping, stop_at_a_signal};

mod chat;
mod commands;
mod json;
mod net;
mod outbox;
mod shared;
mod signal;

fn main() -> Result<(), Box<dyn Error>> {
    let is_json = env::var("CHAT_WIRE").is_ok_and(|wire| wire == "json");
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
            // This thread also calls `stop`, so no client enters after it. A refused client gets no threads.
            let enter = if is_json { json::connect } else { enter };
            let Some(id) = shared.with(|chat| enter(chat, outbox)) else {
                if !is_json {
                    let _ = send(&reading, "Server is full.");
                }
                continue;
            };
            let member = Member { shared: &shared, id };
            let write = if is_json { json::write } else { write };
            let serve = if is_json { json::serve } else { serve };
            // If a thread cannot start, `member` is dropped, and so the client leaves.
            let _ = thread::Builder::new()
                .spawn_scoped(clients, move || write(&writing, &queue))
                .and_then(|_| thread::Builder::new().spawn_scoped(clients, move || serve(&member, &reading)));
        }
        shared.with(stop);
    });
    // This drops the last sender: the broadcaster delivers the remaining lines, and ends.
    drop(shared);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}
