//! Proof of display: what the kiosks say that they showed, and what that comes to (Chongqing's rules: a bulletin stays on
//! the board for ten days).

use std::collections::{BTreeMap, BTreeSet};

use ledger::time::{Date, Timestamp};
use rusqlite::{Connection, params};

use crate::error::{Error, Result};

/// Stretches in one kiosk's report.
pub const STRETCHES_MAX: usize = 1_000;
/// Characters of the longest kiosk id.
const KIOSK_CHARS_MAX: usize = 64;
/// Days of the longest stretch: a kiosk begins a new one when it starts, and with every day.
const STRETCH_DAYS_MAX: i64 = 400;

/// A time in which a kiosk showed a bulletin again and again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stretch {
    /// Log index of the bulletin.
    pub n: u64,
    /// When it was shown first in this stretch: names the stretch.
    pub first: Timestamp,
    /// When it was shown last.
    pub last: Timestamp,
    /// For how long it was on the screen in all.
    pub seconds: u64,
}

/// What one kiosk showed of a bulletin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The kiosk's id.
    pub kiosk: String,
    /// When it was shown first.
    pub first: Timestamp,
    /// When it was shown last.
    pub last: Timestamp,
    /// Calendar days on which it was shown.
    pub days: usize,
    /// For how long it was on the screen in all.
    pub seconds: u64,
}

/// Keeps what a kiosk reports. A stretch that is told again, longer, takes the place of what was told of it before: a
/// report that was sent twice counts once. Stretches of what is not a published bulletin are left out; answers how many
/// were kept.
///
/// # Errors
/// `bad-report` when the report is too long or a stretch cannot be.
pub fn add(c: &Connection, kiosk: &str, stretches: &[Stretch]) -> Result<usize> {
    let id = (1..=KIOSK_CHARS_MAX).contains(&kiosk.chars().count());
    if !id || kiosk.chars().any(char::is_control) || stretches.len() > STRETCHES_MAX {
        return Err(bad("屏幕编号或条数不对"));
    }
    let mut insert = c.prepare_cached(
        "INSERT INTO display (n, kiosk, first, last, seconds)
         SELECT ?1, ?2, ?3, ?4, ?5 FROM view_item WHERE n = ?1 AND kind = 'bulletin'
         ON CONFLICT (n, kiosk, first) DO UPDATE SET
             seconds = max(seconds, excluded.seconds),
             last = CASE WHEN excluded.seconds >= seconds THEN excluded.last ELSE last END",
    )?;
    let mut kept = 0;
    for one in stretches {
        let length = one.last.unix_seconds() - one.first.unix_seconds();
        let seconds = i64::try_from(one.seconds).unwrap_or(i64::MAX);
        if !(0..=STRETCH_DAYS_MAX * 86_400).contains(&length) || seconds > length + 1 {
            return Err(bad("展示的起止时间或秒数不对"));
        }
        // What no log can hold is no bulletin either.
        let Ok(n) = i64::try_from(one.n) else { continue };
        kept +=
            insert.execute(params![n, kiosk, one.first.as_str(), one.last.as_str(), seconds])?;
    }
    Ok(kept)
}

fn bad(message: &'static str) -> Error {
    Error::refused("bad-report", message)
}

/// What every kiosk showed of a bulletin, by kiosk.
///
/// # Errors
/// When the database cannot be read.
pub fn of(c: &Connection, n: u64) -> Result<Vec<Shown>> {
    let Ok(n) = i64::try_from(n) else { return Ok(Vec::new()) };
    let mut query = c.prepare_cached(
        "SELECT kiosk, first, last, seconds FROM display WHERE n = ?1 ORDER BY kiosk, first",
    )?;
    let mut rows = query.query([n])?;
    let mut kiosks: BTreeMap<String, (Shown, BTreeSet<String>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (kiosk, seconds): (String, u64) = (row.get(0)?, row.get(3)?);
        let time = |at| -> Result<Timestamp> {
            let text: String = row.get(at)?;
            text.parse().map_err(|_| Error::Corrupt(format!("展示时间 {text}")))
        };
        let (first, last) = (time(1)?, time(2)?);
        let (shown, days) = kiosks.entry(kiosk.clone()).or_insert_with(|| {
            let (first, last) = (first.clone(), last.clone());
            (Shown { kiosk, first, last, days: 0, seconds: 0 }, BTreeSet::new())
        });
        days.extend(days_of(first.date(), last.date()));
        if last.unix_seconds() > shown.last.unix_seconds() {
            shown.last = last;
        }
        shown.seconds += seconds;
        shown.days = days.len();
    }
    Ok(kiosks.into_values().map(|(shown, _)| shown).collect())
}

/// Every day from one to another, as they are written.
fn days_of(first: Date, last: Date) -> impl Iterator<Item = String> {
    let read = |day: Date| day.to_string().parse::<jiff::civil::Date>().ok();
    let last = read(last);
    std::iter::successors(read(first), |day| day.tomorrow().ok())
        .take_while(move |day| last.is_some_and(|last| *day <= last))
        .map(|day| day.to_string())
}

/// On how many kiosks a bulletin was shown, and on how many days at least: where it was shown on the fewest.
#[must_use]
pub fn sum(shown: &[Shown]) -> (usize, usize) {
    (shown.len(), shown.iter().map(|one| one.days).min().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    fn database() -> (tempfile::TempDir, Db) {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&directory.path().join("db")).unwrap();
        db.write_blocking(|c| {
            for (n, kind) in [(7, "bulletin"), (8, "receipt")] {
                c.execute(
                    "INSERT INTO view_item (n, kind, village, time, leaf) VALUES (?1, ?2, '', '', x'00')",
                    params![n, kind],
                )?;
            }
            Ok(())
        })
        .unwrap();
        (directory, db)
    }

    fn stretch(n: u64, first: &str, last: &str, seconds: u64) -> Stretch {
        let time = |text: &str| format!("2026-06-{text}:00+08:00").parse().unwrap();
        Stretch { n, first: time(first), last: time(last), seconds }
    }

    fn add_all(db: &Db, kiosk: &'static str, stretches: Vec<Stretch>) -> Result<usize> {
        db.write_blocking(move |c| add(c, kiosk, &stretches))
    }

    #[test]
    fn a_report_told_twice_counts_once_and_a_longer_one_replaces_it() {
        let (_directory, db) = database();
        let morning = || stretch(7, "01T08:00", "01T09:00", 600);
        for _ in 0..2 {
            assert_eq!(add_all(&db, "east", vec![morning()]).unwrap(), 1);
        }
        add_all(&db, "east", vec![stretch(7, "01T08:00", "01T12:00", 900), morning()]).unwrap();
        let shown = db.read(|c| of(c, 7)).unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].seconds, shown[0].days), (900, 1));
        assert_eq!(shown[0].last.clock(), "12:00");
    }

    #[test]
    fn days_are_calendar_days_and_the_fewest_of_any_kiosk_count() {
        let (_directory, db) = database();
        let two =
            vec![stretch(7, "01T22:00", "03T06:00", 60), stretch(7, "03T08:00", "03T09:00", 60)];
        add_all(&db, "east", two).unwrap();
        add_all(&db, "west", vec![stretch(7, "02T08:00", "02T09:00", 60)]).unwrap();
        let shown = db.read(|c| of(c, 7)).unwrap();
        assert_eq!(shown.iter().map(|one| one.days).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(sum(&shown), (2, 1));
        assert_eq!(sum(&[]), (0, 0));
    }

    #[test]
    fn only_bulletins_are_counted_and_only_what_can_be() {
        let (_directory, db) = database();
        let others = vec![
            stretch(8, "01T08:00", "01T09:00", 1),
            stretch(u64::MAX, "01T08:00", "01T09:00", 1),
        ];
        assert_eq!(add_all(&db, "east", others).unwrap(), 0);
        for wrong in [stretch(7, "01T09:00", "01T08:00", 0), stretch(7, "01T08:00", "01T08:01", 62)]
        {
            assert_eq!(add_all(&db, "east", vec![wrong]).unwrap_err().code(), "bad-report");
        }
        assert_eq!(add_all(&db, "", Vec::new()).unwrap_err().code(), "bad-report");
        assert!(db.read(|c| of(c, 7)).unwrap().is_empty());
    }
}
