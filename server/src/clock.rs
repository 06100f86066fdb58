//! The office's clock: China Standard Time, whole seconds.

use jiff::civil::Date;
use jiff::{Timestamp as Instant, Zoned, tz};
use ledger::time::Timestamp;

use crate::error::{Error, Result};

/// Hours that China Standard Time is ahead of UTC.
const CHINA_OFFSET_HOURS: i8 = 8;

/// Now, as RFC 3339 text with the offset and whole seconds.
#[must_use]
pub fn now() -> String {
    china().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn china() -> Zoned {
    Instant::now().to_zoned(tz::TimeZone::fixed(tz::offset(CHINA_OFFSET_HOURS)))
}

/// Today, in China.
#[must_use]
pub fn today() -> Date {
    china().date()
}

/// Now, as statements carry it.
///
/// # Errors
/// When the machine's clock is outside the years 0 to 9999.
pub fn timestamp() -> Result<Timestamp> {
    let now = now();
    now.parse().map_err(|_| Error::Corrupt(format!("本机时钟不对：{now}")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_is_a_whole_second_with_chinas_offset() {
        let now = super::now();
        assert_eq!(now.len(), "2026-06-03T09:12:00+08:00".len());
        assert!(now.ends_with("+08:00"), "{now}");
    }
}
