//! What has changed since it was last saved.
//!
//! The rules only mark *what* has changed. Whoever saves takes the marks, and then for each of them the
//! value of that moment. So a thing that changes a thousand times between two savings is written
//! once, and a slow disk makes nobody wait and nothing grow.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use super::{Lasting, State};
use crate::{
    names::{Network, Nick, Room, RoomId},
    record::Record,
};

/// Something that can change and is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unsaved {
    /// A room's topic and rules.
    Room(Room),
    /// A room's new lines.
    Lines(Room),
    /// An account.
    Account(Nick),
    /// Whether a network is banned.
    Network(Network),
}

/// The marks, each once, in the order in which they were first made.
#[derive(Default)]
pub(super) struct Marks {
    order: VecDeque<Unsaved>,
    marked: BTreeSet<Unsaved>,
    /// Whoever saves has been told that there is something.
    is_announced: bool,
}

impl Marks {
    pub(super) fn mark(&mut self, changed: Unsaved) {
        if self.marked.insert(changed) {
            self.order.push_back(changed);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

impl State {
    /// Whether something has changed and nobody has been told so yet; true once, until everything was
    /// taken.
    pub fn has_news_to_save(&mut self) -> bool {
        !self.unsaved.order.is_empty() && !mem::replace(&mut self.unsaved.is_announced, true)
    }

    /// Takes the marks of everything that has changed.
    pub fn take_unsaved(&mut self) -> VecDeque<Unsaved> {
        let Marks { order, .. } = mem::take(&mut self.unsaved);
        order
    }

    /// Something that has changed, as it is now.
    pub fn record(&mut self, changed: Unsaved) -> Record {
        match changed {
            Unsaved::Room(room) => self.rules_of(room),
            Unsaved::Lines(room) => self.lines_of(room),
            Unsaved::Account(nick) => self.account_record(nick),
            Unsaved::Network(network) => {
                Record::Network { network: network.to_string(), ban: self.networks.ban_of(network) }
            }
        }
    }

    /// Marks that something was said in a room: once until it is saved, so that it costs next to
    /// nothing in a busy room.
    pub(super) fn unsaved_lines(&mut self, id: RoomId) {
        let room = &mut self.rooms[id];
        // The first unsaved line makes the mark; the others find it made.
        if !mem::replace(&mut room.lasting.history.is_marked, true) {
            self.unsaved.mark(Unsaved::Lines(room.name));
        }
    }

    fn rules_of(&self, room: Room) -> Record {
        let nothing = Lasting::default();
        let Lasting { topic, moderators, bans, history: _ } = self.lasting(room).unwrap_or(&nothing);
        Record::Room {
            room,
            topic: topic.clone(),
            moderators: moderators.iter().copied().collect(),
            bans: bans.lasting().cloned().collect(),
        }
    }

    fn lines_of(&mut self, room: Room) -> Record {
        let Some(lasting) = self.lasting_mut(room) else {
            return Record::Lines { room, oldest: None, lines: Vec::new() };
        };
        let history = &mut lasting.history;
        let lines = history.unsaved().cloned().collect();
        history.saved = history.newest().unwrap_or(history.saved);
        history.is_marked = false;
        Record::Lines { room, oldest: history.oldest(), lines }
    }

    /// What lasts of a room, whether somebody is in it or not.
    pub(super) fn lasting(&self, room: Room) -> Option<&Lasting> {
        match self.room_names.get(&room) {
            Some(&id) => Some(&self.rooms[id].lasting),
            None => self.asleep.room(room),
        }
    }

    /// The same, to be changed.
    pub(super) fn lasting_mut(&mut self, room: Room) -> Option<&mut Lasting> {
        match self.room_names.get(&room) {
            Some(&id) => Some(&mut self.rooms[id].lasting),
            None => self.asleep.room_mut(room),
        }
    }
}
