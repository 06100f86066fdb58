//! The fleet of kiosks: how one is enrolled by the code on its screen, what it reports, and which of them need somebody.
//! A kiosk's signature is its permission: there are no tokens.

mod asking;
mod display;
mod health;
mod held;
mod report;
#[cfg(test)]
mod tests;

use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::audit::{self, Change};
use crate::clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::people::{self, Actor};
use crate::view;

pub use asking::{
    Asking, CODE_CHARS, CODE_MINUTES, Enrolment, NewKiosk, State, ask, asking, enrol, look_up,
    places, standing,
};
pub use display::{Displayed, OnScreen, displayed, displays};
pub use health::{Concern, concerns, of_all, percent_free};
pub use held::{Held, held_checkpoint};
pub use report::{Answer, REPORT_EVERY_SECONDS, receive};

/// Days for which daily lines and proofs of display are kept.
pub const KEPT_DAYS: i64 = 400;
/// Days that whoever looks at one kiosk is shown.
pub const LATELY_DAYS: i64 = 60;

/// A kiosk that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kiosk {
    /// SHA-256 (hex) of its key's text.
    pub id: String,
    /// Its key (C2SP vkey).
    pub vkey: String,
    /// What the office calls it.
    pub name: String,
    /// 12-digit code of its village; the township's own for its hall.
    pub village: String,
    /// Unix seconds.
    pub enrolled: i64,
    /// Unix seconds.
    pub revoked: Option<i64>,
    /// What it said last.
    pub latest: Option<Latest>,
}

/// The newest report of a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The report's number.
    pub number: u64,
    /// When it came, Unix seconds.
    pub received: i64,
    /// Seconds that the kiosk's clock is ahead of ours.
    pub skew: i64,
    /// The version of its program.
    pub app: String,
    /// The screen that it showed.
    pub screen: String,
    /// Bytes free.
    pub free: u64,
    /// Bytes there are.
    pub total: u64,
    /// When it last followed the log to its end, by its clock.
    pub synced: Option<String>,
    /// Why it could not the last time.
    pub error: Option<String>,
    /// Entries under the checkpoint that it holds, as far as our key signed that.
    pub size: Option<u64>,
    /// How that checkpoint stood to our log.
    pub held: Option<Held>,
}

/// How a kiosk was on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// By our clock.
    pub day: Date,
    /// Reports that came.
    pub reports: u64,
    /// Seconds that its clock was ahead of ours; the largest of the day.
    pub skew: i64,
    /// Bytes free at last.
    pub free: u64,
    /// Bytes there were.
    pub total: u64,
    /// Bulletins that it showed on the day that its own clock calls so.
    pub shown: u64,
}

const KIOSK: &str =
    "SELECT id, vkey, name, village, enrolled, revoked, number, received, skew, app,
    screen, free, total, synced, error, size, held
    FROM kiosk LEFT JOIN kiosk_report ON kiosk_report.kiosk = kiosk.id";

fn read(row: &Row<'_>) -> rusqlite::Result<Kiosk> {
    let number: Option<u64> = row.get(6)?;
    let held = |word: String| Held::parse(&word).ok_or(rusqlite::Error::InvalidQuery);
    let latest = |number| -> rusqlite::Result<Latest> {
        Ok(Latest {
            number,
            received: row.get(7)?,
            skew: row.get(8)?,
            app: row.get(9)?,
            screen: row.get(10)?,
            free: row.get(11)?,
            total: row.get(12)?,
            synced: row.get(13)?,
            error: row.get(14)?,
            size: row.get(15)?,
            // The table allows no other word.
            held: row.get::<_, Option<String>>(16)?.map(held).transpose()?,
        })
    };
    Ok(Kiosk {
        id: row.get(0)?,
        vkey: row.get(1)?,
        name: row.get(2)?,
        village: row.get(3)?,
        enrolled: row.get(4)?,
        revoked: row.get(5)?,
        latest: number.map(latest).transpose()?,
    })
}

/// Every kiosk that was ever enrolled, by place and name.
///
/// # Errors
/// When the database cannot be read; so for all that follow.
pub fn list(c: &Connection) -> Result<Vec<Kiosk>> {
    let mut query = c.prepare_cached(&format!("{KIOSK} ORDER BY village, name, id"))?;
    let kiosks = query.query_map([], read)?;
    Ok(kiosks.collect::<rusqlite::Result<_>>()?)
}

/// One kiosk.
///
/// # Errors
/// `not-found` when none has this id.
pub fn one(c: &Connection, id: &str) -> Result<Kiosk> {
    let mut query = c.prepare_cached(&format!("{KIOSK} WHERE id = ?1"))?;
    let found = query.query_row([id], read).optional()?;
    found.ok_or_else(|| Error::refused("not-found", "没有这块屏"))
}

/// The daily lines of a kiosk since a day, oldest first; days without a report have none.
///
/// # Errors
/// When the database cannot be read.
pub fn days(c: &Connection, id: &str, since: Date) -> Result<Vec<Day>> {
    let mut query = c.prepare_cached(
        "SELECT day, reports, skew, free, total, (SELECT count(*) FROM kiosk_display
             WHERE kiosk_display.kiosk = ?1 AND kiosk_display.day = kiosk_day.day)
         FROM kiosk_day WHERE kiosk = ?1 AND day >= ?2 ORDER BY day",
    )?;
    let mut rows = query.query(params![id, since.to_string()])?;
    let mut days = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        let day = text.parse().map_err(|_| Error::Corrupt(format!("大屏的日期 {text}")))?;
        days.push(Day {
            day,
            reports: row.get(1)?,
            skew: row.get(2)?,
            free: row.get(3)?,
            total: row.get(4)?,
            shown: row.get(5)?,
        });
    }
    Ok(days)
}

/// The first of the last [`LATELY_DAYS`] days.
#[must_use]
pub fn lately(now: i64) -> Date {
    clock::day_of(now).saturating_sub((LATELY_DAYS - 1).days())
}

/// Gives a kiosk another name or place.
///
/// # Errors
/// When there is no such kiosk in use, or the name or place is wrong.
pub fn change(db: &Db, id: &str, name: &str, village: &str, by: &Actor) -> Result<()> {
    let (id, name, village) = (id.to_owned(), name.to_owned(), village.to_owned());
    let by = by.clone();
    db.write_blocking(move |c| {
        let before = in_use(c, &id)?;
        check(c, &name, &village)?;
        let sql = "UPDATE kiosk SET name = ?2, village = ?3 WHERE id = ?1";
        c.execute(sql, params![id, name, village])?;
        let (old, new) = (said(&before.name, &before.village), said(&name, &village));
        let change = Change { old: Some(&old), new: Some(&new) };
        audit::record(c, &by, "kiosk-rename", &id, change)
    })
}

/// Takes a kiosk out of use: what it reports from now on is refused. Its key never counts again.
///
/// # Errors
/// When there is no such kiosk in use.
pub fn revoke(db: &Db, id: &str, by: &Actor) -> Result<()> {
    let (id, by) = (id.to_owned(), by.clone());
    db.write_blocking(move |c| {
        let kiosk = in_use(c, &id)?;
        let sql = "UPDATE kiosk SET revoked = ?2 WHERE id = ?1";
        c.execute(sql, params![id, clock::unix_now()])?;
        let old = said(&kiosk.name, &kiosk.village);
        audit::record(c, &by, "kiosk-revoke", &id, Change { old: Some(&old), new: None })
    })
}

fn in_use(c: &Connection, id: &str) -> Result<Kiosk> {
    let kiosk = one(c, id)?;
    if kiosk.revoked.is_some() {
        return Err(Error::refused("not-found", "这块屏已经停用"));
    }
    Ok(kiosk)
}

/// A name and a place as the record says them.
fn said(name: &str, village: &str) -> String {
    format!("{name}（{village}）")
}

fn check(c: &Connection, name: &str, village: &str) -> Result<()> {
    people::check_name("屏的名称", name)?;
    match view::village_name(c, village)? {
        Some(_) => Ok(()),
        None => Err(Error::refused("bad-village", "请选择这块屏放在哪里")),
    }
}
