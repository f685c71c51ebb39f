use std::{
    fs, mem,
    path::PathBuf,
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::{database::Repair, writer::Pass, *};
use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom},
    text::Text,
};

mod orders;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat.db")
    }

    /// A copy of all files: what a server that is killed now would leave.
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

/// What a chat has to save.
#[derive(Default)]
struct Changes {
    unsaved: Mutex<Vec<Record>>,
    /// What is unsaved if everything is.
    everything: Mutex<Vec<Record>>,
}

impl Changes {
    fn add(&self, record: Record) {
        self.everything.lock().push(record.clone());
        self.unsaved.lock().push(record);
    }
}

impl Source for Changes {
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_> {
        Box::new(mem::take(&mut *self.unsaved.lock()).into_iter())
    }

    fn mark_everything_unsaved(&self) {
        *self.unsaved.lock() = self.everything.lock().clone();
    }
}

/// Does something while the writer runs on a thread of its own.
fn with_writer(database: Database, changes: &Changes, act: impl FnOnce(&Store)) {
    let (store, writer) = Writer::new(database);
    thread::scope(|scope| {
        thread::Builder::new().spawn_scoped(scope, || writer.run(changes)).unwrap();
        let finish = Finish(&store);
        act(finish.0);
    });
}

/// The writer ends also when a check fails.
struct Finish<'a>(&'a Store);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

#[test]
fn a_save_is_answered_after_it_was_written() {
    let (folder, changes) = (Folder::new(), Changes::default());
    with_writer(folder.open(), &changes, |store| {
        changes.add(rules(Some("Order")));
        assert!(store.save());
        assert_eq!(folder.copy().open().load(9).unwrap().rooms[0].topic, Some(text("Order")));
    });
}

#[test]
fn what_is_left_at_the_end_is_written() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (store, writer) = Writer::new(folder.open());
    changes.add(lines(1..3, Some(1)));
    store.wake();
    store.finish();
    writer.run(&changes);
    assert_eq!(folder.open().load(9).unwrap().rooms[0].lines.len(), 2);
}

#[test]
fn a_full_disk_is_admitted_and_nothing_more_is_taken_from_the_chat() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let mut database = folder.open();
    database.limit_growth(5);
    with_writer(database, &changes, |store| {
        changes.add(lines(1..2000, Some(1)));
        assert!(!store.save(), "the disk is full");
        changes.add(rules(Some("Order")));
        assert!(!store.save(), "it still is");
        assert_eq!(changes.changes().count(), 1);
    });
    assert_eq!(folder.open().load(9).unwrap(), Restored::default(), "all of it or nothing");
}

#[test]
fn a_disk_that_is_no_longer_full_gets_what_it_missed() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (_store, mut writer) = Writer::new(folder.open());
    writer.limit_growth(5);
    let mut pass = Pass::done();
    changes.add(lines(1..2000, Some(1)));
    assert!(!writer.save(&changes, &mut pass));
    changes.add(rules(Some("Order")));
    writer.limit_growth(100_000);
    assert!(writer.save(&changes, &mut pass));
    drop(writer);
    let restored = folder.open().load(9999).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), &restored.rooms[0].topic), (1999, &Some(text("Order"))));
}

/// Something is saved, then something happens to the files, then something else is saved: whether
/// that succeeds, and what is in the file at the path.
#[track_caller]
fn check_after(happens: impl FnOnce(&Folder), is_saved: bool, expected: Option<(usize, &str)>) {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (_store, mut writer) = Writer::new(folder.open());
    let mut pass = Pass::done();
    changes.add(lines(1..6, Some(1)));
    assert!(writer.save(&changes, &mut pass));
    happens(&folder);
    changes.add(rules(Some("Order")));
    assert_eq!(writer.save(&changes, &mut pass), is_saved);
    if is_saved {
        assert!(writer.save(&changes, &mut pass), "and so it stays");
    }
    let Some((count, topic)) = expected else { return };
    let check = |restored: Restored| {
        let room = &restored.rooms[0];
        assert_eq!((room.lines.len(), &room.topic), (count, &Some(text(topic))));
    };
    check(folder.copy().open().load(99).unwrap());
    drop(writer);
    check(folder.open().load(99).unwrap());
}

#[test]
fn a_data_file_in_its_place_is_found_there_after_a_restart() {
    let folder = Folder::new();
    for _ in 0..3 {
        let mut database = folder.open();
        for topic in ["a", "b"] {
            assert_eq!(database.repair().unwrap(), Repair::None);
            database.write(&[rules(Some(topic))]).unwrap();
        }
    }
}

#[test]
fn a_data_file_that_is_deleted_is_written_anew() {
    check_after(|folder| fs::remove_file(folder.file()).unwrap(), true, Some((5, "Order")));
}

#[test]
fn a_data_file_that_is_deleted_with_its_journal_is_written_anew() {
    let delete = |folder: &Folder| {
        fs::remove_file(folder.file()).unwrap();
        fs::remove_file(folder.journal()).unwrap();
    };
    check_after(delete, true, Some((5, "Order")));
}

#[test]
fn a_data_file_that_is_moved_away_is_written_anew_and_the_moved_one_is_whole() {
    let moved = Folder::new();
    check_after(|folder| fs::rename(folder.file(), moved.file()).unwrap(), true, Some((5, "Order")));
    assert_eq!(moved.open().load(99).unwrap().rooms[0].lines.len(), 5);
}

#[test]
fn a_journal_that_is_deleted_costs_nothing() {
    check_after(|folder| fs::remove_file(folder.journal()).unwrap(), true, Some((5, "Order")));
}

#[test]
fn a_file_that_replaces_the_data_file_is_left_alone_and_nothing_is_saved() {
    let backup = Folder::new();
    backup.open().write(&[lines(1..3, Some(1)), rules(Some("Backup"))]).unwrap();
    let replace = |folder: &Folder| fs::rename(backup.file(), folder.file()).unwrap();
    check_after(replace, false, Some((2, "Backup")));
}

#[test]
fn a_folder_that_is_moved_away_and_back_loses_nothing() {
    let (folder, changes, elsewhere) = (Folder::new(), Changes::default(), Folder::new());
    let inner = folder.0.path().join("data");
    fs::create_dir(&inner).unwrap();
    let (_store, mut writer) = Writer::new(Database::open(&inner.join("chat.db")).unwrap());
    let mut pass = Pass::done();
    changes.add(lines(1..6, Some(1)));
    assert!(writer.save(&changes, &mut pass));
    fs::rename(&inner, elsewhere.0.path().join("data")).unwrap();
    changes.add(rules(Some("Order")));
    assert!(!writer.save(&changes, &mut pass), "there is no folder for a new file");
    fs::rename(elsewhere.0.path().join("data"), &inner).unwrap();
    assert!(writer.save(&changes, &mut pass));
    drop(writer);
    let restored = Database::open(&inner.join("chat.db")).unwrap().load(99).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), &restored.rooms[0].topic), (5, &Some(text("Order"))));
}

#[test]
fn a_data_file_that_is_deleted_while_nobody_speaks_is_there_again_within_seconds() {
    let (folder, changes) = (Folder::new(), Changes::default());
    with_writer(folder.open(), &changes, |store| {
        changes.add(lines(1..6, Some(1)));
        assert!(store.save());
        fs::remove_file(folder.file()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !folder.file().exists() {
            assert!(Instant::now() < deadline, "nobody noticed");
            thread::yield_now();
        }
    });
    assert_eq!(folder.open().load(99).unwrap().rooms[0].lines.len(), 5);
}
