//! Who may send and receive by HTTP, and what that costs the server.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::{Chat, arrives, is_refused, put};
use crate::support::server::eventually;

const UNKNOWN: &str = "There is no file to send or receive here. Each path works once.";

#[test]
fn a_path_works_once_for_one_side() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    for path in ["/files/1", "/files/00000000000000000000000000000000", "/files/..", "/files/%00"] {
        is_refused(&mut chat.gets(path), 404, UNKNOWN);
        is_refused(&mut chat.puts(path, 5), 404, UNKNOWN);
    }
    is_refused(&mut chat.gets(&paths.sending), 404, UNKNOWN);
    is_refused(&mut chat.puts(&paths.receiving, 5), 404, UNKNOWN);
    is_refused(&mut chat.gets(&format!("{}/", paths.receiving)), 404, "There is nothing at this path.");
    let (mut sender, receiver) = (chat.puts(&paths.sending, 5), chat.gets(&paths.receiving));
    sender.sends("hello");
    arrives(receiver, &mut sender);
    is_refused(&mut chat.gets(&paths.receiving), 404, UNKNOWN);
    is_refused(&mut chat.puts(&paths.sending, 5), 404, UNKNOWN);
}

#[test]
fn a_look_at_a_file_does_not_use_up_its_path_and_parts_are_not_served() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    let mut browser = chat.browser();
    for _ in 0..2 {
        browser.asks(&format!("HEAD {}", paths.receiving));
        let reply = browser.reply_to("HEAD");
        assert_eq!((reply.status, reply.header("Content-Length")), (200, Some("5")));
        assert_eq!(
            reply.header("Content-Disposition"),
            Some("attachment; filename=\"x\"; filename*=UTF-8''x")
        );
    }
    browser.asks(&format!("OPTIONS {}", paths.receiving));
    assert_eq!(browser.reply().header("Allow"), Some("GET, HEAD, PUT, OPTIONS"));
    browser.sends(format!("GET {} HTTP/1.1\r\nHost: a\r\nRange: bytes=2-\r\n\r\n", paths.receiving));
    chat.puts(&paths.sending, 5).sends("hello");
    let reply = browser.reply();
    assert_eq!((reply.status, &reply.body[..]), (200, "hello"));
}

#[test]
fn a_page_of_another_site_neither_sends_nor_receives() {
    let mut chat = Chat::start(&["--allow-origin", "https://chat.example"]);
    let paths = chat.agrees(5, "-", "x");
    let why = "Pages of this web site may not speak here. The server allows them with --allow-origin.";
    let ask = |method: &str, path: &str, origin: &str| {
        let mut browser = chat.browser();
        browser.sends(format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\nContent-Length: {}\r\n\r\n",
            chat.door,
            if method == "PUT" { 5 } else { 0 }
        ));
        browser
    };
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        is_refused(&mut ask("PUT", &paths.sending, origin), 403, why);
        is_refused(&mut ask("GET", &paths.receiving, origin), 403, why);
    }
    let mut sender = ask("PUT", &paths.sending, &format!("http://{}", chat.door));
    let receiver = ask("GET", &paths.receiving, "https://chat.example");
    sender.sends("hello");
    arrives(receiver, &mut sender);
}

#[test]
fn a_hundred_senders_with_wrong_tokens_delay_no_one() {
    let mut chat = Chat::start(&[]);
    let paths = chat.agrees(5, "-", "x");
    // They send nothing, and keep their side open.
    let mut wrong: Vec<_> =
        (0..100).map(|token| chat.puts(&format!("/files/{token:032x}"), 1_000_000)).collect();
    chat.alice.says("hello");
    chat.alice.hears("[lobby] alice: hello");
    let (mut sender, receiver) = (chat.puts(&paths.sending, 5), chat.gets(&paths.receiving));
    sender.sends("hello");
    arrives(receiver, &mut sender);
    for browser in &mut wrong {
        is_refused(browser, 404, UNKNOWN);
        browser.is_closed();
    }
}

#[test]
fn a_slow_receiver_of_a_large_file_takes_no_memory() {
    const SIZE: usize = 200_000_000;
    let mut chat = Chat::start(&["--max-file-size", "0"]);
    let paths = chat.agrees(SIZE, "-", "x");
    let (mut sender, mut receiver) = (chat.puts(&paths.sending, SIZE), chat.gets(&paths.receiving));
    let (sent, piece) = (AtomicUsize::new(0), vec![b'x'; 100_000]);
    thread::scope(|scope| {
        let sending = || {
            for _ in 0..SIZE / piece.len() {
                sender.sends(&piece);
                sent.fetch_add(piece.len(), Ordering::Relaxed);
            }
            sender.reply().status
        };
        let sending = thread::Builder::new().spawn_scoped(scope, sending).unwrap();
        assert_eq!(receiver.reply_to("HEAD").status, 200);
        let before = chat.server.status("VmRSS");
        for received in (0..SIZE).step_by(SIZE / 20) {
            // The buffers of the sockets are full, and the receiver takes nothing.
            eventually("something waits", || {
                sent.load(Ordering::Relaxed) > (received + 500_000).min(SIZE - 1)
            });
            let grown = chat.server.status("VmRSS").saturating_sub(before);
            assert!(grown < 4 * 1024, "{received} bytes took {grown} kB");
            assert!(receiver.read(SIZE / 20).expect("the file").iter().all(|&byte| byte == b'x'));
        }
        receiver.is_closed();
        assert_eq!(sending.join().unwrap(), 204);
    });
}

#[test]
fn a_server_without_files_knows_no_path_for_them() {
    let mut chat = Chat::start(&["--no-files"]);
    chat.alice.says("/offer bob 5 - x");
    chat.alice.hears("This server does not transfer files.");
    is_refused(&mut chat.gets("/files/00000000000000000000000000000000"), 404, UNKNOWN);
    let mut post = chat.browser();
    post.sends(put("/files/x", "Content-Length: 0").replacen("PUT", "POST", 1));
    assert_eq!(post.reply().status, 405);
}
