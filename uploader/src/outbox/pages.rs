//! The pages of an item: the original, what machines found on it, how it is edited, and the picture made of that.

use super::{Outbox, draft_of, json, of_json, put_draft, step};
use crate::draft::Draft;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::item::{Page, State};
use crate::looking::Looked;
use crate::outbox::Act;
use ledger::content::ImageRef;
use ledger::hash::Hash;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};

/// Which page. It keeps its photo wherever it stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageId {
    /// The item's number.
    pub item: i64,
    /// SHA-256 of the photo's file.
    pub photo: Hash,
}

impl Outbox {
    pub(super) fn pages(&self, id: i64) -> Result<Vec<Page>> {
        let sql = "SELECT original, edit, looked, lines IS NOT NULL, image FROM page
                   WHERE item = ?1 ORDER BY n";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut pages = Vec::new();
        while let Some(row) = rows.next()? {
            pages.push(page(row)?);
        }
        Ok(pages)
    }

    /// Changes how a page is edited; its picture has to be made again.
    ///
    /// # Errors
    /// [`Error::State`] unless its item is a draft.
    pub fn edit_page(&mut self, page: PageId, change: impl FnOnce(&mut Edit)) -> Result<()> {
        self.act(Act::Picture, &[page.item], |t| {
            step(t, page.item, &[State::Draft], State::Draft)?;
            change_edit(t, page, change)?;
            Ok(((), None))
        })
    }

    /// Keeps what was found on a page, and fills in what that says. A draft only; else, and where the page has gone to
    /// another item by now, nothing is kept.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn found(
        &mut self,
        page: PageId,
        found: &Found,
        fill: impl FnOnce(&mut Draft, &mut Edit),
    ) -> Result<()> {
        let (column, value) = match found {
            Found::Looked(looked) => ("looked", json(looked)?),
            Found::Lines(lines) => ("lines", lines.clone()),
        };
        let put = format!("UPDATE page SET {column} = ?3 WHERE item = ?1 AND original = ?2");
        self.write(|t| {
            let there = t.execute(&put, params![page.item, page.photo.to_string(), value])?;
            if there == 0 || !is_draft(t, page.item)? {
                return Ok(());
            }
            let mut draft = draft_of(t, page.item)?;
            change_edit(t, page, |edit| fill(&mut draft, edit))?;
            put_draft(t, page.item, &draft)
        })
    }

    /// Keeps the picture made of a page, if the page is still edited as it was made.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn made(&mut self, page: PageId, edit: &Edit, image: &ImageRef) -> Result<()> {
        let put = "UPDATE page SET image = ?4 WHERE item = ?1 AND original = ?2 AND edit = ?3";
        let values = params![page.item, page.photo.to_string(), json(edit)?, json(image)?];
        self.write(|t| Ok(t.execute(put, values).map(|_| ())?))
    }

    /// The printed lines that were read on a page; none until they were.
    ///
    /// # Errors
    /// [`Error::Outbox`], [`Error::Record`].
    pub fn lines<T: DeserializeOwned>(&self, page: PageId) -> Result<Option<Vec<T>>> {
        let get = "SELECT lines FROM page WHERE item = ?1 AND original = ?2";
        let which = params![page.item, page.photo.to_string()];
        let lines: Option<Option<String>> =
            self.db.query_row(get, which, |row| row.get(0)).optional()?;
        lines.flatten().as_deref().map(of_json).transpose()
    }

    /// Remembers that two papers that look alike are two.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn keep_apart(&mut self, item: i64, other: &str) -> Result<()> {
        let put = "INSERT OR IGNORE INTO apart VALUES (?1, ?2)";
        self.act(Act::Apart, &[item], |t| {
            t.execute(put, params![item, other])?;
            Ok(((), None))
        })
    }

    /// The papers that a person said are two, though they look alike.
    ///
    /// # Errors
    /// [`Error::Outbox`].
    pub fn apart(&self) -> Result<Vec<(i64, String)>> {
        let mut statement = self.db.prepare_cached("SELECT item, other FROM apart")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// What a machine found on a page.
pub enum Found {
    /// What the quick look saw.
    Looked(Looked),
    /// The printed lines, as JSON.
    Lines(String),
}

impl Found {
    /// Printed lines.
    ///
    /// # Errors
    /// [`Error::Record`].
    pub fn lines(lines: &impl Serialize) -> Result<Found> {
        json(lines).map(Found::Lines)
    }
}

fn page(row: &Row) -> Result<Page> {
    let original: String = row.get(0)?;
    let optional = |n: usize| -> Result<Option<String>> { Ok(row.get(n)?) };
    Ok(Page {
        original: original.parse().map_err(|_| Error::Record(original))?,
        edit: of_json(&row.get::<_, String>(1)?)?,
        looked: optional(2)?.as_deref().map(of_json).transpose()?,
        read: row.get(3)?,
        image: optional(4)?.as_deref().map(of_json).transpose()?,
    })
}

pub(super) fn put_page(t: &Transaction, item: i64, n: i64, page: &Page) -> Result<()> {
    let put = "INSERT INTO page (item, n, original, edit, looked, image)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let looked = page.looked.as_ref().map(json).transpose()?;
    let image = page.image.as_ref().map(json).transpose()?;
    let original = page.original.to_string();
    t.execute(put, params![item, n, original, json(&page.edit)?, looked, image])?;
    Ok(())
}

fn is_draft(t: &Transaction, item: i64) -> Result<bool> {
    let get = "SELECT state = 'draft' FROM item WHERE id = ?1";
    Ok(t.query_row(get, [item], |row| row.get(0)).optional()?.unwrap_or(false))
}

fn change_edit(t: &Transaction, page: PageId, change: impl FnOnce(&mut Edit)) -> Result<()> {
    let get = "SELECT edit FROM page WHERE item = ?1 AND original = ?2";
    let (item, photo) = (page.item, page.photo.to_string());
    let was: Option<String> =
        t.query_row(get, params![item, photo], |row| row.get(0)).optional()?;
    let was: Edit = of_json(&was.ok_or(Error::NoItem(item))?)?;
    let mut edit = was.clone();
    change(&mut edit);
    if edit != was {
        let put = "UPDATE page SET edit = ?3, image = NULL WHERE item = ?1 AND original = ?2";
        t.execute(put, params![item, photo, json(&edit)?])?;
    }
    Ok(())
}
