//! The night: the screen is off by schedule, and a touch wakes it for as long as somebody is there.
//!
//! Off is a black page, and the panel's backlight where the system has one (`/sys/class/backlight`). The display itself
//! cannot be switched off from here: on linuxkms the window system holds the graphics card, and offers no such call.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::clock;
use crate::hours::Hours;

/// Days of a week.
const WEEK: usize = 7;
/// What the kernel calls a backlight that is off (`FB_BLANK_POWERDOWN`), and one that is on.
const BACKLIGHT: [&str; 2] = ["4", "0"];
/// How a night is written that there is none of.
const NONE: &str = "none";

/// The text is no schedule of nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "熄屏时间写成 22:00-06:00，或 none；每天不同就从星期一起写七个，用逗号隔开 / such as 22:00-06:00"
)]
pub struct BadNight;

/// The nights of a week, Monday's first: each belongs to the day on which it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nights([Option<Hours>; WEEK]);

impl Nights {
    /// The same hours every day.
    #[must_use]
    pub fn daily(hours: Option<Hours>) -> Self {
        Self([hours; WEEK])
    }

    /// The hours of every day, when they are the same; those of Monday otherwise.
    #[must_use]
    pub fn hours(&self) -> Option<Hours> {
        self.0[0]
    }

    /// Whether it is night: `day` in days since 1970, `minute` of the day, both in China.
    #[must_use]
    pub fn is_dark(&self, day: i64, minute: u16) -> bool {
        let of = |day: i64| self.0[clock::weekday(day)];
        let tonight = of(day).is_some_and(|night| {
            minute >= night.from() && (night.is_long() || minute < night.to())
        });
        tonight || of(day - 1).is_some_and(|night| night.is_long() && minute < night.to())
    }
}

impl fmt::Display for Nights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |night: &Option<Hours>| match night {
            Some(hours) => hours.to_string(),
            None => NONE.to_owned(),
        };
        let same = self.0.iter().all(|night| *night == self.0[0]);
        let shown = if same { &self.0[..1] } else { &self.0[..] };
        f.write_str(&shown.iter().map(one).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Nights {
    type Err = BadNight;

    fn from_str(text: &str) -> Result<Self, BadNight> {
        let one = |text: &str| match text {
            NONE => Ok(None),
            _ => text.parse().map(Some).map_err(|_| BadNight),
        };
        let nights: Vec<_> = text.split(',').take(WEEK + 1).map(one).collect::<Result<_, _>>()?;
        match *nights {
            [daily] => Ok(Self::daily(daily)),
            _ => nights.try_into().map(Self).map_err(|_| BadNight),
        }
    }
}

/// The curtain before the screen: drawn at night when nobody is there.
#[derive(Debug)]
pub struct Curtain {
    lights: Vec<PathBuf>,
    drawn: bool,
}

impl Curtain {
    /// An open one, over the backlights of this machine.
    #[must_use]
    pub fn open() -> Self {
        Self::over(Path::new("/sys/class/backlight"))
    }

    fn over(folder: &Path) -> Self {
        let lights = fs::read_dir(folder).into_iter().flatten().flatten();
        let lights: Vec<_> = lights.map(|light| light.path().join("bl_power")).collect();
        let curtain = Self { lights, drawn: false };
        // A crash may have left it dark.
        curtain.switch();
        curtain
    }

    /// Whether the screen is off.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn
    }

    /// Looks whether it is time, every few seconds and at each touch: `wall` as [`crate::clock::Clock::wall`] says it,
    /// `untouched` for how long nobody was there, `idle` how long one waits for somebody. A wall that cannot be known
    /// is no night. True when the screen went off or on.
    pub fn look(
        &mut self,
        nights: &Nights,
        wall: Option<(i64, u16)>,
        untouched: Duration,
        idle: Duration,
    ) -> bool {
        let dark = wall.is_some_and(|(day, minute)| nights.is_dark(day, minute));
        let drawn = dark && untouched >= idle;
        let changed = drawn != self.drawn;
        self.drawn = drawn;
        if changed {
            self.switch();
        }
        changed
    }

    fn switch(&self) {
        let [off, on] = BACKLIGHT;
        for light in &self.lights {
            // Without the right to do so the black page has to do.
            let _ = fs::write(light, if self.drawn { off } else { on });
        }
    }
}

impl Drop for Curtain {
    fn drop(&mut self) {
        self.drawn = false;
        self.switch();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::hours::{DAY_MINUTES, minute_of};

    const MINUTE: Duration = Duration::from_secs(60);
    /// A Monday: 2026-06-01.
    const MONDAY: i64 = 20_605;

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let daily: Nights = "22:00-06:00".parse().unwrap();
        let dark = |nights: &Nights, day, time: &str| nights.is_dark(day, minute_of(time).unwrap());
        for (time, is_dark) in
            [("21:59", false), ("22:00", true), ("00:00", true), ("05:59", true), ("06:00", false)]
        {
            assert_eq!(dark(&daily, MONDAY, time), is_dark, "{time}");
        }
        let weekend: Nights = "none,none,none,none,22:00-06:00,13:00-14:30,none".parse().unwrap();
        let (friday, saturday, sunday) = (MONDAY + 4, MONDAY + 5, MONDAY + 6);
        assert!(!dark(&weekend, friday, "05:00") && dark(&weekend, friday, "23:00"));
        assert!(dark(&weekend, saturday, "05:00") && dark(&weekend, saturday, "13:00"));
        assert!(!dark(&weekend, saturday, "14:30") && !dark(&weekend, sunday, "05:00"));
        assert!((0..DAY_MINUTES).all(|minute| !Nights::default().is_dark(MONDAY, minute)));
    }

    #[test]
    fn a_schedule_is_written_in_one_way() {
        let each = "none,22:00-06:00,none,none,none,none,13:00-14:30";
        for text in ["none", "22:00-06:00", "00:00-23:59", each] {
            assert_eq!(text.parse::<Nights>().unwrap().to_string(), text);
        }
        for bad in ["", "22:00", "22-06", "22:00-22:00", "24:00-06:00", "2:00-06:00", "none,none"] {
            assert_eq!(bad.parse::<Nights>(), Err(BadNight), "{bad}");
        }
    }

    #[test]
    fn at_night_a_touch_wakes_the_screen_for_the_idle_time() {
        let dir = tempfile::tempdir().unwrap();
        let panel = dir.path().join("panel");
        fs::create_dir(&panel).unwrap();
        let power = || fs::read_to_string(panel.join("bl_power")).unwrap_or_default();
        let nights = "22:00-06:00".parse().unwrap();
        let mut curtain = Curtain::over(dir.path());
        assert_eq!(power(), "0");
        let midnight = Some((MONDAY, 0));
        assert!(!curtain.look(&nights, midnight, MINUTE / 2, MINUTE), "somebody is there");
        assert!(curtain.look(&nights, midnight, MINUTE, MINUTE) && curtain.is_drawn());
        assert_eq!(power(), "4");
        assert!(!curtain.look(&nights, midnight, 2 * MINUTE, MINUTE), "it stays off");
        assert!(curtain.look(&nights, midnight, Duration::ZERO, MINUTE) && !curtain.is_drawn());
        assert_eq!(power(), "0");
        assert!(!curtain.look(&nights, None, 2 * MINUTE, MINUTE), "a wrong clock is no night");
        curtain.look(&nights, midnight, MINUTE, MINUTE);
        drop(curtain);
        assert_eq!(power(), "0", "whoever ends leaves the light on");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(text in "[0-9:,none-]{0,60}") {
            if let Ok(nights) = text.parse::<Nights>() {
                proptest::prop_assert_eq!(nights.to_string().parse(), Ok(nights));
            }
        }
    }
}
