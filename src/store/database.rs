//! The database file: opened with suspicion, read once, written in groups.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OpenFlags, Result, Row, Transaction, params};

use super::{
    Error,
    place::{Found, Identity, Place},
    schema::{self, VERSION},
};
use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom},
    text::Text,
};

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
    /// It has begun a new journal. Nothing is missing.
    NewJournal,
    /// It has begun a new file, in which everything is missing.
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
            // Half a file would be taken for a file of somebody else the next time.
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

    /// Nothing is saved that is not in the file where people look for it.
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

    fn damaged(&self, what: String) -> Error {
        Error::Damaged { path: self.path(), what }
    }

    /// Everything that is kept; of each room's lines the last `lines`.
    ///
    /// # Errors
    /// When the file cannot be read, or something in it cannot have been written by this program.
    pub fn load(&self, lines: usize) -> std::result::Result<Restored, Error> {
        let load = || -> Result<Restored> {
            let mut rooms = self.all(ROOMS, |row| {
                Ok(RestoredRoom {
                    name: room(row, 0)?,
                    topic: text(row, 1)?,
                    moderators: Vec::new(),
                    bans: Vec::new(),
                    lines: Vec::new(),
                })
            })?;
            for room in &mut rooms {
                self.complete(room, lines)?;
            }
            let accounts =
                self.all("SELECT nick, hash FROM account", |row| Ok((nick(row, 0)?, row.get(1)?)))?;
            let networks = self.all("SELECT network, banned_by, until FROM banned_network", |row| {
                let until = row.get::<_, Option<i64>>(2)?.map(moment);
                Ok((row.get(0)?, NetworkBan { by: nick(row, 1)?, until }))
            })?;
            Ok(Restored { rooms, accounts, networks })
        };
        load().map_err(|source| match source {
            rusqlite::Error::FromSqlConversionFailure(..) => self.damaged(source.to_string()),
            source => Error::of(self.path(), source),
        })
    }

    fn all<T>(&self, query: &str, read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.connection.prepare(query)?.query_map([], read)?.collect()
    }

    fn complete(&self, room: &mut RestoredRoom, lines: usize) -> Result<()> {
        let name = room.name.as_str();
        let connection = &self.connection;
        room.moderators = connection
            .prepare_cached("SELECT account FROM moderator WHERE room = ?1")?
            .query_map([name], |row| nick(row, 0))?
            .collect::<Result<_>>()?;
        room.bans = connection
            .prepare_cached("SELECT nick, account, banned_by, reason, at FROM ban WHERE room = ?1")?
            .query_map([name], read_ban)?
            .collect::<Result<_>>()?;
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        room.lines = connection
            .prepare_cached(
                "SELECT seq, at, nick, text, is_action FROM line WHERE room = ?1 ORDER BY seq DESC LIMIT ?2",
            )?
            .query_map(params![name, lines], read_line)?
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        room.lines.reverse();
        Ok(())
    }

    /// Writes records: all of them, or none.
    ///
    /// # Errors
    /// What SQLite says, most likely that the disk is full; or that the file is not in its place.
    pub fn write(&mut self, records: &[Record]) -> std::result::Result<(), Error> {
        self.check_place()?;
        self.commit(records).map_err(|source| Error::of(self.path(), source))?;
        self.check_place()
    }

    fn commit(&mut self, records: &[Record]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for record in records {
            write(&transaction, record)?;
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

/// Rooms in the order in which they were last spoken in.
const ROOMS: &str = "SELECT name, topic FROM room
    ORDER BY (SELECT max(seq) FROM line WHERE line.room = room.name), name";

/// How a data file is opened. It holds what users said and the hashes of their passwords, so only its
/// owner may read it.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Creates a file, or opens it. It is closed before SQLite opens it: to close any descriptor of a file
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
    // A server that has the file holds it until it ends: there is nothing to wait for.
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

fn write(transaction: &Transaction<'_>, record: &Record) -> Result<()> {
    match record {
        Record::Room { room, topic, moderators, bans } => {
            write_room(transaction, *room, topic.as_ref(), moderators, bans)
        }
        Record::Lines { room, oldest, lines } => write_lines(transaction, *room, *oldest, lines),
        Record::Account { nick, hash: Some(hash) } => transaction
            .prepare_cached("INSERT OR REPLACE INTO account (nick, hash) VALUES (?1, ?2)")?
            .execute([nick.as_str(), hash])
            .map(drop),
        Record::Account { nick, hash: None } => transaction
            .prepare_cached("DELETE FROM account WHERE nick = ?1")?
            .execute([nick.as_str()])
            .map(drop),
        Record::Network { network, ban: Some(NetworkBan { by, until }) } => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO banned_network (network, banned_by, until) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![network, by.as_str(), until.map(milliseconds)])
            .map(drop),
        Record::Network { network, ban: None } => transaction
            .prepare_cached("DELETE FROM banned_network WHERE network = ?1")?
            .execute([network])
            .map(drop),
    }
}

fn write_room(
    transaction: &Transaction<'_>,
    room: Room,
    topic: Option<&Text>,
    moderators: &[Nick],
    bans: &[Ban],
) -> Result<()> {
    let name = room.as_str();
    for table in ["DELETE FROM moderator WHERE room = ?1", "DELETE FROM ban WHERE room = ?1"] {
        transaction.prepare_cached(table)?.execute([name])?;
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO room (name, topic) VALUES (?1, ?2)")?
        .execute(params![name, topic.map(Text::as_str)])?;
    for moderator in moderators {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO moderator (room, account) VALUES (?1, ?2)")?
            .execute([name, moderator.as_str()])?;
    }
    for Ban { nick, account, by, reason, at } in bans {
        let (account, reason) = (account.as_ref().map(Nick::as_str), reason.as_ref().map(Text::as_str));
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO ban (room, nick, account, banned_by, reason, at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![name, nick.as_str(), account, by.as_str(), reason, milliseconds(*at)])?;
    }
    forget_if_empty(transaction, name)
}

fn write_lines(transaction: &Transaction<'_>, room: Room, oldest: Option<u64>, lines: &[Line]) -> Result<()> {
    let name = room.as_str();
    let oldest = oldest.map_or(i64::MAX, signed);
    transaction
        .prepare_cached("DELETE FROM line WHERE room = ?1 AND seq < ?2")?
        .execute(params![name, oldest])?;
    transaction.prepare_cached("INSERT OR IGNORE INTO room (name) VALUES (?1)")?.execute([name])?;
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO line (room, seq, at, nick, text, is_action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for Line { seq, at, from, text, manner } in lines {
        let is_action = *manner == Manner::Acted;
        insert.execute(params![
            name,
            signed(*seq),
            milliseconds(*at),
            from.as_str(),
            text.as_str(),
            is_action
        ])?;
    }
    forget_if_empty(transaction, name)
}

/// A room of which nothing is kept is no room.
fn forget_if_empty(transaction: &Transaction<'_>, name: &str) -> Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM room WHERE name = ?1 AND topic IS NULL
            AND NOT EXISTS (SELECT * FROM line WHERE room = ?1)
            AND NOT EXISTS (SELECT * FROM moderator WHERE room = ?1)
            AND NOT EXISTS (SELECT * FROM ban WHERE room = ?1)",
        )?
        .execute([name])
        .map(drop)
}

fn read_ban(row: &Row<'_>) -> Result<Ban> {
    let account =
        row.get::<_, Option<String>>(1)?.map(|name| checked(1, &name, Nick::new(&name))).transpose()?;
    Ok(Ban {
        nick: nick(row, 0)?,
        account,
        by: nick(row, 2)?,
        reason: text(row, 3)?,
        at: moment(row.get(4)?),
    })
}

fn read_line(row: &Row<'_>) -> Result<Option<Line>> {
    let manner = if row.get(4)? { Manner::Acted } else { Manner::Said };
    let seq = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
    let (at, from) = (moment(row.get(1)?), nick(row, 2)?);
    Ok(text(row, 3)?.map(|text| Line { seq, at, from, text, manner }))
}

/// Names in the file were checked before they were written. If one breaks the rule now, somebody else
/// has written here, and nothing is to be trusted.
fn nick(row: &Row<'_>, column: usize) -> Result<Nick> {
    let name: String = row.get(column)?;
    checked(column, &name, Nick::new(&name))
}

fn room(row: &Row<'_>, column: usize) -> Result<Room> {
    let name: String = row.get(column)?;
    checked(column, &name, Room::new(&name))
}

fn checked<T, E>(column: usize, name: &str, result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|_| {
        let what = format!("{name:?} is not a name");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
    })
}

fn text(row: &Row<'_>, column: usize) -> Result<Option<Text>> {
    let typed: Option<String> = row.get(column)?;
    Ok(typed.and_then(|typed| Text::new(&typed, usize::MAX).ok().flatten()))
}

fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn milliseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn moment(milliseconds: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
