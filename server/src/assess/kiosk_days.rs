//! Whether a village's kiosks were there on the days that people come: the working days.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rusqlite::Connection;

use super::{Behind, Share};
use crate::clock;
use crate::error::Result;
use crate::kiosks::{self, Kiosk};
use crate::workdays::Workdays;

/// Working days of a month on which a kiosk may be silent before the inspection names it.
const SILENT_DAYS_MAX: usize = 4;

/// Some days, as far as they are over.
#[derive(Clone, Copy)]
pub(super) struct Days {
    /// The first.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
    /// Today, which is not over.
    pub today: Date,
}

/// A village's kiosks of these by working day, by whether they were heard of.
pub(super) fn heard(
    c: &Connection,
    workdays: &Workdays,
    kiosks: &[Kiosk],
    village: &str,
    days: Days,
) -> Result<Share> {
    let mut share = Share::default();
    for kiosk in kiosks.iter().filter(|kiosk| kiosk.village == village) {
        for (day, heard) in on_days(c, workdays, kiosk, days)? {
            let Kiosk { id, name, .. } = kiosk.clone();
            share.count(heard, Behind::Kiosk { id, name, day: Some(day.to_string()) });
        }
    }
    Ok(share)
}

/// The kiosks that were silent for many a working day.
pub(super) fn silent(c: &Connection, workdays: &Workdays, days: Days) -> Result<Vec<Behind>> {
    let mut found = Vec::new();
    for kiosk in kiosks::list(c)? {
        let working = on_days(c, workdays, &kiosk, days)?;
        if working.iter().filter(|(_, heard)| !heard).count() > SILENT_DAYS_MAX {
            found.push(Behind::Kiosk { id: kiosk.id, name: kiosk.name, day: None });
        }
    }
    Ok(found)
}

/// The working days of these on which the kiosk was in use, from the day after it was enrolled, each
/// with whether it was heard of. What is older than the daily lines that are kept says nothing.
fn on_days(
    c: &Connection,
    workdays: &Workdays,
    kiosk: &Kiosk,
    days: Days,
) -> Result<Vec<(Date, bool)>> {
    let begins = clock::day_of(kiosk.enrolled).saturating_add(jiff::Span::new().days(1));
    let ends = days.until.min(days.today).min(kiosk.revoked.map_or(Date::MAX, clock::day_of));
    let kept = days.today.saturating_sub(jiff::Span::new().days(kiosks::KEPT_DAYS));
    let first = days.from.max(begins).max(kept);
    let heard: BTreeSet<Date> =
        kiosks::days(c, &kiosk.id, first)?.iter().map(|one| one.day).collect();
    let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day < ends);
    let worked = days.filter(|day| workdays.is_worked(*day));
    Ok(worked.map(|day| (day, heard.contains(&day))).collect())
}
