//! The database: many readers, one writer thread. Everything that waits to be written shares one
//! commit, and nobody is answered before that commit is on the disk.

mod schema;
mod told;
mod writer;

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};
pub use writer::Writer;

/// How long a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Reader connections kept open for the next reader.
const READERS_KEPT: usize = 8;
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 128;

/// A handle on the database: cheap reads anywhere, writes through one thread.
pub struct Db {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
}

impl Db {
    /// Opens the database, creating and migrating it as needed, and starts its writer.
    ///
    /// # Errors
    /// When the file cannot be opened or is newer than this program.
    pub fn open(path: &Path) -> Result<Self> {
        keep_private(path)?;
        let mut connection = Connection::open(path)?;
        prepare(&connection)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL: a commit that was acknowledged survives a power cut; NORMAL loses it.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        // A withdrawn record must not linger in free pages.
        connection.pragma_update(None, "secure_delete", "on")?;
        schema::migrations().to_latest(&mut connection)?;
        let writer = Writer::start(connection)?;
        Ok(Self { path: path.to_owned(), readers: Mutex::new(Vec::new()), writer })
    }

    /// Runs `f` on a reader connection (which cannot write).
    ///
    /// # Errors
    /// When the database cannot be read, and whatever `f` refuses.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let result = f(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        result
    }

    /// Runs `f` in a write transaction; answers when what it wrote is on the disk. An error from
    /// `f` undoes all that `f` did, and nothing else.
    ///
    /// # Errors
    /// When too much is waiting, when the commit fails, and whatever `f` refuses.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.submit(f)?.await.unwrap_or_else(|_| Err(lost()))
    }

    /// The same as [`Db::write`] for a thread that may block (never call it on an async thread).
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.submit(f)?.blocking_recv().unwrap_or_else(|_| Err(lost()))
    }

    /// Empties the write-ahead log into the database, so that deleted bytes are gone from it too.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub fn forget_deleted(&self) -> Result<()> {
        self.writer.checkpoint()
    }

    /// Writes that wait for the writer now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.writer.waiting()
    }

    /// Why the writer refuses everything, if a commit failed in a way that only a restart mends.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.writer.failure()
    }
}

/// Makes the database readable by its owner alone: it holds secrets. SQLite gives its companions the same mode; those
/// that an older program left are mended too.
fn keep_private(path: &Path) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(Error::file(path))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(Error::file(path))?;
    for end in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        match std::fs::set_permissions(&beside, Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file(PathBuf::from(beside))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn lost() -> Error {
    Error::Corrupt("一次写入未完成（程序内部错误），请看日志".into())
}

/// What every connection needs.
fn prepare(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    told::tell(connection);
    Ok(())
}

/// Opens a connection that cannot write.
///
/// # Errors
/// When there is no such database.
pub fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    connection.pragma_update(None, "query_only", "on")?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_on_the_machine_can_read_the_database() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mingbai.db");
        let modes = || -> Vec<u32> {
            let files = std::fs::read_dir(directory.path()).unwrap();
            files
                .map(|file| file.unwrap().metadata().unwrap().permissions().mode() & 0o777)
                .collect()
        };
        let db = Db::open(&path).unwrap();
        assert_eq!(modes(), [0o600; 3], "the database, its log, its index");
        for file in std::fs::read_dir(directory.path()).unwrap() {
            std::fs::set_permissions(file.unwrap().path(), Permissions::from_mode(0o644)).unwrap();
        }
        let again = Db::open(&path).unwrap();
        assert_eq!(modes(), [0o600; 3], "also where it was open to all");
        drop((db, again));
    }
}
