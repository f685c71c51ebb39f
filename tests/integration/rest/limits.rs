//! What programs are refused.

use serde_json::json;

use crate::support::{
    Browser, Program,
    program::{is_problem, start},
};

#[test]
fn a_token_opens_only_its_own_client() {
    let (_server, port) = start("", &[]);
    let mut robot = Program::register(port, "robot", "lobby");
    let mut other = Program::register(port, "other", "lobby");
    let (right, foreign) = (robot.token.clone(), other.token.clone());
    let (id, secret) = right.split_once('.').expect("an id and a secret");
    let guess = |secret: &str| format!("{id}.{secret}");
    let zeros = "0".repeat(32);
    for wrong in [
        guess(&zeros),
        guess(""),
        guess(&secret[..31]),
        guess(&format!("{secret}0")),
        guess(&secret.to_uppercase()),
        guess(foreign.split_once('.').expect("two parts").1),
        id.to_owned(),
        secret.to_owned(),
        format!("{secret}.{id}"),
        String::new(),
    ] {
        if wrong == right {
            continue;
        }
        robot.token = wrong;
        let reply = robot.gets("/chatrooms/list");
        is_problem(&reply, 401);
        assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer realm=\"chat\""));
    }
    robot.token = String::new();
    for header in
        [format!("Basic {right}"), right.clone(), format!("Bearer {right}\r\nAuthorization: Bearer {right}")]
    {
        let reply = robot.asks("GET /chatrooms/list", &format!("Authorization: {header}\r\n"), "");
        is_problem(&reply, 401);
    }
    let reply = robot.asks("GET /chatrooms/list", &format!("authorization: bearer {right}\r\n"), "");
    assert_eq!(reply.status, 200);
    // Behind the '?', tokens get into the logs of proxies.
    is_problem(&robot.gets(&format!("/chatrooms/list?token={right}")), 401);
    assert_eq!(other.gets("/chatrooms/list").status, 200);
}

#[test]
fn every_call_of_a_client_needs_a_token() {
    let (_server, port) = start("", &[]);
    let mut stranger = Program::stranger(port);
    let described = stranger.gets("/openapi.json").json();
    for (path, operations) in described["paths"].as_object().expect("an object") {
        for (method, operation) in operations.as_object().expect("an object") {
            if operation.get("security").is_some() {
                let path = path.replace(['{', '}'], "");
                let reply = stranger.asks(&format!("{} {path}", method.to_uppercase()), "", "");
                is_problem(&reply, 401);
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_body_is_said() {
    let (_server, port) = start("", &["--max-message-length", "20"]);
    let mut robot = Program::register(port, "robot", "lobby");
    let long = json!({"message_data": "x".repeat(21), "chat_room": "lobby"}).to_string();
    for (body, status, why) in [
        ("", 400, "not a JSON object"),
        ("[]", 400, "expected an object"),
        ("{\"message_data\":\"x\"", 400, "not a JSON object"),
        ("{\"message_data\":\"x\"}", 400, "'chat_room' is missing"),
        ("{\"message_data\":1,\"chat_room\":\"lobby\"}", 400, "'message_data' must be a string"),
        ("{\"message_data\":null,\"chat_room\":\"lobby\"}", 400, "'message_data' must be a string"),
        (
            "{\"chat_room\":\"lobby\",\"message_data\":\"x\",\"chat_room\":\"dev\"}",
            400,
            "'chat_room' comes twice",
        ),
        ("{\"message_data\":\"x\",\"chat_room\":\"a b\"}", 422, "A room name"),
        ("{\"message_data\":\" \\u001b[2J \",\"chat_room\":\"lobby\"}", 422, "nothing that can be seen"),
        (&long, 422, "max 20 bytes"),
    ] {
        let said = is_problem(&robot.posts_text("/messages/send", body), status);
        assert!(said.contains(why), "{body}: {said}");
    }
    let known = robot.posts_text(
        "/messages/send",
        "{\"x\":[{\"x\":1}],\"message_data\":\"hi\",\"chat_room\":\"lobby\",\"x\":2}",
    );
    assert_eq!(known.status, 202);
    for (headers, status) in [
        ("Content-Length: 2\r\n", 415),
        ("Content-Type: text/plain\r\nContent-Length: 2\r\n", 415),
        ("Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Type: APPLICATION/JSON\r\n", 400),
    ] {
        let body = if headers.starts_with('T') { "2\r\n{}\r\n0\r\n\r\n" } else { "{}" };
        is_problem(&robot.asks("POST /messages/send", headers, body), status);
    }
    is_problem(&robot.asks("POST /messages/send", "Content-Type: application/json\r\n", ""), 411);
    let mut large = Program::stranger(port);
    is_problem(&large.asks("POST /clients/register", "Content-Length: 65537\r\n", ""), 413);
}

#[test]
fn names_follow_the_rules_of_the_chat() {
    let (server, port) = start("", &[]);
    let _alice = server.client("alice");
    let mut robot = Program::stranger(port);
    let mut register =
        |name: &str| robot.posts("/clients/register", &json!({"client_name": name, "chat_room": "lobby"}));
    assert!(is_problem(&register("ALICE"), 409).contains("already taken"));
    assert!(is_problem(&register("a b"), 422).contains("1 to 20"));
    assert!(is_problem(&register(""), 422).contains("1 to 20"));
    assert!(is_problem(&register("Admin"), 422).contains("reserved"));
    assert!(is_problem(&register("guest_7"), 422).contains("reserved"));
    assert_eq!(register("Robot").status, 201);
    is_problem(&register("robot"), 409);
}

#[test]
fn a_program_that_says_too_much_is_told_when_to_go_on() {
    let (server, port) = start("", &["--rate", "5", "--burst", "5"]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "lobby");
    let message = json!({"message_data": "x", "chat_room": "lobby"});
    let mut refused = None;
    for _ in 0..200 {
        let reply = robot.posts("/messages/send", &message);
        if reply.status != 202 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert_eq!(is_problem(&refused, 429), "Rate limit exceeded. Slow down.");
    assert_eq!(refused.header("Retry-After"), Some("1"));
    let muted = robot.posts("/messages/send", &message);
    assert!(is_problem(&muted, 403).contains("You are muted"));
    let wait: u64 = muted.header("Retry-After").and_then(|wait| wait.parse().ok()).expect("a time");
    assert!((1..=30).contains(&wait));
    alice.catches_up();
}

#[test]
fn a_program_that_neither_asks_nor_listens_has_left() {
    let (server, port) = start("?idle=1", &[]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "lobby");
    let listener = Program::register(port, "listener", "lobby");
    let mut stream = super::streams::Stream::open(&listener, "");
    for name in ["robot", "listener"] {
        alice.hears(&format!("{name} has joined the chat!"));
    }
    alice.hears("robot has left the chat.");
    is_problem(&robot.gets("/chatrooms/list"), 401);
    // Its name is free, and the one that listens is still there.
    let _again = Program::register(port, "robot", "lobby");
    alice.hears("robot has joined the chat!");
    alice.says("hello");
    stream.hears("hello");
    drop(stream);
    alice.hears_at_last("listener has left the chat.");
}

#[test]
fn a_thousand_registrations_take_places_like_a_thousand_connections() {
    let (server, port) = start("", &["--max-clients", "100"]);
    let mut alice = server.client("alice");
    let mut crowd = Program::stranger(port);
    let mut tokens = Vec::new();
    for number in 0..1000 {
        let body = json!({"client_name": format!("robot_{number}"), "chat_room": "lobby"});
        let reply = crowd.posts("/clients/register", &body);
        if reply.status == 201 {
            tokens.push(reply.json()["token"].as_str().expect("a string").to_owned());
        } else {
            assert_eq!(is_problem(&reply, 503), "Server is full.");
        }
    }
    // Alice and the connection that asks have places, too.
    assert_eq!(tokens.len(), 98);
    is_problem(&Browser::connect(port).reply(), 503);
    tokens[0].clone_into(&mut crowd.token);
    assert_eq!(crowd.asks("POST /clients/close", "", "").status, 204);
    crowd.token = String::new();
    let body = json!({"client_name": "late", "chat_room": "lobby"});
    assert_eq!(crowd.posts("/clients/register", &body).status, 201);
    alice.hears_at_last("late has joined the chat!");
}

#[test]
fn a_strange_page_can_call_nothing() {
    let (_server, port) = start("", &["--allow-origin", "https://chat.example"]);
    let mut page = Program::register(port, "robot", "lobby");
    for path in ["/healthz", "/chatrooms/list", "/openapi.json", "/nothing"] {
        for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
            let reply = page.asks(&format!("GET {path}"), &format!("Origin: {origin}\r\n"), "");
            is_problem(&reply, 403);
            assert_eq!(reply.header("Access-Control-Allow-Origin"), None);
        }
    }
    let reply = page.asks("OPTIONS /messages/send", "Origin: http://evil.example\r\n", "");
    is_problem(&reply, 403);
    let allowed = "Origin: https://chat.example\r\nAccess-Control-Request-Method: POST\r\n";
    let reply = page.asks("OPTIONS /messages/send", allowed, "");
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("Access-Control-Allow-Origin"), Some("https://chat.example"));
    assert_eq!(reply.header("Access-Control-Allow-Methods"), Some("POST, OPTIONS"));
    assert!(
        reply.header("Access-Control-Allow-Headers").is_some_and(|known| known.contains("Authorization"))
    );
    for path in ["/chatrooms/list", "/nothing"] {
        let reply = page.asks(&format!("GET {path}"), allowed, "");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), Some("https://chat.example"), "{path}");
        assert_eq!(reply.header("Vary"), Some("Origin"));
    }
}
