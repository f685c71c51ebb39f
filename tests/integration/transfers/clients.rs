//! Two real clients, a real server, and files that arrive whole, in spite of everything, or not at all.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Agreed, Ticket, call, hears};
use crate::support::{FakeServer, Piped, Server, Terminal, server::eventually};

/// A sender's and a receiver's folder.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A file to send.
    #[track_caller]
    fn has(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    fn downloads(&self) -> PathBuf {
        self.0.path().join("down loads")
    }

    #[track_caller]
    fn received(&self, name: &str) -> Vec<u8> {
        fs::read(self.downloads().join(name)).expect("a file that was received")
    }

    /// What is in the folder for received files.
    #[track_caller]
    fn lists(&self, expected: &[&str]) {
        let entries = fs::read_dir(self.downloads()).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.expect("readable").file_name()).collect();
        names.sort();
        assert_eq!(names, expected);
    }
}

/// Bytes of every value, and not the same again and again.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)).to_le_bytes()[0]).collect()
}

/// A client of this name, who is in the chat.
#[track_caller]
fn client(server: &Server, name: &str, disk: &Disk, options: &[&str]) -> Piped {
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let options = [&["--nick", name, "--downloads", downloads], options].concat();
    let mut client = Piped::start(server.address().port(), &options);
    client.prints_at_last(&format!("Nickname changed to '{name}'."));
    client
}

fn typed(path: &Path) -> String {
    format!("/sendfile bob {}\n", path.display())
}

/// alice sends bob a file, and both clients have nothing else to do.
#[track_caller]
fn exchange(server: &Server, disk: &Disk, path: &Path) -> [(Option<i32>, String, String); 2] {
    let mut bob = client(server, "bob", disk, &[]);
    let mut alice = client(server, "alice", disk, &[]);
    alice.is_given(&typed(path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    bob.input = None;
    [alice.ends(), bob.ends()]
}

#[test]
fn a_file_arrives_whole_and_both_are_told() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let sent = bytes(1_000_000);
    let [alice, bob] = exchange(&server, &disk, &disk.has("all bytes.bin", &sent));
    assert!(disk.received("all bytes.bin") == sent);
    disk.lists(&["all bytes.bin"]);
    let (status, heard, said) = alice;
    assert_eq!(status, Some(0), "{said}");
    assert!(heard.contains("You offered 'all bytes.bin' (976.5 KiB) to bob."), "{heard}");
    assert!(heard.contains("\nbob accepts 'all bytes.bin'.\nbob has received 'all bytes.bin'.\n"), "{heard}");
    assert!(!heard.contains("@file"), "{heard}");
    let steps: Vec<_> = (1..=10).map(|tens| format!("all bytes.bin: {tens}0 %")).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), steps);
    let (status, heard, said) = bob;
    assert_eq!(status, Some(0), "{said}");
    assert!(heard.contains("You have received 'all bytes.bin' from alice.\n"), "{heard}");
    assert!(!heard.contains("@file"), "{heard}");
    assert!(said.starts_with("Receiving 'all bytes.bin' (976.5 KiB) from alice.\n"), "{said}");
    assert!(
        said.contains(&format!("Saved as {}.\n", disk.downloads().join("all bytes.bin").display())),
        "{said}"
    );
}

#[test]
fn empty_files_and_names_with_spaces_and_emoji_arrive() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    for (name, bytes) in [("empty", &b""[..]), ("my  cat 😄.jpg", b"\0"), ("ünïcödé (1).txt", b"x\n")] {
        let [alice, bob] = exchange(&server, &disk, &disk.has(name, bytes));
        assert_eq!((alice.0, bob.0), (Some(0), Some(0)), "{} {}", alice.2, bob.2);
        assert_eq!(disk.received(name), bytes);
    }
}

#[test]
fn a_second_file_of_the_same_name_gets_a_number() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    for text in ["one", "two"] {
        exchange(&server, &disk, &disk.has("x.txt", text.as_bytes()));
    }
    assert_eq!(disk.received("x.txt"), b"one");
    assert_eq!(disk.received("x (1).txt"), b"two");
}

#[test]
fn a_hidden_file_arrives_in_the_open() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    exchange(&server, &disk, &disk.has(".profile", b"x"));
    disk.lists(&["_profile"]);
}

#[test]
fn a_client_can_accept_whatever_is_offered() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let mut bob = client(&server, "bob", &disk, &["--accept-files"]);
    let names = ["a", "b", "c"];
    let senders = names.map(|name| {
        let mut sender = client(&server, &format!("sender_{name}"), &disk, &[]);
        sender.is_given(&typed(&disk.has(name, name.as_bytes())));
        sender.input = None;
        sender
    });
    for sender in senders {
        assert_eq!(sender.ends().0, Some(0));
    }
    disk.lists(&names);
    bob.input = None;
    assert_eq!(bob.ends().0, Some(0));
}

#[test]
fn what_is_not_sent_is_said_and_the_status_tells() {
    let (server, disk) = (Server::start(&["--max-file-size", "10"]), Disk::new());
    let _bob = client(&server, "bob", &disk, &[]);
    let refused = |line: &str| {
        let mut alice = client(&server, "alice", &disk, &[]);
        alice.is_given(line);
        alice.input = None;
        let (status, heard, said) = alice.ends();
        assert_eq!(status, Some(1), "{said}");
        assert!(said.ends_with("chat_client: a file did not arrive\n"), "{said}");
        heard + &said
    };
    let large = disk.has("large", &[0; 11]);
    assert!(refused(&typed(&large)).contains("File too large (max 10 B)."));
    assert!(refused("/sendfile bob /no/such/file\n").contains("Cannot send '/no/such/file': No such file"));
    assert!(refused("/sendfile bob /\n").contains("Cannot send '/': it is not an ordinary file."));
    assert!(refused("/sendfile b@b x\n").contains("Nobody can be called 'b@b'."));
    let path = disk.has("small", b"x");
    let to_nobody = format!("/sendfile nobody {}", path.display());
    assert!(refused(&to_nobody).contains("User 'nobody' not found."));
}

#[test]
fn who_is_refused_is_told_and_the_status_tells() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    alice.is_given(&typed(&disk.has("x", b"x")));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/rejectfile\n");
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(heard.ends_with("bob has rejected 'x'.\n"), "{heard}");
}

#[test]
fn a_file_that_has_changed_since_it_was_offered_does_not_arrive() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    let path = disk.has("x", b"x");
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    fs::write(path, "xy").expect("a file");
    bob.is_given("/acceptfile\n");
    bob.input = None;
    let (status, heard, said) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(
        heard.contains("Sending 'x' to bob has failed: the file has changed since it was offered.\n"),
        "{heard}"
    );
    assert!(said.contains("Cannot send ") && said.contains("it has changed since it was offered."), "{said}");
    let (status, heard, _) = bob.ends();
    assert_eq!(status, Some(1));
    assert!(heard.contains("Receiving 'x' from alice has failed: the file has changed"), "{heard}");
    disk.lists(&[]);
}

/// A client whose disk takes files of so many kilobytes and no larger ones: as far as it can tell, the
/// disk is full.
#[track_caller]
fn client_with_a_small_disk(server: &Server, name: &str, disk: &Disk, kilobytes: usize) -> Piped {
    let mut command = Command::new("bash");
    // Without the trap, the system would end the program instead of refusing to write.
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_chat_client")]);
    command.args(["--port", &server.address().port().to_string(), "--nick", name]);
    let mut client = Piped::spawn(command.arg("--downloads").arg(disk.downloads()));
    client.prints_at_last(&format!("Nickname changed to '{name}'."));
    client
}

#[test]
fn a_full_disk_is_told_to_both_and_later_only_the_rest_is_sent() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    let sent = bytes(1 << 20);
    let path = disk.has("x.bin", &sent);
    let mut bob = client_with_a_small_disk(&server, "bob", &disk, 512);
    let mut alice = client(&server, "alice", &disk, &[]);
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    bob.input = None;
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(heard.contains("\nSending 'x.bin' to bob has failed: the receiver's disk is full.\n"), "{heard}");
    let (status, _, said) = bob.ends();
    assert_eq!(status, Some(1));
    assert!(
        said.contains("What has arrived is in ") && said.contains("x.bin.part; if the same file"),
        "{said}"
    );
    assert_eq!(disk.received("x.bin.part"), sent[..512 << 10]);

    let [(_, _, alice_said), (status, _, bob_said)] = exchange(&server, &disk, &path);
    assert_eq!(status, Some(0), "{bob_said}");
    assert!(disk.received("x.bin") == sent);
    disk.lists(&["x.bin"]);
    for said in [alice_said, bob_said] {
        assert!(!said.contains(": 40 %") && said.contains(": 60 %"), "only the rest was sent: {said}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_to_both() {
    let (server, disk) = (Server::start(&[]), Disk::new());
    disk.has("down loads", b"a file where the folder should be");
    let [(_, heard, _), (status, _, said)] = exchange(&server, &disk, &disk.has("x", b"x"));
    assert!(
        heard.contains("Sending 'x' to bob has failed: the receiver cannot write the file.\n"),
        "{heard}"
    );
    assert_eq!(status, Some(1));
    assert!(said.contains("'x' was not received: it cannot be written: "), "{said}");
}

#[test]
fn who_is_cut_off_in_the_middle_goes_on_from_there() {
    let (server, disk) = (Server::start(&["--max-file-size", "0"]), Disk::new());
    // More than the sockets between them can hold.
    let sent = bytes(32 << 20);
    let path = disk.has("x.bin", &sent);
    let mut carol = server.client("carol");
    let (mut alice, mut bob) = (client(&server, "alice", &disk, &[]), client(&server, "bob", &disk, &[]));
    alice.is_given(&typed(&path));
    alice.input = None;
    bob.prints_request();
    bob.is_given("/acceptfile\n");
    let part = disk.downloads().join("x.bin.part");
    eventually("something has arrived", || part.metadata().is_ok_and(|part| part.len() > 0));
    kill_process(Pid::from_child(&bob.child), Signal::KILL).expect("it is running");
    let (status, heard, _) = alice.ends();
    assert_eq!(status, Some(1));
    // Two connections are gone, and the server may see either first.
    let is_told = [
        "'x.bin' is cancelled: bob has left.",
        "Sending 'x.bin' to bob has failed: bob's connection broke off.",
    ];
    assert!(is_told.iter().any(|line| heard.contains(line)), "{heard}");
    disk.lists(&["x.bin.part"]);
    drop(bob);
    // Then the name is free again.
    carol.hears_at_last("bob has left the chat.");

    let [_, (status, _, said)] = exchange(&server, &disk, &path);
    assert_eq!(status, Some(0), "{said}");
    assert!(disk.received("x.bin") == sent);
    disk.lists(&["x.bin"]);
}

/// alice, who says by hand what a client would say, offers bob's client this and sends that.
struct ByHand {
    server: Server,
    alice: crate::support::Peer,
    disk: Disk,
}

impl ByHand {
    fn new() -> Self {
        let server = Server::start(&[]);
        let alice = server.client("alice");
        Self { server, alice, disk: Disk::new() }
    }

    /// The line with which bob's client begins, and what it says in the end.
    #[track_caller]
    fn sends(&mut self, offer: &str, start: &str, bytes: &[u8]) -> (String, String) {
        let mut bob = client(&self.server, "bob", &self.disk, &[]);
        self.alice.says(&format!("/offer bob {offer}"));
        bob.prints_request();
        bob.is_given("/acceptfile\n");
        bob.input = None;
        let mut sender = Ticket::told(&self.server, &mut self.alice, "@file send ").call("");
        let mut kept = String::new();
        std::io::BufRead::read_line(&mut sender, &mut kept).expect("a line");
        sender.get_mut().write_all(&[start.as_bytes(), b"\n", bytes].concat()).expect("the server takes it");
        drop(sender);
        (kept, bob.ends().2)
    }
}

/// The SHA-256 of `abc`, and that of nothing.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING: &str = super::DIGEST;

#[test]
fn what_is_not_what_was_offered_is_thrown_away_and_both_are_told() {
    let mut test = ByHand::new();
    let (kept, said) = test.sends(&format!("3 {ABC} x"), "from 0", b"abd");
    assert_eq!(kept, format!("from 0 {NOTHING}\n"));
    assert!(said.contains("'x' was not received: what has arrived is not what was offered.\n"), "{said}");
    test.alice
        .hears_at_last("Sending 'x' to bob has failed: what arrived is not what was offered (SHA-256).");
    test.disk.lists(&[]);
}

#[test]
fn a_sender_that_breaks_off_can_go_on_later() {
    let mut test = ByHand::new();
    let (_, said) = test.sends(&format!("6 {ABC} x"), "from 0", b"abc");
    assert!(said.contains("the connection ended too early. What has arrived is in "), "{said}");
    assert_eq!(test.disk.received("x.part"), b"abc");
    // Another file of the same name: the receiver says what it has, and the sender wants to begin anew.
    let (kept, _) = test.sends(&format!("4 {ABC} x"), "from 0", b"ab");
    assert_eq!(kept, format!("from 3 {ABC}\n"));
    assert_eq!(test.disk.received("x.part"), b"abc", "it may be needed yet");
    assert_eq!(test.disk.received("x (1).part"), b"ab");
    // That one is the newest now.
    let (_, said) = test.sends(&format!("3 {ABC} x"), "from 2", b"c");
    assert!(said.contains("Saved as "), "{said}");
    assert_eq!(test.disk.received("x"), b"abc");
    test.disk.lists(&["x", "x.part"]);
}

#[test]
fn a_server_can_neither_name_a_file_nor_send_one_that_was_not_accepted() {
    let (fake, disk) = (FakeServer::start(), Disk::new());
    let downloads = disk.downloads();
    let mut bob = Piped::start(fake.port(), &["--downloads", downloads.to_str().expect("a plain name")]);
    let mut server = fake.welcome();
    let token = "0".repeat(32);
    let port = fake.port();
    let cue = |name: &str| format!("@file receive 1 {port} {token} 3 {ABC} eve {name}");
    server.says(&cue("x"));
    server.says("now");
    bob.prints_at_last("now");
    bob.is_given("/acceptfile\n");
    server.hears("/take");
    for name in ["../x", "/tmp/x", ".x", "a\\b", "nul", "x\u{202e}y.part"] {
        server.says(&cue(name));
    }
    server.says("@file of a newer kind");
    server.says("[FILE REQUEST] @file not-taken");
    server.says("the end");
    bob.prints_at_last("[FILE REQUEST] @file not-taken");
    bob.prints_at_last("the end");
    // Now it is called, for what was accepted.
    server.says(&cue("good"));
    let mut file = fake.accept();
    file.hears(&token);
    file.hears(&format!("from 0 {NOTHING}"));
    file.sends(b"from 0\nabc");
    file.hears("received");
    assert_eq!(disk.received("good"), b"abc");
    disk.lists(&["good"]);
    drop((file, server));
    let said = bob.ends().2;
    assert!(said.starts_with("The server wants to send a file that was not accepted: ignored.\n"), "{said}");
}

#[test]
fn a_server_cannot_have_a_file_that_was_not_offered() {
    let fake = FakeServer::start();
    let mut alice = Piped::start(fake.port(), &[]);
    let mut server = fake.welcome();
    server.says(&format!("@file offered 1 {ABC}"));
    server.says(&format!("@file send 1 {} {}", fake.port(), "0".repeat(32)));
    server.says("the end");
    alice.prints_at_last("the end");
    alice.input = None;
    // The next it hears is the end; had it called, that call would be in front of this one.
    server.hears_the_end();
    let last = call(([127, 0, 0, 1], fake.port()).into());
    let mut first = fake.accept();
    drop(last);
    first.hears_the_end();
}

#[test]
fn a_server_that_knows_nothing_of_files_is_not_waited_for() {
    let (fake, disk) = (FakeServer::start(), Disk::new());
    let mut alice = Piped::start(fake.port(), &[]);
    let mut server = fake.welcome();
    alice.is_given(&typed(&disk.has("abc", b"abc")));
    alice.input = None;
    server.hears(&format!("/offer bob 3 {ABC} abc"));
    server.says("Unknown command: /offer. Type /help for available commands.");
    server.hears_the_end();
    drop(server);
    let (status, _, said) = alice.ends();
    assert_eq!(status, Some(1));
    assert!(said.starts_with("This server cannot carry files.\n"), "{said}");
}

#[test]
fn on_a_terminal_a_bar_in_the_prompt_shows_how_far_a_file_has_come() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let mut bob = Terminal::start(server.address().port(), &["--nick", "bob", "--downloads", downloads]);
    bob.shows_prompt("[lobby] bob> ");
    let mut alice = server.client("alice");
    alice.says(&format!("/offer bob 6 {ABC} x"));
    bob.shows_above(&["[FILE REQUEST] alice wants to send x (6 B). Type /acceptfile or /rejectfile."]);
    bob.types("/acc\tnot yet\x15/acceptfile\r");
    let mut sender = Ticket::told(&server, &mut alice, "@file send ").call("");
    hears(&mut sender, &format!("from 0 {NOTHING}"));
    sender.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
    bob.shows_prompt("[lobby #####.....  50 %] bob> ");
    bob.types("half-typed");
    bob.shows_prompt("[lobby #####.....  50 %] bob> half-typed");
    drop(sender);
    bob.shows("What has arrived is in ");
    bob.shows_prompt("[lobby] bob> half-typed");
    assert!(!bob.contents().contains("@file"), "{}", bob.contents());
}

#[test]
fn who_reconnects_gets_the_rest() {
    let server = Server::start(&[]);
    let port = server.address().port();
    let disk = Disk::new();
    let downloads = disk.downloads();
    let downloads = downloads.to_str().expect("a plain name");
    let mut bob = Terminal::start(port, &["--nick", "bob", "--downloads", downloads]);
    bob.shows_prompt("[lobby] bob> ");
    let accepts = |bob: &mut Terminal, server: &Server, size: usize| {
        let mut alice = server.client("alice");
        alice.says(&format!("/offer bob {size} {ABC} x"));
        bob.shows(&format!("({size} B). Type /acceptfile or /rejectfile."));
        bob.types("/acceptfile\r");
        let sending = Ticket::told(server, &mut alice, "@file send ").call("");
        (alice, sending)
    };
    let (alice, mut sending) = accepts(&mut bob, &server, 6);
    hears(&mut sending, &format!("from 0 {NOTHING}"));
    sending.get_mut().write_all(b"from 0\nabc").expect("the server takes it");
    bob.shows_prompt("[lobby #####.....  50 %] bob> ");
    server.signal(Signal::KILL);
    server.ends();
    bob.shows("What has arrived is in ");
    drop((alice, sending));
    let server = Server::start_on(port, &[]);
    bob.shows("Connected again.");
    bob.shows_prompt("[lobby] bob> ");
    let (mut alice, mut sending) = accepts(&mut bob, &server, 3);
    hears(&mut sending, &format!("from 3 {ABC}"));
    sending.get_mut().write_all(b"from 3\n").expect("the server takes it");
    alice.hears_at_last("bob has received 'x'.");
    assert_eq!(disk.received("x"), b"abc");
}

#[test]
fn on_a_terminal_a_file_is_offered_with_tab_and_enter() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let path = disk.has("my notes.txt", b"abc");
    let mut alice = Terminal::start(server.address().port(), &["--nick", "alice"]);
    alice.shows_prompt("[lobby] alice> ");
    let mut bob = server.client("bob");
    let folder = path.parent().expect("a folder").display().to_string();
    alice.types(&format!("/sendf\tbo\t{folder}/my\t\r"));
    alice.shows("You offered 'my notes.txt' (3 B) to bob. The offer stands for 300 s.");
    bob.hears("[FILE REQUEST] alice wants to send my notes.txt (3 B). Type /acceptfile or /rejectfile.");
    alice.types("/acceptfile x\r");
    alice.shows("Usage: /acceptfile [id]");
    alice.types("/sendfile bob /no/such/file\r");
    alice.shows("Cannot send '/no/such/file': No such file");
}

#[test]
fn a_person_on_nc_can_refuse_and_is_told_what_would_be_needed_to_accept() {
    let server = Server::start(&[]);
    let disk = Disk::new();
    let mut bob = server.client("bob");
    let mut alice = client(&server, "alice", &disk, &[]);
    alice.is_given(&typed(&disk.has("x", b"x")));
    bob.hears_at_last("[FILE REQUEST] alice wants to send x (1 B). Type /acceptfile or /rejectfile.");
    bob.says("/acceptfile");
    bob.hears(
        "Files are received with chat_client: it can write them, and the server cannot. To refuse one, type /rejectfile.",
    );
    bob.says("/rejectfile");
    bob.hears("You have rejected 'x' from alice.");
    alice.prints_at_last("bob has rejected 'x'.");
    bob.hears_nothing();
}

#[test]
fn while_a_file_waits_for_its_receiver_both_go_on_chatting() {
    let server = Server::start(&[]);
    let Agreed { mut alice, mut bob, sending, .. } = Agreed::on(&server, 5);
    let _sender = sending.call("");
    alice.says("hello");
    alice.hears("[lobby] alice: hello");
    bob.hears("[lobby] alice: hello");
}
