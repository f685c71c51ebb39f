//! The chat of the first eight steps: the clients, their rooms, and who receives which line. It puts the
//! lines into `posts` and does not write them. It has no threads, no lock and no sockets: the later steps,
//! which share this file, add those.

use std::collections::BTreeMap;

/// A line, and the outlets that it goes to. Each step decides what an outlet is.
pub(crate) struct Post<O> {
    pub(crate) to: Vec<O>,
    pub(crate) line: String,
}

/// All connected clients, by number, and the lines that are still to be sent.
pub(crate) struct Chat<O> {
    pub(crate) clients: BTreeMap<usize, Client<O>>,
    pub(crate) posts: Vec<Post<O>>,
}

pub(crate) struct Client<O> {
    pub(crate) nick: String,
    pub(crate) room: String,
    pub(crate) outlet: O,
}

impl<O: Clone> Chat<O> {
    pub(crate) fn new() -> Self {
        Self { clients: BTreeMap::new(), posts: Vec::new() }
    }

    pub(crate) fn enter(&mut self, outlet: O) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let nick = format!("guest_{id}");
        self.clients.insert(id, Client { nick: nick.clone(), room: "lobby".into(), outlet });
        self.answer(id, &format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
        self.tell_others(id, &format!("{nick} has joined the chat!"));
        id
    }

    /// Why a line is refused, if it is.
    pub(crate) fn refusal(&self, id: usize, line: &str) -> Option<String> {
        let here = &self.clients[&id].room;
        let (word, rest) = words(line);
        Some(match (word.to_ascii_lowercase().as_str(), rest) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) if !is_name(new, 20) || new.to_ascii_lowercase().starts_with("guest_") => {
                "A nickname is 1 to 20 letters, digits, _ or -, a letter first, and not guest_.".into()
            }
            ("/nick", new) if self.find(new).is_some_and(|owner| owner != id) => {
                format!("Nickname '{new}' is already taken.")
            }
            ("/join", "") => "Usage: /join <room>".into(),
            ("/join", new) if !is_name(&room(new), 32) => "Room names are like nicknames, up to 32.".into(),
            ("/join", new) if room(new) == *here => format!("You are already in room '{here}'."),
            ("/leave", _) if here == "lobby" => "You are already in the lobby.".into(),
            _ => return None,
        })
    }

    /// Carries out a line that is not refused.
    pub(crate) fn take(&mut self, id: usize, line: &str) {
        let (word, rest) = words(line);
        match (word.to_ascii_lowercase().as_str(), rest) {
            ("/nick", new) => {
                let old = self.clients[&id].nick.clone();
                self.clients.entry(id).and_modify(|client| client.nick = new.into());
                self.tell_others(id, &format!("{old} is now known as {new}."));
                self.answer(id, &format!("Nickname changed to '{new}'."));
            }
            ("/join", new) => self.go(id, &room(new), &format!("You joined room '{}'.", room(new))),
            ("/leave", _) => self.go(id, "lobby", "You returned to the lobby."),
            _ => self.say(id, line),
        }
    }

    fn go(&mut self, id: usize, room: &str, answer: &str) {
        let nick = self.clients[&id].nick.clone();
        self.tell_others(id, &format!("{nick} has left the room."));
        self.clients.entry(id).and_modify(|client| client.room = room.into());
        self.tell_others(id, &format!("{nick} has joined the room."));
        self.answer(id, answer);
    }

    pub(crate) fn say(&mut self, id: usize, text: &str) {
        let Client { nick, room, .. } = &self.clients[&id];
        let (line, room) = (format!("[{room}] {nick}: {text}"), room.clone());
        self.tell(&line, |_, there| there == room);
    }

    pub(crate) fn find(&self, nick: &str) -> Option<usize> {
        self.clients.iter().find(|(_, client)| client.nick.eq_ignore_ascii_case(nick)).map(|(&id, _)| id)
    }

    pub(crate) fn answer(&mut self, id: usize, line: &str) {
        self.tell(line, |hearer, _| hearer == id);
    }

    fn tell_others(&mut self, id: usize, line: &str) {
        let room = self.clients[&id].room.clone();
        self.tell(line, |hearer, there| hearer != id && there == room);
    }

    pub(crate) fn tell(&mut self, line: &str, hears: impl Fn(usize, &str) -> bool) {
        let hearers = self.clients.iter().filter(|(id, client)| hears(**id, &client.room));
        let to = hearers.map(|(_, client)| client.outlet.clone()).collect();
        self.posts.push(Post { to, line: line.into() });
    }
}

/// The typed name of a room, in the form in which rooms are compared.
fn room(typed: &str) -> String {
    typed.strip_prefix('#').unwrap_or(typed).to_ascii_lowercase()
}

/// Splits a line into the command, which blanks may precede, and the rest.
pub(crate) fn words(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

fn is_name(name: &str, max: usize) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= max && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_allowed)
}
