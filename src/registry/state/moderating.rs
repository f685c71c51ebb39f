//! Who may be in a room: kicking and banning.
//!
//! A decision holds at once, because it is in memory under the lock. It is *told* only when it is on the
//! disk: a ban that users were told of and that is gone after a restart would be a lie. The client's thread
//! waits for the disk without the lock, and anything may have happened until it comes back; so users are
//! told only what is still true then.

use super::{Next, State, Task, Turn, people::Client, rooms::Remembered, unsaved::Change};
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
    pub(super) fn moderate(&mut self, turn: &mut Turn, order: Moderation) {
        let done = match order {
            Moderation::Kick(user, reason) => self.kick(turn, user, reason),
            Moderation::Ban(user, reason) => self.ban(turn, user, reason),
            Moderation::Unban(user) => self.unban(turn, user),
            Moderation::ListBans => return self.list_bans(turn),
            Moderation::ListModerators => return self.list_moderators(turn),
            Moderation::Promote(user) => self.promote(turn, user),
            Moderation::Demote(user) => self.demote(turn, user),
        };
        if let Err(why) = done {
            turn.answer(why);
        }
    }

    fn kick(&mut self, turn: &mut Turn, user: Nick, reason: Option<Text>) -> Result<(), Event> {
        self.check_room(turn.client, Act::Kicked)?;
        let target = self.member(turn.client, user)?;
        self.check_target(turn.client, target, Act::Kicked)?;
        let (nick, by) = (self.people[target].nick, self.people[turn.client].nick);
        let expulsion = Expulsion { act: Act::Kicked, nick, by, reason };
        let room = self.room(turn.client).name;
        let told = Moderated::Expelled(expulsion.clone());
        self.tell_about_room(turn, room, Except::One(target), told.into());
        turn.in_name_of(target, |turn| self.expel(turn, Moderated::YouWere(room, expulsion)));
        Ok(())
    }

    fn ban(&mut self, turn: &mut Turn, user: Nick, reason: Option<Text>) -> Result<(), Event> {
        self.check_room(turn.client, Act::Banned)?;
        let target = self.people.find(user);
        let Client { nick: by, account: own, room: id, .. } = self.people[turn.client];
        match target {
            Some(target) => self.check_target(turn.client, target, Act::Banned)?,
            None if user.guest_number().is_some() => return Err(Event::NoSuchUser(user)),
            None if own == Some(user) => return Err(Refused::Yourself(Act::Banned).into()),
            None => {}
        }
        let nick = target.map_or(user, |target| self.people[target].nick);
        let account = target.and_then(|target| self.people[target].account);
        let ban = Ban { nick, account, by, reason: reason.clone(), at: turn.now.wall };
        self.may_last(turn, turn.client, id)?;
        let bans = &mut self.rooms[id].remembered.bans;
        bans.forget_gone(|id| self.people.contains(id));
        bans.add(ban, target)?;
        self.take_rank(id, nick, target);
        let expulsion = Expulsion { act: Act::Banned, nick, by, reason };
        let room = self.rooms[id].name;
        let next = Next::new(move |state, turn, ()| state.carry_out_ban(turn, room, &expulsion));
        self.when_saved(turn, Change::Room(room), next);
        Ok(())
    }

    fn unban(&mut self, turn: &mut Turn, user: Nick) -> Result<(), Event> {
        let nick = self.room_mut(turn.client).remembered.bans.lift(user).ok_or(Refused::NotBanned(user))?;
        let by = self.people[turn.client].nick;
        self.tell_when_saved(turn, Moderated::Unbanned { by, nick });
        Ok(())
    }

    fn list_bans(&mut self, turn: &mut Turn) {
        let room = &mut self.rooms[self.people[turn.client].room];
        room.remembered.bans.forget_gone(|id| self.people.contains(id));
        let bans = room.remembered.bans.all().cloned().collect();
        turn.answer_at_length(Moderated::Bans(room.name, bans));
    }

    /// Tells the client's room what was decided about it, when that is saved.
    pub(super) fn tell_when_saved(&mut self, turn: &mut Turn, told: Moderated) {
        let room = self.room(turn.client).name;
        let next = Next::new(move |state: &mut Self, turn, ()| {
            state.tell_about_room(turn, room, Except::NoOne, told.into());
        });
        self.when_saved(turn, Change::Room(room), next);
    }

    /// Marks what has changed, and goes on when that is saved. If it cannot be saved, the client is told.
    pub(super) fn when_saved(&mut self, turn: &mut Turn, change: Change, next: Next<()>) {
        self.unsaved.mark(change);
        turn.wait_for(Task::Save(Next::new(move |state, turn, is_saved: bool| {
            next.go_on(state, turn, ());
            if !is_saved {
                turn.answer(Moderated::HoldsUntilStop);
            }
        })));
    }

    /// Expels every member that is now banned, under any name, unless the ban has been lifted.
    fn carry_out_ban(&mut self, turn: &mut Turn, room: Room, expulsion: &Expulsion) {
        if !self.rooms.remembered(room).is_some_and(|remembered| remembered.bans.has(expulsion.nick)) {
            return turn.answer(Refused::NotBanned(expulsion.nick));
        }
        let told = Moderated::Expelled(expulsion.clone()).into();
        let Some(id) = self.rooms.id(room) else {
            return self.tell_about_room(turn, room, Except::NoOne, told);
        };
        let present = self.rooms[id].members.values().copied();
        let banned: Vec<_> = present.filter(|&member| self.is_banned(member)).collect();
        self.tell_about_room(turn, room, Except::These(banned.as_slice().into()), told);
        for target in banned {
            let nick = self.people[target].nick;
            turn.in_name_of(target, |turn| {
                if nick != expulsion.nick {
                    self.announce(turn, Event::Left(nick));
                }
                self.expel(turn, Moderated::YouWere(room, expulsion.clone()));
            });
        }
        // The banned user may have moderated the room by an account, without being a member.
        if self.rooms.id(room) == Some(id) {
            self.find_moderator(turn, id, Except::NoOne);
        }
    }

    /// Sends a client back to the lobby and says why. Its room has been told already.
    pub(super) fn expel(&mut self, turn: &mut Turn, why: impl Into<Event>) {
        turn.answer(why);
        self.note(turn, || Deed::Left);
        self.leave_room(turn);
        self.enter_room(turn, self.rooms.lobby());
        self.arrive(turn, Event::Returned);
    }

    /// Tells a room what was done about it, and notes that. The client that did it is told even if it has
    /// left the room. Users cannot ignore this.
    pub(super) fn tell_about_room(&self, turn: &mut Turn, room: Room, except: Except, told: Event) {
        self.note(turn, || Deed::Did(Box::new(told.clone())));
        let id = self.rooms.id(room);
        if id != Some(self.people[turn.client].room) {
            turn.answer(told.clone());
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
        let user = self.people.identity(client);
        let is_refused = |remembered: &mut Remembered| remembered.bans.refuse(user);
        !self.people[client].is_administrator && self.rooms.remembered_mut(room).is_some_and(is_refused)
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
