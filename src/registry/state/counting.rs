//! What machines are told about the chat.

use super::{Occurrences, State};
use crate::watch::Labelled;

/// How much there is in the chat, and what has happened since the start.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Clients, by the schemes of their wires.
    pub clients: Labelled,
    /// Rooms that have members.
    pub rooms: usize,
    /// Messages that were said in rooms.
    pub lines: u64,
    /// Messages that were whispered.
    pub whispers: u64,
    /// How often other things happened.
    pub occurrences: Occurrences,
    /// Changes that are not on the disk yet.
    pub unsaved: usize,
}

impl State {
    /// Counts everything, which takes as long with many clients as with few.
    pub fn counts(&self) -> Counts {
        Counts {
            clients: self.people.by_wire().clone(),
            rooms: self.rooms.active_count(),
            lines: self.tally.lines,
            whispers: self.tally.total - self.tally.lines,
            occurrences: self.tally.occurrences.clone(),
            unsaved: self.unsaved.len(),
        }
    }
}
