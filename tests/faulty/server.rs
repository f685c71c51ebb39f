//! Listening, accepting and stopping.

use std::{
    env,
    error::Error,
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;
use parking_lot::Mutex;

use crate::{
    bots,
    broadcaster::{broadcast, endless},
    chat::{Chat, decide},
    datagrams, fault, log, session,
};

/// The most clients at a time.
const CLIENTS: usize = 100;

/// This environment variable says that the server is a child of the one that was started.
const IS_CHILD: &str = "FAULTY_IS_CHILD";

/// Whether the server is stopping. It never becomes false again.
pub(crate) static STOPPING: AtomicBool = AtomicBool::new(false);

/// How many clients are connected now.
static PLACES_TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(port: u16) -> Result<(), Box<dyn Error>> {
    if env::var("CHAT_WIRE").is_ok_and(|wire| wire == "json+udp") {
        stop_on_signal(([127, 0, 0, 1], port).into())?;
        return datagrams::run(port);
    }
    if fault::is("in-background") && env::var_os(IS_CHILD).is_none() {
        let mut child = process::Command::new(env::current_exe()?);
        child.args(env::args_os().skip(1)).env(IS_CHILD, "1").spawn()?;
        return Ok(());
    }
    let listener = listen(port)?;
    stop_on_signal(listener.local_addr()?)?;
    let (posts, inbox) = if fault::is("unbounded-channel") { endless() } else { bounded(64) };
    let log = log::start()?;
    thread::Builder::new().name("broadcaster".into()).spawn(move || broadcast(&inbox))?;
    let chat = Mutex::new(Chat::new(posts));
    let most = if fault::is("one-client") { 1 } else { usize::MAX };
    thread::scope(|sessions| {
        let admit = |stream| {
            if let Some(place) = Place::take(&stream) {
                let chat = &chat;
                sessions.spawn(move || session::run(chat, stream, place));
            }
        };
        bots::start(sessions, &chat, admit).expect("a program can connect to itself");
        let accepted = listener.incoming().take_while(|_| !STOPPING.load(SeqCst)).flatten();
        for stream in accepted.take(most) {
            let Some(place) = Place::take(&stream) else { continue };
            let serve = || session::run(&chat, stream, place);
            if fault::is("waits-for-the-first") { serve() } else { drop(sessions.spawn(serve)) }
        }
        while !STOPPING.load(SeqCst) {
            thread::park();
        }
        decide(&chat, |chat| chat.stop());
    });
    let stopped = Instant::now();
    while fault::is("slow-stop") && stopped.elapsed() < Duration::from_secs(4) {
        thread::park_timeout(Duration::from_secs(4));
    }
    log::finish(log);
    if fault::is("wrong-status") { Err("interrupted".into()) } else { Ok(()) }
}

/// How long a client may be silent: `$CHAT_IDLE` seconds, or else this many.
pub(crate) fn idle(usual: u64) -> Duration {
    let seconds = env::var("CHAT_IDLE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(usual))
}

fn listen(port: u16) -> io::Result<TcpListener> {
    if fault::is("port-busy") { listen_exclusively(port) } else { TcpListener::bind(("127.0.0.1", port)) }
}

/// Listens without `SO_REUSEADDR`, as most languages do by default. Rust's library sets it.
fn listen_exclusively(port: u16) -> io::Result<TcpListener> {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], port)))?;
    listen(&listener, 128)?;
    Ok(listener.into())
}

fn stop_on_signal(address: SocketAddr) -> Result<(), ctrlc::Error> {
    if fault::is("no-handler") {
        return Ok(());
    }
    let accepting = thread::current();
    ctrlc::set_handler(move || {
        if fault::is("signal-ignored") {
            return;
        }
        if fault::is("no-farewell") {
            end_at_once();
        }
        STOPPING.store(true, SeqCst);
        accepting.unpark();
        // This connection wakes the accept loop.
        let _ = TcpStream::connect(address);
    })
}

#[expect(clippy::disallowed_methods, reason = "skipping every Drop is the fault")]
fn end_at_once() {
    process::exit(0);
}

/// One client's place. It is free again when this is dropped.
pub(crate) struct Place;

impl Place {
    /// Takes a place, or refuses the client if there is none.
    fn take(stream: &TcpStream) -> Option<Self> {
        if PLACES_TAKEN.fetch_add(1, SeqCst) < CLIENTS {
            return Some(Self);
        }
        if fault::is("crash-at-limit") {
            process::abort();
        }
        drop(Self);
        refuse(stream);
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !fault::is("place-lost") || PLACES_TAKEN.load(SeqCst) != CLIENTS {
            PLACES_TAKEN.fetch_sub(1, SeqCst);
        }
    }
}

fn refuse(mut stream: &TcpStream) {
    if !fault::is("full-without-a-word") {
        let _ = io::Write::write_all(&mut stream, b"Server is full.\n");
    }
    if fault::is("refusal-waits") {
        let _ = io::copy(&mut stream, &mut io::sink());
    }
    let _ = stream.shutdown(Shutdown::Write);
}
