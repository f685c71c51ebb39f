//! What a client hears, as server-sent events (HTML Living Standard §9.2).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    call::{Call, Caller},
    guests::Guest,
    mailbox::Found,
    routes::{Answer, Then},
};
use crate::{
    dialect::{Dialect, Scene},
    event::{Event, streams::StreamEvent},
    http::{Method, Problem, Response},
};

/// What a stream of events is.
pub(super) const MEDIA: &str = "text/event-stream";

/// How long a stream may be silent. Then comes a comment, so that proxies and clients see that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream of events, which ends when this is dropped.
pub(super) struct Hearing {
    guest: Arc<Guest>,
    stream: u64,
    /// How many events are missing at its beginning.
    missed: u64,
    /// When something was sent last.
    sent: Instant,
}

/// A part of a stream.
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    pub(super) is_last: bool,
}

/// Begins to hear what the client hears.
#[expect(clippy::unnecessary_wraps, reason = "it is a row of the table")]
pub(super) fn open(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let response = Response::stream(MEDIA).with("X-Accel-Buffering", "no");
    if call.request.method == Method::Head {
        return Ok(response.into());
    }
    // What is no id of ours says nothing.
    let after = call.request.header("last-event-id").and_then(|id| id.parse().ok());
    call.house.guests.return_to_mailbox(&caller.guest);
    let (stream, missed) = caller.guest.mailbox.open(after);
    let hearing = Hearing { guest: Arc::clone(&caller.guest), stream, missed, sent: Instant::now() };
    Ok(Answer { response, then: Then::Hear(hearing) })
}

impl Hearing {
    /// What is sent next, which may be nothing. Waits for it, but not longer than this.
    pub(super) fn next(&mut self, patience: Duration) -> Part {
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            return self.part(notice(StreamEvent::Lost(missed)), false);
        }
        match self.guest.mailbox.take(self.stream, patience) {
            Found::Events(events) => {
                let mut bytes = Vec::new();
                for kept in events {
                    bytes.extend(format!("id: {}\ndata: ", kept.id).into_bytes());
                    // The unit ends its line, and the second newline the event.
                    bytes.extend_from_slice(&kept.unit);
                    bytes.push(b'\n');
                }
                self.part(bytes, false)
            }
            Found::Nothing if self.sent.elapsed() >= HEARTBEAT => self.part(b":\n\n".to_vec(), false),
            Found::Nothing => Part { bytes: Vec::new(), is_last: false },
            Found::TakenOver => self.part(notice(StreamEvent::TakenOver), true),
            Found::End => Part { bytes: Vec::new(), is_last: true },
        }
    }

    fn part(&mut self, bytes: Vec<u8>, is_last: bool) -> Part {
        self.sent = Instant::now();
        Part { bytes, is_last }
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.guest.is_seen();
        self.guest.mailbox.close(self.stream);
    }
}

/// An event of the stream itself. It has no id, so the stream can go on behind the event before it.
fn notice(event: StreamEvent) -> Vec<u8> {
    [b"data: ", &Dialect::Json.encoded(&Event::from(event), &Scene::default())[..], b"\n"].concat()
}
