//! How records become rows of the database, and rows become values again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Result, Row, Transaction, params};

use crate::{
    names::{Nick, Room},
    record::{Ban, Line, Manner, NetworkBan, Record, Restored, RestoredRoom},
    text::Text,
};

/// The rooms; the one that has been silent the longest comes first.
const ROOMS: &str = "SELECT name, topic FROM room
    ORDER BY (SELECT max(seq) FROM line WHERE line.room = room.name), name";

/// Reads everything, with the last `lines` lines of each room.
pub(super) fn restore(connection: &Connection, lines: usize) -> Result<Restored> {
    let mut rooms = all(connection, ROOMS, |row| {
        Ok(RestoredRoom {
            name: room(row, 0)?,
            topic: text(row, 1)?,
            moderators: Vec::new(),
            bans: Vec::new(),
            lines: Vec::new(),
        })
    })?;
    for room in &mut rooms {
        complete(connection, room, lines)?;
    }
    let accounts = all(connection, "SELECT nick, hash FROM account", |row| Ok((nick(row, 0)?, row.get(1)?)))?;
    let networks = all(connection, "SELECT network, banned_by, until FROM banned_network", |row| {
        let until = row.get::<_, Option<i64>>(2)?.map(moment);
        Ok((row.get(0)?, NetworkBan { by: nick(row, 1)?, until }))
    })?;
    Ok(Restored { rooms, accounts, networks })
}

fn all<T>(connection: &Connection, query: &str, read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    connection.prepare(query)?.query_map([], read)?.collect()
}

/// Reads what is in other tables than the room itself.
fn complete(connection: &Connection, room: &mut RestoredRoom, lines: usize) -> Result<()> {
    let name = room.name.as_str();
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

/// Writes the current value of a record.
pub(super) fn save(transaction: &Transaction<'_>, record: &Record) -> Result<()> {
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

/// Removes a room of which nothing is saved.
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
