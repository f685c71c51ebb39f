//! Empty rooms that are remembered: they have a history, a topic, moderators or bans.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
};

use super::{super::history::History, Remembered};
use crate::names::{Nick, Room};

/// How many empty rooms are remembered. This bounds what users can make the server keep by creating
/// rooms. When there are more, the one that has been empty longest is forgotten, but never one with a
/// topic, a ban or a registered moderator for the sake of another user's room.
const MOST_ROOMS: usize = 10_000;

/// The empty rooms, by the order in which they became empty.
#[derive(Default)]
pub(super) struct Dormant {
    rooms: HashMap<Room, (u64, Box<Remembered>)>,
    by_age: BTreeMap<u64, Room>,
    /// How many rooms have become dormant so far.
    count: u64,
}

impl Dormant {
    /// Adds a room; returns the one that is forgotten for it, which is this one if no other can be.
    pub(super) fn put(&mut self, room: Room, remembered: Box<Remembered>) -> Option<(Room, Box<Remembered>)> {
        self.count += 1;
        self.by_age.insert(self.count, room);
        self.rooms.insert(room, (self.count, remembered));
        let is_full = self.rooms.len() > MOST_ROOMS;
        is_full.then(|| self.take_forgettable().or_else(|| self.take(room))).flatten()
    }

    /// Takes out a room, with its name as it was spelled.
    pub(super) fn take(&mut self, room: Room) -> Option<(Room, Box<Remembered>)> {
        let (spelled, (age, remembered)) = self.rooms.remove_entry(&room)?;
        self.by_age.remove(&age);
        Some((spelled, remembered))
    }

    /// Takes out the room that has been empty longest, of those without rules.
    pub(super) fn take_forgettable(&mut self) -> Option<(Room, Box<Remembered>)> {
        let oldest = *self.by_age.values().find(|room| !self.rooms[room].1.has_rules())?;
        self.take(oldest)
    }

    /// Takes the history of the room that has been empty longest, of those that have any.
    pub(super) fn take_history(&mut self) -> Option<(Room, History)> {
        let oldest = *self.by_age.values().find(|room| !self.rooms[room].1.history.is_empty())?;
        let (_, remembered) = self.rooms.get_mut(&oldest)?;
        Some((oldest, mem::take(&mut remembered.history)))
    }

    pub(super) fn room(&self, room: Room) -> Option<&Remembered> {
        self.rooms.get(&room).map(|(_, remembered)| &**remembered)
    }

    pub(super) fn room_mut(&mut self, room: Room) -> Option<&mut Remembered> {
        self.rooms.get_mut(&room).map(|(_, remembered)| &mut **remembered)
    }

    /// Every dormant room.
    pub(super) fn rooms_mut(&mut self) -> impl Iterator<Item = (Room, &mut Remembered)> {
        self.rooms.iter_mut().map(|(&room, (_, remembered))| (room, &mut **remembered))
    }

    /// Takes an account's rank in every dormant room; returns these rooms.
    pub(super) fn forget_moderator(&mut self, account: Nick) -> Vec<Room> {
        let rooms = self.rooms.iter_mut();
        rooms
            .filter_map(|(&room, (_, remembered))| remembered.moderators.remove(&account).then_some(room))
            .collect()
    }
}
