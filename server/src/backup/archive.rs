//! The archive inside a backup: plain files, and last of all `SHA256SUMS`, which names every one of
//! them (`sha256sum -c` reads it).

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

use ledger::hash::Hash;
use sha2::{Digest, Sha256};

use super::snapshot::Snapshot;
use super::{Progress, damaged, must_match};
use crate::data::DataDir;
use crate::error::{Error, Result};

/// The last file of an archive.
const SUMS: &str = "SHA256SUMS";
/// The first line of it: the form of the archive.
const FORM: &str = "# mingbai-backup 1";
/// Bytes of the longest list of files: some 10 million of them.
const SUMS_BYTES_MAX: u64 = 1 << 30;

/// The hash of every file by its name.
pub(super) type Sums = BTreeMap<String, Hash>;

/// Reads through, hashing and counting.
struct Hashing<R> {
    from: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    fn of(from: R) -> Self {
        Self { from, hash: Sha256::new(), bytes: 0 }
    }

    fn done(self) -> (Hash, u64) {
        (Hash(self.hash.finalize().into()), self.bytes)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Writes what belongs to the snapshot; gives the stream back, and what went into it.
pub(super) fn write<W: Write>(
    to: W,
    name: &Path,
    snapshot: &Snapshot,
    data: &DataDir,
    progress: &mut Progress,
) -> Result<(W, Sums)> {
    let mut archive = tar::Builder::new(to);
    let mut sums = Sums::new();
    snapshot.for_each(data, |inside, path, file| {
        let bytes = file.metadata().map_err(Error::file(path))?.len();
        let mut content = Hashing::of(file.take(bytes));
        let mut header = header(bytes);
        archive.append_data(&mut header, inside, &mut content).map_err(Error::file(name))?;
        let (hash, read) = content.done();
        if read != bytes {
            return Err(Error::Corrupt(format!("{} 在备份时变短了", path.display())));
        }
        sums.insert(inside.to_owned(), hash);
        progress.count("已写入文件", sums.len());
        Ok(())
    })?;
    let text = to_text(&sums);
    let mut header = header(text.len() as u64);
    archive.append_data(&mut header, SUMS, text.as_bytes()).map_err(Error::file(name))?;
    Ok((archive.into_inner().map_err(Error::file(name))?, sums))
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

fn to_text(sums: &Sums) -> String {
    let mut text = format!("{FORM}\n");
    for (name, hash) in sums {
        text.push_str(&format!("{hash}  {name}\n"));
    }
    text
}

fn from_text(text: &str) -> Option<Sums> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != FORM {
        return None;
    }
    let line = |line: &str| {
        let (hash, name) = line.split_once("  ")?;
        Some((name.to_owned(), hash.parse().ok()?))
    };
    lines.map(line).collect()
}

/// Reads an archive to its very end, handing each file to `keep`, and checks all of them against
/// the list. Only then is anything that `keep` got to be believed.
pub(super) fn read(
    from: impl Read,
    name: &Path,
    progress: &mut Progress,
    mut keep: impl FnMut(&str, &mut dyn Read) -> Result<()>,
) -> Result<Sums> {
    let bad = |_| damaged(name);
    let mut archive = tar::Archive::new(from);
    let (mut found, mut said) = (Sums::new(), None);
    for entry in archive.entries().map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let path = entry.path().map_err(bad)?.into_owned();
        let inside =
            path.to_str().filter(|inside| is_plain(inside)).ok_or_else(|| damaged(name))?;
        if said.is_some() || !entry.header().entry_type().is_file() {
            return Err(damaged(name));
        }
        if inside == SUMS {
            let mut text = String::new();
            entry.take(SUMS_BYTES_MAX).read_to_string(&mut text).map_err(bad)?;
            said = Some(from_text(&text).ok_or_else(|| damaged(name))?);
            continue;
        }
        let size = entry.size();
        let mut content = Hashing::of(entry);
        keep(inside, &mut content)?;
        let (hash, bytes) = content.done();
        if bytes != size || found.insert(inside.to_owned(), hash).is_some() {
            return Err(damaged(name));
        }
        progress.count("已读出文件", found.len());
    }
    // The encryption says only at its end that nothing was cut off.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(bad)?;
    must_match(&found, &said.ok_or_else(|| damaged(name))?, name)?;
    Ok(found)
}

/// Whether a name stays below the folder that it is unpacked into, on one line of the list.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.split('/').all(part) && !name.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::hash::sha256;
    use proptest::prelude::*;

    fn archive(files: &[(&str, &[u8])], sums: &str) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in files.iter().copied().chain([(SUMS, sums.as_bytes())]) {
            let mut header = header(bytes.len() as u64);
            // As a liar would write it: `append_data` refuses names that lead elsewhere.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            archive.append(&header, bytes).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn read_all(bytes: &[u8]) -> Result<Sums> {
        let mut say = |_: &str| ();
        read(bytes, Path::new("b"), &mut Progress::to(&mut say), |_, content| {
            io::copy(content, &mut io::sink()).map(drop).map_err(|_| damaged(Path::new("b")))
        })
    }

    fn sums(files: &[(&str, &[u8])]) -> String {
        to_text(&files.iter().map(|(name, bytes)| ((*name).to_owned(), sha256(bytes))).collect())
    }

    #[test]
    fn what_is_not_as_listed_is_refused() {
        let files: [(&str, &[u8]); 2] = [("a", b"1"), ("b/c", b"2")];
        let good = sums(&files);
        assert_eq!(read_all(&archive(&files, &good)).unwrap().len(), 2);
        let other: [(&str, &[u8]); 2] = [("a", b"1"), ("b/c", b"3")];
        for (files, sums) in [
            (&other[..], good.as_str()),
            (&files[..1], &good),
            (&[files[0], files[1], ("d", b"")], &good),
            (&[files[0], files[1], files[1]], &good),
            (&files, good.trim_end()),
            (&files, &good.replace("backup 1", "backup 2")),
            (&files, ""),
        ] {
            assert_eq!(read_all(&archive(files, sums)).unwrap_err().code(), "bad-backup");
        }
        let whole = archive(&files, &good);
        let cut = read_all(&whole[..whole.len() / 2]);
        assert_eq!(cut.unwrap_err().code(), "bad-backup");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["../a", "/etc/x", "a/../../b", "a//b", "./a", "a\\b"] {
            let files: [(&str, &[u8]); 1] = [(name, b"1")];
            assert!(read_all(&archive(&files, &sums(&files))).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_list_panics_its_reader(text in "(# mingbai-backup 1\n)?([0-9a-f]{0,66} {0,3}[a-z/\n]{0,9}\n?){0,3}") {
            if let Some(sums) = from_text(&text) {
                prop_assert_eq!(from_text(&to_text(&sums)), Some(sums));
            }
        }

        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _any = read_all(&bytes);
        }
    }
}
