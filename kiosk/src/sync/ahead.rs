//! Bundles fetched ahead on a second thread, over one connection, while the first verifies.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;
use std::time::Instant;

use ledger::client::{View, Want};
use ledger::surface::Item;
use ledger::tile::{TILE_WIDTH, bundle_path, bundle_width, split_bundle};

use super::contents::{SINGLES_MAX, content_bundle};
use super::ladder::Ladder;
use super::{FLUSH_TIME, SyncError};
use crate::fetch::{Answer, Ask, FetchError, Source};

/// How many answers may wait for the thread that verifies, beside the one that is just coming: none. What is not
/// believed yet takes little memory, however much of it is sent.
const AHEAD_MAX: usize = 0;
/// Bytes of the largest entry bundle that is read. A statement has at most 1,024 bytes; with 64 signatures an entry
/// stays below the 16 KiB that this leaves it.
const ENTRIES_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// So many bytes of bundles are written down at once.
const FLUSH_BYTES: usize = 4 * 1024 * 1024;

/// Something to fetch ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// Entry bundle of that number: its width, and bytes and entries of it that are held.
    Entries { number: u64, width: u16, from: u64, held: u64 },
    /// Content bundle of that number.
    Contents { number: u64 },
}

/// What comes from the server, in the order in which it is needed.
pub(super) struct Incoming {
    source: Source,
    answers: Receiver<(Job, Result<Vec<u8>, FetchError>)>,
    /// Held already, from a sync that was cut off.
    inbox: BTreeMap<u64, Vec<u8>>,
    /// Full entry bundles that came in this sync and are not in the inbox yet.
    fresh: Vec<(u64, Vec<u8>)>,
    flushed: Instant,
    first: (u64, u64),
    size: u64,
    ladder: Option<Ladder>,
    /// Content bundles that are on their way.
    pub contents: BTreeSet<u64>,
}

impl Incoming {
    /// Starts to fetch what leads from `view` to a log of `size`.
    pub fn start<'s>(
        scope: &'s Scope<'s, '_>,
        source: Source,
        view: &View,
        size: u64,
        inbox: BTreeMap<u64, Vec<u8>>,
        ladder: Option<Ladder>,
    ) -> Self {
        let (held, from) = (view.size(), view.bundle_bytes());
        let bundles = held / TILE_WIDTH..size.div_ceil(TILE_WIDTH);
        let mut jobs = Vec::new();
        let mut contents = BTreeSet::new();
        for number in bundles.filter(|_| size > held) {
            let width = bundle_width(number, size).unwrap_or(0);
            let first = held.saturating_sub(number * TILE_WIDTH);
            if !inbox.contains_key(&number) || u64::from(width) < TILE_WIDTH {
                let from = if first > 0 { from } else { 0 };
                jobs.push(Job::Entries { number, width, from, held: first });
            }
            if u64::from(width) - first > SINGLES_MAX as u64 {
                contents.insert(number);
            }
        }
        jobs.extend(contents.iter().map(|number| Job::Contents { number: *number }));
        let (send, answers) = sync_channel(AHEAD_MAX);
        let fetcher = source.clone();
        scope.spawn(move || {
            for job in jobs {
                let answer = job.run(&fetcher);
                let failed = answer.is_err();
                // Nobody listens any more when the verification failed.
                if send.send((job, answer)).is_err() || failed {
                    return;
                }
            }
        });
        let flushed = Instant::now();
        let first = (held, from);
        Self { source, answers, inbox, fresh: Vec::new(), flushed, first, size, ladder, contents }
    }

    /// Answers what the log's reader wants: from the inbox, from ahead, or by asking now.
    /// A bundle that the ladder does not admit goes no further.
    pub fn answer(&mut self, want: &Want) -> Result<Vec<u8>, SyncError> {
        let Some((number, width)) = self.bundle_at(&want.path) else {
            return Ok(whole(&self.source, &format!("/{}", want.path), want.bytes_max as u64)?);
        };
        let full = u64::from(width) == TILE_WIDTH;
        if let Some(bytes) = self.inbox.get(&number).filter(|_| full) {
            self.climb(number, bytes, want)?;
            return Ok(after(&want.path, bytes.clone(), want.from)?);
        }
        let held = if want.from > 0 { self.first.0 % TILE_WIDTH } else { 0 };
        let bytes = match self.answers.recv() {
            Ok((Job::Entries { number: ahead, .. }, answer)) if ahead == number => answer?,
            _ => entry_bundle(&self.source, number, width, want.from, held)?,
        };
        if full && want.from == 0 {
            self.climb(number, &bytes, want)?;
            self.fresh.push((number, bytes.clone()));
        }
        Ok(bytes)
    }

    fn climb(&self, number: u64, bundle: &[u8], want: &Want) -> Result<(), SyncError> {
        let admitted = self.ladder.as_ref().is_none_or(|ladder| ladder.admits(number, bundle));
        admitted.then_some(()).ok_or_else(|| SyncError::BadHash(want.path.clone()))
    }

    /// The next content bundle that was fetched ahead, with its number; `None` when no more will come.
    pub fn next_contents(&mut self) -> Option<(u64, Result<Vec<u8>, FetchError>)> {
        loop {
            match self.answers.recv().ok()? {
                (Job::Contents { number }, answer) => {
                    self.contents.remove(&number);
                    return Some((number, answer));
                }
                (Job::Entries { .. }, _) => {} // asked for otherwise meanwhile
            }
        }
    }

    /// True when bundles have been waiting for a while to be written down, or are many.
    pub fn is_time_to_flush(&self) -> bool {
        let bytes: usize = self.fresh.iter().map(|(_, bundle)| bundle.len()).sum();
        bytes > FLUSH_BYTES || (bytes > 0 && self.flushed.elapsed() > FLUSH_TIME)
    }

    /// The bundles to write down.
    pub fn take_fresh(&mut self) -> Vec<(u64, Vec<u8>)> {
        self.flushed = Instant::now();
        mem::take(&mut self.fresh)
    }

    fn bundle_at(&self, path: &str) -> Option<(u64, u16)> {
        let Item::Entries { number, .. } = Item::parse(path)? else { return None };
        Some((number, bundle_width(number, self.size)?))
    }
}

impl Job {
    fn run(self, source: &Source) -> Result<Vec<u8>, FetchError> {
        match self {
            Job::Entries { number, width, from, held } => {
                entry_bundle(source, number, width, from, held)
            }
            Job::Contents { number } => content_bundle(source, number),
        }
    }
}

/// The bytes after `from` of an entry bundle whose first `held` entries are held. Where the log has grown meanwhile and
/// the partial bundle is gone, they are cut from the full one.
fn entry_bundle(
    source: &Source,
    number: u64,
    width: u16,
    from: u64,
    held: u64,
) -> Result<Vec<u8>, FetchError> {
    let ask = if from > 0 { Ask::From(from) } else { Ask::Whole };
    let get = |width| {
        let path = format!("/{}", bundle_path(number, width));
        let bytes = match source.get(&path, ask, ENTRIES_BYTES_MAX)? {
            Answer::Rest(bytes) => Some(bytes),
            Answer::Whole(bytes, _) => Some(after(&path, bytes, from)?),
            Answer::Missing | Answer::Unchanged => None,
        };
        Ok((path, bytes))
    };
    let (path, bytes) = get(width)?;
    if let Some(bytes) = bytes {
        return Ok(bytes);
    }
    let missing = FetchError::Status { path, status: 404 };
    if u64::from(width) == TILE_WIDTH {
        return Err(missing);
    }
    let bytes = get(256)?.1.ok_or(missing)?;
    let wanted = usize::try_from(u64::from(width).saturating_sub(held)).unwrap_or(0);
    let items = split_bundle(&bytes).unwrap_or_default();
    let end = items.iter().take(wanted).map(|item| item.len() + 2).sum();
    Ok(bytes.get(..end).unwrap_or_default().to_vec())
}

fn after(path: &str, mut bytes: Vec<u8>, from: u64) -> Result<Vec<u8>, FetchError> {
    match usize::try_from(from) {
        Ok(from) if from <= bytes.len() => Ok(bytes.split_off(from)),
        _ => Err(FetchError::Malformed {
            path: path.to_owned(),
            reason: "shorter than what is held of it".to_owned(),
        }),
    }
}

/// A whole answer, or an error.
pub(super) fn whole(source: &Source, path: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
    match source.get(path, Ask::Whole, limit)? {
        Answer::Whole(bytes, _) => Ok(bytes),
        _ => Err(FetchError::Status { path: path.to_owned(), status: 404 }),
    }
}
