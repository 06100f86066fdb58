//! A bundle: the read surface of a log in one tar file, for a station without a link. Nothing in it is believed because
//! of where it came from: it is read as a server is, and verified by the same code.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use ledger::surface::Item;
use tar::Archive;

/// The most files in a bundle.
const FILES_MAX: usize = 500_000;
/// Bytes of the largest file in it: a bundle of entries or contents.
const FILE_BYTES_MAX: u64 = 17 * 1024 * 1024;

/// What a tar file ends with, in bytes.
const END_BYTES: usize = 1024;

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadBundle {
    /// The file cannot be opened or read to its end.
    #[error("读不了这个文件（{0}）；可能没有拷完，请重新拷贝 / cannot read the file to its end")]
    File(#[from] io::Error),
    /// Something is in it that no bundle has.
    #[error("这个文件不是账本数据包：里面有 {0} / not a bundle")]
    Strange(String),
    /// Too many files.
    #[error("数据包里的文件太多（超过 {FILES_MAX} 个）/ too many files in the bundle")]
    TooMany,
}

/// A bundle whose names were read; the files are read when they are asked for.
#[derive(Clone, Debug)]
pub struct Bundle {
    file: Arc<File>,
    /// Where each lies: first byte and length.
    places: Arc<HashMap<Box<str>, (u64, u64)>>,
}

impl Bundle {
    /// Reads the names in a bundle. Nothing is unpacked: a name cannot lead anywhere on this machine.
    ///
    /// # Errors
    /// [`BadBundle`].
    pub fn open(path: &Path) -> Result<Self, BadBundle> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if !ends_as_tar(&file, length)? {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mut places = HashMap::new();
        let mut archive = Archive::new(&file);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let bytes = entry.path_bytes();
            let name = String::from_utf8_lossy(&bytes);
            let strange = || BadBundle::Strange(name.chars().take(100).collect());
            let place = (entry.raw_file_position(), entry.size());
            if Item::parse(&name).is_none()
                || !entry.header().entry_type().is_file()
                || place.1 > FILE_BYTES_MAX
            {
                return Err(strange());
            }
            if place.0.saturating_add(place.1) > length {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if places.insert(name.clone().into(), place).is_some() {
                return Err(strange());
            }
            if places.len() > FILES_MAX {
                return Err(BadBundle::TooMany);
            }
        }
        Ok(Self { file: Arc::new(file), places: Arc::new(places) })
    }

    /// The file that a server has at `/path`, from byte `from` on; `None` when it is not here or not that long.
    #[must_use]
    pub fn read(&self, path: &str, from: u64) -> Option<Part> {
        let (first, length) = *self.places.get(path.trim_start_matches('/'))?;
        let whole = from == 0;
        (whole || from < length).then(|| Part {
            file: self.file.clone(),
            at: first + from,
            end: first + length,
        })
    }
}

/// True when the file ends in two empty blocks: it was copied to its end.
fn ends_as_tar(file: &File, length: u64) -> io::Result<bool> {
    let mut end = [1; END_BYTES];
    let Some(at) = length.checked_sub(END_BYTES as u64) else { return Ok(false) };
    file.read_exact_at(&mut end, at)?;
    Ok(end.iter().all(|byte| *byte == 0))
}

/// A part of the bundle's file.
#[derive(Debug)]
pub struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use ledger::hash::sha256;
    use tar::{Builder, EntryType, Header};
    use tempfile::TempDir;

    use super::*;

    fn tar_of(files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, bytes) in files {
            let mut header = Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn opened(bytes: &[u8]) -> Result<Bundle, BadBundle> {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("bundle.tar");
        fs::write(&path, bytes).unwrap();
        Bundle::open(&path)
    }

    #[test]
    fn a_bundle_answers_as_a_server_does() {
        let regular = EntryType::Regular;
        let bytes =
            tar_of(&[("checkpoint", regular, b"head"), ("tile/entries/000.p/3", regular, b"abc")]);
        let bundle = opened(&bytes).unwrap();
        let read = |path, from| {
            let mut text = String::new();
            bundle.read(path, from).map(|mut part| part.read_to_string(&mut text).map(|_| text))
        };
        assert_eq!(read("/checkpoint", 0).unwrap().unwrap(), "head");
        assert_eq!(read("/tile/entries/000.p/3", 1).unwrap().unwrap(), "bc");
        assert!(read("/tile/entries/000.p/3", 3).is_none() && read("/tile/0/000", 0).is_none());
        assert!(matches!(opened(&bytes[..700]), Err(BadBundle::File(_))));
    }

    #[test]
    fn what_no_bundle_has_is_refused() {
        let refused = |name: &str, kind| {
            let bytes = tar_of(&[("checkpoint", EntryType::Regular, b"head"), (name, kind, b"x")]);
            assert!(matches!(opened(&bytes), Err(BadBundle::Strange(_))), "{name}");
        };
        for name in [
            "../etc/passwd",
            "/etc/passwd",
            "blob/../../x",
            "blob//x",
            "tile/./x",
            "other/x",
            "blob/X",
            "blob/a b",
            "checkpoint",
            "checkpoint/x",
            "blob/.part",
        ] {
            refused(name, EntryType::Regular);
        }
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Directory, EntryType::Char] {
            refused(&format!("blob/{}", sha256(b"x")), kind);
        }
        assert!(matches!(opened(b"not a tar file at all"), Err(BadBundle::File(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(at in 0usize..3000, bit in 0u8..8, cut in 0usize..3000) {
            let mut bytes = tar_of(&[
                ("checkpoint", EntryType::Regular, b"head"),
                ("tile/entries/000.p/3", EntryType::Regular, b"abc"),
            ]);
            bytes.truncate(cut.max(1));
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(bundle) = opened(&bytes) {
                let mut rest = Vec::new();
                let _ = bundle.read("/checkpoint", 0).map(|mut part| part.read_to_end(&mut rest));
            }
        }
    }
}
