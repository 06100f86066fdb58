//! What belongs to a backup: the database as it is at one moment, and the files that it needs.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ledger::checkpoint::Checkpoint;
use ledger::tile::{Tile, bundle_path};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension};
use tempfile::TempDir;

use super::MOVED;
use crate::app::read_keys;
use crate::data::DataDir;
use crate::db;
use crate::error::{Error, Result};

/// What lies in a data directory and is not copied as it is: the database (copied by itself), what
/// is made anew from it, what is in hand, and the pictures (the database says which).
const NOT_COPIED: [&str; 10] = [
    "mingbai.db",
    "mingbai.db-wal",
    "mingbai.db-shm",
    "lock",
    "public/checkpoint",
    "public/content",
    "public/blob",
    "private/blob",
    "private/upload",
    SCRATCH,
];
/// Where the copy of the database lies while a backup is made.
const SCRATCH: &str = "private/backup";

/// The database at one moment.
pub(super) struct Snapshot {
    /// Log entries.
    pub size: u64,
    /// Where each picture belongs: below the data directory, by its hash.
    pictures: BTreeMap<String, &'static str>,
    /// The widest tile or bundle that the log has at each place.
    widest: HashMap<String, u16>,
    folder: TempDir,
}

impl Snapshot {
    /// Copies the database, whoever writes to it meanwhile.
    pub(super) fn take(data: &DataDir) -> Result<Self> {
        let scratch = data.path().join(SCRATCH);
        fs::create_dir_all(&scratch).map_err(Error::file(&scratch))?;
        sweep(&scratch)?;
        let folder = tempfile::tempdir_in(&scratch).map_err(Error::file(&scratch))?;
        let copy = copy_database(&data.database(), &folder.path().join("mingbai.db"))?;
        let sound: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(Error::Corrupt(format!("mingbai.db：{sound}")));
        }
        let note: Option<String> =
            copy.query_row("SELECT checkpoint FROM log", [], |row| row.get(0)).optional()?;
        let note = note.ok_or_else(|| Error::refused("no-data", "还没有初始化完，没有可备份的"))?;
        let head = Checkpoint::open(note.as_bytes(), &read_keys(data)?.log.verifier())
            .map_err(|e| Error::Corrupt(format!("数据库的检查点：{e}")))?;
        let mut widest = HashMap::new();
        for tile in Tile::all(head.size) {
            widest.insert(Tile { width: 256, ..tile }.path(), tile.width);
            if tile.level == 0 {
                widest.insert(bundle_path(tile.number, 256), tile.width);
            }
        }
        Ok(Self { size: head.size, pictures: pictures(&copy)?, widest, folder })
    }

    /// Hands every file over: its name in the archive, its place, the file itself.
    pub(super) fn for_each(
        &self,
        data: &DataDir,
        mut hand: impl FnMut(&str, &Path, File) -> Result<()>,
    ) -> Result<()> {
        let database = self.folder.path().join("mingbai.db");
        hand("mingbai.db", &database, File::open(&database).map_err(Error::file(&database))?)?;
        for name in self.plain_files(data)? {
            let path = data.path().join(&name);
            match File::open(&path) {
                Ok(file) => hand(&name, &path, file)?,
                // A temporary file that has its name by now, for instance.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(moved()),
                Err(e) => return Err(Error::file(&path)(e)),
            }
        }
        for (hash, place) in &self.pictures {
            let (path, file) = open_picture(data, hash)?;
            hand(&format!("{place}/{hash}"), &path, file)?;
        }
        Ok(())
    }

    /// Every file that is copied as it is, sorted. Tiles that are newer than the database are not.
    fn plain_files(&self, data: &DataDir) -> Result<Vec<String>> {
        let mut found = Vec::new();
        walk(data.path(), "", &mut found)?;
        found.retain(|name| name.strip_prefix("public/").is_none_or(|path| self.has_tile(path)));
        found.sort();
        Ok(found)
    }

    fn has_tile(&self, path: &str) -> bool {
        if !path.starts_with("tile/") {
            return true;
        }
        let (base, width) = path.split_once(".p/").unwrap_or((path, "256"));
        let widest = self.widest.get(base).copied().unwrap_or(0);
        width.parse::<u16>().is_ok_and(|width| width <= widest)
    }
}

fn moved() -> Error {
    Error::refused(MOVED, "备份时数据一直在变：请稍后再试")
}

/// Removes what an earlier backup that was killed left. Copies that are younger than a day may be
/// another backup's that is under way.
fn sweep(scratch: &Path) -> Result<()> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    for entry in fs::read_dir(scratch).map_err(Error::file(scratch))? {
        let entry = entry.map_err(Error::file(scratch))?;
        let made = entry.metadata().and_then(|about| about.modified());
        if made.ok().and_then(|made| made.elapsed().ok()).is_some_and(|age| age > DAY) {
            fs::remove_dir_all(entry.path()).map_err(Error::file(entry.path()))?;
        }
    }
    Ok(())
}

/// Copies within one read transaction: the copy is the database of one moment, and writers go on.
fn copy_database(from: &Path, to: &Path) -> Result<Connection> {
    let from = db::open_reader(from)?;
    let mut to = Connection::open(to)?;
    from.execute_batch("BEGIN")?;
    from.query_row("SELECT count(*) FROM log", [], |_| Ok(()))?;
    let whole = Backup::new(&from, &mut to)?.step(-1)?;
    from.execute_batch("COMMIT")?;
    if whole != StepResult::Done {
        return Err(Error::Busy);
    }
    // One file, without a write-ahead log beside it.
    to.pragma_update(None, "journal_mode", "delete")?;
    Ok(to)
}

/// Every picture that the database knows as whole, and where it belongs.
fn pictures(c: &Connection) -> Result<BTreeMap<String, &'static str>> {
    let mut query = c.prepare(
        "SELECT sha256, 0 FROM image UNION ALL SELECT DISTINCT sha256, 1 FROM entry_image",
    )?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut places = BTreeMap::new();
    for row in rows {
        let (hash, public): (String, bool) = row?;
        // The public ones come last and win.
        places.insert(hash, if public { "public/blob" } else { "private/blob" });
    }
    Ok(places)
}

/// Opens a picture wherever it lies now: it may be published meanwhile, and go from one place to
/// the other between two looks.
fn open_picture(data: &DataDir, hash: &str) -> Result<(PathBuf, File)> {
    for place in ["private/blob", "public/blob", "private/blob"] {
        let path = data.path().join(place).join(hash);
        match File::open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::file(&path)(e)),
        }
    }
    if should_be_there(data, hash)? {
        let message = format!("缺少图片 {hash}：请运行 mingbai-server verify 查看");
        return Err(Error::Corrupt(message));
    }
    Err(moved())
}

/// Whether the database of this moment knows the picture, and no publication is under way: a withdrawal takes the file
/// away before the database forgets it.
fn should_be_there(data: &DataDir, hash: &str) -> Result<bool> {
    let mut now = db::open_reader(&data.database())?;
    let now = now.transaction()?;
    let settled = now.query_row("SELECT applied = size FROM log", [], |row| row.get(0))?;
    Ok(settled && pictures(&now)?.contains_key(hash))
}

fn walk(root: &Path, below: &str, found: &mut Vec<String>) -> Result<()> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
        let entry = entry.map_err(Error::file(&folder))?;
        let kind = entry.file_type().map_err(Error::file(entry.path()))?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if NOT_COPIED.contains(&name.as_str()) || name.ends_with(".tmp") || name == "lost+found" {
            continue;
        }
        if kind.is_dir() {
            walk(root, &format!("{name}/"), found)?;
        } else if kind.is_file() {
            found.push(name);
        }
    }
    Ok(())
}
