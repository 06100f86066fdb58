//! The working-day calendar: weekends, public holidays and the weekends that are worked instead of them (调休). The days
//! come from files in the format of holiday-cn, one a year; every due date says how it was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// Bytes of the largest file of a year.
pub const YEAR_BYTES_MAX: usize = 64 << 10;
/// The most days that a due date may lie ahead: nothing in the rules is longer than two years.
const AHEAD_DAYS_MAX: u32 = 800;

/// The days of the years that were announced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workdays {
    years: BTreeSet<i16>,
    special: BTreeMap<Date, Special>,
}

/// A day that is not as its weekday says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Special {
    name: String,
    off: bool,
}

/// What is wrong with the file of a year.
#[derive(Debug, thiserror::Error)]
pub enum BadYear {
    /// Not JSON of this shape.
    #[error("看不懂节假日文件：{0}")]
    Shape(#[from] serde_json::Error),
    /// Larger than [`YEAR_BYTES_MAX`].
    #[error("节假日文件太大")]
    TooLarge,
    /// A day that the calendar does not have, or of another time.
    #[error("节假日文件里的日期不对：{0}")]
    Day(String),
    /// One day is said to be both.
    #[error("节假日文件里同一天说法不一：{0}")]
    Twice(Date),
}

/// A year's file.
#[derive(Deserialize)]
struct Year {
    year: i16,
    days: Vec<Day>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    name: String,
    date: String,
    is_off_day: bool,
}

/// When something is due, and how that was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last day.
    pub on: Date,
    /// How it was counted.
    pub counted: Counted,
}

/// How a due date was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    from: Date,
    days: u32,
    /// Public holidays on weekdays that were left out, by name.
    holidays: Vec<(String, u32)>,
    /// Days of weekends that were left out.
    weekends: u32,
    /// Days of weekends that are worked, and so count.
    worked: Vec<Date>,
    /// Years of which nothing was announced yet: only their weekends are known.
    unknown: Vec<i16>,
}

impl Workdays {
    /// Takes over the file of a year; what was known of that year before no longer counts.
    ///
    /// # Errors
    /// [`BadYear`]; then nothing is changed.
    pub fn announce(&mut self, file: &[u8]) -> Result<(), BadYear> {
        if file.len() > YEAR_BYTES_MAX {
            return Err(BadYear::TooLarge);
        }
        let Year { year, days } = serde_json::from_slice(file)?;
        let mut special: BTreeMap<Date, Special> = BTreeMap::new();
        for day in days {
            let date: Date = day.date.parse().map_err(|_| BadYear::Day(day.date.clone()))?;
            // A year's notice also speaks of the last days of the year before.
            if !(year - 1..=year).contains(&date.year()) || day.name.chars().count() > 20 {
                return Err(BadYear::Day(day.date));
            }
            let new = Special { name: day.name, off: day.is_off_day };
            if special.insert(date, new).is_some_and(|old| old.off != day.is_off_day) {
                return Err(BadYear::Twice(date));
            }
        }
        self.special.retain(|date, _| date.year() != year);
        self.special.extend(special);
        self.years.insert(year);
        Ok(())
    }

    /// Whether the day is worked.
    #[must_use]
    pub fn is_worked(&self, day: Date) -> bool {
        self.special.get(&day).map_or(!is_weekend(day), |special| !special.off)
    }

    /// The last of so many working days after a day, which itself does not count; with none, that day.
    #[must_use]
    pub fn after(&self, from: Date, days: u32) -> Due {
        let mut counted = Counted {
            from,
            days,
            holidays: Vec::new(),
            weekends: 0,
            worked: Vec::new(),
            unknown: Vec::new(),
        };
        let (mut on, mut left) = (from, days);
        for _ in 0..AHEAD_DAYS_MAX {
            if left == 0 {
                break;
            }
            let Ok(next) = on.tomorrow() else { break };
            on = next;
            if self.is_worked(on) {
                left -= 1;
            }
            self.note(on, &mut counted);
        }
        Due { on, counted }
    }

    fn note(&self, day: Date, counted: &mut Counted) {
        if !self.years.contains(&day.year()) && !counted.unknown.contains(&day.year()) {
            counted.unknown.push(day.year());
        }
        match self.special.get(&day) {
            Some(special) if special.off && !is_weekend(day) => {
                match counted.holidays.iter_mut().find(|(name, _)| *name == special.name) {
                    Some((_, days)) => *days += 1,
                    None => counted.holidays.push((special.name.clone(), 1)),
                }
            }
            Some(special) if !special.off => counted.worked.push(day),
            _ if is_weekend(day) => counted.weekends += 1,
            _ => {}
        }
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from;
        write!(f, "从 {}月{}日次日起数 {} 个工作日", from.month(), from.day(), self.days)?;
        if self.weekends > 0 {
            write!(f, "；周末 {} 天不算", self.weekends)?;
        }
        for (name, days) in &self.holidays {
            write!(f, "；{name} {days} 天不算")?;
        }
        for day in &self.worked {
            write!(f, "；{}月{}日调休上班，算", day.month(), day.day())?;
        }
        for year in &self.unknown {
            write!(f, "；{year} 年的放假安排还没有录入，先只按周末算")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn of_2026() -> Workdays {
        let mut days = Workdays::default();
        days.announce(include_bytes!("../../assets/holidays/2026.json")).unwrap();
        days
    }

    #[test]
    fn holidays_are_left_out_and_worked_weekends_count() {
        let days = of_2026();
        assert!(!days.is_worked(date(2026, 10, 1)), "Thursday, National Day");
        assert!(days.is_worked(date(2026, 10, 10)), "Saturday, worked instead");
        assert!(!days.is_worked(date(2026, 10, 11)));
        let due = days.after(date(2026, 9, 30), 3);
        assert_eq!(due.on, date(2026, 10, 10));
        assert_eq!(
            due.counted.to_string(),
            "从 9月30日次日起数 3 个工作日；周末 2 天不算；国庆节 5 天不算；10月10日调休上班，算"
        );
    }

    #[test]
    fn a_year_that_was_not_announced_counts_by_weekends_and_says_so() {
        let due = of_2026().after(date(2026, 12, 30), 3);
        assert_eq!(due.on, date(2027, 1, 4));
        assert!(due.counted.to_string().contains("2027 年的放假安排还没有录入"));
        assert_eq!(of_2026().after(date(2026, 10, 1), 0).on, date(2026, 10, 1));
    }

    #[test]
    fn a_new_notice_replaces_the_years_old_one_and_a_bad_one_changes_nothing() {
        let mut days = of_2026();
        let bad: [&[u8]; 4] = [
            b"{}",
            br#"{"year":2026,"days":[{"name":"x","date":"2026-02-30","isOffDay":true}]}"#,
            br#"{"year":2026,"days":[{"name":"x","date":"2020-02-03","isOffDay":true}]}"#,
            br#"{"year":2026,"days":[{"name":"x","date":"2026-02-03","isOffDay":true},
                {"name":"x","date":"2026-02-03","isOffDay":false}]}"#,
        ];
        for file in bad {
            assert!(days.announce(file).is_err());
        }
        assert!(days.announce(&vec![b' '; YEAR_BYTES_MAX + 1]).is_err());
        assert_eq!(days, of_2026());
        let new = br#"{"year":2026,"days":[{"name":"x","date":"2026-10-08","isOffDay":true}]}"#;
        days.announce(new).unwrap();
        assert!(days.is_worked(date(2026, 10, 1)) && !days.is_worked(date(2026, 10, 8)));
    }

    proptest! {
        #[test]
        fn a_due_date_is_a_working_day_and_no_earlier_than_any_before(from in 0i32..700, n in 1u32..60) {
            let days = of_2026();
            let from = date(2025, 6, 1).saturating_add(jiff::Span::new().days(from));
            let due = days.after(from, n).on;
            prop_assert!(days.is_worked(due));
            let between = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok());
            let worked = between.take_while(|day| *day <= due).filter(|day| days.is_worked(*day));
            prop_assert_eq!(worked.count(), n as usize);
            prop_assert!(days.after(from, n + 1).on > due);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Workdays::default().announce(&bytes);
        }
    }
}
