//! The images beside the outbox: one file each, named by its hash, on the disk before anything speaks of it.

use crate::error::{Error, Result};
use crate::keys::sync_folder;
use ledger::hash::{Hash, sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of the largest image that is read back; the server takes no larger ones.
const IMAGE_BYTES_MAX: u64 = 8 << 20;

/// The folder of images.
#[derive(Debug, Clone)]
pub struct Images {
    folder: PathBuf,
}

impl Images {
    /// The folder, made if it is not there.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn open(folder: &Path) -> Result<Images> {
        std::fs::create_dir_all(folder).map_err(Error::disk(folder))?;
        Ok(Images { folder: folder.into() })
    }

    /// Where an image lies.
    pub fn path(&self, hash: Hash) -> PathBuf {
        self.folder.join(format!("{hash}.jpg"))
    }

    /// Keeps images: written beside, synced, renamed, the folder synced. A crash leaves whole files or none.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn keep(&self, images: &[(Hash, &[u8])]) -> Result<()> {
        for (hash, bytes) in images {
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
        file.take(IMAGE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
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
        let images = Images::open(&folder.path().join("images")).unwrap();
        let hash = sha256(b"picture");
        images.keep(&[(hash, b"picture"), (hash, b"picture")]).unwrap();
        assert_eq!(images.load(hash).unwrap(), b"picture");
        assert_eq!(std::fs::read_dir(folder.path().join("images")).unwrap().count(), 1);
        std::fs::write(images.path(hash), b"pictura").unwrap();
        assert_eq!(images.load(hash), None);
    }
}
