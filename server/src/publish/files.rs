//! The files of a batch: bundles, tiles, contents, images, all under `public/`.

use std::collections::{BTreeSet, HashMap};
use std::fs;

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::tile::{
    Edge, TILE_WIDTH, Tile, bundle_path, bundle_width, content_bundle_path, join_bundle, node,
    split_tile,
};
use ledger::tree::leaf_hash;
use rusqlite::Connection;

use super::stage;
use crate::data::DataDir;
use crate::durable;
use crate::error::{Error, Result};

/// Everything that the files of committed but unwritten entries are made from.
pub(super) struct Batch {
    /// Path below `public/` and bytes.
    bundles: Vec<(String, Vec<u8>)>,
    tiles: Vec<(String, Vec<u8>)>,
    contents: Vec<(String, Vec<u8>)>,
    content_bundles: Vec<(String, Vec<u8>)>,
    images: Vec<Hash>,
    withdrawn: Vec<Withdrawn>,
}

/// An entry whose content goes.
struct Withdrawn {
    index: u64,
    content: Option<Hash>,
    images: Vec<WithdrawnImage>,
}

struct WithdrawnImage {
    hash: Hash,
    /// Another submission under review needs it: back to private.
    wanted: bool,
}

impl Batch {
    /// Reads the entries from `applied` to the head's size. The tree that they make must be the
    /// one that was signed.
    pub(super) fn load(
        c: &Connection,
        data: &DataDir,
        applied: u64,
        head: &Checkpoint,
    ) -> Result<Self> {
        let withdrawn = read_withdrawn(c, applied)?;
        let mut touched: BTreeSet<u64> =
            (applied / TILE_WIDTH..head.size.div_ceil(TILE_WIDTH)).collect();
        touched.extend(withdrawn.iter().map(|gone| gone.index / TILE_WIDTH));
        Ok(Self {
            bundles: read_bundles(c, applied, head.size)?,
            tiles: grow_tiles(c, data, applied, head)?,
            contents: read_contents(c, applied)?,
            content_bundles: touched
                .into_iter()
                .map(|number| Ok((content_bundle_path(number), content_bundle(c, number)?)))
                .collect::<Result<_>>()?,
            images: read_images(c, applied)?,
            withdrawn,
        })
    }

    pub(super) fn write_bundles(&self, data: &DataDir) -> Result<()> {
        create_all(data, &self.bundles)
    }

    pub(super) fn write_tiles(&self, data: &DataDir) -> Result<()> {
        create_all(data, &self.tiles)
    }

    pub(super) fn write_contents(&self, data: &DataDir) -> Result<()> {
        create_all(data, &self.contents)?;
        for (path, bytes) in &self.content_bundles {
            durable::replace_soon(&data.public().join(path), bytes, durable::Access::Public)?;
        }
        Ok(())
    }

    pub(super) fn move_images(&self, data: &DataDir) -> Result<()> {
        self.images.iter().try_for_each(|hash| {
            let public = data.public_blob(hash);
            durable::move_file(&data.private_blob(hash), &public)?;
            durable::make_public(&public)
        })
    }

    pub(super) fn forget_withdrawn(&self, data: &DataDir) -> Result<()> {
        if self.withdrawn.is_empty() {
            return Ok(());
        }
        for gone in &self.withdrawn {
            if let Some(content) = &gone.content {
                durable::remove(&data.public().join(format!("content/{content}")))?;
            }
            for image in &gone.images {
                let public = data.public_blob(&image.hash);
                if image.wanted {
                    durable::move_file(&public, &data.private_blob(&image.hash))?;
                } else {
                    durable::remove(&public)?;
                }
            }
        }
        durable::sync_filesystem(&data.public())
    }

    /// Entries whose content goes with this batch.
    pub(super) fn withdrawn(&self) -> impl Iterator<Item = u64> {
        self.withdrawn.iter().map(|gone| gone.index)
    }

    /// Paths whose bytes are other than before, or gone.
    pub(super) fn changed_paths(&self) -> Vec<String> {
        let mut paths = vec!["checkpoint".to_owned()];
        paths.extend(self.content_bundles.iter().map(|(path, _)| path.clone()));
        for gone in &self.withdrawn {
            paths.extend(gone.content.iter().map(|content| format!("content/{content}")));
            paths.extend(gone.images.iter().map(|image| format!("blob/{}", image.hash)));
        }
        paths
    }
}

fn create_all(data: &DataDir, files: &[(String, Vec<u8>)]) -> Result<()> {
    files.iter().try_for_each(|(path, bytes)| durable::create(&data.public().join(path), bytes))
}

fn read_bundles(c: &Connection, applied: u64, size: u64) -> Result<Vec<(String, Vec<u8>)>> {
    let mut bundles = Vec::new();
    for number in applied / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
        let Some(width) = bundle_width(number, size) else { break };
        let start = number * TILE_WIDTH;
        let notes = stage::notes(c, start..start + u64::from(width))?;
        let bytes = join_bundle(notes.iter().map(String::as_bytes))
            .ok_or_else(|| Error::Corrupt(format!("第 {start} 条起有过长的条目")))?;
        bundles.push((bundle_path(number, width), bytes));
    }
    Ok(bundles)
}

/// The tiles that appear between `applied` entries and the head.
fn grow_tiles(
    c: &Connection,
    data: &DataDir,
    applied: u64,
    head: &Checkpoint,
) -> Result<Vec<(String, Vec<u8>)>> {
    let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    let mut tiles = Vec::new();
    let mut edge = load_edge(data, applied)?;
    for note in stage::notes(c, applied..head.size)? {
        edge.push(leaf_hash(note.as_bytes()), |tile, hashes| {
            tiles.push((tile.path(), bytes(&hashes)));
        });
    }
    if edge.size() != head.size || edge.root() != head.root {
        return Err(Error::Corrupt("已提交的条目与已签名的树根不符".into()));
    }
    tiles.extend(edge.partial_tiles().map(|(tile, hashes)| (tile.path(), bytes(hashes))));
    Ok(tiles)
}

fn read_contents(c: &Connection, applied: u64) -> Result<Vec<(String, Vec<u8>)>> {
    let mut query = c.prepare_cached(
        "SELECT content, body FROM entry WHERE idx >= ?1 AND body IS NOT NULL ORDER BY idx",
    )?;
    let rows = query.query_map([applied], |row| {
        let (content, body): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((format!("content/{content}"), body.into_bytes()))
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The bytes of a content bundle as of now: length 0 for what has no content or was withdrawn.
pub(crate) fn content_bundle(c: &Connection, number: u64) -> Result<Vec<u8>> {
    let start = number * TILE_WIDTH;
    let mut query = c.prepare_cached(
        "SELECT coalesce(body, '') FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx",
    )?;
    let rows = query.query_map([start, start + TILE_WIDTH], |row| row.get::<_, String>(0))?;
    let bodies = rows.collect::<std::result::Result<Vec<_>, _>>()?;
    join_bundle(bodies.iter().map(String::as_bytes))
        .ok_or_else(|| Error::Corrupt(format!("第 {start} 条起有过长的内容")))
}

/// The images of entries from `applied` on that still stand.
fn read_images(c: &Connection, applied: u64) -> Result<Vec<Hash>> {
    let mut query = c.prepare_cached(
        "SELECT DISTINCT i.sha256 FROM entry_image i JOIN entry e ON e.idx = i.idx
         WHERE i.idx >= ?1 AND e.withdrawn IS NULL",
    )?;
    let rows = query.query_map([applied], |row| row.get::<_, String>(0))?;
    rows.map(|text| read_hash(&text?)).collect()
}

/// The entries that withdrawals from `applied` on mean, with the images that nobody else shows.
fn read_withdrawn(c: &Connection, applied: u64) -> Result<Vec<Withdrawn>> {
    let mut query =
        c.prepare_cached("SELECT idx, content FROM entry WHERE withdrawn >= ?1 ORDER BY idx")?;
    let rows = query.query_map([applied], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    rows.map(|row| {
        let (index, content) = row?;
        Ok(Withdrawn {
            index,
            content: content.map(|text| read_hash(&text)).transpose()?,
            images: read_withdrawn_images(c, index)?,
        })
    })
    .collect()
}

fn read_withdrawn_images(c: &Connection, index: u64) -> Result<Vec<WithdrawnImage>> {
    let mut query = c.prepare_cached(
        "SELECT i.sha256, EXISTS (SELECT 1 FROM submission_image s JOIN submission w
             ON w.seq = s.submission WHERE s.sha256 = i.sha256 AND w.state = 'received')
         FROM entry_image i WHERE i.idx = ?1 AND NOT EXISTS
             (SELECT 1 FROM entry_image o JOIN entry e ON e.idx = o.idx
              WHERE o.sha256 = i.sha256 AND e.withdrawn IS NULL)",
    )?;
    let rows =
        query.query_map([index], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
    rows.map(|row| {
        let (text, wanted) = row?;
        Ok(WithdrawnImage { hash: read_hash(&text)?, wanted })
    })
    .collect()
}

fn read_hash(text: &str) -> Result<Hash> {
    text.parse().map_err(|_| Error::Corrupt(format!("数据库中的散列 {text}")))
}

/// Reads the right edge of the tree back from the disk and checks it against the head.
pub(super) fn read_edge(c: &Connection, data: &DataDir, head: &Checkpoint) -> Result<Edge> {
    let edge = load_edge(data, head.size)?;
    if edge.root() != head.root {
        return Err(Error::Corrupt("磁盘上的树与最后的检查点不符".into()));
    }
    stage::check_last_leaves(c, &edge)?;
    Ok(edge)
}

/// A full tile's hash stands in its parent, so the partial tiles are the whole edge.
fn load_edge(data: &DataDir, size: u64) -> Result<Edge> {
    Edge::load(size, missing, |tile| read_tile(data, tile))
}

fn read_tile(data: &DataDir, tile: Tile) -> Result<Vec<Hash>> {
    let path = data.public().join(tile.path());
    let bytes = fs::read(&path).map_err(Error::file(&path))?;
    split_tile(&bytes, tile.width)
        .ok_or_else(|| Error::Corrupt(format!("{} 长度不对", tile.path())))
}

/// Subtree hashes from the tiles on the disk: each tile read once, each hash computed once, so
/// that a thousand proofs cost little more than one.
pub(super) struct Nodes<'a> {
    data: &'a DataDir,
    size: u64,
    tiles: HashMap<Tile, Vec<Hash>>,
    nodes: HashMap<(u8, u64), Hash>,
}

impl<'a> Nodes<'a> {
    pub(super) fn of(data: &'a DataDir, size: u64) -> Self {
        Self { data, size, tiles: HashMap::new(), nodes: HashMap::new() }
    }

    pub(super) fn node(&mut self, level: u8, index: u64) -> Result<Hash> {
        if let Some(hash) = self.nodes.get(&(level, index)) {
            return Ok(*hash);
        }
        let tiles = &mut self.tiles;
        let hash = node(level, index, self.size, missing, |tile| match tiles.get(&tile) {
            Some(hashes) => Ok(hashes.clone()),
            None => {
                let hashes = read_tile(self.data, tile)?;
                tiles.insert(tile, hashes.clone());
                Ok(hashes)
            }
        })?;
        self.nodes.insert((level, index), hash);
        Ok(hash)
    }
}

fn missing() -> Error {
    Error::Corrupt("磁盘上的树缺少瓦片".into())
}
