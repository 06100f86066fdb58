//! How verified things come onto the shelf: head, entries and contents in one transaction, the tables of views with them.

use ledger::content::{BulletinContent, Content, Direction, ImageRef, ReceiptContent};
use ledger::hash::{Hash, sha256};
use ledger::statement::{Act, Statement};
use ledger::time::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior};

use super::audit::seal;
use super::judge::Verdict;
use super::{Head, Shelf, ShelfError};

/// The tables that are made from entries and contents.
pub(super) const VIEWS: [&str; 6] =
    ["statement", "receipt", "idle_month", "bulletin", "signer", "picture"];

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
    /// When.
    pub at: Timestamp,
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
        if held == 0 {
            tx.execute("DELETE FROM entry", [])?;
            clear_views(&tx)?;
        }
        let mut adopted = Adopted::default();
        {
            let mut insert = tx.prepare_cached("INSERT INTO entry VALUES (?1, ?2)")?;
            for (index, entry) in (held..).zip(&batch.entries) {
                insert.execute((index, entry))?;
            }
        }
        for (index, verdict) in (held..).zip(&batch.verdicts) {
            adopted.withdrawn += take(&tx, index, verdict)?;
            adopted.refused += u64::from(matches!(verdict, Verdict::Refused(_)));
        }
        if held == 0 {
            keep_again(&tx)?;
        }
        for (index, bytes) in contents {
            keep_content(&tx, *index, bytes)?;
        }
        seal(&tx)?;
        let head = &batch.head;
        tx.execute(
            "INSERT OR REPLACE INTO head VALUES (1, ?1, ?2, ?3, ?4)",
            (&head.checkpoint, head.size, head.root.0, &head.etag),
        )?;
        tx.execute("DELETE FROM inbox", [])?;
        tx.execute("INSERT OR REPLACE INTO checked VALUES (1, ?1)", [batch.at.as_str()])?;
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
        for (index, bytes) in contents {
            keep_content(&tx, *index, bytes)?;
        }
        seal(&tx)?;
        Ok(tx.commit()?)
    }

    /// Makes every view again from entries and contents alone. Every signature is verified.
    pub fn rebuild(&mut self) -> Result<(), ShelfError> {
        let entries = self.entries()?;
        let verdicts = self.judge(0, &entries)?;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        clear_views(&tx)?;
        for (index, verdict) in (0..).zip(&verdicts) {
            take(&tx, index, verdict)?;
        }
        keep_again(&tx)?;
        seal(&tx)?;
        Ok(tx.commit()?)
    }

    /// All entries in the log's order, up to the first that is missing.
    pub fn entries(&self) -> Result<Vec<Vec<u8>>, ShelfError> {
        let mut query = self.db.prepare("SELECT id, bytes FROM entry ORDER BY id")?;
        let mut rows = query.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get::<_, u64>(0)? != entries.len() as u64 {
                break;
            }
            entries.push(row.get(1)?);
        }
        Ok(entries)
    }

    /// Contents that were committed to, neither withdrawn nor here: index and hash, oldest first.
    pub fn missing_contents(&self, max: u32) -> Result<Vec<(u64, Hash)>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, s.content FROM statement s LEFT JOIN content c USING (id)
             WHERE s.content IS NOT NULL AND c.id IS NULL
               AND s.refused IS NULL AND s.withdrawn_by IS NULL
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

fn clear_views(tx: &Transaction) -> Result<(), ShelfError> {
    for view in VIEWS {
        tx.execute(&format!("DELETE FROM {view}"), [])?;
    }
    Ok(())
}

/// Brings the contents that are on the shelf into the views again, those that still belong to their statements.
fn keep_again(tx: &Transaction) -> Result<(), ShelfError> {
    let contents: Vec<Arrived> = tx
        .prepare("SELECT id, bytes FROM content")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut committed = tx.prepare("SELECT content FROM statement WHERE id = ?1")?;
    for (index, bytes) in &contents {
        let hash: Option<Option<[u8; 32]>> =
            committed.query_row([index], |row| row.get(0)).optional()?;
        if hash.flatten() == Some(sha256(bytes).0) {
            keep_content(tx, *index, bytes)?;
        } else {
            tx.execute("DELETE FROM content WHERE id = ?1", [index])?;
        }
    }
    Ok(())
}

/// Brings one judged entry into the views. Returns how many papers it withdrew.
fn take(tx: &Transaction, index: u64, verdict: &Verdict) -> Result<u64, ShelfError> {
    let statement = match verdict {
        Verdict::Counts(statement) => statement,
        Verdict::Refused(reason) => {
            tx.prepare_cached("INSERT INTO statement (id, kind, refused) VALUES (?1, '', ?2)")?
                .execute((index, reason))?;
            return Ok(0);
        }
    };
    tx.prepare_cached("INSERT INTO statement (id, kind, time, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute((
        index,
        statement.kind(),
        statement.time().as_str(),
        statement.content().map(|hash| hash.0),
    ))?;
    match statement {
        Statement::Receipt { village, period, .. } => {
            tx.prepare_cached("INSERT INTO receipt (id, village, period) VALUES (?1, ?2, ?3)")?
                .execute((index, village.as_str(), period.to_string()))?;
        }
        Statement::Nothing { village, period, .. } => {
            tx.prepare_cached("INSERT INTO idle_month VALUES (?1, ?2, ?3)")?.execute((
                index,
                village.as_str(),
                period.to_string(),
            ))?;
        }
        Statement::Bulletin { village, .. } => {
            tx.prepare_cached("INSERT INTO bulletin (id, village) VALUES (?1, ?2)")?
                .execute((index, village.as_str()))?;
        }
        Statement::Key { act: Act::Enrol, key, .. } => {
            tx.prepare_cached("INSERT INTO signer (id, key) VALUES (?1, ?2)")?
                .execute((index, key.to_string()))?;
        }
        Statement::Key { act: Act::Revoke, key, .. } => {
            tx.prepare_cached(
                "UPDATE signer SET revoked_by = ?1 WHERE key = ?2 AND revoked_by IS NULL",
            )?
            .execute((index, key.to_string()))?;
        }
        Statement::Correction { of, .. } => correct(tx, index, *of)?,
        Statement::Withdrawal { of, .. } => return withdraw(tx, index, *of),
        Statement::Directory { .. } | Statement::Closing { .. } | Statement::Audit { .. } => {}
    }
    Ok(0)
}

/// The paper at `of` and its corrections so far give way to the one at `index`.
fn correct(tx: &Transaction, index: u64, of: u64) -> Result<(), ShelfError> {
    for (table, columns) in [("receipt", "village, period"), ("bulletin", "village")] {
        tx.prepare_cached(&format!(
            "UPDATE {table} SET corrected_by = ?1
             WHERE (id = ?2 OR corrects = ?2) AND corrected_by IS NULL"
        ))?
        .execute((index, of))?;
        tx.prepare_cached(&format!(
            "INSERT INTO {table} (id, corrects, {columns})
             SELECT ?1, id, {columns} FROM {table} WHERE id = ?2"
        ))?
        .execute((index, of))?;
    }
    Ok(())
}

/// The paper at `of` and its corrections so far are withdrawn: contents and names of pictures go at once, and whatever
/// else has the same content. A correction that follows a withdrawal stands: it is how a redacted copy is shown.
fn withdraw(tx: &Transaction, index: u64, of: u64) -> Result<u64, ShelfError> {
    let ids: Vec<u64> = tx
        .prepare_cached(
            "SELECT ?1 UNION SELECT id FROM receipt WHERE corrects = ?1
             UNION SELECT id FROM bulletin WHERE corrects = ?1",
        )?
        .query_map([of], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut withdrawn = 0;
    for id in ids {
        for table in ["receipt", "bulletin", "statement"] {
            let sql = format!(
                "UPDATE {table} SET withdrawn_by = ?1 WHERE id = ?2 AND withdrawn_by IS NULL"
            );
            let changed = tx.prepare_cached(&sql)?.execute((index, id))?;
            withdrawn += u64::from(table == "statement" && changed > 0);
        }
        tx.prepare_cached(
            "DELETE FROM content WHERE id = ?1 OR id IN
             (SELECT id FROM statement WHERE content = (SELECT content FROM statement WHERE id = ?1))",
        )?
        .execute([id])?;
        tx.prepare_cached(
            "UPDATE receipt SET direction = NULL, amount = NULL, date = NULL WHERE id = ?1",
        )?
        .execute([id])?;
        tx.prepare_cached("DELETE FROM picture WHERE id = ?1")?.execute([id])?;
    }
    Ok(withdrawn)
}

/// Keeps a content and brings it into the views. Its hash was checked; whether it is of the right form is seen here.
fn keep_content(tx: &Transaction, index: u64, bytes: &[u8]) -> Result<(), ShelfError> {
    let standing: Option<String> = tx
        .prepare_cached(
            "SELECT CASE WHEN kind <> 'correction' THEN kind
                         WHEN EXISTS (SELECT 1 FROM receipt r WHERE r.id = s.id) THEN 'receipt'
                         ELSE 'bulletin' END
             FROM statement s WHERE id = ?1 AND refused IS NULL AND withdrawn_by IS NULL",
        )?
        .query_row([index], |row| row.get(0))
        .optional()?;
    let Some(kind) = standing else { return Ok(()) };
    tx.prepare_cached("INSERT OR REPLACE INTO content VALUES (?1, ?2)")?.execute((index, bytes))?;
    let done = match kind.as_str() {
        "receipt" => ReceiptContent::parse(bytes).map(|content| {
            let direction = if content.direction == Direction::In { "in" } else { "out" };
            let values = (index, direction, content.amount.0, content.date.to_string());
            tx.prepare_cached(
                "UPDATE receipt SET direction = ?2, amount = ?3, date = ?4 WHERE id = ?1",
            )?
            .execute(values)?;
            keep_pictures(tx, index, &content.images)
        }),
        "bulletin" => BulletinContent::parse(bytes).map(|content| {
            tx.prepare_cached("UPDATE bulletin SET place = ?2 WHERE id = ?1")?
                .execute((index, &content.column))?;
            keep_pictures(tx, index, &content.images)
        }),
        _ => return Ok(()), // of keys and the directory: read when needed
    };
    match done {
        Ok(kept) => kept,
        Err(bad) => {
            // Signed and logged, and yet not what it says it is: it does not count.
            for table in ["receipt", "bulletin"] {
                tx.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [index])?;
            }
            let sql = "UPDATE statement SET refused = ?2 WHERE id = ?1";
            tx.execute(sql, (index, bad.to_string()))?;
            Ok(())
        }
    }
}

fn keep_pictures(tx: &Transaction, index: u64, images: &[ImageRef]) -> Result<(), ShelfError> {
    let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO picture VALUES (?1, ?2, ?3, ?4)")?;
    for image in images {
        insert.execute((image.thumb.0, index, true, None::<u64>))?;
        insert.execute((image.sha256.0, index, false, Some(image.bytes)))?;
    }
    Ok(())
}
