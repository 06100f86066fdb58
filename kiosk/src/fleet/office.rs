//! The office at the other end of the line: what it is asked and told, and its answers (docs/FORMATS.md, "Kiosks").

use std::time::Duration;

use ledger::key::SigningKey;
use ledger::kiosk::{Report, id};
use ledger::note;
use ledger::place::Village;
use ledger::time::Timestamp;
use serde::Deserialize;

use super::FleetError;
use crate::fetch::{Answer, Ask, FetchError, Manner, Server, Source};

/// Bytes of the largest answer.
const ANSWER_BYTES_MAX: u64 = 16_384;
/// Characters of the longest name that the office can have given.
const NAME_CHARS_MAX: usize = 40;
/// The most bulletins that are urgent at the same time.
const EMERGENCIES_MAX: usize = 20;
/// Characters of a code.
const CODE_CHARS: usize = 8;
/// What a code is made of.
const CODE_ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Where the enrolment stands, as the office says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(super) enum Said {
    /// Somebody has to type this code.
    Waiting { code: String, expires: Timestamp },
    /// The office calls it so, and it stands there.
    Enrolled { name: String, village: Village },
    /// Out of use.
    Revoked,
}

/// The whole answer to a question about the enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Standing {
    #[serde(flatten)]
    pub said: Said,
    /// Of the newest report that was kept.
    pub number: u64,
    pub time: Timestamp,
}

/// What is answered to a report that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Kept {
    pub time: Timestamp,
    pub name: String,
    pub village: Village,
    pub emergencies: Vec<u64>,
    pub report_every: u64,
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    /// It is on the office's disk.
    Kept(Kept),
    /// Its number was not larger than the last one's.
    Replayed,
    /// Too soon after the last one.
    TooOften,
    /// Taken out of use.
    Revoked,
    /// The office does not know this kiosk.
    Unknown,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The office of one kiosk.
pub(super) struct Office {
    server: Server,
    key: SigningKey,
    id: String,
}

impl Office {
    pub(super) fn new(url: &str, patience: Duration, key: SigningKey) -> Result<Self, FleetError> {
        let id = id(&key.verifier()).to_string();
        Ok(Self { server: Server::new(url, Manner { patience, rate: None })?, key, id })
    }

    /// The way to it.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Asks to be enrolled, or where that stands already.
    pub(super) fn ask(&self) -> Result<Standing, FleetError> {
        let asked = serde_json::json!({
            "vkey": self.key.verifier().to_string(),
            "app": env!("CARGO_PKG_VERSION"),
        });
        let path = "/api/kiosks";
        let kind = "application/json";
        match self.server.post(path, kind, &asked.to_string(), ANSWER_BYTES_MAX)? {
            (200, bytes) => checked(read(path, &bytes)?, path),
            (status, bytes) => Err(refused(path, status, &bytes)),
        }
    }

    /// Asks where the enrolment stands; none when the office knows nothing (any more) of this kiosk.
    pub(super) fn standing(&self) -> Result<Option<Standing>, FleetError> {
        let path = format!("/api/kiosks/{}", self.id);
        match Source::Server(self.server.clone()).get(&path, Ask::Whole, ANSWER_BYTES_MAX)? {
            Answer::Whole(bytes, _) => Ok(Some(checked(read(&path, &bytes)?, &path)?)),
            _ => Ok(None),
        }
    }

    /// Signs and sends a report.
    pub(super) fn report(&self, report: &Report) -> Result<Reported, FleetError> {
        let text = report.to_text();
        let note = note::compose(&text, &[self.key.sign(&text)]);
        let path = format!("/api/kiosks/{}/report", self.id);
        let (status, bytes) = self.server.post(&path, "text/plain", &note, ANSWER_BYTES_MAX)?;
        let word =
            || serde_json::from_slice(&bytes).map_or_else(|_| String::new(), |r: Refusal| r.error);
        Ok(match status {
            200 => {
                let mut kept: Kept = read(&path, &bytes)?;
                check_name(&kept.name, &path)?;
                kept.emergencies.truncate(EMERGENCIES_MAX);
                Reported::Kept(kept)
            }
            404 => Reported::Unknown,
            409 => Reported::Replayed,
            429 => Reported::TooOften,
            403 if word() == "revoked" => Reported::Revoked,
            _ => return Err(refused(&path, status, &bytes)),
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, FleetError> {
    serde_json::from_slice(bytes).map_err(|error| malformed(path, error.to_string()))
}

/// What will stand on a screen has to be what it must be.
fn checked(standing: Standing, path: &str) -> Result<Standing, FleetError> {
    match &standing.said {
        Said::Waiting { code, .. }
            if code.len() != CODE_CHARS || !code.bytes().all(|b| CODE_ALPHABET.contains(&b)) =>
        {
            Err(malformed(path, "the code is none".into()))
        }
        Said::Enrolled { name, .. } => check_name(name, path).map(|()| standing),
        _ => Ok(standing),
    }
}

fn check_name(name: &str, path: &str) -> Result<(), FleetError> {
    let right =
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if right { Ok(()) } else { Err(malformed(path, "the name is none".into())) }
}

fn malformed(path: &str, reason: String) -> FleetError {
    FetchError::Malformed { path: path.to_owned(), reason }.into()
}

fn refused(path: &str, status: u16, bytes: &[u8]) -> FleetError {
    match serde_json::from_slice::<Refusal>(bytes) {
        // A word for programs: anything else could be anything.
        Ok(Refusal { error }) if error.parse::<ledger::kiosk::Word>().is_ok() => {
            FleetError::Refused(error)
        }
        _ => FetchError::Status { path: path.to_owned(), status }.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn standing(json: &str) -> Result<Standing, FleetError> {
        checked(read("/", json.as_bytes())?, "/")
    }

    #[test]
    fn an_answer_is_read_as_the_protocol_says_and_nothing_else_is_shown() {
        let waiting = r#"{"id":"00","state":"waiting","code":"23456789","number":0,"mood":"good",
            "expires":"2026-06-03T09:12:00+08:00","time":"2026-06-03T09:00:00+08:00"}"#;
        assert!(matches!(standing(waiting).unwrap().said, Said::Waiting { .. }));
        let enrolled = r#"{"state":"enrolled","name":"文化广场","village":"341181107201",
            "number":7,"time":"2026-06-03T09:00:00+08:00"}"#;
        assert_eq!(standing(enrolled).unwrap().number, 7);
        let revoked = r#"{"state":"revoked","number":7,"time":"2026-06-03T09:00:00+08:00"}"#;
        assert_eq!(standing(revoked).unwrap().said, Said::Revoked);
        for bad in [
            waiting.replace("23456789", "2345678"),
            waiting.replace("23456789", "2345678O"),
            waiting.replace("waiting", "dreaming"),
            enrolled.replace("文化广场", ""),
            enrolled.replace("文化广场", r"a\nb"),
            enrolled.replace("文化广场", &"村".repeat(41)),
            enrolled.replace("341181107201", "村"),
            revoked.replace("+08:00", ""),
            String::new(),
        ] {
            assert!(standing(&bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_panics_the_reader(text in "\\PC{0,200}") {
            let _ = (standing(&text), refused("/", 400, text.as_bytes()));
        }
    }
}
