//! Pictures on disk: `DATA/blob/<sha256>`, `.part` while they come. A picture is hashed each time before it is shown.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use ledger::hash::{Hash, sha256};
use rusqlite::OptionalExtension;

use super::{Shelf, ShelfError, file_error};

/// Bytes of the largest picture; docs/FORMATS.md.
pub const PICTURE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of the largest thumbnail.
pub const THUMB_BYTES_MAX: u64 = 512 * 1024;

/// Which pictures a sync fetches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Images {
    /// None.
    None,
    /// Thumbnails.
    Thumbs,
    /// Thumbnails first, then the pictures.
    #[default]
    All,
}

/// A picture that is not here yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its hash, and its name.
    pub hash: Hash,
    /// No more bytes than this.
    pub bytes_max: u64,
}

impl Shelf {
    /// A picture's bytes, hashed again just now; `None` when it has not arrived, was withdrawn, or is damaged. A damaged
    /// one is removed, so that the next sync fetches it again.
    #[must_use]
    pub fn image(&self, hash: Hash) -> Option<Vec<u8>> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM picture WHERE hash = ?1").ok()?;
        query.query_row([hash.0], |_| Ok(())).optional().ok()??;
        let path = self.blob(hash);
        let file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        file.take(PICTURE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        if sha256(&bytes) != hash {
            let _ = fs::remove_file(&path); // the next reader will see the same
            return None;
        }
        Some(bytes)
    }

    /// Where the picture lies, or will.
    #[must_use]
    pub fn blob(&self, hash: Hash) -> PathBuf {
        self.blobs().join(hash.to_string())
    }

    /// The directory of pictures.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.dir.join("blob")
    }

    /// The pictures that are wanted and not here: thumbnails first, of the newest papers first.
    pub fn wanted(&self, images: Images) -> Result<Vec<Wanted>, ShelfError> {
        if images == Images::None {
            return Ok(Vec::new());
        }
        let here = names(&self.blobs())?;
        let mut query = self.db.prepare_cached(
            "SELECT hash, max(thumb), max(bytes) FROM picture WHERE thumb OR ?1
             GROUP BY hash ORDER BY max(thumb) DESC, max(id) DESC",
        )?;
        let mut rows = query.query([images == Images::All])?;
        let mut wanted = Vec::new();
        while let Some(row) = rows.next()? {
            let hash = Hash(row.get(0)?);
            let promised: Option<u64> = row.get(2)?;
            let bytes_max = promised.map_or(THUMB_BYTES_MAX, |bytes| bytes.min(PICTURE_BYTES_MAX));
            if !here.contains(&hash.to_string()) {
                wanted.push(Wanted { hash, bytes_max });
            }
        }
        Ok(wanted)
    }

    /// Removes every picture that no paper shows any more. Run at the start of each sync too, so that a crash between
    /// a withdrawal's commit and this cannot keep a withdrawn picture.
    pub fn sweep(&self) -> Result<u64, ShelfError> {
        let mut query = self.db.prepare_cached("SELECT DISTINCT hash FROM picture")?;
        let rows = query.query_map([], |row| Ok(Hash(row.get(0)?).to_string()))?;
        let shown: HashSet<String> = rows.collect::<Result<_, _>>()?;
        let mut removed = 0;
        for name in names(&self.blobs())? {
            if !shown.contains(name.trim_end_matches(".part")) {
                let path = self.blobs().join(&name);
                fs::remove_file(&path).map_err(file_error(&path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn names(dir: &Path) -> Result<HashSet<String>, ShelfError> {
    let mut names = HashSet::new();
    for file in fs::read_dir(dir).map_err(file_error(dir))? {
        names.insert(file.map_err(file_error(dir))?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
