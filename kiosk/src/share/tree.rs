//! The hash tree over the shelf's entries. Of the leaves it remembers the last, unfinished tile only, so that it takes an
//! eighth of a byte an entry; the others are hashed again, and must lead to what it remembers.

use ledger::hash::Hash;
use ledger::tile::{Edge, TILE_WIDTH, Tile, bundle_width};
use ledger::tree::{Frontier, leaf_hash};

use crate::shelf::{Head, Shelf, ShelfError};

/// Entries that are read at once.
const STEP: u64 = 16 * TILE_WIDTH;

#[derive(Debug, Default)]
pub(super) struct Tree {
    edge: Edge,
    /// The hashes of full tiles, from level 1 on.
    full: Vec<Vec<Hash>>,
}

impl Tree {
    /// How many entries it is over.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Grows over the shelf's entries up to a head; false when they are not those that the head commits to.
    pub fn grow(&mut self, shelf: &Shelf, head: &Head) -> Result<bool, ShelfError> {
        while self.size() < head.size {
            let next = head.size.min(self.size() + STEP);
            let entries = shelf.entries_in(self.size()..next)?;
            if entries.is_empty() {
                return Ok(false);
            }
            entries.iter().for_each(|entry| self.push(leaf_hash(entry)));
        }
        Ok(self.size() == head.size && self.edge.root() == head.root)
    }

    fn push(&mut self, leaf: Hash) {
        let full = &mut self.full;
        self.edge.push(leaf, |tile, row| {
            let Some(above) = usize::from(tile.level).checked_sub(1) else { return };
            if full.len() <= above {
                full.resize(above + 1, Vec::new());
            }
            full[above].extend(row);
        });
    }

    /// How many entries bundle `number` holds; `None` if there is no such bundle.
    pub fn bundle_width(&self, number: u64) -> Option<u16> {
        bundle_width(number, self.size())
    }

    /// The hashes of a tile. Those of full leaf tiles are not here.
    pub fn tile(&self, tile: Tile) -> Option<&[Hash]> {
        let whole = Tile::of(tile.level, tile.number, self.size())?;
        let hashes = if u64::from(whole.width) < TILE_WIDTH {
            self.edge.partial_tiles().find(|(partial, _)| *partial == whole)?.1
        } else {
            let row = self.full.get(usize::from(tile.level).checked_sub(1)?)?;
            let first = usize::try_from(tile.number * TILE_WIDTH).ok()?;
            row.get(first..)?
        };
        hashes.get(..usize::from(tile.width))
    }

    /// True when these are all leaves of bundle `number`.
    pub fn proves(&self, number: u64, leaves: &[Hash]) -> bool {
        let Some(width) = self.bundle_width(number) else { return false };
        if u64::from(width) < TILE_WIDTH {
            return self.tile(Tile { level: 0, number, width }) == Some(leaves);
        }
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        let above = Tile::of(1, number / TILE_WIDTH, self.size());
        let above = above.and_then(|tile| self.tile(tile));
        let at = usize::try_from(number % TILE_WIDTH).unwrap_or(usize::MAX);
        leaves.len() == usize::from(width)
            && above.and_then(|hashes| hashes.get(at)) == Some(&frontier.root())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_gives_the_tiles_that_a_log_writes_and_admits_no_other_leaves() {
        let leaf = |n: u64| leaf_hash(&n.to_be_bytes());
        let (mut tree, mut edge) = (Tree::default(), Edge::default());
        let mut written: BTreeMap<Tile, Vec<Hash>> = BTreeMap::new();
        for n in 0..66_000u64 {
            tree.push(leaf(n));
            edge.push(leaf(n), |tile, row| {
                written.insert(tile, row);
            });
        }
        written.extend(edge.partial_tiles().map(|(tile, row)| (tile, row.to_vec())));
        for tile in Tile::all(66_000) {
            let row = &written[&tile];
            if tile.level == 0 {
                assert!(tree.proves(tile.number, row));
                assert!(!tree.proves(tile.number, &row[1..]) && !tree.proves(tile.number + 1, row));
            }
            let held = tile.level > 0 || tile.width < 256;
            assert_eq!(tree.tile(tile), held.then_some(row.as_slice()), "{tile:?}");
            let first = Tile { width: 1, ..tile };
            assert_eq!(tree.tile(first), held.then_some(&row[..1]), "{tile:?}");
        }
        for tile in [
            Tile { level: 0, number: 257, width: 209 },
            Tile { level: 0, number: 258, width: 1 },
            Tile { level: 2, number: 0, width: 2 },
            Tile { level: 63, number: 0, width: 1 },
            Tile { level: 1, number: u64::MAX, width: 256 },
        ] {
            assert_eq!(tree.tile(tile), None, "{tile:?}");
        }
        assert!(!tree.proves(u64::MAX, &[]));
    }
}
