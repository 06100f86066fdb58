//! One round of following: the head, the new entries, the contents of receipts, the own village's small pictures.

use super::line::Line;
use super::store::{Published, Wanted};
use super::{FollowError, Progress, Result};
use crate::guard;
use crate::likeness::Looks;
use ledger::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use ledger::client::Refused;
use ledger::content::CONTENT_BYTES_MAX;
use ledger::hash::sha256;
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::tile::{BUNDLE_BYTES_MAX, TILE_WIDTH, content_bundle_path, split_bundle};
use std::collections::BTreeMap;
use std::time::Duration;

/// The largest log that is followed, in entries: a township's for some hundred years.
const LOG_SIZE_MAX: u64 = 1 << 26;
/// Up to this many missing contents of one bundle are asked for one by one.
const SINGLES_MAX: usize = 12;
/// Small pictures that one round asks for.
const THUMBS_MAX: u32 = 300;
/// Bytes of the largest small picture.
const THUMB_BYTES_MAX: usize = 512 << 10;
/// Pixels of a small picture's longest edge that are decoded.
const THUMB_EDGE_MAX: u32 = 2000;
/// The longest that decoding a small picture may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often a head is asked for when the log grows while it is read.
const ROUNDS: usize = 3;

/// Brings `published` up to the server's newest head, signed by `log`; small pictures are fetched for the village
/// `own` only. Only the public read surface is asked. What was fetched is kept, whatever fails after it.
///
/// # Errors
/// [`FollowError`].
pub fn follow(
    published: &mut Published,
    server: &str,
    log: &VerifierKey,
    own: Village,
) -> Result<Progress> {
    published.trust(log)?;
    let line = Line::to(server);
    let before = published.size()?;
    entries(published, &line, log)?;
    let (papers, spoiled) = contents(published, &line)?;
    let (looks, spoiled_too) = thumbs(published, &line, own)?;
    if let Some(path) = spoiled.or(spoiled_too) {
        return Err(FollowError::BadHash(path));
    }
    let size = published.size()?;
    let waiting = published.wanted()?.len() as u64;
    Ok(Progress { size, entries: size.saturating_sub(before), papers, waiting, looks })
}

/// From the head held to the newest.
fn entries(published: &mut Published, line: &Line, log: &VerifierKey) -> Result<()> {
    for round in 1.. {
        match advance(published, line, log) {
            // A part of a bundle goes when the log grows meanwhile: the newer head leads to the whole.
            Err(FollowError::Status(_, 404)) if round < ROUNDS => {}
            other => return other,
        }
    }
    Ok(())
}

fn advance(published: &mut Published, line: &Line, log: &VerifierKey) -> Result<()> {
    let missing = || FollowError::Status("checkpoint".into(), 503);
    let note = line.get("checkpoint", CHECKPOINT_BYTES_MAX)?.ok_or_else(missing)?;
    let head = Checkpoint::open(&note, log).map_err(|_| FollowError::BadSignature)?;
    if head.size > LOG_SIZE_MAX {
        return Err(FollowError::TooLarge("checkpoint".into()));
    }
    let view = published.view()?;
    let mut new: Vec<Vec<u8>> = Vec::new();
    let keep = |_, entry: &[u8]| {
        new.push(entry.to_vec());
        Ok(())
    };
    let next = view.advance(log, &note, |want| line.need(want), keep).map_err(refused)?;
    if next == view { Ok(()) } else { published.append(&view, &next, &new) }
}

fn refused(refused: Refused<FollowError>) -> FollowError {
    match refused {
        Refused::Fetch(error) => error,
        Refused::BadSignature(_) => FollowError::BadSignature,
        Refused::Rollback { held, offered } => FollowError::Rollback(held, offered),
        Refused::Fork { held, offered } => FollowError::Fork { held, offered },
        Refused::BadHash(path) => FollowError::BadHash(path),
    }
}

/// Fetches the contents of receipts that are not here; how many came, and the first that was not what it should be.
fn contents(published: &mut Published, line: &Line) -> Result<(u64, Option<String>)> {
    let (mut came, mut spoiled) = (0, None);
    let mut bundles: BTreeMap<u64, Vec<Wanted>> = BTreeMap::new();
    for wanted in published.wanted()? {
        bundles.entry(wanted.index / TILE_WIDTH).or_default().push(wanted);
    }
    for (number, wanted) in bundles {
        let path = content_bundle_path(number);
        let mut found: Vec<(Wanted, Vec<u8>)> = Vec::new();
        if wanted.len() <= SINGLES_MAX {
            for one in wanted {
                let path = format!("content/{}", one.content);
                found.extend(line.get(&path, CONTENT_BYTES_MAX)?.map(|bytes| (one, bytes)));
            }
        } else if let Some(bundle) = line.get(&path, BUNDLE_BYTES_MAX)? {
            let Some(items) = split_bundle(&bundle) else {
                spoiled.get_or_insert(path);
                continue;
            };
            let item = |one: &Wanted| items.get(usize::try_from(one.index % TILE_WIDTH).ok()?);
            // An item that is left out is empty: withdrawn, or not there yet.
            let held = |one: Wanted| Some((one, item(&one)?.to_vec()));
            found = wanted.into_iter().filter_map(held).filter(|(_, b)| !b.is_empty()).collect();
        }
        if let Some((wrong, _)) = found.iter().find(|(one, bytes)| sha256(bytes) != one.content) {
            spoiled.get_or_insert(format!("content/{}", wrong.content));
        }
        found.retain(|(one, bytes)| sha256(bytes) == one.content);
        came += published.fill(&found)?;
    }
    Ok((came, spoiled))
}

/// Looks at the small pictures of the own village; how many, and the first that was not what it should be.
fn thumbs(published: &mut Published, line: &Line, own: Village) -> Result<(u64, Option<String>)> {
    let (mut seen, mut spoiled) = (0, None);
    for hash in published.unseen(own, THUMBS_MAX)? {
        let path = format!("blob/{hash}");
        let bytes = line.get(&path, THUMB_BYTES_MAX)?;
        let looks = match bytes {
            Some(bytes) if sha256(&bytes) == hash => Some(looks_of(bytes)),
            Some(_) => {
                spoiled.get_or_insert(path);
                None
            }
            None => None,
        };
        seen += u64::from(matches!(looks, Some(Some(_))));
        published.seen(hash, looks)?;
    }
    Ok((seen, spoiled))
}

/// Decodes a small picture within the fence; `None` if it is none.
fn looks_of(bytes: Vec<u8>) -> Option<Looks> {
    let work = move || {
        let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
        reader.set_format(image::ImageFormat::Jpeg);
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(THUMB_EDGE_MAX);
        limits.max_image_height = Some(THUMB_EDGE_MAX);
        reader.limits(limits);
        Looks::of(&reader.decode().ok()?.into_luma8())
    };
    guard::within(DEADLINE, work).ok().flatten()
}
