//! Programs that speak HTTP.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Browser, Server, browser::Reply};

/// A server that also speaks HTTP, and its port for that.
fn start(options: &[&str]) -> (Server, u16) {
    let mut server = Server::start(&[&["--listen", "http://127.0.0.1:0"], options].concat());
    let said = server.prints();
    let port = said.strip_prefix("Chat page on http://127.0.0.1:").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("{said}"));
    (server, port)
}

/// A problem is JSON that says its own status.
#[track_caller]
fn is_problem(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(reply.json()["status"], status);
    assert!(reply.json()["detail"].as_str().is_some_and(|detail| detail.ends_with('.')));
}

#[test]
fn the_server_says_that_it_lives_and_who_is_where() {
    let (server, port) = start(&["--max-clients", "9", "--max-message-length", "77"]);
    let mut alice = server.client("alice");
    alice.says("/join dev");
    alice.hears("You joined room 'dev'.");
    let _bob = server.client("bob");
    let mut browser = Browser::connect(port);
    browser.asks("GET /healthz");
    let reply = browser.reply();
    assert_eq!((reply.status, &reply.body[..]), (200, "ok\n"));
    browser.asks("GET /server/status?pretty");
    let reply = browser.reply();
    assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/json")));
    let said = reply.json();
    assert_eq!(said["rooms"], json!({"dev": 1, "lobby": 1}));
    assert_eq!((&said["client_count"], &said["max_clients"]), (&json!(2), &json!(9)));
    assert_eq!((&said["max_message_length"], &said["host"]), (&json!(77), &json!("127.0.0.1")));
    assert_eq!(said["port"], server.address().port());
    let doors = [format!("text://{}", server.address()), format!("http://127.0.0.1:{port}")];
    assert_eq!(said["wires"], json!(doors));
    assert!(said["uptime"].as_u64().is_some_and(|seconds| seconds < 600));
    alice.hears_nothing();
}

#[test]
fn one_connection_carries_many_requests() {
    let (_server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    for _ in 0..100 {
        browser.asks("GET /healthz");
        assert_eq!(browser.reply().status, 200);
    }
    // All at once, with a body that nothing wants.
    let posted =
        "POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let got = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    browser.sends([posted, got].concat().repeat(50));
    for _ in 0..50 {
        is_problem(&browser.reply(), 405);
        assert_eq!(browser.reply().status, 200);
    }
    browser.asks("HEAD /healthz");
    let reply = browser.reply_to("HEAD");
    assert_eq!((reply.status, reply.header("Content-Length")), (200, Some("3")));
    browser.sends("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more");
    let reply = browser.reply();
    assert_eq!((reply.status, reply.header("Connection")), (200, Some("close")));
    browser.is_closed();
    let mut old = Browser::connect(port);
    old.sends("GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(old.reply().status, 200);
    old.is_closed();
}

#[test]
fn a_path_says_what_it_can_do() {
    let (_server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    for path in ["/nothing", "/../healthz", "//healthz", "/%68ealthz", "/healthz/", "/healthz%00"] {
        browser.asks(&format!("GET {path}"));
        is_problem(&browser.reply(), 404);
    }
    browser.asks("DELETE /healthz");
    let reply = browser.reply();
    is_problem(&reply, 405);
    assert_eq!(reply.header("Allow"), Some("GET, HEAD, OPTIONS"));
    for (path, methods) in [("/healthz", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, PUT, OPTIONS")] {
        browser.asks(&format!("OPTIONS {path}"));
        let reply = browser.reply();
        assert_eq!((reply.status, reply.header("Allow")), (204, Some(methods)));
        assert_eq!(reply.header("Access-Control-Allow-Origin"), None);
    }
}

#[test]
fn what_is_no_request_is_refused_and_ends_the_connection() {
    let (server, port) = start(&[]);
    let mut alice = server.client("alice");
    let line = "POST /clients/register HTTP/1.1\r\nHost: a\r\n";
    let smuggled = "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for (headers, status) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", 400),
        ("Content-Length: 4\r\nContent-Length: 4", 400),
        ("Content-Length: +4", 400),
        ("X: a\rTransfer-Encoding: chunked", 400),
        ("X: a\r\n folded", 400),
        ("X: y", 411),
        ("Content-Length: 1000000000", 413),
        ("Transfer-Encoding: gzip", 501),
        ("Content-Length: 4\r\nExpect: wonders", 417),
    ] {
        let mut browser = Browser::connect(port);
        browser.sends([line, headers, smuggled].concat());
        let reply = browser.reply();
        is_problem(&reply, status);
        assert_eq!(reply.header("Connection"), Some("close"));
        browser.is_closed();
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(9000));
    let many = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(17_000));
    for (head, status) in [
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\n\r\n", 505),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        (&long, 414),
        (&many, 431),
    ] {
        let mut browser = Browser::connect(port);
        browser.sends(head);
        is_problem(&browser.reply(), status);
        browser.is_closed();
    }
    alice.hears_nothing();
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_gets_it() {
    let (_server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    browser.sends("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(browser.head(), ["HTTP/1.1 100 Continue"]);
    browser.sends("hi");
    is_problem(&browser.reply(), 405);
    browser.asks("GET /healthz");
    assert_eq!(browser.reply().status, 200);
}

#[test]
fn a_body_without_end_takes_no_memory_and_is_refused() {
    let (server, port) = start(&[]);
    let mut browser = Browser::connect(port);
    browser.asks("GET /healthz");
    browser.reply();
    let before = server.status("VmRSS");
    browser.sends("POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    (0..100_000).take_while(|_| browser.tries_to_send(chunk.as_bytes())).count();
    let grown = server.status("VmRSS").saturating_sub(before);
    assert!(grown < 1024, "it took {grown} kB");
    let mut announced = Browser::connect(port);
    announced.sends("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    is_problem(&announced.reply(), 413);
    announced.is_closed();
}

#[test]
fn a_head_that_dribbles_is_refused_after_ten_seconds() {
    let (server, port) = start(&[]);
    let (mut slow, begun) = (Browser::connect(port), Instant::now());
    slow.sends("GET /healthz HTTP/1.1\r\nX: ");
    // A byte for each answer to alice.
    let mut alice = server.client("alice");
    while begun.elapsed() < Duration::from_secs(11) && slow.tries_to_send(b"x") {
        alice.says("/users");
        alice.hears("Users in lobby: alice");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    is_problem(&slow.reply(), 408);
    assert!(begun.elapsed() >= Duration::from_secs(10));
}

#[test]
fn a_stop_does_not_wait_for_clients_that_speak_http() {
    let (server, port) = start(&[]);
    let mut idle: Vec<_> = (0..20).map(|_| Browser::connect(port)).collect();
    for (number, browser) in idle.iter_mut().enumerate() {
        match number % 4 {
            0 => {}
            1 => browser.sends("GET /heal"),
            2 => browser.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"),
            _ => {
                browser.asks("GET /healthz");
                assert_eq!(browser.reply().status, 200);
            }
        }
    }
    // One that reads nothing of what it has asked for.
    let mut never = Browser::connect(port);
    never.sends("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000));
    let stopped = Instant::now();
    server.signal(Signal::TERM);
    assert!(server.ends().success());
    assert!(stopped.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_full_server_says_so_over_http() {
    let (server, port) = start(&["--max-clients", "2"]);
    let _alice = server.client("alice");
    let mut first = Browser::connect(port);
    first.asks("GET /healthz");
    assert_eq!(first.reply().status, 200);
    let mut second = Browser::connect(port);
    let reply = second.reply();
    is_problem(&reply, 503);
    assert_eq!(reply.json()["detail"], "Server is full.");
    second.is_closed();
    first.half_closes();
    first.is_closed();
    drop(first);
    crate::support::server::eventually("its place is free", || {
        let mut third = Browser::connect(port);
        third.tries_to_send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        third.reply().status == 200
    });
}

#[test]
fn a_thousand_requests_come_at_once() {
    let (_server, port) = start(&[]);
    let mut crowd: Vec<_> = (0..900).map(|_| Browser::connect(port)).collect();
    for browser in &mut crowd {
        browser.asks("GET /server/status");
    }
    for browser in &mut crowd {
        assert_eq!(browser.reply().status, 200);
    }
}
