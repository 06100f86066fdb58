//! Putting a backup back: unpacked beside, made whole by the code that publishes, verified, and only
//! then moved into place, marked so that it does not publish yet (see `seen`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Kept, Opener, Progress, archive, damaged};
use crate::app::App;
use crate::data::DataDir;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::{durable, seen, verify};

/// What an empty folder may hold: a new disk's own folder, and the lock of an earlier try.
const NOTHING: [&str; 2] = ["lost+found", "lock"];

/// Puts the backup `file` back as the office in `into`, which must be empty or absent. It is
/// read-only until [`crate::publish::Publisher::unlock`].
///
/// # Errors
/// `not-empty`, `wrong-key`, `bad-backup`; when what is in it does not verify. Then `into` is empty.
pub fn restore(
    file: &Path,
    opener: &Opener,
    into: &DataDir,
    progress: &mut Progress,
) -> Result<Kept> {
    must_be_empty(into.path())?;
    let sealed = BufReader::new(File::open(file).map_err(Error::file(file))?);
    let opened = opener.open(sealed, file)?;
    fs::create_dir_all(into.path()).map_err(Error::file(into.path()))?;
    let _lock = into.lock()?;
    must_be_empty(into.path())?;
    let beside = tempfile::Builder::new()
        .prefix("restoring-")
        .tempdir_in(into.path())
        .map_err(Error::file(into.path()))?;
    let there = DataDir::at(beside.path());
    there.create()?;
    progress.step("正在解开备份");
    let sums = archive::read(opened, file, progress, |name, content| {
        unpack(content, &there.path().join(name), file, name.starts_with("public/"))
    })?;
    progress.step("正在重建公开目录");
    rewind(&there, file)?;
    drop(App::open(there.clone(), String::new())?);
    progress.step("正在核对全部数据");
    let report = verify::verify(&there)?;
    if let Some(problem) = report.problem {
        return Err(Error::Corrupt(format!("备份中的 {}：{}", problem.what, problem.why)));
    }
    durable::sync_filesystem(there.path())?;
    move_in(there.path(), into.path())?;
    Ok(Kept { entries: report.entries, files: sums.len() })
}

fn must_be_empty(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::file(folder))?,
    };
    for entry in entries {
        let name = entry.map_err(Error::file(folder))?.file_name();
        if !NOTHING.iter().any(|nothing| name == *nothing) {
            let message = format!("{} 不是空目录：恢复不会覆盖任何东西", folder.display());
            return Err(Error::refused("not-empty", message));
        }
    }
    Ok(())
}

fn unpack(content: &mut dyn Read, to: &Path, file: &Path, public: bool) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    let mode = if public { 0o644 } else { 0o600 };
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(to);
    let mut out = opened.map_err(Error::file(to))?;
    match io::copy(content, &mut out) {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
            Err(damaged(file))
        }
        Err(e) => Err(Error::file(to)(e)),
    }
}

/// Sets the office back to before its files were written, so that opening it writes them all, and
/// marks it.
fn rewind(there: &DataDir, file: &Path) -> Result<()> {
    if !there.database().exists() {
        return Err(damaged(file));
    }
    Db::open(&there.database())?.write_blocking(|c| {
        c.execute("UPDATE log SET applied = 0", [])?;
        seen::mark_restored(c)
    })
}

/// Moves everything into place. The database, which is marked, goes first and the keys last: where
/// this is cut, nothing starts, and nothing new can be founded on the old keys.
fn move_in(from: &Path, to: &Path) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(from).map_err(Error::file(from))? {
        names.push(entry.map_err(Error::file(from))?.file_name());
    }
    names.retain(|name| name != "lock" && name != "mingbai.db-shm");
    names.sort_by_key(|name| match name.to_str() {
        Some("mingbai.db-wal") => 0,
        Some("mingbai.db") => 1,
        Some("keys") => 3,
        _ => 2,
    });
    for name in names {
        fs::rename(from.join(&name), to.join(&name)).map_err(Error::file(to.join(&name)))?;
        durable::sync_directory(to)?;
    }
    Ok(())
}
