//! Tiles and entry bundles (C2SP tlog-tiles): how the tree and its entries lie in files.

use crate::hash::Hash;
use crate::tree::node_hash;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Bytes of the largest entry.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Bytes of a full tile.
pub const TILE_BYTES_MAX: usize = 256 * 32;
/// Bytes of the largest bundle.
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);

/// A tile by its place: level, number, and how many hashes it holds (256 when full).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 holds leaf hashes; a hash at level L covers 256^L leaves.
    pub level: u8,
    /// Counted from the left.
    pub number: u64,
    /// 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The path below the log's prefix, such as `tile/0/x001/067.p/112`.
    pub fn path(&self) -> String {
        numbered(&format!("tile/{}", self.level), self.number, self.width)
    }

    /// The tile at `level` and `number` of a tree of `size` leaves; `None` if nothing is there.
    pub fn of(level: u8, number: u64, size: u64) -> Option<Tile> {
        let hashes = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        let width = hashes.saturating_sub(number.checked_mul(TILE_WIDTH)?).min(TILE_WIDTH);
        let width = u16::try_from(width).ok().filter(|w| *w > 0)?;
        Some(Tile { level, number, width })
    }

    /// Every tile of a tree of `size` leaves, level by level, a partial one last in its level.
    pub fn all(size: u64) -> impl Iterator<Item = Tile> {
        (0..8u8).flat_map(move |level| (0..).map_while(move |number| Tile::of(level, number, size)))
    }
}

/// The path of entry bundle `number` of `width` entries (256 when full): `tile/entries/x001/067.p/112`.
pub fn bundle_path(number: u64, width: u16) -> String {
    numbered("tile/entries", number, width)
}

/// The path of the contents that belong to entry bundle `number`: `content/bundle/x001/067`.
pub fn content_bundle_path(number: u64) -> String {
    numbered("content/bundle", number, 256)
}

/// How many entries bundle `number` holds in a log of `size`; `None` if it does not exist.
pub fn bundle_width(number: u64, size: u64) -> Option<u16> {
    Tile::of(0, number, size).map(|tile| tile.width)
}

fn numbered(prefix: &str, number: u64, width: u16) -> String {
    let mut groups = Vec::new();
    let mut rest = number;
    while groups.is_empty() || rest > 0 {
        groups.push(format!("{:03}", rest % 1000));
        rest /= 1000;
    }
    let last = groups.remove(0);
    let mut path = prefix.to_string();
    for group in groups.iter().rev() {
        path.push_str("/x");
        path.push_str(group);
    }
    path.push('/');
    path.push_str(&last);
    if u64::from(width) < TILE_WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}

/// The bytes of a bundle, or of content bundles: each item after its big-endian length in two bytes.
///
/// `None` if an item is longer than [`ENTRY_BYTES_MAX`].
pub fn join_bundle<'a>(items: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for item in items {
        bundle.extend(u16::try_from(item.len()).ok()?.to_be_bytes());
        bundle.extend(item);
    }
    Some(bundle)
}

/// The items of a bundle; `None` if it does not end where an item ends.
pub fn split_bundle(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut items = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (item, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        items.push(item);
        bundle = rest;
    }
    Some(items)
}

/// The hashes in a tile's bytes; `None` if there are not exactly `width`.
pub fn split_tile(bytes: &[u8], width: u16) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() == usize::from(width))
        .then(|| hashes.iter().map(|h| Hash(*h)).collect())
}

/// Root of the perfect subtree over a power-of-two number of hashes.
fn fold(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[l, r]| node_hash(l, r)).collect();
    }
    row.first().copied().unwrap_or_else(crate::tree::empty_root)
}

/// The perfect subtree over leaves `index·2^level ..` from the tiles of a log of `size`, as the proof functions of
/// [`crate::tree`] ask for. `tile` answers the hashes of a tile.
///
/// # Errors
/// Those of `tile`; `missing` is answered where the log has no such subtree.
pub fn node<E>(
    level: u8,
    index: u64,
    size: u64,
    missing: impl Fn() -> E,
    mut tile: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
) -> Result<Hash, E> {
    let (tile_level, height) = (level / 8, level % 8);
    let first = index.checked_shl(u32::from(height)).ok_or_else(&missing)?;
    let wanted = Tile::of(tile_level, first / TILE_WIDTH, size).ok_or_else(&missing)?;
    let hashes = tile(wanted)?;
    let start = usize::try_from(first % TILE_WIDTH).map_err(|_| missing())?;
    let hashes = hashes.get(start..start + (1 << height)).ok_or_else(&missing)?;
    Ok(fold(hashes))
}

/// The right edge of a log as tiles: takes leaves, gives the tiles to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Level by level, the hashes of the tile that is not full yet (0 to 255 of them).
    rows: Vec<Vec<Hash>>,
}

impl Edge {
    /// The edge of a log of `size`, read back from its partial tiles.
    ///
    /// # Errors
    /// Those of `tile`; `missing` if a tile does not have its width.
    pub fn load<E>(
        size: u64,
        missing: impl Fn() -> E,
        mut tile: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
    ) -> Result<Edge, E> {
        let mut rows = Vec::new();
        for level in 0..8u8 {
            let hashes = size >> (u32::from(level) * 8);
            if hashes == 0 {
                break;
            }
            let row = match Tile::of(level, hashes / TILE_WIDTH, size) {
                Some(partial) => tile(partial)?,
                None => Vec::new(),
            };
            if row.len() as u64 != hashes % TILE_WIDTH {
                return Err(missing());
            }
            rows.push(row);
        }
        Ok(Edge { size, rows })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; `full` is given every tile that it fills.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(Tile, Vec<Hash>)) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0u8.. {
            let at = usize::from(level);
            if self.rows.len() <= at {
                self.rows.push(Vec::new());
            }
            self.rows[at].push(hash);
            if self.rows[at].len() as u64 != TILE_WIDTH {
                return;
            }
            let row = core::mem::take(&mut self.rows[at]);
            hash = fold(&row);
            let number = (self.size >> (8 * (u32::from(level) + 1))) - 1;
            full(Tile { level, number, width: 256 }, row);
        }
    }

    /// The partial tiles of the size as it is now.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).filter_map(
            |(level, row)| {
                let level = u8::try_from(level).ok()?;
                let number = (self.size >> (8 * u32::from(level))) / TILE_WIDTH;
                Tile::of(level, number, self.size).map(|tile| (tile, row.as_slice()))
            },
        )
    }

    /// The root hash of the tree.
    pub fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for row in &self.rows {
            // Perfect subtrees of this row from right to left: the smallest stands last.
            let mut end = row.len();
            while end > 0 {
                let width = 1 << end.trailing_zeros();
                let peak = fold(&row[end - width..end]);
                right = Some(right.map_or(peak, |right| node_hash(&peak, &right)));
                end -= width;
            }
        }
        right.unwrap_or_else(crate::tree::empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Frontier, leaf_hash, prove_inclusion, verify_inclusion};
    use std::collections::BTreeMap;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |number, width| Tile { level: 0, number, width }.path();
        assert_eq!(path(1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(0, 3), "tile/0/000.p/3");
        assert_eq!(path(1000, 256), "tile/0/x001/000");
        assert_eq!(bundle_path(273, 112), "tile/entries/273.p/112");
        assert_eq!(content_bundle_path(1_067), "content/bundle/x001/067");
    }

    #[test]
    fn tiles_of_a_size_are_those_of_the_specification() {
        let tiles: Vec<Tile> = Tile::all(70_000).collect();
        let count = |level| tiles.iter().filter(|t| t.level == level).count();
        assert_eq!((count(0), count(1), count(2), count(3)), (274, 2, 1, 0));
        let widths: Vec<u16> = tiles.iter().map(|t| t.width).filter(|w| *w < 256).collect();
        assert_eq!(widths, [112, 17, 1]);
        let of_256: Vec<_> = Tile::all(256).map(|t| (t.level, t.width)).collect();
        assert_eq!(of_256, [(0, 256), (1, 1)]);
        assert_eq!(Tile::all(0).count(), 0);
        assert_eq!(Tile::of(8, 0, u64::MAX), None);
        assert_eq!(Tile::of(0, u64::MAX, u64::MAX), None);
    }

    #[test]
    fn the_published_bundle_of_three_splits_and_joins() {
        let bundle = b"\x00\x03one\x00\x03two\x00\x05three";
        let items = split_bundle(bundle).unwrap();
        assert_eq!(items, [&b"one"[..], b"two", b"three"]);
        assert_eq!(join_bundle(items).unwrap(), bundle);
        assert_eq!(split_bundle(&bundle[..bundle.len() - 1]), None);
        assert_eq!(split_bundle(b"\x00"), None);
    }

    #[test]
    fn an_edge_writes_the_tiles_that_prove_every_leaf() {
        let mut edge = Edge::default();
        let mut frontier = Frontier::default();
        let mut files: BTreeMap<String, Vec<Hash>> = BTreeMap::new();
        let leaf = |n: u64| leaf_hash(&n.to_be_bytes());
        for n in 0..66_000u64 {
            edge.push(leaf(n), |tile, hashes| {
                files.insert(tile.path(), hashes);
            });
            frontier.push(leaf(n));
            if n % 997 == 0 || n == 65_999 {
                for (tile, row) in edge.partial_tiles() {
                    files.insert(tile.path(), row.to_vec());
                }
                let size = edge.size();
                let read = |tile: Tile| files.get(&tile.path()).cloned().ok_or(());
                assert_eq!(edge.root(), frontier.root(), "{size}");
                assert_eq!(Edge::load(size, || (), read), Ok(edge.clone()), "{size}");
                assert!(Tile::all(size).all(|t| files[&t.path()].len() == usize::from(t.width)));
                for index in [0, size / 2, size - 1] {
                    let node = |l, i| node(l, i, size, || (), read);
                    let proof = prove_inclusion(index, size, node).unwrap();
                    verify_inclusion(&leaf(index), index, size, &proof, &edge.root()).unwrap();
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_splitters(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), width: u16) {
            if let Some(items) = split_bundle(&bytes) {
                proptest::prop_assert_eq!(join_bundle(items).unwrap(), bytes.clone());
            }
            let _ = split_tile(&bytes, width);
        }
    }
}
