//! The paper page: one paper, its pages and warnings, and the way from one to the next.

use super::fields::row_of;
use super::picture;
use super::room::{Room, Scene, count};
use super::rows;
use crate::concerns::{self, Concern};
use crate::error::Result;
use crate::item::{Item, State};
use crate::say;
use mingbai_uploader_ui::{Page, WarningRow};
use slint::Image;

impl Room {
    /// Opens the paper with this number, from the page that is shown.
    pub fn see(&mut self, id: i32) -> Result<()> {
        self.open_item(id.into())
    }

    pub fn open_item(&mut self, id: i64) -> Result<()> {
        if matches!(self.page, Page::Month | Page::Sign) {
            self.paper_from = self.page;
        }
        self.page = Page::Paper;
        self.paper = id;
        self.page_shown = 0;
        self.corner_view = false;
        self.wrong.clear();
        self.edit_shown = None;
        self.with_api(|api| {
            api.set_cover(-1);
            api.set_covering(false);
            api.set_typing(false);
        });
        let item = self.desk()?.outbox.item(id)?;
        self.put_keyboard(to_look_at(&item));
        Ok(())
    }

    /// The paper so many further on the sheet.
    pub fn step_paper(&mut self, by: i32) -> Result<()> {
        let items = self.desk()?.outbox.items()?;
        let sheet: Vec<&Item> = items.iter().filter(|item| self.on_sheet(item)).collect();
        let here = sheet.iter().position(|item| item.id == self.paper);
        let to = here.and_then(|here| here.checked_add_signed(isize::try_from(by).ok()?));
        match to.and_then(|to| sheet.get(to)) {
            Some(item) => self.open_item(item.id),
            None => Ok(()),
        }
    }

    /// Takes a paper out of the work; the next one is shown.
    pub fn remove_paper(&mut self, id: i32) -> Result<()> {
        let id = i64::from(id);
        let before = self.paper;
        self.step_paper(1)?;
        self.desk()?.outbox.remove(id)?;
        if self.paper == before {
            self.page = self.paper_from;
        }
        self.say(&say!("已删去第 {id} 号", id = id));
        Ok(())
    }

    pub fn show_page(&mut self, page: i32) -> Result<()> {
        self.page_shown = usize::try_from(page).unwrap_or(0);
        self.corner_view = false;
        self.with_api(|api| api.set_cover(-1));
        Ok(())
    }

    pub fn show_paper(&mut self, scene: &Scene) -> Result<()> {
        let Some(item) = scene.items.iter().find(|item| item.id == self.paper) else {
            self.page = Page::Month;
            return Ok(());
        };
        self.page_shown = self.page_shown.min(item.pages.len().saturating_sub(1));
        let concerns = concerns::of(&scene.others, item)?;
        let paper = self.paper_of(item, &concerns);
        let sheet: Vec<&Item> = scene.items.iter().filter(|item| self.on_sheet(item)).collect();
        let place = sheet.iter().position(|other| other.id == item.id).unwrap_or(0);
        let mut images: Vec<Option<Image>> = Vec::new();
        for page in &item.pages {
            images.push(page.image.as_ref().and_then(|image| self.thumb(image.thumb)));
        }
        let page_shown = count(self.page_shown);
        self.with_api(|api| {
            api.set_paper(paper);
            api.set_place(count(place));
            api.set_page_shown(page_shown);
            rows::fill(
                &api.get_pages(),
                images.into_iter().map(Option::unwrap_or_default).collect(),
            );
            rows::fill(&api.get_warnings(), concerns.iter().filter_map(warning).collect());
        });
        self.show_fields(scene, item);
        self.show_picture(item);
        // The neighbours are decoded while the person looks at this one.
        for near in [place + 1, place.wrapping_sub(1)] {
            if let Some(page) = sheet.get(near).and_then(|item| item.pages.first()) {
                picture::soon(self, page.original);
            }
        }
        Ok(())
    }
}

/// The first box that wants a person: empty, or else read by a machine only.
fn to_look_at(item: &Item) -> Option<usize> {
    if item.state != State::Draft {
        return None;
    }
    row_of(item, &item.missing()).or_else(|| row_of(item, &item.draft.by_machine))
}

/// A concern as the form shows it; what machines read is marked at its own box.
fn warning(concern: &Concern) -> Option<WarningRow> {
    let other = match concern {
        Concern::Unconfirmed(_) => return None,
        Concern::Alike(other, _) => i32::try_from(*other).unwrap_or(0),
        _ => 0,
    };
    Some(WarningRow { text: concern.said().into(), grave: concern.grave(), other })
}
