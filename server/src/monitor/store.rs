//! What a monitor keeps: one SQLite database, because a head and all that was verified under it must be adopted in one
//! step that a power cut cannot split.

use std::fs;
use std::path::{Path, PathBuf};

use ledger::checkpoint::Checkpoint;
use ledger::client::View;
use ledger::hash::Hash;
use ledger::key::VerifierKey;
use ledger::note::Note;
use ledger::roster::Roster;
use ledger::statement::Statement;
use ledger::tile::TILE_WIDTH;
use ledger::tree::{Frontier, leaf_hash};
use rusqlite::{Connection, OptionalExtension, params};

use super::alarm::{Alarm, Raised};
use crate::data::{DataDir, Lock};
use crate::durable::{self, Access};
use crate::error::{Error, Result};

/// The version of the tables, in SQLite's `user_version`.
const VERSION: u32 = 1;
/// Pieces of evidence that are kept: the first ones say all.
const EVIDENCE_MAX: u64 = 1000;
/// Bytes that stand before an entry in its bundle (C2SP tlog-tiles).
const LENGTH_BYTES: u64 = 2;

/// The directory of one monitor. Nobody else has it open.
pub(super) struct Store {
    pub(super) db: Connection,
    folder: PathBuf,
    _lock: Lock,
}

/// A signed head as it was shown.
pub(super) struct Shown {
    /// Unix seconds.
    pub time: i64,
    pub source: String,
    pub size: u64,
    pub note: String,
}

impl Store {
    /// Opens the directory, making it as needed, for this log and no other.
    ///
    /// # Errors
    /// `other-log`, `data-in-use`, or when the disk fails.
    pub(super) fn open(folder: &Path, log: &VerifierKey, now: i64) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let lock = DataDir::at(folder).lock()?;
        let path = folder.join("monitor.db");
        let db = Connection::open(&path)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "full")?;
        // What was withdrawn must not linger in free pages.
        db.pragma_update(None, "secure_delete", "on")?;
        db.pragma_update(None, "trusted_schema", "off")?;
        let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 0 {
            let make = include_str!("schema.sql");
            db.execute_batch(&format!("BEGIN; {make} PRAGMA user_version = {VERSION}; COMMIT;"))?;
        } else if version != VERSION {
            return Err(Error::Corrupt(format!("{} 是别的版本写的", path.display())));
        }
        db.execute(
            "INSERT INTO watch (one, vkey, since, checkpoint) VALUES (1, ?1, ?2, '')
             ON CONFLICT (one) DO NOTHING",
            params![log.to_string(), now],
        )?;
        let known: String = db.query_row("SELECT vkey FROM watch", [], |row| row.get(0))?;
        if known != log.to_string() {
            let message = format!("{} 里监督的是另一个账本：{known}", folder.display());
            return Err(Error::refused("other-log", message));
        }
        Ok(Self { db, folder: folder.to_owned(), _lock: lock })
    }

    /// Since when this log is watched, Unix seconds.
    pub(super) fn since(&self) -> Result<i64> {
        Ok(self.db.query_row("SELECT since FROM watch", [], |row| row.get(0))?)
    }

    /// The newest head that was verified, and what is needed to go on from it: made from the entries themselves, so that
    /// a damaged disk is noticed here.
    pub(super) fn view(&self) -> Result<View> {
        let checkpoint: String =
            self.db.query_row("SELECT checkpoint FROM watch", [], |row| row.get(0))?;
        let (frontier, tail) = self.frontier(u64::MAX)?;
        let damaged = || Error::Corrupt("监督目录里的条目与检查点不符：请换一个空目录".into());
        if !checkpoint.is_empty() {
            let head = Note::parse(checkpoint.as_bytes()).ok();
            let head = head.and_then(|note| Checkpoint::parse(note.text()).ok());
            let head = head.ok_or_else(damaged)?;
            if (head.size, head.root) != (frontier.size(), frontier.root()) {
                return Err(damaged());
            }
        }
        View::from_parts(checkpoint, frontier, tail).ok_or_else(damaged)
    }

    /// The root that the log had at an earlier size.
    pub(super) fn root_at(&self, size: u64) -> Result<Hash> {
        Ok(self.frontier(size)?.0.root())
    }

    /// The tree of the first `size` entries, and the bytes of its last bundle if that is not full.
    fn frontier(&self, size: u64) -> Result<(Frontier, u64)> {
        let (mut frontier, mut tail) = (Frontier::default(), 0);
        let mut query = self.db.prepare_cached("SELECT note FROM entry ORDER BY idx")?;
        let mut rows = query.query([])?;
        while frontier.size() < size
            && let Some(row) = rows.next()?
        {
            let note = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            frontier.push(leaf_hash(note));
            tail += LENGTH_BYTES + note.len() as u64;
            if frontier.size().is_multiple_of(TILE_WIDTH) {
                tail = 0;
            }
        }
        Ok((frontier, tail))
    }

    /// The most entries that a source has shown.
    pub(super) fn most_shown(&self, source: &str) -> Result<Option<Shown>> {
        let mut query = self.db.prepare_cached(
            "SELECT time, source, size, note FROM checkpoint WHERE source = ?1
             ORDER BY size DESC, id LIMIT 1",
        )?;
        Ok(query.query_row([source], read_shown).optional()?)
    }

    /// How many entries the head has that a source showed last.
    pub(super) fn shown_last(&self, source: &str) -> Result<u64> {
        let last = "SELECT size FROM checkpoint WHERE source = ?1 ORDER BY id DESC LIMIT 1";
        let mut query = self.db.prepare_cached(last)?;
        Ok(query.query_row([source], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Whether the head that a source showed last is one of the log that is held.
    pub(super) fn shows_ours(&self, source: &str) -> Result<bool> {
        let last = "SELECT note FROM checkpoint WHERE source = ?1 ORDER BY id DESC LIMIT 1";
        let mut query = self.db.prepare_cached(last)?;
        let note: Option<String> = query.query_row([source], |row| row.get(0)).optional()?;
        let note = note.and_then(|note| Note::parse(note.as_bytes()).ok());
        let head = note.and_then(|note| Checkpoint::parse(note.text()).ok());
        match head {
            Some(head) => Ok(self.root_at(head.size)? == head.root),
            None => Ok(false),
        }
    }

    /// The newest heads that were shown, the newest first.
    pub(super) fn history(&self, limit: u32) -> Result<Vec<Shown>> {
        let mut query = self.db.prepare_cached(
            "SELECT time, source, size, note FROM checkpoint ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = query.query_map([limit], read_shown)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// How many different heads were shown.
    pub(super) fn heads(&self) -> Result<u64> {
        Ok(self.db.query_row("SELECT count(*) FROM checkpoint", [], |row| row.get(0))?)
    }

    /// Keeps a signed head that a source shows, unless it showed the same one last.
    pub(super) fn saw(&self, source: &str, size: u64, note: &[u8], now: i64) -> Result<()> {
        saw(&self.db, source, size, note, now)
    }

    /// Adopts what was verified: the entries from the held size on, judged, and the head over them.
    pub(super) fn adopt(
        &mut self,
        source: &str,
        next: &View,
        entries: &[Vec<u8>],
        now: i64,
    ) -> Result<()> {
        let mut roster = read_roster(&self.db)?;
        let tx = self.db.transaction()?;
        for entry in entries {
            let index = roster.size();
            let judged = roster.admit(entry, |of| earlier(&tx, of).ok().flatten());
            let (refused, content) = match &judged {
                Ok(admitted) => (None, admitted.statement.content()),
                Err(refusal) => (Some(refusal.to_string()), None),
            };
            tx.prepare_cached(
                "INSERT INTO entry (idx, seen, note, refused, content) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                index,
                now,
                entry,
                refused,
                content.map(|hash| hash.to_string())
            ])?;
            if let Ok(admitted) = judged
                && let Statement::Withdrawal { of, .. } = admitted.statement
            {
                withdraw(&tx, of, index)?;
            }
        }
        tx.execute("UPDATE watch SET checkpoint = ?1", [next.checkpoint()])?;
        saw(&tx, source, next.size(), next.checkpoint().as_bytes(), now)?;
        Ok(tx.commit()?)
    }

    /// Keeps what proves that somebody did wrong, as a row and as a file that can be handed on.
    pub(super) fn evidence(
        &self,
        kind: &str,
        source: &str,
        held: &str,
        offered: &[u8],
        now: i64,
    ) -> Result<()> {
        let mut proof = Vec::from(held.as_bytes());
        if !held.is_empty() {
            proof.push(b'\n');
        }
        proof.extend(offered);
        let kept: u64 = self.db.query_row("SELECT count(*) FROM evidence", [], |row| row.get(0))?;
        if kept >= EVIDENCE_MAX {
            return Ok(());
        }
        let folder = self.folder.join("evidence");
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let name = evidence_name(kind, held, offered);
        durable::replace(&folder.join(name), &proof, Access::Public)?;
        self.db.execute(
            "INSERT INTO evidence (time, kind, source, held, offered) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![now, kind, source, held, offered],
        )?;
        Ok(())
    }

    /// All evidence of one kind: who offered it, and the file's name.
    pub(super) fn evidence_of(&self, kind: &str) -> Result<Vec<(String, String)>> {
        let mut query = self
            .db
            .prepare("SELECT source, held, offered FROM evidence WHERE kind = ?1 ORDER BY id")?;
        let rows = query.query_map([kind], |row| {
            let (held, offered): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, evidence_name(kind, &held, &offered)))
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Notes which alarms are raised now, and since when; those that are over are forgotten.
    pub(super) fn raise(&mut self, alarms: Vec<Alarm>, now: i64) -> Result<Vec<Raised>> {
        let tx = self.db.transaction()?;
        let mut raised = Vec::new();
        tx.execute_batch("CREATE TEMP TABLE standing (kind TEXT, subject TEXT)")?;
        for alarm in alarms {
            let key = params![alarm.kind.code(), alarm.subject];
            tx.execute("INSERT INTO standing VALUES (?1, ?2)", key)?;
            tx.execute(
                "INSERT INTO alarm (kind, subject, since) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![alarm.kind.code(), alarm.subject, now],
            )?;
            let find = "SELECT since, told FROM alarm WHERE kind = ?1 AND subject = ?2";
            let (since, told) = tx.query_row(find, key, |row| Ok((row.get(0)?, row.get(1)?)))?;
            raised.push(Raised { alarm, since, told });
        }
        tx.execute_batch(
            "DELETE FROM alarm WHERE (kind, subject) NOT IN (SELECT kind, subject FROM standing);
             DROP TABLE standing",
        )?;
        tx.commit()?;
        Ok(raised)
    }

    /// Notes that a report says all of it.
    pub(super) fn told(&self) -> Result<()> {
        self.db.execute("UPDATE alarm SET told = 1 WHERE told = 0", [])?;
        Ok(())
    }
}

fn saw(c: &Connection, source: &str, size: u64, note: &[u8], now: i64) -> Result<()> {
    let note = String::from_utf8_lossy(note);
    let last = "SELECT note FROM checkpoint WHERE source = ?1 ORDER BY id DESC LIMIT 1";
    let last: Option<String> =
        c.prepare_cached(last)?.query_row([source], |row| row.get(0)).optional()?;
    if last.as_deref() != Some(&*note) {
        c.prepare_cached(
            "INSERT INTO checkpoint (time, source, size, note) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![now, source, size, note])?;
    }
    Ok(())
}

fn read_shown(row: &rusqlite::Row<'_>) -> rusqlite::Result<Shown> {
    Ok(Shown { time: row.get(0)?, source: row.get(1)?, size: row.get(2)?, note: row.get(3)? })
}

fn evidence_name(kind: &str, held: &str, offered: &[u8]) -> String {
    let hash = ledger::hash::sha256(&[held.as_bytes(), offered].concat()).to_string();
    format!("{kind}-{}.txt", hash.get(..16).unwrap_or(&hash))
}

/// The statement of an entry that counts.
pub(super) fn statement(note: &[u8]) -> Option<Statement> {
    Statement::parse(Note::parse(note).ok()?.text()).ok()
}

fn earlier(c: &Connection, index: u64) -> Result<Option<Statement>> {
    let find = "SELECT note FROM entry WHERE idx = ?1 AND refused IS NULL";
    let note: Option<Vec<u8>> =
        c.prepare_cached(find)?.query_row([index], |row| row.get(0)).optional()?;
    Ok(note.and_then(|note| statement(&note)))
}

/// Who may sign, as of the entries that are held: only keys change it, and the others were judged once.
fn read_roster(c: &Connection) -> Result<Roster> {
    let mut roster = Roster::default();
    let mut query = c.prepare("SELECT note, refused IS NULL FROM entry ORDER BY idx")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (note, counts): (Vec<u8>, bool) = (row.get(0)?, row.get(1)?);
        let is_key = counts && matches!(statement(&note), Some(Statement::Key { .. }));
        let _judged_before = roster.admit(if is_key { &note } else { b"" }, |_| None);
    }
    Ok(roster)
}

/// Drops the content of a withdrawn entry, and of every correction of it.
fn withdraw(c: &Connection, of: u64, by: u64) -> Result<()> {
    let mut gone = vec![of];
    let mut query =
        c.prepare_cached("SELECT idx, note FROM entry WHERE idx > ?1 AND refused IS NULL")?;
    let mut rows = query.query([of])?;
    while let Some(row) = rows.next()? {
        let note: Vec<u8> = row.get(1)?;
        if matches!(statement(&note), Some(Statement::Correction { of: base, .. }) if base == of) {
            gone.push(row.get(0)?);
        }
    }
    for index in gone {
        c.prepare_cached(
            "UPDATE entry SET body = NULL, lost = NULL, withdrawn = ?2 WHERE idx = ?1",
        )?
        .execute([index, by])?;
        c.prepare_cached("DELETE FROM picture WHERE idx = ?1")?.execute([index])?;
    }
    Ok(())
}
