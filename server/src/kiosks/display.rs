//! Proof of display: which bulletin was on which screen, on which days.

use jiff::ToSpan;
use ledger::kiosk::Shown;
use rusqlite::{Connection, params};

use super::KEPT_DAYS;
use crate::clock;
use crate::error::Result;

/// For how long a bulletin was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Displayed {
    /// Screens that showed it.
    pub screens: u64,
    /// Calendar days on which it was shown: of the screen that showed it on the fewest.
    pub days: u64,
}

/// Keeps what a kiosk showed. What is told again of the same day takes the place of what was told before if it is more,
/// so that a report that came twice counts once. Left out is what cannot be: what ends before it begins or lasted
/// shorter than it was seen, days that are not yet or are too long ago, and what is no published bulletin.
pub(super) fn add(c: &Connection, kiosk: &str, shown: &[Shown], now: i64) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO kiosk_display (kiosk, day, n, first, last, seconds)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 FROM view_item WHERE n = ?3 AND kind = 'bulletin'
         ON CONFLICT (kiosk, day, n) DO UPDATE SET
             first = excluded.first, last = excluded.last, seconds = excluded.seconds
         WHERE excluded.seconds > seconds",
    )?;
    let today = clock::day_of(now);
    let oldest = today.saturating_sub(KEPT_DAYS.days()).to_string();
    // A kiosk's day may begin before ours: its clock is not ours.
    let newest = today.saturating_add(1.day()).to_string();
    for one in shown.iter().filter(|one| may_be(one)) {
        let day = one.first.date().to_string();
        if (oldest.as_str()..=newest.as_str()).contains(&day.as_str()) {
            let (first, last) = (one.first.as_str(), one.last.as_str());
            insert.execute(params![kiosk, day, one.n, first, last, one.seconds])?;
        }
    }
    Ok(())
}

fn may_be(one: &Shown) -> bool {
    let length = one.last.unix_seconds() - one.first.unix_seconds();
    u64::try_from(length).is_ok_and(|length| one.seconds <= length + 1)
}

/// What one screen showed of a bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnScreen {
    /// The kiosk's name.
    pub name: String,
    /// When it was shown first, RFC 3339.
    pub first: String,
    /// When it was shown last, RFC 3339.
    pub last: String,
    /// Calendar days on which it was shown.
    pub days: u64,
    /// For how long it was on the screen in all.
    pub seconds: u64,
}

/// What every screen showed of a bulletin, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn displays(c: &Connection, n: u64) -> Result<Vec<OnScreen>> {
    let Ok(n) = i64::try_from(n) else { return Ok(Vec::new()) };
    let sql = "SELECT name, min(first), max(last), count(*), sum(seconds)
               FROM kiosk_display JOIN kiosk ON kiosk.id = kiosk_display.kiosk
               WHERE n = ?1 GROUP BY kiosk_display.kiosk ORDER BY name";
    let mut query = c.prepare_cached(sql)?;
    let rows = query.query_map([n], |row| {
        Ok(OnScreen {
            name: row.get(0)?,
            first: row.get(1)?,
            last: row.get(2)?,
            days: row.get(3)?,
            seconds: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// On how many screens a bulletin was shown, and for how many days at least.
///
/// # Errors
/// When the database cannot be read.
pub fn displayed(c: &Connection, n: u64) -> Result<Displayed> {
    let Ok(n) = i64::try_from(n) else { return Ok(Displayed::default()) };
    let sql = "SELECT count(*), ifnull(min(days), 0) FROM
               (SELECT count(*) AS days FROM kiosk_display WHERE n = ?1 GROUP BY kiosk)";
    let mut query = c.prepare_cached(sql)?;
    Ok(query.query_row([n], |row| Ok(Displayed { screens: row.get(0)?, days: row.get(1)? }))?)
}
