//! The shelf checked against itself: what a failing disk changed is found, and thrown away or made again.

use ledger::client::View;
use ledger::hash::{Hash, sha256, sha256_parts};
use ledger::tile::TILE_WIDTH;
use ledger::tree::{Frontier, leaf_hash};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::adopt::VIEWS;
use super::lists::statement_in;
use super::{Shelf, ShelfError};

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
        }
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
        let sealed: Option<[u8; 32]> =
            self.db.query_row("SELECT digest FROM seal", [], |row| row.get(0)).optional()?;
        Ok(sealed.is_none_or(|digest| digest_of_views(&self.db).is_ok_and(|now| now.0 == digest)))
    }
}

/// Notes what the views hold, at the end of each transaction that writes to them.
pub(super) fn seal(tx: &Transaction) -> Result<(), ShelfError> {
    let digest = digest_of_views(tx)?;
    tx.execute("INSERT OR REPLACE INTO seal VALUES (1, ?1)", [digest.0])?;
    Ok(())
}

/// A hash over every value of every view.
fn digest_of_views(db: &Connection) -> Result<Hash, ShelfError> {
    let mut digest = sha256(b"");
    for view in VIEWS {
        let mut query = db.prepare(&format!("SELECT * FROM {view} NOT INDEXED"))?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let mut values = Vec::new();
            for column in 0..columns {
                let (mark, bytes) = match row.get_ref(column)? {
                    ValueRef::Null => (0, Vec::new()),
                    ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
                    ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
                    ValueRef::Text(text) => (3, text.to_vec()),
                    ValueRef::Blob(blob) => (4, blob.to_vec()),
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
