//! What is wrong with a kiosk, and which of them need somebody.

use ledger::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{Held, Kiosk, Latest, list};
use crate::error::Result;
use crate::publish;
use crate::rules::Rules;

/// Seconds that a kiosk's clock may be off.
const SKEW_SECONDS_MAX: i64 = 5 * 60;
/// Per cent of its storage that should be free.
const FREE_PERCENT_MIN: u64 = 10;
/// Seconds for which something may be published and not be on a kiosk.
const STALE_SECONDS: i64 = 3 * 86_400;

/// Something about a kiosk that a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(tag = "what", content = "how", rename_all = "kebab-case")]
pub enum Concern {
    /// It holds what our key signed and our log does not continue.
    Contrary(Held),
    /// It holds a checkpoint that our key did not sign.
    Foreign,
    /// It was not heard from for so many hours; of one that never was: since it was enrolled.
    Silent(i64),
    /// Its clock is so many seconds ahead of ours, or behind if fewer than 0.
    Clock(i64),
    /// So many per cent of its storage are free.
    Storage(u64),
    /// So many entries that were published days ago are not on it.
    Stale(u64),
    /// So many entries are not on it yet.
    Behind(u64),
    /// Another kiosk runs a newer program.
    OldApp,
}

impl Concern {
    /// Whether somebody has to do something; otherwise it may come right by itself.
    #[must_use]
    pub fn is_serious(self) -> bool {
        !matches!(self, Self::Behind(_) | Self::OldApp)
    }
}

/// Every kiosk with what is wrong with it; nothing is of those that were revoked.
///
/// # Errors
/// When the database cannot be read; so for all that follow.
pub fn of_all(c: &Connection, rules: &Rules, now: i64) -> Result<Vec<(Kiosk, Vec<Concern>)>> {
    let kiosks = list(c)?;
    let used = kiosks.iter().filter(|kiosk| kiosk.revoked.is_none());
    let apps = used.filter_map(|kiosk| kiosk.latest.as_ref()).map(|latest| version(&latest.app));
    let newest = apps.max().unwrap_or_default();
    let look = |kiosk: Kiosk| {
        let concerns = concerns_beside(c, rules, &kiosk, &newest, now)?;
        Ok((kiosk, concerns))
    };
    kiosks.into_iter().map(look).collect()
}

/// What is wrong with one kiosk.
///
/// # Errors
/// When the database cannot be read.
pub fn concerns(c: &Connection, rules: &Rules, id: &str, now: i64) -> Result<Vec<Concern>> {
    let all = of_all(c, rules, now)?;
    let own = all.into_iter().find(|(kiosk, _)| kiosk.id == id);
    Ok(own.map(|(_, concerns)| concerns).unwrap_or_default())
}

fn concerns_beside(
    c: &Connection,
    rules: &Rules,
    kiosk: &Kiosk,
    newest: &[u64],
    now: i64,
) -> Result<Vec<Concern>> {
    let mut found = Vec::new();
    if kiosk.revoked.is_some() {
        return Ok(found);
    }
    let heard = kiosk.latest.as_ref().map_or(kiosk.enrolled, |latest| latest.received);
    let quiet = now - heard;
    let too_long = quiet > i64::from(rules.kiosk_silent_hours()) * 3600;
    let Some(latest) = &kiosk.latest else {
        found.extend(too_long.then_some(Concern::Silent(quiet / 3600)));
        return Ok(found);
    };
    match latest.held {
        Some(held) if held.is_contrary() => found.push(Concern::Contrary(held)),
        Some(Held::Foreign) => found.push(Concern::Foreign),
        _ => {}
    }
    found.extend(too_long.then_some(Concern::Silent(quiet / 3600)));
    found.extend((latest.skew.abs() > SKEW_SECONDS_MAX).then_some(Concern::Clock(latest.skew)));
    let free = percent_free(latest);
    found.extend((free < FREE_PERCENT_MIN).then_some(Concern::Storage(free)));
    found.extend(lag(c, latest, now)?);
    found.extend((version(&latest.app).as_slice() < newest).then_some(Concern::OldApp));
    Ok(found)
}

/// Per cent of its storage that a kiosk had free.
#[must_use]
pub fn percent_free(latest: &Latest) -> u64 {
    let share = u128::from(latest.free) * 100 / u128::from(latest.total.max(1));
    u64::try_from(share).unwrap_or(100)
}

/// What is in our log and not under the checkpoint that the kiosk holds.
fn lag(c: &Connection, latest: &Latest, now: i64) -> Result<Option<Concern>> {
    let held = if latest.held == Some(Held::Ours) { latest.size } else { None };
    if held.is_none() && latest.held.is_some() {
        return Ok(None); // told as contrary or foreign
    }
    let held = held.unwrap_or(0); // it has followed nothing yet
    let (size, _) = publish::head(c)?;
    let missing = size.saturating_sub(held);
    if missing == 0 {
        return Ok(None);
    }
    let sql = "SELECT published FROM entry WHERE idx = ?1";
    let first: Option<String> =
        c.prepare_cached(sql)?.query_row([held], |row| row.get(0)).optional()?;
    let since: Option<Timestamp> = first.and_then(|time| time.parse().ok());
    let stale = since.is_some_and(|since| now - since.unix_seconds() > STALE_SECONDS);
    Ok(Some(if stale { Concern::Stale(missing) } else { Concern::Behind(missing) }))
}

/// The numbers of a version, so that 0.10 is newer than 0.9.
fn version(app: &str) -> Vec<u64> {
    let plain = app.split(['-', '+']).next().unwrap_or_default();
    plain.split('.').map_while(|part| part.parse().ok()).collect()
}
