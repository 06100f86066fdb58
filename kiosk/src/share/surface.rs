//! The read surface as this kiosk's shelf can give it. Nothing is given that the shelf did not verify or may no longer
//! show, and what is given is checked once more on its way.

use std::fs::File;
use std::time::{Duration, Instant};

use ledger::hash::{Hash, sha256};
use ledger::surface::Item;
use ledger::tile::{TILE_WIDTH, Tile, join_bundle};
use ledger::tree::leaf_hash;

use super::tree::Tree;
use crate::shelf::{Head, Images, Shelf, ShelfError};

/// How long it is before entries that were found damaged are looked at again.
const REST: Duration = Duration::from_secs(60);

/// What a shelf can give.
pub(super) struct Surface {
    shelf: Shelf,
    tree: Tree,
    /// The head to which all entries lead.
    head: Option<Head>,
    /// When they did not lead to the shelf's head.
    lost: Option<Instant>,
}

/// A file of the read surface, given.
pub(super) struct Given {
    pub body: Body,
    /// In bytes.
    pub length: u64,
    /// SHA-256 of all of it.
    pub hash: Hash,
}

pub(super) enum Body {
    Bytes(Vec<u8>),
    File(File),
}

/// All entries of a bundle, and their hashes.
struct Bundle {
    entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
}

impl Surface {
    pub fn of(shelf: Shelf) -> Self {
        Self { shelf, tree: Tree::default(), head: None, lost: None }
    }

    /// Follows the shelf to its newest head, which is given only with every entry under it.
    pub fn follow(&mut self) -> Result<Option<&Head>, ShelfError> {
        let newest = self.shelf.head()?;
        let rests = self.lost.is_some_and(|at| at.elapsed() < REST);
        if newest == self.head || rests {
            return Ok(self.head.as_ref());
        }
        (self.head, self.lost) = (None, None);
        match newest {
            Some(head) if self.reaches(&head)? => self.head = Some(head),
            Some(_) => self.lost = Some(Instant::now()),
            None => {}
        }
        if self.head.is_none() {
            self.tree = Tree::default();
        }
        Ok(self.head.as_ref())
    }

    /// True when the shelf's entries are those of the head.
    fn reaches(&mut self, head: &Head) -> Result<bool, ShelfError> {
        if self.tree.size() > 0 && self.tree.grow(&self.shelf, head)? {
            return Ok(true);
        }
        // From the start: what was remembered may be of a shelf that was replaced since.
        self.tree = Tree::default();
        self.tree.grow(&self.shelf, head)
    }

    /// Everything that there is up to the head: the log first, then such pictures.
    pub fn items(&self, images: Images) -> Result<Vec<Item>, ShelfError> {
        let size = self.tree.size();
        let bundles = (0..).map_while(|number| Some((number, self.tree.bundle_width(number)?)));
        let bundles = bundles
            .flat_map(|(number, width)| [Item::Entries { number, width }, Item::Contents(number)]);
        let log = [Item::Checkpoint].into_iter().chain(Tile::all(size).map(Item::Tile));
        let pictures = self.shelf.pictures(images)?.into_iter().map(Item::Blob);
        Ok(log.chain(bundles).chain(pictures).collect())
    }

    /// A file as it belongs to the head that was followed; `None` if it is not here.
    pub fn give(&self, item: Item) -> Result<Option<Given>, ShelfError> {
        let bytes = match item {
            Item::Checkpoint => self.head.as_ref().map(|head| head.checkpoint.clone()),
            Item::Tile(tile) => self.tile(tile)?,
            Item::Entries { number, width } => self.entries(number, width)?,
            Item::Contents(number) => self.contents(number)?,
            Item::Content(hash) => self.shelf.content(hash)?,
            Item::Blob(hash) => {
                let found = self.shelf.image_file(hash);
                return Ok(found.map(|(file, length)| Given {
                    body: Body::File(file),
                    length,
                    hash,
                }));
            }
        };
        Ok(bytes.map(|bytes| Given {
            length: bytes.len() as u64,
            hash: sha256(&bytes),
            body: Body::Bytes(bytes),
        }))
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, ShelfError> {
        let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect();
        if let Some(hashes) = self.tree.tile(tile) {
            return Ok(Some(bytes(hashes)));
        }
        if tile.level > 0 {
            return Ok(None);
        }
        let bundle = self.bundle(tile.number)?;
        let leaves = bundle.as_ref().and_then(|bundle| bundle.leaves.get(..tile.width.into()));
        Ok(leaves.map(bytes))
    }

    fn entries(&self, number: u64, width: u16) -> Result<Option<Vec<u8>>, ShelfError> {
        let bundle = self.bundle(number)?;
        let entries = bundle.as_ref().and_then(|bundle| bundle.entries.get(..width.into()));
        Ok(entries.and_then(|entries| join_bundle(entries.iter().map(Vec::as_slice))))
    }

    /// A bundle, if its entries are those of the log.
    fn bundle(&self, number: u64) -> Result<Option<Bundle>, ShelfError> {
        let Some(width) = self.tree.bundle_width(number) else { return Ok(None) };
        let first = number * TILE_WIDTH;
        let entries = self.shelf.entries_in(first..first + u64::from(width))?;
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        Ok(self.tree.proves(number, &leaves).then_some(Bundle { entries, leaves }))
    }

    fn contents(&self, number: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        let Some(width) = self.tree.bundle_width(number) else { return Ok(None) };
        let first = number * TILE_WIDTH;
        let contents = self.shelf.contents(first..first + u64::from(width))?;
        Ok(join_bundle(contents.iter().map(Vec::as_slice)))
    }
}
