//! What the chip has besides: a clock that runs as long as it has power, random bytes, a watchdog.

use core::cell::RefCell;
use esp_hal::rng::Rng;
use esp_hal::rtc_cntl::{Rtc, RwdtStage};

/// No clock that was set says less: 2024, microseconds since 1970.
const SET: u64 = 1_704_067_200_000_000;

/// The part of the chip that is both clock and watchdog.
pub type Low = RefCell<Rtc<'static>>;

/// The time of day; unknown after power was away, until the office tells it.
pub struct Clock(pub &'static Low);

impl firmware::board::Clock for Clock {
    fn now(&self) -> Option<i64> {
        let now = self.0.borrow().current_time_us();
        if now < SET { None } else { i64::try_from(now / 1_000_000).ok() }
    }

    fn set(&mut self, seconds: i64) {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        self.0.borrow().set_current_time_us(seconds.saturating_mul(1_000_000));
    }
}

/// Random bytes: the chip's generator, into which the boot loader has mixed noise. What esp-hal calls true random numbers it does
/// not have on this chip.
pub struct Chance(pub Rng);

impl firmware::board::Chance for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.read(bytes);
    }
}

/// The watchdog.
pub struct Watchdog(&'static Low);

impl Watchdog {
    /// Sets it going: eight seconds.
    pub fn start(low: &'static Low) -> Watchdog {
        let watchdog = &mut low.borrow_mut().rwdt;
        watchdog.set_timeout(RwdtStage::Stage0, esp_hal::time::Duration::from_secs(8));
        watchdog.enable();
        watchdog.feed();
        Watchdog(low)
    }
}

impl firmware::board::Watchdog for Watchdog {
    fn feed(&mut self) {
        self.0.borrow_mut().rwdt.feed();
    }
}
