//! Who may be in a room: kicking and banning.
//!
//! What is decided here holds at once, because it is in memory under the lock. It is *told* only when
//! it is on the disk: a ban that was announced and is gone after a restart would be a lie. The
//! session waits for the disk without the lock ([`Work::Save`]), and until it comes back anything may
//! have happened; so what is told then is what is still true then.

use super::{Done, State, Task, Then, Work, unsaved::Unsaved};
use crate::{
    broadcaster::{Except, Post},
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

/// Something that was decided about a room, to be told when it is saved.
#[derive(Debug)]
pub struct Decision {
    room: Room,
    told: Moderated,
}

impl State {
    pub(super) fn moderate(&mut self, client: ClientId, order: Moderation) {
        let done = match order {
            Moderation::Kick { user, reason } => self.kick(client, user, reason),
            Moderation::Ban { user, reason } => self.ban(client, user, reason),
            Moderation::Unban(user) => self.unban(client, user),
            Moderation::ListBans => return self.list_bans(client),
            Moderation::ListModerators => return self.list_moderators(client),
            Moderation::Promote(user) => self.promote(client, user),
            Moderation::Demote(user) => self.demote(client, user),
        };
        if let Err(why) = done {
            self.tell(client, why);
        }
    }

    fn kick(&mut self, client: ClientId, user: Nick, reason: Option<Text>) -> Result<(), Event> {
        self.check_room(client, Act::Kicked)?;
        let target = self.member(client, user)?;
        self.check_subject(client, target, Act::Kicked)?;
        let expulsion =
            Expulsion { act: Act::Kicked, nick: self.nick(target), by: self.nick(client), reason };
        let room = self.room(client).name;
        self.tell_moderated(client, room, Except::One(target), Moderated::Expelled(expulsion.clone()));
        self.expel(target, Moderated::YouWere { room, expulsion }.into());
        Ok(())
    }

    fn ban(&mut self, client: ClientId, user: Nick, reason: Option<Text>) -> Result<(), Event> {
        self.check_room(client, Act::Banned)?;
        let target = self.nicks.get(&user).copied();
        match target {
            Some(target) => self.check_subject(client, target, Act::Banned)?,
            None if user.guest_number().is_some() => return Err(Event::NoSuchUser(user)),
            None if self.clients[client].account == Some(user) => {
                return Err(Refused::Oneself(Act::Banned).into());
            }
            None => {}
        }
        let (nick, account) = target.map_or((user, None), |target| {
            let target = &self.clients[target];
            (target.nick, target.account)
        });
        let (by, id) = (self.nick(client), self.clients[client].room);
        let (clients, room) = (&self.clients, &mut self.rooms[id]);
        room.lasting.bans.forget_gone(|id| clients.contains_key(id));
        let ban = Ban { nick, account, by, reason: reason.clone(), at: self.now.wall };
        room.lasting.bans.add(ban, target)?;
        self.strip(id, nick, target);
        let expulsion = Expulsion { act: Act::Banned, nick, by, reason };
        self.tell_when_saved(client, Moderated::Expelled(expulsion));
        Ok(())
    }

    fn unban(&mut self, client: ClientId, user: Nick) -> Result<(), Event> {
        let nick = self.room_mut(client).lasting.bans.lift(user).ok_or(Refused::NotBanned(user))?;
        self.tell_when_saved(client, Moderated::Unbanned { by: self.nick(client), nick });
        Ok(())
    }

    fn list_bans(&mut self, client: ClientId) {
        let id = self.clients[client].room;
        let (clients, room) = (&self.clients, &mut self.rooms[id]);
        room.lasting.bans.forget_gone(|id| clients.contains_key(id));
        let bans = Moderated::Bans { room: room.name, bans: room.lasting.bans.rows() };
        self.tell(client, bans.into());
    }

    /// Marks the client's room as changed, and goes on with [`State::tell_decision`] when that is
    /// saved.
    pub(super) fn tell_when_saved(&mut self, client: ClientId, told: Moderated) {
        let room = self.room(client).name;
        self.unsaved.mark(Unsaved::Room(room));
        self.task = Some(Task { work: Work::Save, then: Then::TellDecision(Decision { room, told }) });
    }

    pub(super) fn tell_decision(&mut self, client: ClientId, Decision { room, told }: Decision, done: Done) {
        match told {
            Moderated::Expelled(expulsion) => self.carry_out_ban(client, room, expulsion),
            told => self.tell_moderated(client, room, Except::Nobody, told),
        }
        self.warn_unless_saved(client, done);
    }

    /// Says plainly what will not outlive the server.
    pub(super) fn warn_unless_saved(&mut self, client: ClientId, done: Done) {
        if !done.saved() {
            self.tell(client, Moderated::HoldsUntilStop.into());
        }
    }

    /// Puts out whoever is banned by now, under whatever name. Somebody may have lifted the ban while
    /// it was being saved: then it never was.
    fn carry_out_ban(&mut self, client: ClientId, room: Room, expulsion: Expulsion) {
        if !self.lasting(room).is_some_and(|lasting| lasting.bans.has(expulsion.nick)) {
            return self.tell(client, Refused::NotBanned(expulsion.nick).into());
        }
        let Some(&id) = self.room_names.get(&room) else {
            return self.tell_moderated(client, room, Except::Nobody, Moderated::Expelled(expulsion));
        };
        let present = self.rooms[id].members.values().copied();
        let banned: Vec<_> = present.filter(|&member| self.is_banned(member)).collect();
        let told = Moderated::Expelled(expulsion.clone());
        self.tell_moderated(client, room, Except::These(banned.as_slice().into()), told);
        for target in banned {
            let nick = self.nick(target);
            if nick != expulsion.nick {
                self.announce(target, Event::Left(nick));
            }
            self.expel(target, Moderated::YouWere { room, expulsion: expulsion.clone() }.into());
        }
        // It may have moderated the room from afar, by its account.
        if self.rooms.contains_key(id) {
            self.find_moderator(id, Except::Nobody);
        }
    }

    /// Sends a client back to the lobby, and says why. Its room has been told already.
    pub(super) fn expel(&mut self, client: ClientId, why: Event) {
        self.tell(client, why);
        self.note(client, Deed::Left);
        self.leave_room(client);
        self.enter_room(client, self.lobby, Event::Returned, Event::Entered(self.nick(client)));
        self.note(client, Deed::Entered);
    }

    /// Tells a room what was done about it, and whoever did it even if they have left it; and notes
    /// it. Unlike what people say, nobody can ignore it.
    fn tell_moderated(&mut self, client: ClientId, room: Room, except: Except, told: Moderated) {
        let told = Event::from(told);
        self.note_with(client, || Deed::Did(Box::new(told.clone())));
        let awake = self.room_names.get(&room).copied();
        if awake != Some(self.clients[client].room) {
            self.tell(client, told.clone());
        }
        if let Some(id) = awake {
            self.posts.push(Post::TellRoom(id, except, told));
        }
    }

    /// Whether a client may not be in the room that it is in.
    pub(super) fn is_banned(&self, client: ClientId) -> bool {
        !self.clients[client].is_administrator
            && self.room(client).lasting.bans.hold_for(self.identity(client))
    }

    /// Whether a client may not come into a room, whether somebody is in it or not.
    pub(super) fn is_refused(&mut self, client: ClientId, room: Room) -> bool {
        let identity = self.identity(client);
        let is_administrator = self.clients[client].is_administrator;
        let Some(lasting) = self.lasting_mut(room).filter(|_| !is_administrator) else { return false };
        lasting.bans.refuse(identity)
    }

    /// Somebody of this nickname in the same room.
    pub(super) fn member(&self, client: ClientId, nick: Nick) -> Result<ClientId, Event> {
        let target = *self.nicks.get(&nick).ok_or(Event::NoSuchUser(nick))?;
        let is_here = self.clients[target].room == self.clients[client].room;
        if is_here { Ok(target) } else { Err(Refused::NotHere(self.nick(target)).into()) }
    }

    /// The lobby is where everybody comes from, and where the kicked go.
    fn check_room(&self, client: ClientId, act: Act) -> Result<(), Event> {
        let is_lobby = self.clients[client].room == self.lobby;
        if is_lobby { Err(Refused::Lobby(act).into()) } else { Ok(()) }
    }

    fn check_subject(&self, client: ClientId, target: ClientId, act: Act) -> Result<(), Event> {
        if target == client {
            Err(Refused::Oneself(act).into())
        } else if self.clients[target].is_administrator {
            Err(Refused::Administrator(act).into())
        } else {
            Ok(())
        }
    }
}
