//! What is on the shelf as one file, for a station without a link: the read surface of the log in a tar file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use ledger::hash::Hash;
use ledger::tile::{BUNDLE_BYTES_MAX, Edge, Tile, bundle_path, content_bundle_path, join_bundle};
use ledger::tree::leaf_hash;
use serde::Serialize;
use tar::{Builder, Header};

use crate::shelf::{Images, Shelf, ShelfError};

/// Entries of a bundle of entries or contents.
const BUNDLE: usize = 256;

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
    let part = out.with_extension("part");
    let written = File::create(&part).map_err(file_error).and_then(|file| {
        let mut export =
            Export { shelf, tar: Builder::new(BufWriter::new(file)), done: Exported::default() };
        export.log(&file_error)?;
        export.pictures(images, &file_error)?;
        let Export { tar, mut done, .. } = export;
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

struct Export<W: Write> {
    shelf: Shelf,
    tar: Builder<W>,
    done: Exported,
}

type FileError<'e> = &'e dyn Fn(std::io::Error) -> ExportError;

impl<W: Write> Export<W> {
    /// The checkpoint, entries, tiles and contents.
    fn log(&mut self, file_error: FileError) -> Result<(), ExportError> {
        let head = self.shelf.head()?.ok_or(ExportError::Nothing)?;
        let entries = self.shelf.entries()?;
        let mut edge = Edge::default();
        let mut tiles: Vec<(Tile, Vec<Hash>)> = Vec::new();
        for entry in &entries {
            edge.push(leaf_hash(entry), |tile, row| tiles.push((tile, row)));
        }
        if edge.size() != head.size || edge.root() != head.root {
            return Err(ExportError::Nothing);
        }
        tiles.extend(edge.partial_tiles().map(|(tile, row)| (tile, row.to_vec())));
        self.done.size = head.size;
        self.add("checkpoint", &head.checkpoint).map_err(file_error)?;
        for (tile, row) in tiles {
            let bytes: Vec<u8> = row.iter().flat_map(|hash| hash.0).collect();
            self.add(&tile.path(), &bytes).map_err(file_error)?;
        }
        for (number, chunk) in (0u64..).zip(entries.chunks(BUNDLE)) {
            let width = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
            let bundle = join_bundle(chunk.iter().map(Vec::as_slice)).unwrap_or_default();
            self.add(&bundle_path(number, width), &bundle).map_err(file_error)?;
            let first = number * BUNDLE as u64;
            let contents = self.shelf.contents(first..first + chunk.len() as u64)?;
            self.done.contents += contents.iter().filter(|bytes| !bytes.is_empty()).count() as u64;
            let bundle = join_bundle(contents.iter().map(Vec::as_slice)).unwrap_or_default();
            debug_assert!(bundle.len() <= BUNDLE_BYTES_MAX);
            self.add(&content_bundle_path(number), &bundle).map_err(file_error)?;
        }
        Ok(())
    }

    /// The pictures that are here, hashed again as they are read.
    fn pictures(&mut self, images: Images, file_error: FileError) -> Result<(), ExportError> {
        for hash in self.shelf.pictures(images)? {
            if let Some(bytes) = self.shelf.image(hash) {
                self.add(&format!("blob/{hash}"), &bytes).map_err(file_error)?;
                self.done.images += 1;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        self.tar.append_data(&mut header, path, bytes)
    }
}
