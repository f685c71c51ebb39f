//! Web browsers: a page can make its visitor's browser send anything after a request line.

use rustix::process::Signal;

use crate::support::{Peer, Server};

/// What a page of another site can have a browser send without asking the server first (a "simple
/// request" of the Fetch standard).
const ATTACK: &str = "POST /say HTTP/1.1\r\nHost: chat.example:5555\r\nContent-Type: text/plain\r\n\
                      Origin: http://evil.example\r\n\r\nbuy my stuff\n/nick browser\nbye\n";

/// The answer from its status line to the end of its body.
#[track_caller]
fn hears_the_answer(browser: &mut Peer) {
    browser.hears_at_last("HTTP/1.1 400 Bad Request\r");
    browser.hears("Content-Type: text/plain; charset=utf-8\r");
    browser.hears("Content-Length: 73\r");
    browser.hears("Connection: close\r");
    browser.hears("\r");
    let body = "This is a chat server, not a web server. Connect with chat_client or nc.";
    assert_eq!(body.len() + 1, 73);
    browser.hears(body);
}

#[test]
fn a_request_that_is_there_at_once_gets_an_http_answer_and_never_enters_the_chat() {
    for request in [ATTACK.to_owned(), format!("GET /{} HTTP/1.1\r\n\r\nhello\n", "x".repeat(9000))] {
        let server = Server::start(&[]);
        let mut alice = server.client("alice");
        // A server that sleeps cannot accept before the request has arrived.
        server.signal(Signal::STOP);
        let mut browser = server.connect();
        browser.sends(request.as_bytes());
        server.signal(Signal::CONT);
        assert_eq!(browser.next_line().as_deref(), Some("HTTP/1.1 400 Bad Request\r"));
        assert_eq!(browser.rest().len(), 5);
        alice.hears_nothing();
    }
}

#[test]
fn a_request_after_the_greeting_ends_the_connection_and_nothing_of_it_is_said() {
    for request in [ATTACK.to_owned(), format!("POST /{} HTTP/1.1\r\n\r\nhello\n", "x".repeat(9000))] {
        let server = Server::start(&[]);
        let mut alice = server.client("alice");
        let mut browser = server.connect();
        browser.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
        browser.sends(request.as_bytes());
        hears_the_answer(&mut browser);
        browser.hears("Goodbye!");
        browser.hears_the_end();
        alice.hears("guest_1 has joined the chat!");
        alice.hears("guest_1 has left the chat.");
        alice.hears_nothing();
    }
}

#[test]
fn people_can_talk_about_http() {
    let server = Server::start(&[]);
    let mut alice = server.client("alice");
    alice.says("GET / HTTP/1.1");
    alice.hears("[lobby] alice: GET / HTTP/1.1");
}
