//! Proof of display: which bulletin was on this screen, on which days, for how long. A line a bulletin a day, kept until
//! the office has it. A clock that was wrong moves lines to another day, but loses none.

use ledger::kiosk::{SHOWN_MAX, Shown};
use rusqlite::{Connection, params};

use crate::clock::{DAY_MILLIS, day_of, day_start, written};
use crate::drawer::DrawerError;

/// Days for which lines are kept that nobody could be told of: the office takes none that are older.
pub(super) const KEPT_DAYS: i64 = 400;
/// The run of lines whose time was confirmed by the office.
const SETTLED: i64 = 0;

/// Part of a day's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    bulletin: u64,
    first: i64,
    last: i64,
    millis: i64,
}

impl Line {
    /// The same, so many milliseconds later, cut at midnight. What lies on both sides of it is shared out by length.
    fn moved(self, shift: i64) -> [Option<Line>; 2] {
        let (first, last) = (self.first + shift, self.last + shift);
        let whole = Line { first, last, ..self };
        let midnight = day_start(day_of(first) + 1);
        if last < midnight {
            return [Some(whole), None];
        }
        let (before, length) = (midnight - first, (last - first).max(1));
        // Both are shorter than two days: no overflow.
        let early = self.millis * before / length;
        let evening = Line { last: midnight - 1, millis: early.min(before), ..whole };
        let morning = Line { first: midnight, millis: self.millis - evening.millis, ..whole };
        [Some(evening), Some(morning)]
    }

    fn put(self, db: &Connection, run: i64) -> Result<(), DrawerError> {
        let sql = "INSERT INTO shown (bulletin, day, run, first, last, millis)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (day, bulletin, run) DO UPDATE SET first = min(first, excluded.first),
                       last = max(last, excluded.last), millis = millis + excluded.millis";
        let Line { bulletin, first, last, millis } = self;
        let values = params![bulletin, day_of(first), run, first, last, millis];
        db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }
}

/// A bulletin was on the screen from one moment to another (milliseconds since 1970, by this run's reckoning).
pub(super) fn add(
    db: &Connection,
    run: i64,
    bulletin: u64,
    from: i64,
    to: i64,
) -> Result<(), DrawerError> {
    let mut from = from;
    while from < to {
        let last = to.min(day_start(day_of(from) + 1));
        let line = Line { bulletin, first: from, last: last - 1, millis: last - from };
        line.put(db, run)?;
        from = last;
    }
    Ok(())
}

/// What was written down in this run happened so many milliseconds later.
pub(super) fn shift(db: &Connection, run: i64, by: i64) -> Result<(), DrawerError> {
    for line in take(db, "run = ?1 AND ?2 = ?2", params![run, 0])? {
        for part in line.moved(by).into_iter().flatten() {
            part.put(db, run)?;
        }
    }
    Ok(())
}

/// The office said what time it is (`now`, milliseconds since 1970), `by` later than was reckoned: every line becomes
/// final. Those of this run are moved exactly. Of earlier runs nobody knows better, unless they would lie in the
/// future: then their clock went as wrong as this run's.
pub(super) fn settle(db: &Connection, run: i64, by: i64, now: i64) -> Result<(), DrawerError> {
    shift(db, run, by)?;
    let ahead = take(db, "run <> ?1 AND last > ?2", params![run, now])?;
    let rest = take(db, "run <> ?1 AND ?2 = ?2", params![SETTLED, 0])?;
    let ahead = ahead.into_iter().flat_map(|line| {
        let parts = line.moved(by.min(0)).into_iter().flatten();
        // Still to come: then at least it was before now.
        parts.flat_map(|part| part.moved((now - part.last).min(0))).flatten().collect::<Vec<_>>()
    });
    for line in rest.into_iter().chain(ahead) {
        line.put(db, SETTLED)?;
    }
    Ok(())
}

fn take(
    db: &Connection,
    which: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Line>, DrawerError> {
    let sql = format!("DELETE FROM shown WHERE {which} RETURNING bulletin, first, last, millis");
    let mut query = db.prepare_cached(&sql)?;
    let lines = query.query_map(values, |row| {
        Ok(Line {
            bulletin: row.get(0)?,
            first: row.get(1)?,
            last: row.get(2)?,
            millis: row.get(3)?,
        })
    })?;
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Lines that the office does not know of as they are now, the oldest first, as many as one report carries.
pub(super) fn untold(db: &Connection) -> Result<Vec<Shown>, DrawerError> {
    let sql = "SELECT bulletin, first, last, millis / 1000 FROM shown
               WHERE run = ?1 AND millis / 1000 > told ORDER BY day, bulletin LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![SETTLED, SHOWN_MAX], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    })?;
    let mut lines = Vec::new();
    for row in rows {
        let (n, first, last, seconds) = row?;
        let (first, last) = (first.div_euclid(1000), last.div_euclid(1000));
        let seconds = u64::try_from(seconds.min(last - first + 1)).unwrap_or(0);
        // A line outside of the years 0 to 9999 cannot be told, and no clock that was confirmed says so.
        if let (Some(first), Some(last)) = (written(first), written(last)) {
            lines.push(Shown { n, first, last, seconds });
        }
    }
    Ok(lines)
}

/// How many lines the office does not know of as they are now.
pub(super) fn count_untold(db: &Connection) -> Result<u64, DrawerError> {
    let sql = "SELECT count(*) FROM shown WHERE run = ?1 AND millis / 1000 > told";
    Ok(db.prepare_cached(sql)?.query_row([SETTLED], |row| row.get(0))?)
}

/// The office has these lines. Those of days that are over are forgotten, and so is what is too old to be told.
pub(super) fn told(db: &Connection, lines: &[Shown], now: i64) -> Result<(), DrawerError> {
    let sql = "UPDATE shown SET told = max(told, ?4) WHERE bulletin = ?1 AND day = ?2 AND run = ?3";
    let mut update = db.prepare_cached(sql)?;
    for line in lines {
        let day = day_of(line.first.unix_seconds() * 1000);
        update.execute(params![line.n, day, SETTLED, line.seconds])?;
    }
    let today = day_of(now);
    let sql =
        "DELETE FROM shown WHERE run = ?1 AND (day < ?2 AND millis / 1000 <= told OR day < ?3)";
    db.prepare_cached(sql)?.execute(params![SETTLED, today, today - KEPT_DAYS])?;
    Ok(())
}

/// Forgets the oldest days beyond those that are kept, however long nobody could be told.
pub(super) fn trim(db: &Connection) -> Result<(), DrawerError> {
    let sql = "DELETE FROM shown WHERE day < (SELECT min(day) FROM
                   (SELECT DISTINCT day FROM shown ORDER BY day DESC LIMIT ?1))";
    db.prepare_cached(sql)?.execute([KEPT_DAYS])?;
    Ok(())
}

const _: () = assert!(DAY_MILLIS % 1000 == 0, "a day's line ends on a whole second");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::drawer::Drawer;
    use crate::drawer::tests::drawer;

    fn at(text: &str) -> i64 {
        let time: ledger::time::Timestamp = text.parse().unwrap();
        time.unix_seconds() * 1000
    }

    fn lines(drawer: &Drawer) -> Vec<(u64, String, String, u64)> {
        let lines = untold(&drawer.db).unwrap().into_iter();
        lines.map(|l| (l.n, l.first.to_string(), l.last.to_string(), l.seconds)).collect()
    }

    #[test]
    fn a_day_has_one_line_a_bulletin_and_midnight_splits_it() {
        let (_dir, drawer) = drawer();
        let noon = at("2026-06-03T12:00:00+08:00");
        for turn in 0..3 {
            let from = noon + turn * 60_000;
            add(&drawer.db, 1, 7, from, from + 10_500).unwrap();
        }
        let evening = at("2026-06-03T23:59:50+08:00");
        add(&drawer.db, 1, 7, evening, evening + 30_000).unwrap();
        assert_eq!(lines(&drawer), [], "not before the office's time is known");
        settle(&drawer.db, 1, 0, evening + 40_000).unwrap();
        let line = |first: &str, last: &str, seconds| (7, first.into(), last.into(), seconds);
        let both = [
            line("2026-06-03T12:00:00+08:00", "2026-06-03T23:59:59+08:00", 41),
            line("2026-06-04T00:00:00+08:00", "2026-06-04T00:00:19+08:00", 20),
        ];
        assert_eq!(lines(&drawer), both);

        told(&drawer.db, &untold(&drawer.db).unwrap(), evening + 40_000).unwrap();
        assert_eq!(lines(&drawer), []);
        let morning = at("2026-06-04T08:00:00+08:00");
        add(&drawer.db, 1, 7, morning, morning + 5_000).unwrap();
        settle(&drawer.db, 1, 0, morning + 5_000).unwrap();
        let whole = line("2026-06-04T00:00:00+08:00", "2026-06-04T08:00:04+08:00", 25);
        assert_eq!(lines(&drawer), [whole], "today is told whole, again and again");
        assert_eq!(count_untold(&drawer.db).unwrap(), 1);
    }

    #[test]
    fn a_wrong_clock_moves_lines_and_loses_none() {
        let (_dir, drawer) = drawer();
        let now = at("2026-06-03T12:00:00+08:00");
        // This run's clock said 1970; the run before, of another battery, 2036.
        let wrong = at("1970-01-01T20:00:00+08:00");
        add(&drawer.db, 2, 7, wrong - 3_600_000, wrong).unwrap();
        let future = at("2036-01-01T12:00:00+08:00");
        add(&drawer.db, 1, 8, future, future + 9_000).unwrap();
        add(&drawer.db, 1, 9, now - 90_000, now - 80_000).unwrap();
        settle(&drawer.db, 2, now - wrong, now).unwrap();
        let said: Vec<_> = lines(&drawer).into_iter().map(|(n, _, last, s)| (n, last, s)).collect();
        let last = |text: &str| format!("2026-06-03T{text}+08:00");
        assert_eq!(
            said,
            [(7, last("11:59:59"), 3600), (8, last("12:00:00"), 9), (9, last("11:58:39"), 10)]
        );
    }

    #[test]
    fn a_line_that_moves_over_midnight_is_shared_out() {
        let (_dir, drawer) = drawer();
        let from = at("2026-06-03T10:00:00+08:00");
        for minute in [0, 60, 119] {
            add(&drawer.db, 1, 7, from + minute * 60_000, from + (minute + 1) * 60_000).unwrap();
        }
        let by = 13 * 3_600_000;
        settle(&drawer.db, 1, by, from + 2 * by).unwrap();
        let said: Vec<_> = lines(&drawer).into_iter().map(|(_, f, l, s)| (f, l, s)).collect();
        let line = |f: &str, l: &str, s| (f.to_owned(), l.to_owned(), s);
        assert_eq!(
            said,
            [
                line("2026-06-03T23:00:00+08:00", "2026-06-03T23:59:59+08:00", 90),
                line("2026-06-04T00:00:00+08:00", "2026-06-04T00:59:59+08:00", 90),
            ]
        );
    }

    #[test]
    fn months_offline_are_told_in_reports_of_two_hundred() {
        let (_dir, mut drawer) = drawer();
        let start = at("2025-01-01T09:00:00+08:00");
        let days = 500;
        let fill = |db: &Connection| {
            for day in 0..days {
                add(db, 1, 7, start + day * DAY_MILLIS, start + day * DAY_MILLIS + 60_000)?;
            }
            trim(db)
        };
        drawer.at_once(fill).unwrap();
        let now = start + days * DAY_MILLIS;
        settle(&drawer.db, 1, 0, now).unwrap();
        let mut reports = Vec::new();
        loop {
            let lines = untold(&drawer.db).unwrap();
            if lines.is_empty() {
                break;
            }
            told(&drawer.db, &lines, now).unwrap();
            reports.push(lines.len());
        }
        assert_eq!(reports, [200, 200], "the oldest hundred days are too old");
        let left: i64 =
            drawer.db.query_row("SELECT count(*) FROM shown", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    proptest::proptest! {
        #[test]
        fn no_second_is_lost_or_made_by_moving(
            first in -1_000_000_000_000i64..4_000_000_000_000, length in 1i64..DAY_MILLIS,
            share in 1u8..=100, by in -2_000_000_000_000i64..2_000_000_000_000,
        ) {
            let last = (first + length - 1).min(day_start(day_of(first) + 1) - 1);
            let millis = ((last - first + 1) * i64::from(share) / 100).max(1);
            let line = Line { bulletin: 1, first, last, millis };
            let parts: Vec<Line> = line.moved(by).into_iter().flatten().collect();
            proptest::prop_assert_eq!(parts.iter().map(|part| part.millis).sum::<i64>(), millis);
            for part in parts {
                proptest::prop_assert_eq!(day_of(part.first), day_of(part.last));
                proptest::prop_assert!((0..=part.last - part.first + 1).contains(&part.millis), "{:?}", part);
            }
        }
    }
}
