//! Contents: fetched one by one when few are missing, by the bundle when many are; each checked against its statement.

use std::collections::BTreeMap;
use std::time::Instant;

use ledger::content::CONTENT_BYTES_MAX;
use ledger::hash::{Hash, sha256};
use ledger::statement::Statement;
use ledger::tile::{BUNDLE_BYTES_MAX, TILE_WIDTH, content_bundle_path, split_bundle};

use super::ahead::{Incoming, whole};
use super::{FLUSH_TIME, Sync, SyncError};
use crate::fetch::{Answer, Ask, FetchError, Source};
use crate::shelf::{Arrived, Batch, Verdict};

/// Bytes of the largest content bundle that is read off the network, so that what is not believed yet stays small; of a
/// larger one the contents are asked for one by one.
const BUNDLE_BYTES: u64 = 4 * 1024 * 1024;
/// Up to this many missing contents of one bundle are asked for one by one.
pub(super) const SINGLES_MAX: usize = 12;
/// So many bytes of contents are put on the shelf at once.
const FLUSH_BYTES: usize = 8 * 1024 * 1024;
/// The most contents that one sync asks for again.
const MISSING_MAX: u32 = 100_000;

/// Contents that are wanted, by log index.
type Needed = BTreeMap<u64, Hash>;

/// What arrived and is not on the shelf yet, and the batch that must go first.
struct Basket {
    batch: Option<Batch>,
    contents: Vec<Arrived>,
    bytes: usize,
    flushed: Instant,
}

impl Sync<'_> {
    /// Fetches the contents of a verified batch and puts both on the shelf.
    pub(super) fn adopt(&mut self, batch: Batch, mut incoming: Incoming) -> Result<(), SyncError> {
        let mut needed = needed_by(&batch);
        if batch.held > 0 {
            needed.extend(self.shelf.missing_contents(MISSING_MAX)?);
        }
        let mut basket =
            Basket { batch: Some(batch), contents: Vec::new(), bytes: 0, flushed: Instant::now() };
        while let Some((number, answer)) = incoming.next_contents() {
            match answer {
                Ok(bytes) => self.unpack(number, &bytes, &mut needed, &mut basket)?,
                Err(
                    FetchError::Status { status: 404, .. }
                    | FetchError::TooLarge { .. }
                    | FetchError::TooSlow { .. },
                ) => break,
                Err(error) => return self.put_down(basket, Some(error.into())),
            }
        }
        self.gather(needed, basket)
    }

    /// Fetches the contents that an earlier sync did not get.
    pub(super) fn missing(&mut self) -> Result<(), SyncError> {
        let needed = self.shelf.missing_contents(MISSING_MAX)?.into_iter().collect();
        let basket =
            Basket { batch: None, contents: Vec::new(), bytes: 0, flushed: Instant::now() };
        self.gather(needed, basket)
    }

    fn gather(&mut self, mut needed: Needed, mut basket: Basket) -> Result<(), SyncError> {
        let mut bundles: BTreeMap<u64, usize> = BTreeMap::new();
        for index in needed.keys() {
            *bundles.entry(index / TILE_WIDTH).or_default() += 1;
        }
        for (number, count) in bundles {
            // A file has them by the bundle only.
            let result = if count > SINGLES_MAX || !self.source.is_live() {
                self.by_bundle(number, &mut needed, &mut basket)
            } else {
                self.one_by_one(number, &mut needed, &mut basket)
            };
            if let Err(error) = result {
                return self.put_down(basket, Some(error));
            }
        }
        self.put_down(basket, None)
    }

    fn by_bundle(
        &mut self,
        number: u64,
        needed: &mut Needed,
        basket: &mut Basket,
    ) -> Result<(), SyncError> {
        match content_bundle(&self.source, number) {
            Ok(bytes) => self.unpack(number, &bytes, needed, basket),
            Err(FetchError::Status { status: 404, .. }) => Ok(()),
            // On a thin line too what comes in small pieces stays.
            Err(FetchError::TooLarge { .. } | FetchError::TooSlow { .. }) => {
                self.one_by_one(number, needed, basket)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn one_by_one(
        &mut self,
        number: u64,
        needed: &mut Needed,
        basket: &mut Basket,
    ) -> Result<(), SyncError> {
        let range = number * TILE_WIDTH..(number + 1) * TILE_WIDTH;
        let wanted: Vec<(u64, Hash)> = needed.range(range).map(|(i, h)| (*i, *h)).collect();
        for (index, hash) in wanted {
            let path = format!("/content/{hash}");
            match self.source.get(&path, Ask::Whole, CONTENT_BYTES_MAX as u64)? {
                Answer::Whole(bytes, _) => self.take(index, &bytes, needed, basket)?,
                _ => continue, // not there (yet): asked for again at the next sync
            }
        }
        Ok(())
    }

    /// Takes what is needed out of a content bundle.
    fn unpack(
        &mut self,
        number: u64,
        bundle: &[u8],
        needed: &mut Needed,
        basket: &mut Basket,
    ) -> Result<(), SyncError> {
        let Some(items) = split_bundle(bundle) else {
            self.spoil(SyncError::BadHash(content_bundle_path(number)));
            return Ok(());
        };
        for (index, bytes) in (number * TILE_WIDTH..).zip(items).take(256) {
            if !bytes.is_empty() {
                self.take(index, bytes, needed, basket)?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        index: u64,
        bytes: &[u8],
        needed: &mut Needed,
        basket: &mut Basket,
    ) -> Result<(), SyncError> {
        let Some(hash) = needed.get(&index) else { return Ok(()) };
        if sha256(bytes) != *hash {
            self.spoil(SyncError::BadHash(format!("content/{hash}")));
            return Ok(());
        }
        needed.remove(&index);
        basket.contents.push((index, bytes.to_vec()));
        basket.bytes += bytes.len();
        if basket.bytes > FLUSH_BYTES || basket.flushed.elapsed() > FLUSH_TIME {
            self.commit(basket)?;
        }
        Ok(())
    }

    /// Puts the basket on the shelf, then answers with what cut the gathering short.
    fn put_down(&mut self, mut basket: Basket, cut: Option<SyncError>) -> Result<(), SyncError> {
        self.commit(&mut basket)?;
        cut.map_or(Ok(()), Err)
    }

    fn commit(&mut self, basket: &mut Basket) -> Result<(), SyncError> {
        self.report.contents += basket.contents.len() as u64;
        if let Some(batch) = basket.batch.take() {
            let adopted = self.shelf.adopt(&batch, &basket.contents)?;
            self.count(adopted);
        } else if !basket.contents.is_empty() {
            self.shelf.add_contents(&basket.contents)?;
        }
        basket.contents.clear();
        basket.bytes = 0;
        basket.flushed = Instant::now();
        Ok(())
    }
}

/// The contents that a batch's statements commit to, without those that it also withdraws.
fn needed_by(batch: &Batch) -> Needed {
    let mut needed = Needed::new();
    let mut corrections: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (index, verdict) in (batch.held..).zip(&batch.verdicts) {
        let Verdict::Counts(statement) = verdict else { continue };
        if let Some(hash) = statement.content() {
            needed.insert(index, hash);
        }
        match statement {
            Statement::Correction { of, .. } => corrections.entry(*of).or_default().push(index),
            Statement::Withdrawal { of, .. } => {
                needed.remove(of);
                for correction in corrections.get(of).into_iter().flatten() {
                    needed.remove(correction);
                }
            }
            _ => {}
        }
    }
    needed
}

/// The contents of an entry bundle's statements.
pub(super) fn content_bundle(source: &Source, number: u64) -> Result<Vec<u8>, FetchError> {
    let limit = if source.is_live() { BUNDLE_BYTES } else { BUNDLE_BYTES_MAX as u64 };
    whole(source, &format!("/{}", content_bundle_path(number)), limit)
}
