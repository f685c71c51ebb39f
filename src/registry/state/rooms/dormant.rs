//! Empty rooms that are remembered: they have a history, a topic, moderators or bans.

use std::collections::{BTreeMap, HashMap};

use super::Lasting;
use crate::names::{Nick, Room};

/// How many empty rooms are remembered. When there are more, the one that has been empty longest is
/// forgotten. This bounds what users can make the server keep by creating rooms.
const MOST_ROOMS: usize = 10_000;

/// The empty rooms, by the order in which they became empty.
#[derive(Default)]
pub(super) struct Dormant {
    rooms: HashMap<Room, (u64, Box<Lasting>)>,
    by_age: BTreeMap<u64, Room>,
    /// How many rooms have become dormant so far.
    count: u64,
}

impl Dormant {
    /// Adds a room; whether there is still space for all of them.
    pub(super) fn put(&mut self, room: Room, lasting: Box<Lasting>) -> bool {
        self.count += 1;
        self.by_age.insert(self.count, room);
        self.rooms.insert(room, (self.count, lasting));
        self.rooms.len() <= MOST_ROOMS
    }

    /// Takes out a room, with its name as it was spelled.
    pub(super) fn take(&mut self, room: Room) -> Option<(Room, Box<Lasting>)> {
        let (spelled, (age, lasting)) = self.rooms.remove_entry(&room)?;
        self.by_age.remove(&age);
        Some((spelled, lasting))
    }

    /// Takes out the room that has been empty longest.
    pub(super) fn take_oldest(&mut self) -> Option<(Room, Box<Lasting>)> {
        let oldest = *self.by_age.values().next()?;
        self.take(oldest)
    }

    pub(super) fn room(&self, room: Room) -> Option<&Lasting> {
        self.rooms.get(&room).map(|(_, lasting)| &**lasting)
    }

    pub(super) fn room_mut(&mut self, room: Room) -> Option<&mut Lasting> {
        self.rooms.get_mut(&room).map(|(_, lasting)| &mut **lasting)
    }

    /// Every dormant room.
    pub(super) fn rooms_mut(&mut self) -> impl Iterator<Item = (Room, &mut Lasting)> {
        self.rooms.iter_mut().map(|(&room, (_, lasting))| (room, &mut **lasting))
    }

    /// Takes an account's rank in every dormant room; returns these rooms.
    pub(super) fn forget_moderator(&mut self, account: Nick) -> Vec<Room> {
        let rooms = self.rooms.iter_mut();
        rooms
            .filter_map(|(&room, (_, lasting))| lasting.moderators.remove(&account).then_some(room))
            .collect()
    }
}
