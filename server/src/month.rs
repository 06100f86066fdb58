//! Village months: what is there of each, what is missing, by when it is due; and closing one.

use jiff::civil::Date;
use ledger::content::{ClosingContent, Content, ReceiptContent, Unvouched};
use ledger::money::Fen;
use ledger::place::Village;
use ledger::statement::Statement;
use ledger::time::Period;
use rusqlite::{Connection, params};

use crate::app::App;
use crate::audit::{self, Change};
use crate::bulletin::salt;
use crate::clock;
use crate::deadlines::{Standing, civil};
use crate::error::{Error, Result};
use crate::people::{Deed, Who};
use crate::publish::{NewEntry, Published, office_note};
use crate::rulebook::Rulebook;
use crate::view::{self, Closed};
use crate::workdays::Due;

/// Months that are looked back for late villages.
pub const BACK_MONTHS: i32 = 12;
/// Characters of the longest reason why a receipt has no paper.
pub const REASON_CHARS_MAX: usize = 200;

/// How far a village's month has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Nobody said anything.
    Silent,
    /// Something was published, or waits.
    Open,
    /// Closed, with receipts.
    Published,
    /// Closed, without any: the village stated so.
    Nil,
}

/// A village's month.
#[derive(Clone, Debug)]
pub struct VillageMonth {
    /// 12-digit code.
    pub village: String,
    /// Its name.
    pub name: String,
    /// Which month.
    pub period: Period,
    /// How far it has come.
    pub progress: Progress,
    /// Submissions that wait, whole or not.
    pub waiting: u64,
    /// Submissions that were sent back.
    pub returned: u64,
    /// Published receipts that stand, those not disclosed among them.
    pub receipts: u64,
    /// What the disclosed ones come to.
    pub spent: Fen,
    /// What the disclosed ones come to.
    pub received: Fen,
    /// Its closing.
    pub closed: Option<Closed>,
    /// By when it has to be closed.
    pub due: Due,
    /// How that stands: on the day it was closed, or today.
    pub standing: Standing,
}

impl VillageMonth {
    /// Whether it was closed too late, or is not closed although it is due.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self.standing, Standing::Late { .. })
    }
}

/// One village's month.
///
/// # Errors
/// When the database fails.
pub fn one(
    c: &Connection,
    book: &Rulebook,
    (village, name): (&str, &str),
    period: Period,
    today: Date,
) -> Result<VillageMonth> {
    let month = period.to_string();
    let (waiting, returned) = submitted(c, village, &month)?;
    let (receipts, nothing, spent, received) = standing_items(c, village, &month)?;
    let closed = view::closed(c, village, period)?;
    let progress = match closed {
        Some(_) if receipts == 0 => Progress::Nil,
        Some(_) => Progress::Published,
        None if receipts + nothing + waiting + returned > 0 => Progress::Open,
        None => Progress::Silent,
    };
    let due = book.month_due(period);
    let standing = due.standing(closed.map_or(today, |closed| civil(closed.on)));
    Ok(VillageMonth {
        village: village.to_owned(),
        name: name.to_owned(),
        period,
        progress,
        waiting,
        returned,
        receipts,
        spent,
        received,
        closed,
        due,
        standing,
    })
}

fn submitted(c: &Connection, village: &str, month: &str) -> Result<(u64, u64)> {
    let sql = "SELECT count(*) FILTER (WHERE state = 'received'),
               count(*) FILTER (WHERE state = 'returned')
               FROM submission WHERE village = ?1 AND period = ?2";
    let mut query = c.prepare_cached(sql)?;
    Ok(query.query_row([village, month], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Receipts that stand, statements that there were none, money out, money in.
fn standing_items(c: &Connection, village: &str, month: &str) -> Result<(u64, u64, Fen, Fen)> {
    // What is not disclosed stands too; what was published and then withdrawn does not.
    let sql = "SELECT count(*) FILTER (WHERE kind = 'receipt'),
               count(*) FILTER (WHERE kind = 'nothing'),
               ifnull(sum(amount) FILTER (WHERE income = 0), 0),
               ifnull(sum(amount) FILTER (WHERE income = 1), 0)
               FROM view_item WHERE village = ?1 AND period = ?2 AND corrected IS NULL
               AND (withdrawn IS NULL OR ground IS NOT NULL)";
    let mut query = c.prepare_cached(sql)?;
    let row = query.query_row([village, month], |row| {
        Ok((row.get(0)?, row.get(1)?, Fen(row.get(2)?), Fen(row.get(3)?)))
    })?;
    Ok(row)
}

/// All villages in one month, in the directory's order.
///
/// # Errors
/// When the database fails.
pub fn board(
    c: &Connection,
    book: &Rulebook,
    period: Period,
    today: Date,
) -> Result<Vec<VillageMonth>> {
    let villages = view::villages(c)?;
    villages.iter().map(|(code, name)| one(c, book, (code, name), period, today)).collect()
}

/// Village months that are due and not closed, the longest overdue first: since the township's first accounts, at most
/// [`BACK_MONTHS`] back.
///
/// # Errors
/// When the database fails.
pub fn late(c: &Connection, book: &Rulebook, today: Date) -> Result<Vec<VillageMonth>> {
    let mut late = Vec::new();
    for period in past_months(c, today)? {
        if !matches!(book.month_due(period).standing(today), Standing::Late { .. }) {
            continue;
        }
        for (code, name) in view::villages(c)? {
            if view::closed(c, &code, period)?.is_none() {
                late.push(one(c, book, (&code, &name), period, today)?);
            }
        }
    }
    Ok(late)
}

/// The months before this one that there could be accounts of, oldest first.
///
/// # Errors
/// When the database fails.
pub fn past_months(c: &Connection, today: Date) -> Result<Vec<Period>> {
    let this = this_month(today)?;
    let sql = "SELECT min(period) FROM view_item WHERE period IS NOT NULL";
    let first: Option<String> = c.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let Some(first) = first.and_then(|text| text.parse::<Period>().ok()) else {
        return Ok(Vec::new());
    };
    let back = (1..=BACK_MONTHS).rev().map(|n| this.later(-n));
    Ok(back.filter(|period| *period >= first).collect())
}

/// The month that a day lies in.
///
/// # Errors
/// When the clock is outside the calendar that statements can carry.
pub fn this_month(today: Date) -> Result<Period> {
    let text = format!("{:04}-{:02}", today.year(), today.month());
    text.parse().map_err(|_| Error::Corrupt(format!("本机时钟不对：{today}")))
}

/// A receipt of a month that has no paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpapered {
    /// Log index.
    pub n: u64,
    /// What for.
    pub purpose: String,
    /// Fen.
    pub amount: Fen,
    /// Why, as the accountant said; empty where nothing was said.
    pub reason: String,
}

/// The receipts of a month without any paper.
///
/// # Errors
/// When the database fails.
pub fn unpapered(c: &Connection, village: &str, period: Period) -> Result<Vec<Unpapered>> {
    let sql = "SELECT n, content FROM view_item WHERE village = ?1 AND period = ?2
               AND kind = 'receipt' AND corrected IS NULL AND content IS NOT NULL ORDER BY n";
    let mut query = c.prepare_cached(sql)?;
    let mut rows = query.query(params![village, period.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (n, text): (u64, String) = (row.get(0)?, row.get(1)?);
        let Ok(content) = ReceiptContent::parse(text.as_bytes()) else { continue };
        if content.images.is_empty() {
            let ReceiptContent { purpose, amount, no_voucher: reason, .. } = content;
            found.push(Unpapered { n, purpose, amount, reason });
        }
    }
    Ok(found)
}

/// Closes a village's month: the office states in the log what it comes to. `reasons` say why receipts (by log index)
/// have no paper, where the accountant did not say so.
///
/// # Errors
/// When this person may not, something of the month still waits, nothing was said of it, it is not over yet, or a
/// receipt has neither paper nor reason.
pub fn close(
    app: &App,
    village: Village,
    period: Period,
    reasons: &[(u64, String)],
    who: &Who,
) -> Result<Published> {
    let actor = who.acting(Deed::Review)?;
    let (book, reasons) = (app.rulebook.now(), reasons.to_vec());
    let published = app.append(move |c, keys| {
        let today = clock::today();
        let code = village.as_str();
        let name = view::village_name(c, code)?
            .filter(|_| !village.is_township())
            .ok_or_else(|| Error::refused("not-found", "没有这个村"))?;
        let month = one(c, &book, (code, &name), period, today)?;
        must_be_closable(c, &month, today)?;
        let content = ClosingContent {
            salt: salt()?,
            receipts: month.receipts,
            received: month.received,
            spent: month.spent,
            unvouched: with_reasons(unpapered(c, code, period)?, &reasons)?,
        };
        content.check().map_err(|e| Error::refused("bad-content", format!("不合规定：{e}")))?;
        let (body, hash) = content.to_bytes();
        let time = clock::timestamp()?;
        let statement = Statement::Closing { village, period, time, content: hash };
        let subject = format!("{code} {period}");
        audit::record(c, &actor, "close-month", &subject, Change::default())?;
        let body = Some(String::from_utf8_lossy(&body).into_owned());
        Ok(vec![NewEntry::stated(office_note(keys, &statement), body)])
    })?;
    published.into_iter().next().ok_or_else(|| Error::Corrupt("结账没有结果".into()))
}

fn must_be_closable(c: &Connection, month: &VillageMonth, today: Date) -> Result<()> {
    let refused = |text: String| Err(Error::refused("cannot-close", text));
    if month.period >= this_month(today)? {
        return refused("这个月还没有过完，不能结账".into());
    }
    if month.closed.is_some() && is_unchanged(c, month)? {
        return refused("这个月已经结账，之后没有变化".into());
    }
    if month.waiting > 0 {
        return refused(format!("还有 {} 件没有办结：请先公布或退回", month.waiting));
    }
    if month.progress == Progress::Silent || month.returned > 0 && month.receipts == 0 {
        return refused("这个月还没有账，村里也没有申报无收支，不能结账".into());
    }
    Ok(())
}

/// Whether nothing of the month was published since it was closed.
fn is_unchanged(c: &Connection, month: &VillageMonth) -> Result<bool> {
    let Some(Closed { n, .. }) = month.closed else { return Ok(false) };
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM view_item WHERE village = ?1 AND period = ?2
               AND (n > ?3 OR withdrawn > ?3))";
    let mut query = c.prepare_cached(sql)?;
    Ok(query.query_row(params![month.village, month.period.to_string(), n], |row| row.get(0))?)
}

/// Every receipt without paper with its reason: the one given now, else the accountant's.
fn with_reasons(unpapered: Vec<Unpapered>, given: &[(u64, String)]) -> Result<Vec<Unvouched>> {
    let reason = |one: Unpapered| {
        let now = given.iter().find(|(n, _)| *n == one.n).map(|(_, reason)| reason.trim());
        let reason = now.filter(|reason| !reason.is_empty()).unwrap_or(&one.reason);
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            let Unpapered { n, purpose, .. } = &one;
            let message = format!("第 {n} 号“{purpose}”没有票据：请写明原因（至多 200 字）");
            return Err(Error::refused("no-voucher", message));
        }
        Ok(Unvouched { of: one.n, reason: reason.to_owned() })
    };
    unpapered.into_iter().map(reason).collect()
}
