//! The data file: checked when it is opened, read once, written in groups.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Row};

use super::{
    Error,
    error::Why,
    place::{Found, Identity, Place},
    rows,
    schema::{self, VERSION},
};
use crate::record::{Record, Restored};

/// An open data file. No other process can have it open at the same time.
pub struct Database {
    connection: Connection,
    place: Place,
}

impl Database {
    /// Opens a data file, or creates it. A file of an earlier version is brought up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, is damaged or is another program's. It stays as it was.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = create(path, options().create(true).truncate(false));
        file.and_then(|file| Self::attach(path, file)).map_err(|why| why.of(path))
    }

    fn attach(path: &Path, file: Identity) -> Result<Self, Why> {
        let database = Self { connection: connect(path)?, place: Place::new(path, file)? };
        database.check_place()?;
        Ok(database)
    }

    /// Continues after the data file or its journal was removed, and returns what it found. A new journal
    /// lacks nothing, and a new data file everything.
    ///
    /// # Errors
    /// When another file is in its place, or none can be created. Nothing is saved until a call succeeds.
    pub(super) fn repair(&mut self) -> Result<Found, Error> {
        self.try_to_repair().map_err(|why| why.of(&self.place.path))
    }

    fn try_to_repair(&mut self) -> Result<Found, Why> {
        let found = self.place.look()?;
        if found == Found::Both {
            return Ok(found);
        }
        // What is in the journal goes to the file, wherever that is now. Left in the journal, it would
        // damage another file of the same name as soon as that is opened.
        let checkpoint = |row: &Row<'_>| row.get::<_, i64>(0);
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(truncate)", [], checkpoint);
        match found {
            Found::Nothing => self.begin_file()?,
            Found::Other => return Err(Why::Replaced),
            Found::NoJournal | Found::Both => self.begin_journal()?,
        }
        Ok(found)
    }

    fn begin_file(&mut self) -> Result<(), Why> {
        let path = self.place.path.clone();
        // A file that has just come back may be the one that is open, or not ours to overwrite.
        let file = create(&path, options().create_new(true))?;
        *self = Self::attach(&path, file).inspect_err(|_| {
            // Otherwise the next call would take this unfinished file for another one.
            if Identity::at(&path).is_ok_and(|there| there == Some(file)) {
                let _ = fs::remove_file(&path);
            }
        })?;
        Ok(())
    }

    fn begin_journal(&mut self) -> Result<(), Why> {
        self.connection.pragma_update(None, "journal_mode", "delete")?;
        begin_journal(&self.connection)?;
        Ok(self.place.find_journal()?)
    }

    /// Checks that what is written is in the file that a restarted server would open.
    fn check_place(&self) -> Result<(), Why> {
        match self.place.look()? {
            Found::Both => Ok(()),
            Found::Other => Err(Why::Replaced),
            Found::Nothing | Found::NoJournal => Err(Why::Gone),
        }
    }

    /// Reads everything that was saved, with the last `lines` lines of each room.
    ///
    /// # Errors
    /// When the file cannot be read, or something in it cannot have been written by this program.
    pub fn restore(&self, lines: usize) -> Result<Restored, Error> {
        rows::restore(&self.connection, lines).map_err(|source| Why::from(source).of(&self.place.path))
    }

    /// Writes records: all of them, or none.
    ///
    /// # Errors
    /// What `SQLite` says, most likely that the disk is full; or that the file is not in its place.
    pub fn write(&mut self, records: &[Record]) -> Result<(), Error> {
        self.commit(records).map_err(|why| why.of(&self.place.path))
    }

    fn commit(&mut self, records: &[Record]) -> Result<(), Why> {
        self.check_place()?;
        let transaction = self.connection.transaction()?;
        for record in records {
            rows::save(&transaction, record)?;
        }
        transaction.commit()?;
        self.check_place()
    }

    /// Pretends that the disk has room for so many more pages only.
    #[cfg(test)]
    pub(super) fn limit_growth(&mut self, pages: u32) {
        let now: u32 =
            self.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
        self.connection
            .pragma_update_and_check(None, "max_page_count", now + pages, |row| row.get::<_, u32>(0))
            .expect("SQLite knows this one");
    }
}

/// How a data file is opened. It holds what users said and their passwords' hashes: only for its owner.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Creates or opens a file and closes it before `SQLite` locks it: closing any descriptor gives up the locks.
fn create(path: &Path, options: &OpenOptions) -> Result<Identity, Why> {
    Ok(Identity::of(&options.open(path)?.metadata()?))
}

/// A connection to a data file that is ours, sound and of the present version.
fn connect(path: &Path) -> Result<Connection, Why> {
    // Without the flag for URIs: a file name is a file name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    // A server holds the file until it ends, so waiting for it would not help.
    connection.busy_timeout(Duration::ZERO)?;
    // The file is locked from the first read until this process closes it or dies.
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    if !schema::is_empty(&connection)? && !schema::is_ours(&connection)? {
        return Err(Why::Foreign);
    }
    let version = schema::version(&connection)?;
    if version > VERSION {
        return Err(Why::TooNew(version));
    }
    let health: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if health != "ok" {
        return Err(Why::Damaged(health.replace('\n', " ")));
    }
    begin_journal(&connection)?;
    if version < VERSION {
        schema::migrate(&mut connection, version)?;
    }
    Ok(connection)
}

fn begin_journal(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // What is committed is on the disk, even if the power fails right after.
    connection.pragma_update(None, "synchronous", "full")?;
    // The journal is created by the first transaction.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}
