//! Files that browsers send and receive by HTTP.

use std::{fs::File, io::Read, net::SocketAddr, thread};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    support::{Browser, Peer, Server, Socket, browser::Reply, secure::Certified},
    transfers::clients::{Disk, client},
};

mod ending;
mod limits;

/// A server that speaks HTTP, and alice and bob, who are people on it.
struct Chat {
    server: Server,
    door: SocketAddr,
    alice: Peer,
    bob: Peer,
}

/// Where a file is to be sent, and where it is to be had.
struct Paths {
    sending: String,
    receiving: String,
}

impl Chat {
    #[track_caller]
    fn start(options: &[&str]) -> Self {
        let (server, door) = Server::with_door("http://127.0.0.1:0", options);
        let (mut alice, bob) = (server.client("alice"), server.client("bob"));
        alice.hears_at_last("guest_1 is now known as bob.");
        Self { server, door, alice, bob }
    }

    /// alice offers bob a file, and he takes it.
    #[track_caller]
    fn agrees(&mut self, size: usize, digest: &str, name: &str) -> Paths {
        self.alice.says(&format!("/offer bob {size} {digest} {name}"));
        while !self.bob.next_line().expect("an offer").starts_with("[FILE REQUEST] alice wants to send ") {}
        self.bob.says("/take");
        let sending = token(&mut self.alice, "@file send ");
        let receiving = token(&mut self.bob, "@file receive ");
        Paths { sending: format!("/files/{sending}"), receiving: format!("/files/{receiving}") }
    }

    fn browser(&self) -> Browser {
        Browser::connect_to(self.door)
    }

    /// A browser that has begun to send so many bytes.
    #[track_caller]
    fn puts(&self, path: &str, length: usize) -> Browser {
        let mut browser = self.browser();
        browser.sends(put(path, &format!("Content-Length: {length}")));
        browser
    }

    /// A browser that has asked for a file.
    #[track_caller]
    fn gets(&self, path: &str) -> Browser {
        let mut browser = self.browser();
        browser.asks(&format!("GET {path}"));
        browser
    }

    /// Waits until the path of the sender was used. A body of another length does not use it.
    #[track_caller]
    fn sender_has_come(&self, paths: &Paths) {
        while self.puts(&paths.sending, 999).reply().status != 404 {}
    }

    /// Waits until the path of the receiver was used.
    #[track_caller]
    fn receiver_has_come(&self, paths: &Paths) {
        let mut browser = self.browser();
        let is_unused = |browser: &mut Browser| {
            browser.asks(&format!("HEAD {}", paths.receiving));
            browser.reply_to("HEAD").status != 404
        };
        while is_unused(&mut browser) {}
    }

    #[track_caller]
    fn both_hear(&mut self, to_alice: &str, to_bob: &str) {
        self.alice.hears_at_last(to_alice);
        self.bob.hears_at_last(to_bob);
    }
}

/// The head of a request with a file, with this header.
fn put(path: &str, header: &str) -> String {
    format!("PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n")
}

/// The token in the next cue of this kind.
#[track_caller]
fn token(peer: &mut Peer, cue: &str) -> String {
    loop {
        let line = peer.next_line().expect("a cue");
        if let Some(rest) = line.strip_prefix(cue) {
            return rest.split(' ').nth(2).expect("a token").to_owned();
        }
    }
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).expect("random bytes");
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// The head of the next response, and all of its body that comes.
#[track_caller]
fn download(browser: &mut Browser) -> (Reply, Vec<u8>) {
    let reply = browser.reply_to("HEAD");
    (reply, browser.rest())
}

/// The file `hello` arrives.
#[track_caller]
fn arrives(mut receiver: Browser, sender: &mut Browser) {
    assert_eq!(receiver.reply().body, "hello");
    // The server is to see that the receiver has read it.
    drop(receiver);
    assert_eq!(sender.reply().status, 204);
}

/// A problem with this status and words.
#[track_caller]
fn is_refused(browser: &mut Browser, status: u16, why: &str) {
    let reply = browser.reply();
    assert_eq!((reply.status, reply.header("Content-Type")), (status, Some("application/problem+json")));
    assert_eq!((&reply.json()["detail"], &reply.json()["status"]), (&json!(why), &json!(status)));
}

#[test]
fn two_browsers_exchange_a_large_file_whichever_comes_first() {
    let mut chat = Chat::start(&["--max-file-size", "0"]);
    let file = random(20 << 20);
    for is_sender_first in [true, false] {
        let paths = chat.agrees(file.len(), &sha256(&file), "my  cät 😄.jpg");
        let (mut sender, mut receiver) = if is_sender_first {
            let sender = chat.puts(&paths.sending, file.len());
            (sender, chat.gets(&paths.receiving))
        } else {
            let receiver = chat.gets(&paths.receiving);
            (chat.puts(&paths.sending, file.len()), receiver)
        };
        let (head, arrived) = thread::scope(|scope| {
            let receiving = thread::Builder::new().spawn_scoped(scope, || download(&mut receiver)).unwrap();
            sender.sends(&file);
            receiving.join().unwrap()
        });
        assert!(sha256(&arrived) == sha256(&file) && arrived.len() == file.len());
        let length = file.len().to_string();
        for (name, value) in [
            ("Content-Length", &length[..]),
            ("Content-Type", "application/octet-stream"),
            (
                "Content-Disposition",
                "attachment; filename=\"my  c_t _.jpg\"; \
                 filename*=UTF-8''my%20%20c%C3%A4t%20%F0%9F%98%84.jpg",
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "sandbox"),
            ("Accept-Ranges", "none"),
            ("Connection", "close"),
        ] {
            assert_eq!(head.header(name), Some(value), "{head:?}");
        }
        let reply = sender.reply();
        assert_eq!((reply.status, reply.header("Connection")), (204, Some("close")));
        sender.is_closed();
        chat.both_hear(
            "bob has received 'my  cät 😄.jpg'.",
            "You have received 'my  cät 😄.jpg' from alice.",
        );
    }
}

#[test]
fn a_browser_receives_what_chat_client_sends() {
    let (mut chat, disk) = (Chat::start(&[]), Disk::new());
    let file = random(3_000_000);
    let path = disk.has("x.bin", &file);
    let mut carol = client(&chat.server, "carol", &disk, &[]);
    carol.is_given(&format!("/sendfile bob {}\n", path.display()));
    carol.input = None;
    while !chat.bob.next_line().expect("an offer").starts_with("[FILE REQUEST] carol wants to send x.bin ") {}
    chat.bob.says("/take");
    let token = token(&mut chat.bob, "@file receive ");
    let (head, received) = download(&mut chat.gets(&format!("/files/{token}")));
    assert_eq!((head.status, received.len()), (200, file.len()));
    assert!(received == file);
    chat.bob.hears_at_last("You have received 'x.bin' from carol.");
    assert_eq!(carol.ends().0, Some(0));
}

#[test]
fn chat_client_receives_what_a_browser_sends_and_says_if_it_could_not_check_it() {
    let (mut chat, disk) = (Chat::start(&[]), Disk::new());
    let file = random(3_000_000);
    for (name, digest, is_checked) in [("x", sha256(&file), true), ("y", "-".to_owned(), false)] {
        let mut carol = client(&chat.server, "carol", &disk, &["--accept-files"]);
        chat.alice.says(&format!("/offer carol {} {digest} {name}", file.len()));
        let sending = token(&mut chat.alice, "@file send ");
        carol.input = None;
        let mut sender = chat.puts(&format!("/files/{sending}"), file.len());
        sender.sends(&file);
        assert_eq!(sender.reply().status, 204);
        let (status, _, said) = carol.ends();
        assert_eq!(status, Some(0), "{said}");
        assert!(disk.received(name) == file);
        let unchecked = "alice gave no SHA-256, so only its size was checked.";
        assert_eq!(!said.contains(unchecked), is_checked, "{said}");
        chat.alice.hears_at_last(&format!("carol has received '{name}'."));
        chat.alice.hears_at_last("carol has left the chat.");
    }
}

#[test]
fn a_page_learns_everything_that_it_needs_by_websocket() {
    let (_server, door) = Server::with_door("http://127.0.0.1:0", &[]);
    let [mut alice, mut bob] = ["alice", "bob"].map(|name| {
        let mut page = Socket::connect(door.port(), "chat.json");
        page.says(&json!({"type": "join", "room": "lobby", "user": name}).to_string());
        assert_eq!(page.hears_a("system")["event"], "welcome");
        page
    });
    assert_eq!(alice.hears_a("system")["event"], "arrived");
    let command = |text: &str| json!({"type": "command", "text": text}).to_string();
    alice.says(&command("/offer bob 5 - x.txt"));
    let offered = alice.hears_a("system");
    assert_eq!((&offered["event"], &offered["id"]), (&json!("file_offered"), &json!(1)));
    assert_eq!(offered["sha256"], json!(null));
    let requested = bob.hears_a("system");
    assert_eq!((&requested["event"], &requested["id"]), (&json!("file_requested"), &json!(1)));
    assert_eq!((&requested["name"], &requested["size"]), (&json!("x.txt"), &json!(5)));
    bob.says(&command("/take 1"));
    let (send, receive) = (alice.hears_a("system"), bob.hears_a("system"));
    assert_eq!((&send["event"], &receive["event"]), (&json!("file_send"), &json!("file_receive")));
    for ticket in [&send, &receive] {
        let (token, path) = (ticket["token"].as_str().expect("it"), ticket["path"].as_str().expect("it"));
        assert_eq!(path, format!("/files/{token}"));
    }
    let (mut sender, mut receiver) = (Browser::connect_to(door), Browser::connect_to(door));
    sender.sends(put(send["path"].as_str().expect("it"), "Content-Length: 5") + "hello");
    receiver.asks(&format!("GET {}", receive["path"].as_str().expect("it")));
    arrives(receiver, &mut sender);
    for page in [&mut alice, &mut bob] {
        let over = page.hears_a("system");
        assert_eq!((&over["event"], &over["id"]), (&json!("file_arrived"), &json!(1)), "{over}");
    }
}

#[test]
fn an_offer_that_ends_unanswered_is_told_to_a_page_with_its_number() {
    let mut chat = Chat::start(&[]);
    let mut page = Socket::connect(chat.door.port(), "chat.json");
    page.says(&json!({"type": "join", "room": "lobby", "user": "page"}).to_string());
    assert_eq!(page.hears_a("system")["event"], "welcome");
    for id in [1, 2] {
        chat.alice.says("/offer page 5 - x");
        assert_eq!(page.hears_a("system")["id"], id);
        chat.alice.says(&format!("/rejectfile {id}"));
        let over = page.hears_a("system");
        assert_eq!((&over["event"], &over["id"]), (&json!("file_failed"), &json!(id)), "{over}");
        assert_eq!(over["text"], "alice has cancelled 'x'.");
    }
}

#[test]
fn empty_files_and_chunks_of_any_size_arrive() {
    let mut chat = Chat::start(&[]);
    let file = random(100_000);
    for (size, chunk) in [(0, 1), (1, 1), (9, 1), (100_000, 7), (100_000, 4096), (100_000, 65_537)] {
        let paths = chat.agrees(size, &sha256(&file[..size]), "x");
        let mut receiver = chat.gets(&paths.receiving);
        let mut sender = chat.browser();
        sender.sends(put(&paths.sending, "Transfer-Encoding: chunked"));
        for chunk in file[..size].chunks(chunk) {
            sender.sends([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        sender.sends("0\r\n\r\n");
        assert!(download(&mut receiver).1 == file[..size], "{size} in pieces of {chunk}");
        assert_eq!(sender.reply().status, 204);
        chat.both_hear("bob has received 'x'.", "You have received 'x' from alice.");
    }
}

#[test]
fn a_file_goes_through_tls_in_both_directions() {
    goes_through_tls(1_000_000, false);
}

/// All of it is in one record, so the socket shows nothing more when the head is read.
#[test]
fn a_small_file_goes_through_tls_with_its_head() {
    goes_through_tls(3000, true);
}

#[track_caller]
fn goes_through_tls(size: usize, is_together: bool) {
    let certified = Certified::new("localhost");
    let (server, doors) = certified.server(&["https"], &[]);
    let (mut alice, mut bob) = (server.client("alice"), server.client("bob"));
    let file = random(size);
    alice.says(&format!("/offer bob {} {} x", file.len(), sha256(&file)));
    while !bob.next_line().expect("an offer").starts_with("[FILE REQUEST]") {}
    bob.says("/take");
    let (sending, receiving) = (token(&mut alice, "@file send "), token(&mut bob, "@file receive "));
    let (mut sender, mut receiver) = (certified.connect(doors[0]), certified.connect(doors[0]));
    receiver.sends(format!("GET /files/{receiving} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    let length = format!("Content-Length: {}", file.len());
    let arrived = thread::scope(|scope| {
        let sending = || {
            let head = put(&format!("/files/{sending}"), &length).into_bytes();
            if is_together {
                sender.sends(&[&head[..], &file].concat());
            } else {
                sender.sends(&head);
                sender.sends(&file);
            }
            sender.next_line()
        };
        let sending = thread::Builder::new().spawn_scoped(scope, sending).expect("a thread");
        let mut arrived = Vec::new();
        while !arrived.ends_with(&file[file.len() - 9..]) {
            let mut bytes = [0; 16 * 1024];
            let length = receiver.reads(&mut bytes);
            assert!(length > 0, "the file ends after {} bytes", arrived.len());
            arrived.extend(&bytes[..length]);
        }
        drop(receiver);
        assert_eq!(sending.join().expect("no panic").as_deref(), Some("HTTP/1.1 204 No Content\r"));
        arrived
    });
    assert!(arrived.ends_with(&file));
    alice.hears_at_last("bob has received 'x'.");
}
