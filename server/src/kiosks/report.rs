//! A kiosk's report: whether it is the kiosk's own and new, what is kept of it, and what the kiosk is told.

use std::sync::Arc;

use jiff::ToSpan;
use ledger::kiosk::Report;
use ledger::note::Note;
use rusqlite::{Connection, params};

use super::{Held, KEPT_DAYS, Kiosk, display, held_checkpoint, one};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::view;

/// Seconds after which a kiosk reports again: an emergency is on every screen within them.
pub const REPORT_EVERY_SECONDS: i64 = 60;
/// Seconds between two reports of one kiosk, at least.
pub(super) const REPORT_SECONDS_MIN: i64 = 5;

/// What a kiosk is told when its report was kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Answer {
    /// The server's time, RFC 3339.
    pub time: String,
    /// What the office calls the kiosk.
    pub name: String,
    /// 12-digit code of its village, or of the township.
    pub village: String,
    /// Log indexes of bulletins that are to be shown at once, the newest first.
    pub emergencies: Vec<u64>,
    /// Seconds after which to report again.
    pub report_every: i64,
}

/// Keeps a kiosk's report, if it is signed by that kiosk and newer than all before.
///
/// # Errors
/// `not-found` for a kiosk that is not enrolled, `revoked`, `not-signed`, `malformed`; `replayed` when its number is
/// not larger than the last one's; `too-often`.
pub async fn receive(app: &Arc<App>, id: &str, note: Vec<u8>, now: i64) -> Result<Answer> {
    let (app, id) = (Arc::clone(app), id.to_owned());
    let work = move || receive_blocking(&app, &id, &note, now);
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy))
}

/// The same on a thread that may block.
///
/// # Errors
/// As [`receive`].
pub(super) fn receive_blocking(app: &App, id: &str, note: &[u8], now: i64) -> Result<Answer> {
    let kiosk = app.db.read(|c| one(c, id))?;
    must_be_welcome(&kiosk, now)?;
    let report = open(&kiosk, note)?;
    must_be_newer(&kiosk, &report)?;
    let held = match &report.checkpoint {
        Some(note) => Some(held_checkpoint(app, &kiosk.name, note)?),
        None => None,
    };
    let said = report.time.unix_seconds();
    app.db.write_blocking(move |c| {
        // Between the look and the write another report may have come, or somebody of the office.
        let kiosk = one(c, &kiosk.id)?;
        must_be_welcome(&kiosk, now)?;
        must_be_newer(&kiosk, &report)?;
        keep(c, &kiosk, &report, held, Times { now, skew: said - now })?;
        Ok(Answer {
            time: clock::text_of(now),
            emergencies: view::emergencies(c, Some(&kiosk.village), now)?
                .iter()
                .map(|line| line.n)
                .collect(),
            name: kiosk.name,
            village: kiosk.village,
            report_every: REPORT_EVERY_SECONDS,
        })
    })
}

fn must_be_welcome(kiosk: &Kiosk, now: i64) -> Result<()> {
    if kiosk.revoked.is_some() {
        return Err(Error::refused("revoked", "这块屏已被镇里停用，请联系镇里的管理员"));
    }
    // A clock of ours that was put back must not shut a kiosk out.
    let since = kiosk.latest.as_ref().map(|latest| now - latest.received);
    if since.is_some_and(|since| (0..REPORT_SECONDS_MIN).contains(&since)) {
        return Err(Error::refused("too-often", "报告太频繁，请稍后再报"));
    }
    Ok(())
}

fn open(kiosk: &Kiosk, note: &[u8]) -> Result<Report> {
    let malformed =
        |e: &dyn std::fmt::Display| Error::refused("malformed", format!("报告的格式不对：{e}"));
    let key = kiosk.vkey.parse().map_err(|e| Error::Corrupt(format!("大屏的钥匙：{e}")))?;
    let note = Note::parse(note).map_err(|e| malformed(&e))?;
    note.verify(std::iter::once(&key))
        .map_err(|_| Error::refused("not-signed", "报告不是这块屏签的"))?;
    Report::parse(note.text()).map_err(|e| malformed(&e))
}

fn must_be_newer(kiosk: &Kiosk, report: &Report) -> Result<()> {
    let last = kiosk.latest.as_ref().map_or(0, |latest| latest.number);
    if report.number > last {
        return Ok(());
    }
    let message = format!("第 {} 号报告已经收过：下一个应大于 {last}", report.number);
    Err(Error::refused("replayed", message))
}

/// When a report came, by our clock, and how far the kiosk's is ahead of that; seconds.
#[derive(Clone, Copy)]
struct Times {
    now: i64,
    skew: i64,
}

fn keep(
    c: &Connection,
    kiosk: &Kiosk,
    report: &Report,
    held: Option<(Held, Option<u64>)>,
    times: Times,
) -> Result<()> {
    // A foreign note is not kept: it may be anything.
    let ours = held.is_some_and(|(held, _)| held != Held::Foreign);
    c.prepare_cached(
        "INSERT OR REPLACE INTO kiosk_report (kiosk, number, received, skew, app, screen, free,
             total, belief, synced, error, size, held, checkpoint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        kiosk.id,
        report.number,
        times.now,
        times.skew,
        report.app.as_str(),
        report.screen.as_str(),
        report.free,
        report.total,
        report.offset,
        report.synced.as_ref().map(|time| time.as_str()),
        report.error.as_ref().map(|word| word.as_str()),
        held.and_then(|(_, size)| size),
        held.map(|(held, _)| held.as_str()),
        report.checkpoint.as_ref().filter(|_| ours),
    ])?;
    keep_day(c, &kiosk.id, report, times)?;
    display::add(c, &kiosk.id, &report.shown, times.now)
}

/// The day's line; with the first report of a day, what is too old goes.
fn keep_day(c: &Connection, kiosk: &str, report: &Report, times: Times) -> Result<()> {
    let today = clock::day_of(times.now);
    let reports: u64 = c
        .prepare_cached(
            "INSERT INTO kiosk_day (kiosk, day, reports, skew, free, total)
             VALUES (?1, ?2, 1, ?3, ?4, ?5)
             ON CONFLICT (kiosk, day) DO UPDATE SET reports = reports + 1,
                 skew = iif(abs(excluded.skew) > abs(skew), excluded.skew, skew),
                 free = excluded.free, total = excluded.total
             RETURNING reports",
        )?
        .query_row(
            params![kiosk, today.to_string(), times.skew, report.free, report.total],
            |row| row.get(0),
        )?;
    if reports == 1 {
        let oldest = today.saturating_sub(KEPT_DAYS.days()).to_string();
        for table in ["kiosk_day", "kiosk_display"] {
            let sql = format!("DELETE FROM {table} WHERE kiosk = ?1 AND day < ?2");
            c.execute(&sql, params![kiosk, oldest])?;
        }
    }
    Ok(())
}
