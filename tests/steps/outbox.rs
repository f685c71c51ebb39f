//! What steps 14 and 15 added: the outboxes and the broadcaster. The last two steps share this file.

use std::{
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender};

use crate::{chat, net::send};

pub(crate) type Post = chat::Post<Outbox>;

/// How many lines may wait for a client. With more, it is disconnected.
pub(crate) const OUTBOX: usize = 1000;

/// The lines that wait for a client. Its own thread takes them out, and waits when the client is slow.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) lines: Sender<Arc<str>>,
    pub(crate) stream: Arc<TcpStream>,
}

/// Writes the lines of a queue. A client that takes nothing for two seconds counts as gone.
pub(crate) fn write(stream: &TcpStream, queue: &Receiver<Arc<str>>) {
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let _ = queue.iter().try_for_each(|line| send(stream, &line));
    let _ = stream.shutdown(Shutdown::Both);
}

/// The one thread that puts lines into outboxes. It never waits.
pub(crate) fn broadcast(inbox: Receiver<Post>) {
    for Post { to, line } in inbox {
        let line: Arc<str> = line.into();
        for outbox in to {
            if outbox.lines.try_send(Arc::clone(&line)).is_err() {
                let _ = outbox.stream.shutdown(Shutdown::Both);
            }
        }
    }
}
