//! What time it is, as far as this kiosk can know. The machine's clock is never believed: a battery is empty, someone set
//! it wrong. Within a run time only goes on; the office's answer says where it stands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::tz::Offset;
use ledger::time::Timestamp;

/// Hours that China Standard Time is ahead of UTC.
const CHINA_HOURS: i8 = 8;
/// The same in milliseconds.
const CHINA_MILLIS: i64 = CHINA_HOURS as i64 * 3_600_000;
/// Milliseconds of a day.
pub(crate) const DAY_MILLIS: i64 = 86_400_000;
/// From how many milliseconds on the machine's clock was set, and did not merely run fast.
const JUMP_MILLIS: i64 = 60_000;
/// The office tells whole seconds, and its answer is on the way for a while: less than this says nothing.
const BLUR_MILLIS: i64 = 2_000;

/// How the machine's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// Nothing speaks against it, and nobody has confirmed it yet.
    Possible,
    /// It says a time that is over for certain.
    Behind,
    /// The office's time is known: so many seconds is it ahead of that.
    Ahead(i64),
}

/// The clock, shared by all threads of a kiosk.
#[derive(Clone)]
pub struct Clock {
    reckoning: Arc<Mutex<Reckoning>>,
    machine: fn() -> Timestamp,
}

impl Clock {
    /// A clock over the machine's. `certain`: the newest moment that is over for certain, in Unix seconds, from a signed
    /// time or an answer of the office in an earlier run.
    #[must_use]
    pub fn start(machine: fn() -> Timestamp, certain: i64) -> Self {
        let said = machine().unix_seconds().saturating_mul(1000);
        let floor = certain.saturating_mul(1000);
        let reckoning = Reckoning::start(said, floor, Instant::now());
        Self { reckoning: Arc::new(Mutex::new(reckoning)), machine }
    }

    fn reckoning(&self) -> MutexGuard<'_, Reckoning> {
        // Nothing panics while it is held; and a time is never half changed.
        self.reckoning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the machine's clock says, whatever that is worth.
    #[must_use]
    pub fn machine(&self) -> Timestamp {
        (self.machine)()
    }

    /// Milliseconds since 1970 at an instant of this run.
    pub(crate) fn millis(&self, at: Instant) -> i64 {
        self.reckoning().at(at)
    }

    /// Seconds since 1970, as far as can be known.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.millis(Instant::now()).div_euclid(1000)
    }

    /// The office says that it is `truth` (Unix seconds). Answers how many milliseconds later that is than was reckoned:
    /// by so much is wrong what was written down in this run.
    pub(crate) fn confirm(&self, truth: i64) -> i64 {
        self.reckoning().confirm(truth.saturating_mul(1000), Instant::now())
    }

    /// Looks whether the machine's clock was set since; then so many milliseconds have to be added to what was written
    /// down in this run.
    pub(crate) fn look(&self) -> Option<i64> {
        let said = self.machine().unix_seconds().saturating_mul(1000);
        self.reckoning().look(said, Instant::now())
    }

    /// A moment is over for certain (Unix seconds): something that was signed then is here. If that is news, so many
    /// milliseconds have to be added to what was written down in this run.
    pub(crate) fn is_over(&self, moment: i64) -> Option<i64> {
        self.reckoning().is_over(moment.saturating_mul(1000), Instant::now())
    }

    /// How the machine's clock stands.
    #[must_use]
    pub fn standing(&self) -> Machine {
        let said = self.machine().unix_seconds().saturating_mul(1000);
        let reckoning = self.reckoning();
        match reckoning.sure {
            true => Machine::Ahead((said - reckoning.at(Instant::now())).div_euclid(1000)),
            false if said < reckoning.floor => Machine::Behind,
            false => Machine::Possible,
        }
    }

    /// The hour of the wall: days since 1970 and minutes of the day, in China. `None` while it cannot be known.
    #[must_use]
    pub fn wall(&self) -> Option<(i64, u16)> {
        if self.standing() == Machine::Behind {
            return None;
        }
        let local = self.millis(Instant::now()) + CHINA_MILLIS;
        let minutes = local.rem_euclid(DAY_MILLIS) / 60_000;
        Some((local.div_euclid(DAY_MILLIS), u16::try_from(minutes).unwrap_or(0)))
    }
}

/// Days since 1970 in China, of milliseconds since 1970.
pub(crate) fn day_of(millis: i64) -> i64 {
    (millis + CHINA_MILLIS).div_euclid(DAY_MILLIS)
}

/// The day of the week of a day since 1970: Monday is 0.
pub(crate) fn weekday(day: i64) -> usize {
    // The first of 1970 was a Thursday.
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// When a day begins in China, in milliseconds since 1970.
pub(crate) fn day_start(day: i64) -> i64 {
    day * DAY_MILLIS - CHINA_MILLIS
}

/// A moment (Unix seconds) as it is written in China; none outside the years 0 to 9999.
#[must_use]
pub fn written(unix: i64) -> Option<Timestamp> {
    let moment = jiff::Timestamp::from_second(unix).ok()?;
    let local = Offset::constant(CHINA_HOURS).to_datetime(moment);
    local.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string().parse().ok()
}

/// Where time stands: `base` at the instant `since`.
struct Reckoning {
    base: i64,
    since: Instant,
    /// No earlier moment can be now.
    floor: i64,
    /// The office said so in this run.
    sure: bool,
}

impl Reckoning {
    fn start(said: i64, floor: i64, since: Instant) -> Self {
        Self { base: said.max(floor), since, floor, sure: false }
    }

    fn at(&self, instant: Instant) -> i64 {
        let millis = |d: std::time::Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX / 2);
        match instant.checked_duration_since(self.since) {
            Some(later) => self.base.saturating_add(millis(later)),
            None => self.base.saturating_sub(millis(self.since.duration_since(instant))),
        }
    }

    fn set(&mut self, truth: i64, now: Instant) -> i64 {
        let shift = truth.saturating_sub(self.at(now));
        (self.base, self.since) = (truth, now);
        shift
    }

    fn confirm(&mut self, truth: i64, now: Instant) -> i64 {
        (self.sure, self.floor) = (true, truth);
        let close = truth.saturating_sub(self.at(now)).abs() < BLUR_MILLIS;
        if close { 0 } else { self.set(truth, now) }
    }

    fn look(&mut self, said: i64, now: Instant) -> Option<i64> {
        let set = said.saturating_sub(self.at(now)).abs() >= JUMP_MILLIS;
        (set && !self.sure && said >= self.floor).then(|| self.set(said, now))
    }

    fn is_over(&mut self, moment: i64, now: Instant) -> Option<i64> {
        if self.sure || moment <= self.floor {
            return None;
        }
        self.floor = moment;
        (self.at(now) < moment).then(|| self.set(moment, now))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn time_goes_on_from_what_is_certain_when_the_machine_lags_behind() {
        let start = Instant::now();
        let later = start + Duration::from_secs(3600);
        let mut lagging = Reckoning::start(0, 1_000 * HOUR, start);
        assert_eq!(lagging.at(later), 1_001 * HOUR);
        assert_eq!(lagging.look(2 * HOUR, later), None, "still a time that is over");
        // Then it is set, by a time server: what was written down has to be moved by as much.
        assert_eq!(lagging.look(1_500 * HOUR, later), Some(499 * HOUR));
        assert_eq!(lagging.at(start), 1_499 * HOUR, "an instant before lies before");
    }

    #[test]
    fn the_office_is_believed_and_a_clock_set_later_is_not() {
        let start = Instant::now();
        let mut ahead = Reckoning::start(9_000 * HOUR, 1_000 * HOUR, start);
        assert_eq!(ahead.confirm(2_000 * HOUR, start), -7_000 * HOUR);
        assert_eq!(ahead.look(9_001 * HOUR, start), None);
        assert_eq!(ahead.is_over(8_000 * HOUR, start), None);
        assert_eq!(ahead.at(start), 2_000 * HOUR);
        let mut right = Reckoning::start(2_000 * HOUR, 0, start);
        assert_eq!(right.look(2_000 * HOUR + 59_000, start), None, "merely fast");
        assert_eq!(right.is_over(2_001 * HOUR, start), Some(HOUR), "something newer was signed");
        assert_eq!(right.is_over(1_999 * HOUR, start), None);
        assert_eq!(right.at(start), 2_001 * HOUR);
    }

    #[test]
    fn days_are_those_of_china() {
        let noon: Timestamp = "2026-06-03T23:59:59+08:00".parse().unwrap();
        let millis = noon.unix_seconds() * 1000;
        let day = day_of(millis);
        assert_eq!(day_of(millis + 1000), day + 1);
        assert_eq!(day_start(day + 1), millis + 1000);
        assert_eq!(written(noon.unix_seconds()), Some(noon));
        assert_eq!(written(i64::MAX), None);
        assert_eq!(day_of(-CHINA_MILLIS), 0, "1970 began in China eight hours earlier");
    }

    #[test]
    fn the_wall_says_nothing_while_the_machine_lags_behind() {
        let machine: fn() -> Timestamp = || "1970-01-01T08:30:00+08:00".parse().unwrap();
        let clock = Clock::start(machine, 1_780_000_000);
        assert_eq!((clock.standing(), clock.wall()), (Machine::Behind, None));
        clock.confirm(1_780_449_120);
        assert_eq!(clock.wall().unwrap().1, 9 * 60 + 12);
        assert!(matches!(clock.standing(), Machine::Ahead(..-1_000_000_000)));
        assert_eq!(Clock::start(machine, 0).standing(), Machine::Possible);
    }
}
