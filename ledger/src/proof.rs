//! Proof that an entry stands in the log, as one text that needs nothing else (C2SP tlog-proof).

use crate::checkpoint::{BadCheckpoint, Checkpoint};
use crate::encoding::{base64, from_base64};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::tree::{BadProof, leaf_hash, verify_inclusion};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof and the checkpoint it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The entry's index.
    pub index: u64,
    /// From the leaf's sibling upward.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTlogProof {
    /// Not the lines of a tlog-proof.
    #[error("not a tlog-proof")]
    Form,
    /// The checkpoint inside.
    #[error(transparent)]
    Checkpoint(#[from] BadCheckpoint),
    /// The hashes do not lead from the entry to the checkpoint.
    #[error(transparent)]
    Path(#[from] BadProof),
}

impl Proof {
    /// The proof as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nindex {}\n", self.index);
        for hash in &self.hashes {
            text.push_str(&base64(&hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the text; an `extra` line is passed over.
    ///
    /// # Errors
    /// [`BadTlogProof::Form`].
    pub fn parse(text: &str) -> Result<Proof, BadTlogProof> {
        let read = || {
            let (head, checkpoint) = text.split_once("\n\n")?;
            let mut lines = head.split('\n').peekable();
            (lines.next()? == FIRST_LINE).then_some(())?;
            lines.next_if(|l| l.strip_prefix("extra ").is_some_and(|e| from_base64(e).is_some()));
            let digits = lines.next()?.strip_prefix("index ")?;
            let index: u64 = digits.parse().ok()?;
            (index.to_string() == digits).then_some(())?;
            let hash = |line: &str| Some(Hash(from_base64(line)?.try_into().ok()?));
            let hashes = lines.take(65).map(hash).collect::<Option<Vec<_>>>()?;
            (hashes.len() <= 64).then(|| Proof {
                index,
                hashes,
                checkpoint: checkpoint.to_string(),
            })
        };
        read().ok_or(BadTlogProof::Form)
    }

    /// Checks that `entry` stands in the log with this key at this index.
    ///
    /// # Errors
    /// [`BadTlogProof`].
    pub fn verify(&self, entry: &[u8], log: &VerifierKey) -> Result<Checkpoint, BadTlogProof> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), log)?;
        let leaf = leaf_hash(entry);
        verify_inclusion(&leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::tree::node_hash;

    #[test]
    fn a_proof_reads_back_and_verifies_only_its_own_entry() {
        let key = SigningKey::from_seed("log.example", [1; 32]).unwrap();
        let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
        let head = Checkpoint { origin: "log.example".into(), size: 2, root: node_hash(&a, &b) };
        let proof = Proof { index: 1, hashes: alloc::vec![a], checkpoint: head.sign(&key) };
        let text = proof.to_text();
        assert_eq!(Proof::parse(&text), Ok(proof.clone()));
        assert_eq!(proof.verify(b"b", &key.verifier()), Ok(head));
        assert!(proof.verify(b"a", &key.verifier()).is_err());
        let extra = text.replace("index 1", "extra AQ==\nindex 1");
        assert_eq!(Proof::parse(&extra), Ok(proof));
        for (from, to) in
            [("@v1", "@v2"), ("index 1", "index 01"), ("\n\n", "\n"), ("index", "indes")]
        {
            assert_eq!(Proof::parse(&text.replacen(from, to, 1)), Err(BadTlogProof::Form), "{to}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(text in "(c2sp.org/tlog-proof@v1\n)?(index [0-9]{0,21}\n)?\\PC{0,40}(\n\n)?\\PC{0,40}") {
            let _ = Proof::parse(&text);
        }
    }
}
