//! The data file: checked when it is opened, read once, written in groups.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Result, Row};

use super::{
    Error,
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

/// What [`Database::repair`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// Nothing: the file was in its place.
    None,
    /// It has created a new journal. Nothing is missing.
    NewJournal,
    /// It has created a new file, in which everything is missing.
    NewFile,
}

impl Database {
    /// Opens a data file, or creates it. A file of an earlier version is brought up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, belongs to another program or is damaged. It stays
    /// as it was.
    pub fn open(path: &Path) -> std::result::Result<Self, Error> {
        let file = create(path, options().create(true).truncate(false))?;
        Self::attach(path, file)
    }

    fn attach(path: &Path, file: Identity) -> std::result::Result<Self, Error> {
        let connection = connect(path)?;
        let place = Place::new(path, file).map_err(|source| opening(path, source))?;
        let database = Self { connection, place };
        database.check_place()?;
        Ok(database)
    }

    /// Continues after the data file or its journal was removed.
    ///
    /// # Errors
    /// When there is another file in its place, or a new one cannot be created. Nothing can be saved
    /// then, until a later call succeeds.
    pub(super) fn repair(&mut self) -> std::result::Result<Repair, Error> {
        let found = self.look()?;
        if found == Found::Both {
            return Ok(Repair::None);
        }
        // What is in the journal goes to the file, wherever that is now. Left in the journal, it would
        // damage another file of the same name as soon as that is opened.
        let checkpoint = |row: &Row<'_>| row.get::<_, i64>(0);
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(truncate)", [], checkpoint);
        match found {
            Found::Nothing => self.begin_file().map(|()| Repair::NewFile),
            Found::Other => Err(Error::Replaced { path: self.path() }),
            Found::NoJournal | Found::Both => self.begin_journal().map(|()| Repair::NewJournal),
        }
    }

    fn begin_file(&mut self) -> std::result::Result<(), Error> {
        let path = self.path();
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

    fn begin_journal(&mut self) -> std::result::Result<(), Error> {
        let path = self.path();
        let ended = self.connection.pragma_update(None, "journal_mode", "delete");
        ended
            .and_then(|()| begin_journal(&self.connection))
            .map_err(|source| Error::of(path.clone(), source))?;
        self.place = Place::new(&path, self.place.file()).map_err(|source| opening(&path, source))?;
        Ok(())
    }

    fn look(&self) -> std::result::Result<Found, Error> {
        self.place.look().map_err(|source| opening(self.place.path(), source))
    }

    /// Checks that what is written is in the file that a restarted server would open.
    fn check_place(&self) -> std::result::Result<(), Error> {
        match self.look()? {
            Found::Both => Ok(()),
            Found::Other => Err(Error::Replaced { path: self.path() }),
            Found::Nothing | Found::NoJournal => Err(Error::Gone { path: self.path() }),
        }
    }

    fn path(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    /// Reads everything that was saved, with the last `lines` lines of each room.
    ///
    /// # Errors
    /// When the file cannot be read, or something in it cannot have been written by this program.
    pub fn restore(&self, lines: usize) -> std::result::Result<Restored, Error> {
        rows::restore(&self.connection, lines).map_err(|source| match source {
            rusqlite::Error::FromSqlConversionFailure(..) => {
                Error::Damaged { path: self.path(), what: source.to_string() }
            }
            source => Error::of(self.path(), source),
        })
    }

    /// Writes records: all of them, or none.
    ///
    /// # Errors
    /// What `SQLite` says, most likely that the disk is full; or that the file is not in its place.
    pub fn write(&mut self, records: &[Record]) -> std::result::Result<(), Error> {
        self.check_place()?;
        self.commit(records).map_err(|source| Error::of(self.path(), source))?;
        self.check_place()
    }

    fn commit(&mut self, records: &[Record]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for record in records {
            rows::save(&transaction, record)?;
        }
        transaction.commit()
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

/// How a data file is opened. It holds what users said and the hashes of their passwords, so only its
/// owner may read it.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Creates a file, or opens it. It is closed before `SQLite` opens it: to close any descriptor of a file
/// gives up all locks on it.
fn create(path: &Path, options: &OpenOptions) -> std::result::Result<Identity, Error> {
    let data = options.open(path).and_then(|file| file.metadata());
    data.map(|data| Identity::of(&data)).map_err(|source| opening(path, source))
}

fn opening(path: &Path, source: io::Error) -> Error {
    Error::Open { path: path.to_owned(), source }
}

/// A connection to a data file that is ours, sound and of the present version.
fn connect(path: &Path) -> std::result::Result<Connection, Error> {
    let of = |source| Error::of(path.to_owned(), source);
    // Without the flag for URIs: a file name is a file name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(of)?;
    // A server holds the file until it ends, so waiting for it would not help.
    connection.busy_timeout(Duration::ZERO).map_err(of)?;
    // The file is locked from the first read until this process closes it or dies.
    connection.pragma_update(None, "locking_mode", "exclusive").map_err(of)?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT").map_err(of)?;
    let is_new = schema::is_empty(&connection).map_err(of)?;
    if !is_new && !schema::is_ours(&connection).map_err(of)? {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    let version = schema::version(&connection).map_err(of)?;
    if version > VERSION {
        return Err(Error::TooNew { path: path.to_owned(), version, known: VERSION });
    }
    check_health(&connection, path)?;
    begin_journal(&connection).map_err(of)?;
    if version < VERSION {
        schema::migrate(&mut connection, version).map_err(of)?;
    }
    Ok(connection)
}

fn begin_journal(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // What is committed is on the disk, even if the power fails right after.
    connection.pragma_update(None, "synchronous", "full")?;
    // The journal is created by the first transaction.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

fn check_health(connection: &Connection, path: &Path) -> std::result::Result<(), Error> {
    let health: Result<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    let health = health.map_err(|source| Error::of(path.to_owned(), source))?;
    if health == "ok" {
        return Ok(());
    }
    Err(Error::Damaged { path: path.to_owned(), what: health.replace('\n', " ") })
}
