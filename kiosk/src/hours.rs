//! Hours of a day, such as `22:00-06:00`: of a night, or of a line that may be used.

use std::fmt;
use std::str::FromStr;

use ledger::time::Timestamp;

/// Minutes of a day.
pub(crate) const DAY_MINUTES: u16 = 1_440;

/// From one minute of the day to another, which may be on the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Minutes after midnight: the first that counts.
    from: u16,
    /// Minutes after midnight: the first that does not.
    to: u16,
}

/// The text is no such hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("时段要写成 22:00-06:00 这样 / hours are written 22:00-06:00")]
pub struct BadHours;

impl Hours {
    /// Such hours; `None` if they are no two different minutes of a day.
    #[must_use]
    pub fn new(from: u16, to: u16) -> Option<Self> {
        (from < DAY_MINUTES && to < DAY_MINUTES && from != to).then_some(Self { from, to })
    }

    /// The minute at which they begin.
    #[must_use]
    pub fn from(self) -> u16 {
        self.from
    }

    /// The minute at which they end.
    #[must_use]
    pub fn to(self) -> u16 {
        self.to
    }

    /// Whether they go on over midnight.
    #[must_use]
    pub fn is_long(self) -> bool {
        self.to < self.from
    }

    /// True when the clock that wrote `now` stands within them.
    #[must_use]
    pub fn hold(self, now: &Timestamp) -> bool {
        let Some(now) = minute_of(now.clock()) else { return true };
        if self.is_long() {
            now >= self.from || now < self.to
        } else {
            (self.from..self.to).contains(&now)
        }
    }
}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let (from, to) = text.split_once('-').ok_or(BadHours)?;
        let minutes = minute_of(from).zip(minute_of(to));
        minutes.and_then(|(from, to)| Self::new(from, to)).ok_or(BadHours)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", clock_face(self.from), clock_face(self.to))
    }
}

/// A minute of the day as a clock shows it.
#[must_use]
pub fn clock_face(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `22:00` in minutes after midnight.
pub(crate) fn minute_of(text: &str) -> Option<u16> {
    let two = |part: &str| -> Option<u16> {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn hours_may_go_over_midnight() {
        let holds = |hours: &str, clock: &str| {
            let hours: Hours = hours.parse().unwrap();
            hours.hold(&format!("2026-06-03T{clock}:00+08:00").parse().unwrap())
        };
        for (clock, expected) in
            [("22:00", true), ("23:59", true), ("05:59", true), ("06:00", false), ("21:59", false)]
        {
            assert_eq!(holds("22:00-06:00", clock), expected, "{clock}");
            assert_eq!(holds("06:00-22:00", clock), !expected, "{clock}");
        }
        for bad in [
            "",
            "22:00",
            "22-06",
            "24:00-06:00",
            "22:60-06:00",
            "1:00-2:00",
            "+1:00-02:00",
            "06:00-06:00",
        ] {
            assert_eq!(bad.parse::<Hours>(), Err(BadHours), "{bad}");
        }
        assert_eq!("22:00-06:00".parse::<Hours>().unwrap().to_string(), "22:00-06:00");
    }
}
