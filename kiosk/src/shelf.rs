//! The shelf: the verified log, its contents and pictures, on this machine's disk.
//!
//! `DATA/kiosk.db` holds entries and contents, and tables made from them that can be made again; `DATA/blob/` holds
//! pictures by hash. Whoever reads a shelf needs no network, and is never held up by a sync that writes to it.

mod adopt;
mod asked;
mod audit;
mod judge;
mod kept;
mod lists;
mod pages;
mod pictures;
mod question;
mod rows;
mod search;
mod showing;
mod sound;
mod summary;
mod versions;
mod views;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use ledger::content::Content;
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::time::Timestamp;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::clock;

pub use adopt::{Adopted, Arrived, Batch};
pub use asked::{Answered, Asked};
pub use audit::Audit;
pub use judge::Verdict;
pub use pictures::{Images, PICTURE_BYTES_MAX, Plan, THUMB_BYTES_MAX, Wanted, Wishes};
pub use rows::*;
pub use search::{Found, Kind, Question};

/// How long a reader or writer waits for another writer.
const BUSY_TIME: Duration = Duration::from_secs(5);
/// The most rows of any list.
const LIST_MAX: u32 = 2_000;

/// The time of the newest statement that counts.
const NEWEST: &str = "SELECT time FROM statement WHERE refused IS NULL AND time IS NOT NULL
    ORDER BY id DESC LIMIT 1";

/// What can go wrong with the shelf itself.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The database could not be read or written.
    #[error("本机数据库出错（{0}）/ database error")]
    Database(#[from] rusqlite::Error),
    /// The tables could not be made.
    #[error("本机数据库打不开 / cannot open the database")]
    Migration(#[from] rusqlite_migration::Error),
    /// A file could not be read or written.
    #[error("文件读写出错：{path}（{source}）/ file error")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The shelf was set up to trust another key.
    #[error(
        "本机信任的公钥是 {held}，不是 {given}；换公钥请用新的数据目录 / another key is trusted here"
    )]
    WrongKey {
        /// The key in the database.
        held: String,
        /// The key on the command line.
        given: String,
    },
    /// SQLite finds its own file damaged.
    #[error("本机数据库已损坏（{0}）/ the database is damaged")]
    Broken(String),
    /// Another sync moved the head between fetch and commit.
    #[error("另一个同步刚刚完成 / another sync came first")]
    Overtaken,
}

impl From<FromSqlError> for ShelfError {
    fn from(error: FromSqlError) -> Self {
        Self::Database(error.into())
    }
}

/// The shelf of one kiosk. Open as many as there are threads.
pub struct Shelf {
    db: Connection,
    dir: PathBuf,
}

/// The newest checkpoint that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The note, word for word.
    pub checkpoint: Vec<u8>,
    /// Entries.
    pub size: u64,
    /// Root hash.
    pub root: Hash,
    /// The entity tag it was served under.
    pub etag: Option<String>,
}

impl Shelf {
    /// Opens the shelf in `dir`, making it when there is none.
    ///
    /// A database that SQLite itself calls broken is set aside: all it held can be fetched again.
    pub fn open(dir: &Path) -> Result<Self, ShelfError> {
        let blobs = dir.join("blob");
        fs::create_dir_all(&blobs).map_err(file_error(&blobs))?;
        let (db, reshaped) = match Self::connect(&dir.join("kiosk.db")) {
            Err(error) if is_broken(&error) => {
                set_aside(dir)?;
                Self::connect(&dir.join("kiosk.db"))?
            }
            other => other?,
        };
        let mut shelf = Self { db, dir: dir.to_owned() };
        if reshaped {
            shelf.rebuild()?;
        }
        Ok(shelf)
    }

    /// Opens the shelf and audits it. A database that cannot be mended is set aside; key and head are carried over as
    /// far as they can be read, so that no older log is believed afterwards.
    pub fn open_audited(dir: &Path) -> Result<(Self, Audit), ShelfError> {
        let mut shelf = Self::open(dir)?;
        match shelf.audit() {
            Ok(audit) => return Ok((shelf, audit)),
            Err(error) if is_broken(&error) => {}
            Err(error) => return Err(error),
        }
        let (key, head) = (shelf.trusted().ok().flatten(), shelf.head().ok().flatten());
        drop(shelf);
        set_aside(dir)?;
        let shelf = Self::open(dir)?;
        if let Some(key) = key {
            shelf.db.execute("INSERT INTO trust VALUES (1, ?1)", [key])?;
        }
        if let Some(Head { checkpoint, size, root, .. }) = head {
            let sql = "INSERT INTO head VALUES (1, ?1, ?2, ?3, NULL)";
            shelf.db.execute(sql, (checkpoint, size, root.0))?;
        }
        Ok((shelf, Audit { entries_lost: true, ..Audit::default() }))
    }

    /// The connection, and whether its views were emptied because this program makes them otherwise than the last one.
    fn connect(path: &Path) -> Result<(Connection, bool), ShelfError> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY_TIME)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "secure_delete", true)?;
        let steps = [
            M::up(include_str!("shelf/schema.sql")),
            M::up(include_str!("shelf/schema-2.sql")),
            M::up(include_str!("shelf/schema-3.sql")),
        ];
        Migrations::from_slice(&steps).to_latest(&mut db)?;
        let (views, shape) = (include_str!("shelf/views.sql"), "SELECT digest FROM shape");
        let digest = sha256(views.as_bytes()).0;
        let right = |db: &Connection| {
            let held: Option<[u8; 32]> = db.query_row(shape, [], |row| row.get(0)).optional()?;
            Ok::<_, ShelfError>(held == Some(digest))
        };
        if right(&db)? {
            return Ok((db, false));
        }
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let first = !right(&tx)?; // nobody else was quicker
        if first {
            tx.execute_batch(views)?;
            tx.execute("INSERT OR REPLACE INTO shape VALUES (1, ?1)", [digest])?;
        }
        tx.commit()?;
        Ok((db, first))
    }

    /// The log's key that this shelf trusts; `None` before its first start.
    pub fn trusted(&self) -> Result<Option<String>, ShelfError> {
        let sql = "SELECT vkey FROM trust";
        Ok(self.db.query_row(sql, [], |row| row.get(0)).optional()?)
    }

    /// Trusts `vkey` from now on, or refuses it when another one is trusted.
    pub fn trust(&self, vkey: &VerifierKey) -> Result<(), ShelfError> {
        let given = vkey.to_string();
        self.db.execute("INSERT OR IGNORE INTO trust VALUES (1, ?1)", [&given])?;
        match self.trusted()? {
            Some(held) if held != given => Err(ShelfError::WrongKey { held, given }),
            _ => Ok(()),
        }
    }

    /// The newest checkpoint that was verified.
    pub fn head(&self) -> Result<Option<Head>, ShelfError> {
        head_in(&self.db)
    }

    /// Remembers the entity tag of the head, and its note with the newest signatures.
    pub fn tagged(&self, etag: Option<&str>, checkpoint: &[u8]) -> Result<(), ShelfError> {
        self.db.execute("UPDATE head SET etag = ?1, checkpoint = ?2", (etag, checkpoint))?;
        Ok(())
    }

    /// Notes who cosigned the head: name, key and Unix seconds.
    pub fn keep_witnesses(&mut self, cosigned: &[(String, String, i64)]) -> Result<(), ShelfError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM witness", [])?;
        for (name, vkey, at) in cosigned {
            tx.execute("INSERT INTO witness VALUES (?1, ?2, ?3)", (name, vkey, at))?;
        }
        Ok(tx.commit()?)
    }

    /// The witnesses who cosigned the head that is shown, by name; none where no policy names any.
    pub fn witnesses(&self) -> Result<Vec<Witnessed>, ShelfError> {
        let mut query =
            self.db.prepare_cached("SELECT name, vkey, at FROM witness ORDER BY name")?;
        let witnessed = |row: &Row| {
            Ok(Witnessed { name: row.get(0)?, key: row.get(1)?, at: china(row.get(2)?) })
        };
        let rows = query.query_map([], witnessed)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Full entry bundles that a sync which was cut off had fetched: number and bytes, not verified.
    pub fn inbox(&self) -> Result<BTreeMap<u64, Vec<u8>>, ShelfError> {
        let mut query = self.db.prepare_cached("SELECT bundle, bytes FROM inbox")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps bundles for the next sync, in case this one is cut off.
    pub fn keep_inbox(&mut self, bundles: &[(u64, Vec<u8>)]) -> Result<(), ShelfError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (number, bytes) in bundles {
            tx.execute("INSERT OR REPLACE INTO inbox VALUES (?1, ?2)", (number, bytes))?;
        }
        Ok(tx.commit()?)
    }

    /// Throws away what a cut sync left: it led to no head.
    pub fn clear_inbox(&self) -> Result<(), ShelfError> {
        self.db.execute("DELETE FROM inbox", [])?;
        Ok(())
    }

    /// Notes that the server answered at `at` and nothing was wrong.
    pub fn checked(&self, at: &Timestamp) -> Result<(), ShelfError> {
        self.db.execute("INSERT OR REPLACE INTO checked VALUES (1, ?1)", [at.as_str()])?;
        self.db.execute("DELETE FROM trouble", [])?;
        Ok(())
    }

    /// Notes what went wrong, for the screen. What is on the shelf stays as it is.
    pub fn troubled(&self, trouble: &Trouble) -> Result<(), ShelfError> {
        let sql = "INSERT OR REPLACE INTO trouble VALUES (1, ?1, ?2, ?3)";
        let values = (trouble.kind.word(), &trouble.detail, trouble.at.as_str());
        self.db.execute(sql, values)?;
        Ok(())
    }

    /// How old, and how sound, what is shown is.
    pub fn freshness(&self) -> Result<Freshness, ShelfError> {
        let one = |sql: &str| -> Result<Option<Timestamp>, ShelfError> {
            Ok(self.db.query_row(sql, [], |row| parsed(row, 0)).optional()?)
        };
        let count = |sql: &str| -> Result<u64, ShelfError> {
            Ok(self.db.query_row(sql, [], |row| row.get(0))?)
        };
        let trouble = |row: &Row| {
            let kind: String = row.get(0)?;
            Ok(Trouble {
                kind: TroubleKind::from_word(&kind).unwrap_or(TroubleKind::Disk),
                detail: row.get(1)?,
                at: parsed(row, 2)?,
            })
        };
        let sql = "SELECT kind, detail, at FROM trouble";
        let newest = one(NEWEST)?;
        let sworn = self.witnesses()?.into_iter().map(|witnessed| witnessed.at);
        let signed_at = sworn.chain(newest.clone()).max_by_key(Timestamp::unix_seconds);
        Ok(Freshness {
            checked_at: one("SELECT at FROM checked")?,
            size: self.head()?.map_or(0, |head| head.size),
            newest,
            signed_at,
            refused: count("SELECT count(*) FROM statement WHERE refused IS NOT NULL")?,
            waiting: count(
                "SELECT (SELECT coalesce(sum(waiting), 0) FROM month)
                      + (SELECT count(*) FROM bulletin WHERE place IS NULL
                         AND corrected_by IS NULL AND withdrawn_by IS NULL)",
            )?,
            trouble: self.db.query_row(sql, [], trouble).optional()?,
        })
    }
}

/// A moment as China's clocks show it. What no clock can show is the epoch.
fn china(seconds: i64) -> Timestamp {
    let epoch = || "1970-01-01T08:00:00+08:00".parse().unwrap_or_else(|_| unreachable!());
    clock::written(seconds).unwrap_or_else(epoch)
}

fn head_in(db: &Connection) -> Result<Option<Head>, ShelfError> {
    let head = |row: &Row| {
        Ok(Head {
            checkpoint: row.get(0)?,
            size: row.get(1)?,
            root: Hash(row.get(2)?),
            etag: row.get(3)?,
        })
    };
    Ok(db.query_row("SELECT checkpoint, size, root, etag FROM head", [], head).optional()?)
}

/// Moves a broken database out of the way; it is kept for whoever wants to know.
fn set_aside(dir: &Path) -> Result<(), ShelfError> {
    let path = dir.join("kiosk.db");
    fs::rename(&path, dir.join("kiosk.db.broken")).map_err(file_error(&path))?;
    for tail in ["kiosk.db-wal", "kiosk.db-shm"] {
        let _ = fs::remove_file(dir.join(tail)); // absent is as good
    }
    Ok(())
}

/// True when SQLite says that the file is damaged, not merely locked or absent.
fn is_broken(error: &ShelfError) -> bool {
    let code = match error {
        ShelfError::Database(error)
        | ShelfError::Migration(rusqlite_migration::Error::RusqliteError { err: error, .. }) => {
            error.sqlite_error_code()
        }
        ShelfError::Broken(_) => return true,
        _ => None,
    };
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> ShelfError + use<> {
    let path = path.to_owned();
    move |source| ShelfError::File { path, source }
}

/// A column whose text is one of the ledger's values.
fn parsed<T>(row: &Row, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// Reads a content only if its bytes are still those that the statement committed to.
fn verified<C: Content>(bytes: Option<Vec<u8>>, committed: Option<[u8; 32]>) -> Option<C> {
    let bytes = bytes?;
    if sha256(&bytes).0 != committed? {
        return None;
    }
    C::parse(&bytes).ok()
}
