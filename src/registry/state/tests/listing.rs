//! What programs ask for that people cannot type, as conversations.

use super::*;
use crate::command::{Among, Opening, Stretch};

fn room(name: &str) -> Room {
    Room::new(name).expect("a valid name")
}

fn nick(name: &str) -> Nick {
    Nick::new(name).expect("a valid name")
}

impl Chat {
    /// Carries out a command of a client, with its slow work.
    fn asks(&mut self, name: &str, command: Command) {
        let task = self.apply(name, command);
        self.perform(name, task);
    }

    /// A client asks, and hears this and nothing else.
    #[track_caller]
    fn answers(&mut self, name: &str, command: Command, expected: &[&str]) {
        self.check_silence("a question");
        self.asks(name, command);
        let heard: Vec<_> = self.inbox(name).drain(..).collect();
        assert_eq!(heard, expected);
    }
}

/// Alice and bob are in the lobby, and zoe is in ops.
fn in_two_rooms() -> Chat {
    let history = HistoryLimits { remembered: 9, replayed: 0 };
    let mut chat =
        Chat::with(State::new(Limits { history, ..limits(200) }, Restored::default(), Now::read()));
    check_with(&mut chat, "alice+\n bob+\n zoe+");
    chat.says("zoe", "/join ops");
    chat.hush();
    chat
}

#[test]
fn a_client_that_wants_a_room_that_exists_creates_none() {
    let mut chat = in_two_rooms();
    let to = |name| Command::join(room(name), Opening::Existing);
    chat.answers("alice", to("nowhere"), &["Room 'nowhere' does not exist."]);
    chat.answers("alice", Command::typed("rooms", ""), &["Active rooms: lobby, ops"]);
    chat.asks("alice", to("OPS"));
    check_with(
        &mut chat,
        "alice< You joined room 'ops'.
         bob< alice has left the room.
         zoe< alice has joined the room.",
    );
    chat.answers("alice", to("ops"), &["You are already in room 'ops'."]);
}

#[test]
fn a_client_that_wants_a_new_room_does_not_come_into_one_that_exists() {
    let mut chat = in_two_rooms();
    let make = |name| Command::join(room(name), Opening::New);
    for name in ["Ops", "lobby"] {
        chat.answers("alice", make(name), &[&format!("Room '{name}' already exists.")]);
    }
    chat.asks("alice", make("tea"));
    check_with(
        &mut chat,
        "alice< You joined room 'tea'.
         bob< alice has left the room.
         alice> /mods
         alice< Moderators of 'tea': alice",
    );
}

#[test]
fn a_room_that_is_empty_and_remembered_exists() {
    let mut chat = in_two_rooms();
    chat.says("zoe", "/topic tea");
    chat.says("zoe", "/leave");
    chat.hush();
    chat.answers("alice", Command::join(room("ops"), Opening::New), &["Room 'ops' already exists."]);
    chat.answers("alice", Command::list_members(Among::Room(room("ops"))), &["Users in ops (0)"]);
    chat.asks("alice", Command::join(room("ops"), Opening::Existing));
    assert_eq!(chat.inbox("alice").pop_front().as_deref(), Some("You joined room 'ops'."));
}

#[test]
fn a_banned_client_is_told_so_however_it_comes() {
    let mut chat = in_two_rooms();
    chat.says("zoe", "/ban alice");
    chat.hush();
    for opening in [Opening::Any, Opening::Existing, Opening::New] {
        chat.answers("alice", Command::join(room("ops"), opening), &["You are banned from this room."]);
    }
}

#[test]
fn new_rooms_and_moves_are_limited_however_they_are_asked_for() {
    let mut chat = super::pace::chat_of(&["alice"]);
    for n in 0..20 {
        chat.asks("alice", Command::join(room(&format!("r{n}")), Opening::New));
    }
    chat.hush();
    let too_often = ["You are changing rooms too often. Try again in 1 s."];
    chat.answers("alice", Command::join(room("lobby"), Opening::Existing), &too_often);
}

#[test]
fn members_of_other_rooms_are_listed() {
    let mut chat = in_two_rooms();
    chat.says("bob", "/away");
    chat.hush();
    let list = Command::list_members;
    chat.answers(
        "zoe",
        list(Among::All),
        &["Users in lobby (2): alice, bob (away)", "Users in ops (1): zoe"],
    );
    chat.answers("zoe", list(Among::Room(room("Lobby"))), &["Users in lobby (2): alice, bob (away)"]);
    chat.answers("zoe", list(Among::Room(room("nowhere"))), &["Room 'nowhere' does not exist."]);
    chat.answers("zoe", list(Among::Own), &["Active rooms: ops"]);
}

#[test]
fn a_list_of_all_members_is_bounded_and_counts_the_others() {
    let mut chat = Chat::new(1);
    for n in 0..600 {
        chat.connect(&format!("g{n}"));
        if n >= 300 {
            chat.says(&format!("g{n}"), "/join ops");
        }
    }
    chat.connect("alice");
    chat.says("alice", "/join zzz");
    chat.hush();
    chat.asks("alice", Command::list_members(Among::All));
    let heard: Vec<_> = chat.inbox("alice").drain(..).collect();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(heard[0].starts_with("Users in lobby (300): guest_1, "), "{}", heard[0]);
    assert!(
        heard[1].starts_with("Users in ops (300): ") && heard[1].ends_with(" and 100 more"),
        "{}",
        heard[1]
    );
    assert_eq!(heard[2], "Users in zzz (1)");
}

#[test]
fn a_program_that_is_mistaken_about_its_name_or_its_room_is_told_and_does_nothing() {
    let mut chat = in_two_rooms();
    let say = || Command::typed("me", "waves");
    chat.answers("zoe", say().addressed(nick("bob"), None), &["That is not your nickname. Use 'zoe'."]);
    let wrong = say().addressed(nick("zoe"), Some(Room::lobby()));
    chat.answers("zoe", wrong, &["You are not in that room. You are in 'ops'."]);
    chat.answers("zoe", say().addressed(nick("ZOE"), Some(room("Ops"))), &["* zoe waves"]);
    chat.promote("alice");
    chat.says("alice", "/forcerename zoe zora");
    chat.hush();
    chat.answers("zoe", say().addressed(nick("zoe"), None), &["That is not your nickname. Use 'zora'."]);
}

#[test]
fn an_addressed_command_needs_the_same_rank() {
    let mut chat = in_two_rooms();
    let kick = Command::typed("kick", "alice").addressed(nick("bob"), Some(Room::lobby()));
    chat.answers("bob", kick, &["You are not a moderator."]);
}

#[test]
fn an_overview_counts_what_is_new_in_the_rooms_that_a_client_knows() {
    let mut chat = in_two_rooms();
    for text in ["one", "two", "three"] {
        chat.says("zoe", text);
    }
    chat.says("bob", "/away tea");
    chat.hush();
    let known = |seen: u64| Command::show_overview([(room("OPS"), seen), (room("nowhere"), 0)].into());
    let users = "Users in lobby: alice, bob (away)";
    let rooms = |unread| format!("Active rooms: lobby (2, 0 unread), ops (1, {unread} unread)");
    chat.answers("alice", known(1), &[users, &rooms(2)]);
    chat.answers("alice", known(9), &[users, &rooms(0)]);
    chat.answers("alice", Command::show_overview([].into()), &[users, &rooms(0)]);
    chat.says("zoe", "/ban alice");
    chat.hush();
    chat.answers("alice", known(1), &[users, &rooms(0)]);
}

#[test]
fn a_stretch_of_history_is_the_newest_lines_between_two_numbers() {
    let mut chat = in_two_rooms();
    for text in ["one", "two", "three", "four"] {
        chat.says("alice", text);
    }
    chat.hush();
    let mut shown = |after, before, most| {
        chat.asks("bob", Command::show_stretch(Stretch { room: None, after, before, most }));
        let heard = chat.inbox("bob").drain(..).skip(1);
        heard.filter_map(|line| line.rsplit_once(' ').map(|(_, text)| text.to_owned())).collect()
    };
    let shown: [Vec<String>; 6] = [
        shown(0, u64::MAX, 99),
        shown(0, 3, 99),
        shown(0, 4, 2),
        shown(2, u64::MAX, 99),
        shown(1, 4, 99),
        shown(0, 1, 99),
    ];
    let all = ["one", "two", "three", "four"];
    assert_eq!(shown, [&all[..], &all[..2], &all[1..3], &all[2..], &all[1..3], &[]].map(<[_]>::to_vec));
    let stretch = Stretch { room: None, after: 0, before: 9, most: 9 };
    chat.answers("zoe", Command::show_stretch(stretch), &["'ops' has no history."]);
}
