//! A record with everything that proves it, as one file that anyone can check without a network (docs/VERIFY.md).

mod archive;
mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use ledger::hash::Hash;
use ledger::note::{Note, SignatureLine};
use ledger::statement::{Act, Statement};
use rusqlite::{Connection, OptionalExtension, params};

use crate::app::App;
use crate::error::{Error, Result};
use crate::intake;
use crate::view::{self, Item};

pub use archive::{BUNDLE_BYTES_MAX, folder, read, write};
pub use check::check;

/// The most entries of the log that one record needs: itself, what it corrects or is withdrawn by, and the keys.
const ENTRIES_MAX: usize = 80;

/// An entry of the log, and the proof that it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The signed note.
    pub note: String,
    /// C2SP tlog-proof.
    pub proof: String,
}

/// A record and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The record's log index.
    pub index: u64,
    /// The log's verifier key, as whoever made the bundle says.
    pub vkey: String,
    /// By log index: the record, what it corrects, what withdrew it, and the statements that enrolled the keys of all of
    /// these.
    pub entries: BTreeMap<u64, Entry>,
    /// The content object, if it is disclosed.
    pub content: Option<Vec<u8>>,
    /// The pictures that the content names and their thumbnails.
    pub images: BTreeMap<Hash, Vec<u8>>,
}

/// Puts together the record at `index`; `None` if there is no such record. Blocks.
///
/// # Errors
/// When the database or a file cannot be read, or the pictures are too large together.
pub fn gather(app: &App, index: u64) -> Result<Option<Bundle>> {
    let Some((item, needed)) = app.db.read(|c| match view::item(c, index)? {
        Some(item) => entries_needed(c, &item).map(|needed| Some((item, needed))),
        None => Ok(None),
    })?
    else {
        return Ok(None);
    };
    let proven = app.publisher.proven(&needed)?;
    let entry = |(index, (note, proof))| (index, Entry { note, proof });
    let named = item.content.as_deref().map(intake::images_of).unwrap_or_default();
    let (mut images, mut bytes) = (BTreeMap::new(), 0);
    for hash in named.iter().flat_map(|image| [image.sha256, image.thumb]) {
        let path = app.data.public_blob(&hash);
        let image = fs::read(&path).map_err(Error::file(&path))?;
        bytes += image.len();
        if bytes > BUNDLE_BYTES_MAX / 2 {
            return Err(Error::refused("too-large", "图片太大，不能装进一个核验包"));
        }
        images.insert(hash, image);
    }
    Ok(Some(Bundle {
        index,
        vkey: app.vkey.to_string(),
        entries: proven.into_iter().map(entry).collect(),
        content: item.content.map(String::into_bytes),
        images,
    }))
}

/// The log indices of everything that a record's signatures rest on, the record's own among them.
///
/// # Errors
/// When the database fails or holds what is no note.
pub fn entries_needed(c: &Connection, item: &Item) -> Result<BTreeSet<u64>> {
    let mut needed = BTreeSet::new();
    let mut open = vec![item.n];
    open.extend(item.corrects);
    open.extend(item.withdrawn.as_ref().map(|(by, _)| *by));
    while let Some(index) = open.pop() {
        if needed.insert(index) && index > 0 {
            let note = note(c, index)?;
            for line in note.signatures() {
                open.extend(enrolment(c, line, index)?);
            }
        }
        if needed.len() > ENTRIES_MAX {
            return Err(Error::Corrupt(format!("第 {} 条牵涉的签名太多", item.n)));
        }
    }
    Ok(needed)
}

fn note(c: &Connection, index: u64) -> Result<Note> {
    let mut query = c.prepare_cached("SELECT note FROM entry WHERE idx = ?1")?;
    let text: String = query.query_row([index], |row| row.get(0))?;
    Note::parse(text.as_bytes()).map_err(|error| Error::Corrupt(format!("第 {index} 条：{error}")))
}

/// The newest entry before `before` that enrolled the key of a signature.
fn enrolment(c: &Connection, line: &SignatureLine, before: u64) -> Result<Option<u64>> {
    let sql = "SELECT n FROM view_key WHERE name = ?1 AND id = ?2";
    let mut query = c.prepare_cached(sql)?;
    let newest: Option<u64> =
        query.query_row(params![line.name, line.id], |row| row.get(0)).optional()?;
    let Some(newest) = newest else { return Ok(None) };
    if newest < before {
        return Ok(Some(newest));
    }
    // The key was revoked and enrolled again since: rare enough to look at every key.
    let sql = "SELECT idx FROM entry WHERE kind = 'key' AND idx < ?1 ORDER BY idx DESC";
    let mut query = c.prepare_cached(sql)?;
    let mut rows = query.query([before])?;
    while let Some(row) = rows.next()? {
        let index = row.get(0)?;
        if let Ok(Statement::Key { act: Act::Enrol, key, .. }) =
            Statement::parse(note(c, index)?.text())
            && key.name() == line.name
            && key.id() == line.id
        {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
