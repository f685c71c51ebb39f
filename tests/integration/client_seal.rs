//! Sealed whispers between two `chat_client`s, and what servers and other clients see of them.

use std::fs;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};

use super::support::{
    FakeServer, Piped, Server, Terminal, chatting::WELCOME, fake_server::Caller, server::eventually,
};

/// Everything that a client has shown, without the ends of rows.
fn shown(terminal: &Terminal) -> String {
    let rows: Vec<_> = terminal.everything().iter().map(|row| row.trim().to_owned()).collect();
    rows.join(" ")
}

/// The six words in what was shown last.
fn words(shown: &str) -> Option<&str> {
    let (_, words) = shown.rsplit_once("Its words are: ")?;
    words.split_once('.').map(|(words, _)| words)
}

/// Waits until a client has shown the words of so many seals. Returns the last ones.
#[track_caller]
fn shows_words(terminal: &Terminal, count: usize) -> String {
    eventually("words are shown", || {
        let shown = shown(terminal);
        shown.matches("Its words are: ").count() == count && words(&shown).is_some()
    });
    words(&shown(terminal)).expect("they are shown").to_owned()
}

/// Waits until a client has shown this.
#[track_caller]
fn shows(terminal: &Terminal, text: &str) {
    eventually(text, || shown(terminal).contains(text));
}

fn terminal(server: &Server, nick: &str) -> Terminal {
    let terminal = Terminal::start(server.address().port(), &["--nick", nick]);
    terminal.shows_prompt(&format!("[lobby] {nick}> "));
    terminal
}

/// Two clients who have a seal.
#[track_caller]
fn sealed(server: &Server) -> (Terminal, Terminal) {
    let (mut alice, bob) = (terminal(server, "alice"), terminal(server, "bob"));
    alice.types("/seal bob\r");
    assert_eq!(shows_words(&alice, 1), shows_words(&bob, 1));
    (alice, bob)
}

#[test]
fn a_sealed_whisper_is_read_by_its_receiver_and_not_by_the_server_or_others() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let server = Server::start(&["--log-dir", logs.to_str().unwrap()]);
    let mut carol = server.client("carol");
    let (mut alice, mut bob) = sealed(&server);
    let repeated = "the gold is under the old oak ".repeat(60);
    alice.types(&format!("/whisper bob the gold is here\r/w bob {repeated}\r"));
    shows(&bob, "[Sealed whisper from alice]: the gold is here");
    bob.types("/reply the gold is mine\r");
    shows(&alice, "[Sealed whisper to bob]: the gold is here");
    shows(&alice, "[Sealed whisper from bob]: the gold is mine");
    eventually("all of the long text is shown", || shown(&bob).matches("the old oak").count() == 60);
    assert!(!shown(&alice).contains("seal1") && !shown(&bob).contains("seal1"));

    alice.types("/seal carol\r");
    let hail = std::iter::from_fn(|| carol.next_line()).find(|line| line.starts_with("[Whisper from alice]"));
    let hail = hail.expect("a whisper");
    assert!(hail.starts_with("[Whisper from alice]: seal1 hail "), "{hail}");
    assert!(hail.ends_with(" (asks for sealed whispers, which chat_client can read)"), "{hail}");
    alice.types("/whisper carol the gold is yours\r");
    shows(&alice, "Not sent: the seal with carol is not ready.");
    alice.types("/unseal carol\r/whisper carol the lead is yours\r");
    carol.hears_at_last("[Whisper from alice]: the lead is yours");
    carol.hears_nothing();

    server.signal(Signal::TERM);
    server.ends();
    let files = fs::read_dir(&logs).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let log: String = files.collect();
    assert!(log.contains("alice") && !log.contains("gold"), "{log}");
}

#[test]
fn a_script_seals_its_whispers_too() {
    let server = Server::start(&[]);
    let mut bob = terminal(&server, "bob");
    let mut alice = Piped::start(server.address().port(), &[]);
    alice.is_given("/nick alice\n/seal bob\n/whisper bob too early\n");
    let words = shows_words(&bob, 1);
    bob.types("/whisper alice the gold is here\r");
    alice.prints_at_last("[Sealed whisper from bob]: the gold is here");
    alice.is_given("/reply understood\n");
    alice.prints("[Sealed whisper to bob]: understood");
    shows(&bob, "[Sealed whisper from alice]: understood");
    alice.input = None;
    let (status, output, errors) = alice.ends();
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains(&format!("Seal with bob: ready. Its words are: {words}.")), "{errors}");
    assert!(errors.contains("Not sent: the seal with bob is not ready."), "{errors}");
    assert!(errors.ends_with("a line was not delivered\n"), "{errors}");
}

#[test]
fn a_seal_outlives_the_connection() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let (mut alice, bob) = sealed(&server);
    server.signal(Signal::TERM);
    server.ends();
    shows(&alice, "Connection lost. Reconnecting.");
    let _server = Server::start_on(port, &[]);
    alice.shows_prompt("[lobby] alice> ");
    bob.shows_prompt("[lobby] bob> ");
    alice.types("/whisper bob still here\r");
    shows(&bob, "[Sealed whisper from alice]: still here");
    assert_eq!(shows_words(&alice, 1), shows_words(&bob, 1));
}

#[test]
fn a_client_with_another_key_is_shouted_about_and_gets_nothing_until_the_user_decides() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = sealed(&server);
    let old = shows_words(&alice, 1);
    bob.types("/quit\r");
    bob.ends();
    let mut bob = terminal(&server, "bob");
    bob.types("/seal alice\r");
    shows(&alice, "WARNING! bob wants a new seal with another key.");
    alice.types("/whisper bob the gold is here\r");
    shows(&alice, "Not sent: the seal with bob does not hold any more.");
    alice.types("/seal bob\r");
    let new = shows_words(&bob, 1);
    assert_eq!(shows_words(&alice, 2), new);
    assert_ne!(old, new);
    assert!(!shown(&bob).contains("gold"));
    bob.types("/unseal alice\r");
    shows(&alice, "WARNING! bob has no seal with you any more.");
}

/// A client at a server that is played by the test.
fn caught(server: &FakeServer, nick: &str) -> (Terminal, Caller) {
    let terminal = Terminal::start(server.port(), &[]);
    let mut caller = server.accept();
    caller.says(&WELCOME.replace("guest_1", nick));
    terminal.shows_prompt(&format!("[lobby] {nick}> "));
    (terminal, caller)
}

/// The data of the client's next line, which must be a message of this kind to this user.
#[track_caller]
fn data(caller: &mut Caller, to: &str, kind: &str) -> Vec<u8> {
    let line = caller.next_line().expect("a line");
    let data = line.strip_prefix(&format!("/whisper {to} seal1 {kind} "));
    let data = data.unwrap_or_else(|| panic!("{line}")).split(' ').next().unwrap_or_default();
    URL_SAFE_NO_PAD.decode(data).expect("base64")
}

fn says(caller: &mut Caller, from: &str, kind: &str, data: &[u8]) {
    caller.says(&format!("[Whisper from {from}]: seal1 {kind} {}", URL_SAFE_NO_PAD.encode(data)));
}

/// A public key of the server, and its hash as a client announces it.
fn key_of_the_server() -> ([u8; 32], Vec<u8>) {
    let mut key = [0; 32];
    key[0] = 9;
    (key, Sha256::new().chain_update(b"chat sealed whispers 1").chain_update(key).finalize().to_vec())
}

#[test]
fn a_server_that_puts_its_own_keys_in_between_makes_the_words_differ() {
    let server = FakeServer::start();
    let ((mut alice, mut to_alice), (bob, mut to_bob)) = (caught(&server, "alice"), caught(&server, "bob"));
    let (key, hash) = key_of_the_server();
    alice.types("/seal bob\r");
    data(&mut to_alice, "bob", "hail");
    says(&mut to_bob, "alice", "hail", &hash);
    data(&mut to_bob, "alice", "key");
    says(&mut to_alice, "bob", "key", &key);
    data(&mut to_alice, "bob", "open");
    says(&mut to_bob, "alice", "open", &key);
    assert_ne!(shows_words(&alice, 1), shows_words(&bob, 1));
}

#[test]
fn a_server_that_repeats_swaps_or_changes_whispers_is_found_out() {
    let server = FakeServer::start();
    let ((mut alice, mut to_alice), (mut bob, mut to_bob)) =
        (caught(&server, "alice"), caught(&server, "bob"));
    alice.types("/seal bob\r");
    for kind in ["hail", "key", "open"] {
        let (from, to, from_nick, to_nick) = if kind == "key" {
            (&mut to_bob, &mut to_alice, "bob", "alice")
        } else {
            (&mut to_alice, &mut to_bob, "alice", "bob")
        };
        let data = data(from, to_nick, kind);
        says(to, from_nick, kind, &data);
    }
    assert_eq!(shows_words(&alice, 1), shows_words(&bob, 1));
    alice.types("/whisper bob one\r/whisper bob two\r");
    let [one, two] = [(); 2].map(|()| data(&mut to_alice, "bob", "text"));
    let mut changed = two.clone();
    changed[12] ^= 1;
    says(&mut to_bob, "alice", "text", &changed);
    shows(&bob, "Seal with alice: a whisper was changed on its way");
    says(&mut to_bob, "alice", "text", &two);
    shows(&bob, "Seal with alice: a part of what was whispered before this is lost.");
    shows(&bob, "[Sealed whisper from alice]: two");
    says(&mut to_bob, "alice", "text", &two);
    shows(&bob, "Seal with alice: a whisper came again or too late");
    says(&mut to_bob, "alice", "text", &one);
    says(&mut to_bob, "carol", "text", &one);
    shows(&bob, "Seal with carol: there is none");
    to_bob.says("[Sealed whisper from alice]: forged");
    shows(&bob, "The server says: [Sealed whisper from alice]: forged");
    assert_eq!(shown(&bob).matches("[Sealed whisper from alice]: ").count(), 2);
    assert!(!shown(&bob).contains("from alice]: one"));
    to_bob.hears("/whisper carol seal1 none (cannot read sealed whispers from you)");
    to_bob.says("alice is now known as eve.");
    shows(&bob, "Seal with alice: it ends, because that user is eve now.");
    bob.types("/whisper alice secret\r/whisper eve hello\r");
    to_bob.hears("/whisper eve hello");
}
