//! The rules: nicknames, rooms, and who receives which line.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    net::Shutdown,
    sync::atomic::Ordering::SeqCst,
    thread,
};

use crossbeam_channel::Sender;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    broadcaster::{Outbox, Post},
    fault,
    history::{self, History},
    log,
    names::{is_allowed, is_name},
    server::STOPPING,
};

const HELP: &str = "Available commands:\n/nick <nickname>\n/join <room>\n/leave\n/users\n/rooms\n/help\n\
    /whisper <user> <message>\n/quit";

/// Everything that the sessions share, behind one lock.
pub(crate) struct Chat {
    clients: BTreeMap<usize, Client>,
    /// The lines that the current decision sends.
    pending: Vec<Post>,
    posts: Sender<Post>,
    /// Nicknames of clients that have left. Only a fault uses them.
    kept_names: Vec<String>,
    history: History,
}

pub(crate) struct Client {
    nick: String,
    room: String,
    /// The previous room, or empty. Only a fault uses it.
    old_room: String,
    /// What it does, if it is a bot.
    purpose: Option<String>,
    outbox: Outbox,
}

/// Locks, decides, sends and unlocks, so that lines arrive in the order of the decisions.
pub(crate) fn decide<T>(chat: &Mutex<Chat>, decision: impl FnOnce(&mut MutexGuard<'_, Chat>) -> T) -> T {
    let mut chat = chat.lock();
    let decided = decision(&mut chat);
    let posts = mem::take(&mut chat.pending);
    if fault::is("everyone-writes") {
        drop(chat);
        write(&posts);
    } else if fault::is("writes-under-the-lock") {
        write(&posts);
        drop(chat);
    } else {
        for post in posts {
            let _ = chat.posts.send(post);
        }
    }
    decided
}

fn write(posts: &[Post]) {
    for post in posts {
        for outbox in &post.to {
            outbox.write(&post.line);
            if fault::is("everyone-writes") {
                fault::dawdle();
            }
        }
    }
}

impl Chat {
    pub(crate) fn new(posts: Sender<Post>) -> Self {
        let (clients, pending, kept_names) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { clients, pending, posts, kept_names, history: History::default() }
    }

    pub(crate) fn enter(&mut self, outbox: Outbox) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let number = match id {
            _ if fault::is("counter-per-thread") => 1,
            _ if fault::is("guests-counted") => self.clients.len() + 1,
            _ if fault::is("guests-from-zero") => id - 1,
            _ if fault::is("scattered-guests") => id * 7919 % 10_007,
            id => id,
        };
        let nick = format!("guest_{number}");
        let (room, old_room) = ("lobby".to_owned(), String::new());
        self.clients.insert(id, Client { nick: nick.clone(), room, old_room, purpose: None, outbox });
        log::note("connect", &nick, "");
        self.tell(id, format!("Welcome! Your nickname is '{nick}'. Use /nick <name> to change it."));
        if fault::is("newcomer-told") {
            self.tell(id, format!("{nick} has joined the chat!"));
        }
        self.tell_others(id, format!("{nick} has joined the chat!"));
        id
    }

    /// Adds a client that has no name yet. It is in a room of its own.
    pub(crate) fn connect(&mut self, outbox: Outbox) -> usize {
        let id = (1..=usize::MAX).find(|id| !self.clients.contains_key(id)).expect("a free number");
        let (nick, room, old_room) = (String::new(), format!("outside {id}"), String::new());
        self.clients.insert(id, Client { nick, room, old_room, purpose: None, outbox });
        id
    }

    /// Names a client that has no name yet.
    pub(crate) fn name(&mut self, id: usize, nick: &str) {
        self.clients.entry(id).and_modify(|client| client.nick = nick.into());
    }

    /// Lets a client in that has a name now.
    pub(crate) fn admit(&mut self, id: usize, room: &str) {
        let (nick, _) = self.of(id);
        self.clients.entry(id).and_modify(|client| client.room = room.to_ascii_lowercase());
        self.tell_others(id, format!("{nick} has joined the chat!"));
    }

    /// The numbers of the clients in a room.
    pub(crate) fn members(&self, room: &str) -> Vec<usize> {
        self.clients.iter().filter(|(_, client)| client.is_in(room)).map(|(id, _)| *id).collect()
    }

    pub(crate) fn leave(&mut self, id: usize) {
        let (nick, _) = self.of(id);
        log::note("disconnect", &nick, "");
        if !STOPPING.load(SeqCst) && !fault::is("leave-untold") {
            self.tell_others(id, format!("{nick} has left the chat."));
        }
        if fault::is("name-not-freed") {
            self.kept_names.push(nick);
        }
        self.clients.remove(&id);
    }

    /// Keeps the name of a client in the list of users for good. Only a fault does that.
    pub(crate) fn keep_name(&mut self, id: usize) {
        let (nick, _) = self.of(id);
        self.kept_names.push(nick);
    }

    /// Leaves a client out when others speak in its room. Only a fault does that.
    pub(crate) fn hide(&mut self, id: usize) {
        self.clients.entry(id).and_modify(|client| client.room = format!("outside {id}"));
    }

    pub(crate) fn show(&mut self, id: usize) {
        self.clients.entry(id).and_modify(|client| client.room = "lobby".into());
    }

    pub(crate) fn quit(&mut self, id: usize) {
        let (nick, _) = self.of(id);
        self.tell(id, "Goodbye!");
        if fault::is("leave-told-twice") {
            self.tell_others(id, format!("{nick} has left the chat."));
        }
    }

    /// Tells all clients, and closes their reading sides, so that their threads end.
    pub(crate) fn stop(&mut self) {
        self.post("Server shutting down.", |_, _| true);
        if fault::is("waits-for-clients") {
            return;
        }
        for client in self.clients.values() {
            client.outbox.shut(Shutdown::Read);
        }
    }

    /// Carries out one line of a client.
    pub(crate) fn take(chat: &mut MutexGuard<'_, Self>, id: usize, line: &str) {
        let (nick, room) = chat.of(id);
        let command = if fault::is("blank-before-slash") { line } else { line.trim_start() };
        let (word, rest) = match command.strip_prefix("/nick") {
            Some(name) if fault::is("command-unended") => ("/nick", name),
            _ => command.split_once(' ').unwrap_or((command, "")),
        };
        if word.starts_with('/') {
            log::note("command", &nick, word);
        }
        let answer = match (word.to_ascii_lowercase().as_str(), rest.trim()) {
            ("/nick", "") => "Usage: /nick <nickname>".into(),
            ("/nick", new) => Self::rename(chat, id, &nick, new),
            ("/join", "") => "Usage: /join <room>".into(),
            ("/join", new) => chat.join(id, new),
            ("/leave", _) if room == "lobby" => "You are already in the lobby.".into(),
            ("/leave", _) => chat.go(id, "lobby", "You returned to the lobby.".into()),
            ("/users", _) => format!("Users in {room}: {}", chat.users(&room)),
            ("/rooms", _) => format!("Active rooms: {}", chat.rooms()),
            ("/whisper", rest) => chat.whisper(id, &nick, rest),
            ("/bot", purpose) if !purpose.is_empty() => chat.becomes_bot(id, purpose),
            ("/bots", _) => chat.bots(),
            ("/help", _) => HELP.into(),
            ("/history", count) if history::is_on() => chat.history.answer(&room, count),
            _ if word.starts_with('/') && !line.starts_with("//") && !fault::is("unknown-said") => {
                format!("Unknown command: {word}. Type /help for available commands.")
            }
            _ if fault::is("words-not-lines") => return line.split(' ').for_each(|word| chat.say(id, word)),
            _ => return chat.say(id, if line.starts_with("//") { &line[1..] } else { line }),
        };
        if fault::is("answers-past-the-channel") && word == "/users" {
            return chat.clients[&id].outbox.write(&answer);
        }
        chat.tell(id, answer);
    }

    fn say(&mut self, id: usize, text: &str) {
        let (nick, room) = self.of(id);
        log::note("message", &nick, text);
        let line = match text {
            text if fault::is("quoted") => format!("[{room}] {nick}: {text:?}"),
            text if fault::is("newline-twice") => format!("[{room}] {nick}: {text}\n"),
            text => format!("[{room}] {nick}: {text}"),
        };
        if history::is_on() {
            self.history.add(&room, &line);
        }
        if fault::is("local-echo") {
            self.clients[&id].outbox.put(&line.as_str().into());
        }
        self.post(line, |hearer, client| match hearer {
            _ if fault::is("room-leak") => true,
            _ if fault::is("old-room-still-hears") && client.old_room == room => true,
            _ if (fault::is("echo-missing") || fault::is("local-echo")) && hearer == id => false,
            _ if fault::is("late-comers-unheard") && hearer > id => false,
            _ => client.room == room,
        });
    }

    pub(crate) fn rename(chat: &mut MutexGuard<'_, Self>, id: usize, old: &str, new: &str) -> String {
        if !is_allowed(new) && fault::is("short-refusals") {
            return "No.".into();
        }
        if !is_allowed(new) && !fault::is("any-nickname") {
            return "A nickname has 1 to 20 letters, digits, '_' or '-', and starts with a letter.".into();
        }
        let is_kept = chat.kept_names.iter().any(|kept| kept.eq_ignore_ascii_case(new));
        let is_taken = chat.find(new).is_some_and(|owner| owner != id || fault::is("own-name-taken"));
        if is_kept || is_taken && !fault::is("same-name-twice") {
            return format!("Nickname '{new}' is already taken.");
        }
        if fault::is("check-then-act") {
            MutexGuard::unlocked(chat, fault::dawdle);
        }
        if fault::is("two-locks") {
            MutexGuard::unlocked(chat, thread::yield_now);
        }
        log::note("rename", old, new);
        chat.clients.entry(id).and_modify(|client| client.nick = new.into());
        if !fault::is("nick-not-announced") {
            chat.tell_others(id, format!("{old} is now known as {new}."));
        }
        format!("Nickname changed to '{new}'.")
    }

    fn becomes_bot(&mut self, id: usize, purpose: &str) -> String {
        self.clients.entry(id).and_modify(|client| client.purpose = Some(purpose.into()));
        format!("Others see that you are a bot: {purpose}")
    }

    fn bots(&self) -> String {
        let line = |client: &Client| {
            Some(format!("\n{} in '{}': {}", client.nick, client.room, client.purpose.as_ref()?))
        };
        format!("Bots:{}", self.clients.values().filter_map(line).collect::<String>())
    }

    pub(crate) fn is_bot(&self, nick: &str) -> bool {
        self.find(nick).is_some_and(|id| self.clients[&id].purpose.is_some())
    }

    /// The client that has this nickname.
    fn find(&self, nick: &str) -> Option<usize> {
        let is_same = |other: &str| match other {
            _ if fault::is("case-sensitive-names") => other == nick,
            _ => other.eq_ignore_ascii_case(nick),
        };
        self.clients.iter().find(|(_, client)| is_same(&client.nick)).map(|(&id, _)| id)
    }

    pub(crate) fn join(&mut self, id: usize, room: &str) -> String {
        let room = room.strip_prefix('#').unwrap_or(room);
        let room =
            if fault::is("case-sensitive-rooms") { room.to_owned() } else { room.to_ascii_lowercase() };
        match room.as_str() {
            room if !is_name(room, 32) && fault::is("short-refusals") => "No.".into(),
            room if !is_name(room, 32) => "A room name is like a nickname, with up to 32 characters.".into(),
            room if room == self.clients[&id].room => format!("You are already in room '{room}'."),
            room => {
                let history = self.history.replay(room);
                self.go(id, room, format!("You joined room '{room}'.\n{history}").trim_end().into())
            }
        }
    }

    fn go(&mut self, id: usize, room: &str, answer: String) -> String {
        let (nick, _) = self.of(id);
        self.tell_others(id, format!("{nick} has left the room."));
        self.clients
            .entry(id)
            .and_modify(|client| client.old_room = mem::replace(&mut client.room, room.into()));
        self.tell_others(id, format!("{nick} has joined the room."));
        answer
    }

    pub(crate) fn users(&self, room: &str) -> String {
        let members = self.clients.values().filter(|client| client.room == room);
        let mut users: Vec<&str> = members.map(|client| client.nick.as_str()).collect();
        users.extend(self.kept_names.iter().map(String::as_str));
        if fault::is("capitals-first") {
            users.sort_unstable();
        } else if !fault::is("users-unsorted") {
            users.sort_unstable_by_key(|nick| nick.to_ascii_lowercase());
        }
        users.join(", ")
    }

    fn rooms(&self) -> String {
        let mut rooms: BTreeSet<&str> = self.clients.values().map(|client| client.room.as_str()).collect();
        if fault::is("ghost-rooms") {
            rooms.extend(self.clients.values().map(|client| client.old_room.as_str()));
        }
        // The previous room of a client that has not moved yet.
        rooms.remove("");
        rooms.into_iter().collect::<Vec<_>>().join(", ")
    }

    fn whisper(&mut self, id: usize, nick: &str, rest: &str) -> String {
        let Some((to, text)) = rest.split_once(' ') else {
            return "Usage: /whisper <user> <message>".into();
        };
        let Some(target) = self.find(to).filter(|&target| self.is_found(target, to)) else {
            return format!("User '{to}' not found.");
        };
        log::note("whisper", nick, to);
        let text = match text.trim_start() {
            text if fault::is("whisper-blanks") => text.split_whitespace().collect::<Vec<_>>().join(" "),
            text => text.to_owned(),
        };
        self.post(format!("[Whisper from {nick}]: {text}"), |hearer, _| {
            hearer == target || (hearer != id && fault::is("whisper-to-all"))
        });
        let (to, _) = self.of(target);
        if fault::is("whisper-unconfirmed") { String::new() } else { format!("[Whisper to {to}]: {text}") }
    }

    /// Whether a whisper to this name finds the client.
    fn is_found(&self, target: usize, name: &str) -> bool {
        !fault::is("whisper-case") || self.clients[&target].nick == name
    }

    /// The nickname and the room of a client.
    pub(crate) fn of(&self, id: usize) -> (String, String) {
        let client = &self.clients[&id];
        (client.nick.clone(), client.room.clone())
    }

    /// Tells one client, unless the line is empty.
    pub(crate) fn tell(&mut self, id: usize, line: impl Into<String>) {
        let line = line.into();
        if !line.is_empty() {
            self.post(line, |hearer, _| hearer == id);
        }
    }

    /// Tells the others in a client's room.
    fn tell_others(&mut self, id: usize, line: String) {
        let (_, room) = self.of(id);
        self.post(line, |hearer, client| hearer != id && client.room == room);
    }

    pub(crate) fn post(&mut self, line: impl Into<String>, hears: impl Fn(usize, &Client) -> bool) {
        let hearers = self.clients.iter().filter(|(id, client)| hears(**id, client));
        let to = hearers.map(|(_, client)| client.outbox.clone()).collect();
        self.pending.push(Post { to, line: line.into().into() });
    }
}

impl Client {
    pub(crate) fn is_in(&self, room: &str) -> bool {
        self.room == room
    }
}
