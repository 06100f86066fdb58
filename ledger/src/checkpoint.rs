//! The signed head of the log (C2SP tlog-checkpoint).

use crate::encoding::{base64, from_base64};
use crate::hash::Hash;
use crate::key::{SigningKey, VerifierKey};
use crate::note::{BadNote, Note, compose};
use alloc::{
    format,
    string::{String, ToString},
};
use core::iter::once;

/// Bytes of the largest checkpoint that is fetched.
pub const CHECKPOINT_BYTES_MAX: usize = 16_384;

/// How many entries a log has, and the root hash of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, which is also the name of its key.
    pub origin: String,
    /// How many entries there are.
    pub size: u64,
    /// The root hash of the tree over them.
    pub root: Hash,
}

/// Why a checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] BadNote),
    /// Not the lines origin, size, root.
    #[error("not a checkpoint")]
    Form,
    /// Signed by the key, but for another log.
    #[error("a checkpoint of another log: {0}")]
    Origin(String),
}

impl Checkpoint {
    /// The lines that are signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64(&self.root.0))
    }

    /// Reads the lines; extension lines after the third are allowed and passed over.
    ///
    /// # Errors
    /// [`BadCheckpoint::Form`].
    pub fn parse(text: &str) -> Result<Checkpoint, BadCheckpoint> {
        let read = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
            let number: u64 = size.parse().ok()?;
            let root = Hash(from_base64(root)?.try_into().ok()?);
            let right =
                !origin.is_empty() && number.to_string() == size && lines.all(|l| !l.is_empty());
            right.then(|| Checkpoint { origin: origin.to_string(), size: number, root })
        };
        read().ok_or(BadCheckpoint::Form)
    }

    /// Reads a checkpoint that `log` signed under its own name.
    ///
    /// # Errors
    /// [`BadCheckpoint`].
    pub fn open(note: &[u8], log: &VerifierKey) -> Result<Checkpoint, BadCheckpoint> {
        let note = Note::parse(note)?;
        note.verify(once(log))?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(BadCheckpoint::Origin(checkpoint.origin));
        }
        Ok(checkpoint)
    }

    /// The note with the log's signature.
    pub fn sign(&self, log: &SigningKey) -> String {
        let text = self.to_text();
        compose(&text, &[log.sign(&text)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Frontier, leaf_hash};

    /// The published log of the Tessera project: its first entries and the roots it signed.
    #[test]
    fn a_published_log_has_these_roots() {
        let entries = [
            "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven",
            "twelf", "threeten", "fourten", "fivten",
        ];
        let roots = [
            (1, "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek="),
            (2, "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4="),
            (3, "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk="),
            (8, "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY="),
            (15, "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs="),
        ];
        let mut frontier = Frontier::default();
        for entry in entries {
            frontier.push(leaf_hash(entry.as_bytes()));
            for (size, root) in roots.iter().filter(|(size, _)| *size == frontier.size()) {
                assert_eq!(base64(&frontier.root().0), *root, "size {size}");
            }
        }
    }

    #[test]
    fn a_checkpoint_opens_only_for_its_own_log_and_spelling() {
        let key = SigningKey::from_seed("village.example/log", [7; 32]).unwrap();
        let other = SigningKey::from_seed("village.example/log", [8; 32]).unwrap();
        let head =
            Checkpoint { origin: "village.example/log".into(), size: 42, root: leaf_hash(b"x") };
        let note = head.sign(&key);
        assert_eq!(Checkpoint::open(note.as_bytes(), &key.verifier()), Ok(head.clone()));
        assert_eq!(
            Checkpoint::open(note.as_bytes(), &other.verifier()),
            Err(BadCheckpoint::Note(BadNote::Unsigned))
        );
        let elsewhere = Checkpoint { origin: "other.example".into(), ..head };
        assert_eq!(
            Checkpoint::open(elsewhere.sign(&key).as_bytes(), &key.verifier()),
            Err(BadCheckpoint::Origin("other.example".into()))
        );
        let root = "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=";
        assert!(Checkpoint::parse(&format!("o\n1\n{root}\nextension\n")).is_ok());
        for bad in [
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("o\n1\n{root}"),
            format!("o\n1\n{root}\n\n"),
            "o\n1\nAAAA\n".to_string(),
            "o\n1\n".to_string(),
        ] {
            assert_eq!(Checkpoint::parse(&bad), Err(BadCheckpoint::Form), "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(text in "\\PC{0,9}\n[0-9]{0,22}\n[A-Za-z0-9+/=]{0,50}\n\\PC{0,9}") {
            let _ = Checkpoint::parse(&text);
        }
    }
}
