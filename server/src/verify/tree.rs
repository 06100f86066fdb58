//! The tree: every entry, bundle and tile, computed anew from the entries.

use std::collections::HashMap;

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::Note;
use ledger::roster::Roster;
use ledger::statement::Statement;
use ledger::tile::{Edge, TILE_WIDTH, Tile, bundle_path, bundle_width, join_bundle, split_bundle};
use ledger::tree::leaf_hash;
use rusqlite::Connection;

use super::store::Files;
use super::{Checked, Found, read};
use crate::data::DataDir;

/// The bytes that belong at a numbered path, in the widest form that the log's size allows.
type Widest = HashMap<String, Vec<u8>>;

/// Checks entries, bundles and tiles against the head; answers the entries.
pub(super) fn check(
    data: &DataDir,
    c: &Connection,
    head: &Checkpoint,
    files: &mut Files,
) -> Checked<Vec<String>> {
    let notes = read_notes(c, head.size)?;
    let (edge, tiles) = grow(&notes);
    if edge.root() != head.root {
        return Err(find_bad_entry(data, &notes));
    }
    let mut bundles = Widest::new();
    for number in 0..head.size.div_ceil(TILE_WIDTH) {
        let width = bundle_width(number, head.size).unwrap_or_default();
        let path = bundle_path(number, width);
        let start = usize::try_from(number * TILE_WIDTH).unwrap_or(usize::MAX);
        let ours = &notes[start..start + usize::from(width)];
        let bytes = join_bundle(ours.iter().map(String::as_bytes)).unwrap_or_default();
        let there = read(&data.public().join(&path), &path)?;
        if there != bytes {
            return Err(name_entry(&path, start, ours, &there));
        }
        files.seen(&path);
        bundles.insert(bundle_path(number, 256), bytes);
    }
    for tile in Tile::all(head.size) {
        let path = tile.path();
        let bytes = tiles.get(&Tile { width: 256, ..tile }.path());
        if Some(&read(&data.public().join(&path), &path)?) != bytes {
            return Err(Found::bad(path, "散列与条目不符"));
        }
        files.seen(&path);
    }
    check_older(data, files, &bundles, &tiles)?;
    Ok(notes)
}

fn read_notes(c: &Connection, size: u64) -> Checked<Vec<String>> {
    let mut query = c.prepare("SELECT idx, note FROM entry ORDER BY idx")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))?;
    let mut notes = Vec::new();
    for row in rows {
        let (index, note) = row?;
        if index != notes.len() as u64 {
            return Err(Found::bad(format!("数据库第 {} 条", notes.len()), "缺少"));
        }
        notes.push(note);
    }
    if notes.len() as u64 == size {
        Ok(notes)
    } else {
        Err(Found::bad("数据库", format!("有 {} 条，检查点说 {size} 条", notes.len())))
    }
}

/// The tree over the entries: its edge, and every tile by its full path, at its widest.
fn grow(notes: &[String]) -> (Edge, Widest) {
    let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    let mut tiles = Widest::new();
    let mut edge = Edge::default();
    for note in notes {
        edge.push(leaf_hash(note.as_bytes()), |tile, hashes| {
            tiles.insert(tile.path(), bytes(&hashes));
        });
    }
    for (tile, hashes) in edge.partial_tiles() {
        tiles.insert(Tile { width: 256, ..tile }.path(), bytes(hashes));
    }
    (edge, tiles)
}

/// The entries in the database do not make the signed tree: which one is it?
fn find_bad_entry(data: &DataDir, notes: &[String]) -> Found {
    let size = notes.len() as u64;
    for tile in Tile::all(size).take_while(|tile| tile.level == 0) {
        let Ok(bytes) = read(&data.public().join(tile.path()), &tile.path()) else { continue };
        let start = tile.number * TILE_WIDTH;
        for (index, hash) in (start..).zip(bytes.chunks(32)) {
            let note = usize::try_from(index).ok().and_then(|index| notes.get(index));
            if note.is_some_and(|note| leaf_hash(note.as_bytes()).0[..] != *hash) {
                return Found::bad(format!("数据库第 {index} 条"), "与树中的散列不符");
            }
        }
    }
    Found::bad("数据库的条目", "与检查点的树根不符")
}

/// Which entry of a bundle file differs from the one that the tree holds.
fn name_entry(path: &str, start: usize, ours: &[String], there: &[u8]) -> Found {
    let items = split_bundle(there).unwrap_or_default();
    let same = ours.iter().zip(&items).take_while(|(our, item)| our.as_bytes() == **item).count();
    Found::bad(path, format!("第 {} 条与树不符", start + same))
}

/// Partial tiles and bundles of earlier sizes: each is the beginning of the one that is there now.
fn check_older(data: &DataDir, files: &mut Files, bundles: &Widest, tiles: &Widest) -> Checked<()> {
    for path in files.unseen_below("tile/") {
        let Some((base, width)) = path.split_once(".p/") else { continue };
        let Ok(width) = width.parse::<usize>() else { continue };
        let beginning = match (tiles.get(base), bundles.get(base)) {
            (Some(tile), _) => tile.get(..width * 32).map(<[u8]>::to_vec),
            (None, Some(bundle)) => split_bundle(bundle)
                .and_then(|items| join_bundle(items.get(..width)?.iter().copied())),
            (None, None) => None,
        };
        // One that is wider than the log is long belongs to a batch that never was: not expected.
        let Some(beginning) = beginning else { continue };
        if read(&data.public().join(&path), &path)? != beginning {
            return Err(Found::bad(path, "与树不符"));
        }
        files.seen(&path);
    }
    Ok(())
}

/// Every entry was signed by someone who might sign it then.
pub(super) fn check_roster(notes: &[String]) -> Checked<()> {
    let mut roster = Roster::default();
    let earlier = |of: u64| {
        let note = notes.get(usize::try_from(of).ok()?)?;
        Statement::parse(Note::parse(note.as_bytes()).ok()?.text()).ok()
    };
    for (index, note) in notes.iter().enumerate() {
        let admitted =
            roster.admit(note.as_bytes(), |of| earlier(of).filter(|_| of < index as u64));
        admitted.map_err(|refusal| Found::bad(format!("第 {index} 条"), refusal.to_string()))?;
    }
    Ok(())
}
