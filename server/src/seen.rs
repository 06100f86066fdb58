//! What others hold of this log, and what follows when it is more than is here: nothing is published
//! any more. A database that was put back from a backup would otherwise sign a second history.

use ledger::checkpoint::Checkpoint;
use ledger::key::VerifierKey;
use rusqlite::{Connection, OptionalExtension, params};

use crate::audit::{self, Change};
use crate::clock;
use crate::data::DataDir;
use crate::error::{Error, Result};
use crate::people::Actor;
use crate::publish;

/// Characters of the longest name of a source.
pub const SOURCE_CHARS_MAX: usize = 200;

/// Said while nobody has shown yet that a restored log is not too old.
const RESTORED: &str = "这台服务器是从备份恢复的，现在只能查看，不能接收和公布：\
    请先用别处（大屏、镜像、见证方）的检查点核对，再运行 mingbai-server unlock 解除";
/// Said after what is missing.
const BEHIND: &str = "这台服务器的账本不全，现在只能查看，不能接收和公布：请用更新的备份恢复";

/// How a checkpoint that somebody else holds stands to the log that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is this log as it is, or as it was.
    Continued,
    /// It has entries, the first and the last given, that are not here.
    Ahead(u64, u64),
    /// So many first entries are others than the ones here.
    Forked(u64),
}

impl Standing {
    /// What is missing here, told of the one who holds it; none if all is well.
    #[must_use]
    pub fn complaint(self, source: &str) -> Option<String> {
        match self {
            Self::Continued => None,
            Self::Ahead(first, last) if first == last => {
                Some(format!("{source} 那里有第 {first} 条，这里没有"))
            }
            Self::Ahead(first, last) => {
                Some(format!("{source} 那里有第 {first} 到第 {last} 条，这里没有"))
            }
            Self::Forked(size) => {
                Some(format!("{source} 那里的前 {size} 条与这里的不同：不是同一本账"))
            }
        }
    }
}

/// Why nothing may be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOnly {
    /// `restored` or `behind`: the code of the refusal.
    pub code: &'static str,
    /// What people are told, in Chinese.
    pub text: String,
}

/// Whether the office may only be read, and why.
///
/// # Errors
/// When the database cannot be read.
pub fn read_only(c: &Connection) -> Result<Option<ReadOnly>> {
    let row = c
        .prepare_cached("SELECT why = 'restored', text FROM read_only")?
        .query_row([], |row| {
            let code = if row.get(0)? { "restored" } else { "behind" };
            Ok(ReadOnly { code, text: row.get(1)? })
        })
        .optional()?;
    Ok(row)
}

/// # Errors
/// `restored` or `behind` while the office may only be read.
pub fn must_publish(c: &Connection) -> Result<()> {
    match read_only(c)? {
        None => Ok(()),
        Some(ReadOnly { code, text }) => Err(Error::refused(code, text)),
    }
}

/// Marks an office that was put back from a backup. Who was signed in then is so no more.
pub(crate) fn mark_restored(c: &Connection) -> Result<()> {
    c.execute(
        "INSERT INTO read_only (one, why, text, since) VALUES (1, 'restored', ?1, ?2)
         ON CONFLICT (one) DO NOTHING",
        params![RESTORED, clock::now()],
    )?;
    c.execute("DELETE FROM session", [])?;
    Ok(())
}

/// Reads a checkpoint that somebody else holds.
///
/// # Errors
/// `bad-checkpoint` unless this log's key signed it.
pub fn open(source: &str, note: &[u8], key: &VerifierKey) -> Result<Checkpoint> {
    if !(1..=SOURCE_CHARS_MAX).contains(&source.chars().count()) {
        let message = format!("来源名称应为 1 到 {SOURCE_CHARS_MAX} 个字符");
        return Err(Error::refused("bad-checkpoint", message));
    }
    Checkpoint::open(note, key).map_err(|e| {
        let message = format!("{source} 不是本账本（{}）签名的检查点：{e}", key.name());
        Error::refused("bad-checkpoint", message)
    })
}

/// Compares a checkpoint with the tree that is here.
///
/// # Errors
/// When the tree cannot be read.
pub fn compare(c: &Connection, data: &DataDir, theirs: &Checkpoint) -> Result<Standing> {
    let (size, root) = publish::head(c)?;
    if theirs.size > size {
        return Ok(Standing::Ahead(size, theirs.size - 1));
    }
    let ours = if theirs.size == size { root } else { publish::root_at(c, data, theirs.size)? };
    Ok(if ours == theirs.root { Standing::Continued } else { Standing::Forked(theirs.size) })
}

/// Keeps a checkpoint that `source` holds. If this log does not continue it, the office is read-only
/// from this transaction on. Call [`publish::Publisher::seen`], which lets no batch be half written.
pub(crate) fn keep(
    c: &Connection,
    data: &DataDir,
    source: &str,
    note: &[u8],
    theirs: &Checkpoint,
) -> Result<Standing> {
    let standing = compare(c, data, theirs)?;
    let note = String::from_utf8_lossy(note);
    c.prepare_cached(
        "INSERT INTO seen_checkpoint (source, size, root, note, time) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source) DO UPDATE SET size = excluded.size, root = excluded.root,
             note = excluded.note, time = excluded.time",
    )?
    .execute(params![source, theirs.size, theirs.root.0, note, clock::now()])?;
    if let Some(complaint) = standing.complaint(source) {
        c.execute(
            "INSERT INTO contrary_checkpoint (note, source, time) VALUES (?1, ?2, ?3)
             ON CONFLICT (note) DO NOTHING",
            params![note, source, clock::now()],
        )?;
        // What is told first stays told; more evidence changes nothing about what to do.
        c.execute(
            "INSERT INTO read_only (one, why, text, since) VALUES (1, 'behind', ?1, ?2)
             ON CONFLICT (one) DO UPDATE SET why = 'behind', text = excluded.text
                 WHERE why = 'restored'",
            params![format!("{complaint}。{BEHIND}"), clock::now()],
        )?;
    }
    Ok(standing)
}

/// Lets the office publish again. Every checkpoint that was ever seen to be contrary must have
/// become part of this log.
pub(crate) fn unlock(
    c: &Connection,
    data: &DataDir,
    key: &VerifierKey,
    why: &str,
    who: &Actor,
) -> Result<()> {
    let mut query = c.prepare("SELECT source, note FROM contrary_checkpoint ORDER BY time")?;
    let rows =
        query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in rows {
        let (source, note) = row?;
        let theirs = open(&source, note.as_bytes(), key)?;
        if let Some(complaint) = compare(c, data, &theirs)?.complaint(&source) {
            return Err(behind(&[complaint]));
        }
    }
    if c.execute("DELETE FROM read_only", [])? == 1 {
        audit::record(c, who, "unlock", "log", Change::to(why))?;
    }
    Ok(())
}

/// The refusal that names what is missing.
pub(crate) fn behind(complaints: &[String]) -> Error {
    Error::refused("behind", format!("{}。{BEHIND}", complaints.join("；")))
}

#[cfg(test)]
mod tests;
