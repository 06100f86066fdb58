//! Syncs now and then on its own thread, and fetches at once what somebody at the screen opened.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ledger::hash::Hash;

use super::{Options, Report, SyncError, picture, run};
use crate::shelf::Shelf;

/// How long after the first failure the next try comes; each time twice as long, up to the usual time.
const RETRY: Duration = Duration::from_secs(5);
/// How many pictures that were opened last are kept although they are beyond the budget.
const OPENED_MAX: usize = 20;

/// What the thread is told.
enum Call {
    Picture(Hash),
    Stop,
}

/// The way to ask for a picture that is not here (any more); from any thread, and never waiting.
#[derive(Clone, Debug, Default)]
pub struct Orders(Option<Sender<Call>>);

impl Orders {
    /// Fetches this picture as soon as it goes; `tell` is called when it was tried. Without a server nothing happens.
    pub fn picture(&self, hash: Hash) {
        if let Some(calls) = &self.0 {
            let _ = calls.send(Call::Picture(hash)); // nobody there: the program ends
        }
    }
}

/// The orders of a [`Background`] that is still to be started.
pub struct Queue(Receiver<Call>);

/// A way to order, and the other end of it, which [`Background::start`] takes.
#[must_use]
pub fn orders() -> (Orders, Queue) {
    let (send, receive) = channel();
    (Orders(Some(send)), Queue(receive))
}

/// Syncs now and then again after each `every`, on its own thread, until dropped.
pub struct Background {
    orders: Orders,
}

impl Background {
    /// Starts. The shelf is audited first; `tell` is called, on that thread, after each sync and each ordered picture.
    #[must_use]
    pub fn start(
        options: Options,
        every: Duration,
        (orders, queue): (Orders, Queue),
        mut tell: impl FnMut(&Result<Report, SyncError>) + Send + 'static,
    ) -> Self {
        thread::spawn(move || {
            // What an audit cannot mend, the sync that follows reports.
            let _ = Shelf::open_audited(&options.data);
            let mut options = options;
            let mut failures = 0;
            loop {
                let result = run(&options);
                failures = if is_worth_another_try(&result) { failures + 1 } else { 0 };
                tell(&result);
                let next = Instant::now() + pause(every, failures, &mut chance());
                if !serve_until(next, &mut options, &queue.0, &mut tell) {
                    return;
                }
            }
        });
        Self { orders }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(calls) = &self.orders.0 {
            let _ = calls.send(Call::Stop); // ended already
        }
    }
}

/// Fetches what is ordered until it is time for the next sync; false when it is time to end.
fn serve_until(
    next: Instant,
    options: &mut Options,
    queue: &Receiver<Call>,
    tell: &mut impl FnMut(&Result<Report, SyncError>),
) -> bool {
    let mut opened: VecDeque<Hash> = std::mem::take(&mut options.opened).into();
    let goes_on = loop {
        match queue.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(Call::Picture(hash)) => {
                tell(&picture(options, hash));
                opened.retain(|other| *other != hash);
                opened.push_front(hash);
                opened.truncate(OPENED_MAX);
            }
            Ok(Call::Stop) | Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => break true,
        }
    };
    options.opened = opened.into();
    goes_on
}

/// False after a success, and when the same answer would come again.
fn is_worth_another_try(result: &Result<Report, SyncError>) -> bool {
    result.as_ref().is_err_and(|error| !error.kind().is_dishonest())
}

/// How long to wait after so many failures in a row; a little more or less, so that a hundred kiosks do not come at
/// once when the server is back.
fn pause(every: Duration, failures: u32, chance: &mut impl FnMut() -> f64) -> Duration {
    let (usual, spread) = match failures.checked_sub(1) {
        None => (every, 0.1),
        Some(earlier) => (RETRY.saturating_mul(1 << earlier.min(16)).min(every), 0.5),
    };
    usual.mul_f64(1.0 + spread * (2.0 * chance() - 1.0))
}

/// Chance, from 0 to 1: of the kind that the standard library stirs its maps with.
fn chance() -> impl FnMut() -> f64 {
    || RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_soon_then_later_and_never_in_step() {
        let every = Duration::from_secs(300);
        let wait = |failures, chance: f64| pause(every, failures, &mut || chance).as_secs_f64();
        assert_eq!(
            [wait(0, 0.5), wait(1, 0.5), wait(2, 0.5), wait(3, 0.5)],
            [300.0, 5.0, 10.0, 20.0]
        );
        assert_eq!((wait(9, 0.5), wait(99, 0.5)), (300.0, 300.0));
        assert_eq!((wait(1, 0.0), wait(1, 1.0)), (2.5, 7.5));
        assert!((wait(0, 0.0) - 270.0).abs() < 1e-6 && (wait(0, 1.0) - 330.0).abs() < 1e-6);
        let mut chance = chance();
        let (one, two) = (chance(), chance());
        assert!((0.0..=1.0).contains(&one) && one != two);
    }
}
