//! What machines do to a page after it was taken in: look at it, make its picture. Lost in a crash, a chore is done again.

use crate::desk::Desk;
use crate::draft::Draft;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::item::{Item, State};
use crate::looking::{self, Looked};
use crate::ocr::{Line, Reader};
use crate::outbox::{Found, Outbox, PageId};
use crate::photo::PhotoFile;
use crate::picture::{self, Rendered};
use crate::printed;
use crate::redaction;
use ledger::content::ImageRef;
use marks::invoice::{self, InvoiceCode};

/// One thing to do to one page.
#[derive(Debug, Clone, PartialEq)]
pub struct Chore {
    /// Which page.
    pub page: PageId,
    /// What is to be done.
    pub task: Task,
}

/// What can be done to a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Look for codes, corners, and whether it is sharp.
    Look,
    /// Read the printed lines.
    Read,
    /// Make the public picture as this edit says.
    Make(Edit),
}

/// What came of a chore.
pub enum Done {
    /// What was seen.
    Looked(Looked),
    /// What was read.
    Read(Vec<Line>),
    /// The picture.
    Made(Edit, Rendered),
}

/// What is still to be done to the pages of a draft, in the order in which it should be. Printed lines are read only where
/// there is a reader for them.
pub fn of(item: &Item, reader: bool) -> Vec<Chore> {
    if item.state != State::Draft {
        return Vec::new();
    }
    let mut chores = Vec::new();
    for page in &item.pages {
        let id = PageId { item: item.id, photo: page.original };
        let mut chore = |task| chores.push(Chore { page: id, task });
        if page.looked.is_none() {
            chore(Task::Look);
        } else if reader && !page.read {
            chore(Task::Read);
        } else if page.image.is_none() {
            chore(Task::Make(page.edit.clone()));
        }
    }
    chores
}

impl Chore {
    /// Does it; nothing is kept yet. `originals` is the desk's folder of them.
    ///
    /// # Errors
    /// [`Error::Image`] if the original is gone, [`Error::Photo`] if it cannot be used, [`Error::Text`].
    pub fn run(&self, originals: &Images, reader: Option<&Reader>) -> Result<Done> {
        let file = originals.path(self.page.photo);
        let gone = || Error::Image { id: self.page.item, file: file.clone() };
        let bytes = originals.load(self.page.photo).ok_or_else(gone)?;
        let bad = |why| Error::Photo { file: file.clone(), why };
        let photo = PhotoFile::of(bytes).and_then(PhotoFile::decode).map_err(bad)?;
        Ok(match &self.task {
            Task::Look => Done::Looked(looking::look(photo)),
            Task::Read => Done::Read(match reader {
                Some(reader) => reader.read(&photo.upright(), &|_, _| true).map_err(Error::Text)?,
                None => Vec::new(),
            }),
            Task::Make(edit) => {
                Done::Made(edit.clone(), picture::render(photo.upright(), edit).map_err(bad)?)
            }
        })
    }

    /// Does it and keeps what came of it.
    ///
    /// # Errors
    /// As of [`Chore::run`] and [`keep`].
    pub fn finish(&self, desk: &mut Desk, reader: Option<&Reader>) -> Result<()> {
        let done = self.run(&desk.originals, reader)?;
        keep(&mut desk.outbox, &desk.pictures, self.page, &done)
    }
}

/// Keeps what came of a chore: files first, then the row that speaks of them.
///
/// # Errors
/// [`Error::Outbox`], [`Error::Disk`].
pub fn keep(outbox: &mut Outbox, pictures: &Images, page: PageId, done: &Done) -> Result<()> {
    match done {
        Done::Looked(looked) => {
            let code = code_of(&looked.codes);
            outbox.found(page, &Found::Looked(looked.clone()), |draft, _edit| {
                if let Some(code) = &code {
                    draft.fill(&Draft::of_code(code));
                }
            })
        }
        Done::Read(lines) => {
            let (offers, printed) = (redaction::offers(lines), printed::fields(lines));
            outbox.found(page, &Found::lines(lines)?, |draft, edit| {
                redaction::offer(edit, &offers);
                printed::apply(&printed, draft);
            })
        }
        Done::Made(edit, made) => {
            let (picture, thumb) = (&made.picture, &made.thumb);
            pictures.keep(&[(picture.hash, &picture.bytes), (thumb.hash, &thumb.bytes)])?;
            let image = ImageRef {
                sha256: picture.hash,
                thumb: thumb.hash,
                width: picture.width,
                height: picture.height,
                bytes: picture.bytes.len() as u64,
                covered: made.covered.clone(),
            };
            outbox.made(page, edit, &image)
        }
    }
}

/// The invoice's code among the codes on a paper.
pub fn code_of(codes: &[String]) -> Option<InvoiceCode> {
    invoice::choose(codes).map(|(_, code)| code)
}

/// Looks at the pages of an item that were not looked at yet, and leaves the rest for later.
///
/// # Errors
/// As of [`finish`].
pub fn look(desk: &mut Desk, id: i64) -> Result<Item> {
    for chore in of(&desk.outbox.item(id)?, false) {
        if chore.task == Task::Look {
            chore.finish(desk, None)?;
        }
    }
    desk.outbox.item(id)
}

/// Does all chores of an item, one after another.
///
/// # Errors
/// The first chore's that fails; what was done before is kept.
pub fn finish(desk: &mut Desk, id: i64, reader: Option<&Reader>) -> Result<Item> {
    loop {
        let item = desk.outbox.item(id)?;
        let Some(chore) = of(&item, reader.is_some()).into_iter().next() else { return Ok(item) };
        chore.finish(desk, reader)?;
    }
}
