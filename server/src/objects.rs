//! The public tree as it is served: files at the read surface's paths, the hot ones in memory.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use ledger::encoding::hex;
use ledger::hash::sha256;

use crate::error::{Error, Result};

/// Bytes of objects that are kept in memory.
const CACHE_BYTES_MAX: usize = 64 << 20;
/// Bytes of the largest file that is served: a bundle of the largest entries.
const OBJECT_BYTES_MAX: u64 = 20 << 20;
/// Below this many bytes compression saves no packet.
const GZIP_BYTES_MIN: usize = 512;
/// What one object costs beside its bytes.
const OBJECT_OVERHEAD_BYTES: usize = 256;

/// Whether an object is worth compressing: hashes and JPEG are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Sent as it is.
    Plain,
    /// Sent with gzip to whoever accepts it.
    Gzip,
}

/// One file, ready to be sent.
#[derive(Debug)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// The same with gzip, where that is smaller.
    pub gzip: Option<Bytes>,
    /// The start of its SHA-256, in hex: what its `ETag` is made of.
    pub tag: String,
}

/// The public tree.
pub struct Objects {
    root: PathBuf,
    cache: Mutex<Cache>,
}

/// Two generations: what is used again moves to the young one; the old one is dropped whole when
/// the young one has grown to half of the limit. Needs no order of use.
#[derive(Default)]
struct Cache {
    young: HashMap<String, Arc<Object>>,
    young_bytes: usize,
    old: HashMap<String, Arc<Object>>,
    /// Counts what was forgotten: a reader that began before must not keep what it read.
    forgotten: u64,
}

impl Objects {
    /// The tree below `root`.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root, cache: Mutex::default() }
    }

    /// The object if it is in memory.
    #[must_use]
    pub fn hot(&self, path: &str) -> Option<Arc<Object>> {
        self.cache().get(path)
    }

    /// The object at a path of the read surface, which the caller has checked to be one (no `..`).
    /// Reads a file: blocks.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn read(&self, path: &str, packing: Packing) -> Result<Option<Arc<Object>>> {
        let forgotten = {
            let mut cache = self.cache();
            if let Some(object) = cache.get(path) {
                return Ok(Some(object));
            }
            cache.forgotten
        };
        let Some(bytes) = self.read_file(path)? else { return Ok(None) };
        let tag = hex(&sha256(&bytes).0[..8]);
        let gzip = if packing == Packing::Gzip { gzip(&bytes) } else { None };
        let object = Arc::new(Object { bytes: Bytes::from(bytes), gzip, tag });
        let mut cache = self.cache();
        if cache.forgotten == forgotten {
            cache.put(path.to_owned(), Arc::clone(&object));
        }
        Ok(Some(object))
    }

    /// Drops these paths from memory: their files changed.
    pub fn forget(&self, paths: &[String]) {
        let mut cache = self.cache();
        cache.forgotten += 1;
        for path in paths {
            if let Some(object) = cache.young.remove(path) {
                cache.young_bytes -= object.cost(path);
            }
            cache.old.remove(path);
        }
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let file = self.root.join(path);
        match fs::metadata(&file) {
            Ok(found) if found.is_file() && found.len() <= OBJECT_BYTES_MAX => {}
            Ok(_) => return Ok(None),
            Err(e) if is_absent(&e) => return Ok(None),
            Err(e) => return Err(Error::file(&file)(e)),
        }
        match fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(Error::file(&file)(e)),
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Cache {
    fn get(&mut self, path: &str) -> Option<Arc<Object>> {
        if let Some(object) = self.young.get(path) {
            return Some(Arc::clone(object));
        }
        let (path, object) = self.old.remove_entry(path)?;
        self.put(path, Arc::clone(&object));
        Some(object)
    }

    fn put(&mut self, path: String, object: Arc<Object>) {
        let cost = object.cost(&path);
        if self.young_bytes + cost > CACHE_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if let Some(replaced) = self.young.remove(&path) {
            self.young_bytes -= replaced.cost(&path);
        }
        self.young_bytes += cost;
        self.young.insert(path, object);
    }
}

impl Object {
    fn cost(&self, path: &str) -> usize {
        let gzip = self.gzip.as_ref().map_or(0, Bytes::len);
        self.bytes.len() + gzip + path.len() + OBJECT_OVERHEAD_BYTES
    }
}

/// `bytes` with gzip, if that is worth it.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Option<Bytes> {
    if bytes.len() < GZIP_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < bytes.len() - bytes.len() / 10).then(|| Bytes::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Objects) {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::at(directory.path().to_owned());
        (directory, objects)
    }

    #[test]
    fn what_was_forgotten_is_read_again() {
        let (directory, objects) = tree();
        fs::write(directory.path().join("checkpoint"), "old").unwrap();
        let read = || objects.read("checkpoint", Packing::Plain).unwrap().unwrap();
        assert_eq!(&read().bytes[..], b"old");
        fs::write(directory.path().join("checkpoint"), "new").unwrap();
        assert_eq!(&read().bytes[..], b"old");
        objects.forget(&["checkpoint".into()]);
        assert_eq!(&read().bytes[..], b"new");
        assert!(objects.read("absent", Packing::Plain).unwrap().is_none());
        assert!(objects.read("checkpoint/below", Packing::Plain).unwrap().is_none());
    }

    #[test]
    fn memory_stays_within_its_limit() {
        let (directory, objects) = tree();
        for n in 0..100 {
            let name = format!("{n}");
            fs::write(directory.path().join(&name), vec![0; 1 << 20]).unwrap();
            objects.read(&name, Packing::Plain).unwrap().unwrap();
            let cache = objects.cache();
            let held: usize =
                cache.young.values().chain(cache.old.values()).map(|o| o.bytes.len()).sum();
            assert!(held <= CACHE_BYTES_MAX);
        }
        assert!(objects.hot("99").is_some());
        assert!(objects.hot("0").is_none());
    }

    #[test]
    fn only_what_shrinks_is_packed() {
        assert!(gzip(&[b'a'; 4096]).unwrap().len() < 100);
        assert_eq!(gzip(b"short"), None);
        let noise: Vec<u8> = (0..64u8).flat_map(|n| sha256(&[n]).0).collect();
        assert_eq!(gzip(&noise), None);
    }
}
