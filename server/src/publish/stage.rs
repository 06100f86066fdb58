//! The stage: a batch becomes entries of the database and the head is signed, in one transaction.

use std::ops::Range;

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, sha256};
use ledger::note::{Note, compose};
use ledger::roster::{Admitted, Refusal, Roster};
use ledger::statement::Statement;
use ledger::tile::Edge;
use ledger::tree::leaf_hash;
use rusqlite::{Connection, OptionalExtension, params};

use super::{BATCH_MAX, Keys, files};
use crate::data::DataDir;
use crate::error::{Error, Result};
use crate::{clock, intake, search, seen};

/// A statement that is to be appended.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The signed note.
    pub note: String,
    /// The content object's text, where the statement has one.
    pub body: Option<String>,
    /// The submission that it comes from (`seq`); none for what the office states by itself.
    pub submission: Option<i64>,
    /// Whether everyone may see the content. If not, a withdrawal in the same batch says why.
    pub disclosed: bool,
}

impl NewEntry {
    /// What the office states by itself.
    #[must_use]
    pub fn stated(note: String, body: Option<String>) -> Self {
        Self { note, body, submission: None, disclosed: true }
    }
}

/// A statement signed by the office.
#[must_use]
pub fn office_note(keys: &Keys, statement: &Statement) -> String {
    let text = statement.to_text();
    let signature = keys.office.sign(&text);
    compose(&text, &[signature])
}

/// Appends `entries` to the log's row and tables. Answers the indices they got and the roster
/// after them. Whatever fails here undoes all of it.
pub(super) fn commit(
    c: &Connection,
    keys: &Keys,
    data: &DataDir,
    mut roster: Roster,
    entries: Vec<NewEntry>,
) -> Result<(Range<u64>, Roster)> {
    if entries.is_empty() || entries.len() > BATCH_MAX {
        return Err(Error::refused("batch", format!("每次发布 1 到 {BATCH_MAX} 条")));
    }
    seen::must_publish(c)?;
    let log = super::LogRow::read(c)?;
    if log.applied != log.size || roster.size() != log.size {
        return Err(Error::Stopped("上一批尚未写完".into()));
    }
    // Nothing is signed on top of a tree that the disk does not hold any more.
    let mut edge = files::read_edge(c, data, &log.head)?;
    let first = log.size;
    for (index, entry) in (first..).zip(&entries) {
        let admitted = roster
            .admit(entry.note.as_bytes(), |of| earlier(c, of))
            .map_err(|refusal| refused(&refusal))?;
        keep(c, data, index, entry, &admitted)?;
        edge.push(leaf_hash(entry.note.as_bytes()), |_, _| {});
    }
    let head = Checkpoint {
        origin: keys.log.verifier().name().to_owned(),
        size: edge.size(),
        root: edge.root(),
    };
    let checkpoint = head.sign(&keys.log);
    // Compare and swap: if anything else moved the head meanwhile, this batch never was.
    let moved = c.execute(
        "UPDATE log SET size = ?1, root = ?2, checkpoint = ?3 WHERE size = ?4 AND root = ?5",
        params![head.size, head.root.0, checkpoint, log.size, log.head.root.0],
    )?;
    if moved != 1 {
        return Err(Error::Corrupt("检查点已被另一个程序改动".into()));
    }
    Ok((first..head.size, roster))
}

/// Writes one entry, its images, and what it does to others.
fn keep(
    c: &Connection,
    data: &DataDir,
    index: u64,
    entry: &NewEntry,
    admitted: &Admitted,
) -> Result<()> {
    let statement = &admitted.statement;
    let content = statement.content();
    if content != entry.body.as_ref().map(|body| sha256(body.as_bytes())) {
        return Err(Error::Corrupt(format!("第 {index} 条的内容与声明不符")));
    }
    if let Statement::Withdrawal { of, .. } | Statement::Correction { of, .. } = statement {
        must_stand(c, *of)?;
    }
    let text = statement.to_text();
    let body = entry.body.as_ref().filter(|_| entry.disclosed);
    c.prepare_cached(
        "INSERT INTO entry (idx, id, note, kind, content, body, published)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        index,
        sha256(text.as_bytes()).to_string(),
        entry.note,
        statement.kind(),
        content.map(|hash| hash.to_string()),
        body,
        clock::now(),
    ])?;
    for hash in body.into_iter().flat_map(|body| intake::files_of(body)) {
        keep_image(c, data, index, &hash)?;
    }
    if let Some(seq) = entry.submission {
        c.prepare_cached(
            "UPDATE submission SET state = 'published', idx = ?2, changed = ?3 WHERE seq = ?1",
        )?
        .execute(params![seq, index, clock::now()])?;
    }
    match statement {
        Statement::Withdrawal { of, reason, .. } => {
            withdraw(c, *of, index)?;
            // What was never disclosed stays in the office's keeping: somebody may apply for it.
            if reason.needs_ground() { Ok(()) } else { forget_submissions(c, index) }
        }
        _ => Ok(()),
    }
}

fn keep_image(c: &Connection, data: &DataDir, index: u64, hash: &Hash) -> Result<()> {
    if data.find_blob(hash).is_none() {
        return Err(Error::Corrupt(format!("第 {index} 条的图片 {hash} 不在磁盘上")));
    }
    c.prepare_cached("INSERT OR IGNORE INTO entry_image (idx, sha256) VALUES (?1, ?2)")?
        .execute(params![index, hash.to_string()])?;
    Ok(())
}

/// Drops the content of a published entry, and of every correction of it: the newer version may
/// say what must no longer be said.
fn withdraw(c: &Connection, of: u64, by: u64) -> Result<()> {
    let chain = "idx = ?1 OR (withdrawn IS NULL AND idx IN
        (SELECT idx FROM submission WHERE of = ?1 AND idx IS NOT NULL))";
    c.execute(&format!("UPDATE entry SET body = NULL, withdrawn = ?2 WHERE {chain}"), [of, by])?;
    Ok(())
}

/// Drops what the submissions behind the entries that `by` withdrew say.
fn forget_submissions(c: &Connection, by: u64) -> Result<()> {
    c.execute(
        "DELETE FROM invoice WHERE submission IN (SELECT seq FROM submission WHERE idx IN
         (SELECT idx FROM entry WHERE withdrawn = ?1))",
        [by],
    )?;
    search::forget_withdrawn(c, by)?;
    c.execute(
        "UPDATE submission SET body = NULL WHERE idx IN
         (SELECT idx FROM entry WHERE withdrawn = ?1)",
        [by],
    )?;
    Ok(())
}

/// Drops the records of a withdrawn entry's images, and of the image itself and its code unless another
/// published entry or one under review shows it.
pub(super) fn forget_images(c: &Connection, index: u64) -> Result<()> {
    c.execute(
        "DELETE FROM image WHERE sha256 IN (SELECT sha256 FROM entry_image WHERE idx = ?1)
         AND NOT EXISTS (SELECT 1 FROM entry_image i JOIN entry e ON e.idx = i.idx
             WHERE i.sha256 = image.sha256 AND e.withdrawn IS NULL)
         AND NOT EXISTS (SELECT 1 FROM submission_image s JOIN submission w
             ON w.seq = s.submission WHERE s.sha256 = image.sha256 AND w.state = 'received')",
        [index],
    )?;
    c.execute(
        "DELETE FROM picture_code WHERE sha256 IN (SELECT sha256 FROM entry_image WHERE idx = ?1)
         AND NOT EXISTS (SELECT 1 FROM image i WHERE i.sha256 = picture_code.sha256)",
        [index],
    )?;
    c.execute("DELETE FROM entry_image WHERE idx = ?1", [index])?;
    Ok(())
}

/// A correction or a withdrawal is of something that stands.
///
/// # Errors
/// `withdrawn`, `not-found`.
pub(crate) fn must_stand(c: &Connection, of: u64) -> Result<()> {
    let withdrawn: Option<bool> = c
        .prepare_cached("SELECT withdrawn IS NOT NULL FROM entry WHERE idx = ?1")?
        .query_row([of], |row| row.get(0))
        .optional()?;
    match withdrawn {
        Some(false) => Ok(()),
        Some(true) => Err(Error::refused("withdrawn", format!("第 {of} 条已经撤回"))),
        None => Err(Error::refused("not-found", format!("没有第 {of} 条记录"))),
    }
}

/// The statement at an index, for corrections and withdrawals.
pub(crate) fn earlier(c: &Connection, index: u64) -> Option<Statement> {
    let note: String = c
        .prepare_cached("SELECT note FROM entry WHERE idx = ?1")
        .and_then(|mut query| query.query_row([index], |row| row.get(0)))
        .ok()?;
    Statement::parse(Note::parse(note.as_bytes()).ok()?.text()).ok()
}

/// What a refusal of the roster means to a person.
pub(crate) fn refused(refusal: &Refusal) -> Error {
    let (code, message) = match refusal {
        Refusal::Note(ledger::note::BadNote::Form) | Refusal::Statement(_) => {
            ("malformed", format!("声明格式不对：{refusal}"))
        }
        Refusal::Note(_) => ("not-enrolled", format!("签名密钥未登记或已注销：{refusal}")),
        Refusal::NotAllowed(_) => ("not-enrolled", format!("此密钥无权签署：{refusal}")),
        Refusal::Target(of) => ("no-target", format!("第 {of} 条不存在或不能更正、撤回")),
        Refusal::KeyName(name) => {
            ("bad-key", format!("密钥 {name} 已登记过，或名称不以村代码加 / 开头"))
        }
        Refusal::NotEnrolled(name) => ("bad-key", format!("密钥 {name} 没有登记")),
        Refusal::Genesis => ("malformed", format!("{refusal}")),
    };
    Error::refused(code, message)
}

/// Builds the roster from the published entries.
pub(super) fn read_roster(c: &Connection) -> Result<Roster> {
    let mut roster = Roster::default();
    let mut query = c.prepare("SELECT kind, note FROM entry ORDER BY idx")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        // Only keys change the roster. The others were admitted once; nothing is gained by checking
        // their signatures at every start (`verify` does), and an empty entry counts the same.
        let kind: String = row.get(0)?;
        if kind == "key" {
            let note: String = row.get(1)?;
            roster
                .admit(note.as_bytes(), |_| None)
                .map_err(|refusal| Error::Corrupt(format!("第 {} 条：{refusal}", roster.size())))?;
        } else {
            let _counted = roster.admit(b"", |_| None);
        }
    }
    Ok(roster)
}

/// The signed notes at these indices.
pub(super) fn notes(c: &Connection, range: Range<u64>) -> Result<Vec<String>> {
    let mut query =
        c.prepare_cached("SELECT note FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
    let rows = query.query_map([range.start, range.end], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The leaf hashes of a head's last, unfinished tile must be those of the entries kept here.
pub(super) fn check_last_leaves(c: &Connection, edge: &Edge) -> Result<()> {
    let start = edge.size() - edge.size() % ledger::tile::TILE_WIDTH;
    let ours: Vec<Hash> =
        notes(c, start..edge.size())?.iter().map(|note| leaf_hash(note.as_bytes())).collect();
    let on_disk = edge.partial_tiles().find(|(tile, _)| tile.level == 0);
    let on_disk = on_disk.map_or(&[][..], |(_, row)| row);
    if ours == on_disk {
        Ok(())
    } else {
        Err(Error::Corrupt(format!("第 {start} 条之后的条目与树不符")))
    }
}
