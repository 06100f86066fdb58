//! The lists that screens show: villages, months, receipts of a month, bulletins.

use std::collections::BTreeMap;

use ledger::content::{BulletinContent, Column, DirectoryContent, ImageRef, ReceiptContent};
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::place::Village;
use ledger::statement::Statement;
use ledger::time::{Period, Timestamp};
use rusqlite::{OptionalExtension, Params, Row};

use super::{
    BulletinRow, LIST_MAX, MonthRow, ReceiptRow, Shelf, ShelfError, State, Township, VillageRow,
    parsed, verified,
};

/// Bulletins that stand and whose content is here, for [`Shelf::bulletin_rows`].
pub(super) const BULLETINS: &str = "
    SELECT b.id, b.village, s.time, s.content, c.bytes
    FROM bulletin b JOIN statement s USING (id) JOIN content c USING (id)
    WHERE b.corrected_by IS NULL AND b.withdrawn_by IS NULL AND b.place IS NOT NULL";

/// The names of places and columns, read once for a whole list.
pub(super) struct Names(Option<(Village, DirectoryContent)>);

impl Names {
    /// The name that the directory gives a place; its code when it gives none.
    pub fn place(&self, code: Village) -> String {
        let name = self.0.as_ref().and_then(|(township, directory)| {
            if *township == code {
                return Some(&directory.township);
            }
            directory.villages.iter().find(|v| v.code == code).map(|v| &v.name)
        });
        name.cloned().unwrap_or_else(|| code.to_string())
    }

    /// The Chinese and the English name of a column; its id and nothing when the directory has none such.
    pub fn column(&self, id: &str) -> (String, String) {
        let mut columns = self.0.iter().flat_map(|(_, directory)| &directory.columns);
        columns.find(|column| column.id == id).map_or_else(
            || (id.to_owned(), String::new()),
            |column| (column.name.clone(), column.name_en.clone()),
        )
    }

    /// The directory's places: the township first, then the villages in its order.
    pub fn places(&self) -> impl Iterator<Item = (Village, &str)> {
        self.0.iter().flat_map(|(code, directory)| {
            let villages = directory.villages.iter().map(|v| (v.code, v.name.as_str()));
            std::iter::once((*code, directory.township.as_str())).chain(villages)
        })
    }
}

impl Shelf {
    /// The newest directory whose content is here, and the index of its statement.
    fn directory(&self) -> Result<Option<(Village, DirectoryContent)>, ShelfError> {
        let mut query = self.db.prepare_cached(
            "SELECT s.content, c.bytes, e.bytes FROM statement s
             JOIN content c USING (id) JOIN entry e USING (id)
             WHERE s.kind = 'directory' AND s.refused IS NULL AND s.withdrawn_by IS NULL
             ORDER BY id DESC LIMIT 1",
        )?;
        type Found = (Option<[u8; 32]>, Option<Vec<u8>>, Vec<u8>);
        let found: Option<Found> =
            query.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        Ok(found.and_then(|(committed, content, entry)| {
            let code = statement_in(&entry)?.village();
            Some((code, verified(content, committed)?))
        }))
    }

    /// The township, once a directory statement has arrived.
    pub fn township(&self) -> Result<Option<Township>, ShelfError> {
        Ok(self.directory()?.map(|(code, directory)| Township {
            name: directory.township,
            code,
            villages: directory.villages.len() as u64,
            columns: directory.columns,
        }))
    }

    /// The bulletin columns in the directory's order.
    pub fn columns(&self) -> Result<Vec<Column>, ShelfError> {
        Ok(self.directory()?.map(|(_, directory)| directory.columns).unwrap_or_default())
    }

    /// The directory's villages in its order, each with its newest month.
    pub fn villages(&self) -> Result<Vec<VillageRow>, ShelfError> {
        let Some((_, directory)) = self.directory()? else { return Ok(Vec::new()) };
        let row = |village: ledger::content::VillageName| {
            let months = self.months(village.code)?;
            let latest = months.first();
            Ok(VillageRow {
                code: village.code,
                name: village.name,
                latest: latest.map(|month| month.period),
                receipts: months.iter().map(|month| month.receipts).sum(),
                income: latest.map_or(Fen(0), |month| month.income),
                spending: latest.map_or(Fen(0), |month| month.spending),
            })
        };
        directory.villages.into_iter().map(row).collect()
    }

    /// The names that the newest directory gives.
    pub(super) fn names(&self) -> Result<Names, ShelfError> {
        Ok(Names(self.directory()?))
    }

    /// The months of a village, newest first.
    pub fn months(&self, village: Village) -> Result<Vec<MonthRow>, ShelfError> {
        let mut months = BTreeMap::new();
        let mut query = self.db.prepare_cached(
            "SELECT period, income, spending, receipts, waiting FROM month WHERE village = ?1",
        )?;
        let mut rows = query.query([village.as_str()])?;
        while let Some(row) = rows.next()? {
            let month = MonthRow {
                period: parsed(row, 0)?,
                income: Fen(row.get(1)?),
                spending: Fen(row.get(2)?),
                receipts: row.get(3)?,
                nothing: false,
                waiting: row.get(4)?,
            };
            months.insert(month.period, month);
        }
        let mut query = self.db.prepare_cached(
            "SELECT period FROM idle_month JOIN statement USING (id)
             WHERE village = ?1 AND withdrawn_by IS NULL",
        )?;
        let mut rows = query.query([village.as_str()])?;
        while let Some(row) = rows.next()? {
            let period: Period = parsed(row, 0)?;
            months
                .entry(period)
                .or_insert(MonthRow {
                    period,
                    income: Fen(0),
                    spending: Fen(0),
                    receipts: 0,
                    nothing: false,
                    waiting: 0,
                })
                .nothing = true;
        }
        // A receipt that came later is stronger than the statement that there is none.
        let settle = |mut month: MonthRow| {
            month.nothing &= month.receipts == 0 && month.waiting == 0;
            month
        };
        Ok(months.into_values().rev().map(settle).collect())
    }

    /// The receipts of a month by date; withdrawn and corrected ones are there and say so.
    pub fn receipts(
        &self,
        village: Village,
        period: Period,
    ) -> Result<Vec<ReceiptRow>, ShelfError> {
        self.receipt_rows(
            "r.village = ?1 AND r.period = ?2 ORDER BY coalesce(r.date, s.time), id LIMIT ?3",
            (village.as_str(), period.to_string(), LIST_MAX),
        )
    }

    /// The receipts of which `which` is true.
    pub(super) fn receipt_rows(
        &self,
        which: &str,
        values: impl Params,
    ) -> Result<Vec<ReceiptRow>, ShelfError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT r.id, r.corrected_by, r.withdrawn_by, s.content, c.bytes, s.time
             FROM receipt r JOIN statement s USING (id) LEFT JOIN content c USING (id)
             WHERE {which}"
        ))?;
        let mut rows = query.query(values)?;
        let mut receipts = Vec::new();
        while let Some(row) = rows.next()? {
            receipts.extend(self.receipt_row(row)?);
        }
        Ok(receipts)
    }

    /// `None` while the content has not arrived, or is not what the statement committed to.
    fn receipt_row(&self, row: &Row) -> Result<Option<ReceiptRow>, ShelfError> {
        let (index, state) = (row.get(0)?, self.state(row.get(1)?, row.get(2)?)?);
        if matches!(state, State::Withdrawn { .. }) {
            let signed: Timestamp = parsed(row, 5)?;
            return Ok(Some(ReceiptRow {
                index,
                date: signed.date(),
                purpose: String::new(),
                payee: String::new(),
                category: String::new(),
                direction: None,
                amount: Fen(0),
                thumb: None,
                state,
            }));
        }
        let content: Option<ReceiptContent> = verified(row.get(4)?, row.get(3)?);
        Ok(content.map(|content| ReceiptRow {
            index,
            date: content.date,
            thumb: first_thumb(&content.images),
            purpose: content.purpose,
            payee: content.payee,
            category: content.category,
            direction: Some(content.direction),
            amount: content.amount,
            state,
        }))
    }

    /// Whether a paper stands, from the indices of what corrected and what withdrew it.
    pub(super) fn state(
        &self,
        corrected_by: Option<u64>,
        withdrawn_by: Option<u64>,
    ) -> Result<State, ShelfError> {
        if let Some(withdrawal) = withdrawn_by {
            let entry = self.entry(withdrawal)?.unwrap_or_default();
            if let Some(Statement::Withdrawal { reason, time, .. }) = statement_in(&entry) {
                return Ok(State::Withdrawn { reason, at: time });
            }
        }
        Ok(corrected_by.map_or(State::Shown, |by| State::Corrected { by }))
    }

    /// The bytes of an entry.
    pub(super) fn entry(&self, index: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        let mut query = self.db.prepare_cached("SELECT bytes FROM entry WHERE id = ?1")?;
        Ok(query.query_row([index], |row| row.get(0)).optional()?)
    }

    /// Bulletins that stand, newest first; of one column or of all.
    pub fn bulletins(&self, column: Option<&str>) -> Result<Vec<BulletinRow>, ShelfError> {
        self.bulletin_rows(
            "AND (?1 IS NULL OR b.place = ?1)
             ORDER BY substr(s.time, 1, 10) DESC, id DESC LIMIT ?2",
            (column, LIST_MAX),
        )
    }

    /// How many bulletins stand, by the id of their column.
    pub fn bulletin_counts(&self) -> Result<BTreeMap<String, u64>, ShelfError> {
        let sql = "SELECT place, count(*) FROM bulletin
                   WHERE corrected_by IS NULL AND withdrawn_by IS NULL AND place IS NOT NULL
                   GROUP BY place";
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The bulletins that stand, as far as `more` lets them.
    pub(super) fn bulletin_rows(
        &self,
        more: &str,
        values: impl Params,
    ) -> Result<Vec<BulletinRow>, ShelfError> {
        let mut query = self.db.prepare_cached(&format!("{BULLETINS} {more}"))?;
        let mut rows = query.query(values)?;
        let names = self.names()?;
        let mut bulletins = Vec::new();
        while let Some(row) = rows.next()? {
            let content: Option<BulletinContent> = verified(row.get(4)?, row.get(3)?);
            let Some(content) = content else { continue };
            let signed: Timestamp = parsed(row, 2)?;
            let village = parsed(row, 1)?;
            let (column_name, column_name_en) = names.column(&content.column);
            bulletins.push(BulletinRow {
                index: row.get(0)?,
                column: content.column,
                column_name,
                column_name_en,
                title: content.title,
                village,
                village_name: names.place(village),
                date: signed.date(),
                thumb: first_thumb(&content.images),
                importance: content.importance,
            });
        }
        Ok(bulletins)
    }
}

/// The statement inside an entry, its signatures not looked at.
pub(super) fn statement_in(entry: &[u8]) -> Option<Statement> {
    Statement::parse(ledger::note::Note::parse(entry).ok()?.text()).ok()
}

fn first_thumb(images: &[ImageRef]) -> Option<Hash> {
    images.first().map(|image| image.thumb)
}
