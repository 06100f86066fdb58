//! A reader of a log: from the newest head that it verified to a newer one, trusting nothing but the log's key.
//!
//! The caller fetches; this decides what is true. Everything that is handed on was proved to be an append to what was
//! held before, and every way in which that can fail has its own error.

use crate::checkpoint::{BadCheckpoint, CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::proof::Proof;
use crate::tile::{
    BUNDLE_BYTES_MAX, TILE_BYTES_MAX, TILE_WIDTH, Tile, bundle_path, bundle_width, node,
    split_bundle, split_tile,
};
use crate::tree::{
    Frontier, leaf_hash, prove_consistency, prove_inclusion, root, verify_consistency,
    verify_inclusion,
};
use alloc::{string::String, vec::Vec};

/// One thing to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The path below the log's address, without a leading slash.
    pub path: String,
    /// Bytes that are held already and need not come again: the answer begins after them.
    pub from: u64,
    /// No more bytes than this are of use.
    pub bytes_max: usize,
}

impl Want {
    fn whole(path: impl Into<String>, bytes_max: usize) -> Want {
        Want { path: path.into(), from: 0, bytes_max }
    }
}

/// Why a newer head, or something under it, was not believed. What was held before stays good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused<E> {
    /// It could not be fetched: the caller's own error.
    #[error("{0}")]
    Fetch(E),
    /// The head is not signed by the log's key, or is no head of this log.
    #[error("the checkpoint is not the log's: {0}")]
    BadSignature(BadCheckpoint),
    /// The head is older than the one held: a signed head that was shown once is being taken back.
    #[error("the log went back from {held} entries to {offered}")]
    Rollback {
        /// Entries in the head that is held.
        held: u64,
        /// Entries in the head that was offered.
        offered: u64,
    },
    /// The log's key signed two histories. Both signed heads are the evidence.
    #[error("the log shows two different histories")]
    Fork {
        /// The head that is held.
        held: String,
        /// The head that was offered.
        offered: String,
    },
    /// What was fetched is not what the head commits to: a damaged or false copy; its path.
    #[error("{0} is not what the log's checkpoint commits to")]
    BadHash(String),
}

/// What a reader keeps of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    checkpoint: String,
    root: Hash,
    frontier: Frontier,
    /// Bytes of the last entry bundle, while it is not full.
    bundle_bytes: u64,
}

impl Default for View {
    /// Nothing seen yet.
    fn default() -> Self {
        let frontier = Frontier::default();
        View { checkpoint: String::new(), root: frontier.root(), frontier, bundle_bytes: 0 }
    }
}

impl View {
    /// A view that was stored by its parts; `None` if they do not belong together.
    pub fn from_parts(checkpoint: String, frontier: Frontier, bundle_bytes: u64) -> Option<View> {
        let root = frontier.root();
        let right = frontier.size() == 0 || !checkpoint.is_empty();
        right.then_some(View { checkpoint, root, frontier, bundle_bytes })
    }

    /// The newest signed head that was verified, verbatim; empty before the first.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// Entries under that head.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root hash under that head.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// What is needed to go on from here.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Bytes of the last entry bundle, while it is not full; 0 otherwise.
    pub fn bundle_bytes(&self) -> u64 {
        self.bundle_bytes
    }

    /// Fetches the newest head and what was appended since, and verifies it. `keep(index, entry)` is given each new
    /// entry **before** the head is reached: throw them away if this does not return `Ok`.
    ///
    /// Returns the view to keep from now on; it equals `self` when nothing is new.
    ///
    /// # Errors
    /// [`Refused`]. Errors of `keep` come back as [`Refused::Fetch`].
    pub fn update<E>(
        &self,
        log: &VerifierKey,
        mut fetch: impl FnMut(&Want) -> Result<Vec<u8>, E>,
        keep: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<View, Refused<E>> {
        let want = Want::whole("checkpoint", CHECKPOINT_BYTES_MAX);
        let note = fetch(&want).map_err(Refused::Fetch)?;
        self.advance(log, &note, fetch, keep)
    }

    /// As [`View::update`], to a head that was fetched already.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn advance<E>(
        &self,
        log: &VerifierKey,
        note: &[u8],
        mut fetch: impl FnMut(&Want) -> Result<Vec<u8>, E>,
        mut keep: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<View, Refused<E>> {
        let head = Checkpoint::open(note, log).map_err(Refused::BadSignature)?;
        let text = String::from_utf8_lossy(note).into_owned();
        if head.size < self.size() {
            return Err(Refused::Rollback { held: self.size(), offered: head.size });
        }
        if head.size == self.size() {
            return if head.root == self.root {
                let checkpoint =
                    if self.checkpoint.is_empty() { text } else { self.checkpoint.clone() };
                Ok(View { checkpoint, ..self.clone() })
            } else {
                Err(Refused::Fork { held: self.checkpoint.clone(), offered: text })
            };
        }
        let mut next = self.clone();
        let mut leaves = Vec::new();
        while next.size() < head.size {
            match next.take_bundle(head.size, &mut fetch, &mut keep, &mut leaves) {
                Ok(()) => {}
                // Entries of another history need not end where those that are held do.
                Err(Refused::BadHash(path)) => {
                    return Err(match self.history(&head, &text, &mut fetch) {
                        Some(fork @ Refused::Fork { .. }) => fork,
                        _ => Refused::BadHash(path),
                    });
                }
                Err(refused) => return Err(refused),
            }
        }
        next.root = next.frontier.root();
        if next.root != head.root {
            return Err(self.explain(&head, &text, &leaves, fetch));
        }
        next.checkpoint = text;
        Ok(next)
    }

    /// Takes what is new of the bundle that the next entry is in.
    fn take_bundle<E>(
        &mut self,
        size: u64,
        fetch: &mut impl FnMut(&Want) -> Result<Vec<u8>, E>,
        keep: &mut impl FnMut(u64, &[u8]) -> Result<(), E>,
        leaves: &mut Vec<Hash>,
    ) -> Result<(), Refused<E>> {
        let number = self.size() / TILE_WIDTH;
        let width = bundle_width(number, size).unwrap_or(0);
        let path = bundle_path(number, width);
        let bad = || Refused::BadHash(path.clone());
        let want =
            Want { path: path.clone(), from: self.bundle_bytes, bytes_max: BUNDLE_BYTES_MAX };
        let bytes = fetch(&want).map_err(Refused::Fetch)?;
        let entries = split_bundle(&bytes).ok_or_else(bad)?;
        if entries.len() as u64 != u64::from(width) - self.size() % TILE_WIDTH {
            return Err(bad());
        }
        for entry in entries {
            keep(self.size(), entry).map_err(Refused::Fetch)?;
            let leaf = leaf_hash(entry);
            leaves.push(leaf);
            self.frontier.push(leaf);
        }
        let full = u64::from(width) == TILE_WIDTH;
        self.bundle_bytes = if full { 0 } else { self.bundle_bytes + bytes.len() as u64 };
        Ok(())
    }

    /// What is wrong with the head's history, by its tiles: it is another one than is held, or the tiles are false. Nothing,
    /// when it goes on from what is held.
    fn history<E>(
        &self,
        head: &Checkpoint,
        offered: &str,
        fetch: &mut impl FnMut(&Want) -> Result<Vec<u8>, E>,
    ) -> Option<Refused<E>> {
        if self.size() == 0 {
            return None;
        }
        // What the head commits to at the size that is held. Proving the own root instead would not tell a fork from
        // a false copy where that size is a power of two: the proof then begins with the root itself.
        let mut node = |level, index| tile_node(level, index, head.size, fetch);
        let theirs = match root(self.size(), &mut node) {
            Ok(theirs) => theirs,
            Err(error) => return Some(error),
        };
        let proof = match prove_consistency(self.size(), head.size, &mut node) {
            Ok(proof) => proof,
            Err(error) => return Some(error),
        };
        match verify_consistency(self.size(), head.size, &proof, &theirs, &head.root) {
            Ok(()) if theirs == self.root => None,
            Ok(()) => {
                Some(Refused::Fork { held: self.checkpoint.clone(), offered: offered.into() })
            }
            Err(_) => Some(Refused::BadHash("tile".into())),
        }
    }

    /// Why the entries do not lead to the head: whether history or only a copy is wrong.
    fn explain<E>(
        &self,
        head: &Checkpoint,
        offered: &str,
        leaves: &[Hash],
        mut fetch: impl FnMut(&Want) -> Result<Vec<u8>, E>,
    ) -> Refused<E> {
        if let Some(refused) = self.history(head, offered, &mut fetch) {
            return refused;
        }
        // The head is honest, so some entry is not: name the bundle of the first.
        for (index, leaf) in (self.size()..).zip(leaves) {
            match leaf_is_at(head, index, leaf, &mut fetch) {
                Ok(true) => {}
                Ok(false) => {
                    let number = index / TILE_WIDTH;
                    let width = bundle_width(number, head.size).unwrap_or(0);
                    return Refused::BadHash(bundle_path(number, width));
                }
                Err(error) => return error,
            }
        }
        Refused::BadHash("tile".into())
    }
}

fn leaf_is_at<E>(
    head: &Checkpoint,
    index: u64,
    leaf: &Hash,
    fetch: &mut impl FnMut(&Want) -> Result<Vec<u8>, E>,
) -> Result<bool, Refused<E>> {
    let in_tile = tile_node(0, index, head.size, fetch)?;
    if in_tile != *leaf {
        return Ok(false);
    }
    // One proof a tile is enough: the leaves beside it are in the same tile.
    if !index.is_multiple_of(TILE_WIDTH) {
        return Ok(true);
    }
    let node = |level, index| tile_node(level, index, head.size, fetch);
    let path = prove_inclusion(index, head.size, node)?;
    Ok(verify_inclusion(leaf, index, head.size, &path, &head.root).is_ok())
}

/// A subtree hash from a fetched tile; not verified by itself.
fn tile_node<E>(
    level: u8,
    index: u64,
    size: u64,
    fetch: &mut impl FnMut(&Want) -> Result<Vec<u8>, E>,
) -> Result<Hash, Refused<E>> {
    let missing = || Refused::BadHash("tile".into());
    node(level, index, size, missing, |tile: Tile| {
        let path = tile.path();
        let bytes = fetch(&Want::whole(path.as_str(), TILE_BYTES_MAX)).map_err(Refused::Fetch)?;
        split_tile(&bytes, tile.width).ok_or(Refused::BadHash(path))
    })
}

/// Makes the proof that `entry` stands at `index` under a signed head, from fetched tiles, and verifies it.
///
/// # Errors
/// [`Refused`].
pub fn prove_entry<E>(
    log: &VerifierKey,
    checkpoint: &str,
    index: u64,
    entry: &[u8],
    mut fetch: impl FnMut(&Want) -> Result<Vec<u8>, E>,
) -> Result<Proof, Refused<E>> {
    let head = Checkpoint::open(checkpoint.as_bytes(), log).map_err(Refused::BadSignature)?;
    if index >= head.size {
        return Err(Refused::Rollback { held: index + 1, offered: head.size });
    }
    let node = |level, index| tile_node(level, index, head.size, &mut fetch);
    let hashes = prove_inclusion(index, head.size, node)?;
    let proof = Proof { index, hashes, checkpoint: checkpoint.into() };
    match proof.verify(entry, log) {
        Ok(_) => Ok(proof),
        Err(_) => {
            Err(Refused::BadHash(Tile { level: 0, number: index / TILE_WIDTH, width: 256 }.path()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::tile::{Edge, join_bundle};
    use alloc::{collections::BTreeMap, format, string::ToString};

    /// A log as the files of its read surface.
    struct Log {
        key: SigningKey,
        entries: Vec<Vec<u8>>,
        files: BTreeMap<String, Vec<u8>>,
    }

    impl Log {
        fn new() -> Log {
            let key = SigningKey::from_seed("log.example", [9; 32]).unwrap();
            let mut log = Log { key, entries: Vec::new(), files: BTreeMap::new() };
            log.publish();
            log
        }

        fn grow(&mut self, to: usize, word: &str) -> &mut Log {
            for n in self.entries.len()..to {
                self.entries.push(format!("{word} {n}").into_bytes());
            }
            self.publish();
            self
        }

        fn publish(&mut self) {
            let mut edge = Edge::default();
            let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|h| h.0).collect::<Vec<u8>>();
            for entry in &self.entries {
                edge.push(leaf_hash(entry), |tile, row| {
                    self.files.insert(tile.path(), bytes(&row));
                });
            }
            for (tile, row) in edge.partial_tiles() {
                self.files.insert(tile.path(), bytes(row));
            }
            for (number, chunk) in self.entries.chunks(256).enumerate() {
                let bundle = join_bundle(chunk.iter().map(Vec::as_slice)).unwrap();
                let width = u16::try_from(chunk.len()).unwrap();
                self.files.insert(bundle_path(number as u64, width), bundle);
            }
            let head =
                Checkpoint { origin: "log.example".into(), size: edge.size(), root: edge.root() };
            self.files.insert("checkpoint".into(), head.sign(&self.key).into_bytes());
        }

        fn fetch(&self) -> impl FnMut(&Want) -> Result<Vec<u8>, String> {
            |want| {
                let bytes =
                    self.files.get(&want.path).ok_or_else(|| format!("no {}", want.path))?;
                Ok(bytes[usize::try_from(want.from).unwrap()..].to_vec())
            }
        }

        fn read(&self, view: &View) -> Result<(View, Vec<Vec<u8>>), Refused<String>> {
            let mut got = Vec::new();
            let keep = |index: u64, entry: &[u8]| {
                assert_eq!(index, view.size() + got.len() as u64);
                got.push(entry.to_vec());
                Ok(())
            };
            let next = view.update(&self.key.verifier(), self.fetch(), keep)?;
            Ok((next, got))
        }
    }

    #[test]
    fn a_reader_follows_a_growing_log_and_gets_each_entry_once() {
        let mut log = Log::new();
        let mut view = View::default();
        let mut seen = Vec::new();
        for size in [0, 1, 2, 200, 255, 256, 257, 600, 600, 1025] {
            let (next, got) = log.grow(size, "entry").read(&view).unwrap();
            view = next;
            seen.extend(got);
            assert_eq!((seen.len(), view.size()), (size, size as u64));
            let stored = View::from_parts(
                view.checkpoint().to_string(),
                Frontier::from_parts(view.size(), view.frontier().peaks().to_vec()).unwrap(),
                view.bundle_bytes(),
            );
            assert!(size == 0 || stored == Some(view.clone()));
        }
        assert_eq!(seen, log.entries);
        let (index, key) = (700, log.key.verifier());
        let proof = prove_entry(&key, view.checkpoint(), 700, &seen[index], log.fetch()).unwrap();
        assert!(proof.verify(&seen[index], &key).is_ok());
        let other = prove_entry(&key, view.checkpoint(), 701, &seen[index], log.fetch());
        assert!(matches!(other, Err(Refused::BadHash(_))));
    }

    #[test]
    fn rollback_fork_forgery_and_damage_are_told_apart() {
        let mut honest = Log::new();
        let (held, _) = honest.grow(300, "entry").read(&View::default()).unwrap();
        let early = { Log::new().grow(299, "entry").read(&held).unwrap_err() };
        assert_eq!(early, Refused::Rollback { held: 300, offered: 299 });

        let same_size = Log::new().grow(300, "other").read(&held).unwrap_err();
        assert!(matches!(same_size, Refused::Fork { .. }));
        let grown = Log::new().grow(299, "entry").grow(500, "other").read(&held).unwrap_err();
        let Refused::Fork { held: ours, offered } = grown else { panic!("{grown:?}") };
        assert_eq!(ours, held.checkpoint());
        assert!(offered.starts_with("log.example\n500\n"));

        let mut forged = Log::new();
        forged.key = SigningKey::from_seed("log.example", [8; 32]).unwrap();
        forged.grow(400, "entry");
        let keep = |_: u64, _: &[u8]| Ok(());
        let refused = held.update(&honest.key.verifier(), forged.fetch(), keep).unwrap_err();
        assert!(matches!(refused, Refused::BadSignature(_)));

        honest.grow(700, "entry");
        for path in ["tile/entries/001", "tile/entries/002.p/188"] {
            let mut damaged = Log::new();
            damaged.grow(700, "entry");
            let file = damaged.files.get_mut(path).unwrap();
            *file.last_mut().unwrap() ^= 1;
            assert_eq!(damaged.read(&held).unwrap_err(), Refused::BadHash(path.into()));
            damaged.files.get_mut(path).unwrap().pop();
            assert_eq!(damaged.read(&held).unwrap_err(), Refused::BadHash(path.into()));
            damaged.files.remove(path);
            assert_eq!(damaged.read(&held).unwrap_err(), Refused::Fetch(format!("no {path}")));
        }
        assert_eq!(honest.read(&held).unwrap().0.size(), 700);
    }

    #[test]
    fn a_fork_is_called_so_whatever_the_sizes() {
        for (held, offered) in [(1, 2), (4, 5), (7, 8), (256, 300), (300, 512)] {
            let (mut honest, mut forked) = (Log::new(), Log::new());
            let (view, _) = honest.grow(held, "honest").read(&View::default()).unwrap();
            let refused = forked.grow(offered, "forked").read(&view).unwrap_err();
            assert!(matches!(refused, Refused::Fork { .. }), "{held} {offered}: {refused:?}");
            let (mut honest, mut longer) = (Log::new(), Log::new());
            let (view, _) = honest.grow(held, "honest").read(&View::default()).unwrap();
            let longer = longer.grow(offered, "entries of another length");
            let refused = longer.read(&view).unwrap_err();
            assert!(matches!(refused, Refused::Fork { .. }), "{held} {offered}: {refused:?}");
        }
    }

    #[test]
    fn a_fork_behind_false_tiles_is_refused_all_the_same() {
        let (held, _) = Log::new().grow(300, "entry").read(&View::default()).unwrap();
        let mut liar = Log::new();
        liar.grow(500, "other");
        for (path, bytes) in &mut liar.files {
            if path.starts_with("tile/0") {
                bytes[0] ^= 1;
            }
        }
        assert!(matches!(liar.read(&held).unwrap_err(), Refused::BadHash(_)));
    }

    #[test]
    fn a_huge_size_cannot_be_served() {
        let mut log = Log::new();
        log.grow(3, "entry");
        let head = Checkpoint { origin: "log.example".into(), size: 1 << 63, root: leaf_hash(b"") };
        log.files.insert("checkpoint".into(), head.sign(&log.key).into_bytes());
        assert!(matches!(log.read(&View::default()).unwrap_err(), Refused::Fetch(_)));
    }
}
