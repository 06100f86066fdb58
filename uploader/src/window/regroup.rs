//! Photos that belong to another paper: one more page of it, a better photo of it, a page that is a paper of its own.

use super::room::{Room, count};
use crate::error::Result;
use crate::item::State;
use crate::outbox::{PageId, Place};
use crate::say;
use mingbai_uploader_ui::{Page, Picking as Shown};

/// The paper that a photo is picked for on the sheet, and where it goes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picking {
    pub paper: i64,
    pub place: Place,
}

impl Room {
    /// Goes to the sheet, where the next paper that is clicked gives its photo to the one on the screen.
    pub fn pick(&mut self, what: Shown) -> Result<()> {
        let Some(page) = self.page_now()? else { return Ok(()) };
        let place = match what {
            Shown::Nothing => return self.pick_no_more(),
            Shown::Page => Place::Behind,
            Shown::Photo => Place::InsteadOf(page.original),
        };
        self.go(Page::Month)?;
        self.picking = Some(Picking { paper: self.paper, place });
        Ok(())
    }

    /// Back to the paper that a photo was picked for.
    pub fn pick_no_more(&mut self) -> Result<()> {
        if self.picking.take().is_some() {
            self.page = Page::Paper;
        }
        Ok(())
    }

    /// The paper that was clicked while one is picked.
    pub fn picked(&mut self, id: i64) -> Result<()> {
        let Some(Picking { paper, place }) = self.picking else { return Ok(()) };
        let item = self.desk()?.outbox.item(id)?;
        if id == paper || item.state != State::Draft || item.pages.is_empty() {
            self.say(&say!("请点另一张还没有签名的照片"));
            return Ok(());
        }
        self.put_together(id, paper, place)
    }

    /// Puts one paper's photos into another, which is shown then.
    pub fn put_together(&mut self, from: i64, into: i64, place: Place) -> Result<()> {
        let desk = self.desk()?;
        let bare = desk.outbox.join(from, into, place)?;
        let item = desk.outbox.item(into)?;
        self.picking = None;
        if let Some(month) = item.draft.period {
            self.month = month;
        }
        let at = match place {
            Place::Behind => item.pages.len().saturating_sub(1),
            Place::InsteadOf(_) => self.page_shown,
        };
        self.page = Page::Month;
        self.open_item(into)?;
        self.page_shown = at;
        self.open()?.hands.look();
        self.say(&match place {
            Place::Behind => say!("第 {from} 号已并入第 {into} 号", from = from, into = into),
            Place::InsteadOf(_) => {
                say!("第 {into} 号换上了第 {from} 号的照片", from = from, into = into)
            }
        });
        if bare > 0 {
            self.problem(&say!("旧照片上遮住了 {count} 处；新照片请重新遮住", count = bare));
        }
        Ok(())
    }

    /// Makes a paper of its own of the page on the screen.
    pub fn split_page(&mut self) -> Result<()> {
        let Some(page) = self.page_now()? else { return Ok(()) };
        let page = PageId { item: self.paper, photo: page.original };
        let new = self.desk()?.outbox.split(page)?;
        self.open()?.hands.look();
        self.say(&say!("这一页现在是第 {id} 号", id = new));
        Ok(())
    }

    pub fn show_picking(&self) {
        let (shown, paper) = match self.picking {
            None => (Shown::Nothing, 0),
            Some(Picking { paper, place: Place::Behind }) => (Shown::Page, paper),
            Some(Picking { paper, place: Place::InsteadOf(_) }) => (Shown::Photo, paper),
        };
        self.with_api(|api| {
            api.set_picking(shown);
            api.set_picking_for(usize::try_from(paper).map_or(0, count));
        });
    }
}
