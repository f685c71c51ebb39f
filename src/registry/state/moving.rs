//! Entering and leaving rooms, who is where, and what rooms are about.

use super::{Next, State, Turn, rooms::OpenRoom, unsaved::Change};
use crate::{
    broadcaster::{Except, Post},
    command::Opening,
    event::{Event, Listing, Member, moderation::Refused, pace::PaceEvent, rooms::RoomEvent},
    fact::Deed,
    names::{ClientId, Room, RoomId},
    text::Text,
};

impl State {
    #[inline(never)]
    pub(super) fn join(&mut self, turn: &mut Turn, name: Room, opening: Opening) {
        if self.is_refused(turn.client, name) {
            return turn.answer(Refused::Banned);
        }
        let is_there = self.rooms.remembered(name).is_some();
        match opening {
            Opening::Existing if !is_there => return turn.answer(RoomEvent::NoSuchRoom(name)),
            Opening::New if is_there => return turn.answer(RoomEvent::RoomExists(name)),
            _ => {}
        }
        if !is_there
            && let Err(wait) = self.pace.create_room(self.people[turn.client].origin(), turn.now.instant)
        {
            return turn.answer(PaceEvent::TooManyRooms(wait));
        }
        let id = self.rooms.open(name);
        if self.people[turn.client].room == id {
            return turn.answer(Event::AlreadyJoined(self.rooms[id].name));
        }
        self.move_to(turn, id);
        self.arrive(turn, Event::Joined(self.rooms[id].name));
        if self.rooms[id].remembered.topic.is_some() {
            self.show_topic(turn);
        }
    }

    #[inline(never)]
    pub(super) fn return_to_lobby(&mut self, turn: &mut Turn) {
        let lobby = self.rooms.lobby();
        if self.people[turn.client].room == lobby {
            return turn.answer(Event::AlreadyInLobby);
        }
        self.move_to(turn, lobby);
        self.arrive(turn, Event::Returned);
    }

    #[inline(never)]
    pub(super) fn list_rooms(&mut self, turn: &mut Turn) {
        turn.answer_at_length(self.rooms());
    }

    /// The rooms that have members.
    pub fn rooms(&self) -> Event {
        let names = self.rooms.active().map(|room| room.name);
        Event::Rooms(Listing::new(self.rooms.active_count(), names))
    }

    #[inline(never)]
    pub(super) fn list_users(&mut self, turn: &mut Turn) {
        let room = self.room(turn.client);
        let is_away = |member: ClientId| self.people[member].away.is_some();
        let members = room.members.iter().map(|(&nick, &id)| Member { nick, is_away: is_away(id) });
        let users = Listing::new(room.members.len(), members);
        turn.answer_at_length(Event::Users(room.name, users));
    }

    #[inline(never)]
    pub(super) fn show_topic(&mut self, turn: &mut Turn) {
        let OpenRoom { name, remembered, .. } = self.room(turn.client);
        turn.answer(Event::Topic(*name, remembered.topic.clone()));
    }

    /// Sets the topic. Like every lasting setting of a room, it is announced after it is saved.
    #[inline(never)]
    pub(super) fn set_topic(&mut self, turn: &mut Turn, topic: Text) {
        if let Err(why) = self.may_last(turn, turn.client, self.people[turn.client].room) {
            return turn.answer(why);
        }
        self.room_mut(turn.client).remembered.topic = Some(topic.clone());
        let told = Event::TopicSet(self.people[turn.client].nick, topic.clone());
        let room = self.room(turn.client).name;
        let next = Next::new(move |state: &mut Self, turn, ()| {
            let current = state.rooms.remembered(room).and_then(|remembered| remembered.topic.clone());
            if current.as_ref() == Some(&topic) {
                state.tell_about_room(turn, room, Except::NoOne, told);
            } else {
                // Another moderator was faster in the meantime, and the room hears of that topic.
                turn.answer(Event::Topic(room, current));
            }
        });
        self.when_saved(turn, Change::Room(room), next);
    }

    /// Moves a client from its room to another one, where it has yet to arrive.
    #[inline(never)]
    fn move_to(&mut self, turn: &mut Turn, room: RoomId) {
        self.take_leave(turn);
        self.leave_room(turn);
        self.enter_room(turn, room);
    }

    #[inline(never)]
    fn take_leave(&self, turn: &mut Turn) {
        self.note(turn, || Deed::Left);
        self.announce(turn, Event::Left(self.people[turn.client].nick));
    }

    /// Tells a client and its new room that it has come from another one. The client is told after it has
    /// entered, so it misses nothing from then on.
    #[inline(never)]
    pub(super) fn arrive(&mut self, turn: &mut Turn, told: Event) {
        turn.answer(told);
        self.replay(turn);
        self.announce(turn, Event::Entered(self.people[turn.client].nick));
        self.note(turn, || Deed::Entered);
    }

    #[inline(never)]
    pub(super) fn enter_room(&mut self, turn: &mut Turn, room: RoomId) {
        let arrival = self.rooms.enter(room, self.people[turn.client].nick, turn.client);
        (self.people[turn.client].room, self.people[turn.client].arrival) = (room, arrival);
        let may_moderate = room != self.rooms.lobby() && !self.bots.contain(turn.client);
        if may_moderate && self.rooms[room].is_unmoderated() {
            self.appoint(turn, turn.client, room);
        }
        turn.post(Post::Enter(turn.client, room, self.rooms[room].name));
    }

    /// Takes a client out of its room, which closes if it was the last member.
    #[inline(never)]
    pub(super) fn leave_room(&mut self, turn: &mut Turn) {
        self.give_rank_to_account(turn);
        let leaver = &self.people[turn.client];
        let id = leaver.room;
        self.rooms[id].leave(leaver.nick, turn.client, leaver.arrival);
        // The broadcaster counts the leaver as a member until it has entered another room.
        self.find_moderator(turn, id, Except::One(turn.client));
        self.rooms.close_if_empty(id, &mut self.unsaved);
    }
}
