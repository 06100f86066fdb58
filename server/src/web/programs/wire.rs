//! How values are spelled in JSON: each type takes what its schema says, and nothing else.

use std::borrow::Cow;
use std::fmt;

use ledger::content::{ColumnKind, Importance};
use ledger::hash::Hash;
use ledger::place::Village;
use ledger::statement::{LegalGround, Source};
use ledger::time::Period;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::assess::Half;
use crate::bulletin::EMERGENCY_HOURS_MAX;
use crate::bulletin::written::DRAFT;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

/// Text whose type knows its spelling already, and the schema of it.
macro_rules! spelled {
    ($($(#[$doc:meta])* $name:ident($inner:ty) = $schema:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

spelled! {
    /// A month of accounts.
    Month(Period) = text()
        .pattern(Some("^(19|[2-9][0-9])[0-9]{2}-(0[1-9]|1[0-2])$"))
        .examples(["2026-05"]);
    /// A village's or the township's code.
    VillageCode(Village) = text().pattern(Some("^[0-9]{12}$")).examples(["341181107201"]);
    /// A SHA-256 in hex: it names a submission, a content, a picture.
    Sha256(Hash) = text().pattern(Some("^[0-9a-f]{64}$"));
    /// Half a year.
    HalfYear(HalfText) = text()
        .pattern(Some("^(19|[2-9][0-9])[0-9]{2}-[12]$"))
        .examples(["2026-1"]);
    /// A draft's name.
    DraftId(DraftText32) = text().pattern(Some("^[0-9a-f]{32}$"));
    /// The policy that a bulletin explains: the hash of its content, or a draft of it.
    Explains(ExplainsText) = text().pattern(Some("^([0-9a-f]{64}|draft:[0-9a-f]{32})$"));
    /// Where an error came from.
    ErrorSource(Source) = text().enum_values(Some(["format", "original", "attribute"]));
    /// How important a bulletin is.
    ImportanceWord(Importance) = text().enum_values(Some(["normal", "important", "emergency"]));
    /// What stands in a column.
    ColumnKindWord(ColumnKind) = text().enum_values(Some(["notice", "policy", "explanation"]));
    /// The law's ground for what is not open.
    GroundWord(LegalGround) = text().enum_values(Some([
        "state-secret", "safety", "trade-secret", "privacy", "internal", "process", "enforcement",
    ]));
}

/// The text of a half year.
#[derive(Clone, Copy, Debug)]
pub struct HalfText(pub Half);

impl Serialize for HalfText {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HalfText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(d)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// 32 hex digits.
#[derive(Clone, Debug, Serialize)]
pub struct DraftText32(pub String);

impl<'de> Deserialize<'de> for DraftText32 {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if is_hex(&text, 32) { Ok(Self(text)) } else { Err(D::Error::custom("not a draft's id")) }
    }
}

/// A hash, or the name of a draft.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainsText(pub String);

impl<'de> Deserialize<'de> for ExplainsText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let draft = text.strip_prefix(DRAFT).is_some_and(|id| is_hex(id, 32));
        if draft || is_hex(&text, 64) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("neither a hash nor a draft"))
        }
    }
}

/// One line: so many characters at least and at most, none of them a control character.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct LineOf<const MIN: usize, const MAX: usize>(pub String);

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for LineOf<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let fits = (MIN..=MAX).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!("not one line of {MIN} to {MAX} characters")))
        }
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for LineOf<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        text()
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for LineOf<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Line{MIN}To{MAX}"))
    }
}

/// A login, or a name.
pub type Name = LineOf<1, 40>;
/// A reason.
pub type Reason = LineOf<1, 200>;
/// A longer reason.
pub type LongReason = LineOf<1, 500>;
/// A key (C2SP vkey), or a key's name.
pub type KeyText = LineOf<1, 300>;
/// A password.
pub type Password = LineOf<8, 256>;
/// A field of a draft, right or not yet.
pub type Short = LineOf<0, 100>;
/// The same, longer.
pub type Long = LineOf<0, 300>;

/// Text of several lines: so many characters at most.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Prose(pub String);

impl Prose {
    /// Characters of the longest.
    const CHARS_MAX: usize = 20_000;
}

impl<'de> Deserialize<'de> for Prose {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if text.chars().count() <= Self::CHARS_MAX {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format!("over {} characters", Self::CHARS_MAX)))
        }
    }
}

impl PartialSchema for Prose {
    fn schema() -> RefOr<Schema> {
        text().max_length(Some(Self::CHARS_MAX)).into()
    }
}

impl ToSchema for Prose {}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let number = d.deserialize_i64(Whole)?;
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(D::Error::custom(format!("not from {MIN} to {MAX}")))
        }
    }
}

/// A whole number however it is written: JSON has one kind of number, in which `7.0` is an integer too.
struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<i64, E> {
        // Written out without a point; a fraction, or what is not a number, is no integer.
        number.to_string().parse().map_err(|_| E::custom("not a whole number"))
    }
}

impl<const MIN: i64, const MAX: i64> PartialSchema for Int<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let integer = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
        integer.minimum(Some(MIN)).maximum(Some(MAX)).into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Int<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("From{MIN}To{MAX}"))
    }
}

/// The largest number that every program reads exactly (2^53 - 1).
pub const EXACT_MAX: i64 = 9_007_199_254_740_991;
/// A log index, or a line's number.
pub type Index = Int<0, EXACT_MAX>;
/// A day of the week, Monday being 1.
pub type Weekday = Int<1, 7>;
/// Hours that an emergency is shown.
pub type Hours = Int<1, EMERGENCY_HOURS_MAX>;
/// A year.
pub type Year = Int<1900, 9998>;

impl Index {
    /// As the log counts.
    pub fn index(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// A list with so many values at least and at most.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Few<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de>
    for Few<T, MIN, MAX>
{
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let list = Vec::deserialize(d)?;
        if (MIN..=MAX).contains(&list.len()) {
            Ok(Self(list))
        } else {
            Err(D::Error::custom(format!("not {MIN} to {MAX} values")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes<T: serde::de::DeserializeOwned>(json: &str) -> bool {
        serde_json::from_str::<T>(json).is_ok()
    }

    #[test]
    fn a_value_is_taken_exactly_as_its_schema_says() {
        assert!(takes::<Month>("\"2026-05\"") && !takes::<Month>("\"2026-13\""));
        assert!(takes::<HalfYear>("\"2026-1\"") && !takes::<HalfYear>("\"2026-3\""));
        assert!(takes::<Name>("\"李\"") && !takes::<Name>("\"\"") && !takes::<Name>("\"a\\n\""));
        assert!(takes::<Weekday>("7") && !takes::<Weekday>("8") && !takes::<Weekday>("1.5"));
        assert!(takes::<Index>("7.0") && takes::<Index>("1e13") && !takes::<Index>("-1"));
        assert!(takes::<Index>("9007199254740991") && !takes::<Index>("9007199254740992"));
        assert!(takes::<Few<u8, 1, 2>>("[1,2]") && !takes::<Few<u8, 1, 2>>("[]"));
        let id = "0".repeat(32);
        assert!(takes::<Explains>(&format!("\"draft:{id}\"")));
        assert!(!takes::<Explains>(&format!("\"{id}\"")));
        let word = |word: &str| takes::<GroundWord>(&format!("\"{word}\""));
        assert!(word("state-secret") && word("enforcement") && !word("other"));
        assert!(takes::<ImportanceWord>("\"emergency\"") && takes::<ColumnKindWord>("\"policy\""));
        assert!(takes::<ErrorSource>("\"attribute\""));
    }
}
