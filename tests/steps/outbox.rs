//! What steps 14 and 15 have made: the outboxes, and the broadcaster. The last two steps share this file.

use std::{
    net::{Shutdown, TcpStream},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender};

use crate::{chat, net::send};

pub(crate) type Post = chat::Post<Outbox>;

/// How many lines may wait for a client. One that is further behind is cut.
pub(crate) const OUTBOX: usize = 1000;

/// What waits for a client. A thread of its own takes it out, and waits where the client is slow.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) lines: Sender<Arc<str>>,
    pub(crate) stream: Arc<TcpStream>,
}

/// Writes what waits for a client. Whoever takes nothing for two seconds is gone, as far as we can tell.
pub(crate) fn write(stream: &TcpStream, queue: &Receiver<Arc<str>>) {
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let _ = queue.iter().try_for_each(|line| send(stream, &line));
    let _ = stream.shutdown(Shutdown::Both);
}

/// The one thread that fans out. It never waits.
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
