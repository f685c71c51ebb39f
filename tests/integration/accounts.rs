//! Accounts and administrators, with real sockets and a real file.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, thread};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    Peer, Server,
    server::{command, eventually, on_a_small_disk, run},
};

/// A data file that several servers use, one after the other.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    #[track_caller]
    fn server(&self, options: &[&str]) -> Server {
        let file = self.0.path().join("chat.db");
        Server::start(&[&["--data", file.to_str().expect("a name in UTF-8")], options].concat())
    }

    /// Everything in the folder.
    fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.0.path()).expect("a folder");
        files.flat_map(|file| fs::read(file.expect("a file").path()).expect("it can be read")).collect()
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some()
}

/// Says a line, and waits for the answer.
#[track_caller]
fn asks(peer: &mut Peer, line: &str, answer: &str) {
    peer.says(line);
    peer.hears_at_last(answer);
}

/// A server with an administrators' password.
#[track_caller]
fn administered(mut command: Command) -> Server {
    command.args(["--port", "0", "-vv"]).env("CHAT_ADMIN_PASSWORD", "open-sesame");
    Server::start_command(command)
}

#[test]
fn an_account_outlives_the_server() {
    let data = Data::new();
    let server = data.server(&[]);
    let mut alice = server.client("alice");
    asks(&mut alice, "/register correct-horse", "Registration successful.");
    asks(&mut alice, "/passwd correct-horse better-horse", "Password changed.");
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));

    let server = data.server(&[]);
    let mut bob = server.client("bob");
    asks(&mut bob, "/nick alice", "'alice' is registered. Use /login alice <password>.");
    asks(&mut bob, "/login alice correct-horse", "Invalid password.");
    asks(&mut bob, "/login alice better-horse", "Login successful.");
    bob.hears("Nickname changed to 'alice'.");
    asks(&mut bob, "/unregister better-horse", "Nickname 'alice' is no longer registered.");
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));

    let server = data.server(&[]);
    let mut carol = server.client("alice");
    asks(&mut carol, "/login alice better-horse", "Nickname not registered.");
}

#[test]
fn a_registration_survives_a_kill_right_after_it_was_acknowledged() {
    let data = Data::new();
    for n in 0..3 {
        let server = data.server(&[]);
        let name = format!("user{n}");
        let mut peer = server.client(&name);
        asks(&mut peer, "/register correct-horse", "Registration successful.");
        server.signal(Signal::KILL);
        server.ends();
    }
    let server = data.server(&[]);
    for n in 0..3 {
        let mut peer = server.connect();
        asks(&mut peer, &format!("/login user{n} correct-horse"), "Login successful.");
    }
}

#[test]
fn a_registration_that_a_full_disk_cannot_take_is_refused() {
    let data = Data::new();
    let server = Server::start_command(on_a_small_disk(&data.0.path().join("chat.db")));
    let mut alice = server.client("alice");
    let text = "x".repeat(1000);
    (0..200).for_each(|_| alice.says(&text));
    alice.catches_up();
    eventually("the disk is full", || server.diagnostics().contains("cannot save what is said"));
    asks(
        &mut alice,
        "/register correct-horse",
        "The change could not be saved and was undone. Try again later.",
    );
    asks(&mut alice, "/login alice correct-horse", "Nickname not registered.");
    server.signal(Signal::KILL);
    server.ends();
    let server = data.server(&[]);
    asks(&mut server.client("alice"), "/login alice correct-horse", "Nickname not registered.");
}

#[test]
fn only_one_of_three_clients_can_register_a_nickname_at_the_same_time() {
    let server = Server::start(&[]);
    let mut peers: Vec<_> = (0..3).map(|_| server.connect()).collect();
    let answers: Vec<_> = thread::scope(|scope| {
        let trying: Vec<_> = peers
            .iter_mut()
            .map(|peer| {
                let body = || {
                    peer.sends(b"/nick alice\n/register correct-horse\n");
                    peer.says("/barrier");
                    let mut heard = Vec::new();
                    while let Some(line) = peer.next_line().filter(|line| !line.contains("/barrier")) {
                        heard.push(line);
                    }
                    heard
                };
                thread::Builder::new().spawn_scoped(scope, body).expect("a thread")
            })
            .collect();
        trying.into_iter().flat_map(|trying| trying.join().expect("no panic")).collect()
    });
    let count = answers.iter().filter(|line| *line == "Registration successful.").count();
    assert_eq!(count, 1, "{answers:?}");
}

#[test]
fn five_log_ins_of_a_flood_are_tried_and_other_users_can_chat() {
    let server = Server::start(&["--presence-limit", "1", "--rate", "1000", "--burst", "1000"]);
    let mut bob = server.client("bob");
    let mut carol = server.client("carol");
    let mut thieves: Vec<_> = (0..30).map(|_| server.connect()).collect();
    for thief in &mut thieves {
        thief.sends(&b"/login alice wrong-horse\n".repeat(20));
        thief.half_closes();
    }
    for n in 0..100 {
        bob.says(&format!("line {n}"));
        carol.hears(&format!("[lobby] bob: line {n}"));
        bob.hears(&format!("[lobby] bob: line {n}"));
    }
    let answers: Vec<_> = thieves.iter_mut().flat_map(Peer::rest).collect();
    let count = |words: &str| answers.iter().filter(|line| line.starts_with(words)).count();
    assert_eq!(count("Nickname not registered."), 5);
    assert_eq!(count("Too many attempts. Try again in "), 595);
}

#[test]
fn a_stop_does_not_wait_for_passwords() {
    let server = Server::start(&[]);
    let mut peers: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for peer in &mut peers {
        peer.catches_up();
        peer.says("/login alice wrong-horse");
    }
    server.signal(Signal::TERM);
    for peer in &mut peers {
        peer.hears_at_last("Server shutting down.");
    }
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn a_password_is_in_no_message_log_or_file() {
    let data = Data::new();
    let mut command = command();
    command.arg("--data").arg(data.0.path().join("chat.db"));
    let server = administered(command);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.catches_up();
    asks(&mut alice, "/register first-secret", "Registration successful.");
    asks(&mut alice, "/passwd first-secret second-secret", "Password changed.");
    asks(&mut alice, "/login alice third-secret", "Invalid password.");
    asks(&mut bob, "/admin open-sesame", "Admin privileges granted.");
    asks(
        &mut alice,
        " /login alice second-secret",
        "This line was not sent, because it contains a password. Start the line with /login.",
    );
    asks(
        &mut alice,
        "//LOGIN alice second-secret",
        "This line was not sent, because it contains a password. Start the line with /login.",
    );
    for line in ["/logn alice second-secret", "/loginalice second-secret"] {
        alice.says(line);
    }
    alice.catches_up();
    bob.hears_nothing();
    asks(&mut bob, "/history", "'lobby' has no history.");
    drop((alice, bob));
    let said = server.diagnostics();
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
    for secret in ["-secret", "sesame"] {
        assert!(!said.contains(secret), "{said}");
        assert!(!contains(&data.bytes(), secret));
    }
}

#[test]
fn the_administrators_password_comes_from_the_environment_or_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("password");
    fs::write(&file, "from the file\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("our own file");
    let path = file.to_str().expect("a name in UTF-8");

    let server = administered(command());
    let mut alice = server.client("alice");
    asks(&mut alice, "/admin open-sesame", "Admin privileges granted.");

    let mut both = command();
    both.args(["--admin-password-file", path]);
    let server = administered(both);
    let mut bob = server.client("bob");
    asks(&mut bob, "/admin open-sesame", "Invalid admin password.");
    asks(&mut bob, "/admin from the file", "Admin privileges granted.");
    asks(&mut bob, "/mutelist", "No users are muted.");
}

#[test]
fn help_does_not_show_the_administrators_password() {
    let (status, help, _) = run(command().env("CHAT_ADMIN_PASSWORD", "open-sesame").arg("--help"));
    assert_eq!(status, Some(0));
    assert!(help.contains("CHAT_ADMIN_PASSWORD") && !help.contains("sesame"), "{help}");
}

#[test]
fn a_password_file_that_is_missing_or_empty_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (missing, empty) = (folder.path().join("missing"), folder.path().join("empty"));
    fs::write(&empty, "\n").expect("a file");
    for file in [missing, empty] {
        let (status, _, said) = run(command().args(["--port", "0", "--admin-password-file"]).arg(&file));
        let expected =
            format!("chat_server: cannot read the administrators' password from {}: ", file.display());
        assert_eq!(status, Some(1));
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[test]
fn a_password_file_that_others_can_read_is_warned_about() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("password");
    fs::write(&file, "from the file\n").expect("a file");
    for (mode, is_warned) in [(0o600, false), (0o644, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("our own file");
        let mut command = command();
        command.args(["--port", "0", "--admin-password-file"]).arg(&file);
        let said = Server::start_command(command).diagnostics();
        assert_eq!(said.contains(&format!("Run: chmod 600 {}\n", file.display())), is_warned, "{said}");
        assert!(!said.contains("from the file"), "{said}");
    }
}
