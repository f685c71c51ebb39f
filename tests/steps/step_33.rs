//! Step 33: answers pings, and lets clients go that are silent.

use std::{
    env,
    error::Error,
    io::Read,
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;
use parking_lot::Mutex;

use datagrams::idle;
use frames::{Frame, Wrong, new_session, next, special};
use net::send;
use outbox::{OUTBOX, Outbox, broadcast, write};
use shared::{Chat, LINE, Member, Shared, enter, serve, stop};
use signal::{is_stopping, stop_at_a_signal};

mod chat;
mod commands;
mod datagrams;
mod frames;
mod json;
mod net;
mod outbox;
mod shared;
mod signal;

fn main() -> Result<(), Box<dyn Error>> {
    let wire = env::var("CHAT_WIRE").unwrap_or_default();
    let wire = wire.as_str();
    if wire == "json+udp" {
        stop_at_a_signal(([127, 0, 0, 1], net::port()).into())?;
        return Ok(datagrams::run(net::port())?);
    }
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
            let session = new_session();
            let theirs = session.clone();
            // This thread also calls `stop`, so no client enters after it. A refused client gets no threads.
            let enter = if wire.is_empty() { enter } else { json::connect };
            let Some(id) = shared.with(|chat| enter(chat, outbox)) else {
                if wire.is_empty() {
                    let _ = send(&reading, "Server is full.");
                }
                continue;
            };
            let member = Member { shared: &shared, id };
            let write = move || match wire {
                "json" => json::write(&writing, &queue),
                "frames" => frames::write(&writing, &queue, &session),
                _ => write(&writing, &queue),
            };
            let serve = move || match wire {
                "json" => json::serve(&member, &reading),
                "frames" => serve_frames(&member, &reading, &theirs),
                _ => serve(&member, &reading),
            };
            // If a thread cannot start, `member` is dropped, and so the client leaves.
            let _ = thread::Builder::new()
                .spawn_scoped(clients, write)
                .and_then(|_| thread::Builder::new().spawn_scoped(clients, serve));
        }
        shared.with(stop);
    });
    // This drops the last sender: the broadcaster delivers the remaining lines, and ends.
    drop(shared);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}

/// Reads frames from a client. They can be cut anywhere, and several can come together.
fn serve_frames(member: &Member<'_>, mut stream: &TcpStream, session: &str) {
    let Member { shared, id } = *member;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    let mut heard = Instant::now();
    loop {
        // What is left of this client's own time. When it is over, reading fails.
        let left = patience(&shared.chat.lock(), id).saturating_sub(heard.elapsed());
        let Ok(()) = stream.set_read_timeout(Some(left)) else { return };
        let Ok(length @ 1..) = stream.read(&mut chunk) else { return };
        bytes.extend(&chunk[..length]);
        loop {
            let outcome = next(&mut bytes);
            if let Ok(Some(_)) = outcome {
                heard = Instant::now();
            }
            let outcome = match outcome {
                Ok(None) => break,
                Ok(Some(frame)) if frame.kind == "disconnect" || frame.content == b"/quit" => return,
                Ok(Some(frame)) if frame.session != session => Err(Wrong::Stream("The session is another.")),
                Ok(Some(frame)) => shared.with(|chat| act(chat, id, &frame)).map_err(Wrong::Frame),
                Err(wrong) => Err(wrong),
            };
            if let Err(Wrong::Frame(why) | Wrong::Stream(why)) = outcome {
                shared.with(|chat| chat.answer(id, &special("error", why)));
            }
            // After such a mistake, it is unknown where the next frame begins, or who sends it.
            if matches!(outcome, Err(Wrong::Stream(_))) || is_stopping() {
                return;
            }
        }
    }
}

/// How long a client may be silent. Before it has acknowledged its session, it has ten seconds at most.
fn patience(chat: &Chat, id: usize) -> Duration {
    let is_in = !chat.clients[&id].nick.is_empty();
    if is_in { idle(30) } else { idle(30).min(Duration::from_secs(10)) }
}

/// Carries out a frame.
fn act(chat: &mut Chat, id: usize, frame: &Frame) -> Result<(), &'static str> {
    let is_in = !chat.clients[&id].nick.is_empty();
    let line = String::from_utf8_lossy(&frame.content);
    match (frame.kind.as_str(), line.trim_end_matches(['\r', '\n'])) {
        ("session_ack", _) if !is_in => admit(chat, id),
        ("message", _) if !is_in => return Err("Acknowledge the session first."),
        ("message", line) if line.len() > LINE => chat.answer(id, "Line too long (max 8192 bytes)."),
        ("message", line) => match chat.refusal(id, line) {
            Some(refusal) => chat.answer(id, &refusal),
            None => commands::take(chat, id, line),
        },
        ("heartbeat", "ping") => chat.answer(id, &special("heartbeat", "pong")),
        _ => return Err("This type is unknown."),
    }
    Ok(())
}

/// Lets a client in that has acknowledged its session, under a name of a guest.
fn admit(chat: &mut Chat, id: usize) {
    let nick = format!("guest_{id}");
    chat.tell(&format!("{nick} has joined the chat!"), |_, room| room == "lobby");
    chat.answer(id, &format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
    chat.clients.entry(id).and_modify(|client| (client.nick, client.room) = (nick, "lobby".into()));
}
