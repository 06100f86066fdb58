//! What is decided about inspection and assessment: a month's inspection is signed off, half a year is frozen, and what is not
//! disclosed is decided again every November.

use jiff::civil::Date;
use ledger::content::{Content, Openness, ReceiptContent};
use ledger::hash::{Hash, sha256};
use ledger::time::Period;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::app::App;
use crate::assess::{self, Half, Inspection, Score, Totals};
use crate::audit::{self, Change};
use crate::clock;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::people::{Deed, Who};
use crate::{month, view};

/// Characters of the longest reason.
const REASON_CHARS_MAX: usize = 200;
/// Records that one list of what is decided again holds.
const RECHECK_MAX: u32 = 500;

/// Who signed an inspection off, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SignedOff {
    /// The person's name.
    pub name: String,
    /// RFC 3339.
    pub time: String,
}

/// Who signed a month's inspection off.
///
/// # Errors
/// When the database fails.
pub fn signed_off(c: &Connection, period: Period) -> Result<Option<SignedOff>> {
    let sql = "SELECT name, time FROM inspection WHERE period = ?1";
    let found = c.prepare_cached(sql)?.query_row([period.to_string()], |row| {
        Ok(SignedOff { name: row.get(0)?, time: row.get(1)? })
    });
    Ok(found.optional()?)
}

/// Signs a month's inspection off: it is kept as it is now.
///
/// # Errors
/// When this person may not, the month is not over, or it was signed off already.
pub async fn sign_off(app: &App, period: Period, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Review)?;
    let (book, today) = (app.rulebook.now(), clock::today());
    app.db
        .write(move |c| {
            if period >= month::this_month(today)? {
                return Err(Error::refused("too-early", "这个月还没有过完，不能签巡查"));
            }
            let found: Inspection = assess::inspect(c, &book, period, today)?;
            let kept = c.execute(
                "INSERT INTO inspection VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (period) DO NOTHING",
                params![period.to_string(), json(&found)?, actor.login, actor.name, clock::now()],
            )?;
            if kept == 0 {
                return Err(Error::refused("wrong-state", "这个月的巡查已经签过"));
            }
            audit::record(c, &actor, "inspect", &period.to_string(), Change::default())
        })
        .await
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Corrupt(e.to_string()))
}

/// What an outside assessor is given of half a year.
#[derive(Serialize)]
struct DataSet {
    half: String,
    township: String,
    frozen: String,
    checkpoint: String,
    scores: Vec<Score>,
    totals: Totals,
    inspections: Vec<(String, serde_json::Value)>,
}

/// A half year that was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Frozen {
    /// Such as `2026-1`.
    pub half: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// The name of whoever froze it.
    pub name: String,
    /// RFC 3339.
    pub time: String,
}

/// The half years that were frozen, newest first.
///
/// # Errors
/// When the database fails.
pub fn frozen(c: &Connection) -> Result<Vec<Frozen>> {
    let sql = "SELECT half, sha256, bytes, name, time FROM frozen ORDER BY half DESC";
    let mut query = c.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        Ok(Frozen {
            half: row.get(0)?,
            sha256: row.get(1)?,
            bytes: row.get(2)?,
            name: row.get(3)?,
            time: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Freezes half a year for an assessor: scores, totals and signed inspections as they are now, in a file whose hash the
/// record of who did what keeps (and so the log). Blocks.
///
/// # Errors
/// When this person may not, the half year is not over, or it was frozen already.
pub fn freeze(app: &App, half: Half, who: &Who) -> Result<Hash> {
    let actor = who.acting(Deed::Manage)?;
    let (book, today) = (app.rulebook.now(), clock::today());
    let over = half
        .months()
        .last()
        .is_some_and(|last| month::this_month(today).is_ok_and(|this| *last < this));
    if !over {
        return Err(Error::refused("too-early", "这半年还没有过完，不能封存"));
    }
    let set = app.db.read(|c| data_set(c, &book, half, today))?;
    let body = json(&set)?;
    let hash = sha256(body.as_bytes());
    let path = app.data.frozen(&hash);
    // A crash after this leaves a file that nothing names: harmless.
    durable::replace(&path, body.as_bytes(), Access::Private)?;
    let half = half.to_string();
    app.db.write_blocking(move |c| {
        let kept = c.execute(
            "INSERT INTO frozen VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (half) DO NOTHING",
            params![half, hash.to_string(), body.len(), actor.name, clock::now()],
        )?;
        if kept == 0 {
            return Err(Error::refused("wrong-state", "这半年已经封存过"));
        }
        audit::record(c, &actor, "freeze", &half, Change::to(&hash.to_string()))
    })?;
    Ok(hash)
}

/// The file of a frozen half year. Blocks.
///
/// # Errors
/// `not-found` when it was not frozen.
pub fn frozen_file(app: &App, half: Half) -> Result<Vec<u8>> {
    let missing = || Error::refused("not-found", "这半年没有封存");
    let half = half.to_string();
    let one = app.db.read(frozen)?.into_iter().find(|one| one.half == half).ok_or_else(missing)?;
    let hash = one.sha256.parse().map_err(|_| Error::Corrupt("封存文件的散列".into()))?;
    let path = app.data.frozen(&hash);
    std::fs::read(&path).map_err(Error::file(&path))
}

fn data_set(
    c: &Connection,
    book: &crate::rulebook::Rulebook,
    half: Half,
    today: Date,
) -> Result<DataSet> {
    let mut inspections = Vec::new();
    for period in half.months() {
        let sql = "SELECT body FROM inspection WHERE period = ?1";
        let mut query = c.prepare_cached(sql)?;
        let body: Option<String> =
            query.query_row([period.to_string()], |row| row.get(0)).optional()?;
        if let Some(body) = body.and_then(|body| serde_json::from_str(&body).ok()) {
            inspections.push((period.to_string(), body));
        }
    }
    let sql = "SELECT checkpoint FROM log";
    Ok(DataSet {
        half: half.to_string(),
        township: view::head(c)?.map(|head| head.township).unwrap_or_default(),
        frozen: clock::now(),
        checkpoint: c.prepare_cached(sql)?.query_row([], |row| row.get(0))?,
        scores: assess::scores(c, book, half, today)?,
        totals: assess::totals(c, half)?,
        inspections,
    })
}

/// Something that is not disclosed in whole, to be decided again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// Log index.
    pub n: u64,
    /// 12-digit code.
    pub village: String,
    /// `YYYY-MM`.
    pub period: Option<String>,
    /// The law's ground, as its word.
    pub ground: String,
    /// Whether nothing of it is shown; else only what is covered.
    pub whole: bool,
    /// What was decided this year: `keep` or `open`, and by whom.
    pub verdict: Option<(String, String)>,
}

/// What is not disclosed in whole, and what was decided of it in a year.
///
/// # Errors
/// When the database fails.
pub fn rechecks(c: &Connection, year: i16) -> Result<Vec<Recheck>> {
    let verdict = |n: u64| -> Result<Option<(String, String)>> {
        let sql = "SELECT verdict, name FROM recheck WHERE n = ?1 AND year = ?2";
        let found = c
            .prepare_cached(sql)?
            .query_row(params![n, year], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    };
    let sql = "SELECT n, village, period, ground FROM view_item WHERE ground IS NOT NULL
               ORDER BY n LIMIT ?1";
    let mut query = c.prepare_cached(sql)?;
    let mut rows = query.query([RECHECK_MAX])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let n = row.get(0)?;
        let (village, period, ground) = (row.get(1)?, row.get(2)?, row.get(3)?);
        found.push(Recheck { n, village, period, ground, whole: true, verdict: verdict(n)? });
    }
    // What is shown in part: of the year's own months, newest first.
    let sql = "SELECT n, village, period, content FROM view_item WHERE kind = 'receipt'
               AND period >= ?1 AND period < ?2 AND content LIKE '%\"attribute\":\"partial\"%'
               ORDER BY n DESC LIMIT ?3";
    let mut query = c.prepare_cached(sql)?;
    let (from, to) = (format!("{year:04}-01"), format!("{:04}-01", year.saturating_add(1)));
    let mut rows = query.query(params![from, to, RECHECK_MAX])?;
    while let Some(row) = rows.next()? {
        let (n, text): (u64, String) = (row.get(0)?, row.get(3)?);
        let openness = ReceiptContent::parse(text.as_bytes()).ok().and_then(|c| c.openness);
        if let Some(Openness::Partial { ground }) = openness {
            let (village, period) = (row.get(1)?, row.get(2)?);
            let ground = ledger::statement::word(&ground);
            found.push(Recheck { n, village, period, ground, whole: false, verdict: verdict(n)? });
        }
    }
    Ok(found)
}

/// Decides again whether a record stays undisclosed this year.
///
/// # Errors
/// When this person may not, or the record or the verdict is not one.
pub async fn recheck(app: &App, n: u64, open: bool, reason: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Approve)?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Error::refused("no-reason", "请写明理由（至多 200 字）"));
    }
    let year = clock::today().year();
    app.db
        .write(move |c| {
            if view::item(c, n)?.is_none() {
                return Err(Error::refused("not-found", "没有这条记录"));
            }
            let verdict = if open { "open" } else { "keep" };
            c.execute(
                "INSERT OR REPLACE INTO recheck VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![n, year, verdict, reason, actor.login, actor.name, clock::now()],
            )?;
            audit::record(
                c,
                &actor,
                "recheck",
                &n.to_string(),
                Change::to(&format!("{verdict}: {reason}")),
            )
        })
        .await
}
