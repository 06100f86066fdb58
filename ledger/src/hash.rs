//! SHA-256 and its value.

use crate::encoding::{from_hex, hex, serde_as_text};
use core::{fmt, str::FromStr};
use sha2::{Digest, Sha256};

/// A SHA-256 digest; as text, 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The text is not 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 in lower-case hex")]
pub struct BadHashText;

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    sha256_parts(&[bytes])
}

/// SHA-256 of the parts one after another.
pub fn sha256_parts(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = BadHashText;
    fn from_str(text: &str) -> Result<Self, BadHashText> {
        from_hex(text).map(Hash).ok_or(BadHashText)
    }
}

serde_as_text!(Hash);
