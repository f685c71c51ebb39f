//! The rooms: those that have members, and the empty ones that are remembered.
//!
//! A room is open while it has members; the lobby always is. When its last member leaves, what lasts of
//! it becomes dormant, and the next member opens it again.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::{Index, IndexMut},
};

use slotmap::SlotMap;

use super::{
    bans::Bans,
    history::History,
    unsaved::{Change, Unsaved},
};
use crate::{
    names::{ClientId, Nick, Room, RoomId},
    record::{Line, RestoredRoom, RoomRules},
    text::Text,
};

/// How much text all rooms remember together, in bytes. Beyond it, the dormant rooms forget their lines
/// first, and then each new line costs its room the oldest ones.
const MOST_TEXT: usize = 256 * 1024 * 1024;

/// How many empty rooms without rules are remembered. Beyond it, the one empty for longest is forgotten.
const MOST_FORGETTABLE: usize = 10_000;

/// The most empty rooms with rules. Beyond it, only administrators give another room its first rule. A room
/// with rules is never forgotten, so this bounds what users can make the server keep.
const MOST_LASTING: usize = 10_000;

pub(super) struct Rooms {
    open: SlotMap<RoomId, OpenRoom>,
    /// Finds an open room by its name, and lists open rooms in order.
    ids: BTreeMap<Room, RoomId>,
    lobby: RoomId,
    dormant: Dormant,
    /// Bytes that all histories take.
    text: usize,
    /// How many times a client has entered a room.
    arrivals: u64,
}

/// A room that has members, or the lobby.
pub(super) struct OpenRoom {
    pub(super) name: Room,
    /// In the order in which `/users` shows them.
    pub(super) members: BTreeMap<Nick, ClientId>,
    /// By the number of their arrival.
    pub(super) arrivals: BTreeMap<u64, ClientId>,
    /// The members that moderate it only during this visit. Accounts that moderate it are in `remembered`.
    pub(super) moderators: BTreeSet<ClientId>,
    pub(super) remembered: Box<Remembered>,
}

/// The empty rooms, by the order in which they became empty.
#[derive(Default)]
struct Dormant {
    rooms: HashMap<Room, (u64, Box<Remembered>)>,
    /// Those without rules.
    forgettable: BTreeMap<u64, Room>,
    /// Those with rules that may have a history.
    lasting: BTreeMap<u64, Room>,
    /// How many rooms have become dormant so far.
    count: u64,
}

/// What is remembered of a room when its members are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Remembered {
    pub(super) topic: Option<Text>,
    /// The accounts that moderate it, whether they are here or not.
    pub(super) moderators: BTreeSet<Nick>,
    pub(super) bans: Bans,
    pub(super) history: History,
}

impl Remembered {
    fn is_empty(&self) -> bool {
        !self.has_rules() && self.history.is_empty()
    }

    /// Whether a user has set something that is meant to stay: a topic, a moderator or a ban.
    pub(super) fn has_rules(&self) -> bool {
        self.topic.is_some() || !self.moderators.is_empty() || !self.bans.is_empty()
    }
}

impl Rooms {
    /// Only the lobby.
    pub(super) fn new() -> Self {
        let mut open = SlotMap::with_key();
        let lobby = open.insert(OpenRoom::new(Room::lobby(), Box::default()));
        let ids = BTreeMap::from([(Room::lobby(), lobby)]);
        Self { open, ids, lobby, dormant: Dormant::default(), text: 0, arrivals: 0 }
    }

    /// Adds a room that was saved; returns the number of its newest line.
    pub(super) fn restore(&mut self, room: RestoredRoom, unsaved: &mut Unsaved) -> u64 {
        let RestoredRoom { name, rules: RoomRules { topic, moderators, bans }, lines } = room;
        let (bans, history) = (Bans::restored(bans), History::restored(lines));
        let newest = history.newest().unwrap_or(0);
        self.text += history.size();
        let moderators = moderators.into_iter().collect();
        let remembered = Box::new(Remembered { topic, moderators, bans, history });
        match self.id(name) {
            Some(id) => self.open[id].remembered = remembered,
            None => self.make_dormant(name, remembered, unsaved),
        }
        while self.text > MOST_TEXT && self.forget_text(unsaved) {}
        newest
    }

    pub(super) fn lobby(&self) -> RoomId {
        self.lobby
    }

    pub(super) fn id(&self, name: Room) -> Option<RoomId> {
        self.ids.get(&name).copied()
    }

    pub(super) fn is_lasting(&self, id: RoomId) -> bool {
        id == self.lobby || self.open[id].remembered.has_rules()
    }

    pub(super) fn can_more_last(&self) -> bool {
        self.dormant.rooms.len() - self.dormant.forgettable.len() < MOST_LASTING
    }

    /// The room of this name. If it is not open, it is opened from the dormant ones or created.
    pub(super) fn open(&mut self, name: Room) -> RoomId {
        self.id(name).unwrap_or_else(|| self.open_new(name))
    }

    #[inline(never)]
    fn open_new(&mut self, name: Room) -> RoomId {
        let (name, remembered) = self.dormant.take(name).unwrap_or_else(|| (name, Box::default()));
        let id = self.open.insert(OpenRoom::new(name, remembered));
        self.ids.insert(name, id);
        id
    }

    /// Adds a member; returns the number of this arrival.
    #[inline(never)]
    pub(super) fn enter(&mut self, id: RoomId, nick: Nick, client: ClientId) -> u64 {
        self.arrivals += 1;
        let room = &mut self.open[id];
        room.members.insert(nick, client);
        room.arrivals.insert(self.arrivals, client);
        self.arrivals
    }

    /// Closes a room that has no members any more. If there is something to remember, it becomes dormant.
    pub(super) fn close_if_empty(&mut self, id: RoomId, unsaved: &mut Unsaved) {
        if id != self.lobby && self.open[id].members.is_empty() {
            self.close(id, unsaved);
        }
    }

    #[inline(never)]
    fn close(&mut self, id: RoomId, unsaved: &mut Unsaved) {
        if let Some(OpenRoom { name, remembered, .. }) = self.open.remove(id) {
            self.ids.remove(&name);
            self.make_dormant(name, remembered, unsaved);
        }
    }

    /// Open rooms with members, by name.
    pub(super) fn active(&self) -> impl Iterator<Item = &OpenRoom> {
        self.ids.values().map(|&id| &self.open[id]).filter(|room| !room.members.is_empty())
    }

    pub(super) fn active_count(&self) -> usize {
        self.ids.len() - usize::from(self.open[self.lobby].members.is_empty())
    }

    /// What is remembered of a room, open or dormant.
    pub(super) fn remembered(&self, room: Room) -> Option<&Remembered> {
        match self.id(room) {
            Some(id) => Some(&self.open[id].remembered),
            None => self.dormant.rooms.get(&room).map(|(_, remembered)| &**remembered),
        }
    }

    pub(super) fn remembered_mut(&mut self, room: Room) -> Option<&mut Remembered> {
        match self.id(room) {
            Some(id) => Some(&mut self.open[id].remembered),
            None => self.dormant.rooms.get_mut(&room).map(|(_, remembered)| &mut **remembered),
        }
    }

    /// Ends an account's rank in every room. Returns the dormant and the open rooms where it had one.
    pub(super) fn forget_moderator(&mut self, account: Nick) -> (Vec<Room>, Vec<RoomId>) {
        let forget = |remembered: &mut Remembered| remembered.moderators.remove(&account);
        let Dormant { rooms, forgettable, lasting, .. } = &mut self.dormant;
        let mut dormant = Vec::new();
        for (&room, (age, remembered)) in rooms {
            if !forget(remembered) {
                continue;
            }
            dormant.push(room);
            if !remembered.has_rules() {
                lasting.remove(age);
                forgettable.insert(*age, room);
            }
        }
        let open = self.ids.values().copied();
        (dormant, open.filter(|&id| forget(&mut self.open[id].remembered)).collect())
    }

    /// Remembers a line of an open room; of each room, at most `limit` lines are remembered.
    pub(super) fn remember(&mut self, id: RoomId, line: Line, limit: usize, unsaved: &mut Unsaved) {
        let room = &mut self.open[id];
        if limit == 0 && room.remembered.history.is_empty() {
            return;
        }
        let history = &mut room.remembered.history;
        let before = history.size();
        history.push(line, limit);
        self.text = self.text + history.size() - before;
        // The first unsaved line marks the room; later lines find it marked.
        if !std::mem::replace(&mut history.is_marked, true) {
            unsaved.mark(Change::Lines(room.name));
        }
        if self.text > MOST_TEXT {
            self.make_room_for_text(id, unsaved);
        }
    }

    /// Marks every room with all its lines.
    pub(super) fn mark_all_unsaved(&mut self, unsaved: &mut Unsaved) {
        let open = self.open.values_mut().map(|room| (room.name, &mut *room.remembered));
        let dormant = self.dormant.rooms.iter_mut().map(|(&name, (_, remembered))| (name, &mut **remembered));
        for (name, remembered) in open.chain(dormant) {
            remembered.history.forget_saved();
            unsaved.mark(Change::Room(name));
            unsaved.mark(Change::Lines(name));
        }
    }

    fn make_room_for_text(&mut self, spoken_in: RoomId, unsaved: &mut Unsaved) {
        while self.text > MOST_TEXT && self.forget_text(unsaved) {}
        let history = &mut self.open[spoken_in].remembered.history;
        while self.text > MOST_TEXT && history.has_several() {
            self.text -= history.forget_oldest();
        }
    }

    pub(super) fn make_dormant(&mut self, name: Room, remembered: Box<Remembered>, unsaved: &mut Unsaved) {
        if !remembered.is_empty()
            && let Some((room, forgotten)) = self.dormant.put(name, remembered)
        {
            self.forget(room, &forgotten.history, unsaved);
        }
    }

    /// Forgets the lines of the room that has been dormant longest. Returns whether there was one.
    fn forget_text(&mut self, unsaved: &mut Unsaved) -> bool {
        let forgotten = self.dormant.take_forgettable().map(|(room, remembered)| (room, remembered.history));
        let Some((room, history)) = forgotten.or_else(|| self.dormant.take_history()) else { return false };
        self.forget(room, &history, unsaved);
        true
    }

    fn forget(&mut self, room: Room, history: &History, unsaved: &mut Unsaved) {
        self.text -= history.size();
        unsaved.mark_gone(Change::Room(room));
        unsaved.mark_gone(Change::Lines(room));
    }

    /// Open rooms are found by name, only the lobby may be empty, and every other one is moderated.
    #[cfg(test)]
    #[track_caller]
    pub(super) fn check(&self) {
        assert_eq!(self.open.len(), self.ids.len());
        for (name, (age, remembered)) in &self.dormant.rooms {
            assert_ne!(self.dormant.forgettable.contains_key(age), remembered.has_rules(), "{name}");
        }
        for (id, room) in &self.open {
            assert_eq!(self.id(room.name), Some(id));
            assert!(!room.members.is_empty() || id == self.lobby, "{} is empty", room.name);
            assert_eq!(room.is_unmoderated(), id == self.lobby, "{} has a moderator", room.name);
            let members: BTreeSet<_> = room.members.values().copied().collect();
            assert_eq!(room.arrivals.values().copied().collect::<BTreeSet<_>>(), members);
            assert!(room.moderators.is_subset(&members), "in {}", room.name);
        }
    }
}

impl Dormant {
    /// Adds a room. Returns the room that is forgotten in its place.
    fn put(&mut self, room: Room, remembered: Box<Remembered>) -> Option<(Room, Box<Remembered>)> {
        self.count += 1;
        let by_age = if remembered.has_rules() { &mut self.lasting } else { &mut self.forgettable };
        by_age.insert(self.count, room);
        self.rooms.insert(room, (self.count, remembered));
        if self.forgettable.len() > MOST_FORGETTABLE { self.take_forgettable() } else { None }
    }

    /// Takes out a room, with its name as it was spelled.
    fn take(&mut self, room: Room) -> Option<(Room, Box<Remembered>)> {
        let (spelled, (age, remembered)) = self.rooms.remove_entry(&room)?;
        self.forgettable.remove(&age);
        self.lasting.remove(&age);
        Some((spelled, remembered))
    }

    /// Takes out the room that has been empty longest, of those without rules.
    fn take_forgettable(&mut self) -> Option<(Room, Box<Remembered>)> {
        let (_, oldest) = self.forgettable.pop_first()?;
        self.take(oldest)
    }

    /// Takes the history of the room with rules that has been empty longest.
    fn take_history(&mut self) -> Option<(Room, History)> {
        let (_, oldest) = self.lasting.pop_first()?;
        let (_, remembered) = self.rooms.get_mut(&oldest)?;
        Some((oldest, std::mem::take(&mut remembered.history)))
    }
}

impl Index<RoomId> for Rooms {
    type Output = OpenRoom;

    fn index(&self, id: RoomId) -> &OpenRoom {
        &self.open[id]
    }
}

impl IndexMut<RoomId> for Rooms {
    fn index_mut(&mut self, id: RoomId) -> &mut OpenRoom {
        &mut self.open[id]
    }
}

impl OpenRoom {
    fn new(name: Room, remembered: Box<Remembered>) -> Self {
        let (members, arrivals, moderators) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { name, members, arrivals, moderators, remembered }
    }

    /// Removes a member, and with it the rank that it had without an account.
    pub(super) fn leave(&mut self, nick: Nick, client: ClientId, arrival: u64) {
        self.members.remove(&nick);
        self.arrivals.remove(&arrival);
        self.moderators.remove(&client);
    }

    pub(super) fn rename(&mut self, client: ClientId, old: Nick, new: Nick) {
        // Removed first: inserting an equal key would keep the old spelling.
        self.members.remove(&old);
        self.members.insert(new, client);
    }

    pub(super) fn is_unmoderated(&self) -> bool {
        self.moderators.is_empty() && self.remembered.moderators.is_empty()
    }

    pub(super) fn moderator_count(&self) -> usize {
        self.moderators.len() + self.remembered.moderators.len()
    }
}
