//! How records become rows of the database, and rows become values again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Params, Result, Row, Transaction, params, types::Type};

use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom, RoomRules},
    text::Text,
};

/// The rooms; the one that has been silent the longest comes first.
const ROOMS: &str = "SELECT name, topic FROM room
    ORDER BY (SELECT max(seq) FROM line WHERE line.room = room.name), name";

/// Reads everything, with the last `lines` lines of each room.
pub(super) fn restore(connection: &Connection, lines: usize) -> Result<Restored> {
    let lines = i64::try_from(lines).unwrap_or(i64::MAX);
    let rooms = all(connection, ROOMS, [], |row| read_room(connection, row, lines))?;
    let accounts =
        all(connection, "SELECT nick, hash FROM account", [], |row| Ok((nick(row, 0)?, row.get(1)?)))?;
    let networks = all(connection, "SELECT network, banned_by, until FROM banned_network", [], |row| {
        let until = row.get::<_, Option<i64>>(2)?.map(moment);
        Ok((row.get(0)?, NetworkBan { by: nick(row, 1)?, until }))
    })?;
    let numbers =
        connection.query_row("SELECT max(reserved) FROM number", [], |row| row.get::<_, Option<i64>>(0))?;
    let numbers = numbers.and_then(|reserved| reserved.try_into().ok()).unwrap_or(0);
    Ok(Restored { rooms, accounts, numbers, networks })
}

fn all<T>(
    connection: &Connection,
    query: &str,
    values: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(query)?.query_map(values, read)?.collect()
}

/// Reads a room, also what is in other tables.
fn read_room(connection: &Connection, row: &Row<'_>, lines: i64) -> Result<RestoredRoom> {
    let (name, topic) = (room(row, 0)?, text(row, 1)?);
    let key = name.as_str();
    let of_moderators = "SELECT account FROM moderator WHERE room = ?1";
    let of_bans = "SELECT nick, account, banned_by, reason, at FROM ban WHERE room = ?1";
    let of_lines =
        "SELECT seq, at, nick, text, is_action FROM line WHERE room = ?1 ORDER BY seq DESC LIMIT ?2";
    let latest_first = all(connection, of_lines, params![key, lines], read_line)?;
    let moderators = all(connection, of_moderators, [key], |row| nick(row, 0))?;
    let bans = all(connection, of_bans, [key], read_ban)?;
    let lines = latest_first.into_iter().rev().flatten().collect();
    Ok(RestoredRoom { name, rules: RoomRules { topic, moderators, bans }, lines })
}

pub(super) fn save(transaction: &Transaction<'_>, record: &Record) -> Result<()> {
    match record {
        Record::Room(room, rules) => write_room(transaction, room.as_str(), rules),
        Record::Lines { room, oldest, lines } => write_lines(transaction, room.as_str(), *oldest, lines),
        Record::Account(nick, Some(hash)) => {
            let insert = "INSERT OR REPLACE INTO account (nick, hash) VALUES (?1, ?2)";
            execute(transaction, insert, [nick.as_str(), hash])
        }
        Record::Account(nick, None) => {
            execute(transaction, "DELETE FROM account WHERE nick = ?1", [nick.as_str()])
        }
        Record::Numbers(reserved) => {
            let insert = "INSERT OR REPLACE INTO number (id, reserved) VALUES (0, ?1)";
            execute(transaction, insert, [signed(*reserved)])
        }
        Record::Network(network, Some(NetworkBan { by, until })) => {
            let insert =
                "INSERT OR REPLACE INTO banned_network (network, banned_by, until) VALUES (?1, ?2, ?3)";
            execute(transaction, insert, params![network, by.as_str(), until.map(milliseconds)])
        }
        Record::Network(network, None) => {
            execute(transaction, "DELETE FROM banned_network WHERE network = ?1", [network])
        }
    }
}

fn execute(transaction: &Transaction<'_>, statement: &str, values: impl Params) -> Result<()> {
    transaction.prepare_cached(statement)?.execute(values).map(drop)
}

fn write_room(transaction: &Transaction<'_>, name: &str, rules: &RoomRules) -> Result<()> {
    execute(transaction, "DELETE FROM moderator WHERE room = ?1", [name])?;
    execute(transaction, "DELETE FROM ban WHERE room = ?1", [name])?;
    let insert = "INSERT OR REPLACE INTO room (name, topic) VALUES (?1, ?2)";
    execute(transaction, insert, params![name, rules.topic.as_ref().map(Text::as_str)])?;
    for moderator in &rules.moderators {
        let insert = "INSERT OR REPLACE INTO moderator (room, account) VALUES (?1, ?2)";
        execute(transaction, insert, [name, moderator.as_str()])?;
    }
    for Ban { nick, account, by, reason, at } in &rules.bans {
        let (account, reason) = (account.as_ref().map(Nick::as_str), reason.as_ref().map(Text::as_str));
        let insert = "INSERT OR REPLACE INTO ban (room, nick, account, banned_by, reason, at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![name, nick.as_str(), account, by.as_str(), reason, milliseconds(*at)];
        execute(transaction, insert, values)?;
    }
    forget_if_empty(transaction, name)
}

fn write_lines(transaction: &Transaction<'_>, name: &str, oldest: Option<u64>, lines: &[Line]) -> Result<()> {
    let oldest = oldest.map_or(i64::MAX, signed);
    execute(transaction, "DELETE FROM line WHERE room = ?1 AND seq < ?2", params![name, oldest])?;
    execute(transaction, "INSERT OR IGNORE INTO room (name) VALUES (?1)", [name])?;
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO line (room, seq, at, nick, text, is_action) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for Line { seq, at, from, text, manner } in lines {
        let (seq, at, is_action) = (signed(*seq), milliseconds(*at), *manner == Manner::Acted);
        insert.execute(params![name, seq, at, from.as_str(), text.as_str(), is_action])?;
    }
    forget_if_empty(transaction, name)
}

/// Removes a room of which nothing is saved.
fn forget_if_empty(transaction: &Transaction<'_>, name: &str) -> Result<()> {
    let delete = "DELETE FROM room WHERE name = ?1 AND topic IS NULL
        AND NOT EXISTS (SELECT * FROM line WHERE room = ?1)
        AND NOT EXISTS (SELECT * FROM moderator WHERE room = ?1)
        AND NOT EXISTS (SELECT * FROM ban WHERE room = ?1)";
    execute(transaction, delete, [name])
}

fn read_ban(row: &Row<'_>) -> Result<Ban> {
    let account: Option<String> = row.get(1)?;
    let account = account.map(|name| checked(1, &name, Nick::new(&name))).transpose()?;
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

/// Names are checked before they are written. If one breaks the rule now, another program has changed
/// the file, and nothing in it can be trusted.
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
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
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
