use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::*;
use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom},
    text::Text,
};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat.db")
    }

    fn open(&self) -> Database {
        Database::open(&self.file()).unwrap()
    }

    /// Does something to the file that only another program would do.
    fn meddle(&self, sql: &str) {
        rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    /// The file is refused in these words, and left as it is.
    #[track_caller]
    fn check_refused(&self, words: &str) {
        let before = fs::read(self.file()).unwrap();
        let refused = Database::open(&self.file()).and_then(|database| database.load(9));
        let error = refused.map(drop).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.contains("chat.db"), "{error}");
        assert_eq!(fs::read(self.file()).unwrap(), before);
    }
}

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

fn room(name: &str) -> Room {
    Room::new(name).unwrap()
}

fn text(typed: &str) -> Text {
    Text::new(typed, 999).unwrap().unwrap()
}

fn line(seq: u64) -> Line {
    let manner = if seq.is_multiple_of(2) { Manner::Said } else { Manner::Acted };
    let at = UNIX_EPOCH + Duration::from_millis(seq * 1001);
    Line { seq, at, from: nick("Alice"), text: text(&format!("«{seq}» 😄")), manner }
}

fn ban() -> Ban {
    let reason = Some(text("because"));
    Ban { nick: nick("Bob"), account: Some(nick("Robert")), by: nick("Alice"), reason, at: UNIX_EPOCH }
}

fn lines(seqs: std::ops::Range<u64>, oldest: Option<u64>) -> Record {
    Record::Lines { room: room("Ops"), oldest, lines: seqs.map(line).collect() }
}

fn rules(topic: Option<&str>) -> Record {
    let (topic, moderators) = (topic.map(text), vec![nick("Alice"), nick("Carol")]);
    Record::Room { room: room("Ops"), topic, moderators, bans: vec![ban()] }
}

#[test]
fn everything_written_is_there_after_a_restart() {
    let folder = Folder::new();
    let until = Some(UNIX_EPOCH + Duration::from_secs(540));
    let network = NetworkBan { by: nick("admin"), until };
    folder
        .open()
        .write(&[
            lines(1..6, Some(1)),
            rules(Some("Order")),
            lines(6..9, Some(4)),
            Record::Account { nick: nick("Alice"), hash: Some("$argon2id$x".into()) },
            Record::Network { network: "192.0.2.0/24".into(), ban: Some(network.clone()) },
        ])
        .unwrap();
    let expected = Restored {
        rooms: vec![RestoredRoom {
            name: room("Ops"),
            topic: Some(text("Order")),
            moderators: vec![nick("Alice"), nick("Carol")],
            bans: vec![ban()],
            lines: (4..9).map(line).collect(),
        }],
        accounts: vec![(nick("Alice"), "$argon2id$x".into())],
        networks: vec![("192.0.2.0/24".into(), network)],
    };
    assert_eq!(folder.open().load(1000).unwrap(), expected);
    let latest = folder.open().load(2).unwrap();
    assert_eq!(latest.rooms[0].lines, [line(7), line(8)], "the last ones, if fewer are wanted");
}

#[test]
fn what_is_gone_is_gone_after_a_restart() {
    let folder = Folder::new();
    let mut database = folder.open();
    database
        .write(&[
            lines(1..6, Some(1)),
            rules(None),
            Record::Account { nick: nick("Alice"), hash: Some("x".into()) },
        ])
        .unwrap();
    database
        .write(&[
            Record::Account { nick: nick("ALICE"), hash: None },
            Record::Room { room: room("ops"), topic: None, moderators: Vec::new(), bans: Vec::new() },
            Record::Lines { room: room("OPS"), oldest: None, lines: Vec::new() },
        ])
        .unwrap();
    drop(database);
    assert_eq!(folder.open().load(9).unwrap(), Restored::default());
}

#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let _database = folder.open();
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_in_use_is_refused() {
    let folder = Folder::new();
    let _database = folder.open();
    folder.check_refused("in use by another server");
}

#[test]
fn a_file_of_another_program_is_refused() {
    let folder = Folder::new();
    fs::write(folder.file(), "Dear diary,".repeat(999)).unwrap();
    folder.check_refused("not a data file of this program");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = Folder::new();
    folder.meddle("CREATE TABLE recipe (name TEXT)");
    folder.check_refused("not a data file of this program");
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    folder.meddle("PRAGMA journal_mode = delete; PRAGMA user_version = 99");
    folder.check_refused("has version 99; this program knows versions up to 1");
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    folder.open().write(&[lines(1..2000, None), lines(1..2000, Some(1))]).unwrap();
    folder.meddle("PRAGMA journal_mode = delete");
    let mut bytes = fs::read(folder.file()).unwrap();
    let end = bytes.len();
    bytes[end / 2..end - 4096].fill(0x55);
    fs::write(folder.file(), bytes).unwrap();
    folder.check_refused("is damaged");
}

#[test]
fn a_name_that_cannot_be_ours_is_damage() {
    let folder = Folder::new();
    drop(folder.open());
    folder.meddle("PRAGMA journal_mode = delete; INSERT INTO account VALUES ('b@b', 'x')");
    let error = folder.open().load(9).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = Folder::new();
    let error = Database::open(&folder.0.path().join("no/chat.db")).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("cannot open the data file"), "{error}");
}

/// What a chat would have to save.
#[derive(Default)]
struct Changes(Mutex<Vec<Record>>);

impl Changes {
    fn take(&self) -> std::vec::IntoIter<Record> {
        std::mem::take(&mut *self.0.lock()).into_iter()
    }

    fn add(&self, record: Record) {
        self.0.lock().push(record);
    }
}

#[test]
fn whoever_wants_to_be_sure_is_told_when_it_is_written() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (store, writer) = Writer::new(folder.open());
    thread::scope(|scope| {
        thread::Builder::new().spawn_scoped(scope, || writer.run(|| changes.take())).unwrap();
        changes.add(rules(Some("Order")));
        assert!(store.save());
        // Killed now, the server would leave just these files.
        let killed = Folder::new();
        for file in fs::read_dir(folder.0.path()).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), killed.0.path().join(file.file_name())).unwrap();
        }
        assert_eq!(killed.open().load(9).unwrap().rooms[0].topic, Some(text("Order")));
        store.finish();
    });
}

#[test]
fn what_is_left_at_the_end_is_written() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (store, writer) = Writer::new(folder.open());
    changes.add(lines(1..3, Some(1)));
    store.wake();
    store.finish();
    writer.run(|| changes.take());
    assert_eq!(folder.open().load(9).unwrap().rooms[0].lines.len(), 2);
}

#[test]
fn a_full_disk_is_admitted_and_what_it_did_not_take_is_written_later() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let mut database = folder.open();
    database.limit_pages(20);
    let (store, writer) = Writer::new(database);
    thread::scope(|scope| {
        thread::Builder::new().spawn_scoped(scope, || writer.run(|| changes.take())).unwrap();
        changes.add(lines(1..2000, Some(1)));
        assert!(!store.save(), "the disk is full");
        changes.add(rules(Some("Order")));
        assert!(!store.save(), "it still is");
        assert_eq!(changes.take().len(), 1, "and nothing more is taken from the chat");
        store.finish();
    });
    assert_eq!(folder.open().load(9).unwrap(), Restored::default(), "all of it or nothing");
}

#[test]
fn a_disk_that_is_no_longer_full_gets_what_it_missed() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let mut database = folder.open();
    database.limit_pages(20);
    let (_store, mut writer) = Writer::new(database);
    changes.add(lines(1..2000, Some(1)));
    assert!(!writer.save(|| changes.take()));
    changes.add(rules(Some("Order")));
    writer.database.limit_pages(1_000_000);
    assert!(writer.save(|| changes.take()));
    drop(writer);
    let restored = folder.open().load(9999).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), &restored.rooms[0].topic), (1999, &Some(text("Order"))));
}
