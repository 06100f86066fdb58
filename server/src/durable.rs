//! Files that are there after a power cut: write beside, sync, rename, sync the directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone (mode 0644): the public tree.
    Public,
    /// Only the office's own account (mode 0600): keys, images under review.
    Private,
}

/// Writes a file that replaces what was there, whole or not at all, and is on the disk afterwards.
///
/// # Errors
/// When any step fails; what was there before is then still there.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    replace_unsynced_name(path, bytes, access, Sync::Yes)?;
    sync_directory(parent(path))
}

/// The same without waiting for the disk: for many files, followed by one [`sync_filesystem`].
///
/// # Errors
/// When any step fails.
pub fn replace_soon(path: &Path, bytes: &[u8], access: Access) -> Result<()> {
    replace_unsynced_name(path, bytes, access, Sync::No)
}

/// Writes a file that never changes. When it is there already it must hold the same bytes.
/// Not synced: call [`sync_filesystem`] afterwards.
///
/// # Errors
/// `Corrupt` when other bytes are there.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    match fs::read(path) {
        Ok(there) if there == bytes => Ok(()),
        // What a power cut can leave of a file whose name reached the disk before its bytes.
        Ok(there) if is_torn(&there, bytes) => replace_soon(path, bytes, Access::Public),
        Ok(_) => Err(Error::Corrupt(format!("{} 已存在，但内容不同", path.display()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => replace_soon(path, bytes, Access::Public),
        Err(e) => Err(Error::file(path)(e)),
    }
}

/// Writes a private file (mode 0600) that is not there yet. It gets its name when `fill` is done and
/// all of it is on the disk.
///
/// # Errors
/// `exists` when there is a file of that name; whatever `fill` fails with.
pub fn write_new<T>(path: &Path, fill: impl FnOnce(&mut File) -> Result<T>) -> Result<T> {
    let exists =
        || Error::refused("exists", format!("{} 已经存在，不会覆盖：请换一个名字", path.display()));
    if path.exists() {
        return Err(exists());
    }
    let mut file = tempfile::NamedTempFile::new_in(parent(path)).map_err(Error::file(path))?;
    let done = fill(file.as_file_mut())?;
    file.as_file().sync_all().map_err(Error::file(path))?;
    file.persist_noclobber(path).map_err(|e| match e.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => Error::file(path)(e.error),
    })?;
    sync_directory(parent(path))?;
    Ok(done)
}

/// A file that was cut short, or some of whose bytes never came and read as zeros.
fn is_torn(there: &[u8], whole: &[u8]) -> bool {
    there.len() <= whole.len() && there.iter().zip(whole).all(|(a, b)| a == b || *a == 0)
}

#[derive(PartialEq)]
enum Sync {
    Yes,
    No,
}

fn replace_unsynced_name(path: &Path, bytes: &[u8], access: Access, sync: Sync) -> Result<()> {
    let beside = temporary(path);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(Error::file(directory))?;
    }
    let mode = match access {
        Access::Public => 0o644,
        Access::Private => 0o600,
    };
    let write = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
        // An older temporary file may have had another mode.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        if sync == Sync::Yes {
            file.sync_all()?;
        }
        fs::rename(&beside, path)
    };
    write().map_err(|e| {
        let _best_effort = fs::remove_file(&beside);
        Error::file(path)(e)
    })
}

/// Reads a file that somebody brought, which may be of any size.
///
/// # Errors
/// `too-large` when it has more than `max` bytes; or when it cannot be read.
pub fn read_at_most(path: &Path, max: usize) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::file(path))?;
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(Error::file(path))?;
    if bytes.len() > max {
        let message = format!("文件 {} 太大：至多 {max} 字节", path.display());
        return Err(Error::refused("too-large", message));
    }
    Ok(bytes)
}

/// Makes renames, creations and removals in a directory durable.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync_directory(directory: &Path) -> Result<()> {
    File::open(directory).and_then(|d| d.sync_all()).map_err(Error::file(directory))
}

/// Makes everything written so far to the filesystem that holds `directory` durable: one wait for
/// a whole batch of small files.
///
/// # Errors
/// When any write to that filesystem failed.
pub fn sync_filesystem(directory: &Path) -> Result<()> {
    let sync = || rustix::fs::syncfs(File::open(directory)?).map_err(io::Error::from);
    sync().map_err(Error::file(directory))
}

/// Moves a file; when the source is gone, the target must be there (an earlier move).
///
/// # Errors
/// When neither is there, or the move fails.
pub fn move_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(directory) = to.parent() {
        fs::create_dir_all(directory).map_err(Error::file(directory))?;
    }
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && to.exists() => Ok(()),
        other => other.map_err(Error::file(from)),
    }
}

/// Lets everyone read a file (mode 0644).
///
/// # Errors
/// When the mode cannot be set.
pub fn make_public(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).map_err(Error::file(path))
}

/// Removes a file if it is there.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Error::file(path)),
    }
}

fn parent(path: &Path) -> &Path {
    // The parent of a bare name is the empty path.
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// The name beside `path` that a half-written file has.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_never_changes_is_written_once_and_refuses_other_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        create(&path, b"same").unwrap();
        create(&path, b"same").unwrap();
        assert!(matches!(create(&path, b"else"), Err(Error::Corrupt(_))));
        assert_eq!(fs::read(&path).unwrap(), b"same");
    }

    #[test]
    fn a_torn_file_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        for torn in [&b""[..], b"wh", b"\0\0\0\0\0", b"wh\0\0e"] {
            let path = directory.path().join("f");
            fs::write(&path, torn).unwrap();
            create(&path, b"whole").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"whole");
        }
    }

    #[test]
    fn a_private_file_is_read_by_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        replace(&path, b"secret", Access::Private).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_new_file_is_private_covers_nothing_and_is_not_there_when_its_writing_failed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let failed = write_new(&path, |_| Err::<(), _>(Error::Busy));
        assert!(matches!(failed, Err(Error::Busy)));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let write = |text: &'static str| {
            write_new(&path, |file| file.write_all(text.as_bytes()).map_err(Error::file("new")))
        };
        write("one").unwrap();
        assert_eq!(write("two").unwrap_err().code(), "exists");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_move_that_was_done_already_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("x/to"));
        fs::write(&from, b"1").unwrap();
        move_file(&from, &to).unwrap();
        move_file(&from, &to).unwrap();
        assert!(move_file(&from, &directory.path().join("other")).is_err());
    }
}
