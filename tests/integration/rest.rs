//! Programs that are in the chat by calls over HTTP.

use serde_json::json;

use crate::support::{
    Program, Socket,
    program::{is_problem, start},
};

mod described;
mod limits;
mod sockets;
mod streams;

#[test]
fn a_program_comes_in_speaks_and_leaves_like_anyone() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "lobby");
    alice.hears("robot has joined the chat!");
    alice.says("/whois robot");
    alice.hears("robot is in room 'lobby', connected over http for 0 s, idle for 0 s.");
    let first = robot.says("LOBBY", "hello :smile:\nthere");
    alice.hears("[lobby] robot: hello 😄 there");
    alice.says("hi");
    alice.hears("[lobby] alice: hi");
    assert_eq!(robot.says("lobby", "/quit is no command here"), first + 2);
    alice.hears("[lobby] robot: /quit is no command here");
    let reply = robot
        .posts("/messages/client-to-client", &json!({"message_data": "psst", "target_client_id": "Alice"}));
    assert_eq!((reply.status, reply.json()), (202, json!({"to": "alice"})));
    alice.hears("[Whisper from robot]: psst");
    // Without a body, and without its length.
    assert_eq!(robot.asks("POST /clients/close", "", "").status, 204);
    alice.hears("robot has left the chat.");
    is_problem(&robot.gets("/chatrooms/list"), 401);
    alice.hears_nothing();
    assert!(!server.diagnostics().contains(&robot.token));
}

#[test]
fn programs_whisper_to_each_other_by_id() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut one = Program::register(port, "one", "lobby");
    let two = Program::register(port, "two", "dev");
    alice.hears_at_last("one has joined the chat!");
    alice.says("/admin open-sesame");
    alice.hears_at_last("Admin privileges granted.");
    alice.says("/forcerename two deux");
    alice.catches_up();
    let whisper = json!({"message_data": "hi", "target_client_id": two.id});
    let reply = one.posts("/messages/client-to-client", &whisper);
    assert_eq!((reply.status, reply.json()), (202, json!({"to": "deux"})));
    for gone in ["nobody", "no name", "00000000-0000-4000-8000-000000000000"] {
        let reply =
            one.posts("/messages/client-to-client", &json!({"message_data": "hi", "target_client_id": gone}));
        is_problem(&reply, 404);
    }
}

#[test]
fn rooms_are_made_and_joined_and_listed() {
    let (server, port) = start("", &[]);
    let _alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "#dev");
    assert_eq!(robot.gets("/chatrooms/list").json(), json!({"chat_rooms": ["dev", "lobby"]}));
    let all = json!({"chat_rooms": {
        "dev": {"clients": ["robot"], "client_count": 1},
        "lobby": {"clients": ["alice"], "client_count": 1},
    }});
    for list_type in ["ALL", "CHAT_ROOM_AND_CLIENTS"] {
        assert_eq!(robot.gets(&format!("/chatrooms/list?list_type={list_type}")).json(), all);
    }
    let own = robot.gets("/chatrooms/list?list_type=CLIENT_CHAT_ROOMS&other=x");
    assert_eq!(own.json(), json!({"chat_rooms": ["dev"]}));
    let one = robot.gets("/chatrooms/list?list_type=CLIENTS_FOR_CHAT_ROOM&chat_room=%4cobby");
    assert_eq!(one.json(), json!({"chat_rooms": {"lobby": {"clients": ["alice"], "client_count": 1}}}));
    let reply = robot.posts("/chatrooms", &json!({"chat_room": "new"}));
    assert_eq!((reply.status, reply.json()), (201, json!({"chat_room": "new"})));
    for room in ["lobby", "Lobby"] {
        let reply = robot.posts("/chatrooms/join", &json!({"chat_room": room}));
        assert_eq!((reply.status, reply.json()), (200, json!({"chat_room": "lobby"})));
    }
    assert!(
        is_problem(&robot.posts("/chatrooms", &json!({"chat_room": "lobby"})), 409)
            .contains("already exists")
    );
    assert!(
        is_problem(&robot.posts("/chatrooms/join", &json!({"chat_room": "none"})), 404)
            .contains("does not exist")
    );
    let one = "/chatrooms/list?list_type=CLIENTS_FOR_CHAT_ROOM";
    is_problem(&robot.gets(&format!("{one}&chat_room=none")), 404);
    is_problem(&robot.gets(one), 400);
    is_problem(&robot.gets("/chatrooms/list?chat_room=0.5"), 422);
    let why = is_problem(&robot.gets("/chatrooms/list?list_type=all"), 400);
    assert!(why.contains("'list_type'") && why.contains("CLIENTS_FOR_CHAT_ROOM"), "{why}");
    is_problem(&robot.gets("/chatrooms/list?list_type=ALL&list_type=ALL"), 400);
    let why =
        is_problem(&robot.posts("/messages/send", &json!({"message_data": "x", "chat_room": "new"})), 409);
    assert_eq!(why, "You are not in that room. You are in 'lobby'.");
}

#[test]
fn history_is_shown_in_pages() {
    let (server, port) = start("", &[]);
    let mut robot = Program::register(port, "robot", "dev");
    let seqs: Vec<_> = (0..5).map(|number| robot.says("dev", &format!("line {number}"))).collect();
    let mut other = Program::register(port, "other", "lobby");
    let mut page = |query: &str| {
        let reply = other.gets(&format!("/chatrooms/%23DEV/history{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["chat_room"], "dev");
        let messages = reply.json()["messages"].as_array().expect("a list").clone();
        messages.iter().map(|line| line["seq"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    assert_eq!(page(""), seqs);
    assert_eq!(page("?limit=2"), seqs[3..]);
    assert_eq!(page(&format!("?before={}&limit=2", seqs[3])), seqs[1..3]);
    assert!(page("?before=0").is_empty());
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?before=-1", "?before=+1", "?limit="] {
        let why = is_problem(&robot.gets(&format!("/chatrooms/dev/history{query}")), 400);
        assert!(why.contains("must be a number"), "{why}");
    }
    is_problem(&robot.gets("/chatrooms/none/history"), 404);
    is_problem(&robot.gets("/chatrooms/a%20b/history"), 422);
    let mut alice = server.client("alice");
    alice.says("/join den");
    alice.says("the secret of the den");
    alice.says("/ban robot");
    alice.hears_at_last("alice has banned robot.");
    let banned = robot.gets("/chatrooms/den/history");
    assert_eq!(is_problem(&banned, 403), "You are banned from this room.");
    is_problem(&robot.posts("/chatrooms/join", &json!({"chat_room": "den"})), 403);
}

#[test]
fn a_program_a_page_and_a_person_hear_the_same_in_the_same_order() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut bob = Socket::connect(port, "chat.json");
    bob.says(&json!({"type": "join", "room": "lobby", "user": "bob"}).to_string());
    bob.hears_a("system");
    let mut robot = Program::register(port, "robot", "lobby");
    let mut stream = streams::Stream::open(&robot, "");
    for number in 0..20 {
        alice.says(&format!("alice {number}"));
        bob.says(&json!({"type": "message", "text": format!("bob {number}")}).to_string());
        robot.says("lobby", &format!("robot {number}"));
    }
    let mut heard = Vec::new();
    while heard.len() < 60 {
        let line = alice.next_line().expect("a line");
        heard.extend(line.strip_prefix("[lobby] ").map(str::to_owned));
    }
    let line = |message: &serde_json::Value| {
        format!("{}: {}", message["user"].as_str().unwrap(), message["text"].as_str().unwrap())
    };
    let by_page: Vec<_> = (0..60).map(|_| line(&bob.hears_a("message"))).collect();
    let by_program: Vec<_> = (0..60).map(|_| line(&stream.hears_a("message"))).collect();
    assert_eq!((&by_page, &by_program), (&heard, &heard));
}
