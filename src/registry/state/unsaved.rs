//! What has changed since it was last saved.
//!
//! The rules only mark *what* has changed. The store takes the marks, and then for each of them the
//! value of that moment. So a thing that changes a thousand times between two savings is written once,
//! and a slow disk delays no client.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use super::{Lasting, State};
use crate::{
    names::{Network, Nick, Room},
    record::Record,
};

/// Something that has changed and is to be saved.
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
}

/// The changes, each once, in the order in which they were first marked.
#[derive(Default)]
pub(super) struct Unsaved {
    order: VecDeque<Change>,
    marked: BTreeSet<Change>,
    /// The store has been told that there are changes.
    is_announced: bool,
}

impl Unsaved {
    #[inline(never)]
    pub(super) fn mark(&mut self, change: Change) {
        if self.marked.insert(change) {
            self.order.push_back(change);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

impl State {
    /// Whether there are changes that the store has not been told of; true once, until they are taken.
    pub fn has_news_to_save(&mut self) -> bool {
        !self.unsaved.order.is_empty() && !mem::replace(&mut self.unsaved.is_announced, true)
    }

    /// Takes all changes.
    pub fn take_unsaved(&mut self) -> VecDeque<Change> {
        mem::take(&mut self.unsaved).order
    }

    /// Marks everything: the data file is new and empty.
    pub fn mark_everything_unsaved(&mut self) {
        // What is small and matters most comes first, in case the server is killed meanwhile.
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
                let hash = self.accounts.hash(nick).map(|hash| hash.as_str().to_owned());
                Record::Account { nick, hash }
            }
            Change::Network(network) => {
                Record::Network { network: network.to_string(), ban: self.networks.ban_of(network) }
            }
        }
    }

    fn rules_of(&self, room: Room) -> Record {
        let nothing = Lasting::default();
        let Lasting { topic, moderators, bans, history: _ } = self.rooms.lasting(room).unwrap_or(&nothing);
        Record::Room {
            room,
            topic: topic.clone(),
            moderators: moderators.iter().copied().collect(),
            bans: bans.lasting().cloned().collect(),
        }
    }

    fn lines_of(&mut self, room: Room) -> Record {
        match self.rooms.lasting_mut(room) {
            Some(Lasting { history, .. }) => {
                let lines = history.take_unsaved();
                Record::Lines { room, oldest: history.oldest(), lines }
            }
            None => Record::Lines { room, oldest: None, lines: Vec::new() },
        }
    }
}
