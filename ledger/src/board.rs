//! What one board needs of the log, and no more (`/board/<village>`): the entries that concern its village, whole, and of
//! everything between them just the hashes that complete the tree. Followed to its end it leads from the head that a board
//! holds to a newer one that the log's key signed, or it is refused.
//!
//! Before it is compressed (zlib, RFC 1950), a feed is, numbers big-endian:
//!
//! ```text
//! "mingbai board 1\n"
//! u64 entries that the board holds    u16 length, the checkpoint (a signed note)
//! u8 count, hashes of 32 bytes        proof that the newer tree continues the older one (RFC 9162 2.1.4)
//! then, until the checkpoint's size is reached:
//!   1, u8 level, hash                 a perfect subtree of 2^level entries that the board needs nothing of
//!   2, u16 length, u16 length, note, content     an entry; the content is empty where there is none
//! 0
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use crate::checkpoint::{BadCheckpoint, CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::content::CONTENT_BYTES_MAX;
use crate::hash::{Hash, sha256};
use crate::key::VerifierKey;
use crate::note::Note;
use crate::roster::{Admitted, Refusal, Roster};
use crate::statement::Statement;
use crate::tree::{BadProof, Frontier, leaf_hash, verify_consistency};

/// What a feed begins with.
pub const FIRST_LINE: &[u8; 16] = b"mingbai board 1\n";
/// Bytes of the longest feed, before it is compressed.
pub const FEED_BYTES_MAX: usize = 16 << 20;
/// Hashes of the longest proof of consistency.
const PROOF_HASHES_MAX: usize = 63;
/// What stands before an item.
const END: u8 = 0;
const SUBTREE: u8 = 1;
const ENTRY: u8 = 2;

/// Why a feed was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFeed {
    /// Not the bytes of a feed, or too many of them.
    #[error("not a feed for a board")]
    Form,
    /// The checkpoint in it.
    #[error(transparent)]
    Checkpoint(#[from] BadCheckpoint),
    /// It is for a board that holds another number of entries.
    #[error("the feed begins after {0} entries")]
    Begins(u64),
    /// The checkpoint has fewer entries than the board holds.
    #[error("the log has {0} entries, fewer than before")]
    RolledBack(u64),
    /// The log's key signed another history than the one that the board holds.
    #[error("the log was forked")]
    Forked,
    /// What came does not lead to the checkpoint: it was changed on its way.
    #[error("the feed does not lead to its checkpoint")]
    Damaged,
    /// A content is not the one that its statement names.
    #[error("the content of entry {0} is another one")]
    Content(u64),
}

/// A feed's first part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Entries that the board holds.
    pub from: u64,
    /// The newest checkpoint, as it is signed.
    pub checkpoint: String,
    /// That its tree continues the one of `from` entries; empty where that has none, or all.
    pub proof: Vec<Hash>,
}

/// One after the other, the parts of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The first one.
    Start(Start),
    /// `2^level` entries that the board needs nothing of.
    Subtree {
        /// The subtree's height.
        level: u8,
        /// Its root.
        root: Hash,
    },
    /// An entry.
    Entry {
        /// The signed note.
        note: Vec<u8>,
        /// Its content object; empty where there is none, or it was withdrawn.
        content: Vec<u8>,
    },
    /// There is no more.
    End,
}

/// The bytes of a part; `None` if something in it is too long. A feed is its parts, one after the other.
pub fn to_bytes(part: &Part) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match part {
        Part::Start(start) => {
            bytes.extend(FIRST_LINE);
            bytes.extend(start.from.to_be_bytes());
            bytes.extend(u16::try_from(start.checkpoint.len()).ok()?.to_be_bytes());
            bytes.extend(start.checkpoint.as_bytes());
            bytes.push(u8::try_from(start.proof.len()).ok()?);
            bytes.extend(start.proof.iter().flat_map(|hash| hash.0));
        }
        Part::Subtree { level, root } => {
            bytes.extend([SUBTREE, *level]);
            bytes.extend(root.0);
        }
        Part::Entry { note, content } => {
            bytes.push(ENTRY);
            bytes.extend(u16::try_from(note.len()).ok()?.to_be_bytes());
            bytes.extend(u16::try_from(content.len()).ok()?.to_be_bytes());
            bytes.extend(note);
            bytes.extend(content);
        }
        Part::End => bytes.push(END),
    }
    Some(bytes)
}

/// Reads a feed as its bytes come in.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    taken: usize,
    begun: bool,
    ended: bool,
}

impl Reader {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BadFeed::Form`] once there are more than [`FEED_BYTES_MAX`], or any after the end.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), BadFeed> {
        self.taken = self.taken.saturating_add(bytes.len());
        if self.taken > FEED_BYTES_MAX || (self.ended && !bytes.is_empty()) {
            return Err(BadFeed::Form);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next part, if all of it has come.
    ///
    /// # Errors
    /// [`BadFeed::Form`].
    pub fn part(&mut self) -> Result<Option<Part>, BadFeed> {
        let mut bytes = Bytes(&self.buffer);
        let part = if self.ended {
            return if self.buffer.is_empty() { Ok(None) } else { Err(BadFeed::Form) };
        } else if self.begun {
            bytes.item()?
        } else {
            bytes.start()?
        };
        let Some(part) = part else { return Ok(None) };
        let left = bytes.0.len();
        self.buffer.drain(..self.buffer.len() - left);
        (self.begun, self.ended) = (true, part == Part::End);
        if self.ended && left > 0 { Err(BadFeed::Form) } else { Ok(Some(part)) }
    }

    /// Whether the feed came to its end.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

/// Bytes that are read from the front; `None` where not all have come yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn length(&mut self) -> Option<usize> {
        self.chunk().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn start(&mut self) -> Result<Option<Part>, BadFeed> {
        let Some(first) = self.chunk() else { return Ok(None) };
        if first != *FIRST_LINE {
            return Err(BadFeed::Form);
        }
        let Some((from, length)) = self.chunk().map(u64::from_be_bytes).zip(self.length()) else {
            return Ok(None);
        };
        if length > CHECKPOINT_BYTES_MAX {
            return Err(BadFeed::Form);
        }
        let Some((checkpoint, count)) = self.take(length).zip(self.chunk::<1>()) else {
            return Ok(None);
        };
        if usize::from(count[0]) > PROOF_HASHES_MAX {
            return Err(BadFeed::Form);
        }
        let hashes = core::iter::from_fn(|| self.chunk()).map(Hash);
        let proof: Vec<Hash> = hashes.take(count[0].into()).collect();
        if proof.len() < count[0].into() {
            return Ok(None);
        }
        let checkpoint = core::str::from_utf8(checkpoint).map_err(|_| BadFeed::Form)?.into();
        Ok(Some(Part::Start(Start { from, checkpoint, proof })))
    }

    fn item(&mut self) -> Result<Option<Part>, BadFeed> {
        let part = match self.chunk() {
            None => None,
            Some([END]) => Some(Part::End),
            Some([SUBTREE]) => self
                .chunk()
                .zip(self.chunk())
                .map(|([level], root)| Part::Subtree { level, root: Hash(root) }),
            Some([ENTRY]) => self.entry()?,
            Some(_) => return Err(BadFeed::Form),
        };
        Ok(part)
    }

    fn entry(&mut self) -> Result<Option<Part>, BadFeed> {
        let Some((note, content)) = self.length().zip(self.length()) else { return Ok(None) };
        if content > CONTENT_BYTES_MAX {
            return Err(BadFeed::Form);
        }
        let both = self.take(note).zip(self.take(content));
        Ok(both.map(|(note, content)| Part::Entry { note: note.into(), content: content.into() }))
    }
}

/// How far a board has followed the log.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The newest checkpoint, as it is signed; empty before the first.
    pub checkpoint: String,
    /// The tree up to there.
    pub frontier: Frontier,
    /// Who may sign, as far as the board was shown.
    pub roster: Roster,
}

/// An entry of a feed that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its log index.
    pub index: u64,
    /// What it states and who signed it.
    pub admitted: Admitted,
}

/// Follows a feed part by part. Nothing of it counts before [`Walk::end`] has answered.
#[derive(Debug)]
pub struct Walk {
    head: Head,
    target: Checkpoint,
}

impl Walk {
    /// Begins at the head that is held.
    ///
    /// # Errors
    /// [`BadFeed`]; `Forked` only on evidence that the log's key itself signed.
    pub fn begin(held: &Head, start: &Start, log: &VerifierKey) -> Result<Walk, BadFeed> {
        let target = Checkpoint::open(start.checkpoint.as_bytes(), log)?;
        let (size, root) = (held.frontier.size(), held.frontier.root());
        if target.size < size {
            return Err(BadFeed::RolledBack(target.size));
        }
        if start.from != size {
            return Err(BadFeed::Begins(start.from));
        }
        if target.size == size && target.root != root {
            return Err(BadFeed::Forked);
        }
        match verify_consistency(size, target.size, &start.proof, &root, &target.root) {
            Ok(()) => {}
            Err(BadProof::OldRoot) => return Err(BadFeed::Forked),
            Err(BadProof::Form | BadProof::Root) => return Err(BadFeed::Damaged),
        }
        let head = Head { checkpoint: start.checkpoint.clone(), ..held.clone() };
        Ok(Walk { head, target })
    }

    /// The index of the next entry.
    pub fn size(&self) -> u64 {
        self.head.frontier.size()
    }

    /// Entries in all once it has ended.
    pub fn target(&self) -> u64 {
        self.target.size
    }

    /// Passes over entries that the board needs nothing of.
    ///
    /// # Errors
    /// [`BadFeed::Damaged`] if there are not so many.
    pub fn pass(&mut self, level: u8, root: Hash) -> Result<(), BadFeed> {
        let before = self.size();
        if !self.head.frontier.push_subtree(level, root) || self.size() > self.target.size {
            return Err(BadFeed::Damaged);
        }
        self.head.roster.pass_over(self.size() - before);
        Ok(())
    }

    /// Takes an entry. `earlier(index)` answers the statement at an index below, where one is about another.
    ///
    /// # Errors
    /// [`BadFeed`] where the feed is to be dropped. The inner refusal is of an entry that stands in the log and does not
    /// count.
    pub fn take(
        &mut self,
        note: &[u8],
        content: &[u8],
        earlier: impl FnOnce(u64) -> Option<Statement>,
    ) -> Result<Result<Taken, Refusal>, BadFeed> {
        let index = self.size();
        if index >= self.target.size {
            return Err(BadFeed::Damaged);
        }
        self.head.frontier.push(leaf_hash(note));
        let admitted = match self.head.roster.admit(note, earlier) {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let named = admitted.statement.content();
        if !content.is_empty() && named != Some(sha256(content)) {
            return Err(BadFeed::Content(index));
        }
        Ok(Ok(Taken { index, admitted }))
    }

    /// The head that all of it leads to.
    ///
    /// # Errors
    /// [`BadFeed::Damaged`] if it leads elsewhere.
    pub fn end(self) -> Result<Head, BadFeed> {
        let frontier = &self.head.frontier;
        let there = frontier.size() == self.target.size && frontier.root() == self.target.root;
        if there { Ok(self.head) } else { Err(BadFeed::Damaged) }
    }
}

/// The statement that the one in a note is about, so that a caller can fetch it first.
pub fn is_about(note: &[u8]) -> Option<u64> {
    Statement::parse(Note::parse(note).ok()?.text()).ok()?.of()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::note::compose;
    use crate::place::Village;
    use crate::statement::{Act, Role};
    use crate::tree::{node_hash, prove_consistency, subtrees};
    use alloc::{format, vec};
    use core::convert::Infallible;

    const TIME: &str = "2026-06-03T09:12:00+08:00";

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, [seed; 32]).unwrap()
    }

    fn log_key() -> SigningKey {
        key("log.example", 1)
    }

    fn entry(statement: &Statement, by: &SigningKey) -> Vec<u8> {
        let text = statement.to_text();
        compose(&text, &[by.sign(&text)]).into_bytes()
    }

    /// A log: the office's key, two accountants', then receipts of the two villages in turn. Each with its content.
    fn entries(count: u64, mark: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let office = key("town/office", 2);
        let places = ["341181107201", "341181107202"];
        let keys = places.map(|place| key(&format!("{place}/accountant"), 3));
        let enrol = |role, village: &str, key: &SigningKey| Statement::Key {
            village: village.parse().unwrap(),
            time: TIME.parse().unwrap(),
            act: Act::Enrol,
            role,
            key: key.verifier(),
            content: None,
        };
        let mut log = vec![(entry(&enrol(Role::Office, "341181107000", &office), &office), vec![])];
        for (place, key) in places.iter().zip(&keys) {
            log.push((entry(&enrol(Role::Accountant, place, key), &office), vec![]));
        }
        for n in log.len() as u64..count {
            let content = format!("{{\"mark\":\"{mark}{n}\"}}").into_bytes();
            let village: Village = places[n as usize % 2].parse().unwrap();
            let receipt = Statement::Receipt {
                village,
                period: "2026-05".parse().unwrap(),
                time: TIME.parse().unwrap(),
                content: sha256(&content),
            };
            log.push((entry(&receipt, &keys[n as usize % 2]), content));
        }
        log
    }

    fn nodes(log: &[(Vec<u8>, Vec<u8>)]) -> impl Fn(u8, u64) -> Result<Hash, Infallible> {
        let leaves: Vec<Hash> = log.iter().map(|(note, _)| leaf_hash(note)).collect();
        move |level, index| {
            let (from, count) = ((index << level) as usize, 1 << level);
            let mut row = leaves[from..from + count].to_vec();
            while row.len() > 1 {
                row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            }
            Ok(row[0])
        }
    }

    fn sign(log: &[(Vec<u8>, Vec<u8>)], by: &SigningKey) -> String {
        let mut frontier = Frontier::default();
        log.iter().for_each(|(note, _)| frontier.push(leaf_hash(note)));
        let origin = by.verifier().name().into();
        Checkpoint { origin, size: frontier.size(), root: frontier.root() }.sign(by)
    }

    /// What a server would send: the wanted entries of a log whole.
    fn feed(log: &[(Vec<u8>, Vec<u8>)], from: u64, wanted: impl Fn(u64) -> bool) -> Vec<u8> {
        let (size, node) = (log.len() as u64, nodes(log));
        let proof = match from {
            0 => Vec::new(),
            _ => prove_consistency(from, size, &node).unwrap(),
        };
        let mut parts = vec![Part::Start(Start { from, checkpoint: sign(log, &log_key()), proof })];
        let mut at = from;
        for n in (from..size).filter(|n| wanted(*n)).chain([size]) {
            parts.extend(subtrees(at, n).map(|(level, index)| {
                let Ok(root) = node(level, index);
                Part::Subtree { level, root }
            }));
            if let Some((note, content)) = log.get(n as usize) {
                parts.push(Part::Entry { note: note.clone(), content: content.clone() });
            }
            at = n + 1;
        }
        parts.push(Part::End);
        parts.iter().flat_map(|part| to_bytes(part).unwrap()).collect()
    }

    /// Follows a feed that comes in pieces; the head and the indices that counted.
    fn follow(held: &Head, bytes: &[u8], piece: usize) -> Result<(Head, Vec<u64>), BadFeed> {
        let (mut reader, mut walk, mut taken) = (Reader::default(), None, Vec::new());
        let mut ended = false;
        for bytes in bytes.chunks(piece) {
            reader.push(bytes)?;
            while let Some(part) = reader.part()? {
                match (part, walk.as_mut()) {
                    (Part::Start(start), None) => {
                        walk = Some(Walk::begin(held, &start, &log_key().verifier())?);
                    }
                    (Part::Subtree { level, root }, Some(walk)) => walk.pass(level, root)?,
                    (Part::Entry { note, content }, Some(walk)) => {
                        if let Ok(one) = walk.take(&note, &content, |_| None)? {
                            taken.push(one.index);
                        }
                    }
                    (Part::End, Some(_)) => ended = true,
                    _ => return Err(BadFeed::Form),
                }
            }
        }
        let walk = walk.filter(|_| ended).ok_or(BadFeed::Form)?;
        Ok((walk.end()?, taken))
    }

    #[test]
    fn a_board_follows_the_log_with_its_own_entries_only() {
        let log = entries(70, "");
        let wanted = |n: u64| n < 3 || n.is_multiple_of(2);
        let first = feed(&log[..41], 0, wanted);
        let (head, taken) = follow(&Head::default(), &first, 7).unwrap();
        assert_eq!(taken, (0..41).filter(|n| wanted(*n)).collect::<Vec<_>>());
        assert_eq!(head.frontier.size(), 41);
        let delta = feed(&log, 41, wanted);
        let (head, taken) = follow(&head, &delta, 100_000).unwrap();
        assert_eq!(taken, (42..70).step_by(2).collect::<Vec<_>>());
        assert_eq!(head.checkpoint, sign(&log, &log_key()));
        // Nothing new.
        let (same, none) = follow(&head, &feed(&log, 70, wanted), 1).unwrap();
        assert!(none.is_empty() && same.frontier == head.frontier);
    }

    #[test]
    fn no_flipped_bit_gets_past() {
        let log = entries(12, "");
        let wanted = |n: u64| n < 3 || n.is_multiple_of(2);
        let (held, _) = follow(&Head::default(), &feed(&log[..5], 0, wanted), 512).unwrap();
        for from in [Head::default(), held] {
            let good = feed(&log, from.frontier.size(), wanted);
            follow(&from, &good, 512).unwrap();
            for at in 0..good.len() {
                for bit in 0..8 {
                    let mut bad = good.clone();
                    bad[at] ^= 1 << bit;
                    let said = follow(&from, &bad, 512);
                    assert!(said.is_err(), "byte {at}, bit {bit}: {said:?}");
                }
                assert!(follow(&from, &good[..at], 512).is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn another_history_is_a_fork_and_a_shorter_one_a_rollback() {
        let (log, other) = (entries(20, ""), entries(30, "x"));
        let all = |_| true;
        let (held, _) = follow(&Head::default(), &feed(&log, 0, all), 512).unwrap();
        let said = |bytes: &[u8]| follow(&held, bytes, 512).map(drop).unwrap_err();
        assert_eq!(said(&feed(&other, 20, all)), BadFeed::Forked);
        assert_eq!(said(&feed(&other[..20], 20, all)), BadFeed::Forked);
        assert_eq!(said(&feed(&log[..9], 0, all)), BadFeed::RolledBack(9));
        assert_eq!(said(&feed(&entries(30, ""), 10, all)), BadFeed::Begins(10));
    }

    #[test]
    fn what_another_key_signed_and_what_never_ends_is_refused() {
        let log = entries(4, "");
        let start = |checkpoint| Start { from: 0, checkpoint, proof: Vec::new() };
        let begin =
            |start: &Start| Walk::begin(&Head::default(), start, &log_key().verifier()).map(drop);
        let stranger = key("log.example", 9);
        assert!(matches!(begin(&start(sign(&log, &stranger))), Err(BadFeed::Checkpoint(_))));
        assert!(begin(&start(sign(&log, &log_key()))).is_ok());
        let mut reader = Reader::default();
        let piece = [1; 1 << 16];
        let mut pushed = (0..=FEED_BYTES_MAX / piece.len()).map(|_| reader.push(&piece));
        assert!(pushed.any(|said| said == Err(BadFeed::Form)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(
            head: bool,
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        ) {
            let mut reader = Reader::default();
            if head {
                reader.push(FIRST_LINE).unwrap();
            }
            reader.push(&bytes).unwrap();
            while let Ok(Some(_)) = reader.part() {}
        }

        #[test]
        fn any_choice_of_entries_leads_to_the_head(size in 3u64..60, from in 0u64..60, wanted: u64) {
            let log = entries(size, "");
            let from = from.min(size);
            let chosen = |n: u64| n < 3 || wanted >> n & 1 == 1;
            let (held, _) =
                follow(&Head::default(), &feed(&log[..from as usize], 0, |_| true), 512).unwrap();
            let (head, _) = follow(&held, &feed(&log, from, chosen), 512).unwrap();
            proptest::prop_assert_eq!(head.frontier.size(), size);
        }
    }
}
