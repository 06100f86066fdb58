//! What is to be shown now: bulletins by their schedule, emergencies first; and what explains what.

use ledger::hash::Hash;
use ledger::time::Timestamp;

use crate::clock;

use super::{BulletinRow, LIST_MAX, Shelf, ShelfError};

/// Of `b`: shown at ?1 (Unix seconds), on the day of the week ?2 (a bit).
const SHOWN: &str = "AND coalesce(b.shown_from, ?1) <= ?1 AND coalesce(b.shown_until, ?1) >= ?1
    AND (b.weekdays IS NULL OR b.weekdays & ?2 <> 0)";

impl Shelf {
    /// Bulletins whose schedule lets them be shown at `now`: emergencies, then important ones, then the others; each
    /// newest first.
    pub fn showing(&self, now: &Timestamp) -> Result<Vec<BulletinRow>, ShelfError> {
        let (now, day) = moment(now);
        let order = "ORDER BY b.importance DESC, substr(s.time, 1, 10) DESC, id DESC LIMIT ?3";
        self.bulletin_rows(&format!("{SHOWN} {order}"), (now, day, LIST_MAX))
    }

    /// The emergency notices that are in force at `now`, newest first.
    pub fn emergencies(&self, now: &Timestamp) -> Result<Vec<u64>, ShelfError> {
        let (now, day) = moment(now);
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id FROM bulletin b WHERE b.importance = 2
             AND b.corrected_by IS NULL AND b.withdrawn_by IS NULL {SHOWN} ORDER BY id DESC"
        ))?;
        let rows = query.query_map([now, day], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest emergency notice that is in force at `now`.
    pub fn emergency(&self, now: &Timestamp) -> Result<Option<u64>, ShelfError> {
        Ok(self.emergencies(now)?.first().copied())
    }

    /// The bulletin with this content, or what corrected it, if that stands.
    pub(super) fn policy(&self, content: Hash) -> Result<Option<BulletinRow>, ShelfError> {
        let which = "AND coalesce(b.corrects, b.id) IN
            (SELECT coalesce(o.corrects, o.id) FROM bulletin o JOIN statement t USING (id)
             WHERE t.content = ?1) ORDER BY id DESC LIMIT 1";
        Ok(self.bulletin_rows(which, [content.0])?.pop())
    }

    /// What explains the bulletin at `index` or another version of it, oldest first.
    pub(super) fn explanations(&self, index: u64) -> Result<Vec<BulletinRow>, ShelfError> {
        let which = "AND b.explains IN
            (SELECT t.content FROM bulletin this
             JOIN bulletin o ON o.id = coalesce(this.corrects, this.id)
                             OR o.corrects = coalesce(this.corrects, this.id)
             JOIN statement t ON t.id = o.id WHERE this.id = ?1) ORDER BY id LIMIT ?2";
        self.bulletin_rows(which, (index, LIST_MAX))
    }
}

/// Unix seconds, and the day of the week in China as a bit: Monday is 1.
fn moment(now: &Timestamp) -> (i64, i64) {
    let now = now.unix_seconds();
    (now, 1 << clock::weekday(clock::day_of(now.saturating_mul(1000))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_day_of_the_week_is_chinas() {
        let day = |text: &str| moment(&text.parse().unwrap()).1;
        assert_eq!(day("1970-01-01T00:00:00+08:00"), 1 << 3); // Thursday
        assert_eq!(day("2026-11-26T12:00:00+08:00"), 1 << 3);
        assert_eq!(day("2026-11-23T00:00:00+08:00"), 1); // Monday
        assert_eq!(day("2026-11-22T23:59:59+08:00"), 1 << 6); // Sunday
        assert_eq!(day("2026-11-22T17:00:00Z"), 1); // Monday already
        assert_eq!(day("1969-12-31T23:00:00+08:00"), 1 << 2);
    }
}
