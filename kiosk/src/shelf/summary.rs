//! A month at a glance: by category, beside the months that it is compared with, and how it stands.

use ledger::content::ClosingContent;
use ledger::money::Fen;
use ledger::place::Village;
use ledger::time::Period;
use rusqlite::OptionalExtension;

use super::{Closed, Shelf, ShelfError, Summary, Sums, parsed, verified};

/// How many of the largest receipts are told.
const LARGEST: u32 = 10;
/// The most categories.
const CATEGORIES_MAX: u32 = 200;

impl Shelf {
    /// What the month of a village comes to. A month of which nothing was published is one of zeros.
    pub fn summary(&self, village: Village, period: Period) -> Result<Summary, ShelfError> {
        let months = self.months(village)?;
        let month = |period| months.iter().find(|month| month.period == period);
        let sums = |period| {
            month(period).map(|month| Sums {
                income: month.income,
                spending: month.spending,
                receipts: month.receipts,
            })
        };
        let now = sums(period).unwrap_or(Sums { income: Fen(0), spending: Fen(0), receipts: 0 });
        let largest = self.receipt_rows(
            "r.village = ?1 AND r.period = ?2 AND r.amount IS NOT NULL
             AND r.corrected_by IS NULL AND r.withdrawn_by IS NULL
             ORDER BY r.amount DESC, id LIMIT ?3",
            (village.as_str(), period.to_string(), LARGEST),
        )?;
        Ok(Summary {
            village,
            period,
            income: now.income,
            spending: now.spending,
            receipts: now.receipts,
            waiting: month(period).map_or(0, |month| month.waiting),
            by_category: self.by_category(village, period, "out")?,
            income_by_category: self.by_category(village, period, "in")?,
            month_before: sums(period.later(-1)).filter(|_| period > Period::FIRST),
            year_before: sums(period.later(-12)).filter(|_| period.year() > Period::FIRST.year()),
            largest,
            nothing: month(period).is_some_and(|month| month.nothing),
            closed: self.closed(village, period)?,
        })
    }

    fn by_category(
        &self,
        village: Village,
        period: Period,
        direction: &str,
    ) -> Result<Vec<(String, Fen)>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT category, sum(amount) AS total FROM receipt
             WHERE village = ?1 AND period = ?2 AND direction = ?3
               AND corrected_by IS NULL AND withdrawn_by IS NULL
             GROUP BY category ORDER BY total DESC, category LIMIT ?4",
        )?;
        let values = (village.as_str(), period.to_string(), direction, CATEGORIES_MAX);
        let rows = query.query_map(values, |row| Ok((row.get(0)?, Fen(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn closed(&self, village: Village, period: Period) -> Result<Option<Closed>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, s.time, s.content, c.bytes,
                    (SELECT count(*) FROM receipt r
                     WHERE r.village = ?1 AND r.period = ?2 AND r.id > closing.id
                       AND r.corrects IS NULL AND r.withdrawn_by IS NULL)
             FROM closing JOIN statement s USING (id) LEFT JOIN content c USING (id)
             WHERE village = ?1 AND period = ?2 ORDER BY id DESC LIMIT 1",
        )?;
        let closed = |row: &rusqlite::Row| {
            Ok(Closed {
                index: row.get(0)?,
                at: parsed(row, 1)?,
                content: verified::<ClosingContent>(row.get(3)?, row.get(2)?),
                added_later: row.get(4)?,
            })
        };
        Ok(query.query_row((village.as_str(), period.to_string()), closed).optional()?)
    }
}
