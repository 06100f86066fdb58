//! How verified things come onto the shelf: head, entries and contents in one transaction, the tables of views with them.

use ledger::hash::Hash;
use ledger::time::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior};

use super::judge::Verdict;
use super::views::Views;
use super::{Head, NEWEST, Shelf, ShelfError, parsed};

/// What a sync verified, to be put on the shelf at once or not at all.
#[derive(Debug)]
pub struct Batch {
    /// The head that the sync began from.
    pub old: Option<Head>,
    /// Entries of the shelf that stay; 0 replaces them all, as after an audit that found them damaged.
    pub held: u64,
    /// The head that commits to everything here.
    pub head: Head,
    /// The entries after the held ones.
    pub entries: Vec<Vec<u8>>,
    /// What was thought of each of them.
    pub verdicts: Vec<Verdict>,
    /// When a server said that this is its newest head; `None` of a bundle, which only proves how old it is not.
    pub at: Option<Timestamp>,
}

/// A content whose hash is the one its statement commits to, and that statement's index.
pub type Arrived = (u64, Vec<u8>);

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// New entries that do not count.
    pub refused: u64,
    /// Papers whose details were removed.
    pub withdrawn: u64,
}

impl Shelf {
    /// Puts a batch and the contents that came with it on the shelf, in one transaction. When this returns, all of it
    /// survives a power cut; if the power goes before, none of it is there and the old shelf is whole.
    pub fn adopt(&mut self, batch: &Batch, contents: &[Arrived]) -> Result<Adopted, ShelfError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if super::head_in(&tx)? != batch.old {
            return Err(ShelfError::Overtaken);
        }
        let held = batch.held;
        let mut views = Views::new(&tx);
        if held == 0 {
            tx.execute("DELETE FROM entry", [])?;
            views.clear()?;
        }
        let mut adopted = Adopted::default();
        {
            let mut insert = tx.prepare_cached("INSERT INTO entry VALUES (?1, ?2)")?;
            for (index, entry) in (held..).zip(&batch.entries) {
                insert.execute((index, entry))?;
            }
        }
        for (index, verdict) in (held..).zip(&batch.verdicts) {
            adopted.withdrawn += views.take(index, verdict)?;
            adopted.refused += u64::from(matches!(verdict, Verdict::Refused(_)));
        }
        if held == 0 {
            views.keep_again()?;
        }
        for (index, bytes) in contents {
            views.keep_content(*index, bytes)?;
        }
        views.settle()?;
        let head = &batch.head;
        tx.execute(
            "INSERT OR REPLACE INTO head VALUES (1, ?1, ?2, ?3, ?4)",
            (&head.checkpoint, head.size, head.root.0, &head.etag),
        )?;
        tx.execute("DELETE FROM inbox", [])?;
        match &batch.at {
            Some(at) => {
                tx.execute("INSERT OR REPLACE INTO checked VALUES (1, ?1)", [at.as_str()])?;
            }
            None => checked_by_newest(&tx)?,
        }
        tx.execute("DELETE FROM trouble", [])?;
        tx.commit()?;
        if adopted.withdrawn > 0 {
            self.forget_log()?;
        }
        Ok(adopted)
    }

    /// Puts contents on the shelf that were missing.
    pub fn add_contents(&mut self, contents: &[Arrived]) -> Result<(), ShelfError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut views = Views::new(&tx);
        for (index, bytes) in contents {
            views.keep_content(*index, bytes)?;
        }
        views.settle()?;
        Ok(tx.commit()?)
    }

    /// Makes every view again from entries and contents alone. Every signature is verified.
    pub fn rebuild(&mut self) -> Result<(), ShelfError> {
        let entries = self.entries()?;
        let verdicts = self.judge(0, &entries)?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut views = Views::new(&tx);
        views.clear()?;
        for (index, verdict) in (0..).zip(&verdicts) {
            views.take(index, verdict)?;
        }
        views.keep_again()?;
        views.settle()?;
        Ok(tx.commit()?)
    }

    /// Contents that were committed to, neither withdrawn nor here: index and hash, oldest first.
    pub fn missing_contents(&self, max: u32) -> Result<Vec<(u64, Hash)>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, content FROM statement
             WHERE content IS NOT NULL AND here = 0 AND refused IS NULL AND withdrawn_by IS NULL
             ORDER BY id LIMIT ?1",
        )?;
        let rows = query.query_map([max], |row| Ok((row.get(0)?, Hash(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Empties SQLite's write-ahead log, which would keep what was deleted from the tables.
    fn forget_log(&self) -> Result<(), ShelfError> {
        // Returns a row; that a reader delays it is no error, the next commit's checkpoint does it.
        Ok(self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

/// What is held was the newest there was when its last statement was signed, if nothing later is known.
fn checked_by_newest(tx: &Transaction) -> Result<(), ShelfError> {
    let one = |sql: &str| -> Result<Option<Timestamp>, ShelfError> {
        Ok(tx.query_row(sql, [], |row| parsed(row, 0)).optional()?)
    };
    let seconds = |at: &Option<Timestamp>| at.as_ref().map(Timestamp::unix_seconds);
    let (newest, checked) = (one(NEWEST)?, one("SELECT at FROM checked")?);
    if seconds(&newest) > seconds(&checked)
        && let Some(newest) = newest
    {
        tx.execute("INSERT OR REPLACE INTO checked VALUES (1, ?1)", [newest.as_str()])?;
    }
    Ok(())
}
