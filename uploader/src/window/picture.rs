//! The picture of the paper page: corners, turn, light and covers. The window speaks in fractions of the straightened
//! picture, an [`Edit`] in fractions of the upright photo; here one becomes the other.

use super::eyes::{Sight, Wish};
use super::room::Room;
use super::rows;
use crate::edit::{By, Cover, Edit};
use crate::error::Result;
use crate::geometry::{Point, Quad};
use crate::item::{Item, Page};
use crate::outbox::PageId;
use crate::paper::Flattening;
use crate::say;
use ledger::hash::Hash;
use mingbai_uploader_ui::{Corner, CoverBox, Ground};
use slint::{Image, Model};

/// The grounds of the window and of the ledger.
const GROUNDS: [(Ground, ledger::content::Ground); 7] = [
    (Ground::Identity, ledger::content::Ground::Identity),
    (Ground::Phone, ledger::content::Ground::Phone),
    (Ground::Bank, ledger::content::Ground::Bank),
    (Ground::Address, ledger::content::Ground::Address),
    (Ground::Health, ledger::content::Ground::Health),
    (Ground::Minor, ledger::content::Ground::Minor),
    (Ground::Other, ledger::content::Ground::Other),
];

/// Where the corners stand before anyone placed them, when none were found: a little inside, to be grasped.
const UNFOUND: Quad = Quad::upright(0.06, 0.06, 0.94, 0.94);

/// Says that a photo may be wanted next.
pub fn soon(room: &Room, original: Hash) {
    if let Some(open) = &room.open {
        open.eyes.soon(original);
    }
}

impl Room {
    pub fn show_picture(&mut self, item: &Item) {
        let Some(page) = item.pages.get(self.page_shown) else {
            self.wish = None;
            self.with_api(|api| {
                api.set_picture(Image::default());
                rows::fill(&api.get_covers(), Vec::new());
            });
            return;
        };
        let edit = match self.corner_view {
            true => Edit::default(),
            false => Edit { covers: Vec::new(), ..page.edit.clone() },
        };
        let wish = Wish { original: page.original, edit };
        if self.wish.as_ref() != Some(&wish) {
            let other_photo = self.wish.as_ref().is_none_or(|w| w.original != wish.original);
            // Never the picture of another paper, not even for a moment.
            if other_photo {
                let thumb = page.image.as_ref().and_then(|image| self.thumb(image.thumb));
                self.with_api(|api| api.set_picture(thumb.unwrap_or_default()));
            }
            if let Some(open) = &self.open {
                open.eyes.see(wish.clone());
            }
            self.wish = Some(wish);
        }
        let shown = (item.id, self.page_shown, page.edit.clone());
        let corner_view = self.corner_view;
        // A box under the hand is not moved away by news.
        let moved = self.edit_shown.as_ref() != Some(&shown);
        let found = page.looked.as_ref().and_then(|looked| looked.corners);
        let corners = page.edit.corners.or(found).unwrap_or(UNFOUND);
        self.with_api(|api| {
            api.set_corner_view(corner_view);
            api.set_even(page.edit.even);
            if moved {
                let corner = |p: &Point| Corner { x: p.x, y: p.y };
                rows::fill(&api.get_corners(), corners.0.iter().map(corner).collect());
                let boxes = page.edit.covers.iter().map(|cover| shown_box(&page.edit, cover));
                rows::fill(&api.get_covers(), boxes.collect());
            }
        });
        self.edit_shown = Some(shown);
    }

    /// A picture came that was wished for; perhaps another one is wanted by now.
    pub fn seen(&mut self, sight: Sight) {
        if self.wish.as_ref() != Some(&sight.wish) {
            return;
        }
        match sight.picture {
            Some(picture) => self.with_api(|api| api.set_picture(Image::from_rgb8(picture))),
            None => {
                self.problem(&say!("第 {id} 号的原照片丢失或损坏，请重新拍照加入", id = self.paper))
            }
        }
    }

    pub fn view_corners(&mut self, on: bool) -> Result<()> {
        // Whoever looked at the corners that were found and goes on agrees with them.
        let page = self.page_now()?;
        let found = page.as_ref().and_then(|page| page.looked.as_ref()?.corners);
        let placed = page.is_some_and(|page| page.edit.corners.is_some());
        if !on && !placed && found.is_some() {
            self.place_corners()?;
        }
        self.corner_view = on;
        self.edit_shown = None;
        self.with_api(|api| {
            api.set_covering(false);
            api.set_cover(-1);
        });
        Ok(())
    }

    pub fn place_corners(&mut self) -> Result<()> {
        let mut quad = None;
        self.with_api(|api| {
            let points: Vec<Point> =
                api.get_corners().iter().map(|c| Point { x: c.x, y: c.y }).collect();
            quad = <[Point; 4]>::try_from(points).ok().map(Quad);
        });
        match quad.filter(Quad::is_paper) {
            Some(quad) => self.edit_page(|edit| edit.corners = Some(quad)),
            None => {
                self.edit_shown = None;
                self.say(&say!("这四个角围不成一张纸，请再拖一次"));
                Ok(())
            }
        }
    }

    pub fn turn(&mut self) -> Result<()> {
        self.edit_page(|edit| edit.turn = (edit.turn + 1) % 4)
    }

    pub fn set_even(&mut self, even: bool) -> Result<()> {
        self.edit_page(|edit| edit.even = even)
    }

    pub fn add_cover(&mut self, x: f32, y: f32, width: f32, height: f32) -> Result<()> {
        let place = Quad::upright(x, y, x + width, y + height);
        self.edit_page(|edit| {
            let place = on_photo(edit, &place);
            let ground = ledger::content::Ground::Other;
            edit.covers.push(Cover { place, ground, by: By::Hand, on: true });
        })?;
        let last = self.page_now()?.map_or(0, |page| page.edit.covers.len());
        self.choose_cover(super::room::count(last) - 1);
        Ok(())
    }

    pub fn place_cover(&mut self, at: i32) -> Result<()> {
        let Ok(at) = usize::try_from(at) else { return Ok(()) };
        let mut drawn = None;
        self.with_api(|api| drawn = api.get_covers().row_data(at));
        let Some(b) = drawn else { return Ok(()) };
        let place = Quad::upright(b.x, b.y, b.x + b.width, b.y + b.height);
        self.edit_page(|edit| {
            let place = on_photo(edit, &place);
            if let Some(cover) = edit.covers.get_mut(at) {
                (cover.place, cover.on) = (place, true);
            }
        })
    }

    pub fn ground_cover(&mut self, at: i32, ground: Ground) -> Result<()> {
        let known = GROUNDS.iter().find(|(shown, _)| *shown == ground);
        self.edit_page(|edit| {
            let cover = usize::try_from(at).ok().and_then(|at| edit.covers.get_mut(at));
            if let (Some(cover), Some((_, ground))) = (cover, known) {
                (cover.ground, cover.on) = (*ground, true);
            }
        })
    }

    /// Takes a cover away; what a machine found stays marked, so that it is not offered again.
    pub fn remove_cover(&mut self, at: i32) -> Result<()> {
        let Ok(at) = usize::try_from(at) else { return Ok(()) };
        self.choose_cover(-1);
        self.edit_page(|edit| match edit.covers.get_mut(at) {
            Some(cover) if cover.by == By::Machine => cover.on = false,
            Some(_) => drop(edit.covers.remove(at)),
            None => {}
        })
    }

    fn choose_cover(&self, at: i32) {
        super::later(&self.window, move |api| api.set_cover(at));
    }

    fn edit_page(&mut self, change: impl FnOnce(&mut Edit)) -> Result<()> {
        let Some(page) = self.page_now()? else { return Ok(()) };
        let page = PageId { item: self.paper, photo: page.original };
        let open = self.open()?;
        open.desk.outbox.edit_page(page, change)?;
        open.hands.look();
        Ok(())
    }

    /// The page on the screen as the desk has it now.
    pub fn page_now(&mut self) -> Result<Option<Page>> {
        let (id, at) = (self.paper, self.page_shown);
        Ok(self.desk()?.outbox.item(id)?.pages.into_iter().nth(at))
    }
}

/// The map between the photo and the picture, for fractions; the size of either does not matter then.
fn flattening(edit: &Edit) -> Flattening {
    Flattening::new((1000, 1000), edit, 1000)
}

fn shown_box(edit: &Edit, cover: &Cover) -> CoverBox {
    let flattening = flattening(edit);
    let corners = cover.place.0.map(|p| flattening.to_picture(p).unwrap_or_default());
    let (left, top, right, bottom) = Quad(corners).bounds();
    let (left, top) = (left.clamp(0.0, 1.0), top.clamp(0.0, 1.0));
    let ground = GROUNDS.iter().find(|(_, known)| *known == cover.ground);
    CoverBox {
        x: left,
        y: top,
        width: right.clamp(0.0, 1.0) - left,
        height: bottom.clamp(0.0, 1.0) - top,
        ground: ground.map_or(Ground::Other, |(shown, _)| *shown),
        machine: cover.by == By::Machine,
        on: cover.on,
    }
}

fn on_photo(edit: &Edit, place: &Quad) -> Quad {
    let flattening = flattening(edit);
    Quad(place.0.map(|p| flattening.to_photo(p).unwrap_or(p)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_is_drawn_comes_back_where_it_was_drawn() {
        let corners = Quad([
            Point { x: 0.1, y: 0.2 },
            Point { x: 0.8, y: 0.1 },
            Point { x: 0.9, y: 0.9 },
            Point { x: 0.05, y: 0.8 },
        ]);
        for turn in 0..4 {
            let edit = Edit { corners: Some(corners), turn, ..Edit::default() };
            let drawn = Quad::upright(0.3, 0.4, 0.5, 0.45);
            let ground = ledger::content::Ground::Phone;
            let cover = Cover { place: on_photo(&edit, &drawn), ground, by: By::Hand, on: true };
            let shown = shown_box(&edit, &cover);
            for (is, was) in
                [(shown.x, 0.3), (shown.y, 0.4), (shown.width, 0.2), (shown.height, 0.05)]
            {
                assert!((is - was).abs() < 0.001, "{turn}: {shown:?}");
            }
            assert_eq!((shown.ground, shown.machine), (Ground::Phone, false));
        }
    }
}
