//! The whole desk in one encrypted file, for safe keeping and for a new computer: an age file (scrypt passphrase,
//! C2SP/age) that holds a tar archive of key, outbox, originals and pictures. Practice is left out.

use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::keys::sync_folder;
use crate::outbox::Outbox;
use crate::say;
use crate::sealed;
use age::scrypt::Identity;
use age::secrecy::{ExposeSecret, SecretString};
use age::{Decryptor, Encryptor};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path};

/// Characters of the shortest passphrase.
const PASSPHRASE_MIN: usize = 8;
/// Work factor of scrypt (as a power of 2) that a backup may ask for: about a minute on a slow machine.
const WORK_MAX: u8 = 22;
/// Bytes of the largest file in a backup.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// The files and folders of a desk, in the order in which they are kept: the key comes last, with it the desk is there.
const PARTS: [&str; 4] = ["outbox.db", "originals", "images", "key"];

/// Why a backup was not made or not put back.
#[derive(Debug)]
pub enum BadBackup {
    /// A file of that name is there already.
    Exists,
    /// The passphrase is too short to protect the key.
    Weak,
    /// It was made with another passphrase, or it is damaged.
    Passphrase,
    /// It is not a backup, or it breaks off.
    Damaged,
    /// A desk is there already; putting back would cover it.
    DeskThere,
}

impl std::fmt::Display for BadBackup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&match self {
            BadBackup::Exists => say!("文件已经在了，请换一个名字"),
            BadBackup::Weak => say!("口令太短，至少 {least} 个字", least = PASSPHRASE_MIN),
            BadBackup::Passphrase => say!("口令不对，或文件已损坏"),
            BadBackup::Damaged => say!("不是备份文件，或没有拷贝完整"),
            BadBackup::DeskThere => {
                say!("这里已有报账资料，不会覆盖；请用空目录（--data）")
            }
        })
    }
}

/// Writes the desk to `file`, encrypted with the passphrase. A crash leaves no file of that name.
///
/// # Errors
/// [`Error::Backup`], [`Error::Disk`], [`Error::Outbox`].
pub fn save(desk: &Desk, file: &Path, passphrase: SecretString) -> Result<()> {
    let bad = |why| Error::Backup { file: file.into(), why };
    if passphrase.expose_secret().chars().count() < PASSPHRASE_MIN {
        return Err(bad(BadBackup::Weak));
    }
    if file.exists() {
        return Err(bad(BadBackup::Exists));
    }
    // The outbox is copied as it is at one moment, whoever writes to it meanwhile.
    let scratch = tempfile::tempdir_in(desk.folder()).map_err(Error::disk(desk.folder()))?;
    let outbox = scratch.path().join("outbox.db");
    desk.outbox.copy_to(&outbox)?;
    sealed::write(file, Encryptor::with_user_passphrase(passphrase), |archive| {
        archive.append_path_with_name(&outbox, PARTS[0])?;
        for part in &PARTS[1..] {
            let path = desk.folder().join(part);
            match path.is_dir() {
                true => archive.append_dir_all(part, &path)?,
                false => archive.append_path_with_name(&path, part)?,
            }
        }
        Ok(())
    })
}

/// Puts a backup back as the desk in `folder`, which must hold none. A crash leaves no desk there.
///
/// # Errors
/// [`Error::Backup`], [`Error::Disk`].
pub fn put_back(file: &Path, folder: &Path, passphrase: SecretString) -> Result<()> {
    let bad = |why| Error::Backup { file: file.into(), why };
    if folder.join("key").exists() || folder.join(PARTS[0]).exists() {
        return Err(bad(BadBackup::DeskThere));
    }
    let sealed = BufReader::new(File::open(file).map_err(Error::disk(file))?);
    let sealed = Decryptor::new(sealed).map_err(|_| bad(BadBackup::Damaged))?;
    let mut identity = Identity::new(passphrase);
    identity.set_max_work_factor(WORK_MAX);
    let open = sealed.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let mut archive = tar::Archive::new(open.map_err(|_| bad(BadBackup::Passphrase))?);
    let private = |folder: &Path| {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(Error::disk(folder))
    };
    private(folder)?;
    let scratch = tempfile::tempdir_in(folder).map_err(Error::disk(folder))?;
    for entry in archive.entries().map_err(|_| bad(BadBackup::Damaged))? {
        let mut entry = entry.map_err(|_| bad(BadBackup::Damaged))?;
        let name = entry.path().map_err(|_| bad(BadBackup::Damaged))?.into_owned();
        if !expected(&name) {
            return Err(bad(BadBackup::Damaged));
        }
        let to = scratch.path().join(&name);
        if entry.header().entry_type().is_dir() {
            private(&to)?;
            continue;
        }
        if !entry.header().entry_type().is_file() || entry.size() > FILE_BYTES_MAX {
            return Err(bad(BadBackup::Damaged));
        }
        unpack(&mut entry, &to).map_err(|why| match why.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => bad(BadBackup::Damaged),
            _ => Error::Disk { file: to, why },
        })?;
    }
    // It must be a whole desk before it becomes one.
    if !scratch.path().join("key").is_file() {
        return Err(bad(BadBackup::Damaged));
    }
    Outbox::open(&scratch.path().join(PARTS[0])).map_err(|_| bad(BadBackup::Damaged))?.items()?;
    for part in PARTS {
        let from = scratch.path().join(part);
        if from.exists() {
            fs::rename(&from, folder.join(part)).map_err(Error::disk(folder))?;
        }
        sync_folder(folder)?;
    }
    Ok(())
}

/// Whether a name in the archive is one of a desk's: a known file, or a plain file in a known folder.
fn expected(name: &Path) -> bool {
    let parts: Vec<_> = name.components().collect();
    let all_plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let known =
        parts.first().is_some_and(|first| PARTS.iter().any(|part| first.as_os_str() == *part));
    all_plain && known && parts.len() <= 2
}

fn unpack(from: &mut impl Read, to: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(from, &mut file)?;
    file.flush()?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
