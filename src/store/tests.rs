//! The store with real files.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use tempfile::TempDir;

use super::{place::Found, writer::Pass, *};
use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom, RoomRules},
    text::Text,
};

mod orders;
mod writing;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat.db")
    }

    /// A copy of all files, as a server that is killed now would leave them.
    fn copy(&self) -> Self {
        let copy = Self::new();
        for file in fs::read_dir(self.0.path()).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), copy.0.path().join(file.file_name())).unwrap();
        }
        copy
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("chat.db-wal")
    }

    fn open(&self) -> Database {
        Database::open(&self.file()).unwrap()
    }

    /// Changes the file as another program would.
    fn meddle(&self, sql: &str) {
        rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    /// The file is refused with these words, and stays as it is.
    #[track_caller]
    fn check_refused(&self, words: &str) {
        let before = fs::read(self.file()).unwrap();
        let refused = Database::open(&self.file()).and_then(|database| database.restore(9));
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
    Record::Room(room("Ops"), RoomRules { topic, moderators, bans: vec![ban()] })
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
            Record::Account(nick("Alice"), Some("$argon2id$x".into())),
            Record::Network("192.0.2.0/24".into(), Some(network.clone())),
            Record::Numbers(7),
            Record::Numbers(1007),
        ])
        .unwrap();
    let expected = Restored {
        rooms: vec![RestoredRoom {
            name: room("Ops"),
            rules: RoomRules {
                topic: Some(text("Order")),
                moderators: vec![nick("Alice"), nick("Carol")],
                bans: vec![ban()],
            },
            lines: (4..9).map(line).collect(),
        }],
        accounts: vec![(nick("Alice"), "$argon2id$x".into())],
        numbers: 1007,
        networks: vec![("192.0.2.0/24".into(), network)],
    };
    assert_eq!(folder.open().restore(1000).unwrap(), expected);
    let latest = folder.open().restore(2).unwrap();
    assert_eq!(latest.rooms[0].lines, [line(7), line(8)], "only the last ones");
}

#[test]
fn deleted_things_are_not_there_after_a_restart() {
    let folder = Folder::new();
    let mut database = folder.open();
    database
        .write(&[lines(1..6, Some(1)), rules(None), Record::Account(nick("Alice"), Some("x".into()))])
        .unwrap();
    database
        .write(&[
            Record::Account(nick("ALICE"), None),
            Record::Room(room("ops"), RoomRules::default()),
            Record::Lines { room: room("OPS"), oldest: None, lines: Vec::new() },
        ])
        .unwrap();
    drop(database);
    assert_eq!(folder.open().restore(9).unwrap(), Restored::default());
}

#[test]
fn only_the_owner_may_read_the_file() {
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
fn a_database_of_another_program_is_refused_with_any_version() {
    let folder = Folder::new();
    folder.meddle("CREATE TABLE recipe (name TEXT); PRAGMA user_version = -5");
    folder.check_refused("chat.db' is not a data file of this program; it was left as it is");
}

#[test]
fn a_file_of_an_earlier_version_is_brought_up_to_date() {
    let folder = Folder::new();
    folder.open().write(&[lines(1..3, Some(1))]).unwrap();
    folder.meddle("DROP TABLE number; PRAGMA user_version = 1");
    folder.open().write(&[Record::Numbers(7)]).unwrap();
    let restored = folder.open().restore(9).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), restored.numbers), (2, 7));
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    folder.meddle("PRAGMA journal_mode = delete; PRAGMA user_version = 99");
    folder.check_refused("has version 99; this program knows versions up to 2");
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
fn a_name_that_breaks_the_rule_is_damage() {
    let folder = Folder::new();
    drop(folder.open());
    folder.meddle("PRAGMA journal_mode = delete; INSERT INTO account VALUES ('b@b', 'x')");
    let error = folder.open().restore(9).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn a_missing_folder_is_an_error() {
    let folder = Folder::new();
    let error = Database::open(&folder.0.path().join("no/chat.db")).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("cannot open the data file"), "{error}");
}
