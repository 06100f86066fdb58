//! What a kiosk tells the office of itself: the text of a note that the kiosk's own key signs.

use crate::checkpoint::CHECKPOINT_BYTES_MAX;
use crate::encoding::serde_as_text;
use crate::hash::{Hash, sha256};
use crate::key::{Algorithm, VerifierKey};
use crate::time::Timestamp;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// Bytes of the longest report.
pub const REPORT_BYTES_MAX: usize = 49_152;
/// The most bulletins that one report names; what is more is told by the next one.
pub const SHOWN_MAX: usize = 200;
/// Characters of the longest word.
pub const WORD_CHARS_MAX: usize = 40;
/// Seconds that a kiosk may believe its clock to be off: ten years.
pub const OFFSET_SECONDS_MAX: i64 = 10 * 366 * 86_400;
/// What the name of a kiosk's key begins with.
pub const KEY_NAME_START: &str = "kiosk/";
/// Lower-case hex digits that follow in it, drawn at random.
pub const KEY_NAME_DIGITS: usize = 16;

/// The largest number that every database holds.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// What the office calls a kiosk: the hash of its key's text.
pub fn id(key: &VerifierKey) -> Hash {
    sha256(key.to_string().as_bytes())
}

/// Whether this can be a kiosk's key: Ed25519, named `kiosk/` and 16 hex digits.
pub fn is_kiosk_key(key: &VerifierKey) -> bool {
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    key.algorithm() == Algorithm::Ed25519
        && key
            .name()
            .strip_prefix(KEY_NAME_START)
            .is_some_and(|digits| digits.len() == KEY_NAME_DIGITS && digits.bytes().all(digit))
}

/// A word for programs: 1 to 40 ASCII letters, digits and `.` `/` `+` `_` `-`. Never free text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

/// The text is not such a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a word is 1 to {WORD_CHARS_MAX} ASCII letters, digits, '.', '/', '+', '_' or '-'")]
pub struct BadWord;

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Word {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"./+_-".contains(&b);
        let right = (1..=WORD_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed);
        right.then(|| Word(text.to_string())).ok_or(BadWord)
    }
}

serde_as_text!(Word);

/// What a kiosk showed of one bulletin on one day, the day's beginning included when it is told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Log index of the bulletin.
    pub n: u64,
    /// When it came on the screen first that day.
    pub first: Timestamp,
    /// When it left the screen last, or now; of the same day.
    pub last: Timestamp,
    /// For how many seconds of that day it was on the screen in all.
    pub seconds: u64,
}

/// How a kiosk is. The order of the fields is the order in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Larger than that of every report before, from 1: no report counts twice.
    pub number: u64,
    /// What the kiosk's clock says.
    pub time: Timestamp,
    /// The version of its program.
    pub app: Word,
    /// The screen that it shows now.
    pub screen: Word,
    /// Bytes that are free where it keeps what it holds.
    pub free: u64,
    /// Bytes that there are.
    pub total: u64,
    /// Seconds that it believes its clock to be ahead of the true time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The newest checkpoint that it verified: the whole note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// What it showed since it reported last.
    pub shown: Vec<Shown>,
    /// When it last followed the log to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<Timestamp>,
    /// Why it could not the last time, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Word>,
}

/// Why a report was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// Longer than [`REPORT_BYTES_MAX`].
    #[error("the report is longer than {REPORT_BYTES_MAX} bytes")]
    TooLong,
    /// Not a report.
    #[error("not a report: {0}")]
    Form(String),
    /// A field is outside of its limits; its name.
    #[error("{0} is outside of its limits")]
    Limit(&'static str),
    /// Right in meaning but written otherwise than it must be.
    #[error("the report is not written in its one form")]
    Spelling,
}

impl Report {
    /// The one line of JSON with its newline: the text of the signed note.
    pub fn to_text(&self) -> String {
        // Serialising types that are all text or numbers to a string cannot fail.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`BadReport`]; anything that [`Report::to_text`] would not have written is refused.
    pub fn parse(text: &str) -> Result<Report, BadReport> {
        if text.len() > REPORT_BYTES_MAX {
            return Err(BadReport::TooLong);
        }
        let report: Report =
            serde_json::from_str(text).map_err(|error| BadReport::Form(error.to_string()))?;
        report.check()?;
        (report.to_text() == text).then_some(report).ok_or(BadReport::Spelling)
    }

    fn check(&self) -> Result<(), BadReport> {
        let held = self.checkpoint.as_ref().map_or(0, String::len);
        let offset = self.offset.unwrap_or(0).unsigned_abs();
        for (field, right) in [
            ("number", (1..=NUMBER_MAX).contains(&self.number)),
            ("total", (1..=NUMBER_MAX).contains(&self.total)),
            ("free", self.free <= self.total),
            ("offset", offset <= OFFSET_SECONDS_MAX.unsigned_abs()),
            ("checkpoint", held <= CHECKPOINT_BYTES_MAX),
            ("shown", self.shown.len() <= SHOWN_MAX),
            ("shown.n", self.shown.iter().all(|shown| shown.n <= NUMBER_MAX)),
            ("shown.seconds", self.shown.iter().all(|shown| shown.seconds <= 86_400)),
            ("shown.last", self.shown.iter().all(|s| s.first.date() == s.last.date())),
        ] {
            if !right {
                return Err(BadReport::Limit(field));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use alloc::{format, vec};

    fn report() -> Report {
        let time = |text: &str| text.parse().unwrap();
        Report {
            number: 7,
            time: time("2026-06-03T09:12:00+08:00"),
            app: "0.1.0".parse().unwrap(),
            screen: "bulletin/17".parse().unwrap(),
            free: 5,
            total: 10,
            offset: Some(-3),
            checkpoint: Some("log\n3\nroot\n\n— log x\n".into()),
            shown: vec![Shown {
                n: 17,
                first: time("2026-06-03T08:00:00+08:00"),
                last: time("2026-06-03T09:12:00+08:00"),
                seconds: 600,
            }],
            synced: Some(time("2026-06-03T09:00:00+08:00")),
            error: None,
        }
    }

    #[test]
    fn a_report_reads_back_and_has_one_spelling() {
        let text = report().to_text();
        assert_eq!(Report::parse(&text), Ok(report()));
        assert!(text.starts_with("{\"number\":7,\"time\":") && text.ends_with("}\n"));
        let spaced = text.replace("\"free\":5", "\"free\": 5");
        assert_eq!(Report::parse(&spaced), Err(BadReport::Spelling));
        let more = text.replace("\"free\":5", "\"free\":5,\"mood\":\"good\"");
        assert!(matches!(Report::parse(&more), Err(BadReport::Form(_))));
        assert_eq!(Report::parse(text.trim_end()), Err(BadReport::Spelling));
    }

    #[test]
    fn every_limit_is_kept() {
        let refused = |change: fn(&mut Report)| {
            let mut changed = report();
            change(&mut changed);
            Report::parse(&changed.to_text()).unwrap_err()
        };
        assert_eq!(refused(|r| r.number = 0), BadReport::Limit("number"));
        assert_eq!(refused(|r| r.number = u64::MAX), BadReport::Limit("number"));
        assert_eq!(refused(|r| r.free = 11), BadReport::Limit("free"));
        assert_eq!(refused(|r| (r.free, r.total) = (0, 0)), BadReport::Limit("total"));
        assert_eq!(refused(|r| r.offset = Some(i64::MIN)), BadReport::Limit("offset"));
        let long = |r: &mut Report| r.checkpoint = Some("x".repeat(CHECKPOINT_BYTES_MAX + 1));
        assert_eq!(refused(long), BadReport::Limit("checkpoint"));
        assert_eq!(refused(|r| r.shown[0].n = u64::MAX), BadReport::Limit("shown.n"));
        assert_eq!(refused(|r| r.shown[0].seconds = 86_401), BadReport::Limit("shown.seconds"));
        let next_day = |r: &mut Report| {
            r.shown[0].last = "2026-06-04T00:00:00+08:00".parse().unwrap();
        };
        assert_eq!(refused(next_day), BadReport::Limit("shown.last"));
        let many = |r: &mut Report| r.shown = vec![r.shown[0].clone(); SHOWN_MAX + 1];
        assert_eq!(refused(many), BadReport::Limit("shown"));
        let huge = |r: &mut Report| r.checkpoint = Some("x".repeat(REPORT_BYTES_MAX));
        assert_eq!(refused(huge), BadReport::TooLong);
    }

    #[test]
    fn the_largest_report_fits() {
        let mut large = report();
        large.shown = vec![large.shown[0].clone(); SHOWN_MAX];
        for (n, shown) in (0..).zip(&mut large.shown) {
            (shown.n, shown.seconds) = (NUMBER_MAX - n, 86_400);
        }
        large.checkpoint = Some("x".repeat(CHECKPOINT_BYTES_MAX));
        Report::parse(&large.to_text()).unwrap();
    }

    #[test]
    fn only_a_kiosks_key_is_one() {
        let named = |name: &str| SigningKey::from_seed(name, [7; 32]).unwrap().verifier();
        assert!(is_kiosk_key(&named("kiosk/0123456789abcdef")));
        for other in ["kiosk/", "kiosk/0123456789ABCDEF", "kiosk/0123", "341181107201/accountant"] {
            assert!(!is_kiosk_key(&named(other)), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(text in "\\PC{0,200}") {
            let _ = (Report::parse(&text), text.parse::<Word>());
        }

        #[test]
        fn a_report_with_one_byte_changed_is_another_or_none(at in 0..400usize, byte in 0x20u8..0x7f) {
            let text = report().to_text();
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            let changed = String::from_utf8_lossy(&bytes);
            if let Ok(read) = Report::parse(&changed) {
                proptest::prop_assert_eq!(read.to_text(), format!("{changed}"));
            }
        }
    }
}
