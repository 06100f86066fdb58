//! `published.db`: the verified head, and what of each published receipt finding duplicates needs.

use super::{FollowError, PublishedPaper, Result};
use crate::likeness::{ALIKE, Looks, Paper, Why, why_alike};
use ledger::client::View;
use ledger::content::{Content, ReceiptContent};
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::money::Fen;
use ledger::place::Village;
use ledger::roster::Roster;
use ledger::statement::Statement;
use ledger::time::Period;
use ledger::tree::Frontier;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// How long to wait for another program that writes.
const BUSY: Duration = Duration::from_secs(5);
const SCHEMA: &[M<'static>] = &[M::up(include_str!("store.sql"))];
const COLUMNS: &str = "id, statement, village, period, code, number, amount, date, payee, first";

/// A content that is not here yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The log index of the statement that commits to it.
    pub index: u64,
    /// Its hash.
    pub content: Hash,
}

/// The open database.
pub struct Published {
    db: Connection,
}

impl Published {
    /// Opens `published.db` in a folder, making it if it is not there.
    ///
    /// # Errors
    /// [`FollowError::Database`], [`FollowError::Schema`].
    pub fn open(folder: &Path) -> Result<Published> {
        let mut db = Connection::open(folder.join("published.db"))?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // All of it can be fetched again: a power cut may take the newest.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        // What was withdrawn is gone from the disk too.
        db.pragma_update(None, "secure_delete", true)?;
        db.pragma_update(None, "trusted_schema", false)?;
        Migrations::from_slice(SCHEMA).to_latest(&mut db).map_err(FollowError::Schema)?;
        Ok(Published { db })
    }

    fn write<T>(&mut self, work: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Trusts a log's key from now on.
    ///
    /// # Errors
    /// [`FollowError::OtherKey`] if another one is trusted already.
    pub fn trust(&mut self, log: &VerifierKey) -> Result<()> {
        let given = log.to_string();
        self.db.execute("INSERT OR IGNORE INTO trust VALUES (1, ?1)", [&given])?;
        let held: String = self.db.query_row("SELECT vkey FROM trust", [], |row| row.get(0))?;
        if held == given { Ok(()) } else { Err(FollowError::OtherKey) }
    }

    /// Entries of the log that was verified.
    ///
    /// # Errors
    /// [`FollowError::Database`].
    pub fn size(&self) -> Result<u64> {
        size(&self.db)
    }

    /// Whether the receipt at a log index was withdrawn, as far as the log was followed.
    ///
    /// # Errors
    /// [`FollowError::Database`].
    pub fn withdrawn(&self, record: u64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM paper WHERE first = ?1)";
        let stands: bool = self.db.query_row(sql, [record], |row| row.get(0))?;
        Ok(!stands && self.size()? > record)
    }

    /// What is held of the log.
    pub(super) fn view(&self) -> Result<View> {
        let sql = "SELECT checkpoint, size, peaks, bundle_bytes FROM head";
        let parts = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let held = self.db.query_row(sql, [], parts).optional()?;
        let Some((checkpoint, size, peaks, bundle_bytes)): Option<(_, _, Vec<u8>, _)> = held else {
            return Ok(View::default());
        };
        let hash = |peak: &[u8]| Some(Hash(peak.try_into().ok()?));
        let peaks: Option<Vec<Hash>> = peaks.chunks(32).map(hash).collect();
        let frontier = peaks.and_then(|peaks| Frontier::from_parts(size, peaks));
        let view = frontier.and_then(|edge| View::from_parts(checkpoint, edge, bundle_bytes));
        view.ok_or(FollowError::Record("head"))
    }

    /// Takes the entries that lead from `view` to `next`, all or none of them.
    pub(super) fn append(&mut self, view: &View, next: &View, new: &[Vec<u8>]) -> Result<()> {
        self.write(|t| {
            if size(t)? != view.size() {
                return Err(FollowError::Overtaken);
            }
            let mut roster = roster(t, view.size())?;
            for (index, entry) in (view.size()..).zip(new) {
                let mut failed = None;
                let earlier = |of| {
                    statement(t, of).unwrap_or_else(|why| {
                        failed = Some(why);
                        None
                    })
                };
                let admitted = roster.admit(entry, earlier);
                if let Some(why) = failed {
                    return Err(why);
                }
                // What does not count stays in the log, and nobody shows it.
                if let Ok(admitted) = admitted {
                    take(t, index, entry, &admitted.statement)?;
                }
            }
            let peaks: Vec<u8> = next.frontier().peaks().iter().flat_map(|peak| peak.0).collect();
            let head = params![next.checkpoint(), next.size(), peaks, next.bundle_bytes()];
            t.execute("INSERT OR REPLACE INTO head VALUES (1, ?1, ?2, ?3, ?4)", head)?;
            Ok(())
        })
    }

    /// The contents that are missing, by log index.
    pub(super) fn wanted(&self) -> Result<Vec<Wanted>> {
        let mut query =
            self.db.prepare_cached("SELECT id, content FROM paper WHERE filled = 0 ORDER BY id")?;
        let mut rows = query.query([])?;
        let mut wanted = Vec::new();
        while let Some(row) = rows.next()? {
            wanted.push(Wanted { index: row.get(0)?, content: read(row, 1, "content")? });
        }
        Ok(wanted)
    }

    /// Keeps what contents say; their hashes were verified. How many of them can be compared.
    pub(super) fn fill(&mut self, found: &[(Wanted, Vec<u8>)]) -> Result<u64> {
        self.write(|t| {
            let mut filled = 0;
            for (one, bytes) in found {
                match ReceiptContent::parse(bytes) {
                    Ok(content) => filled += fill(t, one.index, &content)?,
                    Err(_) => {
                        t.execute("UPDATE paper SET filled = 2 WHERE id = ?1", [one.index])?;
                    }
                }
            }
            Ok(filled)
        })
    }

    /// Small pictures of a village that were not looked at, those that were asked for least first, then the newest.
    pub(super) fn unseen(&self, village: Village, most: u32) -> Result<Vec<Hash>> {
        let sql = "SELECT thumb FROM image JOIN paper ON paper.id = image.paper
                   WHERE looks IS NULL AND village = ?1
                   GROUP BY thumb ORDER BY min(asked), max(paper.id) DESC LIMIT ?2";
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query(params![village.as_str(), most])?;
        let mut thumbs = Vec::new();
        while let Some(row) = rows.next()? {
            thumbs.push(read(row, 0, "thumb")?);
        }
        Ok(thumbs)
    }

    /// Keeps how a small picture looks; the outer `None` if it did not come, the inner one if it is no picture.
    pub(super) fn seen(&mut self, thumb: Hash, looks: Option<Option<Looks>>) -> Result<()> {
        let bytes =
            looks.map(|looks| looks.map(|looks| looks.to_bytes().to_vec()).unwrap_or_default());
        let put = "UPDATE image SET looks = ?2, asked = asked + 1 WHERE thumb = ?1";
        self.db.execute(put, params![thumb.to_string(), bytes])?;
        Ok(())
    }

    /// All receipts that are published now and whose details are here, by log index.
    ///
    /// # Errors
    /// [`FollowError::Database`], [`FollowError::Record`].
    pub fn papers(&self) -> Result<Vec<PublishedPaper>> {
        self.select("ORDER BY id", [])
    }

    /// The published receipts that may be the paper `mine`, the likeliest first; not the statement `own` itself, if
    /// `mine` was published already.
    ///
    /// # Errors
    /// [`FollowError::Database`], [`FollowError::Record`].
    pub fn like(&self, mine: &Paper, own: Option<Hash>) -> Result<Vec<(PublishedPaper, Why)>> {
        let mut alike = Vec::new();
        for id in self.candidates(mine)? {
            for other in self.select("AND id = ?1", [id])? {
                if Some(other.statement) == own {
                    continue;
                }
                alike.extend(why_alike(mine, &other.paper).map(|why| (other, why)));
            }
        }
        alike.sort_by_key(|(_, why)| *why);
        Ok(alike)
    }

    /// The log indexes of receipts that share something with a paper.
    fn candidates(&self, mine: &Paper) -> Result<BTreeSet<u64>> {
        let mut ids = BTreeSet::new();
        let mut add = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<()> {
            let mut query = self.db.prepare_cached(sql)?;
            for id in query.query_map(values, |row| row.get::<_, u64>(0))? {
                ids.insert(id?);
            }
            Ok(())
        };
        for file in &mine.files {
            add("SELECT paper FROM image WHERE picture = ?1", &[&file.to_string()])?;
        }
        if let Some((code, number)) = &mine.invoice {
            add("SELECT id FROM paper WHERE number = ?1 AND code = ?2", &[number, code])?;
        }
        if let (Some(amount), Some(date)) = (mine.amount, mine.date) {
            let sql = "SELECT id FROM paper WHERE amount = ?1 AND date = ?2";
            add(sql, &[&amount.0, &date.to_string()])?;
        }
        if !mine.looks.is_empty() {
            let sql = "SELECT paper, looks FROM image WHERE length(looks) > 0";
            let mut query = self.db.prepare_cached(sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let looks = Looks::from_bytes(row.get_ref(1)?.as_blob().unwrap_or_default());
                let near =
                    |looks: Looks| mine.looks.iter().any(|own| own.distance(&looks) <= ALIKE);
                if looks.is_some_and(near) {
                    ids.insert(row.get(0)?);
                }
            }
        }
        Ok(ids)
    }

    fn select(&self, which: &str, values: impl rusqlite::Params) -> Result<Vec<PublishedPaper>> {
        let sql = format!("SELECT {COLUMNS} FROM paper WHERE filled = 1 {which}");
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(values)?;
        let mut papers = Vec::new();
        while let Some(row) = rows.next()? {
            papers.push(self.paper(row)?);
        }
        Ok(papers)
    }

    fn paper(&self, row: &Row) -> Result<PublishedPaper> {
        let index: u64 = row.get(0)?;
        let number: Option<String> = row.get(5)?;
        let code: Option<String> = row.get(4)?;
        let (mut files, mut looks) = (Vec::new(), Vec::new());
        let sql = "SELECT picture, looks FROM image WHERE paper = ?1 ORDER BY n";
        let mut query = self.db.prepare_cached(sql)?;
        let mut images = query.query([index])?;
        while let Some(image) = images.next()? {
            files.push(read(image, 0, "picture")?);
            let bytes: Option<Vec<u8>> = image.get(1)?;
            looks.extend(bytes.as_deref().and_then(Looks::from_bytes));
        }
        let paper = Paper {
            invoice: number.map(|number| (code.unwrap_or_default(), number)),
            files,
            looks,
            amount: row.get::<_, Option<i64>>(6)?.map(Fen),
            date: Some(read(row, 7, "date")?),
            payee: row.get(8)?,
        };
        Ok(PublishedPaper {
            index,
            record: row.get(9)?,
            statement: read(row, 1, "statement")?,
            village: read(row, 2, "village")?,
            period: read(row, 3, "period")?,
            paper,
        })
    }
}

/// A column that holds a value as text.
fn read<T: FromStr>(row: &Row, column: usize, what: &'static str) -> Result<T> {
    row.get::<_, String>(column)?.parse().map_err(|_| FollowError::Record(what))
}

fn size(db: &Connection) -> Result<u64> {
    Ok(db.query_row("SELECT size FROM head", [], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// The statement that counts at a log index, if it is one that may be corrected or withdrawn.
fn statement(db: &Connection, index: u64) -> Result<Option<Statement>> {
    let mut query =
        db.prepare_cached("SELECT bytes FROM statement WHERE id = ?1 AND NOT is_key")?;
    let bytes: Option<Vec<u8>> = query.query_row([index], |row| row.get(0)).optional()?;
    let read = |bytes: Vec<u8>| Statement::parse(std::str::from_utf8(&bytes).ok()?).ok();
    bytes.map(|bytes| read(bytes).ok_or(FollowError::Record("statement"))).transpose()
}

/// Who may sign after the first `held` entries. Only keys change that, so only they are gone through again.
fn roster(db: &Connection, held: u64) -> Result<Roster> {
    let mut query = db.prepare_cached("SELECT id, bytes FROM statement WHERE is_key")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys: HashMap<u64, Vec<u8>> = rows.collect::<std::result::Result<_, _>>()?;
    let mut roster = Roster::default();
    for index in 0..held {
        // All others count as something that a roster does not know.
        let _ = roster.admit(keys.get(&index).map_or(&[], Vec::as_slice), |_| None);
    }
    Ok(roster)
}

/// Takes one entry that counts.
fn take(t: &Transaction, index: u64, entry: &[u8], statement: &Statement) -> Result<()> {
    let text = statement.to_text();
    let is_key = matches!(statement, Statement::Key { .. });
    let bytes = if is_key { entry } else { text.as_bytes() };
    t.execute("INSERT INTO statement VALUES (?1, ?2, ?3)", params![index, is_key, bytes])?;
    let id = sha256(text.as_bytes()).to_string();
    match statement {
        Statement::Receipt { village, period, content, .. } => {
            paper(t, index, index, &id, *village, *period, *content)
        }
        Statement::Correction { of, content, village, .. } => {
            let period = "SELECT period FROM paper WHERE id = ?1";
            let period: Option<String> = t.query_row(period, [of], |row| row.get(0)).optional()?;
            // Of a bulletin, or of a receipt that was withdrawn.
            let Some(period) = period else { return Ok(()) };
            let period = period.parse().map_err(|_| FollowError::Record("period"))?;
            // The first stays, without its details, for corrections that follow.
            forget(t, *of)?;
            paper(t, index, *of, &id, *village, period, *content)
        }
        Statement::Withdrawal { of, .. } => {
            t.execute("DELETE FROM paper WHERE first = ?1", [of])?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn paper(
    t: &Transaction,
    index: u64,
    first: u64,
    statement: &str,
    village: Village,
    period: Period,
    content: Hash,
) -> Result<()> {
    let put = "INSERT INTO paper (id, first, statement, village, period, content)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (village, period) = (village.to_string(), period.to_string());
    t.execute(put, params![index, first, statement, village, period, content.to_string()])?;
    Ok(())
}

/// Drops the details of all versions of a receipt so far.
fn forget(t: &Transaction, first: u64) -> Result<()> {
    t.execute("DELETE FROM paper WHERE first = ?1 AND id <> ?1", [first])?;
    t.execute("DELETE FROM image WHERE paper = ?1", [first])?;
    let empty =
        "UPDATE paper SET filled = 2, code = NULL, number = NULL, amount = NULL, date = NULL,
                 payee = NULL WHERE id = ?1";
    t.execute(empty, [first])?;
    Ok(())
}

/// Keeps what a content says; 1 if it is wanted still.
fn fill(t: &Transaction, index: u64, content: &ReceiptContent) -> Result<u64> {
    let invoice = content.invoice.as_ref();
    let put = "UPDATE paper SET filled = 1, code = ?2, number = ?3, amount = ?4, date = ?5,
               payee = ?6 WHERE id = ?1 AND filled = 0";
    let values = params![
        index,
        invoice.map(|invoice| &invoice.code),
        invoice.map(|invoice| &invoice.number),
        content.amount.0,
        content.date.to_string(),
        content.payee,
    ];
    if t.execute(put, values)? == 0 {
        return Ok(0);
    }
    let put = "INSERT INTO image (paper, n, picture, thumb) VALUES (?1, ?2, ?3, ?4)";
    for (n, image) in (0i64..).zip(&content.images) {
        t.execute(put, params![index, n, image.sha256.to_string(), image.thumb.to_string()])?;
    }
    Ok(1)
}
