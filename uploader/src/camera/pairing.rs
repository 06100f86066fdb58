//! Pairing: one phone shows that it saw the code on the screen, and is known by a token from then on.

use crate::error::{Error, Result};
use crate::say;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// How long a code on the screen can be scanned.
pub const CODE_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long a phone stays paired.
pub const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// Wrong secrets after which a code is void.
const WRONG_MAX: u8 = 5;
/// Hexadecimal digits of a secret.
const DIGITS: usize = 32;

/// 128 random bits, written as 32 lower-case hexadecimal digits. It has no `Debug`, so that no log shows it.
#[derive(Clone, Copy)]
pub struct Secret(u128);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new() -> Result<Secret> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(Error::Random)?;
        Ok(Secret(u128::from_ne_bytes(bytes)))
    }

    /// Whether both are the same, in the same time wherever they differ.
    pub fn same(self, other: Secret) -> bool {
        black_box(self.0 ^ other.0) == 0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Secret {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Secret, ()> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != DIGITS || !text.bytes().all(digit) {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(Secret).map_err(|_| ())
    }
}

/// The secret in the body of `POST /pair`: its digits and nothing else.
pub fn request(body: &[u8]) -> Option<Secret> {
    std::str::from_utf8(body).ok()?.parse().ok()
}

/// The token in an `Authorization: Bearer …` header.
pub fn bearer(header: &[u8]) -> Option<Secret> {
    request(header.strip_prefix(b"Bearer ")?)
}

/// The number that a phone gave its photo, in an `X-Photo` header: 128 random bits, like a secret, but none.
pub fn photo_id(header: &[u8]) -> Option<u128> {
    request(header).map(|id| id.0)
}

/// Why a phone was not paired, or is not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Refused {
    /// Not the code on the screen.
    Wrong,
    /// The code was shown too long ago.
    Expired,
    /// Another phone is paired, or this code was used before.
    Taken,
    /// Too many wrong codes came in.
    Guessed,
    /// The phone was paired too long ago.
    Old,
}

impl Refused {
    /// For the person at the computer.
    pub fn label(self) -> String {
        match self {
            Refused::Wrong => say!("有手机用不对的码来连，没有让它连"),
            Refused::Expired => say!("码已过期，请扫新码"),
            Refused::Taken => say!("有第二部手机来连，没有让它连；要换手机请换新码"),
            Refused::Guessed => say!("不对的码试了太多次，码已作废，请扫新码"),
            Refused::Old => say!("手机连得太久了，请扫新码再连一次"),
        }
    }
}

/// Where the pairing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The code is on the screen and waits for a phone.
    Waiting,
    /// A phone is paired.
    Paired,
    /// Nobody can pair until a new code is made, and why.
    Over(Refused),
}

enum State {
    Waiting { secret: Secret, until: Instant, wrong: u8 },
    Paired { token: Secret, until: Instant },
    Over(Refused),
}

/// One pairing from its code to its end.
pub struct Pairing(State);

impl Pairing {
    /// A new code, to be scanned from `now` on.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new(now: Instant) -> Result<Pairing> {
        let secret = Secret::new()?;
        Ok(Pairing(State::Waiting { secret, until: now + CODE_LIFE, wrong: 0 }))
    }

    /// The secret to show, while it can be used.
    pub fn secret(&self, now: Instant) -> Option<Secret> {
        match self.0 {
            State::Waiting { secret, until, .. } if now < until => Some(secret),
            _ => None,
        }
    }

    /// Ends what is too old, then says where the pairing stands.
    pub fn standing(&mut self, now: Instant) -> Standing {
        match self.0 {
            State::Waiting { until, .. } if now >= until => self.0 = State::Over(Refused::Expired),
            State::Paired { until, .. } if now >= until => self.0 = State::Over(Refused::Old),
            _ => {}
        }
        match self.0 {
            State::Waiting { .. } => Standing::Waiting,
            State::Paired { .. } => Standing::Paired,
            State::Over(why) => Standing::Over(why),
        }
    }

    /// Exchanges the secret, once, for a token. A wrong secret is counted; `None` is a wrong one.
    ///
    /// # Errors
    /// [`Error::Random`]; inside, why the phone is refused.
    pub fn pair(
        &mut self,
        offered: Option<Secret>,
        now: Instant,
    ) -> Result<std::result::Result<Secret, Refused>> {
        self.standing(now);
        let (secret, wrong) = match &mut self.0 {
            State::Waiting { secret, wrong, .. } => (*secret, wrong),
            State::Paired { .. } => return Ok(Err(Refused::Taken)),
            State::Over(why) => return Ok(Err(*why)),
        };
        if offered.is_some_and(|offered| offered.same(secret)) {
            let token = Secret::new()?;
            self.0 = State::Paired { token, until: now + TOKEN_LIFE };
            return Ok(Ok(token));
        }
        *wrong += 1;
        if *wrong < WRONG_MAX {
            return Ok(Err(Refused::Wrong));
        }
        self.0 = State::Over(Refused::Guessed);
        Ok(Err(Refused::Guessed))
    }

    /// Whether this is the paired phone's token.
    pub fn knows(&mut self, token: Option<Secret>, now: Instant) -> bool {
        self.standing(now);
        match (&self.0, token) {
            (State::Paired { token: known, .. }, Some(token)) => known.same(token),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn pairing() -> (Pairing, Secret, Instant) {
        let now = Instant::now();
        let pairing = Pairing::new(now).unwrap();
        let secret = pairing.secret(now).unwrap();
        (pairing, secret, now)
    }

    fn other(secret: Secret) -> Option<Secret> {
        Some(Secret(secret.0 ^ 1))
    }

    fn refused(pairing: &mut Pairing, secret: Option<Secret>, now: Instant) -> Option<Refused> {
        pairing.pair(secret, now).unwrap().err()
    }

    #[test]
    fn the_right_secret_pairs_once_and_its_token_is_known() {
        let (mut pairing, secret, now) = pairing();
        assert!(!pairing.knows(Some(secret), now), "the secret is no token");
        let token = pairing.pair(Some(secret), now).unwrap().ok().unwrap();
        assert!(!token.same(secret));
        assert!(pairing.knows(Some(token), now));
        assert!(!pairing.knows(other(token), now) && !pairing.knows(None, now));
        assert!(pairing.secret(now).is_none(), "a used code is shown no more");
        assert_eq!(refused(&mut pairing, Some(secret), now), Some(Refused::Taken), "a replay");
        assert!(pairing.knows(Some(token), now), "the replay ended the first phone's pairing");
    }

    #[test]
    fn the_fifth_wrong_secret_voids_the_code() {
        let (mut pairing, secret, now) = pairing();
        for _ in 1..WRONG_MAX {
            assert_eq!(refused(&mut pairing, other(secret), now), Some(Refused::Wrong));
        }
        assert_eq!(refused(&mut pairing, None, now), Some(Refused::Guessed));
        assert_eq!(refused(&mut pairing, Some(secret), now), Some(Refused::Guessed));
        assert_eq!(pairing.standing(now), Standing::Over(Refused::Guessed));
    }

    #[test]
    fn codes_and_tokens_end_in_time() {
        let (mut late, secret, now) = pairing();
        assert_eq!(late.standing(now + CODE_LIFE - Duration::from_nanos(1)), Standing::Waiting);
        assert!(late.secret(now + CODE_LIFE).is_none());
        assert_eq!(refused(&mut late, Some(secret), now + CODE_LIFE), Some(Refused::Expired));
        let (mut pairing, secret, now) = pairing();
        let token = pairing.pair(Some(secret), now).unwrap().ok();
        assert!(pairing.knows(token, now + CODE_LIFE), "a paired phone needs no code");
        assert!(!pairing.knows(token, now + TOKEN_LIFE));
        assert_eq!(pairing.standing(now + TOKEN_LIFE), Standing::Over(Refused::Old));
    }

    proptest! {
        #[test]
        fn a_secret_reads_as_it_was_written(bits: u128) {
            let text = Secret(bits).to_string();
            prop_assert!(request(text.as_bytes()).unwrap().same(Secret(bits)));
            let header = format!("Bearer {text}");
            prop_assert!(bearer(header.as_bytes()).unwrap().same(Secret(bits)));
            prop_assert!(bearer(text.as_bytes()).is_none());
        }

        #[test]
        fn what_reads_as_a_secret_was_written_by_us(body in "[0-9a-fA-F+ -]{30,34}") {
            if let Some(secret) = request(body.as_bytes()) {
                prop_assert_eq!(secret.to_string(), body);
            }
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            let _ = (request(&body), bearer(&body));
        }
    }
}
