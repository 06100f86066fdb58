//! The files beside the outbox, originals and pictures: each named by its hash, on the disk before anything speaks of it.

use crate::error::{Error, Result};
use crate::keys::sync_folder;
use crate::photo::PHOTO_BYTES_MAX;
use ledger::hash::{Hash, sha256};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Bytes of the largest picture that is read back; the server takes no larger ones.
const PICTURE_BYTES_MAX: u64 = 8 << 20;

/// A folder of images.
#[derive(Debug, Clone)]
pub struct Images {
    folder: PathBuf,
    extension: &'static str,
    bytes_max: u64,
}

impl Images {
    /// The folder of public pictures and thumbnails, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn pictures(folder: &Path) -> Result<Images> {
        Images::open(folder, ".jpg", PICTURE_BYTES_MAX)
    }

    /// The folder of photos as they were taken, in whatever format; they never leave the machine by themselves.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn originals(folder: &Path) -> Result<Images> {
        Images::open(folder, "", PHOTO_BYTES_MAX)
    }

    fn open(folder: &Path, extension: &'static str, bytes_max: u64) -> Result<Images> {
        let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        private.map_err(Error::disk(folder))?;
        Ok(Images { folder: folder.into(), extension, bytes_max })
    }

    /// Where an image lies.
    pub fn path(&self, hash: Hash) -> PathBuf {
        self.folder.join(format!("{hash}{}", self.extension))
    }

    /// Keeps images: written beside, synced, renamed, the folder synced. A crash leaves whole files or none.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn keep(&self, images: &[(Hash, &[u8])]) -> Result<()> {
        for (hash, bytes) in images {
            // What is there whole is not written again: a month sent twice writes nothing.
            if self.load(*hash).is_some() {
                continue;
            }
            let path = self.path(*hash);
            let keep = || -> std::io::Result<()> {
                let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
                file.write_all(bytes)?;
                file.as_file().sync_all()?;
                file.persist(&path)?;
                Ok(())
            };
            keep().map_err(Error::disk(&path))?;
        }
        sync_folder(&self.folder)
    }

    /// An image, if it is there whole.
    pub fn load(&self, hash: Hash) -> Option<Vec<u8>> {
        let file = std::fs::File::open(self.path(hash)).ok()?;
        let mut bytes = Vec::new();
        file.take(self.bytes_max).read_to_end(&mut bytes).ok()?;
        (sha256(&bytes) == hash).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_kept_image_comes_back_and_a_damaged_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let images = Images::pictures(&folder.path().join("images")).unwrap();
        let hash = sha256(b"picture");
        images.keep(&[(hash, b"picture"), (hash, b"picture")]).unwrap();
        assert_eq!(images.load(hash).unwrap(), b"picture");
        assert_eq!(std::fs::read_dir(folder.path().join("images")).unwrap().count(), 1);
        std::fs::write(images.path(hash), b"pictura").unwrap();
        assert_eq!(images.load(hash), None);
    }
}
