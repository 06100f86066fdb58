//! The view: what the pages read. Tables made from the log's entries alone; `rebuild` makes them
//! again from nothing.

mod build;
mod bulletins;
mod item;
pub mod questions;

use std::collections::BTreeMap;

use ledger::content::{Content, Direction, ImageRef, ReceiptContent};
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::time::{Date, Period};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Result;
pub use build::{extend, rebuild};
pub use bulletins::{
    BULLETINS_PAGE, BulletinLine, Column, Place, Which, bulletins, columns, emergencies,
    explanations, next_change, policy, shown_now,
};
pub use item::{Enrolled, Item, Signer, enrolled, holder, item};

/// Months that a village's page looks back from the newest one.
const MONTHS_BACK_MAX: usize = 36;

/// Where the log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Entries in the log.
    pub size: u64,
    /// Root of its Merkle tree (RFC 6962).
    pub root: Hash,
    /// The township's name.
    pub township: String,
}

/// What a month's receipts come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Money that went out, fen.
    pub spent: Fen,
    /// Money that came in, fen.
    pub received: Fen,
    /// Receipts.
    pub count: u64,
}

impl Totals {
    /// Whether there was no receipt at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.count == 0
    }
}

/// What is known of a village's month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthState {
    /// There are receipts.
    Receipts,
    /// The village stated that there were none.
    Nothing,
    /// Nobody said anything yet.
    Silent,
}

/// A village's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// Which month.
    pub period: Period,
    /// What is known of it.
    pub state: MonthState,
    /// What its receipts come to.
    pub totals: Totals,
}

/// A village on the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// 12-digit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its newest month that is not silent.
    pub latest: Option<Month>,
}

/// A receipt in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Log index.
    pub n: u64,
    /// What for.
    pub purpose: String,
    /// Who was paid, or who paid.
    pub payee: String,
    /// Kind of expense or income.
    pub category: String,
    /// Fen.
    pub amount: Fen,
    /// Whether the money came in.
    pub income: bool,
    /// The paper's date.
    pub date: Date,
    /// Its first image.
    pub picture: Option<ImageRef>,
    /// Whether it is a newer version of another.
    pub corrects: bool,
}

/// A withdrawn receipt in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Log index.
    pub n: u64,
    /// The reason's code (docs/FORMATS.md).
    pub reason: String,
    /// The law's ground, where it never was disclosed.
    pub ground: Option<String>,
}

/// Where the log stands; `None` before the first publication.
///
/// # Errors
/// When the database fails; so for all that follow.
pub fn head(connection: &Connection) -> Result<Option<Head>> {
    let sql = "SELECT size, root, view_state.township FROM log, view_state";
    let head = connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Head { size: row.get(0)?, root: Hash(row.get(1)?), township: row.get(2)? })
    });
    Ok(head.optional()?)
}

/// Every village of the directory with its newest month.
///
/// # Errors
/// When the database fails.
pub fn doors(connection: &Connection) -> Result<Vec<Door>> {
    let mut doors = Vec::new();
    for (code, name) in villages(connection)? {
        let latest = spoken_months(connection, &code)?.pop_last().map(|(_, month)| month);
        doors.push(Door { code, name, latest });
    }
    Ok(doors)
}

/// Code and name of every village, in the directory's order.
///
/// # Errors
/// When the database fails.
pub fn villages(connection: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT code, name FROM view_village ORDER BY place";
    let mut query = connection.prepare_cached(sql)?;
    let villages = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(villages.collect::<rusqlite::Result<_>>()?)
}

/// A village's name, or the township's for its own code.
///
/// # Errors
/// When the database fails.
pub fn village_name(connection: &Connection, code: &str) -> Result<Option<String>> {
    let sql = "SELECT name FROM view_village WHERE code = ?1
               UNION ALL SELECT view_state.township FROM view_state, log WHERE log.township = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([code], |row| row.get(0)).optional()?)
}

/// The months of a village, newest first, silent ones among them.
///
/// # Errors
/// When the database fails.
pub fn months(connection: &Connection, village: &str) -> Result<Vec<Month>> {
    let mut months = spoken_months(connection, village)?;
    // Each end by itself is one step into the index.
    let sql =
        "SELECT (SELECT min(period) FROM view_item WHERE period IS NOT NULL AND withdrawn IS NULL),
               (SELECT max(period) FROM view_item WHERE period IS NOT NULL AND withdrawn IS NULL)";
    let span: (Option<String>, Option<String>) =
        connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let newest: Option<Period> = span.1.and_then(|text| text.parse().ok());
    let oldest: Option<Period> = span.0.and_then(|text| text.parse().ok());
    if let (Some(oldest), Some(newest)) = (oldest, newest) {
        let back = std::iter::successors(Some(newest), |period| Some(period.later(-1)));
        for period in back.take(MONTHS_BACK_MAX).take_while(|period| *period >= oldest) {
            let silent = Month { period, state: MonthState::Silent, totals: Totals::default() };
            months.entry(period).or_insert(silent);
        }
    }
    Ok(months.into_values().rev().collect())
}

/// What [`read_totals`] reads, and the month.
const SUMS: &str = "SELECT ifnull(sum(amount) FILTER (WHERE income = 0), 0),
    ifnull(sum(amount) FILTER (WHERE income = 1), 0), count(amount), period FROM view_item";

fn read_totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals { spent: Fen(row.get(0)?), received: Fen(row.get(1)?), count: row.get(2)? })
}

fn spoken_months(connection: &Connection, village: &str) -> Result<BTreeMap<Period, Month>> {
    let sql = format!(
        "{SUMS} WHERE village = ?1 AND period IS NOT NULL AND withdrawn IS NULL
         AND corrected IS NULL GROUP BY period"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let months = query.query_map([village], |row| {
        let period = parsed::<Period>(row, 3)?;
        let totals = read_totals(row)?;
        let state = if totals.is_none() { MonthState::Nothing } else { MonthState::Receipts };
        Ok((period, Month { period, state, totals }))
    })?;
    Ok(months.collect::<rusqlite::Result<_>>()?)
}

/// What the receipts of one village's month come to.
///
/// # Errors
/// When the database fails.
pub fn totals(connection: &Connection, village: &str, period: Period) -> Result<Totals> {
    let sql = format!(
        "{SUMS} WHERE village = ?1 AND period = ?2 AND withdrawn IS NULL AND corrected IS NULL"
    );
    let mut query = connection.prepare_cached(&sql)?;
    Ok(query.query_row(params![village, period.to_string()], read_totals)?)
}

/// The receipts of a month in order of date, and what was withdrawn from it.
///
/// # Errors
/// When the database fails.
pub fn lines(
    connection: &Connection,
    village: &str,
    period: Period,
) -> Result<(Vec<Line>, Vec<Gone>)> {
    let sql = "SELECT n, content, corrects, withdrawn IS NOT NULL, reason, ground FROM view_item
               WHERE village = ?1 AND period = ?2 AND kind = 'receipt' AND corrected IS NULL
               ORDER BY n";
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(params![village, period.to_string()])?;
    let (mut lines, mut gone) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let n: u64 = row.get(0)?;
        if row.get(3)? {
            let reason: Option<String> = row.get(4)?;
            let ground = row.get(5)?;
            gone.push(Gone { n, reason: reason.unwrap_or_default(), ground });
            continue;
        }
        let text: Option<String> = row.get(1)?;
        let text = text.unwrap_or_default();
        let Ok(content) = ReceiptContent::parse(text.as_bytes()) else { continue };
        lines.push(Line {
            n,
            purpose: content.purpose,
            payee: content.payee,
            category: content.category,
            amount: content.amount,
            income: content.direction == Direction::In,
            date: content.date,
            picture: content.images.into_iter().next(),
            corrects: row.get::<_, Option<i64>>(2)?.is_some(),
        });
    }
    lines.sort_by_key(|line| (line.date, line.n));
    Ok((lines, gone))
}

/// A village's month was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Log index of the newest closing.
    pub n: u64,
    /// The day it was published.
    pub on: Date,
}

/// The newest closing of a village's month.
///
/// # Errors
/// When the database fails.
pub fn closed(connection: &Connection, village: &str, period: Period) -> Result<Option<Closed>> {
    let sql = "SELECT n, substr(time, 1, 10) FROM view_closing WHERE village = ?1 AND period = ?2";
    let mut query = connection.prepare_cached(sql)?;
    let closed = query.query_row(params![village, period.to_string()], |row| {
        Ok(Closed { n: row.get(0)?, on: parsed(row, 1)? })
    });
    Ok(closed.optional()?)
}

/// A text column as the type whose spelling it holds.
fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
