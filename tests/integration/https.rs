//! HTTP inside of TLS, the way to it, and the chat page that is there by default.

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    Browser, DEADLINE, Server,
    secure::{Certified, Secure},
    server::{command, run},
};

/// The lines of the response to a request, up to the end of the stream.
#[track_caller]
fn asked(client: &mut Secure, request: &str) -> Vec<String> {
    client.sends(format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes());
    let mut lines = Vec::new();
    while let Some(line) = client.next_line() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[test]
fn https_is_http_inside_of_tls_and_ends_with_a_goodbye() {
    let certified = Certified::new("localhost");
    let (_server, doors) = certified.server(&["https", "any"], &[]);
    for door in doors {
        let lines = asked(&mut certified.connect(door), "GET /healthz");
        assert_eq!((&lines[0][..], lines.last().map(String::as_str)), ("HTTP/1.1 200 OK", Some("ok")));
    }
}

#[test]
fn a_browser_that_does_not_encrypt_is_sent_to_https() {
    let certified = Certified::new("localhost");
    let (_server, doors) = certified.server(&["http", "https"], &["--redirect-http"]);
    let mut browser = Browser::connect_to(doors[0]);
    browser.sends("GET /server/status?a=b HTTP/1.1\r\nHost: chat.example:8080\r\n\r\n");
    let reply = browser.reply();
    let place = format!("https://chat.example:{}/server/status?a=b", doors[1].port());
    assert_eq!((reply.status, reply.header("Location")), (308, Some(&place[..])));
    browser.sends("GET /ws HTTP/1.1\r\nHost: [::1]\r\n\r\n");
    let place = format!("https://[::1]:{}/ws", doors[1].port());
    assert_eq!(browser.reply().header("Location"), Some(&place[..]));
    browser.asks("GET /healthz");
    assert_eq!(browser.reply().status, 200, "a health check follows no redirection");
    browser.sends("OPTIONS * HTTP/1.0\r\n\r\n");
    assert_eq!(browser.reply().status, 400, "without a Host, no place is known");
    let lines = asked(&mut certified.connect(doors[1]), "GET /healthz");
    assert_eq!(lines[0], "HTTP/1.1 200 OK", "it is served there");
}

#[test]
fn to_send_browsers_to_https_needs_such_a_door() {
    let (status, _, err) = run(command().args(["--redirect-http", "--listen", "http://127.0.0.1:0"]));
    assert_eq!(status, Some(2));
    assert!(err.contains("--redirect-http needs a door to send to: --listen https://HOST:PORT"), "{err}");
}

/// Takes the port of the page. Servers of other tests have it for a while; another program may have it for long,
/// and then that one holds it.
fn hold_the_port() -> Option<TcpListener> {
    let deadline = Instant::now() + DEADLINE / 2;
    loop {
        match TcpListener::bind("127.0.0.1:8080") {
            Ok(listener) => return Some(listener),
            Err(_) if Instant::now() >= deadline => return None,
            Err(_) => thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

#[test]
fn without_its_port_the_page_is_left_out_with_one_warning() {
    let _holds = hold_the_port();
    let mut with_page = command();
    with_page.env_remove("CHAT_NO_HTTP").args(["--port", "0"]);
    let server = Server::start_command(with_page);
    let _alice = server.client("alice");
    let said = server.diagnostics();
    assert_eq!(said.matches("no chat page: ").count(), 1, "{said}");
    assert!(said.contains("port 8080") && said.contains("--no-http"), "{said}");
}

#[test]
fn a_door_for_http_replaces_the_page_on_its_usual_port() {
    let mut command = command();
    command.env_remove("CHAT_NO_HTTP").args(["--port", "0", "--listen", "http://127.0.0.1:0"]);
    let mut server = Server::start_command(command);
    let door = server.announces("http");
    let mut browser = Browser::connect_to(door);
    browser.asks("GET /server/status");
    assert_eq!(browser.reply().json()["wires"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.diagnostics(), "");
}
