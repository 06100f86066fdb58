//! The record of who did what, when, for whom, and what it was before. Lines are only added; each carries the hash of all
//! before it, and the log commits to the newest one every day: a line that is changed later no longer fits.

use jiff::civil::Date;
use ledger::hash::{Hash, sha256};
use ledger::statement::Statement;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::publish::{NewEntry, office_note};
use crate::random;

/// Lines that one page of the record holds.
pub const PAGE_LINES: u32 = 200;

/// What something was before and is now; either may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// Before.
    pub old: Option<&'a str>,
    /// Now, or why.
    pub new: Option<&'a str>,
}

impl<'a> Change<'a> {
    /// Something that was not there before.
    #[must_use]
    pub fn to(new: &'a str) -> Self {
        Self { old: None, new: Some(new) }
    }
}

/// One line of the record. The order of its fields is the order in which they are hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RecordLine)]
pub struct Line {
    /// Its number, from 1.
    pub id: i64,
    /// RFC 3339.
    pub time: String,
    /// The login it was done under.
    pub login: String,
    /// The person's name then.
    pub name: String,
    /// The post that allowed it.
    pub role: String,
    /// The login of whom the person stood in for.
    pub for_login: Option<String>,
    /// That person's name.
    pub for_name: Option<String>,
    /// `publish`, `return`, `withdraw`, `draft`, …
    pub act: String,
    /// Submission id, log index, login, …
    pub subject: String,
    /// What it was before.
    pub old: Option<String>,
    /// What it is now, or why.
    pub new: Option<String>,
}

const COLUMNS: &str = "id, time, login, name, role, for_login, for_name, act, subject, old, new";

/// Writes down who did what, in the transaction that does it.
///
/// # Errors
/// When the database cannot be written.
pub fn record(
    c: &Connection,
    actor: &Actor,
    act: &str,
    subject: &str,
    change: Change<'_>,
) -> Result<()> {
    let newest: Option<(i64, Option<[u8; 32]>)> = c
        .prepare_cached("SELECT id, link FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (id, before) = newest.map_or((1, None), |(id, link)| (id + 1, link));
    let line = Line {
        id,
        time: clock::now(),
        login: actor.login.clone(),
        name: actor.name.clone(),
        role: actor.role.as_str().to_owned(),
        for_login: actor.for_login().map(str::to_owned),
        for_name: actor.stands_for.as_ref().map(|absent| absent.name.clone()),
        act: act.to_owned(),
        subject: subject.to_owned(),
        old: change.old.map(str::to_owned),
        new: change.new.map(str::to_owned),
    };
    let salt: [u8; 16] = random::bytes()?;
    c.prepare_cached(&format!(
        "INSERT INTO audit ({COLUMNS}, salt, link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    ))?
    .execute(params![
        line.id,
        line.time,
        line.login,
        line.name,
        line.role,
        line.for_login,
        line.for_name,
        line.act,
        line.subject,
        line.old,
        line.new,
        salt,
        link(before.unwrap_or_default(), &salt, &line)?.0,
    ])?;
    Ok(())
}

/// The hash of the link before, the line's salt, and the line as JSON. The salt keeps the log's daily hash from telling
/// whoever guesses what was done.
fn link(before: [u8; 32], salt: &[u8], line: &Line) -> Result<Hash> {
    let mut bytes = before.to_vec();
    bytes.extend_from_slice(salt);
    serde_json::to_writer(&mut bytes, line).map_err(|e| Error::Corrupt(e.to_string()))?;
    Ok(sha256(&bytes))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        id: row.get(0)?,
        time: row.get(1)?,
        login: row.get(2)?,
        name: row.get(3)?,
        role: row.get(4)?,
        for_login: row.get(5)?,
        for_name: row.get(6)?,
        act: row.get(7)?,
        subject: row.get(8)?,
        old: row.get(9)?,
        new: row.get(10)?,
    })
}

/// What was done to one thing (a submission's id, a login, …), oldest first, at most 500 lines.
///
/// # Errors
/// When the database cannot be read.
pub fn of(c: &Connection, subject: &str) -> Result<Vec<Line>> {
    let mut query = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM audit WHERE subject = ?1 ORDER BY id LIMIT 500"
    ))?;
    let lines = query.query_map([subject], read)?;
    Ok(lines.collect::<rusqlite::Result<_>>()?)
}

/// A page of the record, newest first: the lines before number `before`.
///
/// # Errors
/// When the database cannot be read.
pub fn page(c: &Connection, before: Option<i64>) -> Result<Vec<Line>> {
    let mut query = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT {PAGE_LINES}"
    ))?;
    let lines = query.query_map([before.unwrap_or(i64::MAX)], read)?;
    Ok(lines.collect::<rusqlite::Result<_>>()?)
}

/// Publishes how many lines the record had when a day began (China) and the hash of the newest of them, unless the log
/// says so already. Blocks.
///
/// # Errors
/// When publishing fails.
pub fn commit(app: &App, day: Date) -> Result<bool> {
    let Some((lines, head)) = app.db.read(|c| newest_before(c, day))? else { return Ok(false) };
    if app.db.read(committed)?.last().is_some_and(|(said, ..)| *said == lines) {
        return Ok(false);
    }
    let village = app.township.parse().map_err(|_| Error::Corrupt("数据库中的乡镇代码".into()))?;
    let statement = Statement::Audit { village, time: clock::timestamp()?, lines, head };
    app.append(move |_, keys| Ok(vec![NewEntry::stated(office_note(keys, &statement), None)]))?;
    Ok(true)
}

fn newest_before(c: &Connection, day: Date) -> Result<Option<(u64, Hash)>> {
    let sql = "SELECT id, link FROM audit WHERE link IS NOT NULL AND time < ?1
               ORDER BY id DESC LIMIT 1";
    let mut query = c.prepare_cached(sql)?;
    let found = query.query_row([day.to_string()], |row| Ok((row.get(0)?, Hash(row.get(1)?))));
    Ok(found.optional()?)
}

/// What the log says of the record: lines, head, log index.
fn committed(c: &Connection) -> Result<Vec<(u64, Hash, u64)>> {
    let mut query = c.prepare("SELECT idx, note FROM entry WHERE kind = 'audit' ORDER BY idx")?;
    let mut rows = query.query([])?;
    let mut said = Vec::new();
    while let Some(row) = rows.next()? {
        let (index, note): (u64, String) = (row.get(0)?, row.get(1)?);
        let text = note.split("\n\n").next().map(|text| format!("{text}\n")).unwrap_or_default();
        if let Ok(Statement::Audit { lines, head, .. }) = Statement::parse(&text) {
            said.push((lines, head, index));
        }
    }
    Ok(said)
}

/// Checks the chain of the whole record, and every commitment in the log against it. Answers how many lines there are.
///
/// # Errors
/// `Corrupt` naming the first line, or commitment, that does not fit.
pub fn verify(c: &Connection) -> Result<u64> {
    let mut said = committed(c)?.into_iter().peekable();
    let mut query = c.prepare(&format!("SELECT {COLUMNS}, salt, link FROM audit ORDER BY id"))?;
    let mut rows = query.query([])?;
    let (mut before, mut count) = ([0; 32], 0_u64);
    while let Some(row) = rows.next()? {
        count += 1;
        let line = read(row)?;
        let (salt, kept): (Option<Vec<u8>>, Option<[u8; 32]>) = (row.get(11)?, row.get(12)?);
        let (Some(salt), Some(kept)) = (salt, kept) else { continue };
        if link(before, &salt, &line)?.0 != kept {
            return Err(Error::Corrupt(format!("操作记录第 {} 行被改动过", line.id)));
        }
        before = kept;
        while let Some((lines, head, index)) = said.next_if(|(lines, ..)| *lines <= count) {
            if lines != count || head.0 != kept {
                return Err(misfit(index));
            }
        }
    }
    said.next().map_or(Ok(count), |(_, _, index)| Err(misfit(index)))
}

fn misfit(index: u64) -> Error {
    Error::Corrupt(format!("操作记录与日志第 {index} 条的声明不符：有行被删改"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Office;

    #[test]
    fn nobody_can_change_or_delete_what_was_done() {
        let office = Office::new();
        let app = office.open();
        for statement in ["UPDATE audit SET login = 'x'", "DELETE FROM audit"] {
            assert!(app.db.write_blocking(move |c| Ok(c.execute(statement, [])?)).is_err());
        }
        assert!(app.db.read(verify).unwrap() > 0);
    }

    #[test]
    fn a_line_that_is_changed_or_cut_off_by_force_no_longer_fits() {
        let office = Office::new();
        let app = office.open();
        let today = clock::today();
        assert!(!commit(&app, today).unwrap(), "the day is not over");
        let tomorrow = today.tomorrow().unwrap();
        assert!(commit(&app, tomorrow).unwrap());
        assert!(!commit(&app, tomorrow).unwrap(), "nothing new, nothing said");
        assert!(app.db.read(verify).is_ok());
        let force = |sql: &'static str| {
            app.db.write_blocking(move |c| {
                c.execute_batch("DROP TRIGGER audit_keeps; DROP TRIGGER audit_stays;").ok();
                c.execute(sql, [])?;
                Ok(())
            })
        };
        force("UPDATE audit SET name = '别人' WHERE id = 1").unwrap();
        assert!(app.db.read(verify).unwrap_err().to_string().contains("第 1 行"));
        force("UPDATE audit SET name = '(命令行)' WHERE id = 1").unwrap();
        assert!(app.db.read(verify).is_ok());
        force("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)").unwrap();
        assert!(app.db.read(verify).unwrap_err().to_string().contains("有行被删改"));
    }
}
