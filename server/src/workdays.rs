//! The working-day calendar: weekends, public holidays and the weekends that are worked instead of them (调休). The days
//! come from files in the format of holiday-cn, one a year; every due date says how it was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

use crate::data::DataDir;
use crate::durable::{self, Access};
use crate::error::{Error, Result};
use crate::why::Why;

/// Bytes of the largest file of a year.
pub const YEAR_BYTES_MAX: usize = 64 << 10;
/// Days that one file may say something of. The State Council's notices say it of about 40.
const SPECIAL_DAYS_MAX: usize = 100;
/// Characters of the longest name of a holiday.
const NAME_CHARS_MAX: usize = 20;
/// Years that a file may be of.
const YEARS: RangeInclusive<i16> = 2000..=2100;
/// The most days that are looked at one after the other. Two years hold more than [`WORKING_DAYS_MAX`] working days,
/// however many holidays their files (of at most [`SPECIAL_DAYS_MAX`] days) name.
const AHEAD_DAYS_MAX: u32 = 800;
/// The longest term, in working days.
pub const WORKING_DAYS_MAX: u32 = 90;

/// The notices that the program came with: 国办发明电〔2024〕12号, 国办发明电〔2025〕7号.
const SHIPPED: [&str; 2] = [
    include_str!("../../assets/holidays/2025.json"),
    include_str!("../../assets/holidays/2026.json"),
];

/// The days of the years that were announced, each by its own file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workdays(BTreeMap<i16, SpecialDays>);

type SpecialDays = BTreeMap<Date, Special>;

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
    #[error("看不懂（{0}），应是 holiday-cn 格式的 JSON")]
    Shape(#[from] serde_json::Error),
    /// Larger than [`YEAR_BYTES_MAX`], or of more than [`SPECIAL_DAYS_MAX`] days.
    #[error("太大：至多 64 KiB、{SPECIAL_DAYS_MAX} 天")]
    TooLarge,
    /// A year that nobody plans for.
    #[error("年份 {0} 不对")]
    Year(i16),
    /// Holiday-cn keeps such a file until the notice is out.
    #[error("里没有日期：{0} 年的放假安排还没有公布")]
    Empty(i16),
    /// A day that the calendar does not have, or of another time.
    #[error("日期不对：{0}")]
    Day(String),
    /// A name that is empty, too long, or no text.
    #[error("{0} 的节日名称不对")]
    Name(Date),
    /// One day is said to be both.
    #[error("{0} 说法不一：又放假又上班")]
    Twice(Date),
}

/// A year's file. What else holiday-cn writes into it is not needed.
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

/// When something is due, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last day: on it, it is not late.
    pub on: Date,
    /// How it was found.
    pub why: Why,
}

fn read_year(file: &[u8]) -> std::result::Result<(i16, SpecialDays), BadYear> {
    if file.len() > YEAR_BYTES_MAX {
        return Err(BadYear::TooLarge);
    }
    let Year { year, days } = serde_json::from_slice(file)?;
    if !YEARS.contains(&year) {
        return Err(BadYear::Year(year));
    }
    if days.is_empty() {
        return Err(BadYear::Empty(year));
    }
    let mut special = SpecialDays::new();
    for day in days {
        let date: Date = day.date.parse().map_err(|_| BadYear::Day(day.date.clone()))?;
        // A year's notice also speaks of the last days of the year before.
        if !(year - 1..=year).contains(&date.year()) {
            return Err(BadYear::Day(day.date));
        }
        let chars = day.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || day.name.contains(char::is_control) {
            return Err(BadYear::Name(date));
        }
        let new = Special { name: day.name, off: day.is_off_day };
        if special.insert(date, new).is_some_and(|old| old.off != day.is_off_day) {
            return Err(BadYear::Twice(date));
        }
    }
    if special.len() > SPECIAL_DAYS_MAX {
        return Err(BadYear::TooLarge);
    }
    Ok((year, special))
}

impl Workdays {
    /// The years that the program came with.
    ///
    /// # Errors
    /// `Corrupt` when the program was built with a broken file.
    pub fn shipped() -> Result<Self> {
        let mut days = Self::default();
        for file in SHIPPED {
            days.announce(file.as_bytes())
                .map_err(|e| Error::Corrupt(format!("随程序的节假日文件{e}")))?;
        }
        Ok(days)
    }

    /// What the program came with, and over it what lies in the data directory.
    ///
    /// # Errors
    /// `bad-holidays` when a file there cannot be understood or is named for another year.
    pub fn load(data: &DataDir) -> Result<Self> {
        let mut days = Self::shipped()?;
        for path in files(data)? {
            let bad = |why: String| {
                let message = format!("节假日文件 {} {why}：请改正或删除它", path.display());
                Error::refused("bad-holidays", message)
            };
            let file = durable::read_at_most(&path, YEAR_BYTES_MAX)?;
            let year = days.announce(&file).map_err(|e| bad(e.to_string()))?;
            if path != data.holidays_of(year) {
                return Err(bad(format!("里写的是 {year} 年，文件名应为 {year}.json")));
            }
        }
        Ok(days)
    }

    /// Takes over the file of a year, and answers which; what was known by that year's file before no longer counts.
    ///
    /// # Errors
    /// [`BadYear`]; then nothing is changed.
    pub fn announce(&mut self, file: &[u8]) -> std::result::Result<i16, BadYear> {
        let (year, special) = read_year(file)?;
        self.0.insert(year, special);
        Ok(year)
    }

    /// The years that were announced, oldest first, each with its days off and the weekend days that are worked.
    pub fn years(&self) -> impl Iterator<Item = (i16, usize, usize)> {
        self.0.iter().map(|(year, days)| {
            let off = days.values().filter(|day| day.off).count();
            (*year, off, days.len() - off)
        })
    }

    /// Whether the days of a year were announced.
    #[must_use]
    pub fn knows(&self, year: i16) -> bool {
        self.0.contains_key(&year)
    }

    /// The days of a year that are not as their weekday says, in order: day, name, whether it is off.
    pub fn special_days(&self, year: i16) -> impl Iterator<Item = (Date, &str, bool)> {
        let announced = [Some(year), year.checked_add(1)].into_iter().flatten();
        let days = announced.filter_map(|by| self.0.get(&by)).flat_map(BTreeMap::keys);
        let days: BTreeSet<Date> = days.copied().filter(|day| day.year() == year).collect();
        days.into_iter().filter_map(|day| {
            self.special(day).map(|special| (day, special.name.as_str(), special.off))
        })
    }

    /// Whether the day is worked.
    #[must_use]
    pub fn is_worked(&self, day: Date) -> bool {
        self.special(day).map_or(!is_weekend(day), |special| !special.off)
    }

    /// What was announced of a day. The later notice counts: a year's may move the last days of the year before.
    fn special(&self, day: Date) -> Option<&Special> {
        let by = |year: i16| self.0.get(&year)?.get(&day);
        by(day.year().saturating_add(1)).or_else(|| by(day.year()))
    }

    /// The last of so many working days (at most [`WORKING_DAYS_MAX`]) after a day, which itself does not count; with
    /// none, that day.
    #[must_use]
    pub fn after(&self, from: Date, days: u32) -> Due {
        let mut passed = Passed::default();
        let (mut on, mut left) = (from, days.min(WORKING_DAYS_MAX));
        for _ in 0..AHEAD_DAYS_MAX {
            if left == 0 {
                break;
            }
            let Ok(next) = on.tomorrow() else { break };
            on = next;
            left -= u32::from(self.is_worked(on));
            passed.by(on, self);
        }
        let mut why = Why::default();
        why.fill("从 {from} 的次日起数 {days} 个工作日", &[("from", &from), ("days", &days)]);
        passed.say(&mut why);
        Due { on, why }
    }

    /// The day itself if it is worked, or else the next that is. Says something only if it moved, or guessed.
    #[must_use]
    pub fn on_or_after(&self, day: Date) -> Due {
        let mut on = day;
        for _ in 0..AHEAD_DAYS_MAX {
            if self.is_worked(on) {
                break;
            }
            let Ok(next) = on.tomorrow() else { break };
            on = next;
        }
        let mut why = Why::default();
        match self.special(day) {
            _ if on == day => {}
            Some(special) => why.fill(
                "{day} 是{name}假期，顺延到下一个工作日 {on}",
                &[("day", &day), ("name", &special.name), ("on", &on)],
            ),
            None => {
                why.fill("{day} 是周末，顺延到下一个工作日 {on}", &[("day", &day), ("on", &on)])
            }
        }
        for year in BTreeSet::from([day.year(), on.year()]) {
            self.admit(year, &mut why);
        }
        Due { on, why }
    }

    /// The working day so many before a day; with none, that day.
    #[must_use]
    pub fn before(&self, day: Date, days: u32) -> Date {
        let (mut on, mut left) = (day, days.min(WORKING_DAYS_MAX));
        for _ in 0..AHEAD_DAYS_MAX {
            if left == 0 {
                break;
            }
            let Ok(earlier) = on.yesterday() else { break };
            on = earlier;
            left -= u32::from(self.is_worked(on));
        }
        on
    }

    fn admit(&self, year: i16, why: &mut Why) {
        if !self.knows(year) {
            why.fill("{year} 年的放假安排还没有录入，先只按周末算", &[("year", &year)]);
        }
    }
}

/// The days that a count went over.
#[derive(Default)]
struct Passed {
    /// Public holidays on weekdays, by name.
    holidays: Vec<(String, u32)>,
    weekends: u32,
    /// Days of weekends that are worked, and so count.
    worked: Vec<Date>,
    /// Years of which nothing was announced yet.
    unknown: BTreeSet<i16>,
}

impl Passed {
    fn by(&mut self, day: Date, calendar: &Workdays) {
        if !calendar.knows(day.year()) {
            self.unknown.insert(day.year());
        }
        match calendar.special(day) {
            Some(special) if special.off && !is_weekend(day) => {
                match self.holidays.iter_mut().find(|(name, _)| *name == special.name) {
                    Some((_, days)) => *days += 1,
                    None => self.holidays.push((special.name.clone(), 1)),
                }
            }
            Some(special) if !special.off && is_weekend(day) => self.worked.push(day),
            Some(special) if !special.off => {}
            _ if is_weekend(day) => self.weekends += 1,
            _ => {}
        }
    }

    fn say(&self, why: &mut Why) {
        if self.weekends > 0 {
            why.fill("周末 {days} 天不算", &[("days", &self.weekends)]);
        }
        for (name, days) in &self.holidays {
            why.fill("{name} {days} 天不算", &[("name", name), ("days", days)]);
        }
        for day in &self.worked {
            why.fill("{day} 调休上班，算", &[("day", day)]);
        }
        for year in &self.unknown {
            why.fill("{year} 年的放假安排还没有录入，先只按周末算", &[("year", year)]);
        }
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The files of years in the data directory, oldest year first.
pub(crate) fn files(data: &DataDir) -> Result<Vec<std::path::PathBuf>> {
    let directory = data.holidays();
    let entries = match fs::read_dir(&directory) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::file(&directory))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::file(&directory))?.path();
        // Others are what a power cut left half-written.
        if path.extension().is_some_and(|end| end == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Keeps the file of a year in the data directory, durably, and answers which year. A running server follows.
///
/// # Errors
/// `bad-holidays` when it is not one; then what was there stays.
pub fn import(data: &DataDir, file: &[u8]) -> Result<i16> {
    let (year, _) = read_year(file).map_err(|e| {
        Error::refused("bad-holidays", format!("节假日文件{e}。没有导入，请换一份文件再试"))
    })?;
    durable::replace(&data.holidays_of(year), file, Access::Public)?;
    durable::sync_directory(data.path())?;
    Ok(year)
}

#[cfg(test)]
mod tests;
