//! One message's way through the threads of the server.

use std::{collections::BTreeMap, ops::ControlFlow, time::Instant};

use super::Activity;

/// A stage of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// Its bytes were read from the sender's socket.
    Read,
    /// It was decoded, and its thread asks for the lock.
    Decoded,
    /// Its thread has the lock.
    Locked,
    /// The rules have decided who hears it; it goes into the channel.
    Queued,
    /// Its thread has released the lock.
    Unlocked,
    /// The broadcaster has taken it out of the channel.
    PickedUp,
    /// The broadcaster has encoded it.
    Encoded,
    /// The broadcaster has sent the batch to all clients.
    Sent,
}

/// When a message reached a hop, and which thread had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it got there.
    pub at: Instant,
    /// The name of the thread.
    pub thread: String,
}

/// How many clients a message was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// All clients that hear it.
    pub hearers: usize,
    /// Clients in the room with full sockets: they hear it once they have read what came before.
    pub waiting: usize,
}

/// One message's way: the session and the broadcaster record their parts, and the session joins them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    hops: BTreeMap<Hop, Arrival>,
    /// How many clients it was sent to; `None` until it is sent.
    pub reach: Option<Reach>,
}

impl Journey {
    /// Notes that it has reached this hop now, on the calling thread.
    pub fn arrive(&mut self, hop: Hop) {
        self.note(hop, Arrival { at: Instant::now(), thread: super::own_name() });
    }

    /// Notes that it has been sent.
    pub fn end(&mut self, reach: Reach) {
        self.arrive(Hop::Sent);
        self.reach = Some(reach);
    }

    /// Notes the hop that an activity stands for, if any. Breaks when its thread has finished with it.
    pub(super) fn pass(&mut self, activity: Activity) -> ControlFlow<()> {
        match activity {
            Activity::Reading => return ControlFlow::Break(()),
            Activity::Locking => self.arrive(Hop::Decoded),
            Activity::Deciding => self.arrive(Hop::Locked),
            Activity::Posting => self.arrive(Hop::Queued),
            Activity::Working => self.arrive(Hop::Unlocked),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Notes an arrival. If a hop comes twice, the last arrival counts: commands before the message in
    /// its burst may have taken the lock as well.
    pub fn note(&mut self, hop: Hop, arrival: Arrival) {
        self.hops.insert(hop, arrival);
    }

    /// Adds what another thread recorded.
    pub fn join(&mut self, mut seen: Self) {
        self.hops.append(&mut seen.hops);
        self.reach = self.reach.or(seen.reach);
    }

    /// When it reached a hop, if it did.
    pub fn at(&self, hop: Hop) -> Option<Instant> {
        self.hops.get(&hop).map(|arrival| arrival.at)
    }

    /// The hops by time. This is mostly the order of [`Hop`], but the broadcaster can pick a message
    /// up before its sender has released the lock.
    pub fn in_order(&self) -> Vec<(Hop, &Arrival)> {
        let mut hops: Vec<_> = self.hops.iter().map(|(&hop, arrival)| (hop, arrival)).collect();
        hops.sort_by_key(|(_, arrival)| arrival.at);
        hops
    }
}
