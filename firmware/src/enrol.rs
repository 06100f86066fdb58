//! How the office comes to know this board, and what the board tells it of itself: as a kiosk does, with a key that never
//! leaves the board.

use alloc::format;
use alloc::string::{String, ToString as _};

use embedded_nal_async::{Dns, TcpConnect};
use ledger::key::SigningKey;
use ledger::kiosk::{KEY_NAME_DIGITS, KEY_NAME_START, Report, id};
use ledger::note::compose;
use ledger::time::Timestamp;
use reqwless::headers::ContentType;
use serde_json::Value;

use crate::board::{Chance, Flash};
use crate::http::{HttpError, Net};
use crate::pages::Enrol;
use crate::store::{Store, StoreError, Word};

/// Bytes of the longest answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024;
/// Digits of the board's id that people compare.
const CHECK_DIGITS: usize = 8;

/// Where the enrolment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// The office has not typed the code yet.
    Waiting {
        /// Eight characters.
        code: String,
    },
    /// The office knows this board.
    Enrolled {
        /// What it calls it.
        name: String,
        /// The number of the newest report that it kept.
        number: u64,
    },
    /// The office took it out of use.
    Revoked,
}

/// What the office answered, and what time it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Where the enrolment stands.
    pub stand: Stand,
    /// Seconds since 1970 by the office's clock.
    pub time: i64,
}

/// The board's key; made at the first start.
///
/// # Errors
/// [`StoreError`].
pub async fn key<F: Flash>(
    store: &mut Store<F>,
    chance: &mut impl Chance,
) -> Result<SigningKey, StoreError> {
    let kept = store.word(Word::Key).await?;
    let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    if let Some(key) = kept {
        return Ok(key);
    }
    let (mut seed, mut digits) = ([0; 32], [0; KEY_NAME_DIGITS / 2]);
    chance.fill(&mut seed);
    chance.fill(&mut digits);
    let digits = u64::from_be_bytes(digits);
    let name = format!("{KEY_NAME_START}{digits:0width$x}", width = KEY_NAME_DIGITS);
    let key = SigningKey::from_seed(&name, seed).map_err(|_| StoreError::TooLong)?;
    store.put_word(Word::Key, key.to_secret_text().as_bytes()).await?;
    Ok(key)
}

/// The digits that a person of the office compares: eight.
pub fn check_digits(key: &SigningKey) -> String {
    let mut digits = id(&key.verifier()).to_string();
    digits.truncate(CHECK_DIGITS);
    digits
}

/// The page that says so.
pub fn page(key: &SigningKey, stand: Option<&Stand>) -> Enrol {
    let (code, name) = match stand {
        Some(Stand::Waiting { code }) => (Some(code.clone()), None),
        Some(Stand::Enrolled { name, .. }) => (None, Some(name.clone())),
        Some(Stand::Revoked) | None => (None, None),
    };
    Enrol { code, check: check_digits(key), name }
}

/// Asks to be enrolled, and where that stands.
///
/// # Errors
/// [`HttpError`].
pub async fn ask<T: TcpConnect, D: Dns>(
    net: &Net<'_, T, D>,
    server: &str,
    key: &SigningKey,
    app: &str,
) -> Result<Answer, HttpError> {
    let asking = serde_json::json!({ "vkey": key.verifier().to_string(), "app": app }).to_string();
    let (url, kind) = (format!("{server}/api/kiosks"), ContentType::ApplicationJson);
    let (status, text) = net.post(&url, kind, asking.as_bytes(), ANSWER_BYTES_MAX).await?;
    (status == 200).then(|| read(&text)).flatten().ok_or(HttpError::Status(status))
}

fn read(text: &str) -> Option<Answer> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let said = |field: &str| answer[field].as_str().map(String::from);
    let stand = match answer["state"].as_str()? {
        "waiting" => Stand::Waiting { code: said("code")? },
        "enrolled" => Stand::Enrolled { name: said("name")?, number: answer["number"].as_u64()? },
        "revoked" => Stand::Revoked,
        _ => return None,
    };
    let time: Timestamp = answer["time"].as_str()?.parse().ok()?;
    Some(Answer { stand, time: time.unix_seconds() })
}

/// What the office says to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is on the office's disk; the next one in so many seconds.
    Kept {
        /// Seconds.
        every: u64,
        /// Seconds since 1970 by the office's clock.
        time: i64,
    },
    /// Its number was used: ask for the newest one.
    Replayed,
    /// The office took this board out of use.
    Revoked,
}

/// Tells the office how the board is.
///
/// # Errors
/// [`HttpError`].
pub async fn report<T: TcpConnect, D: Dns>(
    net: &Net<'_, T, D>,
    server: &str,
    key: &SigningKey,
    report: &Report,
) -> Result<Told, HttpError> {
    let text = report.to_text();
    let note = compose(&text, &[key.sign(&text)]);
    let url = format!("{server}/api/kiosks/{}/report", id(&key.verifier()));
    let kind = ContentType::TextPlain;
    let (status, text) = net.post(&url, kind, note.as_bytes(), ANSWER_BYTES_MAX).await?;
    match status {
        200 => kept(&text).ok_or(HttpError::Status(status)),
        409 => Ok(Told::Replayed),
        403 => Ok(Told::Revoked),
        _ => Err(HttpError::Status(status)),
    }
}

fn kept(text: &str) -> Option<Told> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let time: Timestamp = answer["time"].as_str()?.parse().ok()?;
    Some(Told::Kept { every: answer["report_every"].as_u64()?, time: time.unix_seconds() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nor::{Nor, SECTOR};
    use crate::store::Layout;
    use embassy_futures::block_on;

    struct Dice(u8);

    impl Chance for Dice {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.iter_mut().for_each(|byte| {
                self.0 = self.0.wrapping_mul(77).wrapping_add(13);
                *byte = self.0;
            });
        }
    }

    #[test]
    fn the_key_is_made_once_and_kept() {
        let layout = Layout { records: 0..4 * SECTOR as u32, pictures: 0..2 * SECTOR as u32 };
        let mut store = Store::new(Nor::new(4), layout);
        let made = block_on(key(&mut store, &mut Dice(1))).unwrap();
        assert!(ledger::kiosk::is_kiosk_key(&made.verifier()));
        let again = block_on(key(&mut store, &mut Dice(2))).unwrap();
        assert_eq!(again.verifier(), made.verifier());
        let digits = check_digits(&made);
        assert!(digits.len() == 8 && id(&made.verifier()).to_string().starts_with(&digits));
    }

    #[test]
    fn answers_are_read_or_refused() {
        let waiting = r#"{"id":"x","state":"waiting","code":"ABCD2345","number":0,"time":"2026-06-03T09:12:00+08:00","new":1}"#;
        let stand = Stand::Waiting { code: "ABCD2345".into() };
        assert_eq!(read(waiting), Some(Answer { stand, time: 1_780_449_120 }));
        let enrolled =
            waiting.replace("waiting", "enrolled").replace("\"new\"", "\"name\":\"村部\",\"new\"");
        let stand = Stand::Enrolled { name: "村部".into(), number: 0 };
        assert_eq!(read(&enrolled).unwrap().stand, stand);
        for bad in
            ["", "{}", "[]", &waiting.replace("waiting", "lost"), &waiting.replace("code", "kode")]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
        let said = r#"{"time":"2026-06-03T09:12:00+08:00","name":"x","village":"y","emergencies":[],"report_every":600}"#;
        assert_eq!(kept(said), Some(Told::Kept { every: 600, time: 1_780_449_120 }));
    }
}
