//! The hashes of whole entry bundles, proved by a few tiles before the bundles come: so that a false copy is noticed at
//! its first bundle, and never fills this machine's memory with what is not believed yet.

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::tile::{TILE_BYTES_MAX, TILE_WIDTH, Tile, split_bundle, split_tile};
use ledger::tree::{Frontier, leaf_hash};

use super::SyncError;
use crate::fetch::{Answer, Ask, FetchError, Source};

/// Logs that grew by no more entries than this are read without: what is not believed yet stays small.
pub(super) const STEP: u64 = 2 * TILE_WIDTH;

/// The root hash of each full entry bundle under a signed head.
pub(super) struct Ladder(Vec<Hash>);

impl Ladder {
    /// Fetches the tiles, and proves that they lead to the head's root.
    pub fn fetch(source: &Source, head: &Checkpoint) -> Result<Self, SyncError> {
        let full = head.size / TILE_WIDTH;
        let mut bundles = Vec::new();
        for number in 0..full.div_ceil(TILE_WIDTH) {
            bundles.extend(tile(source, Tile::of(1, number, head.size))?);
        }
        let rest = Tile::of(0, full, head.size);
        let leaves = if rest.is_some() { tile(source, rest)? } else { Vec::new() };
        let edge = |hashes: &[Hash]| {
            let mut frontier = Frontier::default();
            hashes.iter().for_each(|hash| frontier.push(*hash));
            frontier
        };
        // Upon full bundles the tree is built as it is upon leaves.
        let peaks = [edge(&bundles).peaks(), edge(&leaves).peaks()].concat();
        let root = Frontier::from_parts(head.size, peaks).map(|frontier| frontier.root());
        if root != Some(head.root) {
            return Err(SyncError::BadHash("tile/1".to_owned()));
        }
        Ok(Self(bundles))
    }

    /// True unless these are not the entries of full bundle `number`.
    pub fn admits(&self, number: u64, bundle: &[u8]) -> bool {
        let proved = usize::try_from(number).ok().and_then(|number| self.0.get(number));
        let Some(proved) = proved else { return true };
        let mut frontier = Frontier::default();
        let entries = split_bundle(bundle).unwrap_or_default();
        entries.iter().for_each(|entry| frontier.push(leaf_hash(entry)));
        frontier.root() == *proved
    }
}

/// A tile's hashes; where the log has grown meanwhile and the partial tile is gone, the first of the full one.
fn tile(source: &Source, tile: Option<Tile>) -> Result<Vec<Hash>, SyncError> {
    let Some(tile) = tile else { return Ok(Vec::new()) };
    for width in [tile.width, 256] {
        let path = format!("/{}", Tile { width, ..tile }.path());
        if let Answer::Whole(bytes, _) = source.get(&path, Ask::Whole, TILE_BYTES_MAX as u64)? {
            let mut hashes = split_tile(&bytes, width).ok_or(SyncError::BadHash(path))?;
            hashes.truncate(usize::from(tile.width));
            return Ok(hashes);
        }
    }
    Err(FetchError::Status { path: format!("/{}", tile.path()), status: 404 }.into())
}
