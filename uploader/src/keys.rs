//! The accountant's key: made on this machine, kept in one file that only its owner can read, never sent.

use crate::error::{Error, Result};
use crate::say;
use ledger::content::Salt;
use ledger::key::SigningKey;
use ledger::place::Village;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of the longest key file.
const KEY_BYTES_MAX: u64 = 1024;

/// Makes the key of a village's accountant in a new file of mode 0600.
///
/// # Errors
/// [`Error::KeyExists`] if there is a file already; it is not touched.
pub fn make(file: &Path, village: Village) -> Result<SigningKey> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(Error::Random)?;
    let broken =
        |why: &dyn std::fmt::Display| Error::Key { file: file.into(), why: why.to_string() };
    let key = SigningKey::from_seed(&format!("{village}/accountant"), seed)
        .map_err(|why| broken(&why))?;
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut out = created.map_err(|why| match why.kind() {
        std::io::ErrorKind::AlreadyExists => Error::KeyExists(file.into()),
        _ => Error::Disk { file: file.into(), why },
    })?;
    let line = key.to_secret_text() + "\n";
    let written = out.write_all(line.as_bytes()).and_then(|()| out.sync_all());
    written.map_err(Error::disk(file))?;
    sync_folder(file.parent().unwrap_or(Path::new(".")))?;
    Ok(key)
}

/// Reads the key. A file that others can read is refused: the secret may be out.
///
/// # Errors
/// [`Error::Key`], [`Error::Disk`].
pub fn load(file: &Path) -> Result<SigningKey> {
    let mut open = File::open(file).map_err(Error::disk(file))?;
    let mode = open.metadata().map_err(Error::disk(file))?.mode();
    if mode & 0o077 != 0 {
        let why = say!("别人也能读它；请运行 chmod 600，并告诉乡镇办公室");
        return Err(Error::Key { file: file.into(), why });
    }
    let mut text = String::new();
    let mut bounded = Read::by_ref(&mut open).take(KEY_BYTES_MAX);
    bounded.read_to_string(&mut text).map_err(Error::disk(file))?;
    text.parse()
        .map_err(|why: ledger::key::BadKey| Error::Key { file: file.into(), why: why.to_string() })
}

/// A fresh salt.
///
/// # Errors
/// [`Error::Random`].
pub fn salt() -> Result<Salt> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(Error::Random)?;
    Ok(Salt(salt))
}

/// Makes a folder's list of names survive a power cut.
///
/// # Errors
/// [`Error::Disk`].
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::disk(folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let made = make(&file, "341181107201".parse().unwrap()).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("PRIVATE+KEY+341181107201/accountant+"));
        assert!(matches!(make(&file, "341181107202".parse().unwrap()), Err(Error::KeyExists(_))));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(load(&file).unwrap().verifier(), made.verifier());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(&file), Err(Error::Key { .. })));
    }
}
