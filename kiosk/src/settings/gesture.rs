//! The hidden way to the settings: five taps in one corner within three seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many taps.
const TAPS: usize = 5;
/// Within what time.
const TIME: Duration = Duration::from_secs(3);

/// Counts taps in the corner.
#[derive(Debug, Default)]
pub struct Gesture {
    taps: VecDeque<Instant>,
}

impl Gesture {
    /// A tap in the corner; true when it was the fifth in time, and then counting begins anew.
    pub fn tap(&mut self, now: Instant) -> bool {
        self.taps.push_back(now);
        while self.taps.len() > TAPS {
            self.taps.pop_front();
        }
        let first = self.taps.front().copied().unwrap_or(now);
        let made = self.taps.len() == TAPS && now.saturating_duration_since(first) <= TIME;
        if made {
            self.taps.clear();
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_quick_taps_open_and_five_slow_ones_do_not() {
        let mut gesture = Gesture::default();
        let start = Instant::now();
        let mut made = |millis: &[u64]| {
            let taps = millis.iter().map(|ms| gesture.tap(start + Duration::from_millis(*ms)));
            taps.collect::<Vec<_>>()
        };
        assert_eq!(made(&[0, 700, 1_400, 2_100, 3_001]), [false; 5]);
        assert_eq!(made(&[3_200]), [true], "the last five were quick enough");
        assert_eq!(made(&[3_300, 3_400, 3_500, 3_600]), [false; 4], "counted anew");
        assert_eq!(made(&[3_700]), [true]);
    }
}
