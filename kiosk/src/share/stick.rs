//! What is on the shelf as one file, for a station without a link: the read surface of the log in a tar file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ledger::surface::Item;
use ledger::tile::split_bundle;
use serde::Serialize;
use tar::{Builder, Header};

use super::surface::{Body, Given, Surface};
use crate::shelf::{Images, Shelf, ShelfError};

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The shelf itself.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The file could not be written.
    #[error("写不了 {path}（{source}）；请看看磁盘满没满、能不能写 / cannot write the file")]
    File {
        /// Which one.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing yet, or the entries are damaged.
    #[error(
        "本机还没有一份完整核对过的账本，先同步一次再导出 / nothing verified to export; sync first"
    )]
    Nothing,
}

/// What was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Entries of the log.
    pub size: u64,
    /// Contents.
    pub contents: u64,
    /// Pictures.
    pub images: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes what is on the shelf to `out`, which gets its name when it is whole and on the disk.
///
/// # Errors
/// [`ExportError`].
pub fn export(data: &Path, out: &Path, images: Images) -> Result<Exported, ExportError> {
    let file_error = |source| ExportError::File { path: out.display().to_string(), source };
    let (shelf, _) = Shelf::open_audited(data)?;
    let mut surface = Surface::of(shelf);
    let head = surface.follow()?.ok_or(ExportError::Nothing)?;
    let mut done = Exported { size: head.size, ..Exported::default() };
    let part = out.with_extension("part");
    let written = File::create(&part).map_err(file_error).and_then(|file| {
        let mut tar = Builder::new(BufWriter::new(file));
        for item in surface.items(images)? {
            match (surface.give(item)?, item) {
                (Some(given), _) => {
                    done.count(item, &given);
                    add(&mut tar, item, given).map_err(file_error)?;
                }
                // It went a moment ago, and can be fetched again.
                (None, Item::Blob(_)) => {}
                (None, _) => return Err(ExportError::Nothing),
            }
        }
        let file =
            tar.into_inner().and_then(|buffer| buffer.into_inner().map_err(|e| e.into_error()));
        let file = file.map_err(file_error)?;
        file.sync_all().map_err(file_error)?;
        done.bytes = file.metadata().map_err(file_error)?.len();
        fs::rename(&part, out).map_err(file_error)?;
        Ok(done)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part); // absent is as good
    }
    written
}

impl Exported {
    fn count(&mut self, item: Item, given: &Given) {
        match (item, &given.body) {
            (Item::Contents(_), Body::Bytes(bundle)) => {
                let items = split_bundle(bundle).unwrap_or_default();
                self.contents += items.iter().filter(|bytes| !bytes.is_empty()).count() as u64;
            }
            (Item::Blob(_), _) => self.images += 1,
            _ => {}
        }
    }
}

fn add(tar: &mut Builder<impl Write>, item: Item, given: Given) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(given.length);
    header.set_mode(0o644);
    match given.body {
        Body::Bytes(bytes) => tar.append_data(&mut header, item.path(), bytes.as_slice()),
        Body::File(file) => tar.append_data(&mut header, item.path(), file),
    }
}
