//! The writer: when it saves, and what it does when it cannot.

use std::{cell::Cell, mem, thread, time::Instant};

use parking_lot::Mutex;

use super::*;

/// What a chat has to save.
#[derive(Default)]
struct Changes {
    unsaved: Mutex<Vec<Record>>,
    /// What has been added since the start.
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

/// Runs the writer on its own thread while `act` runs.
fn with_writer(database: Database, changes: &Changes, act: impl FnOnce(&Store)) {
    let (store, writer) = Writer::new(database);
    thread::scope(|scope| {
        thread::Builder::new().spawn_scoped(scope, || writer.run(changes)).unwrap();
        let finish = Finish(&store);
        act(finish.0);
    });
}

/// Ends the writer, also when a check fails.
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
        assert_eq!(folder.copy().open().restore(9).unwrap().rooms[0].rules.topic, Some(text("Order")));
    });
}

#[test]
fn unsaved_changes_are_written_at_the_end() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (store, writer) = Writer::new(folder.open());
    changes.add(lines(1..3, Some(1)));
    store.wake();
    store.finish();
    writer.run(&changes);
    assert_eq!(folder.open().restore(9).unwrap().rooms[0].lines.len(), 2);
}

#[test]
fn a_save_fails_on_a_full_disk_and_no_more_records_are_taken() {
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
    assert_eq!(folder.open().restore(9).unwrap(), Restored::default(), "all of it or nothing");
}

#[test]
fn what_a_full_disk_did_not_take_is_written_when_there_is_room() {
    let (folder, changes) = (Folder::new(), Changes::default());
    let (_store, mut writer) = Writer::new(folder.open());
    writer.database.limit_growth(5);
    let mut pass = Pass::done();
    changes.add(lines(1..2000, Some(1)));
    assert!(!writer.save(&changes, &mut pass));
    changes.add(rules(Some("Order")));
    writer.database.limit_growth(100_000);
    assert!(writer.save(&changes, &mut pass));
    drop(writer);
    let restored = folder.open().restore(9999).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), &restored.rooms[0].rules.topic), (1999, &Some(text("Order"))));
}

/// Saves something, changes the files, and saves something else. Checks whether that succeeds, and
/// what is then in the file at the path.
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
        assert_eq!((room.lines.len(), &room.rules.topic), (count, &Some(text(topic))));
    };
    check(folder.copy().open().restore(99).unwrap());
    drop(writer);
    check(folder.open().restore(99).unwrap());
}

#[test]
fn a_data_file_in_its_place_is_found_there_after_a_restart() {
    let folder = Folder::new();
    for _ in 0..3 {
        let mut database = folder.open();
        for topic in ["a", "b"] {
            assert_eq!(database.repair().unwrap(), Found::Both);
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
fn a_data_file_that_is_moved_away_is_written_anew_and_the_moved_file_is_complete() {
    let moved = Folder::new();
    check_after(|folder| fs::rename(folder.file(), moved.file()).unwrap(), true, Some((5, "Order")));
    assert_eq!(moved.open().restore(99).unwrap().rooms[0].lines.len(), 5);
}

#[test]
fn nothing_is_lost_when_the_journal_is_deleted() {
    check_after(|folder| fs::remove_file(folder.journal()).unwrap(), true, Some((5, "Order")));
}

#[test]
fn a_file_in_the_place_of_the_data_file_is_left_alone_and_saves_fail() {
    let backup = Folder::new();
    backup.open().write(&[lines(1..3, Some(1)), rules(Some("Backup"))]).unwrap();
    let replace = |folder: &Folder| fs::rename(backup.file(), folder.file()).unwrap();
    check_after(replace, false, Some((2, "Backup")));
}

#[test]
fn nothing_is_lost_when_the_folder_is_moved_away_and_back() {
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
    let restored = Database::open(&inner.join("chat.db")).unwrap().restore(99).unwrap();
    assert_eq!((restored.rooms[0].lines.len(), &restored.rooms[0].rules.topic), (5, &Some(text("Order"))));
}

#[test]
fn a_deleted_data_file_is_written_anew_within_seconds_in_a_silent_chat() {
    let (folder, changes) = (Folder::new(), Changes::default());
    with_writer(folder.open(), &changes, |store| {
        changes.add(lines(1..6, Some(1)));
        assert!(store.save());
        fs::remove_file(folder.file()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !folder.file().exists() {
            assert!(Instant::now() < deadline, "the file is still missing");
            thread::yield_now();
        }
    });
    assert_eq!(folder.open().restore(99).unwrap().rooms[0].lines.len(), 5);
}

/// A thousand changes, and how many records were made of them.
#[derive(Default)]
struct Counted(Cell<usize>);

impl Source for Counted {
    fn changes(&self) -> Box<dyn Iterator<Item = Record> + '_> {
        Box::new((0..1000).map(|_| {
            self.0.set(self.0.get() + 1);
            lines(1..999, Some(1))
        }))
    }

    fn mark_everything_unsaved(&self) {}
}

#[test]
fn waiting_changes_take_no_more_memory_on_a_full_disk() {
    let (folder, chat) = (Folder::new(), Counted::default());
    let (_store, mut writer) = Writer::new(folder.open());
    writer.database.limit_growth(0);
    let mut pass = Pass::done();
    for _ in 0..9 {
        assert!(!writer.save(&chat, &mut pass));
        assert_eq!(chat.0.get(), 64, "one group");
    }
}
