//! The tables, and how a file of an earlier version is brought up to date.

use rusqlite::{Connection, Result};

/// Marks a data file as ours (`PRAGMA application_id`): the letters `chat`.
pub(super) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"chat");

/// The version of the schema that this program writes.
pub(super) const VERSION: u32 = 2;

/// What each version adds to the one before. A released version never changes; add a step at the end.
const STEPS: [&str; VERSION as usize] = [
    // Names are ASCII and compared without case, as NOCASE does. Times are in milliseconds since 1970.
    "CREATE TABLE room (
        name TEXT PRIMARY KEY COLLATE NOCASE,
        topic TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE moderator (
        room TEXT COLLATE NOCASE,
        account TEXT COLLATE NOCASE,
        PRIMARY KEY (room, account)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE ban (
        room TEXT COLLATE NOCASE,
        nick TEXT COLLATE NOCASE,
        account TEXT COLLATE NOCASE,
        banned_by TEXT NOT NULL,
        reason TEXT,
        at INTEGER NOT NULL,
        PRIMARY KEY (room, nick)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE line (
        room TEXT COLLATE NOCASE,
        seq INTEGER,
        at INTEGER NOT NULL,
        nick TEXT NOT NULL,
        is_action INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE account (
        nick TEXT PRIMARY KEY COLLATE NOCASE,
        hash TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE banned_network (
        network TEXT PRIMARY KEY,
        banned_by TEXT NOT NULL,
        until INTEGER
    ) STRICT, WITHOUT ROWID;",
    // One row: no line has a number above this one.
    "CREATE TABLE number (
        id INTEGER PRIMARY KEY,
        reserved INTEGER NOT NULL
    ) STRICT;",
];

/// The version of the file's schema; 0 for an empty file.
pub(super) fn version(connection: &Connection) -> Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the file was made by this program.
pub(super) fn is_ours(connection: &Connection) -> Result<bool> {
    let id: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(id == APPLICATION_ID)
}

pub(super) fn is_empty(connection: &Connection) -> Result<bool> {
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && version(connection)? == 0)
}

/// Brings the tables from `version` to the present version, in one transaction.
pub(super) fn migrate(connection: &mut Connection, version: u32) -> Result<()> {
    let transaction = connection.transaction()?;
    for step in STEPS.iter().skip(version as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
