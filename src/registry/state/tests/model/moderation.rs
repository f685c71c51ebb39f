//! Moderators, kicks and bans in the model. No user has an account here.

use super::{Deed, Model, Person, same, sorted};

pub(super) struct Ban {
    pub(super) room: String,
    pub(super) nick: String,
    pub(super) connections: Vec<usize>,
}

impl Model {
    fn members(&self, room: &str) -> Vec<usize> {
        (0..self.people.len()).filter(|&i| same(&self.people[i].room, room)).collect()
    }

    pub(super) fn find_moderator(&mut self, room: &str) {
        let members = self.members(room);
        if room == "lobby" || members.iter().any(|&i| self.people[i].is_moderator) {
            return;
        }
        let Some(&heir) = members.iter().min_by_key(|&&i| self.people[i].arrival) else { return };
        self.people[heir].is_moderator = true;
        let told = format!("{} is a moderator of this room now.", self.people[heir].nick);
        let hearers = if members.len() <= self.presence_limit { members } else { vec![heir] };
        for hearer in hearers {
            self.tell(hearer, told.clone());
        }
    }

    pub(super) fn ban_of(&self, who: usize, room: &str) -> Option<usize> {
        let Person { nick, connection, .. } = &self.people[who];
        self.bans.iter().position(|ban| {
            let is_named = same(&ban.nick, nick) && !nick.starts_with("guest_");
            same(&ban.room, room) && (is_named || ban.connections.contains(connection))
        })
    }

    fn tell_room(&mut self, who: usize, except: Option<usize>, told: &str) {
        let members = self.members(&self.people[who].room);
        members.into_iter().filter(|&i| Some(i) != except).for_each(|i| self.tell(i, told.into()));
    }

    /// Carries out a moderator's command, or says why it is refused.
    pub(super) fn moderate(&mut self, who: usize, deed: &Deed) {
        let done = match *deed {
            _ if !self.people[who].is_moderator => Err("You are not a moderator.".into()),
            Deed::Kick(nick) => self.kick(who, nick),
            Deed::Ban(nick) => self.ban(who, nick),
            Deed::Unban(nick) => self.unban(who, nick),
            Deed::Promote(nick) => self.promote(who, nick),
            Deed::Demote(nick) => self.demote(who, nick),
            _ => Ok(()),
        };
        if let Err(why) = done {
            self.tell(who, why);
        }
    }

    fn member(&self, who: usize, nick: &str) -> Result<usize, String> {
        let target = self.named(nick).ok_or_else(|| format!("User '{nick}' not found."))?;
        let (me, them) = (&self.people[who], &self.people[target]);
        if same(&me.room, &them.room) {
            Ok(target)
        } else {
            Err(format!("'{}' is not in this room.", them.nick))
        }
    }

    fn expel(&mut self, who: usize, target: usize, act: &str) {
        let (by, room) = (self.people[who].nick.clone(), self.people[who].room.clone());
        let nick = self.people[target].nick.clone();
        self.tell_room(who, Some(target), &format!("{by} has {act} {nick}."));
        self.tell(target, format!("You were {act} from '{room}' by {by}."));
        self.enter(target, "lobby", "You returned to the lobby.".into());
    }

    fn kick(&mut self, who: usize, nick: &str) -> Result<(), String> {
        let target = self.member(who, nick)?;
        if target == who {
            return Err("You cannot kick yourself.".into());
        }
        self.expel(who, target, "kicked");
        Ok(())
    }

    fn ban(&mut self, who: usize, nick: &str) -> Result<(), String> {
        let (target, room) = (self.named(nick), self.people[who].room.clone());
        if target == Some(who) {
            return Err("You cannot ban yourself.".into());
        }
        let is_guest = nick.starts_with("guest_");
        if target.is_none() && is_guest {
            return Err(format!("User '{nick}' not found."));
        }
        let connection = target.map(|target| self.people[target].connection);
        let nick = target.map_or(nick, |target| &self.people[target].nick).to_owned();
        let here: Vec<_> = self.people.iter().map(|person| person.connection).collect();
        self.bans.retain(|ban| {
            let is_gone = !ban.connections.iter().any(|connection| here.contains(connection));
            !(same(&ban.room, &room) && ban.nick.starts_with("guest_") && is_gone)
        });
        let is_theirs = |ban: &Ban| match connection.filter(|_| is_guest) {
            Some(connection) => ban.connections.contains(&connection),
            None => same(&ban.nick, &nick),
        };
        if self.bans.iter().any(|ban| same(&ban.room, &room) && is_theirs(ban)) {
            return Err(format!("'{nick}' is already banned."));
        }
        self.bans.push(Ban {
            room: room.clone(),
            nick: nick.clone(),
            connections: connection.into_iter().collect(),
        });
        if let Some(target) = target.filter(|&target| same(&self.people[target].room, &room)) {
            self.expel(who, target, "banned");
        } else {
            let by = self.people[who].nick.clone();
            self.tell_room(who, None, &format!("{by} has banned {nick}."));
        }
        Ok(())
    }

    fn unban(&mut self, who: usize, nick: &str) -> Result<(), String> {
        let (by, room) = (self.people[who].nick.clone(), self.people[who].room.clone());
        let is_theirs = |ban: &Ban| same(&ban.room, &room) && same(&ban.nick, nick);
        let Some(nick) = self.bans.iter().find(|ban| is_theirs(ban)).map(|ban| ban.nick.clone()) else {
            return Err(format!("'{nick}' is not banned from this room."));
        };
        self.bans.retain(|ban| !is_theirs(ban));
        self.tell_room(who, None, &format!("{by} has lifted the ban on {nick}."));
        Ok(())
    }

    fn promote(&mut self, who: usize, nick: &str) -> Result<(), String> {
        let target = self.member(who, nick)?;
        let (by, nick) = (self.people[who].nick.clone(), self.people[target].nick.clone());
        if std::mem::replace(&mut self.people[target].is_moderator, true) {
            return Err(format!("'{nick}' is already a moderator."));
        }
        self.tell_room(who, None, &format!("{by} has made {nick} a moderator."));
        Ok(())
    }

    fn demote(&mut self, who: usize, nick: &str) -> Result<(), String> {
        let target = self.member(who, nick).ok().filter(|&target| self.people[target].is_moderator);
        let target = target.ok_or_else(|| format!("'{nick}' is not a moderator."))?;
        let members = self.members(&self.people[who].room);
        if members.iter().filter(|&&i| self.people[i].is_moderator).count() == 1 {
            return Err("A room needs a moderator. Add another one first with /mod.".into());
        }
        let (by, nick) = (self.people[who].nick.clone(), self.people[target].nick.clone());
        self.people[target].is_moderator = false;
        self.tell_room(who, None, &format!("{by} has removed {nick} as a moderator."));
        Ok(())
    }

    pub(super) fn moderators(&mut self, who: usize) {
        let room = self.people[who].room.clone();
        if room == "lobby" {
            return self.tell(who, "The lobby has no moderators. The administrators moderate it.".into());
        }
        let members = self.members(&room).into_iter().map(|i| &self.people[i]);
        let list = sorted(members.filter(|person| person.is_moderator).map(|person| person.nick.clone()));
        self.tell(who, format!("Moderators of '{room}': {list}"));
    }
}
