//! The time of day (goldfish RTC).

use crate::mmio;

const LOW: usize = 0x0010_1000;
const HIGH: usize = LOW + 4;
const NANOSECONDS: u64 = 1_000_000_000;

/// The machine's clock, which QEMU sets.
pub struct Clock;

impl firmware::board::Clock for Clock {
    fn now(&self) -> Option<i64> {
        // Reading the lower half keeps the upper one for the next read.
        let low = mmio::read::<u32>(LOW);
        let now = u64::from(mmio::read::<u32>(HIGH)) << 32 | u64::from(low);
        i64::try_from(now / NANOSECONDS).ok()
    }

    fn set(&mut self, seconds: i64) {
        let at = u64::try_from(seconds).unwrap_or(0).saturating_mul(NANOSECONDS);
        mmio::write::<u32>(HIGH, (at >> 32) as u32);
        mmio::write::<u32>(LOW, at as u32);
    }
}
