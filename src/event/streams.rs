//! What a program is told about its stream of events.

use std::fmt;

use super::{Event, watched::Count};

/// Something about a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// So many events are missing here.
    Lost(u64),
    /// Another stream of the same client goes on from here.
    TakenOver,
}

impl From<StreamEvent> for Event {
    fn from(event: StreamEvent) -> Self {
        Self::Stream(event)
    }
}

impl fmt::Display for StreamEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(count) => write!(f, "Missed here: {}.", Count(*count, "event")),
            Self::TakenOver => f.write_str("Another stream of this client has taken over."),
        }
    }
}
