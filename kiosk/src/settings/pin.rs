//! The PIN before the settings: set at installation, kept as a slow hash. Five wrong ones, and everybody waits: no clock has
//! to be right for that, and switching the kiosk off only begins the wait anew.

use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use crate::diary::{self, Event};
use crate::drawer::{Drawer, DrawerError};

/// How many digits a PIN has.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
/// Wrong PINs before one has to wait.
const WRONG_MAX: i64 = 5;
/// How long one then waits.
const WAIT: Duration = Duration::from_secs(5 * 60);

/// Why a PIN cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum BadPin {
    /// Not so many digits.
    #[error("密码要 6 到 12 位数字 / a PIN has 6 to 12 digits")]
    Digits,
    /// As easy to guess as to remember.
    #[error("这个密码太好猜，请换一个 / too easy to guess")]
    Easy,
    /// It could not be hashed.
    #[error("密码无法加密（{0}）/ cannot be hashed")]
    Hash(String),
    /// It could not be kept.
    #[error(transparent)]
    Drawer(#[from] DrawerError),
}

/// What is answered to a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Right.
    Open,
    /// Wrong; so many more may be tried.
    Wrong(u8),
    /// Nothing is tried for so long.
    Wait(Duration),
    /// None was set at installation: nobody gets in.
    Unset,
}

/// Sets the PIN in place of the one before. `at`: Unix seconds, for the diary.
///
/// # Errors
/// [`BadPin`].
pub fn set_pin(drawer: &mut Drawer, pin: &str, at: i64) -> Result<(), BadPin> {
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadPin::Digits);
    }
    let steps =
        |by: i16| pin.as_bytes().windows(2).all(|two| i16::from(two[1]) - i16::from(two[0]) == by);
    if [-1, 0, 1].into_iter().any(steps) {
        return Err(BadPin::Easy);
    }
    let hash = Argon2::default().hash_password(pin.as_bytes());
    let hash = hash.map_err(|error| BadPin::Hash(error.to_string()))?.to_string();
    drawer.at_once(|db| {
        db.execute("INSERT OR REPLACE INTO kept VALUES ('pin', ?1)", [hash])?;
        db.execute("DELETE FROM kept WHERE name = 'pin-wrong'", [])?;
        diary::note(db, &Event::PinSet, at)
    })?;
    Ok(())
}

/// The lock before the settings.
#[derive(Debug)]
pub struct Lock {
    waits_since: Option<Instant>,
}

impl Lock {
    /// The lock as it was left; whoever had to wait waits from now on.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn of(drawer: &Drawer, now: Instant) -> Result<Self, DrawerError> {
        let wrong = drawer.number("pin-wrong")?.unwrap_or(0);
        Ok(Self { waits_since: (wrong >= WRONG_MAX).then_some(now) })
    }

    /// How long nothing is tried.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let since = self.waits_since?;
        let rest = WAIT.saturating_sub(now.saturating_duration_since(since));
        (!rest.is_zero()).then_some(rest)
    }

    /// Tries a PIN. `at`: Unix seconds, for the diary.
    ///
    /// # Errors
    /// [`DrawerError`]; then it stays shut.
    pub fn try_pin(
        &mut self,
        drawer: &mut Drawer,
        typed: &str,
        now: Instant,
        at: i64,
    ) -> Result<Answer, DrawerError> {
        if let Some(wait) = self.wait(now) {
            return Ok(Answer::Wait(wait));
        }
        let before = if self.waits_since.take().is_some() { 0 } else { wrong(drawer)? };
        let Some(hash) = drawer.get("pin")? else { return Ok(Answer::Unset) };
        // Counted before it is tried: switching off in between is no second guess.
        let count = before + 1;
        drawer.put("pin-wrong", Some(&count.to_string()))?;
        let right = PIN_DIGITS.contains(&typed.len())
            && Argon2::default().verify_password(typed.as_bytes(), hash.as_str()).is_ok();
        if right {
            drawer.at_once(|db| {
                db.execute("DELETE FROM kept WHERE name = 'pin-wrong'", [])?;
                diary::note(db, &Event::SettingsOpened, at)
            })?;
            return Ok(Answer::Open);
        }
        if count >= WRONG_MAX {
            self.waits_since = Some(now);
            drawer.note(&Event::PinLocked, at)?;
            return Ok(Answer::Wait(WAIT));
        }
        Ok(Answer::Wrong(u8::try_from(WRONG_MAX - count).unwrap_or(0)))
    }
}

fn wrong(drawer: &Drawer) -> Result<i64, DrawerError> {
    Ok(drawer.number("pin-wrong")?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn five_wrong_ones_and_everybody_waits_over_restarts_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut drawer = Drawer::open(dir.path()).unwrap();
        let start = Instant::now();
        let mut lock = Lock::of(&drawer, start).unwrap();
        let mut tried =
            |lock: &mut Lock, pin: &str, now| lock.try_pin(&mut drawer, pin, now, 0).unwrap();
        assert_eq!(tried(&mut lock, "271828", start), Answer::Unset);
        set_pin(&mut Drawer::open(dir.path()).unwrap(), "271828", 0).unwrap();
        for left in [4, 3, 2, 1] {
            assert_eq!(tried(&mut lock, "314159", start), Answer::Wrong(left));
        }
        assert_eq!(tried(&mut lock, "314159", start), Answer::Wait(WAIT));
        let soon = start + WAIT / 2;
        assert_eq!(tried(&mut lock, "271828", soon), Answer::Wait(WAIT / 2), "even the right one");
        let again = Drawer::open(dir.path()).unwrap();
        let mut lock = Lock::of(&again, soon).unwrap();
        assert_eq!(tried(&mut lock, "271828", start + WAIT), Answer::Wait(WAIT / 2), "begun anew");
        assert_eq!(tried(&mut lock, "314159", soon + WAIT), Answer::Wrong(4));
        assert_eq!(tried(&mut lock, "271828", soon + WAIT), Answer::Open);
        assert_eq!(tried(&mut lock, "", soon + WAIT), Answer::Wrong(4), "counted from the start");
        let said: Vec<_> = again.diary().unwrap().into_iter().map(|line| line.event).collect();
        assert_eq!(said, ["pin-set", "pin-locked", "settings-opened"]);
    }

    #[test]
    fn a_pin_is_digits_that_are_not_the_first_guess() {
        let dir = tempfile::tempdir().unwrap();
        let mut drawer = Drawer::open(dir.path()).unwrap();
        for bad in ["", "27182", "2718281828459", "27182x", "２７１８２８"] {
            assert!(matches!(set_pin(&mut drawer, bad, 0), Err(BadPin::Digits)), "{bad}");
        }
        for easy in ["000000", "123456", "987654"] {
            assert!(matches!(set_pin(&mut drawer, easy, 0), Err(BadPin::Easy)), "{easy}");
        }
        set_pin(&mut drawer, "271828", 0).unwrap();
        let kept = drawer.get("pin").unwrap().unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("271828"));
    }
}
