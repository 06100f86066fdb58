//! What a log asks of a witness, and what a witness checks before it cosigns (C2SP tlog-witness).

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::encoding::{base64, from_base64};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::Note;
use crate::tree::{BadProof, empty_root, verify_consistency};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Where checkpoints are sent, below a witness's submission prefix.
pub const ADD_CHECKPOINT: &str = "add-checkpoint";
/// The media type of a size in an answer of status 409.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";
/// The most hashes that a request's proof may have.
pub const PROOF_HASHES_MAX: usize = 63;
/// Bytes of a hash on its line, with the newline.
const HASH_LINE_BYTES: usize = 45;
/// Bytes of the first line at its longest: `old `, 20 digits, the newline.
const OLD_LINE_BYTES: usize = 25;
/// Bytes of the largest request: the old size, the proof, an empty line, the checkpoint.
pub const REQUEST_BYTES_MAX: usize =
    OLD_LINE_BYTES + PROOF_HASHES_MAX * HASH_LINE_BYTES + 1 + CHECKPOINT_BYTES_MAX;

/// The body of a request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last; 0 if it never did.
    pub old: u64,
    /// The proof that the tree of that size is the beginning of the new one.
    pub proof: Vec<Hash>,
    /// The new signed head, verbatim.
    pub checkpoint: String,
}

/// What a witness keeps of a log: the tree that it cosigned last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosigned {
    /// How many entries it has.
    pub size: u64,
    /// Its root hash.
    pub root: Hash,
}

impl Default for Cosigned {
    /// Nothing cosigned yet.
    fn default() -> Self {
        Cosigned { size: 0, root: empty_root() }
    }
}

/// Why a checkpoint is not cosigned; each has its HTTP status in C2SP tlog-witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCosigned {
    /// Not a request (400).
    #[error("not an add-checkpoint request")]
    Form,
    /// The old size is larger than the new one (400).
    #[error("the old size is larger than the checkpoint's")]
    Sizes,
    /// A log that is not known here (404).
    #[error("no log of this origin is known here")]
    Origin,
    /// Not signed by the log's key (403).
    #[error("not signed by the log's key")]
    Signature,
    /// The old size is not that of the checkpoint cosigned last, which is given (409).
    #[error("the checkpoint cosigned last has {0} entries")]
    Old(u64),
    /// As many entries as the checkpoint cosigned last, but others (409): two signed histories.
    #[error("another tree of {0} entries was cosigned")]
    Other(u64),
    /// The new tree is not proved to continue the old one (422).
    #[error("the checkpoint is not proved to continue the one before it")]
    Proof,
}

impl NotCosigned {
    /// The HTTP status that says so.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            NotCosigned::Form | NotCosigned::Sizes => 400,
            NotCosigned::Signature => 403,
            NotCosigned::Origin => 404,
            NotCosigned::Old(_) | NotCosigned::Other(_) => 409,
            NotCosigned::Proof => 422,
        }
    }
}

impl AddCheckpoint {
    /// The body as it is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&base64(&hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a body; says nothing yet of the checkpoint in it.
    ///
    /// # Errors
    /// [`NotCosigned::Form`].
    pub fn parse(body: &[u8]) -> Result<AddCheckpoint, NotCosigned> {
        let read = || {
            let text = core::str::from_utf8(body).ok()?;
            let (head, checkpoint) = text.split_once("\n\n")?;
            let mut lines = head.split('\n');
            let size = lines.next()?.strip_prefix("old ")?;
            let old: u64 = size.parse().ok()?;
            let hash = |line| Some(Hash(from_base64(line)?.try_into().ok()?));
            let proof: Vec<Hash> =
                lines.take(PROOF_HASHES_MAX + 1).map(hash).collect::<Option<_>>()?;
            let right = old.to_string() == size
                && proof.len() <= PROOF_HASHES_MAX
                && checkpoint.len() <= CHECKPOINT_BYTES_MAX;
            right.then(|| AddCheckpoint { old, proof, checkpoint: checkpoint.to_string() })
        };
        read().ok_or(NotCosigned::Form)
    }

    /// Checks the request against what the witness cosigned last of `log`; gives the head to cosign.
    ///
    /// # Errors
    /// [`NotCosigned`], in the order in which C2SP tlog-witness checks.
    pub fn check(&self, log: &VerifierKey, last: &Cosigned) -> Result<Checkpoint, NotCosigned> {
        let note = Note::parse(self.checkpoint.as_bytes()).map_err(|_| NotCosigned::Form)?;
        let head = Checkpoint::parse(note.text()).map_err(|_| NotCosigned::Form)?;
        if head.origin != log.name() {
            return Err(NotCosigned::Origin);
        }
        note.verify(core::iter::once(log)).map_err(|_| NotCosigned::Signature)?;
        if self.old > head.size {
            return Err(NotCosigned::Sizes);
        }
        if self.old != last.size {
            return Err(NotCosigned::Old(last.size));
        }
        let proved = verify_consistency(self.old, head.size, &self.proof, &last.root, &head.root);
        match proved {
            // Nothing is the beginning of every tree; but a tree of nothing has one root.
            Ok(()) if head.size == 0 && head.root != empty_root() => Err(NotCosigned::Proof),
            Ok(()) => Ok(head),
            Err(BadProof::Root) if self.old == head.size => Err(NotCosigned::Other(last.size)),
            Err(_) => Err(NotCosigned::Proof),
        }
    }
}

/// The size that a witness answers with status 409: decimal, and a newline.
#[must_use]
pub fn parse_size(body: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

/// The newest good cosignature by `witness` on a checkpoint, among the lines that it answered: its line with the
/// newline. Other lines are passed over.
#[must_use]
pub fn cosignature(checkpoint: &str, answer: &[u8], witness: &VerifierKey) -> Option<String> {
    let text = Note::parse(checkpoint.as_bytes()).ok()?.text().to_string();
    let lines = core::str::from_utf8(answer).ok()?.strip_suffix('\n')?;
    let good = |line: &str| {
        let line = format!("{line}\n");
        let note = Note::parse(format!("{text}\n{line}").as_bytes()).ok()?;
        let signature = note.verify(core::iter::once(witness)).is_ok();
        let time = crate::key::cosignature_time(&note.signatures().first()?.signature)?;
        signature.then_some((time, line))
    };
    lines.split('\n').filter_map(good).max().map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CosigningKey, SigningKey};
    use crate::tree::{Frontier, leaf_hash, prove_consistency, root};

    fn log() -> SigningKey {
        SigningKey::from_seed("log.example", [1; 32]).unwrap()
    }

    /// The subtrees of a log whose entries are others from the one at `other` on.
    fn node(other: u64) -> impl FnMut(u8, u64) -> Result<Hash, ()> {
        move |level, index| {
            let mut subtree = Frontier::default();
            let first = index << level;
            for n in first..first + (1 << level) {
                subtree.push(leaf_hash(&[u8::try_from(n).unwrap(), u8::from(n >= other)]));
            }
            Ok(subtree.root())
        }
    }

    fn tree(size: u64, other: u64) -> Cosigned {
        Cosigned { size, root: root(size, node(other)).unwrap() }
    }

    /// What a log with that history asks.
    fn ask(old: u64, new: u64, other: u64) -> AddCheckpoint {
        let tree = tree(new, other);
        let head = Checkpoint { origin: "log.example".into(), size: new, root: tree.root };
        let proof = match old {
            0 => Vec::new(),
            _ => prove_consistency(old, new, node(other)).unwrap(),
        };
        AddCheckpoint { old, proof, checkpoint: head.sign(&log()) }
    }

    const HONEST: u64 = 255;

    #[test]
    fn what_continues_the_log_is_cosigned_and_nothing_else() {
        let key = log().verifier();
        let check = |ask: &AddCheckpoint, last: &Cosigned| ask.check(&key, last).map(|h| h.size);
        let nothing = Cosigned::default();
        assert_eq!(check(&ask(0, 7, HONEST), &nothing), Ok(7));
        assert_eq!(check(&ask(0, 0, HONEST), &nothing), Ok(0));
        let seven = tree(7, HONEST);
        assert_eq!(check(&ask(7, 7, HONEST), &seven), Ok(7), "cosigned again");
        assert_eq!(check(&ask(7, 20, HONEST), &seven), Ok(20));
        assert_eq!(check(&ask(0, 20, HONEST), &seven), Err(NotCosigned::Old(7)));
        assert_eq!(check(&ask(9, 20, HONEST), &seven), Err(NotCosigned::Old(7)));
        // A second history, at the same size, further on, and with a proof of its own.
        assert_eq!(check(&ask(7, 7, 5), &seven), Err(NotCosigned::Other(7)));
        assert_eq!(check(&ask(7, 20, 5), &seven), Err(NotCosigned::Proof));
        assert_eq!(check(&ask(7, 20, 8), &seven), Ok(20), "others after what was cosigned");
        let mut bare = ask(7, 20, HONEST);
        bare.proof.pop();
        assert_eq!(check(&bare, &seven), Err(NotCosigned::Proof));
        let mut early = ask(0, 7, HONEST);
        early.proof.push(seven.root);
        assert_eq!(check(&early, &nothing), Err(NotCosigned::Proof));
        let back = AddCheckpoint { old: 8, ..ask(0, 7, HONEST) };
        assert_eq!(check(&back, &tree(8, HONEST)), Err(NotCosigned::Sizes));
    }

    #[test]
    fn only_the_known_logs_own_signature_counts() {
        let (log, last) = (log(), Cosigned::default());
        let head = Checkpoint { origin: "log.example".into(), size: 0, root: empty_root() };
        let thief = SigningKey::from_seed("log.example", [2; 32]).unwrap();
        let request = |checkpoint: String| AddCheckpoint { old: 0, proof: Vec::new(), checkpoint };
        let check = |r: &AddCheckpoint| r.check(&log.verifier(), &last).map_err(|e| e.status());
        assert_eq!(check(&request(head.sign(&thief))), Err(403));
        let other = Checkpoint { origin: "other.example".into(), ..head.clone() };
        assert_eq!(check(&request(other.sign(&log))), Err(404));
        assert_eq!(check(&request("log.example\n".into())), Err(400));
        let hollow = Checkpoint { root: Hash([7; 32]), ..head };
        assert_eq!(check(&request(hollow.sign(&log))), Err(422));
    }

    #[test]
    fn a_body_has_one_spelling() {
        let good = ask(7, 20, HONEST).to_text();
        assert_eq!(AddCheckpoint::parse(good.as_bytes()), Ok(ask(7, 20, HONEST)));
        for bad in [
            good.replacen("old 7", "old 07", 1),
            good.replacen("old 7", "old  7", 1),
            good.replacen("old 7", "old -7", 1),
            good.replacen("old 7\n", "", 1),
            good.replacen('\n', "\r\n", 1),
            good.replacen("=\n", "\n", 1),
            good.replacen("\n\n", "\n", 1),
            format!("old 7\n{}", format!("{}\n", base64(&[1; 32])).repeat(64)) + &good[6..],
        ] {
            assert_eq!(AddCheckpoint::parse(bad.as_bytes()), Err(NotCosigned::Form), "{bad}");
        }
    }

    #[test]
    fn of_an_answer_only_the_witnesses_own_good_line_is_taken() {
        let witness = CosigningKey::from_seed("w.example", [3; 32]).unwrap();
        let stranger = CosigningKey::from_seed("w.example", [4; 32]).unwrap();
        let checkpoint = ask(0, 7, HONEST).checkpoint;
        let text = Note::parse(checkpoint.as_bytes()).unwrap().text().to_string();
        let key = witness.verifier();
        let (early, late) = (witness.cosign(&text, 100), witness.cosign(&text, 200));
        let other = stranger.cosign(&text, 300);
        let wrong = witness.cosign("another\n", 400);
        let taken = |answer: &str| cosignature(&checkpoint, answer.as_bytes(), &key);
        assert_eq!(taken(&format!("{other}{late}{early}{wrong}")), Some(late.clone()));
        for bad in ["", "\n", &other, &wrong, late.trim_end(), "x\n"] {
            assert_eq!(taken(bad), None, "{bad}");
        }
        assert_eq!((parse_size(b"20\n"), parse_size(b"0\n")), (Some(20), Some(0)));
        for bad in ["", "20", "020\n", "+2\n", "-1\n", "2\n\n", "99999999999999999999999\n"] {
            assert_eq!(parse_size(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_readers(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = (AddCheckpoint::parse(&bytes), parse_size(&bytes));
            let witness = CosigningKey::from_seed("w.example", [3; 32]).unwrap().verifier();
            let _ = cosignature(&ask(0, 7, HONEST).checkpoint, &bytes, &witness);
        }

        #[test]
        fn what_is_read_is_written_the_same(
            text in "old [0-9]{1,3}\n([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n){0,4}\n\\PC{0,40}"
        ) {
            if let Ok(request) = AddCheckpoint::parse(text.as_bytes()) {
                proptest::prop_assert_eq!(request.to_text(), text);
            }
        }

        #[test]
        fn any_two_sizes_of_one_log_are_cosigned_one_after_the_other(old in 0u64..40, more in 0u64..40) {
            let key = log().verifier();
            let asked = ask(old, old + more, HONEST);
            proptest::prop_assert!(asked.check(&key, &tree(old, HONEST)).is_ok());
            let asked = ask(old, old + more, 0);
            proptest::prop_assert_eq!(asked.check(&key, &tree(old, HONEST)).is_ok(), old == 0);
        }
    }
}
