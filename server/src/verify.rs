//! Verify: everything that is published, read back and computed anew. Names the first bad thing.

mod store;
mod tree;

use std::path::Path;

use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use rusqlite::{Connection, OptionalExtension};

use crate::app::{App, read_keys};
use crate::audit;
use crate::data::DataDir;
use crate::db;
use crate::error::{Error, Result};

/// How often a check is begun again because the running server published meanwhile.
const TRIES: usize = 5;

/// What was looked at, and the first thing found wrong.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Log entries.
    pub entries: u64,
    /// Content objects.
    pub contents: u64,
    /// Images, published and waiting.
    pub images: u64,
    /// Files below `public/`.
    pub files: u64,
    /// Lines of the record of who did what.
    pub record: u64,
    /// The first bad thing.
    pub problem: Option<Problem>,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file, or the row.
    pub what: String,
    /// What is wrong with it, in Chinese.
    pub why: String,
}

/// What a check answers: nothing wrong, or the first bad thing.
type Checked<T> = std::result::Result<T, Found>;

/// Why a check ended early.
enum Found {
    Problem(Problem),
    Failed(Error),
}

impl Found {
    fn bad(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Problem(Problem { what: what.into(), why: why.into() })
    }
}

impl From<Error> for Found {
    fn from(error: Error) -> Self {
        match error {
            Error::Corrupt(why) => Self::bad("数据库", why),
            other => Self::Failed(other),
        }
    }
}

impl From<rusqlite::Error> for Found {
    fn from(error: rusqlite::Error) -> Self {
        Self::bad("数据库", error.to_string())
    }
}

/// Checks a data directory. A batch that a crash left unfinished is finished first, as a start of
/// the server would; while a server runs, what it has finished is checked.
///
/// # Errors
/// When there is nothing to check, or something cannot be read at all.
pub fn verify(data: &DataDir) -> Result<Report> {
    if !data.database().exists() {
        let message = format!("{} 还没有初始化", data.path().display());
        return Err(Error::refused("no-data", message));
    }
    let lock = data.lock();
    let alone = lock.is_ok();
    let connection = db::open_reader(&data.database())?;
    if alone && unfinished(&connection)? {
        drop(lock);
        drop(App::open(data.clone(), String::new())?);
        return verify(data);
    }
    let mut report = Report::default();
    for _ in 0..TRIES {
        let before = head(&connection)?;
        report = check(data, &connection, alone)?;
        if report.problem.is_none() || alone || before == head(&connection)? {
            break;
        }
    }
    Ok(report)
}

fn unfinished(c: &Connection) -> Result<bool> {
    let row = c.query_row("SELECT applied < size FROM log", [], |row| row.get(0)).optional()?;
    Ok(row.unwrap_or(false))
}

fn head(c: &Connection) -> Result<(u64, u64)> {
    Ok(c.query_row("SELECT size, applied FROM log", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn check(data: &DataDir, c: &Connection, alone: bool) -> Result<Report> {
    let mut report = Report::default();
    // One snapshot of the database for the whole check.
    c.execute_batch("BEGIN")?;
    let checked = check_all(data, c, alone, &mut report);
    c.execute_batch("COMMIT")?;
    match checked {
        Ok(()) => Ok(report),
        Err(Found::Problem(problem)) => Ok(Report { problem: Some(problem), ..report }),
        Err(Found::Failed(error)) => Err(error),
    }
}

fn check_all(data: &DataDir, c: &Connection, alone: bool, report: &mut Report) -> Checked<()> {
    let sound: String = c.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(Found::bad("mingbai.db", sound));
    }
    let head = check_checkpoint(data, c)?;
    report.entries = head.size;
    let mut files = store::Files::list(&data.public())?;
    report.files = files.count();
    files.seen("checkpoint");
    let notes = tree::check(data, c, &head, &mut files)?;
    tree::check_roster(&notes)?;
    report.record = audit::verify(c)?;
    store::check_contents(data, c, head.size, &mut files, report)?;
    store::check_images(data, c, &mut files, report)?;
    // A running server may be writing its next batch.
    if alone {
        files.nothing_else()?;
    }
    Ok(())
}

/// The head in the database is signed by the log's key, and the public file is the same.
fn check_checkpoint(data: &DataDir, c: &Connection) -> Checked<Checkpoint> {
    let (size, applied, root, note): (u64, u64, Vec<u8>, String) =
        c.query_row("SELECT size, applied, root, checkpoint FROM log", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    if size != applied {
        return Err(Found::Failed(Error::Busy));
    }
    let key = read_keys(data)?.log.verifier();
    let head = Checkpoint::open(note.as_bytes(), &key)
        .map_err(|e| Found::bad("数据库的检查点", e.to_string()))?;
    if head.size != size || head.root.0[..] != root {
        return Err(Found::bad("数据库的检查点", "与条数或树根不符"));
    }
    // Witnesses' lines may stand under it: the same text with more signatures.
    let served = read(&data.public().join("checkpoint"), "checkpoint")?;
    let only_more = served.starts_with(note.as_bytes()) && Note::parse(&served).is_ok();
    if !only_more {
        return Err(Found::bad("checkpoint", "与数据库中签名的不同"));
    }
    Ok(head)
}

/// Reads a file that must be there.
fn read(path: &Path, name: &str) -> Checked<Vec<u8>> {
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Found::bad(name, "缺少文件"),
        _ => Found::bad(name, format!("无法读取：{e}")),
    })
}

#[cfg(test)]
mod tests;
