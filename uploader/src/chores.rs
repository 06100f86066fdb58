//! What machines do to a page after it was taken in: look at it, make its picture. Lost in a crash, a chore is done again.

use crate::desk::Desk;
use crate::draft::Draft;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::images::Images;
use crate::invoice::{self, InvoiceCode};
use crate::item::{Item, State};
use crate::looking::{self, Looked};
use crate::outbox::{Found, Outbox, PageId};
use crate::photo::{BadPhoto, Photo, PhotoFile};
use crate::picture::{self, Rendered};
use ledger::content::ImageRef;
use ledger::hash::Hash;

/// One thing to do to one page.
#[derive(Debug, Clone, PartialEq)]
pub struct Chore {
    /// Which page.
    pub page: PageId,
    /// Of what photo.
    pub original: Hash,
    /// What is to be done.
    pub task: Task,
}

/// What can be done to a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Look for codes, corners, and whether it is sharp.
    Look,
    /// Make the public picture as this edit says.
    Make(Edit),
}

/// What came of a chore.
pub enum Done {
    /// What was seen.
    Looked(Looked),
    /// The picture.
    Made(Edit, Rendered),
}

/// What is still to be done to the pages of a draft, in the order in which it should be.
pub fn of(item: &Item) -> Vec<Chore> {
    if item.state != State::Draft {
        return Vec::new();
    }
    let mut chores = Vec::new();
    for (n, page) in (0i64..).zip(&item.pages) {
        let mut chore =
            |task| chores.push(Chore { page: (item.id, n), original: page.original, task });
        if page.looked.is_none() {
            chore(Task::Look);
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
    /// [`Error::Image`] if the original is gone, [`Error::Photo`] if it cannot be used.
    pub fn run(&self, originals: &Images) -> Result<Done> {
        let file = originals.path(self.original);
        let gone = || Error::Image { id: self.page.0, file: file.clone() };
        let bytes = originals.load(self.original).ok_or_else(gone)?;
        let photo = PhotoFile::of(bytes).and_then(PhotoFile::decode);
        photo
            .and_then(|photo| self.task.run(photo))
            .map_err(|why| Error::Photo { file: file.clone(), why })
    }
}

impl Task {
    /// Does it to a photo that is at hand.
    ///
    /// # Errors
    /// [`BadPhoto`].
    pub fn run(&self, photo: Photo) -> std::result::Result<Done, BadPhoto> {
        Ok(match self {
            Task::Look => Done::Looked(looking::look(photo)),
            Task::Make(edit) => Done::Made(edit.clone(), picture::render(photo.upright(), edit)?),
        })
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

/// Does all chores of an item, one after another.
///
/// # Errors
/// The first chore's that fails; what was done before is kept.
pub fn finish(desk: &mut Desk, id: i64) -> Result<Item> {
    loop {
        let item = desk.outbox.item(id)?;
        let Some(chore) = of(&item).into_iter().next() else { return Ok(item) };
        let done = chore.run(&desk.originals)?;
        keep(&mut desk.outbox, &desk.pictures, chore.page, &done)?;
    }
}
