//! The members of a room, and what they are told in a batch.

use crate::{
    dialect::Dialect,
    names::{ClientId, Room},
};

/// The broadcaster's view of a room.
pub(super) struct RoomMembers {
    pub(super) name: Room,
    pub(super) members: Vec<ClientId>,
    /// Whether this batch has bytes for it.
    pub(super) is_touched: bool,
    /// What is told to its members, by their dialects.
    pub(super) parts: [Part; Dialect::COUNT],
}

/// What the members of a room hear that speak one dialect.
#[derive(Default)]
pub(super) struct Part {
    /// How many they are. For none, nothing is encoded.
    pub(super) hearers: usize,
    /// The events told to the room in this batch, encoded.
    pub(super) bytes: Vec<u8>,
}

impl RoomMembers {
    pub(super) fn new(name: Room) -> Self {
        Self { name, members: Vec::new(), is_touched: false, parts: Default::default() }
    }

    /// What the members hear that speak this.
    pub(super) fn part(&self, dialect: Dialect) -> &Part {
        &self.parts[dialect as usize]
    }

    pub(super) fn part_mut(&mut self, dialect: Dialect) -> &mut Part {
        &mut self.parts[dialect as usize]
    }
}

impl Part {
    /// How many heard something after the bytes were so many. Not every dialect has words for every event.
    pub(super) fn hearers_after(&self, before: usize) -> usize {
        if self.bytes.len() > before { self.hearers } else { 0 }
    }

    /// Makes sure that there is a buffer; returns how much is in it.
    pub(super) fn begin(&mut self, spare: &mut Vec<Vec<u8>>) -> usize {
        if self.bytes.is_empty() {
            self.bytes = spare.pop().unwrap_or_default();
        }
        self.bytes.len()
    }
}
