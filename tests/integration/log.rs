//! What the server logs, and that the chat does not wait for the log.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use jiff::Timestamp;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    Server,
    server::{command, eventually, run},
};

/// A folder for a log.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("logs")
    }

    #[track_caller]
    fn server(&self, options: &[&str]) -> Server {
        let folder = self.path();
        let folder = ["--log-dir", folder.to_str().expect("a name in UTF-8")];
        Server::start(&[&folder, options].concat())
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        files
    }

    /// The text of all files: midnight may come during a test.
    fn text(&self) -> String {
        self.files().iter().map(|file| fs::read_to_string(file).expect("a log")).collect()
    }

    /// The lines without their times.
    #[track_caller]
    fn lines(&self) -> Vec<String> {
        let text = self.text();
        assert!(text.ends_with('\n'), "whole lines only");
        text.lines().map(without_time).collect()
    }
}

#[track_caller]
fn without_time(line: &str) -> String {
    let (time, what) = line.split_once(' ').expect("a time and something that happened");
    let time: Timestamp = time.parse().expect("an ISO timestamp with its offset");
    assert!((Timestamp::now().as_second() - time.as_second()).abs() < 3600, "{line}");
    what.to_owned()
}

#[track_caller]
fn stop(server: Server) {
    server.signal(Signal::TERM);
    assert_eq!(server.ends().code(), Some(0));
}

/// The lines about a user, without addresses.
fn about(lines: &[String], nick: &str) -> Vec<String> {
    let own = lines.iter().filter(|line| line.contains(&format!(" nick={nick}")));
    own.map(|line| match line.split_once(" address=127.0.0.1:") {
        Some((before, after)) => {
            format!("{before} address={}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.clone(),
    })
    .collect()
}

#[test]
fn everything_that_happened_is_in_the_log_after_a_stop() {
    let folder = Folder::new();
    let server = folder.server(&[]);
    let mut alice = server.client("alice");
    let mut bob = server.client("bob");
    alice.says("hello \"bob\" :smile:");
    alice.hears_at_last("[lobby] alice: hello \"bob\" 😄");
    alice.says("/w bob a secret");
    bob.hears_at_last("[Whisper from alice]: a secret");
    for line in ["/join ops", "/topic tea", "/whois bob", "/quit"] {
        alice.says(line);
    }
    alice.hears_at_last("Goodbye!");
    alice.hears_the_end();
    bob.hears_at_last("alice has left the room.");
    stop(server);

    let lines = folder.lines();
    assert!(lines[0].starts_with("INFO log started version="), "{}", lines[0]);
    assert_eq!(lines[1].split(':').next(), Some("INFO connect room=lobby nick=guest_1 address=127.0.0.1"));
    assert_eq!(
        lines[2..4],
        [
            "INFO command room=lobby nick=guest_1 verb=/nick user=alice",
            "INFO rename room=lobby nick=guest_1 new=alice",
        ]
    );
    assert_eq!(
        about(&lines, "alice"),
        [
            r#"INFO message room=lobby nick=alice text="hello \"bob\" 😄""#,
            "INFO whisper room=lobby nick=alice to=bob",
            "INFO command room=lobby nick=alice verb=/join about=ops",
            "INFO leave room=lobby nick=alice",
            "INFO join room=ops nick=alice",
            "INFO command room=ops nick=alice verb=/topic",
            r#"NOTICE did room=ops nick=alice address= what="alice has set the topic: tea""#,
            "INFO command room=ops nick=alice verb=/whois user=bob",
            "INFO command room=ops nick=alice verb=/quit",
            r#"INFO disconnect room=ops nick=alice address= reason="quit""#,
        ]
    );
    assert_eq!(
        about(&lines, "bob"),
        [r#"INFO disconnect room=lobby nick=bob address= reason="server stopping""#]
    );
    assert_eq!(lines.last().map(String::as_str), Some("INFO log stopped"));
    assert!(!folder.text().contains("a secret"));
}

#[test]
fn a_second_server_with_the_same_log_folder_is_refused() {
    let folder = Folder::new();
    let first = folder.server(&[]);
    let (status, out, err) = run(command().args(["--port", "0", "--log-dir"]).arg(folder.path()));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("another server has its log there"), "{err}");
    stop(first);
    stop(folder.server(&[]));
}

#[test]
fn the_file_is_named_after_the_day_and_only_its_owner_may_read_it() {
    let folder = Folder::new();
    stop(folder.server(&[]));
    for file in folder.files() {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        let date = name.strip_prefix("chat_").and_then(|rest| rest.strip_suffix(".log"));
        date.expect("its form").parse::<jiff::civil::Date>().expect("a date");
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_text_of_whispers_and_the_addresses_are_logged_as_the_options_say() {
    let folder = Folder::new();
    let server = folder.server(&["--log-whispers", "--no-log-addresses"]);
    let mut alice = server.client("alice");
    alice.says("/w alice a secret");
    alice.hears_at_last("[Whisper to alice]: a secret");
    stop(server);
    let lines = folder.lines();
    assert!(lines.contains(&"INFO whisper room=lobby nick=alice to=alice text=\"a secret\"".into()));
    assert!(lines.contains(&"INFO connect room=lobby nick=guest_1".into()));
    assert!(!folder.text().contains("127.0.0.1"));
}

#[test]
fn the_reason_of_a_disconnect_is_what_happened() {
    let folder = Folder::new();
    let server = folder.server(&["--outbox-limit", "65536"]);
    let mut alice = server.client("alice");
    // To close with something unread would be a reset.
    let mut closes = server.client("closes");
    closes.half_closes();
    closes.rest();
    let is_gone = |count| folder.text().matches(" disconnect ").count() == count;
    eventually("one client is gone", || is_gone(1));
    // No client speaks now: a message to this client could fail before its session notices the reset.
    server.client("resets").resets();
    eventually("two clients are gone", || is_gone(2));
    let _slow = server.client("slow");
    let text = "x".repeat(1000);
    eventually("the slow one is cut", || {
        (0..200).for_each(|_| alice.says(&text));
        alice.catches_up();
        folder.text().contains("too slow to read")
    });
    let lines = folder.lines();
    let reason = |nick| {
        let about = about(&lines, nick);
        let last = about.last().expect("a line").split_once(" reason=").expect("a reason");
        (last.0.split(' ').next().expect("a level").to_owned(), last.1.to_owned())
    };
    assert_eq!(reason("closes"), ("INFO".into(), "\"closed the connection\"".into()));
    // Reading and writing may both be the first to notice it.
    let (level, why) = reason("resets");
    assert_eq!(level, "WARN");
    assert!(
        ["\"connection lost: connection reset\"", "\"connection lost: broken pipe\""].contains(&&*why),
        "{why}"
    );
    assert_eq!(reason("slow"), ("WARN".into(), "\"too slow to read\"".into()));
}

#[test]
fn no_user_can_forge_a_line_and_no_password_gets_into_one() {
    let folder = Folder::new();
    let server = folder.server(&["--log-whispers"]);
    let mut mallory = server.client("mallory");
    let forged = "2026-11-21T00:00:00.000+00:00 NOTICE did room=lobby nick=admin";
    mallory.sends(format!("x\r{forged}\n\u{2028}{forged}\u{85}\n\"\x1b[2J {forged}\\\n").as_bytes());
    for secret in [
        "/register hunter2hunter2",
        "/login mallory hunter2hunter2",
        "/login hunter2hunter2 mallory",
        "/passwd hunter2hunter2 hunter2xx",
        "/unregister hunter2",
        "/admin hunter2",
        "/REGISTER   hunter2",
        "/loginhunter2 alice",
        "/help hunter2",
        "/nick hunter2!",
    ] {
        mallory.says(secret);
    }
    mallory.catches_up();
    stop(server);
    assert!(!folder.text().contains("hunter2"), "{}", folder.text());
    for line in folder.lines() {
        let who = line.split_once(" nick=").and_then(|(_, rest)| rest.split(' ').next());
        assert!(matches!(who, None | Some("mallory" | "guest_1")), "{line}");
    }
}

#[test]
fn the_newest_files_have_all_lines_of_a_storm() {
    let folder = Folder::new();
    let server = folder.server(&["--log-max-size", "10000", "--log-keep", "4"]);
    let mut alice = server.client("alice");
    (0..2000).for_each(|n| alice.says(&format!("line {n}")));
    alice.catches_up();
    stop(server);
    let files = folder.files();
    assert_eq!(files.len(), 4, "{files:?}");
    let mut lines: Vec<(usize, String)> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a log");
        assert!(text.len() <= 10_000 && text.ends_with('\n'), "{}", file.display());
        let number = |line: &str| line.split_once("line ")?.1.trim_end_matches('"').parse().ok();
        lines.extend(text.lines().filter_map(|line| Some((number(line)?, line.to_owned()))));
    }
    lines.sort();
    let numbers: Vec<_> = lines.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (numbers[0]..2000).collect::<Vec<_>>());
}

#[test]
fn a_log_that_cannot_be_created_is_one_sentence_and_status_1() {
    let folder = Folder::new();
    fs::write(folder.path(), "a file").expect("a file");
    let (status, out, err) = run(command().args(["--port", "0", "--log-dir"]).arg(folder.path().join("log")));
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("chat_server: cannot write a log in '"), "{err}");
    assert_eq!(err.lines().count(), 1);
}

#[test]
fn an_option_of_the_log_without_a_log_is_a_usage_error() {
    let (status, _, err) = run(command().args(["--port", "0", "--log-whispers"]));
    assert_eq!(status, Some(2));
    assert!(err.contains("--log-dir"), "{err}");
}

/// The disk takes 64 kB of each file, the last of them half a line, and then is full.
#[test]
fn the_chat_goes_on_when_the_disk_of_the_log_is_full() {
    let folder = Folder::new();
    let mut small_disk = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    small_disk.args(["-c", script, env!("CARGO_BIN_EXE_chat_server"), "--port", "0", "--data", ":memory:"]);
    small_disk.arg("--log-dir").arg(folder.path()).env("CHAT_RATE", "0").env("CHAT_HISTORY_REPLAY", "0");
    small_disk.env("CHAT_NO_HTTP", "1");
    let server = Server::start_command(small_disk);
    let mut alice = server.client("alice");
    let text = "x".repeat(1000);
    eventually("it is reported", || {
        (0..5).for_each(|_| alice.says(&text));
        alice.catches_up();
        server.diagnostics().contains("cannot write the log")
    });
    alice.says("still here");
    alice.hears("[lobby] alice: still here");
    let full = folder.files();
    assert!(folder.lines().len() > 10, "whole lines are there");
    // The operator makes room.
    for file in full {
        fs::remove_file(file).expect("to remove it");
    }
    eventually("it is written again", || {
        alice.says("hello");
        alice.catches_up();
        server.diagnostics().contains("the log is written again")
    });
    stop_and_check(server, &folder);
}

#[track_caller]
fn stop_and_check(server: Server, folder: &Folder) {
    let diagnostics = server.diagnostics();
    assert_eq!(diagnostics.matches("cannot write the log").count(), 1, "{diagnostics}");
    assert_eq!(diagnostics.matches("the log is written again").count(), 1, "{diagnostics}");
    stop(server);
    let lines = folder.lines();
    assert!(lines[0].starts_with("WARN log missing lines="), "{}", lines[0]);
    assert_eq!(lines.last().map(String::as_str), Some("INFO log stopped"));
}

#[test]
fn the_removal_and_the_return_of_the_folder_are_each_reported_once() {
    let folder = Folder::new();
    let server = folder.server(&[]);
    let mut alice = server.client("alice");
    eventually("something is written", || Path::new(&folder.path()).exists() && !folder.text().is_empty());
    fs::remove_dir_all(folder.path()).expect("to remove it");
    eventually("it is noticed", || {
        alice.says("hello");
        alice.catches_up();
        server.diagnostics().contains("cannot write the log")
    });
    fs::create_dir(folder.path()).expect("to make it again");
    eventually("it is written again", || {
        alice.says("hello");
        alice.catches_up();
        server.diagnostics().contains("the log is written again")
    });
    stop_and_check(server, &folder);
}
