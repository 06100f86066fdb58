//! Sending one image over a line that may be cut at any byte: what to do next, without any network in it.

use std::ops::Range;
use std::time::Duration;

/// Bytes sent in one request: little is lost by a cut, and little by asking.
pub const PIECE_BYTES: u64 = 512 << 10;
/// How often in a row nothing may arrive before sending is given up.
pub const TRIES: u32 = 6;

/// What the last request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The server says how many bytes it holds.
    Held(u64),
    /// The line was cut, or the server was busy; how much arrived is not known.
    Cut,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask how many bytes the server holds, after waiting so long.
    Ask(Duration),
    /// Send these bytes.
    Send(Range<u64>),
    /// All is there.
    Done,
    /// Too often in vain.
    GiveUp,
}

/// How far one image has come.
#[derive(Debug)]
pub struct Resume {
    total: u64,
    best: Option<u64>,
    vain: u32,
}

impl Resume {
    /// An image of `total` bytes. The first thing to do is to ask.
    pub fn new(total: u64) -> Resume {
        Resume { total, best: None, vain: 0 }
    }

    /// Takes in what the last request brought.
    pub fn next(&mut self, event: Event) -> Next {
        match event {
            Event::Held(held) if held == self.total => return Next::Done,
            // More than there is: not our image.
            Event::Held(held) if held > self.total => return Next::GiveUp,
            Event::Held(held) if self.best.is_none_or(|best| held > best) => {
                self.best = Some(held);
                self.vain = 0;
            }
            Event::Held(_) | Event::Cut => self.vain += 1,
        }
        if self.vain >= TRIES {
            return Next::GiveUp;
        }
        match event {
            Event::Held(held) => Next::Send(held..(held + PIECE_BYTES).min(self.total)),
            Event::Cut => Next::Ask(pause(self.vain)),
        }
    }
}

/// How long to wait after failing `vain` times in a row: a quarter of a second, doubled each time, at most 8 s.
pub fn pause(vain: u32) -> Duration {
    Duration::from_millis(250 << vain.saturating_sub(1).min(5))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_that_never_works_is_given_up() {
        let mut resume = Resume::new(100);
        let asked = (1..TRIES).filter(|_| matches!(resume.next(Event::Cut), Next::Ask(_))).count();
        assert_eq!(asked, 5);
        assert_eq!(resume.next(Event::Cut), Next::GiveUp);
        let mut resume = Resume::new(100);
        assert_eq!(resume.next(Event::Held(101)), Next::GiveUp);
    }

    #[test]
    fn what_is_there_already_is_not_sent_again() {
        assert_eq!(Resume::new(100).next(Event::Held(100)), Next::Done);
        assert_eq!(Resume::new(100).next(Event::Held(40)), Next::Send(40..100));
        assert_eq!(pause(1).as_millis(), 250);
        assert_eq!(pause(99).as_millis(), 8000);
    }

    proptest! {
        /// A server that keeps what arrives; the line is cut after so many bytes each time, with or without an answer.
        #[test]
        fn every_byte_arrives_once_whatever_is_cut(
            total in 1u64..3_000_000,
            cuts in prop::collection::vec((0u64..700_000, any::<bool>()), 0..200),
        ) {
            let (mut kept, mut cuts) = (0u64, cuts.into_iter());
            let mut resume = Resume::new(total);
            let mut event = Event::Held(0);
            for _ in 0..10_000 {
                event = match resume.next(event) {
                    Next::Ask(_) => Event::Held(kept),
                    Next::Send(range) => {
                        prop_assert_eq!(range.start, kept);
                        prop_assert!(range.end <= total && range.end - range.start <= PIECE_BYTES);
                        match cuts.next() {
                            Some((after, told)) => {
                                kept += (range.end - range.start).min(after + 1);
                                if told { Event::Held(kept) } else { Event::Cut }
                            }
                            None => { kept = range.end; Event::Held(kept) }
                        }
                    }
                    Next::Done => { prop_assert_eq!(kept, total); return Ok(()); }
                    Next::GiveUp => return Err(TestCaseError::fail("gave up though bytes arrived")),
                };
            }
            prop_assert!(false, "never ended");
        }
    }
}
