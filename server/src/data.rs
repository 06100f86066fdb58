//! The data directory: what lies where, and the lock that keeps a second server out of it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ledger::hash::Hash;

use crate::error::{Error, Result};

/// The paths of one office's data.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The directory at `path`; nothing is touched.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("mingbai.db")
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub fn log_key(&self) -> PathBuf {
        self.0.join("keys/log.key")
    }

    /// The key that signs the office's own statements.
    #[must_use]
    pub fn office_key(&self) -> PathBuf {
        self.0.join("keys/office.key")
    }

    /// A file of figures that were frozen, by its hash.
    #[must_use]
    pub fn frozen(&self, hash: &Hash) -> PathBuf {
        self.0.join("frozen").join(format!("{hash}.json"))
    }

    /// The rules of the office, if it does not go by those that the program came with.
    #[must_use]
    pub fn rules(&self) -> PathBuf {
        self.0.join("rules.toml")
    }

    /// Public holidays that the program did not come with, a file a year.
    #[must_use]
    pub fn holidays(&self) -> PathBuf {
        self.0.join("holidays")
    }

    /// The public holidays of one year.
    #[must_use]
    pub fn holidays_of(&self, year: i16) -> PathBuf {
        self.0.join(format!("holidays/{year}.json"))
    }

    /// The settings of the township's WeChat account, if it has one. They hold secrets.
    #[must_use]
    pub fn wechat(&self) -> PathBuf {
        self.0.join("wechat.toml")
    }

    /// The witnesses that are asked, and that kiosks may demand: a C2SP tlog-policy.
    #[must_use]
    pub fn witnesses(&self) -> PathBuf {
        self.0.join("witnesses")
    }

    /// Newer firmware for boards, as its maker handed it over; not there where there are no boards.
    #[must_use]
    pub fn firmware(&self) -> PathBuf {
        self.0.join("firmware")
    }

    /// The public tree: files at exactly the paths of the read surface.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.0.join("public")
    }

    /// An image that everyone may see.
    #[must_use]
    pub fn public_blob(&self, hash: &Hash) -> PathBuf {
        self.0.join(format!("public/blob/{hash}"))
    }

    /// An image that only the office may see.
    #[must_use]
    pub fn private_blob(&self, hash: &Hash) -> PathBuf {
        self.0.join(format!("private/blob/{hash}"))
    }

    /// An image that has not arrived whole.
    #[must_use]
    pub fn upload(&self, hash: &Hash) -> PathBuf {
        self.0.join(format!("private/upload/{hash}"))
    }

    /// Where the image lies now, public or not yet.
    #[must_use]
    pub fn find_blob(&self, hash: &Hash) -> Option<PathBuf> {
        [self.public_blob(hash), self.private_blob(hash)].into_iter().find(|path| path.exists())
    }

    /// Makes the directories, those for the office alone unreadable to others.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn create(&self) -> Result<()> {
        fs::create_dir_all(&self.0).map_err(Error::file(&self.0))?;
        for (name, mode) in [
            ("keys", 0o700),
            ("private", 0o700),
            ("private/blob", 0o700),
            ("private/upload", 0o700),
            ("public", 0o755),
            ("public/blob", 0o755),
            ("public/content", 0o755),
            ("public/tile", 0o755),
        ] {
            let path = self.0.join(name);
            DirBuilder::new()
                .mode(mode)
                .recursive(true)
                .create(&path)
                .map_err(Error::file(&path))?;
        }
        Ok(())
    }

    /// Takes the lock that only one program at a time may hold.
    ///
    /// # Errors
    /// `data-in-use` when another program holds it.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.0.join("lock");
        if !self.0.is_dir() {
            return Err(Error::refused(
                "no-data",
                format!("没有数据目录 {}：请先运行 mingbai-server init", self.0.display()),
            ));
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(Error::refused(
                "data-in-use",
                format!(
                    "{} 正被另一个程序使用（服务器在运行？）：请先停止它再执行此命令",
                    self.0.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(Error::file(&path)(error)),
        }
    }
}

/// Held by the one program that may write; let go when it ends, however it ends.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Not left to the closing of the file: a child that is being started has it open too.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "cannot let go of the data directory");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_program_holds_the_data() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        let first = data.lock().unwrap();
        assert_eq!(data.lock().unwrap_err().code(), "data-in-use");
        let childs = first.0.try_clone().unwrap();
        drop(first);
        data.lock().unwrap();
        drop(childs);
    }
}
