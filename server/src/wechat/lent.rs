//! What WeChat lends for two hours: the access token and the JS-SDK's ticket. One caller fetches it, early enough; the
//! others wait for that one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How long before its end it is fetched anew: within the last five minutes WeChat gives the next one while both count.
const EARLY: Duration = Duration::from_secs(4 * 60);
/// How long nobody asks again after a refusal: pages ask for this, and WeChat counts.
const PAUSE: Duration = Duration::from_secs(30);

/// A word that counts for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// The word.
    pub word: String,
    /// For how long.
    pub lasts: Duration,
}

/// A loan that many use.
#[derive(Default)]
pub struct Lent(Mutex<Held>);

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Word {
        word: String,
        renew: Instant,
    },
    Refused {
        code: &'static str,
        message: String,
        again: Instant,
    },
}

impl Lent {
    /// The word, if it is held and nobody is fetching it now. Never waits.
    #[must_use]
    pub fn at_hand(&self, now: Instant) -> Option<String> {
        match &*self.0.try_lock().ok()? {
            Held::Word { word, renew } if now < *renew => Some(word.clone()),
            _ => None,
        }
    }

    /// The word, fetched where it is not held. Blocks while another caller fetches it.
    ///
    /// # Errors
    /// Whatever `fetch` refuses, for a while also to those who ask after it.
    pub fn get(&self, now: Instant, fetch: impl FnOnce() -> Result<Loan>) -> Result<String> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Held::Word { word, renew } if now < *renew => Ok(word.clone()),
            Held::Refused { code, message, again } if now < *again => {
                Err(Error::refused(code, message.clone()))
            }
            _ => renew(&mut held, now, fetch()),
        }
    }

    /// Another word than the one that was refused: what somebody else fetched meanwhile, or a new one.
    ///
    /// # Errors
    /// Whatever `fetch` refuses.
    pub fn replace(
        &self,
        refused: &str,
        now: Instant,
        fetch: impl FnOnce() -> Result<Loan>,
    ) -> Result<String> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Held::Word { word, renew } if now < *renew && word != refused => Ok(word.clone()),
            _ => renew(&mut held, now, fetch()),
        }
    }
}

fn renew(held: &mut Held, now: Instant, fetched: Result<Loan>) -> Result<String> {
    match fetched {
        Ok(Loan { word, lasts }) => {
            *held = Held::Word { word: word.clone(), renew: now + lasts.saturating_sub(EARLY) };
            Ok(word)
        }
        Err(error) => {
            *held = match &error {
                Error::Refused { code, message } => {
                    Held::Refused { code, message: message.clone(), again: now + PAUSE }
                }
                _ => Held::Nothing,
            };
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const HOURS: Duration = Duration::from_secs(7200);

    fn loan(word: &str) -> Result<Loan> {
        Ok(Loan { word: word.into(), lasts: HOURS })
    }

    #[test]
    fn a_word_is_fetched_once_and_again_before_it_ends() {
        let (lent, now) = (Lent::default(), Instant::now());
        assert_eq!(lent.at_hand(now), None);
        assert_eq!(lent.get(now, || loan("a")).unwrap(), "a");
        let late = now + HOURS - EARLY - Duration::from_secs(1);
        assert_eq!(lent.get(late, || panic!("it is held")).unwrap(), "a");
        assert_eq!(lent.at_hand(late).unwrap(), "a");
        let early = now + HOURS - EARLY;
        assert_eq!(lent.at_hand(early), None);
        assert_eq!(lent.get(early, || loan("b")).unwrap(), "b");
    }

    #[test]
    fn a_hundred_callers_fetch_once() {
        let (lent, now, count) = (Lent::default(), Instant::now(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| {
                    let word = lent.get(now, || {
                        count.fetch_add(1, Ordering::SeqCst);
                        loan("a")
                    });
                    assert_eq!(word.unwrap(), "a");
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_refused_word_is_replaced_once() {
        let (lent, now) = (Lent::default(), Instant::now());
        lent.get(now, || loan("a")).unwrap();
        assert_eq!(lent.replace("a", now, || loan("b")).unwrap(), "b");
        assert_eq!(lent.replace("a", now, || panic!("somebody did it")).unwrap(), "b");
    }

    #[test]
    fn a_refusal_is_told_to_everybody_for_a_while() {
        let (lent, now) = (Lent::default(), Instant::now());
        let refuse = || Err(Error::refused("wechat-address", "白名单"));
        lent.get(now, refuse).unwrap_err();
        let soon = now + PAUSE - Duration::from_secs(1);
        assert_eq!(lent.get(soon, || panic!("too early")).unwrap_err().code(), "wechat-address");
        assert_eq!(lent.get(now + PAUSE, || loan("a")).unwrap(), "a");
    }
}
