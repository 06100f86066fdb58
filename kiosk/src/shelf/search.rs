//! Search: one look at every record that stands, newest first, until enough are found.
//!
//! The table `search` holds a row a paper; to go through 100,000 of them takes less than a tenth of a second, so there
//! is no index of words to keep true: any part of any word is found, and what is withdrawn is one row less.

use std::ops::RangeInclusive;

use ledger::content::{BulletinContent, ReceiptContent};
use ledger::money::Fen;
use ledger::place::Village;
use ledger::time::{Date, Period};
use rusqlite::Row;

use super::question::{Candidate, Place, plain, wishes};
use super::sound::sound;
use super::views::Views;
use super::{BulletinRow, LIST_MAX, ReceiptRow, Shelf, ShelfError, parsed};

/// Which papers are looked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Both.
    #[default]
    Any,
    /// Receipts only.
    Receipt,
    /// Bulletins only.
    Bulletin,
}

/// What somebody looks for; all that is given must be true of what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// As typed: words, pinyin or its initials, amounts, months, numbers of receipts.
    pub text: String,
    /// Only this place's.
    pub village: Option<Village>,
    /// Only these papers.
    pub kind: Kind,
    /// Only receipts of such an amount.
    pub amount: Option<RangeInclusive<Fen>>,
    /// Only of these days: on the receipt, or of the bulletin's statement.
    pub dates: Option<RangeInclusive<Date>>,
    /// Only receipts of this category.
    pub category: Option<String>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A receipt.
    Receipt {
        /// As in the list of its month.
        row: ReceiptRow,
        /// Whose.
        village: Village,
        /// That village's name.
        village_name: String,
        /// The month whose accounts it is in.
        period: Period,
    },
    /// A bulletin.
    Bulletin(BulletinRow),
}

impl Found {
    /// Its log index.
    #[must_use]
    pub fn index(&self) -> u64 {
        match self {
            Self::Receipt { row, .. } => row.index,
            Self::Bulletin(row) => row.index,
        }
    }
}

impl Shelf {
    /// The newest papers that the question is about, at most `max`; none when it asks nothing. Corrected ones are found
    /// as what stands, withdrawn ones not at all.
    pub fn search(&self, question: &Question, max: usize) -> Result<Vec<Found>, ShelfError> {
        let asked = question.village.is_some()
            || question.amount.is_some()
            || question.dates.is_some()
            || question.category.is_some();
        let place = |(code, name): (Village, &str)| Place {
            code: code.to_string(),
            name: plain(name),
            sound: sound(name),
        };
        let places: Vec<Place> = self.names()?.places().map(place).collect();
        let wishes = wishes(&question.text, &places);
        if wishes.is_empty() && (!asked || !question.text.trim().is_empty()) {
            return Ok(Vec::new());
        }
        let filter = Filter::of(question);
        let mut query = self.db.prepare_cached(
            "SELECT id, receipt, village, period, day, amount, category, sound, text
             FROM search ORDER BY id DESC",
        )?;
        let mut rows = query.query([])?;
        let (mut receipts, mut bulletins) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let candidate = Line(row);
            if !filter.lets(&candidate) || !wishes.iter().all(|wish| wish.is_met_by(&candidate)) {
                continue;
            }
            let ids = if candidate.is_receipt() { &mut receipts } else { &mut bulletins };
            ids.push(candidate.index());
            if receipts.len() + bulletins.len() >= max.min(LIST_MAX as usize) {
                break;
            }
        }
        self.found(&receipts, &bulletins)
    }

    /// What was found, ready to be shown, newest first.
    fn found(&self, receipts: &[u64], bulletins: &[u64]) -> Result<Vec<Found>, ShelfError> {
        let ids = |ids: &[u64]| {
            let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
            format!("[{}]", ids.join(","))
        };
        let names = self.names()?;
        let mut place =
            self.db.prepare_cached("SELECT village, period FROM receipt WHERE id = ?1")?;
        let mut found = Vec::new();
        let which = "id IN (SELECT value FROM json_each(?1))";
        for row in self.receipt_rows(which, [ids(receipts)])? {
            let at = |row: &Row| Ok((parsed(row, 0)?, parsed(row, 1)?));
            let (village, period) = place.query_row([row.index], at)?;
            found.push(Found::Receipt { row, village, village_name: names.place(village), period });
        }
        let which = "AND b.id IN (SELECT value FROM json_each(?1))";
        found.extend(self.bulletin_rows(which, [ids(bulletins)])?.into_iter().map(Found::Bulletin));
        found.sort_by_key(|found| std::cmp::Reverse(found.index()));
        Ok(found)
    }
}

/// A row of `search`. Its columns are as the table declares them; one that is not, on a failing disk, is empty.
struct Line<'r>(&'r Row<'r>);

impl Line<'_> {
    fn number(&self, column: usize) -> Option<i64> {
        self.0.get_ref(column).ok()?.as_i64().ok()
    }

    fn bytes(&self, column: usize) -> &[u8] {
        self.0.get_ref(column).ok().and_then(|value| value.as_bytes().ok()).unwrap_or_default()
    }

    fn is_receipt(&self) -> bool {
        self.number(1) == Some(1)
    }

    fn category(&self) -> &[u8] {
        self.bytes(6)
    }
}

impl Candidate for Line<'_> {
    fn index(&self) -> u64 {
        self.number(0).and_then(|index| index.try_into().ok()).unwrap_or(u64::MAX)
    }
    fn village(&self) -> &[u8] {
        self.bytes(2)
    }
    fn period(&self) -> &[u8] {
        self.bytes(3)
    }
    fn day(&self) -> &[u8] {
        self.bytes(4)
    }
    fn amount(&self) -> Option<i64> {
        self.number(5)
    }
    fn sound(&self) -> &[u8] {
        self.bytes(7)
    }
    fn text(&self) -> &[u8] {
        self.bytes(8)
    }
}

/// What a question asks beside its words, as the table writes it.
struct Filter<'q> {
    village: Option<String>,
    kind: Kind,
    amount: Option<RangeInclusive<i64>>,
    days: Option<RangeInclusive<String>>,
    category: Option<&'q str>,
}

impl<'q> Filter<'q> {
    fn of(question: &'q Question) -> Self {
        let amount = question.amount.as_ref().map(|range| range.start().0..=range.end().0);
        let dates = question.dates.as_ref();
        Self {
            village: question.village.map(|village| village.to_string()),
            kind: question.kind,
            amount,
            days: dates.map(|range| range.start().to_string()..=range.end().to_string()),
            category: question.category.as_deref(),
        }
    }

    fn lets(&self, line: &Line) -> bool {
        let kind = match self.kind {
            Kind::Any => true,
            Kind::Receipt => line.is_receipt(),
            Kind::Bulletin => !line.is_receipt(),
        };
        let within = |range: &RangeInclusive<i64>| {
            line.amount().is_some_and(|amount| range.contains(&amount))
        };
        let between = |days: &RangeInclusive<String>| {
            (days.start().as_bytes()..=days.end().as_bytes()).contains(&line.day())
        };
        kind && self.village.as_ref().is_none_or(|village| village.as_bytes() == line.village())
            && self.category.is_none_or(|wanted| wanted.as_bytes() == line.category())
            && self.amount.as_ref().is_none_or(within)
            && self.days.as_ref().is_none_or(between)
    }
}

impl Views<'_> {
    /// The receipt at `index` can be found from now on, if it is the version that stands.
    pub(super) fn make_found(
        &self,
        index: u64,
        content: &ReceiptContent,
    ) -> Result<(), ShelfError> {
        let words = [&content.purpose, &content.payee, &content.category].map(String::as_str);
        let words = words.join("\n");
        let sql = "INSERT OR REPLACE INTO search
                   SELECT id, 1, village, period, ?2, ?3, ?4, ?5, ?6 FROM receipt
                   WHERE id = ?1 AND corrected_by IS NULL";
        let (day, fen, category) = (content.date.to_string(), content.amount.0, &content.category);
        let values =
            (index, day, fen, category, sound(&words).into_bytes(), plain(&words).into_bytes());
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// As [`Views::make_found`], a bulletin: by its text, and by the sound of its title.
    pub(super) fn make_bulletin_found(
        &self,
        index: u64,
        content: &BulletinContent,
    ) -> Result<(), ShelfError> {
        let sql = "INSERT OR REPLACE INTO search
                   SELECT id, 0, village, substr(s.time, 1, 7), substr(s.time, 1, 10), NULL, NULL, ?2, ?3
                   FROM bulletin JOIN statement s USING (id)
                   WHERE id = ?1 AND corrected_by IS NULL";
        let text = plain(&format!("{}\n{}", content.title, content.body));
        self.tx.prepare_cached(sql)?.execute((
            index,
            sound(&content.title).into_bytes(),
            text.into_bytes(),
        ))?;
        Ok(())
    }
}
