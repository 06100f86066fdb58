//! The attract loop: what the screen shows while nobody is there; and emergencies, which come before everything.

use std::time::Duration;

use slint::Image;

use super::draw::{day, together};
use super::ui::{self, Page, SlideKind};
use super::{Comfort, Place, Screens};
use crate::markdown;
use crate::scan::darkroom::Order;
use crate::shelf::ShelfError;

/// How long a slide stays.
pub const SLIDE_TIME: Duration = Duration::from_secs(12);
/// Bulletins in one round.
const BULLETINS_MAX: usize = 20;
/// Characters of a bulletin's text on its slide.
const WORDS_MAX: usize = 70;
/// The most that a slide's picture takes, in `px`: below the words of a screen that stands, beside those of one that lies.
const PICTURE_PX: (f32, f32) = (620.0, 560.0);

/// One thing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slide {
    Invitation,
    Figures,
    /// The bulletin at this log index.
    Bulletin(u64),
}

/// The round that is shown, and where it is.
#[derive(Debug, Default)]
pub(super) struct Round {
    slides: Vec<Slide>,
    next: usize,
    /// Slides shown since the start.
    turn: i32,
}

impl Screens {
    /// Nobody was there for a while. First the last visitor is forgotten, then the loop begins.
    pub(super) fn left_alone(&self) {
        let untouched = self.comfort() == Comfort::default() && !self.api().get_english();
        match self.place() {
            Place::Attract if untouched => self.activity(),
            Place::Home if untouched => {
                self.put_away.borrow_mut().clear();
                if !self.alarm() {
                    if self.options.attract {
                        self.open_alone(Place::Attract);
                    } else {
                        self.activity();
                    }
                }
            }
            Place::Emergency(_) if untouched && self.alarm() => {}
            _ => self.forget(),
        }
    }

    /// Opens the newest emergency notice that is in force and that nobody put away since the screen was left alone.
    /// False when there is none.
    pub(super) fn alarm(&self) -> bool {
        let found = self.shelf.emergencies(&self.now()).unwrap_or_default();
        let put_away = self.put_away.borrow();
        let Some(index) = found.into_iter().find(|index| !put_away.contains(index)) else {
            return false;
        };
        drop(put_away);
        if self.place() == Place::Emergency(index) {
            self.activity();
        } else {
            self.open_alone(Place::Emergency(index));
        }
        true
    }

    /// The page of the loop, with its next slide.
    pub(super) fn fill_attract(&self) -> Result<Page, ShelfError> {
        let Some(township) = self.shelf.township()? else { return Ok(Page::Empty) };
        let api = self.api();
        api.set_township(township.name.into());
        api.set_town_month(together(&self.list_villages()?));
        self.next_slide()?;
        self.slides.restart();
        Ok(Page::Attract)
    }

    /// Goes on with the loop while it is on the screen.
    pub(super) fn turn_slide(&self) {
        if self.place() != Place::Attract {
            return;
        }
        if self.alarm() {
            return;
        }
        if let Err(error) = self.next_slide() {
            eprintln!("{error}");
        }
    }

    fn next_slide(&self) -> Result<(), ShelfError> {
        let mut round = self.round.borrow_mut();
        if round.next >= round.slides.len() {
            (round.slides, round.next) = (self.all_slides()?, 0);
        }
        let slide = round.slides.get(round.next).copied().unwrap_or(Slide::Invitation);
        round.next += 1;
        round.turn = round.turn.wrapping_add(1);
        let turn = round.turn;
        drop(round);
        // A picture that comes late for the slide before finds that it is late.
        let api = self.api();
        api.set_serial(api.get_serial().wrapping_add(1));
        let drawn = match slide {
            Slide::Bulletin(index) => self.bulletin_slide(index)?,
            Slide::Figures => ui::Slide { kind: SlideKind::Figures, ..ui::Slide::default() },
            Slide::Invitation => ui::Slide::default(),
        };
        let path = match slide {
            Slide::Bulletin(index) => Place::Bulletin(index).path(),
            Slide::Figures | Slide::Invitation => Place::Home.path(),
        };
        self.set_address(&path);
        api.set_slide(ui::Slide { turn, ..drawn });
        Ok(())
    }

    fn all_slides(&self) -> Result<Vec<Slide>, ShelfError> {
        let mut slides = vec![Slide::Invitation];
        if self.api().get_town_month().month.month > 0 {
            slides.push(Slide::Figures);
        }
        let showing = self.shelf.showing(&self.now())?;
        slides.extend(showing.iter().take(BULLETINS_MAX).map(|row| Slide::Bulletin(row.index)));
        Ok(slides)
    }

    /// The beginning of a bulletin; the invitation, where it was withdrawn meanwhile.
    fn bulletin_slide(&self, index: u64) -> Result<ui::Slide, ShelfError> {
        let found = self.shelf.bulletin(index)?;
        let Some((page, content)) =
            found.and_then(|page| page.content.clone().map(|content| (page, content)))
        else {
            return Ok(ui::Slide::default());
        };
        let api = self.api();
        if let Some(image) = content.images.first() {
            let (serial, dots) = (api.get_serial(), api.get_dots());
            let (width, height) = ((PICTURE_PX.0 * dots) as u32, (PICTURE_PX.1 * dots) as u32);
            let hash = image.sha256;
            self.darkroom.order(Order::Figure { serial, row: 0, hash, width, height });
        }
        let column = self.shelf.columns()?.into_iter().find(|column| column.id == content.column);
        Ok(ui::Slide {
            kind: SlideKind::Bulletin,
            column: column.map(|column| column.name).unwrap_or_default().into(),
            title: content.title.as_str().into(),
            place: page.village_name.into(),
            day: day(page.signed_at.date()),
            words: markdown::first_words(&content.body, WORDS_MAX).into(),
            has_picture: false,
            picture: Image::default(),
            turn: 0,
        })
    }

    /// The bulletin that the screen shows now: on its page, as an emergency, or in the loop.
    #[must_use]
    pub fn bulletin_on_screen(&self) -> Option<u64> {
        match self.place() {
            Place::Bulletin(index) | Place::Emergency(index) => Some(index),
            Place::Attract => {
                let round = self.round.borrow();
                match round.slides.get(round.next.checked_sub(1)?) {
                    Some(Slide::Bulletin(index)) => Some(*index),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Opens a page from which there is no way back but home.
    fn open_alone(&self, place: Place) {
        self.home();
        self.go(place);
    }
}
