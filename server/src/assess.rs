//! Inspection and assessment: what a month or half a year looks like in figures, and the records behind every one of them.

mod dead_links;
mod kiosk_days;

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::content::{Content, ReceiptContent};
use ledger::money::Fen;
use ledger::time::Period;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::kiosks::{self, Kiosk};
use crate::month::{self, VillageMonth};
use crate::rulebook::Rulebook;
use crate::rules::Indicator;
use crate::view;
use kiosk_days::Days;

/// Records that are named behind one figure.
pub const BEHIND_MAX: usize = 500;

/// Months of half a year.
const HALF_MONTHS: i32 = 6;

/// Half a year, written `2026-1` or `2026-2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Half {
    first: Period,
}

/// The text is no half year.
#[derive(Debug, thiserror::Error)]
#[error("not a half year such as 2026-1")]
pub struct BadHalf;

impl std::str::FromStr for Half {
    type Err = BadHalf;
    fn from_str(text: &str) -> std::result::Result<Self, BadHalf> {
        let (year, half) = text.split_once('-').ok_or(BadHalf)?;
        let month = match half {
            "1" => "01",
            "2" => "07",
            _ => return Err(BadHalf),
        };
        format!("{year}-{month}").parse().map(|first| Self { first }).map_err(|_| BadHalf)
    }
}

impl std::fmt::Display for Half {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, half) = (self.first.year(), if self.first.month() < 7 { 1 } else { 2 });
        write!(f, "{year}-{half}")
    }
}

impl Half {
    /// The half year that a month lies in.
    #[must_use]
    pub fn of(period: Period) -> Self {
        let back = i32::from(period.month() - 1) % HALF_MONTHS;
        Self { first: period.later(-back) }
    }

    /// Its six months.
    #[must_use]
    pub fn months(self) -> Vec<Period> {
        (0..HALF_MONTHS).map(|n| self.first.later(n)).collect()
    }

    /// The half year before.
    #[must_use]
    pub fn before(self) -> Self {
        Self { first: self.first.later(-HALF_MONTHS) }
    }
}

/// What stands behind a figure: something that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Behind {
    /// A village's month.
    Month {
        /// 12-digit code.
        village: String,
        /// `YYYY-MM`.
        period: String,
    },
    /// A published record.
    Record {
        /// Log index.
        n: u64,
    },
    /// A question that everyone sees.
    Question {
        /// Log index.
        n: u64,
    },
    /// A submission.
    Submission {
        /// Its id.
        id: String,
    },
    /// A column of the directory.
    Column {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// A kiosk.
    Kiosk {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// `YYYY-MM-DD`, where one day is meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        day: Option<String>,
    },
}

/// So many of so many, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Those that are as they should be.
    pub good: u64,
    /// All.
    pub of: u64,
    /// Those that are as they should be, at most [`BEHIND_MAX`].
    pub as_should: Vec<Behind>,
    /// Those that are not, at most [`BEHIND_MAX`].
    pub amiss: Vec<Behind>,
}

impl Share {
    fn count(&mut self, good: bool, behind: Behind) {
        self.of += 1;
        self.good += u64::from(good);
        let list = if good { &mut self.as_should } else { &mut self.amiss };
        if list.len() < BEHIND_MAX {
            list.push(behind);
        }
    }
}

/// One indicator of one village.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Which.
    pub indicator: Indicator,
    /// Points that it is worth.
    pub weight: u32,
    /// What was found; none where there is nothing to measure yet.
    pub share: Option<Share>,
}

impl Measured {
    /// Points reached, in hundredths; none where nothing could be measured.
    #[must_use]
    pub fn points(&self) -> Option<u64> {
        let share = self.share.as_ref().filter(|share| share.of > 0)?;
        Some(u64::from(self.weight) * 100 * share.good / share.of)
    }
}

/// A village's half year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// 12-digit code.
    pub village: String,
    /// Its name.
    pub name: String,
    /// Every indicator.
    pub measured: Vec<Measured>,
}

impl Score {
    /// Hundredths of a point of 100, over the indicators that could be measured; none where none could.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let reached = self.measured.iter().filter_map(|one| Some((one.points()?, one.weight)));
        let (points, weights) =
            reached.fold((0, 0), |(points, weights), (p, w)| (points + p, weights + u64::from(w)));
        (weights > 0).then(|| points * 100 / weights)
    }
}

/// Every village's scores for half a year, as far as it is over.
///
/// # Errors
/// When the database fails.
pub fn scores(c: &Connection, book: &Rulebook, half: Half, today: Date) -> Result<Vec<Score>> {
    let (villages, kiosks) = (view::villages(c)?, kiosks::list(c)?);
    villages.iter().map(|village| score(c, book, &kiosks, village, half, today)).collect()
}

fn score(
    c: &Connection,
    book: &Rulebook,
    kiosks: &[Kiosk],
    (village, name): &(String, String),
    half: Half,
    today: Date,
) -> Result<Score> {
    let this = month::this_month(today)?;
    let mut months = Vec::new();
    for period in half.months().into_iter().filter(|period| *period < this) {
        months.push(month::one(c, book, (village, name), period, today)?);
    }
    // A month that is not due yet says nothing.
    months.retain(|month| month.closed.is_some() || month.is_late());
    let weights = &book.rules.assessment;
    let mut measured = Vec::new();
    for indicator in Indicator::ALL {
        let share = match indicator {
            Indicator::OnTime => Some(of_months(&months, |m| m.closed.is_some() && !m.is_late())),
            Indicator::Complete => Some(of_months(&months, |month| month.closed.is_some())),
            Indicator::Vouchers => Some(vouchers(c, village, half)?),
            Indicator::ReturnedRate => Some(not_returned(c, village, half)?),
            Indicator::WithdrawnRate => Some(not_withdrawn(c, village, half)?),
            Indicator::BulletinColumns => Some(columns(c, half)?),
            Indicator::KioskAlive => {
                let days = days_of(half.first, HALF_MONTHS, today);
                Some(kiosk_days::heard(c, &book.workdays, kiosks, village, days)?)
            }
            Indicator::Answered => Some(answered(c, village, half, today)?),
        };
        measured.push(Measured { indicator, weight: weights.of(indicator), share });
    }
    Ok(Score { village: village.clone(), name: name.clone(), measured })
}

/// Questions to the village that were due in these months: answered in time or not. What is withheld is nobody's to answer.
fn answered(c: &Connection, village: &str, half: Half, today: Date) -> Result<Share> {
    let sql = "SELECT n, due, (SELECT min(substr(time, 1, 10)) FROM view_answer a WHERE a.of = q.n)
               FROM view_question q WHERE village = ?1 AND due >= ?2 AND due < ?3 ORDER BY n";
    let months = [half.first, half.first.later(HALF_MONTHS)].map(|month| format!("{month}-01"));
    let mut query = c.prepare_cached(sql)?;
    let mut rows = query.query(params![village, months[0], months[1]])?;
    let (mut share, today) = (Share::default(), today.to_string());
    while let Some(row) = rows.next()? {
        let (n, due, first): (u64, String, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        match first {
            Some(day) => share.count(day <= due, Behind::Question { n }),
            // One that is not due yet says nothing.
            None if due < today => share.count(false, Behind::Question { n }),
            None => {}
        }
    }
    Ok(share)
}

fn of_months(months: &[VillageMonth], good: impl Fn(&VillageMonth) -> bool) -> Share {
    let mut share = Share::default();
    for month in months {
        let (village, period) = (month.village.clone(), month.period.to_string());
        share.count(good(month), Behind::Month { village, period });
    }
    share
}

/// Receipts that stand, by whether they have a picture.
fn vouchers(c: &Connection, village: &str, half: Half) -> Result<Share> {
    let sql = "SELECT n, content FROM view_item WHERE village = ?1 AND period = ?2
               AND kind = 'receipt' AND corrected IS NULL AND content IS NOT NULL ORDER BY n";
    let mut share = Share::default();
    for period in half.months() {
        let mut query = c.prepare_cached(sql)?;
        let mut rows = query.query(params![village, period.to_string()])?;
        while let Some(row) = rows.next()? {
            let (n, text): (u64, String) = (row.get(0)?, row.get(1)?);
            if let Ok(content) = ReceiptContent::parse(text.as_bytes()) {
                share.count(!content.images.is_empty(), Behind::Record { n });
            }
        }
    }
    Ok(share)
}

/// Submissions of these months, by whether they were sent back.
fn not_returned(c: &Connection, village: &str, half: Half) -> Result<Share> {
    let sql = "SELECT id, state FROM submission WHERE village = ?1 AND period = ?2
               AND state IN ('returned', 'published') ORDER BY seq";
    let mut share = Share::default();
    for period in half.months() {
        let mut query = c.prepare_cached(sql)?;
        let mut rows = query.query(params![village, period.to_string()])?;
        while let Some(row) = rows.next()? {
            let (id, state): (String, String) = (row.get(0)?, row.get(1)?);
            share.count(state == "published", Behind::Submission { id });
        }
    }
    Ok(share)
}

/// What was published of these months, by whether it still stands. What was never disclosed was not withdrawn.
fn not_withdrawn(c: &Connection, village: &str, half: Half) -> Result<Share> {
    let sql = "SELECT n, withdrawn IS NULL OR ground IS NOT NULL FROM view_item
               WHERE village = ?1 AND period = ?2 ORDER BY n";
    let mut share = Share::default();
    for period in half.months() {
        let mut query = c.prepare_cached(sql)?;
        let mut rows = query.query(params![village, period.to_string()])?;
        while let Some(row) = rows.next()? {
            share.count(row.get(1)?, Behind::Record { n: row.get(0)? });
        }
    }
    Ok(share)
}

/// The township's columns, by whether something was published in them in that half year.
fn columns(c: &Connection, half: Half) -> Result<Share> {
    let sql = "SELECT EXISTS (SELECT 1 FROM view_item WHERE kind = 'bulletin' AND column_id = ?1
               AND time >= ?2 AND time < ?3)";
    let months = half.months();
    let from = months.first().map(ToString::to_string).unwrap_or_default();
    let to = half.first.later(HALF_MONTHS).to_string();
    let mut share = Share::default();
    for column in view::columns(c)? {
        let mut query = c.prepare_cached(sql)?;
        let fresh = query.query_row([&column.id, &from, &to], |row| row.get(0))?;
        share.count(fresh, Behind::Column { id: column.id, name: column.name });
    }
    Ok(share)
}

/// What a month's inspection found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Inspection {
    /// Village months that are late or were closed late.
    pub late: Vec<Behind>,
    /// Villages of which nothing was heard.
    pub silent: Vec<Behind>,
    /// Columns without anything.
    pub empty_columns: Vec<Behind>,
    /// Columns without anything new for half a year.
    pub stale_columns: Vec<Behind>,
    /// Bulletins with links to pages of ours that are not there.
    pub dead_links: Vec<Behind>,
    /// Submissions that have waited for more than ten days.
    pub waiting: Vec<Behind>,
    /// Receipts without paper.
    pub unpapered: Vec<Behind>,
    /// Kiosks that were silent on five or more working days.
    pub silent_kiosks: Vec<Behind>,
    /// Bulletins that the township published in the month.
    pub bulletins: u64,
    /// Published receipts of the month.
    pub receipts: u64,
    /// Money out, fen.
    #[schema(value_type = i64)]
    pub spent: Fen,
    /// Money in, fen.
    #[schema(value_type = i64)]
    pub received: Fen,
}

/// Days after which a column without anything new is stale (site inspection indicators, 国办秘函〔2019〕19号).
const STALE_DAYS: i32 = 183;
/// Days that a submission may wait.
const WAIT_DAYS: i32 = 10;

/// Inspects a month.
///
/// # Errors
/// When the database fails.
pub fn inspect(c: &Connection, book: &Rulebook, period: Period, today: Date) -> Result<Inspection> {
    inspect_villages(c, book, period, today).map(|(found, _)| found)
}

/// Inspects a month; with every village's, and how many of its receipts have no paper.
///
/// # Errors
/// When the database fails.
pub fn inspect_villages(
    c: &Connection,
    book: &Rulebook,
    period: Period,
    today: Date,
) -> Result<(Inspection, Vec<(VillageMonth, usize)>)> {
    let mut found = Inspection::default();
    let mut villages = Vec::new();
    for month in month::board(c, book, period, today)? {
        let village = month.village.clone();
        let behind = Behind::Month { village: village.clone(), period: period.to_string() };
        if month.is_late() {
            found.late.push(behind.clone());
        }
        if month.progress == month::Progress::Silent {
            found.silent.push(behind);
        }
        let unpapered = month::unpapered(c, &village, period)?;
        found.unpapered.extend(unpapered.iter().map(|one| Behind::Record { n: one.n }));
        found.receipts += month.receipts;
        found.spent = Fen(found.spent.0 + month.spent.0);
        found.received = Fen(found.received.0 + month.received.0);
        villages.push((month, unpapered.len()));
    }
    inspect_columns(c, today, &mut found)?;
    found.dead_links = dead_links::find(c)?;
    found.bulletins = bulletins(c, period)?;
    found.waiting = waiting(c, today)?;
    let days = days_of(period, 1, today);
    found.silent_kiosks = kiosk_days::silent(c, &book.workdays, days)?;
    Ok((found, villages))
}

fn inspect_columns(c: &Connection, today: Date, found: &mut Inspection) -> Result<()> {
    let stale = days_before(today, STALE_DAYS)?;
    let sql = "SELECT max(time) FROM view_item WHERE kind = 'bulletin' AND column_id = ?1
               AND withdrawn IS NULL";
    for column in view::columns(c)? {
        let mut query = c.prepare_cached(sql)?;
        let newest: Option<String> = query.query_row([&column.id], |row| row.get(0))?;
        let behind = Behind::Column { id: column.id, name: column.name };
        match newest {
            None => found.empty_columns.push(behind),
            Some(time) if time < stale => found.stale_columns.push(behind),
            Some(_) => {}
        }
    }
    Ok(())
}

fn waiting(c: &Connection, today: Date) -> Result<Vec<Behind>> {
    let sql = "SELECT id FROM submission WHERE state = 'received' AND received < ?1
               ORDER BY seq LIMIT 500";
    let mut query = c.prepare_cached(sql)?;
    let ids = query.query_map([days_before(today, WAIT_DAYS)?], |row| {
        Ok(Behind::Submission { id: row.get(0)? })
    })?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Bulletins that were published in a month, each once however often it was corrected.
fn bulletins(c: &Connection, period: Period) -> Result<u64> {
    let sql = "SELECT count(*) FROM view_item WHERE kind = 'bulletin' AND corrects IS NULL
               AND time >= ?1 AND time < ?2";
    let mut query = c.prepare_cached(sql)?;
    let months = [period, period.later(1)].map(|month| month.to_string());
    Ok(query.query_row(months, |row| row.get(0))?)
}

/// The days of so many months from one on.
fn days_of(from: Period, months: i32, today: Date) -> Days {
    let first = |period: Period| format!("{period}-01").parse().unwrap_or(Date::MAX);
    Days { from: first(from), until: first(from.later(months)), today }
}

fn days_before(today: Date, days: i32) -> Result<String> {
    let span = jiff::Span::new().days(days);
    let day = today.checked_sub(span).map_err(|e| Error::Corrupt(format!("本机时钟不对：{e}")))?;
    Ok(day.to_string())
}

/// What half a year's receipts come to, by category, month and village.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Money out by category, fen.
    pub by_category: BTreeMap<String, Fen>,
    /// Money out and in by month, fen.
    pub by_month: BTreeMap<String, (Fen, Fen)>,
    /// Money out and in by village's name, fen.
    pub by_village: BTreeMap<String, (Fen, Fen)>,
}

/// Adds up half a year.
///
/// # Errors
/// When the database fails.
pub fn totals(c: &Connection, half: Half) -> Result<Totals> {
    let sql = "SELECT content, income, amount FROM view_item WHERE village = ?1 AND period = ?2
               AND kind = 'receipt' AND corrected IS NULL AND content IS NOT NULL";
    let mut totals = Totals::default();
    let plus = |sum: &mut (Fen, Fen), income: bool, amount: i64| {
        let side = if income { &mut sum.1 } else { &mut sum.0 };
        side.0 += amount;
    };
    for (village, name) in view::villages(c)? {
        for period in half.months() {
            let mut query = c.prepare_cached(sql)?;
            let mut rows = query.query(params![village, period.to_string()])?;
            while let Some(row) = rows.next()? {
                let (text, income, amount): (String, bool, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                plus(totals.by_month.entry(period.to_string()).or_default(), income, amount);
                plus(totals.by_village.entry(name.clone()).or_default(), income, amount);
                let category = ReceiptContent::parse(text.as_bytes()).map(|c| c.category);
                if let (Ok(category), false) = (category, income) {
                    totals.by_category.entry(category).or_default().0 += amount;
                }
            }
        }
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::month::close;
    use crate::review;
    use crate::testing::{Office, village, wait};

    #[test]
    fn half_years_are_read_written_and_counted() {
        let half: Half = "2026-2".parse().unwrap();
        assert_eq!(half.to_string(), "2026-2");
        assert_eq!(half.before().to_string(), "2026-1");
        assert_eq!(half.months()[5].to_string(), "2026-12");
        assert_eq!(Half::of("2026-06".parse().unwrap()).to_string(), "2026-1");
        for bad in ["2026", "2026-3", "x-1", "2026-", "-1"] {
            assert!(bad.parse::<Half>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_kiosk_counts_on_working_days_from_the_day_after_it_came() {
        let office = Office::new();
        let app = office.open();
        // Enrolled on Wednesday the 3rd, heard of on Thursday and on Saturday.
        wait(app.db.write(|c| {
            let at: ledger::time::Timestamp = "2026-06-03T09:00:00+08:00".parse().unwrap();
            c.execute(
                "INSERT INTO kiosk VALUES ('k', 'v', '大厅', ?1, ?2, NULL)",
                params![village().to_string(), at.unix_seconds()],
            )?;
            for day in ["2026-06-04", "2026-06-06"] {
                c.execute("INSERT INTO kiosk_day VALUES ('k', ?1, 9, 0, 1, 2)", [day])?;
            }
            Ok(())
        }))
        .unwrap();
        let book = app.rulebook.now();
        let alive = |today: &str| {
            let half = "2026-1".parse().unwrap();
            let scores = app.db.read(|c| scores(c, &book, half, today.parse().unwrap())).unwrap();
            let one = scores[0].measured.iter().find(|one| one.indicator == Indicator::KioskAlive);
            let share = one.unwrap().share.clone().unwrap();
            (share.good, share.of)
        };
        assert_eq!(alive("2026-06-04"), (0, 0), "no day is over");
        assert_eq!(alive("2026-06-09"), (1, 3), "Thursday, Friday, Monday");
        let silent = |today: &str| {
            let month = "2026-06".parse().unwrap();
            let read = |c: &Connection| inspect(c, &book, month, today.parse().unwrap());
            app.db.read(read).unwrap().silent_kiosks.len()
        };
        assert_eq!(silent("2026-06-11"), 0, "Friday and three more");
        assert_eq!(silent("2026-06-12"), 1);
    }

    #[test]
    fn every_point_has_its_records_and_what_cannot_be_measured_does_not_count() {
        let office = Office::new();
        let app = office.open();
        let good = office.submit(&app, 1, |_| {});
        let back = office.submit(&app, 2, |_| {});
        let source = ledger::statement::Source::Original;
        wait(review::return_to(&app, &back, "看不清", source, &office.reviewer)).unwrap();
        wait(review::publish(&app, &[good], &office.reviewer)).unwrap();
        let (book, today) = (app.rulebook.now(), "2026-06-10".parse().unwrap());
        let half: Half = "2026-1".parse().unwrap();
        let scores = app.db.read(|c| scores(c, &book, half, today)).unwrap();
        let of = |which: Indicator| {
            scores[0].measured.iter().find(|one| one.indicator == which).unwrap().clone()
        };
        let returned = of(Indicator::ReturnedRate).share.unwrap();
        assert_eq!((returned.good, returned.of), (1, 2));
        assert_eq!(returned.amiss, [Behind::Submission { id: back }]);
        let vouchers = of(Indicator::Vouchers).share.unwrap();
        assert_eq!((vouchers.good, vouchers.of), (0, 1), "it has no picture");
        assert_eq!(of(Indicator::Answered).points(), None, "nobody asked");
        assert!(scores[0].total().unwrap() < 10_000);
        let missing =
            app.db.read(|c| inspect(c, &book, "2026-05".parse().unwrap(), today)).unwrap();
        assert_eq!(missing.unpapered.len(), 1);
        assert_eq!(missing.empty_columns.len(), app.db.read(view::columns).unwrap().len());
        assert_eq!(missing.spent, Fen(101));
    }

    #[test]
    fn a_month_is_closed_once_whole_and_says_why_a_paper_is_missing() {
        let office = Office::new();
        let app = office.open();
        let period: Period = "2026-05".parse().unwrap();
        let code = |result: Result<_>| result.map_or_else(|e: Error| e.code(), |_| "");
        let close = |reasons: &[(u64, String)]| {
            code(close(&app, village(), period, reasons, &office.reviewer))
        };
        assert_eq!(close(&[]), "cannot-close", "nothing was said of it");
        let id = office.submit(&app, 1, |_| {});
        assert_eq!(close(&[]), "cannot-close", "something waits");
        let n = wait(review::publish(&app, &[id], &office.reviewer)).unwrap()[0].index;
        assert_eq!(close(&[]), "no-voucher");
        assert_eq!(close(&[(n, "银行手续费，没有票据".into())]), "");
        assert_eq!(close(&[]), "cannot-close", "nothing changed since");
        let closed = app.db.read(|c| view::closed(c, &village().to_string(), period)).unwrap();
        assert!(closed.unwrap().n > n);
        let id = office.submit(&app, 2, |content| content.no_voucher = "村民投工".into());
        wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
        let reasons = [(n, "银行手续费，没有票据".to_owned())];
        assert_eq!(close(&reasons), "", "what came later is closed again");
        let editor = office.person("zhou", crate::people::Role::Editor);
        let other = month::close(&app, village(), period, &[], &editor);
        assert_eq!(other.unwrap_err().code(), "not-allowed");
        assert_eq!(crate::verify::verify(&office.data()).unwrap().problem, None);
    }
}
