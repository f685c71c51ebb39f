//! Entering and leaving rooms, who is where, and what rooms are about.

use super::{State, Turn, rooms::OpenRoom};
use crate::{
    broadcaster::{Except, Post},
    event::{Event, Listing, moderation::Refused},
    fact::Deed,
    names::{ClientId, Room, RoomId},
    text::Text,
};

impl State {
    #[inline(never)]
    pub(super) fn join(&mut self, turn: &mut Turn, client: ClientId, name: Room) {
        if self.is_refused(client, name) {
            return turn.tell(client, Refused::Banned);
        }
        if self.rooms.remembered(name).is_none() && !self.may_create_room(turn, client) {
            return;
        }
        let id = self.rooms.open(name);
        if self.people[client].room == id {
            return turn.tell(client, Event::AlreadyJoined(self.rooms[id].name));
        }
        self.move_to(turn, client, id);
        self.arrive(turn, client, Event::Joined(self.rooms[id].name));
        if self.rooms[id].remembered.topic.is_some() {
            self.show_topic(turn, client);
        }
    }

    #[inline(never)]
    pub(super) fn return_to_lobby(&mut self, turn: &mut Turn, client: ClientId) {
        let lobby = self.rooms.lobby();
        if self.people[client].room == lobby {
            return turn.tell(client, Event::AlreadyInLobby);
        }
        self.move_to(turn, client, lobby);
        self.arrive(turn, client, Event::Returned);
    }

    #[inline(never)]
    pub(super) fn list_rooms(&mut self, turn: &mut Turn, client: ClientId) {
        let names = self.rooms.active().map(|room| room.name);
        turn.tell_at_length(client, Event::Rooms(Listing::new(self.rooms.active_count(), names)));
    }

    #[inline(never)]
    pub(super) fn list_users(&mut self, turn: &mut Turn, client: ClientId) {
        let room = self.room(client);
        let members = room.members.iter().map(|(&nick, &member)| self.listed(nick, member));
        let users = Listing::new(room.members.len(), members);
        turn.tell_at_length(client, Event::Users(room.name, users));
    }

    #[inline(never)]
    pub(super) fn show_topic(&mut self, turn: &mut Turn, client: ClientId) {
        let OpenRoom { name, remembered, .. } = self.room(client);
        turn.tell(client, Event::Topic(*name, remembered.topic.clone()));
    }

    /// Sets the topic. Like everything about a room that is to stay, it is told when it is saved.
    #[inline(never)]
    pub(super) fn set_topic(&mut self, turn: &mut Turn, client: ClientId, topic: Text) {
        self.room_mut(client).remembered.topic = Some(topic.clone());
        let told = Event::TopicSet(self.people[client].nick, topic.clone());
        self.when_saved(turn, client, move |state, turn, client, room| {
            let current = state.rooms.remembered(room).and_then(|remembered| remembered.topic.clone());
            if current.as_ref() == Some(&topic) {
                state.tell_about_room(turn, client, room, Except::NoOne, told);
            } else {
                // Another moderator was faster in the meantime, and the room hears of that topic.
                turn.tell(client, Event::Topic(room, current));
            }
        });
    }

    /// Moves a client from its room to another one, where it has yet to arrive.
    #[inline(never)]
    fn move_to(&mut self, turn: &mut Turn, client: ClientId, room: RoomId) {
        self.take_leave(turn, client);
        self.leave_room(turn, client);
        self.enter_room(turn, client, room);
    }

    #[inline(never)]
    fn take_leave(&self, turn: &mut Turn, client: ClientId) {
        self.note(turn, client, Deed::Left);
        self.announce(turn, client, Event::Left(self.people[client].nick));
    }

    /// Tells a client that it has come to a room from another one, and the room. The client is told after
    /// it has entered, so it misses nothing from then on.
    #[inline(never)]
    pub(super) fn arrive(&mut self, turn: &mut Turn, client: ClientId, told: Event) {
        turn.tell(client, told);
        self.replay(turn, client);
        self.announce(turn, client, Event::Entered(self.people[client].nick));
        self.note(turn, client, Deed::Entered);
    }

    /// Puts a client into a room.
    #[inline(never)]
    pub(super) fn enter_room(&mut self, turn: &mut Turn, client: ClientId, room: RoomId) {
        let arrival = self.rooms.enter(room, self.people[client].nick, client);
        (self.people[client].room, self.people[client].arrival) = (room, arrival);
        if room != self.rooms.lobby() && self.rooms[room].is_unmoderated() {
            self.appoint(client, room);
        }
        turn.post(Post::Enter(client, room));
    }

    /// Takes a client out of its room, which closes if it was the last member.
    #[inline(never)]
    pub(super) fn leave_room(&mut self, turn: &mut Turn, client: ClientId) {
        self.give_rank_to_account(client);
        let leaver = &self.people[client];
        let id = leaver.room;
        self.rooms[id].leave(leaver.nick, client, leaver.arrival);
        // The broadcaster counts the leaver as a member until it has entered another room.
        self.find_moderator(turn, id, Except::One(client));
        self.rooms.close_if_empty(id, &mut self.unsaved);
    }
}
