//! Rooms that nobody is in and that are not forgotten: they have a past, a topic or rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    State,
    bans::Bans,
    history::{History, MOST_TEXT},
    unsaved::Unsaved,
};
use crate::{
    names::{Nick, Room},
    record::RestoredRoom,
    text::Text,
};

/// How many empty rooms are remembered. When there are more, the one that has been empty the longest
/// is forgotten: it bounds what people can make the server keep by making rooms.
const MOST_ROOMS: usize = 10_000;

/// What is remembered of a room while nobody is in it.
#[derive(Clone, Debug, Default)]
pub struct Lasting {
    /// What the room is about.
    pub topic: Option<Text>,
    /// The accounts that moderate it, whether they are here or not.
    pub moderators: BTreeSet<Nick>,
    /// Who is banned from it.
    pub bans: Bans,
    /// What was said in it.
    pub history: History,
}

impl Lasting {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        let has_rules = !self.moderators.is_empty() || !self.bans.is_empty();
        self.topic.is_none() && !has_rules && self.history.is_empty()
    }
}

/// The empty rooms, by the order in which they became empty.
#[derive(Default)]
pub(super) struct Asleep {
    rooms: HashMap<Room, (u64, Lasting)>,
    by_age: BTreeMap<u64, Room>,
    /// How many have fallen asleep so far.
    count: u64,
}

impl Asleep {
    fn put(&mut self, room: Room, lasting: Lasting) {
        self.count += 1;
        self.by_age.insert(self.count, room);
        self.rooms.insert(room, (self.count, lasting));
    }

    /// Takes out what is known of a room, with its name as it was spelled.
    pub(super) fn take(&mut self, room: Room) -> Option<(Room, Lasting)> {
        let (spelled, (age, lasting)) = self.rooms.remove_entry(&room)?;
        self.by_age.remove(&age);
        Some((spelled, lasting))
    }

    /// What is known of a room that nobody is in.
    pub(super) fn room(&self, room: Room) -> Option<&Lasting> {
        self.rooms.get(&room).map(|(_, lasting)| lasting)
    }

    /// As [`Asleep::room`], to be changed.
    pub(super) fn room_mut(&mut self, room: Room) -> Option<&mut Lasting> {
        self.rooms.get_mut(&room).map(|(_, lasting)| lasting)
    }

    /// Every room that nobody is in.
    pub(super) fn rooms_mut(&mut self) -> impl Iterator<Item = (Room, &mut Lasting)> {
        self.rooms.iter_mut().map(|(&room, (_, lasting))| (room, lasting))
    }

    /// Takes the rank of an account, wherever it has one; gives those rooms.
    pub(super) fn forget_moderator(&mut self, account: Nick) -> Vec<Room> {
        let moderated = self
            .rooms
            .iter_mut()
            .filter_map(|(&room, (_, lasting))| lasting.moderators.remove(&account).then_some(room));
        moderated.collect()
    }

    fn oldest(&self) -> Option<Room> {
        self.by_age.values().next().copied()
    }
}

impl State {
    /// Remembers a room again after a restart.
    pub(super) fn restore_room(&mut self, room: RestoredRoom) {
        let RestoredRoom { name, topic, moderators, bans, lines } = room;
        let (bans, history) = (Bans::restored(bans), History::restored(lines));
        let moderators = moderators.into_iter().collect();
        self.seq = self.seq.max(history.newest().unwrap_or(0));
        self.history_size += history.size();
        let lasting = Lasting { topic, moderators, bans, history };
        match self.room_names.get(&name) {
            Some(&awake) => self.rooms[awake].lasting = lasting,
            None => self.put_to_sleep(name, lasting),
        }
        while self.history_size > MOST_TEXT && self.forget_a_sleeping_room() {}
    }

    /// Remembers a room that nobody is in any more, if there is anything to remember.
    pub(super) fn put_to_sleep(&mut self, room: Room, lasting: Lasting) {
        if lasting.is_empty() {
            return;
        }
        self.asleep.put(room, lasting);
        if self.asleep.rooms.len() > MOST_ROOMS {
            self.forget_a_sleeping_room();
        }
    }

    /// Forgets the room that has been empty the longest; whether there was one.
    pub(super) fn forget_a_sleeping_room(&mut self) -> bool {
        let Some((room, lasting)) = self.asleep.oldest().and_then(|oldest| self.asleep.take(oldest)) else {
            return false;
        };
        self.history_size -= lasting.history.size();
        self.unsaved.mark(Unsaved::Room(room));
        self.unsaved.mark(Unsaved::Lines(room));
        true
    }
}
