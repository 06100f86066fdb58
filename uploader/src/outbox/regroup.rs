//! Pages that go from one draft to another: a paper of several sheets, a photo that was taken again. A page that moved is
//! read anew where it now stands; its picture and its covers go with it.

use super::{Act, Outbox, PageId, draft_of, insert, step};
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::item::State;
use ledger::content::IMAGES_MAX;
use ledger::hash::Hash;
use rusqlite::{OptionalExtension, Transaction, params};

/// Where pages go in another draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind the pages that are there.
    Behind,
    /// In the place of the page with this photo.
    InsteadOf(Hash),
}

impl Outbox {
    /// Puts the pages of one draft into another. The first one goes out of the work, with the page that was replaced;
    /// how many places were covered on that one, and are bare on the new one.
    ///
    /// # Errors
    /// [`Error::State`] unless both are drafts, [`Error::SamePaper`] unless they are two, [`Error::TooManyPages`],
    /// [`Error::NoItem`] if the page to replace is not there.
    pub fn join(&mut self, from: i64, into: i64, place: Place) -> Result<usize> {
        if from == into {
            return Err(Error::SamePaper(from));
        }
        let bare = self.item(into)?.covers_lost(place);
        let act = if place == Place::Behind { Act::Join } else { Act::Retake };
        self.act(act, &[into, from], |t| {
            step(t, into, &[State::Draft], State::Draft)?;
            step(t, from, &[State::Draft], State::Removed)?;
            let (mut photos, moving) = (photos_of(t, into)?, photos_of(t, from)?);
            let replaced: Vec<Hash> = match place {
                Place::Behind => {
                    photos.extend(moving);
                    Vec::new()
                }
                Place::InsteadOf(old) => {
                    let at = photos.iter().position(|photo| *photo == old);
                    let at = at.ok_or(Error::NoItem(into))?;
                    photos.splice(at..=at, moving).collect()
                }
            };
            if photos.len() > IMAGES_MAX {
                return Err(Error::TooManyPages { most: IMAGES_MAX });
            }
            lay_out(t, &[(into, &photos), (from, &replaced)])?;
            Ok((bare, None))
        })
    }

    /// Makes a draft of its own of one of several pages; its number.
    ///
    /// # Errors
    /// [`Error::State`] unless it is of a draft, [`Error::NoItem`] if it is not there, [`Error::OnlyPage`] if there is no
    /// other.
    pub fn split(&mut self, page: PageId) -> Result<i64> {
        let id = page.item;
        self.act(Act::Split, &[id], |t| {
            step(t, id, &[State::Draft], State::Draft)?;
            let (taken, left): (Vec<Hash>, Vec<Hash>) =
                photos_of(t, id)?.into_iter().partition(|photo| *photo == page.photo);
            if taken.is_empty() {
                return Err(Error::NoItem(id));
            }
            if left.is_empty() {
                return Err(Error::OnlyPage(id));
            }
            let draft = Draft { period: draft_of(t, id)?.period, ..Draft::default() };
            let new = insert(t, "receipt", &draft, &[], None)?;
            lay_out(t, &[(id, &left), (new, &taken)])?;
            Ok((new, Some(new)))
        })
    }
}

/// The photos of an item's pages, in their order.
pub(super) fn photos_of(t: &Transaction, item: i64) -> Result<Vec<Hash>> {
    let mut find = t.prepare_cached("SELECT original FROM page WHERE item = ?1 ORDER BY n")?;
    let mut rows = find.query([item])?;
    let mut photos = Vec::new();
    while let Some(row) = rows.next()? {
        let photo: String = row.get(0)?;
        photos.push(photo.parse().map_err(|_| Error::Record(photo))?);
    }
    Ok(photos)
}

/// Lays the pages of some items anew: each item, and its photos in their order. All their pages are named, each once.
pub(super) fn lay_out(t: &Transaction, layout: &[(i64, &[Hash])]) -> Result<()> {
    let find = "SELECT n FROM page WHERE original = ?1 AND item = ?2 AND n >= 0";
    // Out of each other's way first: no page has such a number.
    let aside = "UPDATE page SET item = ?3, n = -1 - ?4 WHERE item = ?1 AND n = ?2";
    let unread = "UPDATE page SET looked = NULL, lines = NULL WHERE item = ?1 AND n = -1 - ?2";
    for (item, photos) in layout {
        for (n, photo) in (0i64..).zip(*photos) {
            for (from, _) in layout {
                let which = params![photo.to_string(), from];
                let at: Option<i64> = t.query_row(find, which, |row| row.get(0)).optional()?;
                let Some(at) = at else { continue };
                t.execute(aside, params![from, at, item, n])?;
                if from != item {
                    t.execute(unread, params![item, n])?;
                }
                break;
            }
        }
    }
    for (item, _) in layout {
        t.execute("UPDATE page SET n = -1 - n WHERE item = ?1 AND n < 0", [item])?;
    }
    Ok(())
}
