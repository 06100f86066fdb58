//! The Merkle tree of RFC 6962 section 2.1: hashes, roots, inclusion and consistency proofs.

use crate::hash::{Hash, sha256, sha256_parts};
use alloc::vec::Vec;

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// The numbers make no sense, or there are too few or too many hashes.
    #[error("the proof does not fit the sizes")]
    Form,
    /// The proof leads to another root than the newer one.
    #[error("the proof leads to another root")]
    Root,
    /// The proof leads to the newer root, but from another older root: history was changed.
    #[error("the older tree is not the beginning of the newer one")]
    OldRoot,
}

/// `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256_parts(&[&[0], entry])
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256_parts(&[&[1], &left.0, &right.0])
}

/// The root of a tree without entries: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// The right edge of a tree: enough to append to it and to know its root. At most 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees that the size is the sum of, largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier that was stored; `None` if the number of peaks is not that of the size.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Frontier { size, peaks })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf by its [`leaf_hash`]. A tree of 2^64 leaves takes no more.
    pub fn push(&mut self, leaf: Hash) {
        let _full = self.push_subtree(0, leaf);
    }

    /// Appends a perfect subtree of `2^level` leaves by its root. False, and nothing is appended, where none of that
    /// size can begin.
    #[must_use]
    pub fn push_subtree(&mut self, level: u8, root: Hash) -> bool {
        let Some(leaves) = 1u64.checked_shl(level.into()) else { return false };
        let Some(size) = self.size.checked_add(leaves).filter(|_| self.size.is_multiple_of(leaves))
        else {
            return false;
        };
        let mut hash = root;
        for _ in 0..(self.size >> level).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size = size;
        true
    }

    /// The root hash.
    pub fn root(&self) -> Hash {
        let fold = |right: Hash, left: &Hash| node_hash(left, &right);
        match self.peaks.split_last() {
            None => empty_root(),
            Some((last, rest)) => rest.iter().rev().fold(*last, fold),
        }
    }
}

/// The largest power of two below `n`; `n` is at least 2.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Root of leaves `lo..hi`, from perfect subtrees that `node(level, index)` answers for.
fn range_root<E>(
    lo: u64,
    hi: u64,
    node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let n = hi - lo;
    if n.is_power_of_two() {
        #[allow(clippy::cast_possible_truncation, reason = "a power of two of u64 is below 64")]
        let level = n.trailing_zeros() as u8;
        return node(level, lo >> level);
    }
    let middle = lo + split(n);
    let left = range_root(lo, middle, node)?;
    Ok(node_hash(&left, &range_root(middle, hi, node)?))
}

/// The perfect subtrees (level and index) that leaves `lo..hi` are the sum of, in order.
pub fn subtrees(mut lo: u64, hi: u64) -> impl Iterator<Item = (u8, u64)> {
    core::iter::from_fn(move || {
        let left = hi.checked_sub(lo).filter(|left| *left > 0)?;
        let level = lo.trailing_zeros().min(63 - left.leading_zeros());
        let index = lo >> level;
        lo += 1 << level;
        #[allow(clippy::cast_possible_truncation, reason = "at most 63")]
        let level = level as u8;
        Some((level, index))
    })
}

/// Root of the first `size` leaves, from the subtree hashes that `node(level, index)` answers.
///
/// # Errors
/// Those of `node`.
pub fn root<E>(size: u64, mut node: impl FnMut(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 { Ok(empty_root()) } else { range_root(0, size, &mut node) }
}

/// The inclusion proof of leaf `index` in a tree of `size` leaves, sibling of the leaf first. `index < size`.
///
/// `node(level, index)` answers the root of the perfect subtree over leaves `index·2^level ..`.
///
/// # Errors
/// Those of `node`.
pub fn prove_inclusion<E>(
    index: u64,
    size: u64,
    mut node: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut lo, mut hi) = (0, size);
    let mut path = Vec::new();
    while hi - lo > 1 {
        let middle = lo + split(hi - lo);
        if index < middle {
            path.push(range_root(middle, hi, &mut node)?);
            hi = middle;
        } else {
            path.push(range_root(lo, middle, &mut node)?);
            lo = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is the beginning of that of `new`. `0 < old <= new`.
///
/// # Errors
/// Those of `node`.
pub fn prove_consistency<E>(
    old: u64,
    new: u64,
    mut node: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut lo, mut hi) = (0, new);
    let mut path = Vec::new();
    // `old` cuts the range lo..hi; once it falls on its end the rest is known to whoever knows the old root.
    while old != hi {
        let middle = lo + split(hi - lo);
        if old <= middle {
            path.push(range_root(middle, hi, &mut node)?);
            hi = middle;
        } else {
            path.push(range_root(lo, middle, &mut node)?);
            lo = middle;
        }
    }
    if lo > 0 {
        path.push(range_root(lo, hi, &mut node)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that `leaf` stands at `index` in the tree of `size` leaves with this `root` (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// [`BadProof::Form`] or [`BadProof::Root`].
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), BadProof> {
    if index >= size {
        return Err(BadProof::Form);
    }
    let (mut index, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(BadProof::Form);
        }
        if index & 1 == 1 || index == last {
            hash = node_hash(sibling, &hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(BadProof::Root),
        _ => Err(BadProof::Form),
    }
}

/// Checks that the tree of `old` leaves and `old_root` is the beginning of that of `new` leaves and `new_root`
/// (RFC 9162 section 2.1.4.2).
///
/// # Errors
/// [`BadProof::OldRoot`] only if the proof does lead to `new_root`: then it is evidence of a changed history.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), BadProof> {
    if old > new || (old == 0 && (*old_root != empty_root() || !proof.is_empty())) {
        return Err(BadProof::Form);
    }
    if old == 0 || old == new {
        let same = old == 0 || old_root == new_root;
        return if !proof.is_empty() {
            Err(BadProof::Form)
        } else if same {
            Ok(())
        } else {
            Err(BadProof::Root)
        };
    }
    let mut hashes = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let first = *first.ok_or(BadProof::Form)?;
    let (mut index, mut last) = (old - 1, new - 1);
    let skip = index.trailing_ones();
    (index, last) = (index >> skip, last >> skip);
    let (mut from_old, mut from_new) = (first, first);
    for sibling in hashes {
        if last == 0 {
            return Err(BadProof::Form);
        }
        if index & 1 == 1 || index == last {
            from_old = node_hash(sibling, &from_old);
            from_new = node_hash(sibling, &from_new);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        Err(BadProof::Form)
    } else if from_new != *new_root {
        Err(BadProof::Root)
    } else if from_old != *old_root {
        Err(BadProof::OldRoot)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};
    use core::convert::Infallible;

    /// Perfect subtree hashes over `leaves`, the slow way.
    fn nodes(leaves: &[Hash]) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> {
        fn perfect(leaves: &[Hash]) -> Hash {
            match leaves {
                [one] => *one,
                many => {
                    let (left, right) = many.split_at(many.len() / 2);
                    node_hash(&perfect(left), &perfect(right))
                }
            }
        }
        move |level, index| {
            let width = 1usize << level;
            let start = usize::try_from(index).unwrap() * width;
            Ok(perfect(&leaves[start..start + width]))
        }
    }

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(format!("entry {i}").as_bytes())).collect()
    }

    fn frontier(leaves: &[Hash]) -> Frontier {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier
    }

    /// Roots published with RFC 6962's reference leaves, sizes 0 to 8.
    #[test]
    fn rfc_6962_reference_roots() {
        let inputs: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            b"PQRSTUVW",
            b"`abcdefghijklmno",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::default();
        for (size, expected) in roots.iter().enumerate() {
            assert_eq!(frontier.root().to_string(), *expected, "size {size}");
            if let Some(input) = inputs.get(size) {
                frontier.push(leaf_hash(input));
            }
        }
    }

    #[test]
    fn every_proof_of_small_trees_verifies_and_no_other_does() {
        let all = leaves(40);
        for size in 1..=40u64 {
            let tree = &all[..usize::try_from(size).unwrap()];
            let root = frontier(tree).root();
            assert_eq!(super::root(size, nodes(tree)).unwrap(), root);
            for (index, leaf) in (0u64..).zip(tree) {
                let proof = prove_inclusion(index, size, nodes(tree)).unwrap();
                assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()));
                assert!(
                    verify_inclusion(leaf, (index + 1) % size, size, &proof, &root).is_err()
                        || size == 1
                );
                assert!(verify_inclusion(&empty_root(), index, size, &proof, &root).is_err());
                for at in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[at].0[0] ^= 1;
                    assert_eq!(
                        verify_inclusion(leaf, index, size, &bad, &root),
                        Err(BadProof::Root)
                    );
                    bad.remove(at);
                    assert!(verify_inclusion(leaf, index, size, &bad, &root).is_err());
                }
            }
            for old in 1..=size {
                let old_root = frontier(&all[..usize::try_from(old).unwrap()]).root();
                let proof = prove_consistency(old, size, nodes(tree)).unwrap();
                assert_eq!(
                    verify_consistency(old, size, &proof, &old_root, &root),
                    Ok(()),
                    "{old} {size}"
                );
                if old < size {
                    let forked = verify_consistency(old, size, &proof, &empty_root(), &root);
                    assert!(
                        forked == Err(BadProof::OldRoot)
                            || old.is_power_of_two() && forked.is_err()
                    );
                    assert!(
                        verify_consistency(old, size, &proof, &old_root, &empty_root()).is_err()
                    );
                }
            }
        }
    }

    #[test]
    fn a_frontier_needs_as_many_peaks_as_its_size_says() {
        let full = frontier(&leaves(13));
        assert_eq!(Frontier::from_parts(13, full.peaks().to_vec()), Some(full.clone()));
        assert_eq!(Frontier::from_parts(12, full.peaks().to_vec()), None);
    }

    proptest::proptest! {
        /// Our proofs against those of an implementation that is not ours.
        #[test]
        fn agrees_with_another_implementation(size in 1u64..300, at in 0u64..300, cut in 1u64..300) {
            use ct_merkle::mem_backed_tree::MemoryBackedTree;
            let (index, old) = (at % size, 1 + cut % size);
            let mut theirs = MemoryBackedTree::<sha2::Sha256, alloc::vec::Vec<u8>>::new();
            for i in 0..size {
                theirs.push(format!("entry {i}").into_bytes());
            }
            let all = leaves(size);
            let root = frontier(&all).root();
            let their_root = theirs.root();
            proptest::prop_assert_eq!(their_root.as_bytes().as_slice(), &root.0[..]);
            let proof = prove_inclusion(index, size, nodes(&all)).unwrap();
            let flat: Vec<u8> = proof.iter().flat_map(|h| h.0).collect();
            let their_proof = theirs.prove_inclusion(usize::try_from(index).unwrap());
            proptest::prop_assert_eq!(their_proof.as_bytes(), &flat[..]);
            if old < size {
                let proof = prove_consistency(old, size, nodes(&all)).unwrap();
                let flat: Vec<u8> = proof.iter().flat_map(|h| h.0).collect();
                let added = usize::try_from(size - old).unwrap();
                let their_proof = theirs.prove_consistency(added);
                proptest::prop_assert_eq!(their_proof.as_bytes(), &flat[..]);
            }
        }

        #[test]
        fn no_numbers_panic_the_verifiers(a: u64, b: u64, n in 0usize..70) {
            let proof = alloc::vec![empty_root(); n];
            let _ = verify_inclusion(&empty_root(), a, b, &proof, &empty_root());
            let _ = verify_consistency(a, b, &proof, &empty_root(), &empty_root());
        }
    }
}
