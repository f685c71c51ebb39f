//! What administrators may do, as conversations.

use super::*;

/// root is an administrator, and the others are here, too.
#[track_caller]
fn with_root(others: &[&str]) -> Chat {
    let mut chat = Chat::new(200);
    for name in ["root"].iter().chain(others) {
        chat.connect(name);
        chat.says(name, &format!("/nick {name}"));
    }
    chat.promote("root");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    chat
}

fn from(address: &str) -> Peer {
    SocketAddr::new(address.parse().unwrap(), 4000).into()
}

/// Lets time pass on both clocks.
fn wait(chat: &mut Chat, seconds: u64) {
    chat.now.instant += Duration::from_secs(seconds);
    chat.now.wall += Duration::from_secs(seconds);
}

/// Does what the thread that watches the clock does.
fn count_down(chat: &mut Chat) -> Countdown {
    let (countdown, _) = chat.decide(State::count_down);
    countdown
}

fn refusal(chat: &Chat, address: &str) -> Option<String> {
    let turn = Turn::new(chat.now, None);
    chat.state.refusal_at_door(from(address), &turn).map(|why| why.to_string())
}

#[test]
fn only_an_administrator_can_give_an_administrators_orders() {
    let mut chat = with_root(&["bob"]);
    let orders = [
        "/shutdown",
        "/shutdown cancel",
        "/broadcast hi",
        "/listall",
        "/forcerename root rob",
        "/disconnect root",
        "/banip 192.0.2.1",
        "/unbanip",
    ];
    for order in orders {
        chat.says("bob", order);
        assert_eq!(chat.inbox("bob").pop_front().as_deref(), Some("Admin privileges required."), "{order}");
    }
    chat.check_silence("the end");
    assert_eq!(count_down(&mut chat), Countdown::Idle);
}

#[test]
fn help_says_who_may() {
    check(
        "bob+
         bob> /help broadcast
         bob< /broadcast <message> - Send a message to every room. Administrators only.
         bob> /help kick
         bob< /kick <user> [reason] - Send a user back to the lobby. Moderators only.
         bob> /help ban
         bob< /ban <user> [reason] - Keep a user out of your room. Moderators only. The ban covers the nickname, \
         its account, and the connection under any other name.",
    );
}

#[test]
fn a_broadcast_reaches_every_room_and_users_who_ignore_its_sender() {
    check_with(
        &mut with_root(&["alice", "bob"]),
        "bob> /ignore root
         bob< You are now ignoring 'root'.
         bob> /join ops
         bob< You joined room 'ops'.
         alice< bob has left the room.
         root< bob has left the room.
         root> /broadcast tea at five
         alice< Announcement from root: tea at five
         bob< Announcement from root: tea at five
         root< Announcement from root: tea at five
         root> /broadcast
         root< Usage: /broadcast <message>",
    );
}

#[test]
fn every_client_is_listed_room_by_room_with_address_and_times() {
    let mut chat = with_root(&["alice"]);
    wait(&mut chat, 125);
    chat.connect_from(from("2001:db8::1"), "bob");
    chat.says("bob", "/nick bob");
    chat.says("bob", "/join ops");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    wait(&mut chat, 5);
    check_with(
        &mut chat,
        "root> /listall
         root< Clients: 3
         root< alice in 'lobby' from 127.0.0.1:1 over text, connected for 2 min, idle for 2 min, 0 bytes queued
         root< root in 'lobby' from 127.0.0.1:1 over text, connected for 2 min, idle for 0 s, 0 bytes queued
         root< bob in 'ops' from [2001:db8::1]:4000 over text, connected for 5 s, idle for 5 s, 0 bytes queued
         root> /listall OPS
         root< Clients: 1
         root< bob in 'ops' from [2001:db8::1]:4000 over text, connected for 5 s, idle for 5 s, 0 bytes queued
         root> /listall nowhere
         root< Clients: 0",
    );
}

#[test]
fn a_long_list_of_clients_is_cut_and_says_so() {
    let mut chat = Chat::new(0);
    chat.connect("root");
    chat.promote("root");
    for n in 0..501 {
        chat.connect(&n.to_string());
    }
    chat.inbox("root").clear();
    chat.says("root", "/listall");
    assert_eq!(chat.inbox("root").len(), 502);
    assert_eq!(chat.inbox("root").pop_back().unwrap(), "and 2 more. Use /listall <room> to list one room.");
}

#[test]
fn an_administrator_renames_a_user_and_everyone_concerned_is_told() {
    check_with(
        &mut with_root(&["alice", "bob"]),
        "root> /join ops
         root< You joined room 'ops'.
         alice< root has left the room.
         bob< root has left the room.
         root> /forcerename BOB polite
         bob< root has changed your nickname.
         bob< Nickname changed to 'polite'.
         alice< bob is now known as polite.
         root< root has renamed bob to polite.
         root> /forcerename bob x
         root< User 'bob' not found.
         root> /forcerename polite alice
         root< Nickname 'alice' is already taken.
         root> /forcerename polite server
         root< Nickname 'server' is reserved.
         root> /forcerename polite
         root< Usage: /forcerename <old> <new>",
    );
}

#[test]
fn a_disconnected_user_is_told_why_and_says_nothing_more() {
    let mut chat = with_root(&["alice", "bob"]);
    check_with(
        &mut chat,
        "root> /join ops
         root< You joined room 'ops'.
         alice< root has left the room.
         bob< root has left the room.
         root> /disconnect BOB flooding
         alice< root has disconnected bob: flooding
         root< root has disconnected bob: flooding
         bob< Disconnected by root: flooding
         bob> one more thing
         bob-
         alice< bob has left the chat.
         root> /disconnect root
         root< You cannot disconnect yourself. Use /quit to leave.
         root> /disconnect nobody
         root< User 'nobody' not found.",
    );
}

#[test]
fn clients_in_a_banned_network_are_dismissed_and_cannot_connect_again() {
    let mut chat = with_root(&["alice"]);
    chat.connect_from(from("192.0.2.7"), "bob");
    chat.connect_from(from("192.0.3.7"), "carol");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "root> /banip 192.0.2.7/24
         bob< Your address is banned.
         root< 192.0.2.0/24 is banned until it is lifted. Clients disconnected: 1.
         bob> hi
         root> /unbanip
         root< Banned networks: 1
         root< 192.0.2.0/24, by root, until it is lifted
         root> /unbanip 192.0.2.7
         root< 192.0.2.7 is not banned. Use /unbanip to list the banned networks.",
    );
    let banned = Some("Your address is banned.".to_owned());
    assert_eq!(refusal(&chat, "192.0.2.99"), banned);
    assert_eq!(refusal(&chat, "::ffff:192.0.2.99"), banned);
    assert_eq!(refusal(&chat, "192.0.3.99"), None);
    check_with(
        &mut chat,
        "root> /unbanip 192.0.2.0/24
         root< 192.0.2.0/24 is no longer banned.
         root> /unbanip
         root< No networks are banned.",
    );
    assert_eq!(refusal(&chat, "192.0.2.99"), None);
}

#[test]
fn a_ban_of_a_network_ends_by_the_clock_that_does_not_jump() {
    let mut chat = with_root(&[]);
    check_with(
        &mut chat,
        "root> /banip 192.0.2.7 2
         root< 192.0.2.7 is banned for 2 min. Clients disconnected: 0.",
    );
    let is_banned = |chat: &Chat| refusal(chat, "192.0.2.7").is_some();
    chat.now.wall += Duration::from_secs(1_000_000);
    assert!(is_banned(&chat), "the wall clock has jumped forwards");
    chat.now.wall -= Duration::from_secs(2_000_000);
    wait(&mut chat, 119);
    assert!(is_banned(&chat), "it has jumped backwards");
    wait(&mut chat, 1);
    assert!(!is_banned(&chat));
    check_with(
        &mut chat,
        "root> /unbanip
         root< No networks are banned.",
    );
    let records: Vec<_> =
        chat.state.take_unsaved().into_iter().map(|changed| chat.state.record(changed)).collect();
    assert_eq!(records, [Record::Network("192.0.2.7".into(), None)]);
}

#[test]
fn bans_of_networks_outlive_a_restart_but_not_their_end() {
    let mut chat = with_root(&[]);
    check_with(
        &mut chat,
        "root> /banip 192.0.2.1
         root< 192.0.2.1 is banned until it is lifted. Clients disconnected: 0.
         root> /banip 192.0.2.2 2
         root< 192.0.2.2 is banned for 2 min. Clients disconnected: 0.
         root> /banip 192.0.2.3 60
         root< 192.0.2.3 is banned for 1 h. Clients disconnected: 0.",
    );
    wait(&mut chat, 600);
    chat.restarts();
    let is_banned = |n| refusal(&chat, &format!("192.0.2.{n}")).is_some();
    assert_eq!([1, 2, 3].map(is_banned), [true, false, true]);
    wait(&mut chat, 3000);
    assert!(refusal(&chat, "192.0.2.3").is_none());
}

#[test]
fn the_machine_and_administrators_cannot_be_locked_out() {
    let mut chat = with_root(&[]);
    chat.connect_from(from("192.0.2.7"), "boss");
    chat.promote("boss");
    chat.inboxes.values_mut().for_each(VecDeque::clear);
    check_with(
        &mut chat,
        "root> /banip 127.0.0.1
         root< 127.0.0.1 cannot be banned: it includes this machine.
         root> /banip ::/0
         root< ::/0 cannot be banned: it includes this machine.
         boss> /banip 192.0.2.0/24
         boss< 192.0.2.0/24 cannot be banned: an administrator is connected from there.
         root> /banip bob
         root< Expected an address or a network, like 192.0.2.7 or 192.0.2.0/24.
         root> /banip 192.0.2.0/24 0
         root< Expected a number from 1 to 5256000.
         root> /banip
         root< Usage: /banip <address|network> [minutes]",
    );
}

#[test]
fn a_ban_of_a_network_that_could_not_be_saved_is_told_as_such() {
    let mut chat = with_root(&[]);
    chat.has_disk = false;
    check_with(
        &mut chat,
        "root> /banip 192.0.2.7
         root< 192.0.2.7 is banned until it is lifted. Clients disconnected: 0.
         root< This could not be saved. It holds only until the server stops.",
    );
}

#[test]
fn users_are_told_of_a_shutdown_and_it_is_counted_down() {
    let mut chat = with_root(&["bob"]);
    check_with(
        &mut chat,
        "bob> /join ops
         bob< You joined room 'ops'.
         root< bob has left the room.
         root> /shutdown 60
         bob< Server shutting down in 1 minute.
         root< Server shutting down in 1 minute.",
    );
    let start = chat.now.instant;
    let at = |seconds| Countdown::Until(start + Duration::from_secs(seconds));
    assert_eq!(count_down(&mut chat), at(30));
    wait(&mut chat, 30);
    assert_eq!(count_down(&mut chat), at(50));
    check_with(
        &mut chat,
        "bob< Server shutting down in 30 seconds.
         root< Server shutting down in 30 seconds.",
    );
    wait(&mut chat, 27);
    assert_eq!(count_down(&mut chat), at(58), "who comes late calls once");
    check_with(
        &mut chat,
        "bob< Server shutting down in 3 seconds.
         root< Server shutting down in 3 seconds.",
    );
    chat.connect("late");
    assert_eq!(chat.inbox("late").pop_back().unwrap(), "Server shutting down in 3 seconds.");
    wait(&mut chat, 3);
    assert_eq!(count_down(&mut chat), Countdown::Over);
}

#[test]
fn a_second_shutdown_changes_the_time_and_cancel_calls_it_off() {
    let mut chat = with_root(&["bob"]);
    check_with(
        &mut chat,
        "root> /shutdown cancel
         root< There is no shutdown to cancel.
         root> /shutdown 10
         bob< Server shutting down in 10 seconds.
         root< Server shutting down in 10 seconds.
         root> /shutdown 7200
         bob< Server shutting down in 2 hours.
         root< Server shutting down in 2 hours.",
    );
    wait(&mut chat, 10);
    assert!(matches!(count_down(&mut chat), Countdown::Until(_)));
    check_with(
        &mut chat,
        "root> /shutdown cancel
         bob< root has cancelled the shutdown.
         root< root has cancelled the shutdown.",
    );
    assert_eq!(count_down(&mut chat), Countdown::Idle);
}

#[test]
fn a_shutdown_without_notice_is_at_once() {
    let mut chat = with_root(&[]);
    chat.says("root", "/shutdown");
    assert_eq!(count_down(&mut chat), Countdown::Over);
    chat.check_silence("the ordinary stop");
}

#[test]
fn everything_an_administrator_does_is_noted() {
    let mut chat = with_root(&["bob"]);
    chat.noting = Some(Noting { whispers: false });
    let orders = [
        ("/broadcast hi", "Announcement from root: hi"),
        ("/listall", "root has listed the clients."),
        ("/forcerename bob rob", "root has renamed bob to rob."),
        ("/disconnect rob", "root has disconnected rob."),
        ("/banip 192.0.2.7 1", "192.0.2.7 is banned for 1 min. Clients disconnected: 0."),
        ("/unbanip", "root has listed the banned networks."),
        ("/unbanip 192.0.2.7", "192.0.2.7 is no longer banned."),
        ("/shutdown 60", "Server shutting down in 1 minute."),
        ("/shutdown cancel", "root has cancelled the shutdown."),
        ("/topic hi", "root has set the topic: hi"),
    ];
    for (order, noted) in orders {
        chat.says("root", order);
        let facts = std::mem::take(&mut chat.facts);
        let did = facts.iter().find_map(|fact| match &fact.deed {
            Deed::Did(event) => Some((fact.who.to_string(), event.to_string())),
            _ => None,
        });
        assert_eq!(did, Some(("root".into(), noted.into())), "{order}");
    }
}
