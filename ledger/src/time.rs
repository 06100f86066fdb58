//! When: accounting periods, dates, and times with their offset. There is no clock here.

use crate::encoding::serde_as_text;
use alloc::string::{String, ToString};
use core::{fmt, str::FromStr};

/// The text is not a period, date or time in the one form that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// Not `YYYY-MM`.
    #[error("a period is written YYYY-MM")]
    Period,
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("a date is written YYYY-MM-DD")]
    Date,
    /// Not RFC 3339 with seconds and an offset.
    #[error("a time is written YYYY-MM-DDThh:mm:ss+hh:mm")]
    Timestamp,
}

/// A month of accounts, `YYYY-MM`, from 1900 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: u16,
    month: u8,
}

impl Period {
    /// The first month there is.
    pub const FIRST: Period = Period { year: 1900, month: 1 };

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// How many months it is later than another one; fewer than 0 if it is earlier.
    pub fn months_since(self, other: Period) -> i32 {
        let months = |p: Period| i32::from(p.year) * 12 + i32::from(p.month);
        months(self) - months(other)
    }

    /// The month so many later; the nearest there is.
    #[must_use]
    pub fn later(self, by: i32) -> Period {
        let first = Period::FIRST;
        let months = self.months_since(first).saturating_add(by).clamp(0, (9999 - 1900) * 12 + 11);
        let year = u16::try_from(months / 12).map_or(first.year, |years| first.year + years);
        let month = u8::try_from(months % 12).map_or(1, |months| months + 1);
        Period { year, month }
    }
}

/// A calendar day, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    period: Period,
    day: u8,
}

impl Date {
    /// The month this day is in.
    pub fn period(self) -> Period {
        self.period
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }
}

/// An instant as it was written: RFC 3339, whole seconds, numeric offset (`2026-06-03T09:12:00+08:00`) or `Z`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Timestamp(String);

impl Timestamp {
    /// So many seconds after the beginning of 1970 UTC, written as clocks in China show it; none before 1900 or after 9999.
    #[must_use]
    pub fn in_china(unix_seconds: i64) -> Option<Timestamp> {
        let seconds = unix_seconds.checked_add(CHINA_HOURS * 3600)?;
        let date = day_since_1970(seconds.div_euclid(86_400))?;
        let clock = seconds.rem_euclid(86_400);
        let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
        Some(Timestamp(alloc::format!(
            "{date}T{hours:02}:{minutes:02}:{seconds:02}+{CHINA_HOURS:02}:00"
        )))
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day where it was written.
    pub fn date(&self) -> Date {
        const EPOCH: Date = Date { period: Period { year: 1970, month: 1 }, day: 1 };
        // Checked when it was read.
        self.0.get(..10).and_then(|day| day.parse().ok()).unwrap_or(EPOCH)
    }

    /// Seconds since 1970 in UTC, fewer than 0 before.
    pub fn unix_seconds(&self) -> i64 {
        // Checked when it was read: two digits wherever two are taken.
        let two = |text: &str, at: usize| -> i64 {
            text.get(at..at + 2).and_then(|part| part.parse().ok()).unwrap_or(0)
        };
        let (clock, offset) = self.0.split_at_checked(19).unwrap_or((&self.0, ""));
        let seconds = two(clock, 11) * 3600 + two(clock, 14) * 60 + two(clock, 17);
        let ahead = two(offset, 1) * 3600 + two(offset, 4) * 60;
        let ahead = if offset.starts_with('-') { -ahead } else { ahead };
        days_since_1970(self.date()) * 86_400 + seconds - ahead
    }

    /// Hours and minutes where it was written, `09:12`.
    pub fn clock(&self) -> &str {
        self.0.get(11..16).unwrap_or_default()
    }
}

/// Reads exactly `N` ASCII digits.
fn digits<const N: usize>(text: &str) -> Option<u16> {
    (text.len() == N && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Hours that China's clocks are ahead of UTC.
const CHINA_HOURS: i64 = 8;

/// The day so many days after 1 January 1970, by the same reckoning; none before 1900 or after 9999.
fn day_since_1970(days: i64) -> Option<Date> {
    // 400 years have 146,097 days, and a year of the reckoning begins in March.
    let days = days.checked_add(719_468)?;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = u16::try_from(era * 400 + year + later).ok()?;
    let month = u8::try_from(month).ok()?;
    let right = (1900..=9999).contains(&year);
    right.then_some(Date { period: Period { year, month }, day: u8::try_from(day).ok()? })
}

/// Days of the Gregorian calendar since 1 January 1970. Years begin in March here, so that a leap day is a year's last.
fn days_since_1970(date: Date) -> i64 {
    let (year, month) = (i64::from(date.period().year()), i64::from(date.period().month()));
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + i64::from(date.day()) - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Period {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let (year, month) = (digits::<4>(year)?, u8::try_from(digits::<2>(month)?).ok()?);
            ((1900..).contains(&year) && (1..=12).contains(&month))
                .then_some(Period { year, month })
        };
        read().ok_or(BadTime::Period)
    }
}

impl FromStr for Date {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let read = || {
            let (period, day) = text.rsplit_once('-')?;
            let (period, day): (Period, u8) =
                (period.parse().ok()?, digits::<2>(day)?.try_into().ok()?);
            (1..=days_in(period.year, period.month)).contains(&day).then_some(Date { period, day })
        };
        read().ok_or(BadTime::Date)
    }
}

impl FromStr for Timestamp {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let read = || {
            let (date, rest) = text.split_once('T')?;
            date.parse::<Date>().ok()?;
            let (clock, offset) = (rest.get(..8)?, rest.get(8..)?);
            let mut parts = clock.split(':');
            let limits = [23, 59, 59];
            for limit in limits {
                (digits::<2>(parts.next()?)? <= limit).then_some(())?;
            }
            let hours = offset.strip_prefix(['+', '-']);
            let offset_right = offset == "Z"
                || hours.and_then(|h| h.split_once(':')).is_some_and(|(h, m)| {
                    digits::<2>(h).is_some_and(|h| h <= 23)
                        && digits::<2>(m).is_some_and(|m| m <= 59)
                });
            offset_right.then(|| Timestamp(text.to_string()))
        };
        read().ok_or(BadTime::Timestamp)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.period, self.day)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Period);
serde_as_text!(Date);
serde_as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_times_are_each_others() {
        let said = |seconds| Timestamp::in_china(seconds).map(|time| time.to_string());
        assert_eq!(said(0).unwrap(), "1970-01-01T08:00:00+08:00");
        assert_eq!(said(1_780_449_120).unwrap(), "2026-06-03T09:12:00+08:00");
        assert_eq!(said(951_782_400).unwrap(), "2000-02-29T08:00:00+08:00");
        assert_eq!(said(-1).unwrap(), "1970-01-01T07:59:59+08:00");
        assert_eq!((said(i64::MIN), said(i64::MAX), said(-2_300_000_000)), (None, None, None));
        for seconds in (-2_200_000_000..250_000_000_000).step_by(86_399 * 1_009) {
            let time = Timestamp::in_china(seconds).unwrap();
            assert_eq!(time.to_string().parse::<Timestamp>().unwrap().unix_seconds(), seconds);
        }
    }

    #[test]
    fn months_turn_over_the_years() {
        let january: Period = "2026-01".parse().unwrap();
        assert_eq!(january.later(-1).to_string(), "2025-12");
        assert_eq!(january.later(23).to_string(), "2027-12");
        assert_eq!(Period::FIRST.later(-1), Period::FIRST);
        assert_eq!(january.later(i32::MAX).to_string(), "9999-12");
        assert_eq!(january.months_since("2024-12".parse().unwrap()), 13);
    }

    #[test]
    fn an_instant_is_the_same_wherever_it_was_written() {
        let seconds = |text: &str| text.parse::<Timestamp>().unwrap().unix_seconds();
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        assert_eq!(seconds("2026-06-03T09:12:00+08:00"), 1_780_449_120);
        assert_eq!(seconds("2026-06-03T01:12:00Z"), 1_780_449_120);
        assert_eq!(seconds("2026-06-02T19:42:00-05:30"), 1_780_449_120);
        assert_eq!(seconds("2024-03-01T00:00:00Z") - seconds("2024-02-29T00:00:00Z"), 86_400);
        assert_eq!(seconds("2100-03-01T00:00:00Z") - seconds("2100-02-28T00:00:00Z"), 86_400);
        assert_eq!(seconds("1969-12-31T23:59:59Z"), -1);
    }

    #[test]
    fn only_real_days_and_one_spelling_are_read() {
        for good in ["2026-02-28", "2024-02-29", "2000-02-29", "2026-12-31"] {
            assert_eq!(good.parse::<Date>().unwrap().to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-1-01",
            "2026-04-31",
            "2026-04-00",
            "+026-04-01",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(BadTime::Date), "{bad}");
        }
        for good in ["2026-06-03T09:12:00+08:00", "2026-06-03T23:59:59Z"] {
            assert_eq!(good.parse::<Timestamp>().unwrap().as_str(), good);
        }
        for bad in [
            "2026-06-03 09:12:00+08:00",
            "2026-06-03T09:12+08:00",
            "2026-06-03T09:12:00",
            "2026-06-03T09:12:00.5Z",
            "2026-06-03T24:00:00Z",
            "2026-06-03T09:12:00+0800",
            "2026-06-03T09:12:00+08:60",
            "2026-06-03T09:12:0中",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(BadTime::Timestamp), "{bad}");
        }
        assert_eq!("2026-06-03T09:12:00+08:00".parse::<Timestamp>().unwrap().clock(), "09:12");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_readers(text in "\\PC{0,30}") {
            let _ = (text.parse::<Period>(), text.parse::<Date>(), text.parse::<Timestamp>());
        }
    }
}
