//! Keys of signed notes (C2SP signed-note): who a signature is by.

use crate::encoding::{base64, from_base64, from_hex, serde_as_text};
use crate::hash::sha256_parts;
use crate::note::SIGNATURE_MARK;
use alloc::{format, string::String, vec::Vec};
use core::{fmt, str::FromStr};
use ed25519_dalek::{Signature, Signer};

/// How a key signs; the byte that stands before the public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Type 0x01: Ed25519 (RFC 8032) over the note's text.
    Ed25519,
    /// Type 0x04: Ed25519 over a time and the note's text (C2SP tlog-cosignature).
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Algorithm::Ed25519 => 1,
            Algorithm::Cosignature => 4,
        }
    }
}

/// Why a key's text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not `name+hash+base64`.
    #[error("not a key in the form name+hash+base64")]
    Form,
    /// The name is empty or holds a space, a control character or `+`.
    #[error("a key's name must not be empty or hold spaces or '+'")]
    Name,
    /// The hash does not belong to the name and the key: a slip in copying.
    #[error("the key does not match its own hash; copy it again in full")]
    Hash,
    /// A kind of key other than Ed25519.
    #[error("a kind of key that is not known here")]
    Unknown,
    /// The bytes are no point of the curve.
    #[error("not an Ed25519 public key")]
    Point,
}

/// A public key and the name it signs under.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    algorithm: Algorithm,
    key: ed25519_dalek::VerifyingKey,
}

/// `SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]`, C2SP signed-note.
fn key_id(name: &str, algorithm: Algorithm, public: &[u8]) -> u32 {
    let hash = sha256_parts(&[name.as_bytes(), b"\n", &[algorithm.byte()], public]).0;
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

fn check_name(name: &str) -> Result<(), BadKey> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (!name.is_empty() && !name.contains(forbidden)).then_some(()).ok_or(BadKey::Name)
}

impl VerifierKey {
    /// The name its signatures carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that its signatures begin with, as a big-endian number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How its signatures are made.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The 32 bytes of the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// True if `signature` (the bytes after the key id) is this key's over `text`.
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let strict = |message: &[u8], signature: &[u8]| {
            Signature::from_slice(signature)
                .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
        };
        match self.algorithm {
            Algorithm::Ed25519 => strict(text.as_bytes(), signature),
            Algorithm::Cosignature => cosignature_time(signature)
                .is_some_and(|time| strict(cosigned_text(text, time).as_bytes(), &signature[8..])),
        }
    }
}

/// The POSIX seconds inside a cosignature (C2SP tlog-cosignature), if they are in range.
pub fn cosignature_time(signature: &[u8]) -> Option<i64> {
    let seconds = signature.first_chunk::<8>()?;
    let seconds = i64::from_be_bytes(*seconds);
    (seconds >= 0).then_some(seconds)
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::from([self.algorithm.byte()]);
        bytes.extend(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.id, base64(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (name, rest) = text.split_once('+').ok_or(BadKey::Form)?;
        let (id, bytes) = rest.split_once('+').ok_or(BadKey::Form)?;
        check_name(name)?;
        let id = u32::from_be_bytes(from_hex(id).ok_or(BadKey::Form)?);
        let bytes = from_base64(bytes).ok_or(BadKey::Form)?;
        let (kind, public) = bytes.split_first().ok_or(BadKey::Form)?;
        let algorithm = match kind {
            1 => Algorithm::Ed25519,
            4 => Algorithm::Cosignature,
            _ => return Err(BadKey::Unknown),
        };
        if key_id(name, algorithm, public) != id {
            return Err(BadKey::Hash);
        }
        let public: &[u8; 32] = public.try_into().map_err(|_| BadKey::Point)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| BadKey::Point)?;
        Ok(VerifierKey { name: name.into(), id, algorithm, key })
    }
}

serde_as_text!(VerifierKey);

/// A private Ed25519 key and the name it signs under. It is wiped from memory when dropped and never printed.
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key grown from 32 random bytes.
    ///
    /// # Errors
    /// [`BadKey::Name`] if signatures could not carry `name`.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, BadKey> {
        check_name(name)?;
        Ok(SigningKey { name: name.into(), key: ed25519_dalek::SigningKey::from_bytes(&seed) })
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        public_half(&self.name, Algorithm::Ed25519, &self.key)
    }

    /// The secret as one line of text, for a file of mode 0600 and nothing else.
    pub fn to_secret_text(&self) -> String {
        secret_text(&self.verifier(), &self.key)
    }

    /// Signs a note's text (which must end in a newline): one signature line with its newline.
    pub fn sign(&self, text: &str) -> String {
        let mut bytes = Vec::from(self.verifier().id.to_be_bytes());
        bytes.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{SIGNATURE_MARK}{} {}\n", self.name, base64(&bytes))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

impl FromStr for SigningKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (name, key) = read_secret(text, Algorithm::Ed25519)?;
        Ok(SigningKey { name, key })
    }
}

/// A witness's private key and the name it cosigns under (C2SP tlog-cosignature). It is wiped from memory when dropped
/// and never printed. It signs nothing but times and notes together.
pub struct CosigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl CosigningKey {
    /// The key grown from 32 random bytes.
    ///
    /// # Errors
    /// [`BadKey::Name`] if cosignatures could not carry `name`.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, BadKey> {
        check_name(name)?;
        Ok(CosigningKey { name: name.into(), key: ed25519_dalek::SigningKey::from_bytes(&seed) })
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        public_half(&self.name, Algorithm::Cosignature, &self.key)
    }

    /// The secret as one line of text, for a file of mode 0600 and nothing else.
    pub fn to_secret_text(&self) -> String {
        secret_text(&self.verifier(), &self.key)
    }

    /// Cosigns a note's text (which must end in a newline) as seen at `time` (Unix seconds; before 1970 counts as 1970):
    /// one signature line with its newline.
    pub fn cosign(&self, text: &str, time: i64) -> String {
        let time = time.max(0);
        let mut bytes = Vec::from(self.verifier().id.to_be_bytes());
        bytes.extend(time.to_be_bytes());
        bytes.extend(self.key.sign(cosigned_text(text, time).as_bytes()).to_bytes());
        format!("{SIGNATURE_MARK}{} {}\n", self.name, base64(&bytes))
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosigningKey({})", self.name)
    }
}

impl FromStr for CosigningKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let (name, key) = read_secret(text, Algorithm::Cosignature)?;
        Ok(CosigningKey { name, key })
    }
}

/// What a cosignature is made over.
fn cosigned_text(text: &str, time: i64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn public_half(name: &str, algorithm: Algorithm, key: &ed25519_dalek::SigningKey) -> VerifierKey {
    let key = key.verifying_key();
    VerifierKey { name: name.into(), id: key_id(name, algorithm, key.as_bytes()), algorithm, key }
}

fn secret_text(public: &VerifierKey, key: &ed25519_dalek::SigningKey) -> String {
    let mut bytes = Vec::from([public.algorithm.byte()]);
    bytes.extend(key.as_bytes());
    format!("PRIVATE+KEY+{}+{:08x}+{}", public.name, public.id, base64(&bytes))
}

/// The name and the key in what [`secret_text`] wrote for this algorithm.
fn read_secret(
    text: &str,
    algorithm: Algorithm,
) -> Result<(String, ed25519_dalek::SigningKey), BadKey> {
    let rest = text.trim_end().strip_prefix("PRIVATE+KEY+").ok_or(BadKey::Form)?;
    let mut parts = rest.splitn(3, '+');
    let mut part = || parts.next().ok_or(BadKey::Form);
    let (name, id, bytes) = (part()?, part()?, part()?);
    let bytes = from_base64(bytes).ok_or(BadKey::Form)?;
    let (kind, seed) = bytes.split_first().ok_or(BadKey::Form)?;
    if *kind != algorithm.byte() {
        return Err(BadKey::Unknown);
    }
    check_name(name)?;
    let seed: &[u8; 32] = seed.try_into().map_err(|_| BadKey::Form)?;
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    let id = from_hex(id).map(u32::from_be_bytes);
    let right = id == Some(public_half(name, algorithm, &key).id);
    right.then(|| (name.into(), key)).ok_or(BadKey::Hash)
}
