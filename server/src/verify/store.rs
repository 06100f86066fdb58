//! The store beside the tree: contents and images, and that nothing else lies there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ledger::hash::{Hash, sha256};
use ledger::note::Note;
use ledger::statement::Statement;
use ledger::tile::TILE_WIDTH;
use rusqlite::{Connection, Row};

use super::{Checked, Found, Report, read};
use crate::data::DataDir;
use crate::error::Error;
use crate::intake;
use crate::publish::content_bundle;
use ledger::tile::content_bundle_path;

/// The files below the public tree that nothing has accounted for yet.
pub(super) struct Files {
    unseen: BTreeSet<String>,
    count: u64,
}

impl Files {
    pub(super) fn list(root: &Path) -> Checked<Self> {
        let mut unseen = BTreeSet::new();
        walk(root, "", &mut unseen)?;
        let count = unseen.len() as u64;
        Ok(Self { unseen, count })
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn seen(&mut self, path: &str) {
        self.unseen.remove(path);
    }

    pub(super) fn unseen_below(&self, prefix: &str) -> Vec<String> {
        self.unseen.iter().filter(|path| path.starts_with(prefix)).cloned().collect()
    }

    pub(super) fn nothing_else(&self) -> Checked<()> {
        match self.unseen.first() {
            None => Ok(()),
            Some(path) => Err(Found::bad(path.as_str(), "多余的文件")),
        }
    }
}

fn walk(directory: &Path, prefix: &str, found: &mut BTreeSet<String>) -> Checked<()> {
    for entry in fs::read_dir(directory).map_err(Error::file(directory))? {
        let entry = entry.map_err(Error::file(directory))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(Error::file(directory))?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}

struct Entry {
    index: u64,
    note: String,
    body: Option<String>,
    withdrawn: bool,
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { index: row.get(0)?, note: row.get(1)?, body: row.get(2)?, withdrawn: row.get(3)? })
}

/// Every content that stands is there, as its statement says; what was withdrawn is gone.
pub(super) fn check_contents(
    data: &DataDir,
    c: &Connection,
    size: u64,
    files: &mut Files,
    report: &mut Report,
) -> Checked<()> {
    let mut query =
        c.prepare("SELECT idx, note, body, withdrawn IS NOT NULL FROM entry ORDER BY idx")?;
    for entry in query.query_map([], read_entry)? {
        let entry = entry?;
        let statement = Note::parse(entry.note.as_bytes())
            .ok()
            .and_then(|note| Statement::parse(note.text()).ok())
            .ok_or_else(|| Found::bad(format!("第 {} 条", entry.index), "不是声明"))?;
        if let Some(hash) = statement.content().filter(|_| !entry.withdrawn) {
            check_content(data, c, &entry, &hash, files)?;
            report.contents += 1;
        } else if entry.body.is_some() {
            return Err(Found::bad(format!("数据库第 {} 条", entry.index), "应已没有内容"));
        }
    }
    for number in 0..size.div_ceil(TILE_WIDTH) {
        let path = content_bundle_path(number);
        if read(&data.public().join(&path), &path)? != content_bundle(c, number)? {
            return Err(Found::bad(path, "与内容不符"));
        }
        files.seen(&path);
    }
    Ok(())
}

fn check_content(
    data: &DataDir,
    c: &Connection,
    entry: &Entry,
    hash: &Hash,
    files: &mut Files,
) -> Checked<()> {
    let path = format!("content/{hash}");
    if sha256(&read(&data.public().join(&path), &path)?) != *hash {
        return Err(Found::bad(path, "内容与散列不符"));
    }
    files.seen(&path);
    let body = entry.body.as_deref().unwrap_or_default();
    if sha256(body.as_bytes()) != *hash {
        let what = format!("数据库第 {} 条的内容", entry.index);
        return Err(Found::bad(what, "与散列不符"));
    }
    let mut query = c.prepare_cached("SELECT sha256 FROM entry_image WHERE idx = ?1")?;
    let rows = query.query_map([entry.index], |row| row.get::<_, String>(0))?;
    let recorded = rows.collect::<std::result::Result<BTreeSet<_>, _>>()?;
    let named: BTreeSet<String> = intake::files_of(body).iter().map(ToString::to_string).collect();
    if recorded != named {
        let what = format!("数据库第 {} 条的图片", entry.index);
        return Err(Found::bad(what, "与内容所列不符"));
    }
    Ok(())
}

/// Every image that is published, or waits, is there and whole.
pub(super) fn check_images(
    data: &DataDir,
    c: &Connection,
    files: &mut Files,
    report: &mut Report,
) -> Checked<()> {
    let mut query = c.prepare("SELECT DISTINCT sha256 FROM entry_image ORDER BY idx")?;
    for hash in query.query_map([], |row| row.get::<_, String>(0))? {
        let path = format!("blob/{}", hash?);
        check_image(&data.public().join(&path), &path)?;
        files.seen(&path);
        report.images += 1;
    }
    let mut query = c.prepare(
        "SELECT sha256 FROM image WHERE sha256 NOT IN (SELECT sha256 FROM entry_image)
         ORDER BY sha256",
    )?;
    for hash in query.query_map([], |row| row.get::<_, String>(0))? {
        let path = format!("private/blob/{}", hash?);
        check_image(&data.path().join(&path), &path)?;
        report.images += 1;
    }
    Ok(())
}

fn check_image(path: &Path, name: &str) -> Checked<()> {
    let hash = sha256(&read(path, name)?).to_string();
    if name.ends_with(&hash) { Ok(()) } else { Err(Found::bad(name, "图片与散列不符")) }
}
