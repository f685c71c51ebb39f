//! The end of a sender that speaks HTTP: the body of its request is the file.

use std::{
    io::ErrorKind,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    carry::{BUFFER, IDLE, Kept, Sending, fault},
    reply::Reply,
};
use crate::{
    file::{Fault, Side},
    http::{self, Content},
    transport::Socket,
};

/// How often a client that is silent is looked at, in case the offer has ended.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// A request with a file.
pub(super) struct Upload {
    reply: Arc<Reply>,
    body: http::Upload,
    /// What was read last.
    chunk: Vec<u8>,
}

impl Upload {
    pub(super) fn new(reply: &Arc<Reply>, body: http::Upload) -> Self {
        Self { reply: Arc::clone(reply), body, chunk: Vec::new() }
    }

    /// What comes next in the body; waits until something comes.
    fn content(&mut self) -> Result<Content<'_>, Fault> {
        let deadline = Instant::now() + IDLE;
        while self.is_silent()? {
            self.read(deadline)?;
        }
        self.body.content().map_err(|_| Fault::Nonsense(Side::Sender))
    }

    fn is_silent(&mut self) -> Result<bool, Fault> {
        let next = self.body.content().map_err(|_| Fault::Nonsense(Side::Sender))?;
        Ok(next == Content::NotYet)
    }

    fn read(&mut self, deadline: Instant) -> Result<(), Fault> {
        // A client that waits for its turn needs no memory.
        self.chunk.resize(BUFFER, 0);
        let incoming = self.reply.stream.incoming();
        let read = incoming.set_patience(Some(LOOK)).and_then(|()| incoming.read(&mut self.chunk));
        match read {
            Ok(0) => Err(Fault::BrokenOff(Side::Sender)),
            Ok(length) => {
                self.body.feed(&self.chunk[..length]);
                Ok(())
            }
            Err(error) => match fault(&error, Side::Sender) {
                _ if error.kind() == ErrorKind::Interrupted => Ok(()),
                Fault::Stalled(_) if !self.reply.is_over() && Instant::now() < deadline => Ok(()),
                fault => Err(fault),
            },
        }
    }
}

impl Sending for Upload {
    fn begin(&mut self, _: Kept) -> Result<u64, Fault> {
        if self.body.waits() {
            self.reply.allow_body()?;
        }
        Ok(0)
    }

    fn bytes(&mut self) -> Result<&[u8], Fault> {
        match self.content()? {
            Content::Bytes(bytes) => Ok(bytes),
            // It has another size than the file that was offered.
            Content::End | Content::NotYet => Err(Fault::Changed),
        }
    }

    fn take(&mut self, length: usize) {
        self.body.take(length);
    }

    fn finish(&mut self) -> Result<(), Fault> {
        match self.content()? {
            Content::End => Ok(()),
            Content::Bytes(_) | Content::NotYet => Err(Fault::Changed),
        }
    }

    fn has_more(&mut self) -> bool {
        self.reply.stream.incoming().holds_bytes() || self.is_silent() != Ok(true)
    }

    fn socket(&self) -> &Socket {
        self.reply.stream.connection().socket()
    }
}
