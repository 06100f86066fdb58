//! The shelf checked against itself: what a failing disk changed is found, and thrown away or made again.

use std::collections::BTreeSet;

use ledger::client::View;
use ledger::hash::{Hash, sha256, sha256_parts};
use ledger::tile::TILE_WIDTH;
use ledger::tree::{Frontier, leaf_hash};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::lists::statement_in;
use super::views::sum_all;
use super::{Shelf, ShelfError};

/// The sealed tables, each keyed by log index.
pub(super) const VIEWS: [&str; 10] = [
    "statement",
    "receipt",
    "idle_month",
    "closing",
    "bulletin",
    "question",
    "answer",
    "signer",
    "picture",
    "search",
];
/// How many neighbouring entries have a seal in common.
const PART: u64 = 1024;

/// What an audit found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The entries are no longer those of the head: the next sync replaces them all.
    pub entries_lost: bool,
    /// Contents that had changed; dropped, to be fetched again.
    pub contents_lost: u64,
    /// The views were not those of the entries and contents, and were made again.
    pub rebuilt: bool,
}

impl Shelf {
    /// Checks entries against the head, contents against their statements, and views against both; mends what it can.
    /// The head itself stays, so that nothing older is ever accepted.
    pub fn audit(&mut self) -> Result<Audit, ShelfError> {
        let mut audit = Audit::default();
        if self.integrity()? != "ok" {
            self.db.execute_batch("REINDEX")?;
            let still = self.integrity()?;
            if still != "ok" {
                return Err(ShelfError::Broken(still));
            }
        }
        if self.view()?.is_none() {
            // They stay on the screen, each page verified by its signatures, until a sync replaces them all.
            self.db.execute("UPDATE head SET etag = NULL", [])?;
            audit.entries_lost = true;
        }
        audit.contents_lost = self.drop_false_contents()?;
        if audit != Audit::default() || !self.views_agree()? {
            self.rebuild()?;
            audit.rebuilt = true;
        } else {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            sum_all(&tx)?;
            tx.commit()?;
        }
        self.sweep()?;
        Ok(audit)
    }

    /// The first thing that SQLite finds wrong with the file, or `ok`.
    fn integrity(&self) -> Result<String, ShelfError> {
        let found: String = self.db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        Ok(found.lines().next().unwrap_or_default().to_owned())
    }

    /// What is held, as the log's reader needs it; `None` when the entries are not (or no longer) those of the head.
    pub fn view(&self) -> Result<Option<View>, ShelfError> {
        let Some(head) = self.head()? else { return Ok(Some(View::default())) };
        let mut frontier = Frontier::default();
        let mut bundle_bytes = 0;
        let mut query = self.db.prepare_cached("SELECT id, bytes FROM entry ORDER BY id")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let entry = row.get_ref(1)?.as_blob()?;
            if row.get::<_, u64>(0)? != frontier.size() {
                return Ok(None);
            }
            frontier.push(leaf_hash(entry));
            let full = frontier.size().is_multiple_of(TILE_WIDTH);
            bundle_bytes = if full { 0 } else { bundle_bytes + 2 + entry.len() as u64 };
        }
        if frontier.size() != head.size || frontier.root() != head.root {
            return Ok(None);
        }
        let checkpoint = String::from_utf8_lossy(&head.checkpoint).into_owned();
        Ok(View::from_parts(checkpoint, frontier, bundle_bytes))
    }

    fn drop_false_contents(&mut self) -> Result<u64, ShelfError> {
        let mut lost = Vec::new();
        {
            let mut query = self.db.prepare(
                "SELECT id, c.bytes, e.bytes FROM content c LEFT JOIN entry e USING (id)",
            )?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let entry: Vec<u8> = row.get::<_, Option<_>>(2)?.unwrap_or_default();
                let statement = statement_in(&entry);
                let committed = statement.and_then(|statement| statement.content());
                if committed != Some(sha256(row.get_ref(1)?.as_blob()?)) {
                    lost.push(row.get::<_, u64>(0)?);
                }
            }
        }
        for index in &lost {
            self.db.execute("DELETE FROM content WHERE id = ?1", [index])?;
        }
        Ok(lost.len() as u64)
    }

    /// True when the views are still those of the last commit.
    fn views_agree(&self) -> Result<bool, ShelfError> {
        let size: u64 =
            self.db
                .query_row("SELECT coalesce(max(id) + 1, 0) FROM entry", [], |row| row.get(0))?;
        let mut sealed = self.db.prepare_cached("SELECT digest FROM seal WHERE part = ?1")?;
        for part in 0..size.div_ceil(PART) {
            let digest: Option<[u8; 32]> = sealed.query_row([part], |row| row.get(0)).optional()?;
            if !digest.is_some_and(|digest| digest_of(&self.db, part).is_ok_and(|d| d.0 == digest))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Notes what the views hold of the touched entries and their neighbours, at the end of each transaction that writes.
pub(super) fn seal(tx: &Transaction, touched: &BTreeSet<u64>) -> Result<(), ShelfError> {
    let parts: BTreeSet<u64> = touched.iter().map(|index| index / PART).collect();
    for part in parts {
        let digest = digest_of(tx, part)?;
        tx.prepare_cached("INSERT OR REPLACE INTO seal VALUES (?1, ?2)")?
            .execute((part, digest.0))?;
    }
    Ok(())
}

/// A hash over every value that the views hold of the entries of `part`.
fn digest_of(db: &Connection, part: u64) -> Result<Hash, ShelfError> {
    let mut digest = sha256(b"");
    for view in VIEWS {
        let sql = format!("SELECT * FROM {view} NOT INDEXED WHERE id >= ?1 AND id < ?2");
        let mut query = db.prepare_cached(&sql)?;
        let columns = query.column_count();
        let mut rows = query.query([part * PART, (part + 1) * PART])?;
        let mut values = Vec::new();
        while let Some(row) = rows.next()? {
            values.clear();
            for column in 0..columns {
                let number;
                let (mark, bytes) = match row.get_ref(column)? {
                    ValueRef::Null => (0, &[][..]),
                    ValueRef::Integer(value) => {
                        number = value.to_be_bytes();
                        (1, &number[..])
                    }
                    ValueRef::Real(value) => {
                        number = value.to_be_bytes();
                        (2, &number[..])
                    }
                    ValueRef::Text(text) => (3, text),
                    ValueRef::Blob(blob) => (4, blob),
                };
                values.push(mark);
                values.extend((bytes.len() as u64).to_be_bytes());
                values.extend(bytes);
            }
            digest = sha256_parts(&[&digest.0, &values]);
        }
    }
    Ok(digest)
}
