//! The whole office in one encrypted file, made while the server runs: an age file (C2SP/age) around
//! a tar archive of the database, the keys, the pictures and the tree. `age` and `tar` open it too.
//!
//! The database is copied first, as it is at one moment; it says which files belong to it. What is
//! a function of the database alone (contents, the checkpoint) is made anew by `restore`.

mod archive;
mod restore;
mod snapshot;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use age::secrecy::{ExposeSecret, SecretString};
use age::x25519;
use age::{Decryptor, Encryptor, Identity, IdentityFile};

use crate::data::DataDir;
use crate::durable;
use crate::error::{Error, Result};
use archive::Sums;
pub use restore::restore;
use snapshot::Snapshot;

/// Characters of the shortest passphrase: everything of the office, its keys too, is behind it.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// Work factor of scrypt (as a power of 2) that a backup may ask for: about a minute on a slow machine.
const WORK_MAX: u8 = 22;
/// How often a backup is begun again because a withdrawal took a file away meanwhile.
const TRIES: usize = 5;
/// How long work may go on without a word about it.
const QUIET: Duration = Duration::from_secs(2);

/// Who can open a backup.
pub enum Lock {
    /// The holders of these keys, any of them.
    Keys(Vec<x25519::Recipient>),
    /// Whoever knows the passphrase.
    Passphrase(SecretString),
}

/// What opens a backup.
pub enum Opener {
    /// Keys of an age identity file.
    Keys(Vec<Box<dyn Identity + Send + Sync>>),
    /// The passphrase.
    Passphrase(SecretString),
}

/// What was put into a backup, or taken out of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Log entries.
    pub entries: u64,
    /// Files.
    pub files: usize,
}

/// Tells whoever waits how far long work is, now and then.
pub struct Progress<'a> {
    say: &'a mut dyn FnMut(&str),
    last: Instant,
}

impl<'a> Progress<'a> {
    /// Tells it to `say`, a line at a time.
    pub fn to(say: &'a mut dyn FnMut(&str)) -> Self {
        Self { say, last: Instant::now() }
    }

    fn step(&mut self, what: &str) {
        (self.say)(what);
        self.last = Instant::now();
    }

    fn count(&mut self, what: &str, done: usize) {
        if self.last.elapsed() >= QUIET {
            self.step(&format!("{what}：{done}"));
        }
    }
}

impl Lock {
    /// The keys that people may open it with, as `age1…`.
    ///
    /// # Errors
    /// `bad-recipient`.
    pub fn of_keys(keys: &[String]) -> Result<Self> {
        let read = |key: &String| {
            key.trim().parse().map_err(|_| {
                let message = format!("{key} 不是备份公钥：应是 age1 开头的一行，见 backup-key");
                Error::refused("bad-recipient", message)
            })
        };
        Ok(Self::Keys(keys.iter().map(read).collect::<Result<_>>()?))
    }

    /// A passphrase.
    ///
    /// # Errors
    /// `weak-passphrase`.
    pub fn of_passphrase(passphrase: SecretString) -> Result<Self> {
        if passphrase.expose_secret().chars().count() < PASSPHRASE_CHARS_MIN {
            let message = format!("口令太短，至少 {PASSPHRASE_CHARS_MIN} 个字符");
            return Err(Error::refused("weak-passphrase", message));
        }
        Ok(Self::Passphrase(passphrase))
    }

    /// What encrypts, and what can decrypt the same file as long as this program holds it: for
    /// keys, one more that is made for reading back and forgotten.
    fn encryptor(&self) -> Result<(Encryptor, Opener)> {
        match self {
            Self::Passphrase(passphrase) => Ok((
                Encryptor::with_user_passphrase(passphrase.clone()),
                Opener::Passphrase(passphrase.clone()),
            )),
            Self::Keys(keys) => {
                let own = x25519::Identity::generate();
                let to: Vec<_> = keys.iter().cloned().chain([own.to_public()]).collect();
                let encryptor = Encryptor::with_recipients(to.iter().map(|key| key as _));
                let encryptor = encryptor.map_err(|e| Error::Corrupt(format!("加密：{e}")))?;
                Ok((encryptor, Opener::Keys(vec![Box::new(own)])))
            }
        }
    }
}

impl Opener {
    /// Reads an age identity file, as [`make_key`] or `age-keygen` writes it.
    ///
    /// # Errors
    /// `bad-identity`, or when it cannot be read.
    pub fn of_file(path: &Path) -> Result<Self> {
        let bad = || {
            let message = format!("{} 不是备份密钥文件（AGE-SECRET-KEY-…）", path.display());
            Error::refused("bad-identity", message)
        };
        let file = File::open(path).map_err(Error::file(path))?;
        let keys = IdentityFile::from_buffer(BufReader::new(file)).map_err(|_| bad())?;
        let keys = keys.into_identities().map_err(|_| bad())?;
        if keys.is_empty() { Err(bad()) } else { Ok(Self::Keys(keys)) }
    }

    /// Decrypts. The last byte is only good when the stream ends without an error.
    fn open<R: Read>(&self, sealed: R, name: &Path) -> Result<impl Read> {
        let sealed = Decryptor::new(sealed).map_err(|_| damaged(name))?;
        let opened = match self {
            Self::Keys(keys) => sealed.decrypt(keys.iter().map(|key| &**key as &dyn Identity)),
            Self::Passphrase(passphrase) => {
                let mut identity = age::scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(WORK_MAX);
                sealed.decrypt(std::iter::once(&identity as &dyn Identity))
            }
        };
        opened.map_err(|_| {
            let message = format!("打不开 {}：密钥或口令不对，或文件已损坏", name.display());
            Error::refused("wrong-key", message)
        })
    }
}

/// The refusal of a file that is no whole backup.
fn damaged(name: &Path) -> Error {
    let message = format!("{} 不是完整的备份：拷贝时断了，或已损坏", name.display());
    Error::refused("bad-backup", message)
}

/// Makes a key for backups: an age identity file of mode 0600. Answers the public half (`age1…`).
///
/// # Errors
/// `exists`, or when it cannot be written.
pub fn make_key(path: &Path) -> Result<String> {
    let key = x25519::Identity::generate();
    let public = key.to_public().to_string();
    durable::write_new(path, |file| {
        let secret = key.to_string();
        let text = format!(
            "# created: {}\n# public key: {public}\n{}\n",
            crate::clock::now(),
            secret.expose_secret()
        );
        file.write_all(text.as_bytes()).map_err(Error::file(path))
    })?;
    Ok(public)
}

/// Writes the office into `out`, which must not exist, and reads it back. The server may run.
///
/// # Errors
/// `exists`; when something is missing or cannot be read or written. Then there is no file of that
/// name.
pub fn save(data: &DataDir, lock: &Lock, out: &Path, progress: &mut Progress) -> Result<Kept> {
    if !data.database().exists() {
        let message = format!("{} 还没有初始化", data.path().display());
        return Err(Error::refused("no-data", message));
    }
    for _ in 1..TRIES {
        match save_once(data, lock, out, progress) {
            Err(error) if error.code() == MOVED => progress.step("数据有变化，重新开始"),
            done => return done,
        }
    }
    save_once(data, lock, out, progress)
}

/// The code of the error that beginning again mends.
const MOVED: &str = "moved";

fn save_once(data: &DataDir, lock: &Lock, out: &Path, progress: &mut Progress) -> Result<Kept> {
    durable::write_new(out, |file| {
        progress.step("正在复制数据库");
        let snapshot = Snapshot::take(data)?;
        let (encryptor, opener) = lock.encryptor()?;
        let failed = |e| Error::file(out)(e);
        let sealed = encryptor.wrap_output(BufWriter::new(&mut *file)).map_err(failed)?;
        progress.step("正在写入备份");
        let (sealed, written) = archive::write(sealed, out, &snapshot, data, progress)?;
        sealed.finish().and_then(|mut buffer| buffer.flush()).map_err(failed)?;
        file.sync_all().map_err(Error::file(out))?;

        progress.step("正在读回核对");
        file.rewind().map_err(Error::file(out))?;
        let opened = opener.open(BufReader::new(&mut *file), out)?;
        let read = archive::read(opened, out, progress, |_, content| {
            std::io::copy(content, &mut std::io::sink()).map(drop).map_err(|_| damaged(out))
        })?;
        if read == written {
            Ok(Kept { entries: snapshot.size, files: read.len() })
        } else {
            Err(damaged(out))
        }
    })
}

/// Whether every file came out as it went in.
fn must_match(found: &Sums, said: &Sums, name: &Path) -> Result<()> {
    if found == said { Ok(()) } else { Err(damaged(name)) }
}
