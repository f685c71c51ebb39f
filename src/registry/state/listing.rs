//! Lists of rooms and their members, for programs.
//!
//! The members of a room are no secret: `/rooms` lists the rooms, `/whois` says where a user is, and a user who is
//! not banned can go to a room and look. Only the bans of a room are shown to its moderators alone.

use std::iter;

use super::{
    State, Turn,
    rooms::{OpenRoom, Remembered},
};
use crate::{
    command::Among,
    event::{
        Event, Listing, Member,
        rooms::{Glance, Overview, RoomEvent, Roster},
    },
    names::{ClientId, Room},
};

/// How many clients are where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// All clients.
    pub clients: usize,
    /// The rooms that have members, and how many. At most as many as one listing shows.
    pub rooms: Vec<(Room, usize)>,
}

impl State {
    /// How many clients are where.
    pub fn census(&self) -> Census {
        let rooms = self.rooms.active().take(Listing::<Room>::MAX);
        let rooms = rooms.map(|room| (room.name, room.members.len())).collect();
        Census { clients: self.people.len(), rooms }
    }

    #[inline(never)]
    pub(super) fn list_members(&mut self, turn: &mut Turn, among: Among) {
        turn.answer_at_length(match among {
            Among::Own => Event::Rooms(Listing::new(1, iter::once(self.room(turn.client).name))),
            Among::Room(room) => self.members_of(room).into(),
            Among::All => self.all_members().into(),
        });
    }

    /// What is new in a room that the client may not enter is not told.
    #[inline(never)]
    pub(super) fn show_overview(&mut self, turn: &mut Turn, known: &[(Room, u64)]) {
        let user = self.people.identity(turn.client);
        let unread = |room: &OpenRoom| {
            let (_, seen) = known.iter().find(|(known, _)| *known == room.name)?;
            let Remembered { bans, history, .. } = &*room.remembered;
            (!bans.cover(user)).then(|| history.count_after(*seen))
        };
        let glance = |room: &OpenRoom| Glance {
            room: room.name,
            users: room.members.len(),
            unread: unread(room).unwrap_or(0),
        };
        let rooms = Listing::new(self.rooms.active_count(), self.rooms.active().map(glance));
        let own = self.room(turn.client);
        let users = self.roster(own, Listing::<Member>::MAX).members;
        turn.answer_at_length(RoomEvent::Overview(Box::new(Overview { room: own.name, users, rooms })));
    }

    fn members_of(&self, name: Room) -> RoomEvent {
        let roster = match self.rooms.id(name) {
            Some(id) => self.roster(&self.rooms[id], Listing::<Member>::MAX),
            None if self.rooms.remembered(name).is_none() => return RoomEvent::NoSuchRoom(name),
            None => Roster::new(name, 0, 0, iter::empty()),
        };
        RoomEvent::Members(Listing::new(1, iter::once(roster)))
    }

    /// The rooms that have members. Together they list as many members as one listing shows, and count the others.
    fn all_members(&self) -> RoomEvent {
        let mut left = Listing::<Member>::MAX;
        let rosters = self.rooms.active().map(|room| {
            let roster = self.roster(room, left);
            left -= roster.members.names().len();
            roster
        });
        RoomEvent::Members(Listing::new(self.rooms.active_count(), rosters))
    }

    fn roster(&self, room: &OpenRoom, most: usize) -> Roster {
        let is_away = |member: ClientId| self.people[member].away.is_some();
        let members = room.members.iter().map(|(&nick, &id)| Member { nick, is_away: is_away(id) });
        Roster::new(room.name, most, room.members.len(), members)
    }
}
