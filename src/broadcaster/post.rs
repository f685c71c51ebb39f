//! What the broadcaster is asked to do.

use std::sync::{Arc, Weak};

use crossbeam_channel::Sender;

use super::{Limits, Sink};
use crate::{
    dialect::{Dialect, Scene},
    event::Event,
    names::{ClientId, Room, RoomId},
    watch::{Gauge, Journey},
};

/// The posts that were decided under one lock, in order.
pub struct Posts(pub Vec<Post>);

/// One thing that the broadcaster is asked to do.
pub enum Post {
    /// A client has arrived, which speaks this dialect. The broadcaster owns its sink, and shows in the gauge
    /// what it is owed.
    Attach(ClientId, Dialect, Box<dyn Sink>, Arc<Gauge>),
    /// A client has moved into this room, which has this name, out of the one it was in.
    Enter(ClientId, RoomId, Room),
    /// Tell one client.
    Tell(ClientId, Event),
    /// Tell one client what was encoded beforehand, because it is long. The gauge is the client's: it knows
    /// that the answer is under way until it shows what the socket did not take of it.
    TellEncoded(ClientId, Encoded, Weak<Gauge>),
    /// Tell all members of a room, with exceptions.
    TellRoom(RoomId, Except, Event),
    /// Tell a room, and report the message's journey.
    TellTraced(Box<Traced>),
    /// Tell all clients.
    TellAll(Event),
    /// Dismiss a client: tell it why it must go, and hang up on it.
    Dismiss(ClientId, Event),
    /// A client has left: deliver what it is still owed, then close the connection.
    Detach(ClientId),
    /// From now on, these limits hold for all clients.
    Limit(Limits),
    /// The server stops: tell all clients and hang up on them.
    Stop(Event),
}

/// An event in the bytes of its reader's dialect.
pub struct Encoded(pub(super) Vec<u8>);

impl Encoded {
    /// An answer that is no event, in bytes of the client's dialect.
    pub(crate) fn verbatim(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    pub(crate) fn new(event: &Event, dialect: Dialect, scene: &Scene) -> Self {
        Self(dialect.encoded(event, scene))
    }

    #[cfg(test)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A message to a room whose journey is traced.
pub struct Traced {
    /// The room that is told.
    pub room: RoomId,
    /// The members that are not told.
    pub except: Except,
    /// The message.
    pub event: Event,
    /// Takes the broadcaster's part of the journey.
    pub report: Sender<Journey>,
}

/// The members of a room that are not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Except {
    /// All members are told.
    NoOne,
    /// One member is not told.
    One(ClientId),
    /// Some members are not told.
    These(Arc<[ClientId]>),
}

impl Except {
    /// The same members, and one more.
    #[must_use]
    #[inline(never)]
    pub fn and(self, client: ClientId) -> Self {
        match self {
            Self::NoOne => Self::One(client),
            others => Self::These(others.as_slice().iter().copied().chain([client]).collect()),
        }
    }

    /// The members that are not told.
    pub fn as_slice(&self) -> &[ClientId] {
        match self {
            Self::NoOne => &[],
            Self::One(client) => std::slice::from_ref(client),
            Self::These(clients) => clients,
        }
    }
}
