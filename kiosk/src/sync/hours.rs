//! The hours of a day in which a line may be used for pictures.

use std::fmt;
use std::str::FromStr;

use ledger::time::Timestamp;

/// From one time of the day to another, which may be on the next; `22:00-06:00`. By the machine's own clock.
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

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let (from, to) = text.split_once('-').ok_or(BadHours)?;
        let (from, to) = (minutes(from).ok_or(BadHours)?, minutes(to).ok_or(BadHours)?);
        (from != to).then_some(Self { from, to }).ok_or(BadHours)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = [self.from, self.to].map(|at| format!("{:02}:{:02}", at / 60, at % 60));
        write!(f, "{from}-{to}")
    }
}

impl Hours {
    /// True when the clock that wrote `now` stands within them.
    #[must_use]
    pub fn hold(self, now: &Timestamp) -> bool {
        let Some(now) = minutes(now.clock()) else { return true };
        if self.from < self.to {
            (self.from..self.to).contains(&now)
        } else {
            now >= self.from || now < self.to
        }
    }
}

/// `22:00` in minutes after midnight.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let part = |text: &str, end: u16| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| digits && *number < end)
    };
    Some(part(hour, 24)? * 60 + part(minute, 60)?)
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
