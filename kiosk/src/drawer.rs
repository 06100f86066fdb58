//! The drawer: a small database of what this kiosk knows of itself, apart from the shelf, so that a broken shelf loses no
//! proof of display, no setting and no number.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

/// How long a reader or writer waits for another writer.
const BUSY_TIME: Duration = Duration::from_secs(5);
/// The database, in the kiosk's data folder.
const FILE: &str = "fleet.db";

/// What can go wrong with the drawer itself.
#[derive(Debug, thiserror::Error)]
pub enum DrawerError {
    /// The database could not be read or written.
    #[error("本机设置库出错（{0}）/ the kiosk's own database failed")]
    Database(#[from] rusqlite::Error),
    /// The tables could not be made.
    #[error("本机设置库打不开（{0}）/ cannot open the kiosk's own database")]
    Migration(#[from] rusqlite_migration::Error),
    /// A file could not be read or written.
    #[error("文件读写出错：{path}（{source}）/ file error")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The drawer of one kiosk. Open as many as there are threads.
pub struct Drawer {
    pub(crate) db: Connection,
}

impl Drawer {
    /// Opens the drawer in `dir`, making it when there is none. One that SQLite itself calls broken is set aside: a kiosk
    /// without its settings is better than none.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn open(dir: &Path) -> Result<Self, DrawerError> {
        fs::create_dir_all(dir).map_err(file_error(dir))?;
        let path = dir.join(FILE);
        let db = match connect(&path) {
            Err(error) if is_broken(&error) => {
                fs::rename(&path, dir.join("fleet.db.broken")).map_err(file_error(&path))?;
                for tail in ["fleet.db-wal", "fleet.db-shm"] {
                    let _ = fs::remove_file(dir.join(tail)); // absent is as good
                }
                connect(&path)?
            }
            other => other?,
        };
        Ok(Self { db })
    }

    /// What is kept under a name.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>, DrawerError> {
        let mut query = self.db.prepare_cached("SELECT value FROM kept WHERE name = ?1")?;
        Ok(query.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Keeps a value under a name in place of the one before; nothing takes it away.
    pub(crate) fn put(&self, name: &str, value: Option<&str>) -> Result<(), DrawerError> {
        match value {
            Some(value) => {
                let sql = "INSERT OR REPLACE INTO kept VALUES (?1, ?2)";
                self.db.prepare_cached(sql)?.execute([name, value])?
            }
            None => self.db.prepare_cached("DELETE FROM kept WHERE name = ?1")?.execute([name])?,
        };
        Ok(())
    }

    /// A whole number that is kept under a name; what is no number is as good as none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, DrawerError> {
        Ok(self.get(name)?.and_then(|text| text.parse().ok()))
    }

    /// Does all of `work` or nothing of it.
    pub(crate) fn at_once<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, DrawerError>,
    ) -> Result<T, DrawerError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }
}

fn connect(path: &Path) -> Result<Connection, DrawerError> {
    // Made here first: SQLite would let everybody read it, and the hash of the PIN is in it.
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map_err(file_error(path))?;
    let mut db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIME)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    let steps =
        [M::up(include_str!("drawer/schema.sql")), M::up(include_str!("drawer/schema-2.sql"))];
    Migrations::from_slice(&steps).to_latest(&mut db)?;
    Ok(db)
}

fn is_broken(error: &DrawerError) -> bool {
    let code = match error {
        DrawerError::Database(error)
        | DrawerError::Migration(rusqlite_migration::Error::RusqliteError { err: error, .. }) => {
            error.sqlite_error_code()
        }
        _ => None,
    };
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

pub(crate) fn file_error(path: &Path) -> impl FnOnce(io::Error) -> DrawerError + use<> {
    let path = path.to_owned();
    move |source| DrawerError::File { path, source }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A new drawer, and where it lies.
    pub(crate) fn drawer() -> (tempfile::TempDir, Drawer) {
        let dir = tempfile::tempdir().unwrap();
        let drawer = Drawer::open(dir.path()).unwrap();
        (dir, drawer)
    }

    #[test]
    fn what_is_kept_is_there_again_and_only_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let drawer = Drawer::open(dir.path()).unwrap();
        drawer.put("number", Some("7")).unwrap();
        drawer.put("mood", Some("good")).unwrap();
        drawer.put("mood", None).unwrap();
        drop(drawer);
        let drawer = Drawer::open(dir.path()).unwrap();
        assert_eq!(drawer.number("number").unwrap(), Some(7));
        assert_eq!(drawer.get("mood").unwrap(), None);
        for file in fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file:?}");
        }
    }

    #[test]
    fn a_broken_drawer_is_set_aside_and_a_new_one_opens() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), [7; 8192]).unwrap();
        let drawer = Drawer::open(dir.path()).unwrap();
        assert_eq!(drawer.get("number").unwrap(), None);
        assert!(dir.path().join("fleet.db.broken").exists());
    }
}
