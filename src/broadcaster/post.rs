//! What the broadcaster is asked to do.

use std::sync::Arc;

use super::Sink;
use crate::{
    event::Event,
    names::{ClientId, RoomId},
    watch::{Gauge, Reporter},
};

/// What was decided in one go, under one lock: it is carried out in one go too.
pub struct Posts(pub Vec<Post>);

/// What the broadcaster is asked to do.
pub enum Post {
    /// A client has arrived; from now on the broadcaster owns its writing end, and shows in the gauge
    /// how many bytes wait for it.
    Attach(ClientId, Box<dyn Sink>, Arc<Gauge>),
    /// A client is in this room now, and no longer in the one before.
    Enter(ClientId, RoomId),
    /// Tell one client.
    Tell(ClientId, Event),
    /// Tell everybody in a room except some.
    TellRoom(RoomId, Except, Event),
    /// Tell a room, and report how that went.
    TellTraced(Box<Traced>),
    /// Tell everybody in every room.
    TellAll(Event),
    /// Tell one client why it has to go, and hang up on it.
    Dismiss(ClientId, Event),
    /// A client has left: deliver what it is still owed, then close.
    Detach(ClientId),
    /// The server stops: tell everybody and hang up.
    Stop(Event),
}

/// A message to a room, of which its sender follows the journey.
pub struct Traced {
    /// To which room.
    pub room: RoomId,
    /// Who in it is not told.
    pub except: Except,
    /// What.
    pub event: Event,
    /// Takes what the broadcaster saw of it.
    pub report: Reporter,
}

/// Who in a room is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Except {
    /// Everybody is told.
    Nobody,
    /// One is not.
    One(ClientId),
    /// Some are not.
    These(Arc<[ClientId]>),
}

impl Except {
    /// Those who are not told.
    pub fn as_slice(&self) -> &[ClientId] {
        match self {
            Self::Nobody => &[],
            Self::One(client) => std::slice::from_ref(client),
            Self::These(clients) => clients,
        }
    }
}
