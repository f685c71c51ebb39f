//! One message's way through the threads.

use std::{collections::BTreeMap, ops::ControlFlow, thread, time::Instant};

use super::Activity;

/// Where a message comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// Its bytes have come out of the sender's socket.
    Read,
    /// It is a command now, and its thread asks for the lock.
    Decoded,
    /// Its thread has the lock.
    Locked,
    /// It is decided who hears it; it goes into the channel.
    Queued,
    /// Its thread has given the lock back.
    Unlocked,
    /// The broadcaster has taken it out of the channel.
    PickedUp,
    /// It is bytes again.
    Encoded,
    /// Everybody's part of the batch has been sent.
    Sent,
}

/// When and in whose hands a message came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Instant,
    /// The name of the thread.
    pub thread: String,
}

impl Arrival {
    /// Then, in the hands of the calling thread.
    fn here(at: Instant) -> Self {
        Self { at, thread: thread::current().name().unwrap_or_default().to_owned() }
    }
}

/// Whom a message was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Everybody who hears it.
    pub hearers: usize,
    /// Those in the room whose sockets are full: they hear it when they have read what came before.
    pub waiting: usize,
}

/// One message's way. Two threads write it, but never together: what the broadcaster saw is joined to
/// it when it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    hops: BTreeMap<Hop, Arrival>,
    reach: Option<Reach>,
}

impl Journey {
    /// A message that was read then and is decoded now.
    pub(super) fn from_reading(read_at: Instant) -> Self {
        let mut journey = Self::default();
        journey.note(Hop::Read, Arrival::here(read_at));
        journey
    }

    /// It has come to this hop now, in the hands of the calling thread.
    pub fn arrive(&mut self, hop: Hop) {
        self.note(hop, Arrival::here(Instant::now()));
    }

    /// It has been sent.
    pub fn end(&mut self, reach: Reach) {
        self.arrive(Hop::Sent);
        self.reach = Some(reach);
    }

    /// Whom it was sent to; `None` while it is not.
    pub fn reach(&self) -> Option<Reach> {
        self.reach
    }

    /// What its thread does now can be a hop. It breaks when the thread has done with the message.
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

    /// It has come to this hop. Of one that comes twice the last one counts: what came before the message in its burst may
    /// have taken the lock for itself.
    pub fn note(&mut self, hop: Hop, arrival: Arrival) {
        self.hops.insert(hop, arrival);
    }

    /// Joins what somebody else saw of it.
    pub fn join(&mut self, mut seen: Self) {
        self.hops.append(&mut seen.hops);
        self.reach = self.reach.or(seen.reach);
    }

    /// When it came to a hop, if it did.
    pub fn at(&self, hop: Hop) -> Option<Instant> {
        self.hops.get(&hop).map(|arrival| arrival.at)
    }

    /// The hops by time. It is mostly the order of [`Hop`]; but the broadcaster can pick a message up
    /// before its sender has given the lock back.
    pub fn in_order(&self) -> Vec<(Hop, &Arrival)> {
        let mut hops: Vec<_> = self.hops.iter().map(|(&hop, arrival)| (hop, arrival)).collect();
        hops.sort_by_key(|(_, arrival)| arrival.at);
        hops
    }
}
