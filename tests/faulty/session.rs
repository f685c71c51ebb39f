//! One client's thread, from its arrival until it leaves.

use std::{
    env, hint, mem,
    net::{Shutdown, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::SeqCst},
    thread,
    time::Duration,
};

use crossbeam_channel::bounded;
use parking_lot::Mutex;

use crate::{
    broadcaster::{self, Outbox},
    chat::{Chat, decide},
    fault, frames, json,
    lines::{Input, Lines},
    server::{Place, STOPPING},
};

/// Serves one client until it leaves or the server disconnects it.
pub(crate) fn run(chat: &Mutex<Chat>, stream: TcpStream, place: Place) {
    let stream = Arc::new(stream);
    let wire = env::var("CHAT_WIRE").unwrap_or_default();
    let session = frames::new_session();
    let mut lines = Lines::new(&stream);
    if fault::is("speaks-second") {
        lines.next();
    }
    let (outbox, queue) = Outbox::new(&stream);
    let is_lost = fault::is("unlocked-list") && fault::races();
    let id = decide(chat, |chat| if wire.is_empty() { chat.enter(outbox) } else { chat.connect(outbox) });
    let member = Member { chat, id, _place: place };
    if is_lost {
        decide(chat, |chat| chat.hide(id));
    }
    if wire == "frames" && fault::is("announced-before-ack") {
        decide(chat, |chat| frames::announce(chat, id));
    }
    let (writing, written) = bounded::<()>(0);
    let (theirs, wire_too, session_too) = (Arc::clone(&stream), wire.clone(), session.clone());
    let writer = move || {
        let _ = match wire_too.as_str() {
            "json" => json::empty(&queue, &theirs),
            "frames" => frames::empty(&queue, &theirs, &session_too),
            _ => broadcaster::empty(&queue, &theirs),
        };
        drop(writing);
    };
    // A client cannot be served without a thread that writes.
    let Ok(_) = thread::Builder::new().spawn(writer) else { return };
    if fault::is("greets-too-early") {
        decide(chat, |chat| chat.hide(id));
        thread::park_timeout(Duration::from_millis(300));
        decide(chat, |chat| chat.show(id));
    }
    // After a panic in this thread, only its own client leaves.
    let _ = catch_unwind(AssertUnwindSafe(|| match wire.as_str() {
        "json" => json::converse(member.chat, member.id, &stream),
        "frames" => frames::converse(member.chat, member.id, &stream, &session),
        _ => converse(member, &mut lines),
    }));
    if fault::is("socket-kept") {
        return;
    }
    // The waiting lines are written if the client reads them soon enough.
    let _ = written.recv_timeout(Duration::from_secs(2));
    // Closing while the client still sends would be a reset, and a reset destroys what was written but
    // not yet read.
    let _ = stream.shutdown(Shutdown::Write);
    lines.drain();
}

/// Membership in the chat. It is dropped exactly once, however the thread ends.
struct Member<'a> {
    chat: &'a Mutex<Chat>,
    id: usize,
    _place: Place,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        decide(self.chat, |chat| chat.leave(self.id));
    }
}

/// Only one thread may read at a time. Only a fault uses this lock.
static READING: Mutex<()> = Mutex::new(());

fn converse(member: Member<'_>, lines: &mut Lines<'_>) {
    let (chat, id) = (member.chat, member.id);
    let is_stopping = || STOPPING.load(SeqCst);
    while !is_stopping() {
        let reading = fault::is("reads-under-the-lock").then(|| READING.lock());
        let input = lines.next();
        match input {
            Input::Line(line) if line.is_empty() && fault::is("empty-line-ends-it") => return,
            Input::Line(line) if line.is_empty() && !fault::is("blank-lines") => {}
            Input::Line(line) if line.eq_ignore_ascii_case("/quit") => {
                decide(chat, |chat| chat.quit(id));
                return;
            }
            Input::Line(line) => decide(chat, |chat| Chat::take(chat, id, &line)),
            Input::TooLong if fault::is("long-line-ends-it") => return,
            Input::TooLong => decide(chat, |chat| chat.tell(id, "Line too long (max 8192 bytes).")),
            Input::Reset if fault::is("reset-unnoticed") => return mem::forget(member),
            Input::Reset if fault::is("ghost-users") => return decide(chat, |chat| chat.keep_name(id)),
            Input::End if fault::is("socket-kept") => return mem::forget(member),
            Input::End if fault::is("spins-at-the-end") => {
                while !is_stopping() {
                    hint::spin_loop();
                }
            }
            Input::Reset | Input::End => return,
        }
        drop(reading);
        if fault::is("one-line-only") {
            return;
        }
    }
}
