//! Step 16: holds the lock for a whole decision, so that no two are mixed.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use parking_lot::Mutex;

use net::send;
use outbox::{OUTBOX, Outbox, Post, broadcast};

mod chat;
mod commands;
mod net;
mod outbox;

/// What the first eight steps have made, in a file of its own.
type Chat = chat::Chat<Outbox>;

static STOPPING: AtomicBool = AtomicBool::new(false);

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", net::port()))?;
    let address = listener.local_addr()?;
    ctrlc::set_handler(move || {
        STOPPING.store(true, SeqCst);
        // The loop below is waiting for a client; here is one.
        let _ = TcpStream::connect(address);
    })?;
    // As good as no queue: whoever speaks faster than the broadcaster writes shall wait.
    let (posts, inbox) = bounded(1);
    let broadcaster = thread::Builder::new().name("broadcaster".into()).spawn(|| broadcast(inbox))?;
    let shared = Shared { chat: Mutex::new(Chat::new()), posts };
    thread::scope(|clients| {
        // What goes wrong with one client is no reason to stop serving the others.
        for stream in listener.incoming().take_while(|_| !STOPPING.load(SeqCst)).flatten() {
            let (lines, queue) = bounded::<Arc<str>>(OUTBOX);
            let outbox = Outbox { lines, stream: Arc::new(stream) };
            let stream = Arc::clone(&outbox.stream);
            clients.spawn(move || queue.iter().try_for_each(|line| send(&stream, &line)));
            clients.spawn(|| serve(&shared, outbox));
        }
        shared.with(stop);
    });
    // The last sender goes: the broadcaster delivers what is left, and ends.
    drop(shared);
    broadcaster.join().map_err(|_| "the broadcaster has failed".into())
}

fn serve(shared: &Shared, outbox: Outbox) {
    let stream = Arc::clone(&outbox.stream);
    // Whoever takes nothing for so long is gone, as far as the thread that writes to it can tell.
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let member = Member { shared, id: shared.with(|chat| chat.enter(outbox)) };
    let mut reader = BufReader::new(&*stream);
    let mut line = String::new();
    // A reset is an error, the end of the stream an empty line, and half a line is not a line.
    while !STOPPING.load(SeqCst) && reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            "" => {}
            line if line.eq_ignore_ascii_case("/quit") => {
                return shared.with(|chat| chat.answer(member.id, "Goodbye!"));
            }
            // One lock for looking and for acting: nothing can come between.
            line => shared.with(|chat| match chat.refusal(member.id, line) {
                Some(refusal) => chat.answer(member.id, &refusal),
                None => commands::take(chat, member.id, line),
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
    /// Does something with the chat, and tells everybody who shall hear of it.
    fn with<T>(&self, act: impl FnOnce(&mut Chat) -> T) -> T {
        let mut chat = self.chat.lock();
        let done = act(&mut chat);
        for post in chat.posts.drain(..) {
            // Under the lock: what was decided first is in the channel first.
            let _ = self.posts.send(post);
        }
        done
    }
}

/// Being in the chat. However a thread ends, this is dropped, and once only.
struct Member<'a> {
    shared: &'a Shared,
    id: usize,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.shared.with(|chat| {
            let Some(gone) = chat.clients.remove(&self.id) else { return };
            if !STOPPING.load(SeqCst) {
                chat.tell(&format!("{} has left the chat.", gone.nick), |_, room| room == gone.room);
            }
        });
    }
}

/// Tells everybody, and ends what they say: their threads notice, and leave.
fn stop(chat: &mut Chat) {
    chat.tell("Server shutting down.", |_, _| true);
    for client in chat.clients.values() {
        let _ = client.outlet.stream.shutdown(Shutdown::Read);
    }
}
