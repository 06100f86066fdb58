//! What can go wrong in the office, said so that a person can act on it.

use std::path::{Path, PathBuf};

/// The result of anything the office does.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The one who asked can mend it: malformed, not allowed, not found.
    #[error("{message}")]
    Refused {
        /// A stable word for programs, for example `not-enrolled`.
        code: &'static str,
        /// One sentence for a person, in Chinese.
        message: String,
    },
    /// SQLite refused or failed.
    #[error("数据库出错：{0}")]
    Db(#[from] rusqlite::Error),
    /// A migration could not be applied.
    #[error("数据库升级失败：{0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A file could not be read or written.
    #[error("文件 {}：{source}", path.display())]
    File {
        /// The file meant.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Too much is waiting to be written; trying again later helps.
    #[error("服务器忙，请稍后再试")]
    Busy,
    /// A durable write failed after the point of no return; a restart recovers.
    #[error("服务器已停止接收：{0}；请检查磁盘后重新启动")]
    Stopped(String),
    /// What is stored is not what was stored.
    #[error("数据损坏：{0}")]
    Corrupt(String),
}

impl Error {
    /// A refusal with a stable code and a sentence for a person.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// Names the file in an I/O error: `.map_err(Error::file(&path))`.
    pub fn file(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::File { path, source }
    }

    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Busy => "busy",
            Self::Stopped(_) => "stopped",
            Self::Db(_) | Self::Migration(_) | Self::File { .. } | Self::Corrupt(_) => {
                if self.is_disk_full() { "disk-full" } else { "failed" }
            }
        }
    }

    /// Whether the disk is full: freeing space helps, nothing was damaged.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Db(rusqlite::Error::SqliteFailure(e, _)) => {
                e.code == rusqlite::ErrorCode::DiskFull
            }
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}
