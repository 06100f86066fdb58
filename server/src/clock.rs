//! The office's clock: China Standard Time, whole seconds.

use std::time::Duration;

use jiff::{Timestamp as Instant, Zoned, civil, tz};
use ledger::time::{Date, Timestamp};

use crate::error::{Error, Result};

/// Hours that China Standard Time is ahead of UTC.
const CHINA_OFFSET_HOURS: i8 = 8;

/// Now, as RFC 3339 text with the offset and whole seconds.
#[must_use]
pub fn now() -> String {
    text_of(unix_now())
}

/// Today, in China.
#[must_use]
pub fn today() -> civil::Date {
    day_of(unix_now())
}

/// Now, as statements carry it.
///
/// # Errors
/// When the machine's clock is outside the years 0 to 9999.
pub fn timestamp() -> Result<Timestamp> {
    let now = now();
    now.parse().map_err(|_| Error::Corrupt(format!("本机时钟不对：{now}")))
}

/// Whole microseconds that something took.
#[must_use]
pub fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// Now, seconds since 1970.
#[must_use]
pub fn unix_now() -> i64 {
    Instant::now().as_second()
}

/// The day it is in China, so many days later.
///
/// # Errors
/// When the machine's clock is outside the years 0 to 9999.
pub fn day_after(days: i64) -> Result<Date> {
    let today = today();
    let day = today.checked_add(jiff::Span::new().try_days(days).unwrap_or_default());
    let day = day.ok().and_then(|day| day.to_string().parse().ok());
    day.ok_or_else(|| Error::Corrupt(format!("本机时钟不对：{today}")))
}

/// A moment, given in seconds since 1970, in China; none outside the years 0 to 9999.
#[must_use]
pub fn moment(unix: i64) -> Option<Timestamp> {
    Instant::from_second(unix).ok()?;
    text_of(unix).parse().ok()
}

/// The first or the last second of a day in China.
#[must_use]
pub fn edge_of(day: Date, last: bool) -> Option<Timestamp> {
    let clock = if last { "23:59:59" } else { "00:00:00" };
    format!("{day}T{clock}+0{CHINA_OFFSET_HOURS}:00").parse().ok()
}

/// So many hours from now, as statements carry it.
///
/// # Errors
/// As [`timestamp`].
pub fn in_hours(hours: i64) -> Result<Timestamp> {
    let then = hours.checked_mul(3600).and_then(|seconds| unix_now().checked_add(seconds));
    then.and_then(moment).ok_or_else(|| Error::Corrupt("本机时钟不对".into()))
}

/// A moment in Unix seconds, in China; the nearest that can be said.
fn china_at(unix: i64) -> Zoned {
    let moment = Instant::from_second(unix).unwrap_or_default();
    moment.to_zoned(tz::TimeZone::fixed(tz::offset(CHINA_OFFSET_HOURS)))
}

/// A moment in Unix seconds as RFC 3339 text.
#[must_use]
pub fn text_of(unix: i64) -> String {
    china_at(unix).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The day in China of a moment in Unix seconds.
#[must_use]
pub fn day_of(unix: i64) -> civil::Date {
    china_at(unix).date()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_is_a_whole_second_with_chinas_offset() {
        let now = super::now();
        assert_eq!(now.len(), "2026-06-03T09:12:00+08:00".len());
        assert!(now.ends_with("+08:00"), "{now}");
    }

    #[test]
    fn days_and_hours_are_counted_from_now() {
        let now = super::timestamp().unwrap().unix_seconds();
        assert!((super::unix_now() - now).abs() <= 1);
        let later = super::in_hours(24).unwrap().unix_seconds() - now;
        assert!((86_399..=86_401).contains(&later), "{later}");
        let day = super::day_after(10).unwrap();
        let (first, last) =
            (super::edge_of(day, false).unwrap(), super::edge_of(day, true).unwrap());
        assert_eq!(last.unix_seconds() - first.unix_seconds(), 86_399);
        assert!((9 * 86_400..=10 * 86_400).contains(&(first.unix_seconds() - now)));
    }

    #[test]
    fn moments_are_the_same_in_seconds_and_in_words() {
        let time = "2026-06-03T09:12:00+08:00";
        assert_eq!(time.parse::<super::Timestamp>().unwrap().unix_seconds(), 1_780_449_120);
        assert_eq!(super::text_of(1_780_449_120), time);
        assert_eq!(super::day_of(1_780_449_120 - 9 * 3600).to_string(), "2026-06-03");
        assert_eq!(super::day_of(1_780_449_120 - 10 * 3600).to_string(), "2026-06-02");
    }
}
