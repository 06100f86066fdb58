//! Contents and pictures: fetched from the office, checked against their hashes, and looked at again every day.

use std::collections::BTreeMap;

use ledger::content::{CONTENT_BYTES_MAX, VIDEO_BYTES_MAX};
use ledger::hash::sha256;
use ledger::tile::{BUNDLE_BYTES_MAX, TILE_WIDTH, content_bundle_path, split_bundle};
use rusqlite::{Connection, params};

use super::store::Store;
use crate::error::Result;
use crate::intake;
use crate::outbound::Line;

/// Pictures that one round looks at where not all are asked for.
const SAMPLE: u32 = 20;
/// Seconds after which a picture is looked at again where all are asked for.
const LOOK_AGAIN: i64 = 86_400;

/// What is wrong with something that is served.
const ABSENT: &str = "absent";
const FALSE: &str = "false";

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What is new or was missing, and some pictures.
    New,
    /// All contents, and some pictures.
    Contents,
    /// All contents and all pictures.
    All,
}

/// A content that stands in the log.
struct Wanted {
    index: u64,
    content: String,
    is_held: bool,
}

/// Looks at what the office serves of the entries below `size`, which it says it has; how many things were found missing
/// or false.
///
/// # Errors
/// When the office cannot be asked, or the store fails.
pub(super) fn look(store: &Store, office: &Line, depth: Depth, size: u64, now: i64) -> Result<u64> {
    let mut bundles: BTreeMap<u64, Vec<Wanted>> = BTreeMap::new();
    for wanted in wanted(&store.db, size)? {
        if depth != Depth::New || !wanted.is_held {
            bundles.entry(wanted.index / TILE_WIDTH).or_default().push(wanted);
        }
    }
    let mut lost = 0;
    for (number, wanted) in bundles {
        let path = content_bundle_path(number);
        let bundle = office.get(&path, BUNDLE_BYTES_MAX)?.unwrap_or_default();
        let items = split_bundle(&bundle).unwrap_or_default();
        for one in wanted {
            let at = usize::try_from(one.index % TILE_WIDTH).unwrap_or(usize::MAX);
            let item = items.get(at).copied().unwrap_or_default();
            lost += u64::from(!content(&store.db, office, &one, item)?);
        }
    }
    for hash in pictures(&store.db, depth, size, now)? {
        let verdict = picture(office, &hash)?;
        lost += u64::from(verdict.is_some());
        store
            .db
            .prepare_cached("UPDATE picture SET looked = ?2, lost = ?3 WHERE hash = ?1")?
            .execute(params![hash, now, verdict])?;
    }
    Ok(lost)
}

fn wanted(c: &Connection, size: u64) -> Result<Vec<Wanted>> {
    let mut query = c.prepare(
        "SELECT idx, content, body IS NOT NULL AND lost IS NULL FROM entry
         WHERE content IS NOT NULL AND withdrawn IS NULL AND idx < ?1 ORDER BY idx",
    )?;
    let rows = query.query_map([size], |row| {
        Ok(Wanted { index: row.get(0)?, content: row.get(1)?, is_held: row.get(2)? })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Takes a content from the bundle, or by itself where the bundle has it not or not right; whether it is there.
fn content(c: &Connection, office: &Line, wanted: &Wanted, item: &[u8]) -> Result<bool> {
    let is_right = |bytes: &[u8]| sha256(bytes).to_string() == wanted.content;
    if is_right(item) {
        keep(c, wanted.index, item)?;
        return Ok(true);
    }
    let single = office.get(&format!("content/{}", wanted.content), CONTENT_BYTES_MAX)?;
    let lost = match single {
        // A false bundle beside a right content is still false: readers take the one or the other.
        Some(bytes) if is_right(&bytes) => {
            keep(c, wanted.index, &bytes)?;
            if item.is_empty() {
                return Ok(true);
            }
            FALSE
        }
        Some(_) => FALSE,
        None => ABSENT,
    };
    c.prepare_cached("UPDATE entry SET lost = ?2 WHERE idx = ?1")?
        .execute(params![wanted.index, lost])?;
    Ok(false)
}

fn keep(c: &Connection, index: u64, body: &[u8]) -> Result<()> {
    c.prepare_cached("UPDATE entry SET body = ?2, lost = NULL WHERE idx = ?1")?
        .execute(params![index, body])?;
    for hash in intake::files_of(&String::from_utf8_lossy(body)) {
        c.prepare_cached("INSERT OR IGNORE INTO picture (hash, idx) VALUES (?1, ?2)")?
            .execute(params![hash.to_string(), index])?;
    }
    Ok(())
}

/// The pictures to look at: those that were lost, then those that were not looked at for longest, by chance among equals.
fn pictures(c: &Connection, depth: Depth, size: u64, now: i64) -> Result<Vec<String>> {
    let (limit, before) = match depth {
        Depth::All => (-1, now - LOOK_AGAIN),
        Depth::New | Depth::Contents => (i64::from(SAMPLE), i64::MAX),
    };
    let mut query = c.prepare(
        "SELECT hash FROM picture WHERE idx < ?3 AND (looked <= ?2 OR lost IS NOT NULL) GROUP BY hash
         ORDER BY max(lost) IS NULL, min(looked), random() LIMIT ?1",
    )?;
    let rows = query.query_map(params![limit, before, size], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// What is wrong with a picture or video that is served.
fn picture(office: &Line, hash: &str) -> Result<Option<&'static str>> {
    let max = usize::try_from(VIDEO_BYTES_MAX).unwrap_or(usize::MAX);
    Ok(match office.get(&format!("blob/{hash}"), max)? {
        Some(bytes) if sha256(&bytes).to_string() == hash => None,
        Some(_) => Some(FALSE),
        None => Some(ABSENT),
    })
}
