//! The views: tables made from entries and contents, written entry by entry within one transaction.

use std::collections::BTreeSet;

use ledger::content::{BulletinContent, Content, Direction, ImageRef, Importance, ReceiptContent};
use ledger::hash::{Hash, sha256};
use ledger::place::Village;
use ledger::statement::{Act, Statement};
use ledger::time::Period;
use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::{VIEWS, seal};
use super::judge::Verdict;
use super::{ShelfError, parsed};

/// The sums of months: `month` filled from `receipt`, of one month (?1, ?2) or of all when both are null.
const SUMS: &str = "
    INSERT INTO month
    SELECT village, period,
           coalesce(sum(amount) FILTER (WHERE standing AND direction = 'in'), 0),
           coalesce(sum(amount) FILTER (WHERE standing AND direction = 'out'), 0),
           count(*) FILTER (WHERE standing AND direction IS NOT NULL),
           count(*) FILTER (WHERE standing AND direction IS NULL)
    FROM (SELECT *, corrected_by IS NULL AND withdrawn_by IS NULL AS standing FROM receipt";

/// Writes to the views, and remembers what it touched.
pub(super) struct Views<'t> {
    pub(super) tx: &'t Transaction<'t>,
    touched: BTreeSet<u64>,
    months: BTreeSet<(Village, Period)>,
}

impl<'t> Views<'t> {
    pub fn new(tx: &'t Transaction<'t>) -> Self {
        Self { tx, touched: BTreeSet::new(), months: BTreeSet::new() }
    }

    /// Empties all of them.
    pub fn clear(&mut self) -> Result<(), ShelfError> {
        for table in VIEWS.into_iter().chain(["month", "seal"]) {
            self.tx.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }

    /// Adds up the months that were touched and seals what was: the last thing before a commit.
    pub fn settle(self) -> Result<(), ShelfError> {
        let mut clear =
            self.tx.prepare_cached("DELETE FROM month WHERE village = ?1 AND period = ?2")?;
        let one = format!("{SUMS} WHERE village = ?1 AND period = ?2) GROUP BY village, period");
        let mut add = self.tx.prepare_cached(&one)?;
        for (village, period) in &self.months {
            let place = (village.as_str(), period.to_string());
            clear.execute((place.0, &place.1))?;
            add.execute(place)?;
        }
        seal(self.tx, &self.touched)
    }

    /// Brings the contents that are on the shelf into the views again, those that still belong to their statements.
    pub fn keep_again(&mut self) -> Result<(), ShelfError> {
        let ids: Vec<u64> = self
            .tx
            .prepare("SELECT id FROM content")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut find = self.tx.prepare(
            "SELECT c.bytes, s.content FROM content c LEFT JOIN statement s USING (id) WHERE id = ?1",
        )?;
        for index in ids {
            let (bytes, committed): (Vec<u8>, Option<[u8; 32]>) =
                find.query_row([index], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if committed == Some(sha256(&bytes).0) {
                self.keep_content(index, &bytes)?;
            } else {
                self.tx.execute("DELETE FROM content WHERE id = ?1", [index])?;
            }
        }
        Ok(())
    }

    /// Brings one judged entry into the views. Returns how many papers it withdrew.
    pub fn take(&mut self, index: u64, verdict: &Verdict) -> Result<u64, ShelfError> {
        self.touched.insert(index);
        let statement = match verdict {
            Verdict::Counts(statement) => statement,
            Verdict::Refused(reason) => {
                let sql = "INSERT INTO statement (id, kind, refused) VALUES (?1, '', ?2)";
                self.tx.prepare_cached(sql)?.execute((index, reason))?;
                return Ok(0);
            }
        };
        let sql = "INSERT INTO statement (id, kind, time, content) VALUES (?1, ?2, ?3, ?4)";
        let content = statement.content().map(|hash| hash.0);
        let values = (index, statement.kind(), statement.time().as_str(), content);
        self.tx.prepare_cached(sql)?.execute(values)?;
        match statement {
            Statement::Receipt { village, period, .. } => {
                self.months.insert((*village, *period));
                self.take_month("receipt", index, *village, *period)?;
            }
            Statement::Nothing { village, period, .. } => {
                self.take_month("idle_month", index, *village, *period)?;
            }
            Statement::Closing { village, period, .. } => {
                self.take_month("closing", index, *village, *period)?;
            }
            Statement::Bulletin { village, .. } => {
                let sql = "INSERT INTO bulletin (id, village) VALUES (?1, ?2)";
                self.tx.prepare_cached(sql)?.execute((index, village.as_str()))?;
            }
            Statement::Key { act: Act::Enrol, key, .. } => {
                let sql = "INSERT INTO signer (id, key) VALUES (?1, ?2)";
                self.tx.prepare_cached(sql)?.execute((index, key.to_string()))?;
            }
            Statement::Key { act: Act::Revoke, key, .. } => {
                let sql = "UPDATE signer SET revoked_by = ?1
                           WHERE key = ?2 AND revoked_by IS NULL RETURNING id";
                self.touch(sql, (index, key.to_string()))?;
            }
            Statement::Correction { of, .. } => self.correct(index, *of)?,
            Statement::Withdrawal { of, .. } => return self.withdraw(index, *of),
            Statement::Question { village, of, .. } => self.ask(index, *village, *of)?,
            Statement::Answer { of, .. } => {
                let sql = "INSERT INTO answer (id, question) VALUES (?1, ?2)";
                self.tx.prepare_cached(sql)?.execute((index, of))?;
            }
            Statement::Directory { .. } | Statement::Audit { .. } => {}
        }
        Ok(0)
    }

    fn take_month(
        &self,
        table: &str,
        index: u64,
        village: Village,
        period: Period,
    ) -> Result<(), ShelfError> {
        let sql = format!("INSERT INTO {table} (id, village, period) VALUES (?1, ?2, ?3)");
        let values = (index, village.as_str(), period.to_string());
        self.tx.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    /// A question; its paper is known by its first version.
    fn ask(&self, index: u64, village: Village, of: Option<u64>) -> Result<(), ShelfError> {
        let sql = "INSERT INTO question (id, village, follows, about) VALUES (?1, ?2,
                   (SELECT id FROM question WHERE id = ?3),
                   coalesce((SELECT about FROM question WHERE id = ?3),
                            (SELECT coalesce(corrects, id) FROM receipt WHERE id = ?3),
                            (SELECT coalesce(corrects, id) FROM bulletin WHERE id = ?3)))";
        self.tx.prepare_cached(sql)?.execute((index, village.as_str(), of))?;
        Ok(())
    }

    /// Runs what returns the ids of changed rows, and remembers them. Returns how many there were.
    fn touch(&mut self, sql: &str, values: impl rusqlite::Params) -> Result<u64, ShelfError> {
        let mut query = self.tx.prepare_cached(sql)?;
        let mut rows = query.query(values)?;
        let mut changed = 0;
        while let Some(row) = rows.next()? {
            self.touched.insert(row.get(0)?);
            changed += 1;
        }
        Ok(changed)
    }

    /// As [`Views::touch`], of receipts: returns id, village and period.
    fn touch_receipts(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), ShelfError> {
        let month = |row: &Row| Ok((row.get(0)?, (parsed(row, 1)?, parsed(row, 2)?)));
        let mut query = self.tx.prepare_cached(sql)?;
        for found in query.query_map(values, month)? {
            let (id, month) = found?;
            self.touched.insert(id);
            self.months.insert(month);
        }
        Ok(())
    }

    /// The paper at `of` and its corrections so far give way to the one at `index`.
    fn correct(&mut self, index: u64, of: u64) -> Result<(), ShelfError> {
        let give_way = |table: &str| {
            format!(
                "UPDATE {table} SET corrected_by = ?1
                 WHERE (id = ?2 OR corrects = ?2) AND corrected_by IS NULL RETURNING id"
            )
        };
        let sql = "DELETE FROM search WHERE id = ?1
                   OR id IN (SELECT id FROM receipt WHERE corrects = ?1)
                   OR id IN (SELECT id FROM bulletin WHERE corrects = ?1)";
        self.tx.prepare_cached(sql)?.execute([of])?;
        self.touch_receipts(&(give_way("receipt") + ", village, period"), (index, of))?;
        self.touch(&give_way("bulletin"), (index, of))?;
        for (table, columns) in [("receipt", "village, period"), ("bulletin", "village")] {
            let sql = format!(
                "INSERT INTO {table} (id, corrects, {columns})
                 SELECT ?1, id, {columns} FROM {table} WHERE id = ?2"
            );
            self.tx.prepare_cached(&sql)?.execute((index, of))?;
        }
        Ok(())
    }

    /// The paper at `of` and its corrections so far are withdrawn: contents, names of pictures and words go at once, and
    /// whatever else has the same content. A correction that follows a withdrawal stands: it is how a redacted copy is shown.
    fn withdraw(&mut self, index: u64, of: u64) -> Result<u64, ShelfError> {
        let ids: Vec<u64> = self
            .tx
            .prepare_cached(
                "SELECT ?1 UNION SELECT id FROM receipt WHERE corrects = ?1
                 UNION SELECT id FROM bulletin WHERE corrects = ?1",
            )?
            .query_map([of], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut withdrawn = 0;
        for id in ids {
            for table in ["receipt", "bulletin", "question", "answer"] {
                let sql = format!(
                    "UPDATE {table} SET withdrawn_by = ?1
                     WHERE id = ?2 AND withdrawn_by IS NULL RETURNING id"
                );
                self.touch(&sql, (index, id))?;
            }
            let sql = "UPDATE statement SET withdrawn_by = ?1
                       WHERE id = ?2 AND withdrawn_by IS NULL RETURNING id";
            withdrawn += self.touch(sql, (index, id))?;
            self.forget(id)?;
        }
        Ok(withdrawn)
    }

    /// Nothing of what the paper at `id` said stays, and nothing of any other with the same words.
    fn forget(&mut self, id: u64) -> Result<(), ShelfError> {
        let same: Vec<u64> = self
            .tx
            .prepare_cached(
                "SELECT ?1 UNION SELECT id FROM statement
                 WHERE content = (SELECT content FROM statement WHERE id = ?1)",
            )?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in same {
            self.touched.insert(id);
            let sql =
                "UPDATE receipt SET direction = NULL, amount = NULL, date = NULL, category = NULL
                       WHERE id = ?1 RETURNING id, village, period";
            self.touch_receipts(sql, [id])?;
            let sql = "UPDATE bulletin SET place = NULL, importance = NULL, shown_from = NULL,
                       shown_until = NULL, weekdays = NULL, explains = NULL WHERE id = ?1";
            self.tx.prepare_cached(sql)?.execute([id])?;
            self.tx.prepare_cached("UPDATE statement SET here = 0 WHERE id = ?1")?.execute([id])?;
            for table in ["content", "picture", "search"] {
                let sql = format!("DELETE FROM {table} WHERE id = ?1");
                self.tx.prepare_cached(&sql)?.execute([id])?;
            }
        }
        Ok(())
    }

    /// Keeps a content and brings it into the views. Its hash was checked; whether it is of the right form is seen here.
    pub fn keep_content(&mut self, index: u64, bytes: &[u8]) -> Result<(), ShelfError> {
        let sql = "SELECT CASE WHEN kind <> 'correction' THEN kind
                               WHEN EXISTS (SELECT 1 FROM receipt r WHERE r.id = s.id) THEN 'receipt'
                               ELSE 'bulletin' END
                   FROM statement s WHERE id = ?1 AND refused IS NULL AND withdrawn_by IS NULL";
        let standing: Option<String> =
            self.tx.prepare_cached(sql)?.query_row([index], |row| row.get(0)).optional()?;
        let Some(kind) = standing else { return Ok(()) };
        self.touched.insert(index);
        let sql = "INSERT OR REPLACE INTO content VALUES (?1, ?2)";
        self.tx.prepare_cached(sql)?.execute((index, bytes))?;
        self.tx.prepare_cached("UPDATE statement SET here = 1 WHERE id = ?1")?.execute([index])?;
        let kept = match kind.as_str() {
            "receipt" => {
                ReceiptContent::parse(bytes).map(|content| self.keep_receipt(index, &content))
            }
            "bulletin" => {
                BulletinContent::parse(bytes).map(|content| self.keep_bulletin(index, &content))
            }
            _ => return Ok(()), // of keys, closings and the directory: read when needed
        };
        kept.unwrap_or_else(|bad| self.refuse(index, &bad.to_string()))
    }

    fn keep_receipt(&mut self, index: u64, content: &ReceiptContent) -> Result<(), ShelfError> {
        let direction = if content.direction == Direction::In { "in" } else { "out" };
        let date = content.date.to_string();
        let values = (index, direction, content.amount.0, date, &content.category);
        let sql = "UPDATE receipt SET direction = ?2, amount = ?3, date = ?4, category = ?5
                   WHERE id = ?1 RETURNING id, village, period";
        self.touch_receipts(sql, values)?;
        self.make_found(index, content)?;
        self.keep_pictures(
            "SELECT village, period FROM receipt WHERE id = ?1",
            index,
            &content.images,
        )
    }

    fn keep_bulletin(&self, index: u64, content: &BulletinContent) -> Result<(), ShelfError> {
        let importance = match content.importance {
            Importance::Normal => 0,
            Importance::Important => 1,
            Importance::Emergency => 2,
        };
        let days = content.weekdays.iter().fold(0u32, |days, day| days | 1 << (day - 1));
        let values = (
            index,
            &content.column,
            importance,
            content.from.as_ref().map(|time| time.unix_seconds()),
            content.until.as_ref().map(|time| time.unix_seconds()),
            (days > 0).then_some(days),
            content.explains.map(|hash: Hash| hash.0),
        );
        let sql =
            "UPDATE bulletin SET place = ?2, importance = ?3, shown_from = ?4, shown_until = ?5,
                   weekdays = ?6, explains = ?7 WHERE id = ?1";
        self.tx.prepare_cached(sql)?.execute(values)?;
        self.make_bulletin_found(index, content)?;
        let place = "SELECT village, substr(time, 1, 7) FROM bulletin JOIN statement USING (id) WHERE id = ?1";
        self.keep_pictures(place, index, &content.images)
    }

    /// `place` selects whose paper it is, and its month.
    fn keep_pictures(
        &self,
        place: &str,
        index: u64,
        images: &[ImageRef],
    ) -> Result<(), ShelfError> {
        let sql = format!("INSERT OR IGNORE INTO picture SELECT ?1, ?2, ?3, ?4, * FROM ({place})");
        let mut insert = self.tx.prepare_cached(&sql)?;
        for image in images {
            insert.execute((index, image.thumb.0, true, None::<u64>))?;
            insert.execute((index, image.sha256.0, false, Some(image.bytes)))?;
        }
        Ok(())
    }

    /// Signed and logged, and yet not what it says it is: it does not count.
    fn refuse(&mut self, index: u64, reason: &str) -> Result<(), ShelfError> {
        self.touch_receipts(
            "DELETE FROM receipt WHERE id = ?1 RETURNING id, village, period",
            [index],
        )?;
        self.tx.execute("DELETE FROM bulletin WHERE id = ?1", [index])?;
        let sql = "UPDATE statement SET refused = ?2 WHERE id = ?1";
        self.tx.execute(sql, (index, reason))?;
        Ok(())
    }
}

/// Adds up all months again.
pub(super) fn sum_all(tx: &Transaction) -> Result<(), ShelfError> {
    tx.execute("DELETE FROM month", [])?;
    tx.execute(&format!("{SUMS}) GROUP BY village, period"), [])?;
    Ok(())
}
