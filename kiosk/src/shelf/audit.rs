//! The shelf checked against itself: what a failing disk changed is found, and thrown away or made again.

use ledger::client::View;
use ledger::content::{Content, Direction, ReceiptContent};
use ledger::hash::sha256;
use ledger::tile::TILE_WIDTH;
use ledger::tree::{Frontier, leaf_hash};

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
        let sound: String = self.db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if self.view()?.is_none() {
            // They stay on the screen, each page verified by its signatures, until a sync replaces them all.
            self.db.execute("UPDATE head SET etag = NULL", [])?;
            audit.entries_lost = true;
        }
        audit.contents_lost = self.drop_false_contents()?;
        if audit != Audit::default() || sound != "ok" || !self.views_agree()? {
            self.db.execute_batch("REINDEX")?;
            self.rebuild()?;
            audit.rebuilt = true;
        }
        Ok(audit)
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

    /// True when the views say what entries and contents say. Who may sign is not asked again: that is what a rebuild
    /// does.
    fn views_agree(&self) -> Result<bool, ShelfError> {
        let mut query = self.db.prepare(
            "SELECT e.bytes, s.kind, s.content, s.withdrawn_by
             FROM entry e LEFT JOIN statement s USING (id) WHERE s.refused IS NULL",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let statement = statement_in(row.get_ref(0)?.as_blob()?);
            let kind: Option<String> = row.get(1)?;
            let Some(statement) = statement.filter(|s| Some(s.kind()) == kind.as_deref()) else {
                return Ok(false);
            };
            let committed: Option<[u8; 32]> = row.get(2)?;
            if committed != statement.content().map(|hash| hash.0) {
                return Ok(false);
            }
        }
        Ok(self.receipts_agree()? && self.papers_agree()?)
    }

    /// True when every receipt of the views has the money and day of its content.
    fn receipts_agree(&self) -> Result<bool, ShelfError> {
        let mut query = self.db.prepare(
            "SELECT c.bytes, r.direction, r.amount, r.date FROM receipt r LEFT JOIN content c USING (id)",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let shown: Money = (row.get(1)?, row.get(2)?, row.get(3)?);
            let right: Money = match row.get::<_, Option<Vec<u8>>>(0)? {
                None => (None, None, None),
                Some(bytes) => match ReceiptContent::parse(&bytes) {
                    Ok(content) => money(&content),
                    Err(_) => return Ok(false),
                },
            };
            if shown != right {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True when every statement about money is listed under its village and month, and as withdrawn as it is.
    fn papers_agree(&self) -> Result<bool, ShelfError> {
        let mut query = self.db.prepare(
            "SELECT e.bytes, r.village, r.period, r.withdrawn_by IS s.withdrawn_by
             FROM statement s JOIN entry e USING (id) LEFT JOIN receipt r USING (id)
             WHERE s.kind = 'receipt' AND s.refused IS NULL",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let Some(statement) = statement_in(row.get_ref(0)?.as_blob()?) else { return Ok(false) };
            let village = Some(statement.village().to_string());
            let period = statement.period().map(|period| period.to_string());
            if (village, period) != (row.get(1)?, row.get(2)?) || !row.get::<_, bool>(3)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Direction, fen and day of a receipt, as the view holds them.
type Money = (Option<String>, Option<i64>, Option<String>);

fn money(content: &ReceiptContent) -> Money {
    let direction = if content.direction == Direction::In { "in" } else { "out" };
    (Some(direction.to_owned()), Some(content.amount.0), Some(content.date.to_string()))
}
