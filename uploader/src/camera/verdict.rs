//! What the computer says of one photo: shown on the phone while the paper still lies there.

use serde::{Serialize, Serializer};

/// What became of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is in the outbox.
    Taken,
    /// It was in the outbox before.
    Again,
    /// It cannot be used; sending it once more will not help.
    Bad,
    /// The computer could not keep it now; the phone keeps it and sends it again.
    Trouble,
}

/// Whether the text on the photo is sharp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharp {
    /// It is.
    Good,
    /// It is not, in a sentence that says what to do.
    Poor(String),
}

impl Serialize for Sharp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match self {
            Sharp::Good => "good",
            Sharp::Poor(sentence) => sentence,
        })
    }
}

/// What the computer says of one photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The item's number, if it is in the outbox.
    pub id: Option<i64>,
    /// What became of it.
    pub state: Outcome,
    /// The invoice number that was read.
    pub code: Option<String>,
    /// The amount that was read, in yuan.
    pub amount: Option<String>,
    /// Whether it is sharp, if that was measured.
    pub sharp: Option<Sharp>,
    /// Where this paper was seen before, as a sentence.
    pub seen: Option<String>,
    /// All in one sentence.
    pub say: String,
}

impl Verdict {
    /// One that says no more than what became of the photo.
    pub fn plain(state: Outcome, id: Option<i64>, say: String) -> Verdict {
        Verdict { id, state, code: None, amount: None, sharp: None, seen: None, say }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_phone_reads_these_words() {
        let mut verdict = Verdict::plain(Outcome::Taken, Some(7), "收到".into());
        verdict.sharp = Some(Sharp::Good);
        let read = serde_json::to_value(&verdict).unwrap();
        assert_eq!((&read["state"], &read["sharp"]), (&"taken".into(), &"good".into()));
        assert_eq!((&read["id"], &read["code"]), (&7.into(), &serde_json::Value::Null));
        verdict.sharp = Some(Sharp::Poor("手抖了".into()));
        assert_eq!(serde_json::to_value(&verdict).unwrap()["sharp"], "手抖了");
    }
}
