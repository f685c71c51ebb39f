//! Random conversations against a model of the chat that is too simple to be wrong: a list of
//! people, searched from end to end.

use proptest::prelude::*;

use super::Chat;

mod moderation;

use moderation::Ban;

/// What a client does.
#[derive(Clone, Debug)]
enum Deed {
    Connect,
    Vanish,
    Say(u8),
    Nick(&'static str),
    Join(&'static str),
    Leave,
    Whisper(&'static str),
    Ignore(&'static str),
    Unignore(&'static str),
    Users,
    Rooms,
    Kick(&'static str),
    Ban(&'static str),
    Unban(&'static str),
    Promote(&'static str),
    Demote(&'static str),
    Moderators,
}

const NICKS: [&str; 6] = ["ann", "Ann", "bob", "BOB", "cat", "guest_1"];
const ROOMS: [&str; 4] = ["red", "Red", "blue", "lobby"];
const PEOPLE: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];

struct Person {
    key: &'static str,
    nick: String,
    room: String,
    /// Nicknames, each with the connections that are ignored for it.
    ignores: Vec<(String, Vec<usize>)>,
    /// Which of all connections, and when it came into its room.
    connection: usize,
    arrival: usize,
    is_moderator: bool,
}

/// The chat as a list of people.
#[derive(Default)]
struct Model {
    people: Vec<Person>,
    bans: Vec<Ban>,
    connections: usize,
    arrivals: usize,
    presence_limit: usize,
    /// What each person must hear, by key.
    heard: Vec<(&'static str, String)>,
}

impl Model {
    fn person(&self, key: &str) -> Option<usize> {
        self.people.iter().position(|person| person.key == key)
    }

    fn named(&self, nick: &str) -> Option<usize> {
        self.people.iter().position(|person| person.nick.eq_ignore_ascii_case(nick))
    }

    fn tell(&mut self, who: usize, line: String) {
        self.heard.push((self.people[who].key, line));
    }

    fn tell_others(&mut self, who: usize, line: &str) {
        let room = self.people[who].room.to_lowercase();
        let members: Vec<_> =
            (0..self.people.len()).filter(|&i| self.people[i].room.to_lowercase() == room).collect();
        if members.len() > self.presence_limit {
            return;
        }
        for other in members.into_iter().filter(|&other| other != who) {
            self.tell(other, line.to_owned());
        }
    }

    fn ignores(&self, who: usize, other: usize) -> bool {
        let connection = self.people[other].connection;
        self.people[who].ignores.iter().any(|(_, connections)| connections.contains(&connection))
    }

    fn connect(&mut self, key: &'static str) {
        let number = (1..=PEOPLE.len())
            .find(|n| self.named(&format!("guest_{n}")).is_none())
            .expect("a number is free");
        let nick = format!("guest_{number}");
        (self.connections, self.arrivals) = (self.connections + 1, self.arrivals + 1);
        self.people.push(Person {
            key,
            nick: nick.clone(),
            room: "lobby".into(),
            ignores: Vec::new(),
            connection: self.connections,
            arrival: self.arrivals,
            is_moderator: false,
        });
        let who = self.people.len() - 1;
        self.tell(who, format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
        self.tell_others(who, &format!("{nick} has joined the chat!"));
    }

    fn vanish(&mut self, who: usize) {
        let nick = self.people[who].nick.clone();
        self.tell_others(who, &format!("{nick} has left the chat."));
        let Person { room, connection, .. } = self.people.remove(who);
        self.find_moderator(&room);
        for person in &mut self.people {
            for (_, connections) in &mut person.ignores {
                connections.retain(|&ignored| ignored != connection);
            }
            person.ignores.retain(|(nick, there)| !there.is_empty() || !nick.starts_with("guest_"));
        }
    }

    fn say(&mut self, who: usize, text: &str) {
        let Person { nick, room, .. } = &self.people[who];
        let (nick, room) = (nick.clone(), room.clone());
        for other in 0..self.people.len() {
            if self.people[other].room.eq_ignore_ascii_case(&room) && !self.ignores(other, who) {
                self.tell(other, format!("[{room}] {nick}: {text}"));
            }
        }
    }

    fn nick(&mut self, who: usize, new: &str) {
        if new.starts_with("guest_") {
            return self.tell(who, format!("Nickname '{new}' is reserved."));
        }
        if self.named(new).is_some_and(|owner| owner != who) {
            return self.tell(who, format!("Nickname '{new}' is already taken."));
        }
        let room = &self.people[who].room;
        if self.bans.iter().any(|ban| same(&ban.room, room) && same(&ban.nick, new)) {
            return self.tell(who, format!("Nickname '{new}' is banned from this room."));
        }
        let old = std::mem::replace(&mut self.people[who].nick, new.into());
        let connection = self.people[who].connection;
        for person in self.people.iter_mut().filter(|person| person.connection != connection) {
            let ignored = person.ignores.iter_mut().find(|(nick, _)| nick.eq_ignore_ascii_case(new));
            if let Some((_, connections)) = ignored {
                connections.push(connection);
            }
        }
        self.tell(who, format!("Nickname changed to '{new}'."));
        if old != new {
            self.tell_others(who, &format!("{old} is now known as {new}."));
        }
    }

    fn join(&mut self, who: usize, name: &str) {
        let same = |person: &&Person| person.room.eq_ignore_ascii_case(name);
        let remembered = || self.bans.iter().find(|ban| ban.room.eq_ignore_ascii_case(name));
        let remembered = || remembered().map_or(name, |ban| &ban.room);
        let room = self.people.iter().find(same).map_or_else(remembered, |person| &person.room).to_owned();
        if let Some(ban) = self.ban_of(who, &room) {
            let connection = self.people[who].connection;
            self.bans[ban].connections.push(connection);
            return self.tell(who, "You are banned from this room.".into());
        }
        if self.people[who].room.eq_ignore_ascii_case(name) {
            return self.tell(who, format!("You are already in room '{room}'."));
        }
        self.go(who, &room, format!("You joined room '{room}'."));
    }

    fn leave(&mut self, who: usize) {
        if self.people[who].room == "lobby" {
            return self.tell(who, "You are already in the lobby.".into());
        }
        self.go(who, "lobby", "You returned to the lobby.".into());
    }

    fn go(&mut self, who: usize, room: &str, told: String) {
        let nick = self.people[who].nick.clone();
        self.tell_others(who, &format!("{nick} has left the room."));
        self.enter(who, room, told);
    }

    fn enter(&mut self, who: usize, room: &str, told: String) {
        let nick = self.people[who].nick.clone();
        let is_made = room != "lobby" && !self.people.iter().any(|person| same(&person.room, room));
        self.arrivals += 1;
        let person = &mut self.people[who];
        let old = std::mem::replace(&mut person.room, room.into());
        (person.arrival, person.is_moderator) = (self.arrivals, is_made);
        self.find_moderator(&old);
        self.tell(who, told);
        self.tell_others(who, &format!("{nick} has joined the room."));
    }

    fn whisper(&mut self, who: usize, to: &str) {
        let Some(target) = self.named(to) else { return self.tell(who, format!("User '{to}' not found.")) };
        let (from, to) = (self.people[who].nick.clone(), self.people[target].nick.clone());
        if !self.ignores(target, who) {
            self.tell(target, format!("[Whisper from {from}]: psst"));
        }
        self.tell(who, format!("[Whisper to {to}]: psst"));
    }

    fn ignore(&mut self, who: usize, nick: &str) {
        let Some(target) = self.named(nick) else {
            return self.tell(who, format!("User '{nick}' not found."));
        };
        let nick = self.people[target].nick.clone();
        if target == who {
            self.tell(who, "You cannot ignore yourself.".into());
        } else if self.ignores(who, target) {
            self.tell(who, format!("You are already ignoring '{nick}'."));
        } else {
            self.tell(who, format!("You are now ignoring '{nick}'."));
            let connection = self.people[target].connection;
            self.people[who].ignores.push((nick, vec![connection]));
        }
    }

    fn unignore(&mut self, who: usize, nick: &str) {
        let named = self.named(nick).map(|named| self.people[named].connection);
        let ignores = &mut self.people[who].ignores;
        let by_nick = ignores.iter().position(|(ignored, _)| ignored.eq_ignore_ascii_case(nick));
        let by_connection = |(_, there): &(String, Vec<usize>)| named.is_some_and(|id| there.contains(&id));
        match by_nick.or_else(|| ignores.iter().position(by_connection)) {
            Some(place) => {
                let (nick, _) = ignores.remove(place);
                self.tell(who, format!("You are no longer ignoring '{nick}'."));
            }
            None => self.tell(who, format!("You are not ignoring '{nick}'.")),
        }
    }

    fn users(&mut self, who: usize) {
        let room = self.people[who].room.clone();
        let there = self.people.iter().filter(|person| person.room.eq_ignore_ascii_case(&room));
        let list = sorted(there.map(|person| person.nick.clone()));
        self.tell(who, format!("Users in {room}: {list}"));
    }

    fn rooms(&mut self, who: usize) {
        let list = sorted(self.people.iter().map(|person| person.room.clone()));
        self.tell(who, format!("Active rooms: {list}"));
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn sorted(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    names.join(", ")
}

/// Does the same in the model and in the chat.
fn carry_out(model: &mut Model, chat: &mut Chat, key: &'static str, deed: &Deed) {
    let Some(who) = model.person(key) else {
        if matches!(deed, Deed::Connect) {
            model.connect(key);
            chat.connect(key);
        }
        return;
    };
    let line = match deed {
        Deed::Connect => return,
        Deed::Vanish => {
            chat.vanish(key);
            return model.vanish(who);
        }
        Deed::Say(n) => format!("text {n}"),
        Deed::Nick(nick) => format!("/nick {nick}"),
        Deed::Join(room) => format!("/join #{room}"),
        Deed::Leave => "/leave".into(),
        Deed::Whisper(nick) => format!("/w {nick} psst"),
        Deed::Ignore(nick) => format!("/ignore {nick}"),
        Deed::Unignore(nick) => format!("/unignore {nick}"),
        Deed::Users => "/users".into(),
        Deed::Rooms => "/rooms".into(),
        Deed::Kick(nick) => format!("/kick {nick}"),
        Deed::Ban(nick) => format!("/ban {nick}"),
        Deed::Unban(nick) => format!("/unban {nick}"),
        Deed::Promote(nick) => format!("/mod {nick}"),
        Deed::Demote(nick) => format!("/unmod {nick}"),
        Deed::Moderators => "/mods".into(),
    };
    match deed {
        Deed::Say(_) => model.say(who, &line),
        Deed::Nick(nick) => model.nick(who, nick),
        Deed::Join(room) => model.join(who, room),
        Deed::Leave => model.leave(who),
        Deed::Whisper(nick) => model.whisper(who, nick),
        Deed::Ignore(nick) => model.ignore(who, nick),
        Deed::Unignore(nick) => model.unignore(who, nick),
        Deed::Users => model.users(who),
        Deed::Rooms => model.rooms(who),
        Deed::Moderators => model.moderators(who),
        Deed::Kick(_) | Deed::Ban(_) | Deed::Unban(_) | Deed::Promote(_) | Deed::Demote(_) => {
            model.moderate(who, deed);
        }
        Deed::Connect | Deed::Vanish => {}
    }
    chat.says(key, &line);
}

fn deeds() -> impl Strategy<Value = Vec<(&'static str, Deed)>> {
    let (nick, room) = (|| prop::sample::select(&NICKS[..]), prop::sample::select(&ROOMS[..]));
    let deed = prop_oneof![
        3 => Just(Deed::Connect),
        1 => Just(Deed::Vanish),
        4 => any::<u8>().prop_map(Deed::Say),
        3 => nick().prop_map(Deed::Nick),
        3 => room.prop_map(Deed::Join),
        1 => Just(Deed::Leave),
        2 => nick().prop_map(Deed::Whisper),
        2 => nick().prop_map(Deed::Ignore),
        1 => nick().prop_map(Deed::Unignore),
        1 => Just(Deed::Users),
        1 => Just(Deed::Rooms),
        1 => nick().prop_map(Deed::Kick),
        2 => nick().prop_map(Deed::Ban),
        1 => nick().prop_map(Deed::Unban),
        1 => nick().prop_map(Deed::Promote),
        1 => nick().prop_map(Deed::Demote),
        1 => Just(Deed::Moderators),
    ];
    prop::collection::vec((prop::sample::select(&PEOPLE[..]), deed), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_conversation_is_heard_as_the_model_says(deeds in deeds(), presence_limit in 0..6_usize) {
        let mut chat = Chat::new(presence_limit);
        let mut model = Model { presence_limit, ..Model::default() };
        for (key, deed) in &deeds {
            carry_out(&mut model, &mut chat, key, deed);
            let mut expected = std::mem::take(&mut model.heard);
            expected.retain(|(hearer, _)| model.person(hearer).is_some());
            for person in &model.people {
                let mine: Vec<_> = expected.iter().filter(|(k, _)| *k == person.key).map(|(_, line)| line).collect();
                let heard: Vec<_> = chat.inbox(person.key).drain(..).collect();
                prop_assert_eq!(heard.iter().collect::<Vec<_>>(), mine, "{} after {} {:?}", person.key, key, deed);
            }
            chat.check_consistent();
        }
    }
}
