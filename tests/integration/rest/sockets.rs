//! The WebSocket of a program that has registered.

use rustix::process::Signal;

use super::streams::Stream;
use crate::support::{
    Browser, Program, Socket,
    program::{is_problem, start},
};

fn request(program: &Program, room: &str, headers: &str) -> String {
    Socket::request(headers).replacen("/ws", &format!("/ws/{}/{room}", program.id), 1)
}

/// Opens the WebSocket of a program, with its token behind the `?`.
#[track_caller]
fn open(program: &Program, room: &str) -> Socket {
    let mut browser = Browser::connect(program.port);
    browser.sends(request(program, &format!("{room}?token={}", program.token), ""));
    let reply = browser.reply();
    assert_eq!(reply.status, 101, "{reply:?}");
    Socket(browser)
}

#[test]
fn a_program_speaks_and_hears_lines() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let mut robot = Program::register(port, "robot", "lobby");
    alice.hears("robot has joined the chat!");
    let mut socket = open(&robot, "lobby");
    alice.says("hello");
    socket.hears_at_last("[lobby] alice: hello");
    alice.hears("[lobby] alice: hello");
    for (said, heard) in [("SEND /quit is said", "/quit is said"), ("send  :smile:\r", " 😄")] {
        socket.says(said);
        for line in [&mut |line: &str| alice.hears(line), &mut |line: &str| socket.hears(line)]
            as [&mut dyn FnMut(&str); 2]
        {
            line(&format!("[lobby] robot: {heard}"));
        }
    }
    for (wrong, why) in
        [("SEND", "Usage: SEND TEXT"), ("DANCE", "Unknown verb. Use one of: SEND TEXT, QUIT.")]
    {
        socket.says(wrong);
        socket.hears(why);
    }
    let seq = robot.says("lobby", "by a call");
    socket.hears("[lobby] robot: by a call");
    socket.says("QUIT");
    assert_eq!(socket.is_closed(1000), "");
    // The client is still there, and hears everything in a stream again.
    alice.says("still there?");
    let mut stream = Stream::open(&robot, &format!("Last-Event-ID: {seq}\r\n"));
    stream.hears("still there?");
    robot.says("lobby", "yes");
    stream.hears("yes");
    alice.hears_at_last("[lobby] robot: yes");
}

#[test]
fn a_program_has_one_stream_of_any_kind() {
    let (server, port) = start("", &[]);
    let mut alice = server.client("alice");
    let robot = Program::register(port, "robot", "lobby");
    let mut events = Stream::open(&robot, "");
    let mut first = open(&robot, "lobby");
    events.hears_of("taken_over");
    assert_eq!(events.next(), None);
    let mut second = open(&robot, "lobby");
    first.is_closed(1000);
    alice.says("one");
    second.hears("[lobby] alice: one");
    let mut events = Stream::open(&robot, "");
    second.is_closed(1000);
    alice.says("two");
    events.hears("two");
    let mut last = open(&robot, "lobby");
    events.hears_of("taken_over");
    server.signal(Signal::TERM);
    assert_eq!(last.is_closed(1001), "Server shutting down.");
}

#[test]
fn a_socket_goes_to_its_room_and_follows_the_rules() {
    let (server, port) = start("?idle=1", &[]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears("You joined room 'dev'.");
    let mut robot = Program::register(port, "robot", "lobby");
    let mut other = Program::register(port, "other", "lobby");
    let mut socket = open(&robot, "%23DEV");
    alice.hears("robot has joined the room.");
    for (mut program, path, status) in [
        (Browser::connect(port), request(&robot, "dev", ""), 401),
        (Browser::connect(port), request(&robot, &format!("dev?token={}", other.token), ""), 403),
        (Browser::connect(port), request(&other, &format!("none?token={}", other.token), ""), 404),
        (Browser::connect(port), request(&other, &format!("a.b?token={}", other.token), ""), 422),
        (
            Browser::connect(port),
            request(&other, &format!("dev?token={}", other.token), "Origin: http://evil\r\n"),
            403,
        ),
    ] {
        program.sends(path);
        is_problem(&program.reply(), status);
    }
    is_problem(&other.asks(&format!("GET /ws/{}/dev", other.id), "", ""), 426);
    // The socket keeps the client alive; the other one has left in the meantime.
    alice.says("/admin open-sesame");
    alice.hears_at_last("Admin privileges granted.");
    crate::support::server::eventually("the other one has left", || {
        other.asks("GET /chatrooms/list", "Authorization: Bearer x\r\n", "");
        alice.says("/whois other");
        alice.next_line().is_some_and(|line| line == "User 'other' not found.")
    });
    socket.says("SEND here");
    alice.hears("[dev] robot: here");
    alice.says("/disconnect robot too loud");
    assert_eq!(socket.is_closed(1008), "Disconnected by alice: too loud");
    alice.hears_at_last("robot has left the chat.");
    is_problem(&robot.gets("/chatrooms/list"), 401);
}
