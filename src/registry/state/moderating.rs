//! Who may be in a room: kicking and banning.
//!
//! A decision holds at once, because it is in memory under the lock. It is *told* only when it is on the
//! disk: a ban that users were told of and that is gone after a restart would be a lie. The client's
//! thread waits for the disk without the lock, and anything may have happened until it comes back; so
//! what is told is what is still true then.

use super::{Next, State, Task, Turn, unsaved::Change};
use crate::{
    broadcaster::Except,
    command::Moderation,
    event::{
        Event,
        moderation::{Act, Expulsion, Moderated, Refused},
    },
    fact::Deed,
    names::{ClientId, Nick, Room},
    record::Ban,
    text::Text,
};

impl State {
    #[inline(never)]
    pub(super) fn moderate(&mut self, turn: &mut Turn, client: ClientId, order: Moderation) {
        let done = match order {
            Moderation::Kick { user, reason } => self.kick(turn, client, user, reason),
            Moderation::Ban { user, reason } => self.ban(turn, client, user, reason),
            Moderation::Unban(user) => self.unban(turn, client, user),
            Moderation::ListBans => return self.list_bans(turn, client),
            Moderation::ListModerators => return self.list_moderators(turn, client),
            Moderation::Promote(user) => self.promote(turn, client, user),
            Moderation::Demote(user) => self.demote(turn, client, user),
        };
        if let Err(why) = done {
            turn.tell(client, why);
        }
    }

    fn kick(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        user: Nick,
        reason: Option<Text>,
    ) -> Result<(), Event> {
        self.check_room(client, Act::Kicked)?;
        let target = self.member(client, user)?;
        self.check_target(client, target, Act::Kicked)?;
        let (nick, by) = (self.people[target].nick, self.people[client].nick);
        let expulsion = Expulsion { act: Act::Kicked, nick, by, reason };
        let room = self.room(client).name;
        self.tell_about_room(turn, client, room, Except::One(target), Moderated::Expelled(expulsion.clone()));
        self.expel(turn, target, Moderated::YouWere { room, expulsion }.into());
        Ok(())
    }

    fn ban(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        user: Nick,
        reason: Option<Text>,
    ) -> Result<(), Event> {
        self.check_room(client, Act::Banned)?;
        let target = self.people.find(user);
        match target {
            Some(target) => self.check_target(client, target, Act::Banned)?,
            None if user.guest_number().is_some() => return Err(Event::NoSuchUser(user)),
            None if self.people[client].account == Some(user) => {
                return Err(Refused::Yourself(Act::Banned).into());
            }
            None => {}
        }
        let (nick, account) = target.map_or((user, None), |target| {
            let target = &self.people[target];
            (target.nick, target.account)
        });
        let (by, id) = (self.people[client].nick, self.people[client].room);
        let ban = Ban { nick, account, by, reason: reason.clone(), at: turn.now.wall };
        let bans = &mut self.rooms[id].remembered.bans;
        bans.forget_gone(|id| self.people.contains(id));
        bans.add(ban, target)?;
        self.take_rank(id, nick, target);
        let expulsion = Expulsion { act: Act::Banned, nick, by, reason };
        self.when_saved(turn, client, move |state, turn, client, room| {
            state.carry_out_ban(turn, client, room, &expulsion);
        });
        Ok(())
    }

    fn unban(&mut self, turn: &mut Turn, client: ClientId, user: Nick) -> Result<(), Event> {
        let nick = self.room_mut(client).remembered.bans.lift(user).ok_or(Refused::NotBanned(user))?;
        let by = self.people[client].nick;
        self.tell_when_saved(turn, client, Moderated::Unbanned { by, nick });
        Ok(())
    }

    fn list_bans(&mut self, turn: &mut Turn, client: ClientId) {
        let room = &mut self.rooms[self.people[client].room];
        room.remembered.bans.forget_gone(|id| self.people.contains(id));
        let bans = room.remembered.bans.all().cloned().collect();
        turn.tell_at_length(client, Moderated::Bans { room: room.name, bans });
    }

    /// Marks the client's room as changed, and goes on when that is saved.
    pub(super) fn when_saved(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        go_on: impl FnOnce(&mut Self, &mut Turn, ClientId, Room) + Send + 'static,
    ) {
        let room = self.room(client).name;
        self.unsaved.mark(Change::Room(room));
        turn.wait_for(Task::Save(Next::new(move |state: &mut Self, turn, client, is_saved| {
            go_on(state, turn, client, room);
            warn_unless_saved(turn, client, is_saved);
        })));
    }

    /// Tells the client's room what was decided about it, when that is saved.
    pub(super) fn tell_when_saved(&mut self, turn: &mut Turn, client: ClientId, told: Moderated) {
        self.when_saved(turn, client, move |state, turn, client, room| {
            state.tell_about_room(turn, client, room, Except::NoOne, told);
        });
    }

    /// Expels every member that is banned by now, under any name. If the ban was lifted while it was
    /// being saved, nothing happens.
    fn carry_out_ban(&mut self, turn: &mut Turn, client: ClientId, room: Room, expulsion: &Expulsion) {
        if !self.rooms.remembered(room).is_some_and(|remembered| remembered.bans.has(expulsion.nick)) {
            return turn.tell(client, Refused::NotBanned(expulsion.nick));
        }
        let told = Moderated::Expelled(expulsion.clone());
        let Some(id) = self.rooms.id(room) else {
            return self.tell_about_room(turn, client, room, Except::NoOne, told);
        };
        let present = self.rooms[id].members.values().copied();
        let banned: Vec<_> = present.filter(|&member| self.is_banned(member)).collect();
        self.tell_about_room(turn, client, room, Except::These(banned.as_slice().into()), told);
        for target in banned {
            let nick = self.people[target].nick;
            if nick != expulsion.nick {
                self.announce(turn, target, Event::Left(nick));
            }
            self.expel(turn, target, Moderated::YouWere { room, expulsion: expulsion.clone() }.into());
        }
        // The banned user may have moderated the room by an account, without being a member.
        if self.rooms.id(room) == Some(id) {
            self.find_moderator(turn, id, Except::NoOne);
        }
    }

    /// Sends a client back to the lobby and says why. Its room has been told already.
    pub(super) fn expel(&mut self, turn: &mut Turn, client: ClientId, why: Event) {
        turn.tell(client, why);
        self.note(turn, client, Deed::Left);
        self.leave_room(turn, client);
        self.enter_room(turn, client, self.rooms.lobby());
        self.arrive(turn, client, Event::Returned);
    }

    /// Tells a room what was done about it, and the client that did it even if it has left the room; and
    /// notes it. Users cannot ignore this.
    pub(super) fn tell_about_room(
        &mut self,
        turn: &mut Turn,
        client: ClientId,
        room: Room,
        except: Except,
        told: impl Into<Event>,
    ) {
        let told = told.into();
        self.note_with(turn, client, || Deed::Did(Box::new(told.clone())));
        let id = self.rooms.id(room);
        if id != Some(self.people[client].room) {
            turn.tell(client, told.clone());
        }
        if let Some(id) = id {
            turn.tell_room(id, except, told);
        }
    }

    /// Whether a client may not be in the room that it is in.
    pub(super) fn is_banned(&self, client: ClientId) -> bool {
        !self.people[client].is_administrator
            && self.room(client).remembered.bans.cover(self.people.identity(client))
    }

    /// Whether a client may not enter a room, open or dormant.
    #[inline(never)]
    pub(super) fn is_refused(&mut self, client: ClientId, room: Room) -> bool {
        let identity = self.people.identity(client);
        let is_administrator = self.people[client].is_administrator;
        !is_administrator
            && self.rooms.remembered_mut(room).is_some_and(|remembered| remembered.bans.refuse(identity))
    }

    /// The client of this nickname, if it is in the same room.
    pub(super) fn member(&self, client: ClientId, nick: Nick) -> Result<ClientId, Event> {
        let target = self.people.find(nick).ok_or(Event::NoSuchUser(nick))?;
        let is_here = self.people[target].room == self.people[client].room;
        if is_here { Ok(target) } else { Err(Refused::NotHere(self.people[target].nick).into()) }
    }

    /// The lobby is where every client starts and where a kicked client goes.
    fn check_room(&self, client: ClientId, act: Act) -> Result<(), Event> {
        let is_lobby = self.people[client].room == self.rooms.lobby();
        if is_lobby { Err(Refused::Lobby(act).into()) } else { Ok(()) }
    }

    fn check_target(&self, client: ClientId, target: ClientId, act: Act) -> Result<(), Event> {
        if target == client {
            Err(Refused::Yourself(act).into())
        } else if self.people[target].is_administrator {
            Err(Refused::Administrator(act).into())
        } else {
            Ok(())
        }
    }
}

/// Says plainly what will not outlive the server.
pub(super) fn warn_unless_saved(turn: &mut Turn, client: ClientId, is_saved: bool) {
    if !is_saved {
        turn.tell(client, Moderated::HoldsUntilStop);
    }
}
