//! The page when its server goes and comes back.

use std::{net::SocketAddr, path::Path};

use rustix::process::Signal;

use super::{Page, start};
use crate::support::{Chromium, Server};

/// A server that keeps its memory in a file, with its doors at these ports.
#[track_caller]
fn start_on(port: u16, door: &str, data: &Path) -> (Server, SocketAddr) {
    let options = ["--data", data.to_str().expect("a name in UTF-8"), "--listen", door];
    let mut server = Server::start_on(port, &options);
    let door = server.announces("http");
    (server, door)
}

#[track_caller]
fn kill(server: Server) {
    server.signal(Signal::KILL);
    server.ends();
}

#[test]
fn after_a_crash_of_the_server_the_page_has_each_line_once_that_it_missed() {
    let Some(chromium) = Chromium::shared() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("chat.db");
    let (server, door) = start_on(0, "http://127.0.0.1:0", &data);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    for line in ["one", "two"] {
        carol.says(line);
        carol.hears(&format!("[lobby] carol: {line}"));
    }
    alice.heard(&["carol: one", "carol: two"]);
    // A registration is not told before all of that is saved.
    let mut eve = server.client("eve");
    eve.says("/register correct-horse");
    eve.hears_at_last("Registration successful.");
    // This one the server never reads.
    server.signal(Signal::STOP);
    alice.says("lost");
    alice.is_so("document.querySelector('.pending')");
    kill(server);
    alice.is_so(r"/Next attempt in \d+ s/.test(document.querySelector('#notice-text').textContent)");
    alice.says("meanwhile");
    // The same room without a page: what is said there is what alice misses.
    let data_option = ["--data", data.to_str().expect("a name in UTF-8")];
    let away = Server::start(&data_option);
    let mut dave = away.client("dave");
    for line in ["three", "four"] {
        dave.says(line);
        dave.hears(&format!("[lobby] dave: {line}"));
    }
    away.signal(Signal::TERM);
    away.ends();
    let (server, _door) = start_on(0, &format!("http://{door}"), &data);
    let mut carol = server.client("carol");
    alice.is_in();
    carol.says("five");
    let missed = ["carol: one", "carol: two", "dave: three", "dave: four"];
    let all = [&missed[..], &["alice: meanwhile", "carol: five"]].concat();
    let said = "[...document.querySelectorAll('#log .said:not(.failed)')]\
                .map(line => `${line.dataset.user}: ${line.querySelector('.text').textContent}`)";
    alice.sees(said, &serde_json::json!(all));
    // What the server never said stands there as such, and can be said again.
    alice.shows(".failed .text", "lost");
    alice.clicks(".failed button");
    alice.sees(said, &serde_json::json!([&all[..], &["alice: lost"]].concat()));
    alice.sees("document.querySelectorAll('.failed, .pending').length", &0.into());
    assert_eq!(alice.value("document.querySelector('#notice').hidden"), true);
}

#[test]
fn a_user_who_has_quit_comes_back_only_when_they_want_to() {
    let Some(chromium) = Chromium::shared() else { return };
    let (server, door) = start(&[]);
    let mut carol = server.client("carol");
    let alice = Page::enter(&chromium, door, "alice");
    carol.hears("alice has joined the chat!");
    alice.says("/quit");
    carol.hears("alice has left the chat.");
    alice.is_so("document.querySelector('#notice-text').textContent.startsWith('You are not in the chat.')");
    alice.clicks("#now");
    alice.is_in();
    carol.hears("alice has joined the chat!");
}
