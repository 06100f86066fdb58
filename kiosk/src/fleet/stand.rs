//! Where the screen stands, for the next start: after a crash the reader finds their page again, after an evening nobody
//! finds another's.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;

use crate::drawer::{Drawer, DrawerError};

/// Characters of the longest place.
const PLACE_CHARS_MAX: usize = 200;

/// How the program was begun.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Begun {
    /// It had not been stopped before.
    pub crashed: bool,
    /// Where the screen stood, if that is still somebody's.
    pub place: Option<String>,
}

/// A moment of this machine: which start of the system, and seconds of it. No clock can be wrong about that.
#[derive(Clone, Debug, PartialEq)]
struct Moment {
    boot: String,
    seconds: f64,
}

impl Moment {
    fn now() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let seconds = uptime.split(' ').next()?.parse().ok()?;
        Some(Self { boot: boot.trim().to_owned(), seconds })
    }

    fn parse(text: &str) -> Option<Self> {
        let (boot, seconds) = text.split_once(' ')?;
        Some(Self { boot: boot.to_owned(), seconds: seconds.parse().ok()? })
    }
}

/// The program begins. What a place leads to may be what broke it: it is read once, and only written again when it has
/// been shown for a while.
pub(super) fn begin(drawer: &Drawer, idle: Duration) -> Result<Begun, DrawerError> {
    let crashed = drawer.get("running")?.is_some();
    let since = drawer.get("place-at")?.and_then(|text| Moment::parse(&text));
    let place = drawer.get("place")?;
    drawer.put("running", Some("1"))?;
    drawer.put("place", None)?;
    let fresh = match (since, Moment::now()) {
        (Some(since), Some(now)) => {
            since.boot == now.boot
                && (0.0..=idle.as_secs_f64()).contains(&(now.seconds - since.seconds))
        }
        _ => false,
    };
    Ok(Begun { crashed, place: place.filter(|_| crashed && fresh) })
}

/// The screen stands there now.
pub(super) fn at(db: &Connection, place: &str) -> Result<(), DrawerError> {
    let Some(Moment { boot, seconds }) = Moment::now() else { return Ok(()) };
    if place.chars().count() > PLACE_CHARS_MAX {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO kept VALUES ('place', ?1), ('place-at', ?2)";
    db.prepare_cached(sql)?.execute([place, &format!("{boot} {seconds}")])?;
    Ok(())
}

/// The program ends as it should.
pub(super) fn end(db: &Connection) -> Result<(), DrawerError> {
    db.prepare_cached("DELETE FROM kept WHERE name IN ('running', 'place', 'place-at')")?
        .execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn only_a_crash_that_is_young_leads_back_and_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let drawer = Drawer::open(dir.path()).unwrap();
        let begun =
            |crashed, place: Option<&str>| Begun { crashed, place: place.map(str::to_owned) };
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(false, None), "the first start");
        at(&drawer.db, "receipt/7").unwrap();
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(true, Some("receipt/7")));
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(true, None), "the place itself broke it");
        at(&drawer.db, "receipt/8").unwrap();
        let long_ago = Moment { seconds: 0.0, ..Moment::now().unwrap() };
        let then = format!("{} {}", long_ago.boot, long_ago.seconds - 61.0);
        drawer.put("place-at", Some(&then)).unwrap();
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(true, None), "left alone for too long");
        at(&drawer.db, "receipt/9").unwrap();
        let other = format!("other-boot {}", Moment::now().unwrap().seconds);
        drawer.put("place-at", Some(&other)).unwrap();
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(true, None), "the current was cut");
        at(&drawer.db, "receipt/9").unwrap();
        end(&drawer.db).unwrap();
        assert_eq!(begin(&drawer, MINUTE).unwrap(), begun(false, None), "it had been stopped");
    }
}
