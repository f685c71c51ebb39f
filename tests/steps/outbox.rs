//! What steps 14 and 15 have made: the broadcaster, and the outboxes. The last two steps share this file.

use std::{
    net::{Shutdown, TcpStream},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender};

pub(crate) type Post = crate::chat::Post<Outbox>;

/// How many lines may wait for a client. One that is further behind is cut.
pub(crate) const OUTBOX: usize = 1000;

/// What waits for a client. A thread of its own takes it out, and waits where the client is slow.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) lines: Sender<Arc<str>>,
    pub(crate) stream: Arc<TcpStream>,
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
