//! Pictures: fetched after the text, resumed where they were cut, believed only when their hash is right.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use ledger::hash::sha256;

use super::{Options, Sync, SyncError};
use crate::fetch::{Ask, FetchError, Opened, unreachable_at};
use crate::hours::Hours;
use crate::shelf::{ShelfError, Wanted, Wishes};

/// After so many wrong pictures a source is asked for no more of them.
const WRONG_MAX: usize = 20;
/// Bytes that are read and written at once.
const PIECE_BYTES: usize = 64 * 1024;

impl Sync<'_> {
    /// Fetches every picture that is wanted and has room, after removing those that have none. A wrong one does not keep
    /// the others.
    pub(super) fn pictures(&mut self) -> Result<(), SyncError> {
        let Options { images, village, budget, ref opened, .. } = *self.options;
        let plan = self.shelf.plan(&Wishes { images, village, budget, opened })?;
        // Only what can be fetched again, and from a file that may be gone tomorrow it cannot.
        for hash in plan.evicted.into_iter().filter(|_| self.source.is_live()) {
            let path = self.shelf.blob(hash);
            fs::remove_file(&path).map_err(at(&path))?;
            self.report.evicted += 1;
        }
        let mut wrongs = 0;
        for wanted in plan.wanted {
            let now_is_no_time = |hours: Hours| !hours.hold(&(self.options.now)());
            if self.source.is_live() && self.options.hours.is_some_and(now_is_no_time) {
                break;
            }
            match self.picture(wanted) {
                Ok(true) => self.report.images += 1,
                Ok(false) => self.report.images_missing += 1,
                Err(
                    wrong @ (SyncError::BadHash(_) | SyncError::Fetch(FetchError::TooLarge { .. })),
                ) => {
                    self.spoil(wrong);
                    wrongs += 1;
                    if wrongs == WRONG_MAX {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if self.report.images > 0 {
            let dir = self.shelf.blobs();
            File::open(&dir).and_then(|dir| dir.sync_all()).map_err(at(&dir))?;
        }
        Ok(())
    }

    /// Fetches one picture; false when the server does not have it.
    pub(super) fn picture(&mut self, wanted: Wanted) -> Result<bool, SyncError> {
        let part = self.shelf.blob(wanted.hash).with_extension("part");
        let held = match fs::metadata(&part) {
            Ok(file) if file.len() <= wanted.bytes_max => file.len(),
            _ => 0,
        };
        // Cut after the last byte and before the rename: nothing is left to ask for.
        if held > 0 && self.is_whole(wanted, &part)? {
            return Ok(true);
        }
        let path = format!("/blob/{}", wanted.hash);
        match self.source.open(&path, Ask::From(held), wanted.bytes_max)? {
            Opened::Body { reader, rest, .. } => {
                let held = if rest { held } else { 0 };
                pour(&path, reader, &part, held, wanted.bytes_max)?;
            }
            Opened::Missing | Opened::Unchanged => {
                let _ = fs::remove_file(&part); // absent is as good
                return Ok(false);
            }
        }
        if self.is_whole(wanted, &part)? {
            return Ok(true);
        }
        fs::remove_file(&part).map_err(at(&part))?;
        Err(SyncError::BadHash(path))
    }

    /// Gives a picture its name if its bytes are those of its hash.
    fn is_whole(&self, wanted: Wanted, part: &Path) -> Result<bool, SyncError> {
        let mut bytes = Vec::new();
        let file = File::open(part).map_err(at(part))?;
        (&file).take(wanted.bytes_max + 1).read_to_end(&mut bytes).map_err(at(part))?;
        if sha256(&bytes) != wanted.hash {
            return Ok(false);
        }
        file.sync_all().map_err(at(part))?;
        fs::rename(part, self.shelf.blob(wanted.hash)).map_err(at(part))?;
        Ok(true)
    }
}

/// Writes what comes behind the first `held` bytes of `part`. What came before a cut stays, for the next sync.
fn pour(
    path: &str,
    mut reader: impl Read,
    part: &Path,
    held: u64,
    bytes_max: u64,
) -> Result<(), SyncError> {
    let file = OpenOptions::new().create(true).append(true).open(part);
    let mut file = file.map_err(at(part))?;
    file.set_len(held).map_err(at(part))?;
    let mut length = held;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read =
            reader.read(&mut piece).map_err(|e| unreachable_at(path, ureq::Error::from(e)))?;
        if read == 0 {
            return Ok(());
        }
        length += read as u64;
        if length > bytes_max {
            fs::remove_file(part).map_err(at(part))?;
            return Err(FetchError::TooLarge { path: path.to_owned(), limit: bytes_max }.into());
        }
        file.write_all(&piece[..read]).map_err(at(part))?;
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> ShelfError + use<> {
    let path = path.to_owned();
    move |source| ShelfError::File { path: path.clone(), source }
}
