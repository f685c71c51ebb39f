//! The log without its thread and without a clock: facts go in, files come out.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::tz::{TimeZone, offset};
use tempfile::TempDir;

use super::*;
use crate::{
    command::{About, Asked},
    ending::Ending,
    event::{Event, account::AccountEvent},
    fact::{Deed, Fact},
    names::{Network, Nick, Room},
    text::Text,
};

mod thread;

/// The midnight before 22 November 2026 in the time zone of these tests, in seconds.
const MIDNIGHT: u64 = 1_795_302_000;

const DAY: u64 = 24 * 60 * 60;

/// A folder, and the log in it.
struct Diary {
    folder: TempDir,
    max_size: Option<u64>,
    keep: Option<usize>,
    addresses: bool,
    batch: Option<Batch>,
}

impl Diary {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, max_size: None, keep: None, addresses: true, batch: None }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("log").join(file)
    }

    /// Opens the log, also after a stop.
    fn open(&mut self) -> &mut Batch {
        self.batch = None;
        let (folder, zone) = (self.path(""), TimeZone::fixed(offset(1)));
        let rotation = Rotation::new(folder, self.max_size, self.keep).unwrap();
        self.batch.insert(Batch::new(rotation, zone, self.addresses))
    }

    /// Writes facts in one batch.
    fn write(&mut self, facts: &[Fact]) {
        if self.batch.is_none() {
            self.open();
        }
        let batch = self.batch.as_mut().unwrap();
        for fact in facts {
            batch.write(fact);
        }
        batch.flush();
    }

    /// The names of the files, sorted.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// The messages in a file.
    fn texts(&self, file: &str) -> Vec<String> {
        let text = |line: &str| line.split_once(" text=").map_or(line, |(_, text)| text).to_owned();
        self.read(file).lines().map(text).collect()
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn fact(seconds: u64, deed: Deed) -> Fact {
    let (who, room) = (Nick::new("alice").unwrap(), Room::lobby());
    Fact {
        at: at(seconds),
        who,
        peer: "192.0.2.7:4711".parse::<std::net::SocketAddr>().unwrap().into(),
        room,
        deed,
    }
}

fn text(typed: &str) -> Text {
    Text::new(typed, 9999).unwrap().unwrap()
}

fn said(seconds: u64, typed: &str) -> Fact {
    fact(seconds, Deed::Said(text(typed)))
}

/// Checks the line of a fact, except for the time, the room and the nickname.
#[track_caller]
fn check(deed: Deed, expected: &str) {
    check_with(true, deed, expected);
}

#[track_caller]
fn check_with(addresses: bool, deed: Deed, expected: &str) {
    let mut diary = Diary { addresses, ..Diary::new() };
    diary.write(&[fact(MIDNIGHT, deed)]);
    let (what, details) = expected.split_once('|').unwrap();
    assert_eq!(
        diary.read("chat_2026-11-22.log"),
        format!("2026-11-22T00:00:00.000+01:00 {what} room=lobby nick=alice{details}\n")
    );
}

#[test]
fn a_line_is_a_time_a_level_and_what_happened() {
    let bob = Nick::new("bob").unwrap();
    check(Deed::Connected, "INFO connect| address=192.0.2.7:4711");
    check(Deed::Said(text("hello")), "INFO message| text=\"hello\"");
    check(Deed::Acted(text("waves")), "INFO action| text=\"waves\"");
    check(Deed::Whispered { to: bob, text: None }, "INFO whisper| to=bob");
    check(Deed::Whispered { to: bob, text: Some(text("psst")) }, "INFO whisper| to=bob text=\"psst\"");
    check(Deed::Renamed(bob), "INFO rename| new=bob");
    check(Deed::Entered, "INFO join|");
    check(Deed::Left, "INFO leave|");
    check(Deed::Asked(Asked { verb: "rooms", about: About::Nothing }), "INFO command| verb=/rooms");
    check(
        Deed::Asked(Asked { verb: "whois", about: About::User(bob) }),
        "INFO command| verb=/whois user=bob",
    );
    check(
        Deed::Did(Box::new(Event::TopicSet(bob, text("a \"b\"")))),
        r#"NOTICE did| address=192.0.2.7:4711 what="bob has set the topic: a \"b\"""#,
    );
}

#[test]
fn a_wrong_password_is_a_warning() {
    let check = |event: AccountEvent, level: &str, sentence: &str| {
        check(
            Deed::Told(Box::new(event.into())),
            &format!("{level} told| address=192.0.2.7:4711 what=\"{sentence}\""),
        );
    };
    check(AccountEvent::LoggedIn, "INFO", "Login successful.");
    check(AccountEvent::WrongPassword, "WARN", "Invalid password.");
    check(AccountEvent::WrongAdministrator, "WARN", "Invalid admin password.");
}

#[test]
fn a_disconnect_has_its_address_and_its_reason() {
    let check = |why, level, reason| {
        let details = format!("{level} disconnect| address=192.0.2.7:4711 reason=\"{reason}\"");
        check(Deed::Disconnected(why), &details);
    };
    check(Ending::Quit, "INFO", "quit");
    check(Ending::Closed, "INFO", "closed the connection");
    check(Ending::Dismissed, "INFO", "dismissed");
    check(Ending::Stopping, "INFO", "server stopping");
    check(Ending::TooSlow, "WARN", "too slow to read");
    check(Ending::Lost(io::ErrorKind::ConnectionReset), "WARN", "connection lost: connection reset");
    check(Ending::Failed, "ERROR", "session failed");
}

#[test]
fn no_line_has_an_address_if_they_are_not_logged() {
    check_with(false, Deed::Connected, "INFO connect|");
    let about = About::Network(Network::new("192.0.2.0/24").unwrap());
    check(Deed::Asked(Asked { verb: "banip", about }), "INFO command| verb=/banip about=192.0.2.0/24");
    check_with(false, Deed::Asked(Asked { verb: "banip", about }), "INFO command| verb=/banip");
    check_with(false, Deed::Disconnected(Ending::Quit), "INFO disconnect| reason=\"quit\"");
    check_with(
        false,
        Deed::Did(Box::new(Event::TopicSet(Nick::new("bob").unwrap(), text("not 192.0.2.9, please")))),
        "NOTICE did| what=\"bob has set the topic: not …, please\"",
    );
}

#[test]
fn no_user_can_forge_a_line() {
    let forged = "x\" \n2026-11-22T00:00:00.000+01:00 NOTICE did room=lobby nick=admin what=\"\\";
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT, forged), fact(MIDNIGHT, Deed::Acted(text(forged)))]);
    let log = diary.read("chat_2026-11-22.log");
    assert_eq!(log.lines().count(), 2);
    for line in log.lines() {
        let (_, text) = line.split_once(" text=\"").unwrap();
        let text = text.strip_suffix('"').unwrap();
        assert!(!text.replace("\\\\", "").replace("\\\"", "").contains('"'), "{line}");
    }
}

#[test]
fn only_the_owner_may_read_the_log() {
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT, "hello")]);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(diary.path("chat_2026-11-22.log")), 0o600);
    assert_eq!(mode(diary.path("")), 0o700);
}

#[test]
fn a_new_file_begins_at_midnight() {
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT - 1, "late"), said(MIDNIGHT, "early"), said(MIDNIGHT + DAY, "next")]);
    assert_eq!(diary.files(), ["chat_2026-11-21.log", "chat_2026-11-22.log", "chat_2026-11-23.log"]);
    assert_eq!(diary.texts("chat_2026-11-21.log"), ["\"late\""]);
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["\"early\""]);
}

#[test]
fn the_next_file_begins_before_the_line_that_does_not_fit() {
    let line = "2026-11-22T00:00:00.000+01:00 INFO message room=lobby nick=alice text=\"0\"\n".len() as u64;
    let mut diary = Diary { max_size: Some(line * 2), ..Diary::new() };
    // First in one batch, then one by one.
    diary.write(&[0, 1, 2, 3, 4].map(|n| said(MIDNIGHT, &n.to_string())));
    (5..7).for_each(|n| diary.write(&[said(MIDNIGHT, &n.to_string())]));
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["\"0\"", "\"1\""]);
    assert_eq!(diary.texts("chat_2026-11-22_2.log"), ["\"2\"", "\"3\""]);
    assert_eq!(diary.texts("chat_2026-11-22_3.log"), ["\"4\"", "\"5\""]);
    assert_eq!(diary.texts("chat_2026-11-22_4.log"), ["\"6\""]);
}

#[test]
fn a_line_that_is_larger_than_a_file_is_written_whole_and_alone() {
    let mut diary = Diary { max_size: Some(200), ..Diary::new() };
    let long = "x".repeat(1000);
    diary.write(&[said(MIDNIGHT, "a"), said(MIDNIGHT, &long), said(MIDNIGHT, "b")]);
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["\"a\""]);
    assert_eq!(diary.texts("chat_2026-11-22_2.log"), [format!("\"{long}\"")]);
    assert_eq!(diary.texts("chat_2026-11-22_3.log"), ["\"b\""]);
}

#[test]
fn the_newest_files_are_kept_and_other_files_are_left_alone() {
    let mut diary = Diary { keep: Some(2), max_size: Some(100), ..Diary::new() };
    fs::create_dir(diary.path("")).unwrap();
    for foreign in ["chat.log", "chat_2001-01-01.txt", "chat_2001-1-1.log", "chat_2001-01-01_1.log", "notes"]
    {
        fs::write(diary.path(foreign), "mine").unwrap();
    }
    let foreign = diary.files();
    diary.write(&[said(MIDNIGHT, "a")]);
    (0..12).for_each(|n| diary.write(&[said(MIDNIGHT + DAY, &n.to_string())]));
    let ours: Vec<_> = diary.files().into_iter().filter(|file| !foreign.contains(file)).collect();
    assert_eq!(ours, ["chat_2026-11-23_11.log", "chat_2026-11-23_12.log"]);
    assert_eq!(diary.files().len(), foreign.len() + 2);
}

#[test]
fn a_restarted_server_continues_the_last_file_of_the_day() {
    let mut diary = Diary { max_size: Some(200), ..Diary::new() };
    diary.write(&[0, 1, 2].map(|n| said(MIDNIGHT, &n.to_string())));
    diary.open();
    diary.write(&[said(MIDNIGHT, "3"), said(MIDNIGHT, "4")]);
    assert_eq!(diary.texts("chat_2026-11-22_2.log"), ["\"2\"", "\"3\""]);
    assert_eq!(diary.texts("chat_2026-11-22_3.log"), ["\"4\""]);
}

#[test]
fn half_a_line_of_a_killed_server_does_not_damage_the_next_line() {
    let mut diary = Diary::new();
    fs::create_dir(diary.path("")).unwrap();
    fs::write(diary.path("chat_2026-11-22.log"), "2026-11-22T00:0").unwrap();
    diary.write(&[said(MIDNIGHT, "hello")]);
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["2026-11-22T00:0", "\"hello\""]);
}

#[test]
fn a_fact_that_is_late_at_midnight_stays_in_the_new_file() {
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT, "new"), said(MIDNIGHT - 1, "late"), said(MIDNIGHT, "newer")]);
    assert_eq!(diary.files(), ["chat_2026-11-22.log"]);
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["\"new\"", "\"late\"", "\"newer\""]);
}

#[test]
fn a_clock_that_is_set_back_continues_the_file_of_that_day() {
    let mut diary = Diary { keep: Some(2), ..Diary::new() };
    diary.write(&[said(MIDNIGHT, "0"), said(MIDNIGHT + 1000 * DAY, "wrong")]);
    diary.write(&[said(MIDNIGHT + 60, "1"), said(MIDNIGHT + 30, "2"), said(MIDNIGHT + DAY, "3")]);
    // The current file is never removed, even if its date is the oldest.
    assert_eq!(diary.files(), ["chat_2026-11-23.log", "chat_2029-08-18.log"]);
    diary.write(&[said(MIDNIGHT - 3600, "4")]);
    assert_eq!(diary.texts("chat_2026-11-21.log"), ["\"4\""]);
}

/// A file that takes nothing, as on a full disk.
fn full_disk(diary: &Diary, file: &str) {
    let _ = fs::create_dir(diary.path(""));
    symlink("/dev/full", diary.path(file)).unwrap();
}

#[test]
fn the_log_counts_the_lines_that_a_full_disk_has_cost() {
    let mut diary = Diary::new();
    let file = "chat_2026-11-22.log";
    full_disk(&diary, file);
    diary.write(&[said(MIDNIGHT, "0"), said(MIDNIGHT, "1")]);
    assert!(diary.batch.as_ref().unwrap().is_failing);
    diary.write(&[said(MIDNIGHT, "2")]);
    diary.batch.as_mut().unwrap().flush();
    fs::remove_file(diary.path(file)).unwrap();
    diary.write(&[said(MIDNIGHT, "3"), said(MIDNIGHT, "4")]);
    let missing = "2026-11-22T00:00:00.000+01:00 WARN log missing lines=3";
    assert_eq!(diary.texts(file), [missing, "\"3\"", "\"4\""]);
    assert!(!diary.batch.as_ref().unwrap().is_failing);
}

#[test]
fn the_log_counts_the_lines_that_were_dropped_before() {
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT, "0")]);
    diary.batch.as_mut().unwrap().note_missing(7);
    diary.write(&[said(MIDNIGHT, "1")]);
    let missing = "2026-11-22T00:00:00.000+01:00 WARN log missing lines=7";
    assert_eq!(diary.texts("chat_2026-11-22.log"), ["\"0\"", missing, "\"1\""]);
}

#[test]
fn a_removed_folder_is_noticed_and_its_return_too() {
    let mut diary = Diary::new();
    diary.write(&[said(MIDNIGHT, "0")]);
    fs::remove_dir_all(diary.path("")).unwrap();
    diary.write(&[said(MIDNIGHT, "1")]);
    assert!(!Path::new(&diary.path("")).exists(), "a removed folder is not created again");
    fs::create_dir(diary.path("")).unwrap();
    diary.write(&[said(MIDNIGHT, "2")]);
    let missing = "2026-11-22T00:00:00.000+01:00 WARN log missing lines=1";
    assert_eq!(diary.texts("chat_2026-11-22.log"), [missing, "\"2\""]);
}

#[test]
fn a_file_that_was_renamed_is_created_again() {
    let mut diary = Diary::new();
    let (file, elsewhere) = ("chat_2026-11-22.log", "kept.log");
    diary.write(&[said(MIDNIGHT, "0")]);
    fs::rename(diary.path(file), diary.path(elsewhere)).unwrap();
    diary.write(&[said(MIDNIGHT, "1")]);
    assert_eq!((diary.texts(elsewhere), diary.texts(file)), (vec!["\"0\"".into()], vec!["\"1\"".into()]));
}
