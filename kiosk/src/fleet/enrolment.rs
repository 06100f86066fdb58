//! Where the enrolment stands.

use ledger::place::Village;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the enrolment stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Enrolment {
    /// The office was not asked yet, or could not be reached.
    #[default]
    Unasked,
    /// Somebody of the office has to type a code.
    Waiting(Waiting),
    /// One of the office's kiosks.
    Enrolled(Enrolled),
    /// The office took it out of use. It goes on showing what it has.
    Revoked,
}

/// A code that waits to be typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// 8 characters.
    pub code: String,
    /// By the office's clock.
    pub expires: Timestamp,
}

impl Waiting {
    /// The code as people read it to each other: `ABCD 2345`.
    #[must_use]
    pub fn in_groups(&self) -> String {
        let (first, second) = self.code.split_at_checked(4).unwrap_or((&self.code, ""));
        format!("{first} {second}")
    }
}

/// What the office says of a kiosk of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// What it is called there.
    pub name: String,
    /// Where it stands; the township's own code for its hall.
    pub village: Village,
}
