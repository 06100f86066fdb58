//! What a phone or a kiosk sends when somebody asks. The same question sent again is the same question.

use crate::content::{BadContent, Channel, QUESTION_CHARS_MAX, Topic, lines};
use crate::encoding::{from_hex, hex, serde_as_text};
use crate::hash::sha256_parts;
use crate::place::Village;
use alloc::string::String;
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// Bytes of the longest question as it is sent.
pub const ASKING_BYTES_MAX: usize = 16 * 1024;
/// Digits of a slip number.
pub const SLIP_DIGITS: usize = 10;
/// Digits of a PIN.
pub const PIN_DIGITS: usize = 4;

/// 128 random bits that the asker's device drew; as text, 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskId(pub [u8; 16]);

/// The number on the asker's slip. It finds the question and opens nothing: the PIN does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip(String);

/// The asker's four digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// The text is not of that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct BadNumber(&'static str);

impl AskId {
    /// The slip number: every device finds it by itself, with the office out of reach.
    pub fn slip(&self) -> Slip {
        let hash = sha256_parts(&[b"mingbai slip\n", &self.0]).0;
        let digits = hash.iter().take(SLIP_DIGITS).map(|byte| char::from(b'0' + byte % 10));
        Slip(digits.collect())
    }
}

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for AskId {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        from_hex(text).map(AskId).ok_or(BadNumber("32 hex digits"))
    }
}

impl Slip {
    /// Its ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it aloud: `123 456 7890`.
    pub fn spaced(&self) -> String {
        alloc::format!("{} {} {}", &self.0[..3], &self.0[3..6], &self.0[6..])
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slip {
    type Err = BadNumber;
    /// Blanks and dashes between the digits do not matter.
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let digits: String =
            text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{3000}')).collect();
        let right = digits.len() == SLIP_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        right.then_some(Slip(digits)).ok_or(BadNumber("a slip number of 10 digits"))
    }
}

impl Pin {
    /// A PIN from two random bytes.
    pub fn of(random: [u8; 2]) -> Pin {
        Pin(alloc::format!("{:04}", u16::from_be_bytes(random) % 10_000))
    }

    /// Its four digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin")
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pin {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let right = text.len() == PIN_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        right.then(|| Pin(text.into())).ok_or(BadNumber("a PIN of 4 digits"))
    }
}

serde_as_text!(AskId);
serde_as_text!(Pin);

/// A question on its way to the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// Drawn where it was asked.
    pub id: AskId,
    /// The asker's PIN.
    pub pin: Pin,
    /// The village that is asked, or the township.
    pub village: Village,
    /// Log index of what it is about, if it is about something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// What for.
    pub topic: Topic,
    /// In the asker's words.
    pub text: String,
    /// Where.
    pub channel: Channel,
}

impl Asking {
    /// # Errors
    /// [`BadContent::Field`] when the text is empty, too long, or holds control characters.
    pub fn check(&self) -> Result<(), BadContent> {
        lines("text", &self.text, QUESTION_CHARS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_slip_number_comes_from_the_question_alone() {
        let (one, two) = (AskId([1; 16]), AskId([2; 16]));
        assert_eq!(one.slip(), one.slip());
        assert_ne!(one.slip(), two.slip());
        let spaced = one.slip().spaced();
        assert_eq!(spaced.len(), SLIP_DIGITS + 2);
        assert_eq!(spaced.parse(), Ok(one.slip()));
        assert!("12345".parse::<Slip>().is_err() && "12345678 9x".parse::<Slip>().is_err());
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    #[test]
    fn a_pin_is_four_digits() {
        assert_eq!(Pin::of([0, 7]).as_str(), "0007");
        assert_eq!(Pin::of([0xff, 0xff]).as_str(), "5535");
        for bad in ["", "123", "12345", "12a4", "１２３４"] {
            assert!(bad.parse::<Pin>().is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            if let Ok(asking) = serde_json::from_slice::<Asking>(&bytes) {
                let _ = asking.check();
            }
        }

        #[test]
        fn no_text_panics_the_numbers(text in ".{0,20}") {
            let _ = (text.parse::<Slip>(), text.parse::<Pin>(), text.parse::<AskId>());
        }
    }
}
