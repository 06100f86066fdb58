//! Nobody there: a while after the last touch the next person finds the screen as if no one had been before.

use std::time::Duration;

use slint::{Timer, TimerMode};

/// How long after the last touch.
pub const IDLE_TIME: Duration = Duration::from_secs(60);

/// Waits for the screen to be left alone. Time is the Slint platform's, so a test can move it.
pub struct Idle {
    timer: Timer,
}

impl Idle {
    /// Calls `left_alone` once whenever `limit` passes without activity.
    #[must_use]
    pub fn watch(limit: Duration, left_alone: impl FnMut() + 'static) -> Self {
        let timer = Timer::default();
        timer.start(TimerMode::SingleShot, limit, left_alone);
        Self { timer }
    }

    /// Somebody is there.
    pub fn activity(&self) {
        self.timer.restart();
    }
}
