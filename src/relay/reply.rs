//! The one response to a request that carries a file, and what it says when the offer ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use super::carry::{IDLE, fault};
use crate::{
    event::{
        Event,
        transfers::{FileEvent, Outcome},
    },
    file::{Fault, Side},
    http::{CONTINUE, Problem, Response, Status},
    transport::Stream,
};

/// How long `100 Continue` may take. It is the first thing that is sent, so there is room for it.
const BRIEFLY: Duration = Duration::from_secs(1);

/// A response that is given once, either by the thread that carries the file or when the offer ends.
pub(super) struct Reply {
    pub(super) stream: Arc<dyn Stream>,
    /// What its head has, whatever else it has.
    headers: Vec<(&'static str, String)>,
    side: Side,
    has_begun: Mutex<bool>,
    /// Whether the offer has ended. Whatever waits for this client looks at it now and then.
    is_over: Arc<AtomicBool>,
}

impl Reply {
    pub(super) fn new(
        stream: Arc<dyn Stream>,
        headers: Vec<(&'static str, String)>,
        side: Side,
        is_over: &Arc<AtomicBool>,
    ) -> Arc<Self> {
        let is_over = Arc::clone(is_over);
        Arc::new(Self { stream, headers, side, has_begun: Mutex::new(false), is_over })
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Lets the client send its body.
    pub(super) fn allow_body(&self) -> Result<(), Fault> {
        let has_begun = self.has_begun.lock();
        let sent = if *has_begun { Ok(()) } else { self.stream.write(CONTINUE, BRIEFLY, &|| false) };
        drop(has_begun);
        sent.map_err(|_| Fault::BrokenOff(self.side))
    }

    /// The same response with the headers that all have here.
    pub(super) fn completed(&self, mut response: Response) -> Response {
        response.headers.extend(self.headers.iter().cloned());
        response
    }

    /// Begins the response, unless the offer has ended and the client was told so.
    pub(super) fn begin(&self) -> Result<(), Fault> {
        let had_begun = std::mem::replace(&mut *self.has_begun.lock(), true);
        if had_begun { Err(Fault::BrokenOff(self.side)) } else { Ok(()) }
    }

    /// Sends a part of the response.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), Fault> {
        let is_over = || self.is_over();
        self.stream.write(bytes, IDLE, &is_over).map_err(|error| fault(&error, self.side))
    }

    /// Tells the client how its offer has ended, if it was told nothing else. A response that has begun is cut off, so that
    /// the beginning of a file is not taken for all of it.
    pub(super) fn end(&self, told: Option<&Event>) {
        if self.begin().is_ok() {
            let response = self.completed(response(self.side, told));
            self.stream.end(&response.to_bytes(true));
        }
        // A sender may still be sending. To close the reading direction would reset the connection, and the response could
        // be lost. What reads from it looks at `is_over`.
        if self.side == Side::Receiver {
            self.stream.connection().close();
        }
    }
}

/// What one side of an offer that has ended is answered.
fn response(side: Side, told: Option<&Event>) -> Response {
    let (status, told) = match told {
        // It had ended before this side was there.
        None => return Problem::new(Status::Conflict, "The transfer is over.").into(),
        Some(Event::File(FileEvent::Over(over))) => match over.outcome {
            Outcome::Received => return Response::empty(Status::NoContent),
            Outcome::Failed(fault) => (status(fault, side), over.to_string()),
            _ => (Status::Conflict, over.to_string()),
        },
        Some(told) => (Status::ServiceUnavailable, told.to_string()),
    };
    Problem::new(status, told).into()
}

/// What a fault is for this side: its own, or something that it can do nothing about.
fn status(fault: Fault, side: Side) -> Status {
    match fault {
        Fault::Nonsense(whose) if whose == side => Status::BadRequest,
        Fault::Stalled(whose) if whose == side => Status::RequestTimeout,
        Fault::TooSlow => Status::RequestTimeout,
        Fault::Server => Status::ServiceUnavailable,
        _ => Status::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::transfers::Over,
        file::{FileName, OfferId},
        names::Nick,
    };

    /// The response to alice, who is this side, when the offer of a file ends like this.
    fn told(side: Side, outcome: Outcome) -> (u16, String) {
        let (name, other) = (FileName::tamed("x"), Nick::new("bob").unwrap());
        let over = Over { name, you: side, other, outcome, id: OfferId(1), has_cue: true };
        let response = response(side, Some(&FileEvent::Over(over).into()));
        let detail = serde_json::from_slice::<serde_json::Value>(&response.body).unwrap_or_default();
        (response.status.code(), detail["detail"].as_str().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_response_says_the_sentence_of_the_chat() {
        use Side::{Receiver, Sender};
        let failed = |side, fault| told(side, Outcome::Failed(fault));
        assert_eq!(told(Sender, Outcome::Received), (204, String::new()));
        assert_eq!(told(Sender, Outcome::Rejected), (409, "bob has rejected 'x'.".into()));
        assert_eq!(told(Receiver, Outcome::TakenBack), (409, "bob has cancelled 'x'.".into()));
        assert_eq!(told(Receiver, Outcome::Left(Sender)), (409, "'x' is cancelled: bob has left.".into()));
        let gone = "Sending 'x' to bob failed: bob's connection was lost.";
        assert_eq!(failed(Sender, Fault::BrokenOff(Receiver)), (409, gone.into()));
        let slow = "Receiving 'x' from bob failed: your program was idle for too long.";
        assert_eq!(failed(Receiver, Fault::Stalled(Receiver)), (408, slow.into()));
        assert_eq!(failed(Sender, Fault::Stalled(Receiver)).0, 409);
        assert_eq!(failed(Sender, Fault::Nonsense(Sender)).0, 400);
        assert_eq!(failed(Receiver, Fault::Nonsense(Sender)).0, 409);
        assert_eq!(failed(Sender, Fault::TooSlow).0, 408);
        assert_eq!(failed(Sender, Fault::Server).0, 503);
        let stopped = response(Sender, Some(&Event::ShuttingDown));
        assert!(String::from_utf8(stopped.body).unwrap().contains("Server shutting down."));
    }
}
