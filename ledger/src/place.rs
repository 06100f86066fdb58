//! Where: a village or township by its 12-digit statistical code.

use crate::encoding::serde_as_text;
use core::{fmt, str::FromStr};

/// A 12-digit statistical code (统计用区划代码) of a village, or of a township (its last three digits are zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Village([u8; 12]);

/// The text is not twelve digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a village code is 12 digits")]
pub struct BadVillage;

impl Village {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        // Only digits are ever stored.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The code of the township that this village belongs to.
    pub fn township(&self) -> Village {
        let mut digits = self.0;
        digits[9..].fill(b'0');
        Village(digits)
    }

    /// True for a township's own code.
    pub fn is_township(&self) -> bool {
        *self == self.township()
    }
}

impl fmt::Display for Village {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Village {
    type Err = BadVillage;
    fn from_str(text: &str) -> Result<Self, BadVillage> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| BadVillage)?;
        digits.iter().all(u8::is_ascii_digit).then_some(Village(digits)).ok_or(BadVillage)
    }
}

serde_as_text!(Village);
