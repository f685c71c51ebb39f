//! Rooms: coming, going, who is where, and what they are about.

use super::{Lasting, RoomState, State, Unsaved};
use crate::{
    broadcaster::{Except, Post},
    event::{Event, Listing, moderation::Refused},
    fact::Deed,
    names::{ClientId, Room, RoomId},
    text::Text,
};

impl State {
    pub(super) fn join(&mut self, client: ClientId, name: Room) {
        if self.is_refused(client, name) {
            return self.tell(client, Refused::Banned.into());
        }
        let id = self.room_named(name);
        if self.clients[client].room == id {
            return self.tell(client, Event::AlreadyJoined(self.rooms[id].name));
        }
        self.move_to(client, id, Event::Joined(self.rooms[id].name));
        if self.rooms[id].lasting.topic.is_some() {
            self.show_topic(client);
        }
    }

    pub(super) fn return_to_lobby(&mut self, client: ClientId) {
        if self.clients[client].room == self.lobby {
            return self.tell(client, Event::AlreadyInLobby);
        }
        self.move_to(client, self.lobby, Event::Returned);
    }

    pub(super) fn list_rooms(&mut self, client: ClientId) {
        let total = self.active_rooms();
        let active =
            self.room_names.values().map(|&id| &self.rooms[id]).filter(|room| !room.members.is_empty());
        let rooms = Listing::new(total, active.map(|room| room.name));
        self.tell(client, Event::Rooms(rooms));
    }

    /// How many rooms have somebody in them.
    pub(super) fn active_rooms(&self) -> usize {
        let lobby_is_empty = self.rooms[self.lobby].members.is_empty();
        self.room_names.len() - usize::from(lobby_is_empty)
    }

    pub(super) fn list_users(&mut self, client: ClientId) {
        let room = self.room(client);
        let users = Listing::new(room.members.len(), room.members.keys().copied());
        self.tell(client, Event::Users { room: room.name, users });
    }

    pub(super) fn show_topic(&mut self, client: ClientId) {
        let RoomState { name, lasting, .. } = self.room(client);
        self.tell(client, Event::Topic { room: *name, topic: lasting.topic.clone() });
    }

    pub(super) fn set_topic(&mut self, client: ClientId, topic: Text) {
        let by = self.nick(client);
        let room = self.room_mut(client);
        room.lasting.topic = Some(topic.clone());
        let changed = Unsaved::Room(room.name);
        self.unsaved.mark(changed);
        let (room, told) = (self.clients[client].room, Event::TopicSet { by, topic });
        self.note_with(client, || Deed::Did(Box::new(told.clone())));
        self.posts.push(Post::TellRoom(room, Except::Nobody, told));
    }

    /// From the room a client is in to another one.
    pub(super) fn move_to(&mut self, client: ClientId, room: RoomId, told: Event) {
        let nick = self.nick(client);
        self.note(client, Deed::Left);
        self.announce(client, Event::Left(nick));
        self.leave_room(client);
        self.enter_room(client, room, told, Event::Entered(nick));
        self.note(client, Deed::Entered);
    }

    /// The client is told after it has entered, so it misses nothing from then on.
    pub(super) fn enter_room(&mut self, client: ClientId, room: RoomId, told: Event, announced: Event) {
        let nick = self.nick(client);
        self.clients[client].room = room;
        self.rooms[room].members.insert(nick, client);
        self.arrive(client, room);
        self.posts.push(Post::Enter(client, room));
        self.tell(client, told);
        self.replay(client);
        self.announce(client, announced);
    }

    pub(super) fn leave_room(&mut self, client: ClientId) {
        let (nick, id) = (self.nick(client), self.clients[client].room);
        self.rooms[id].members.remove(&nick);
        self.resign(client, id);
        let room = &self.rooms[id];
        if room.members.is_empty() && id != self.lobby {
            self.room_names.remove(&room.name);
            if let Some(RoomState { name, lasting, .. }) = self.rooms.remove(id) {
                self.put_to_sleep(name, lasting);
            }
        }
    }

    /// The room of this name; woken or made on demand.
    pub(super) fn room_named(&mut self, name: Room) -> RoomId {
        *self.room_names.entry(name).or_insert_with_key(|&name| {
            let (name, lasting) = self.asleep.take(name).unwrap_or((name, Lasting::default()));
            self.rooms.insert(RoomState::new(name, lasting))
        })
    }
}
