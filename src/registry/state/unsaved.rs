//! What has changed since it was last saved.
//!
//! The rules only mark *what* has changed. The store takes the marks, and then for each of them the
//! value of that moment: see [`crate::store`].

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use super::{State, rooms::Remembered};
use crate::{
    names::{Network, Nick, Room},
    record::{Record, RoomRules},
};

/// Something that has changed and must be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A room's topic and rules.
    Room(Room),
    /// A room's new lines.
    Lines(Room),
    /// An account.
    Account(Nick),
    /// Whether a network is banned.
    Network(Network),
    /// The numbers that lines may have.
    Numbers,
}

/// The most waiting changes of things that no longer exist. While nothing can be saved, rooms come and go.
/// At worst, a thing whose deletion is not marked is restored once more.
const MOST_GONE: usize = 20_000;

/// The changes, each once, in the order in which they were first marked.
#[derive(Default)]
pub(super) struct Unsaved {
    order: VecDeque<Change>,
    marked: BTreeSet<Change>,
    /// How many of them concern things that were gone when they were marked.
    gone: usize,
    /// The store has been told that there are changes.
    is_store_told: bool,
    /// There is no store, so nothing is marked and nothing grows.
    is_off: bool,
}

impl Unsaved {
    #[inline(never)]
    pub(super) fn mark(&mut self, change: Change) {
        if !self.is_off && self.marked.insert(change) {
            self.order.push_back(change);
        }
    }

    /// Marks something that does not exist any more, if there are not too many such marks already.
    pub(super) fn mark_gone(&mut self, change: Change) {
        if self.gone < MOST_GONE {
            self.gone += 1;
            self.mark(change);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

impl State {
    /// Stops remembering changes, because there is no store to save them.
    #[must_use]
    pub fn without_store(mut self) -> Self {
        self.unsaved = Unsaved { is_off: true, ..Unsaved::default() };
        self
    }

    /// Whether there are changes that the store has not been told of; true once, until they are taken.
    pub fn has_changes_to_save(&mut self) -> bool {
        !self.unsaved.order.is_empty() && !mem::replace(&mut self.unsaved.is_store_told, true)
    }

    /// Takes all changes.
    pub fn take_unsaved(&mut self) -> VecDeque<Change> {
        let is_off = self.unsaved.is_off;
        mem::replace(&mut self.unsaved, Unsaved { is_off, ..Unsaved::default() }).order
    }

    /// Marks everything: the data file is new and empty.
    pub fn mark_everything_unsaved(&mut self) {
        // Small and important things come first, in case the server is killed while it saves.
        self.unsaved.mark(Change::Numbers);
        self.accounts.nicks().for_each(|nick| self.unsaved.mark(Change::Account(nick)));
        self.networks.names().for_each(|network| self.unsaved.mark(Change::Network(network)));
        self.rooms.mark_all_unsaved(&mut self.unsaved);
    }

    /// What a change concerns, as it is now.
    pub fn record(&mut self, change: Change) -> Record {
        match change {
            Change::Room(room) => self.rules_of(room),
            Change::Lines(room) => self.lines_of(room),
            Change::Account(nick) => {
                Record::Account(nick, self.accounts.hash(nick).map(|hash| hash.as_str().to_owned()))
            }
            Change::Numbers => Record::Numbers(self.tally.reserve()),
            Change::Network(network) => Record::Network(network.to_string(), self.networks.ban_of(network)),
        }
    }

    fn rules_of(&self, room: Room) -> Record {
        let forgotten = Remembered::default();
        let rules = self.rooms.remembered(room).unwrap_or(&forgotten);
        let (moderators, bans) = (rules.moderators.iter().copied(), rules.bans.saved().cloned());
        let (topic, moderators, bans) = (rules.topic.clone(), moderators.collect(), bans.collect());
        Record::Room(room, RoomRules { topic, moderators, bans })
    }

    fn lines_of(&mut self, room: Room) -> Record {
        let mut forgotten = Remembered::default();
        let history = &mut self.rooms.remembered_mut(room).unwrap_or(&mut forgotten).history;
        let lines = history.take_unsaved();
        Record::Lines { room, oldest: history.oldest(), lines }
    }
}
