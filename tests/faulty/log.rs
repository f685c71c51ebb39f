//! The log: a thread that writes what happens to a file in `$CHAT_LOG_DIR`.

use std::{
    env,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    sync::OnceLock,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::fault;

/// How many entries may wait for the disk. With more, they are lost.
const WAITING: usize = 1000;

/// Where entries wait; `None` when the server stops.
static QUEUE: OnceLock<Mutex<Option<Sender<String>>>> = OnceLock::new();

/// The file. Only a fault uses it from here.
static FILE: OnceLock<File> = OnceLock::new();

/// Starts the log if a folder is named.
pub(crate) fn start() -> io::Result<Option<JoinHandle<()>>> {
    let Ok(folder) = env::var("CHAT_LOG_DIR") else { return Ok(None) };
    let path = format!("{folder}/chat_{}.log", Timestamp::now().strftime("%Y-%m-%d"));
    let mode = if fault::is("log-for-all") { 0o644 } else { 0o600 };
    let file = OpenOptions::new().append(true).create(true).mode(mode).open(path)?;
    let _ = FILE.set(file.try_clone()?);
    let (queue, entries) = bounded(WAITING);
    let _ = QUEUE.set(Mutex::new(Some(queue)));
    let writer = thread::Builder::new().name("log".into()).spawn(move || write(&entries, &file))?;
    Ok(Some(writer))
}

/// Writes everything that still waits.
pub(crate) fn finish(writer: Option<JoinHandle<()>>) {
    QUEUE.get().and_then(|queue| queue.lock().take());
    let _ = writer.map(JoinHandle::join);
}

/// Notes that something happened. It never waits.
pub(crate) fn note(event: &str, nick: &str, more: &str) {
    let entry = || format!("{} {event} nick={nick} {}\n", Timestamp::now(), more.escape_debug());
    if fault::is("log-under-the-lock") {
        let _ = FILE.get().map(|mut file| file.write_all(entry().as_bytes()));
        return;
    }
    let Some(queue) = QUEUE.get() else { return };
    let _ = queue.lock().as_ref().map(|queue| queue.try_send(entry()));
}

fn write(entries: &Receiver<String>, mut file: &File) {
    for entry in entries {
        // An error is reported by the next one that cannot write, which may be the learner's.
        let _ = file.write_all(entry.as_bytes());
    }
}
