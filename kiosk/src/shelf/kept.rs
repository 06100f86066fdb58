//! What is kept word for word: entries, and contents that are hashed again each time they are read.

use std::ops::Range;

use ledger::hash::{Hash, sha256};
use rusqlite::OptionalExtension;

use super::{Shelf, ShelfError};

impl Shelf {
    /// All entries in the log's order, up to the first that is missing.
    pub fn entries(&self) -> Result<Vec<Vec<u8>>, ShelfError> {
        self.entries_in(0..i64::MAX.unsigned_abs())
    }

    /// These entries in the log's order, up to the first that is missing.
    pub fn entries_in(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, ShelfError> {
        let sql = "SELECT id, bytes FROM entry WHERE id >= ?1 AND id < ?2 ORDER BY id";
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query([range.start, range.end])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get::<_, u64>(0)? != range.start + entries.len() as u64 {
                break;
            }
            entries.push(row.get(1)?);
        }
        Ok(entries)
    }

    /// The contents of these entries, in order; empty where there is none, or none any more.
    pub fn contents(&self, entries: Range<u64>) -> Result<Vec<Vec<u8>>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT bytes, statement.content FROM content JOIN statement USING (id)
             WHERE id = ?1 AND withdrawn_by IS NULL",
        )?;
        let mut content = |index: u64| {
            let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
            let found: Option<(Vec<u8>, Option<[u8; 32]>)> =
                query.query_row([index], row).optional()?;
            let right = found.filter(|(bytes, hash)| *hash == Some(sha256(bytes).0));
            Ok(right.map(|(bytes, _)| bytes).unwrap_or_default())
        };
        entries.map(&mut content).collect()
    }

    /// The content with this hash, if some statement that was not withdrawn commits to it.
    pub fn content(&self, hash: Hash) -> Result<Option<Vec<u8>>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT bytes FROM content JOIN statement USING (id)
             WHERE statement.content = ?1 AND withdrawn_by IS NULL LIMIT 1",
        )?;
        let found: Option<Vec<u8>> = query.query_row([hash.0], |row| row.get(0)).optional()?;
        Ok(found.filter(|bytes| sha256(bytes) == hash))
    }
}
