//! The page of two papers that may be one: side by side, and the person judges.

use super::fields::boxes;
use super::room::{Room, Scene};
use super::rows;
use crate::concerns::{self, Concern};
use crate::draft::Field;
use crate::error::Result;
use crate::item::{Item, State};
use crate::outbox::Place;
use crate::say;
use mingbai_uploader_ui::{Api, Duplicate, Fact, Judgement, Page};
use slint::{ComponentHandle, Image};

/// What of two papers is held against each other.
const COMPARED: [Field; 5] =
    [Field::Amount, Field::Date, Field::Payee, Field::Purpose, Field::InvoiceNumber];

/// Two items that may be one paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The one that goes if they are the same: a draft.
    pub goes: i64,
    /// The one that stays.
    pub stays: i64,
}

impl Room {
    /// Opens the paper on the screen beside another one.
    pub fn open_duplicate(&mut self, other: i32) -> Result<()> {
        let (mine, other) = (self.paper, i64::from(other));
        let draft = self.desk()?.outbox.item(other)?.state == State::Draft;
        // The one that came later goes, unless it is signed.
        let (goes, stays) = if draft && other > mine { (other, mine) } else { (mine, other) };
        self.pair = Some(Pair { goes, stays });
        self.page = Page::Compare;
        Ok(())
    }

    pub fn judge_duplicate(&mut self, judgement: Judgement) -> Result<()> {
        let Some(Pair { goes, stays }) = self.pair.take() else { return Ok(()) };
        let outbox = &mut self.desk()?.outbox;
        match judgement {
            Judgement::One => {
                outbox.remove(goes)?;
                self.say(&say!("已删去第 {id} 号", id = goes));
            }
            Judgement::Retaken => {
                let bad = outbox.item(stays)?.pages.first().map(|page| page.original);
                self.page_shown = 0;
                let place = bad.map_or(Place::Behind, Place::InsteadOf);
                return self.put_together(goes, stays, place);
            }
            Judgement::Two => {
                outbox.keep_apart(goes, &stays.to_string())?;
                self.say(&say!("两张都留下"));
            }
        }
        let left = judgement == Judgement::One && goes == self.paper;
        self.page = if left { self.paper_from } else { Page::Paper };
        Ok(())
    }

    pub fn show_pair(&mut self, scene: &Scene) -> Result<()> {
        let find = |id: i64| scene.items.iter().find(|item| item.id == id);
        let pair = self.pair.and_then(|pair| Some((find(pair.goes)?, find(pair.stays)?)));
        let Some((left, right)) = pair else {
            self.page = Page::Month;
            return Ok(());
        };
        let concerns = concerns::of(&scene.others, left)?;
        let of_right = |c: &Concern| matches!(c, Concern::Alike(id, _) if *id == right.id);
        let why = concerns.iter().find(|c| of_right(c)).map(Concern::said).unwrap_or_default();
        let (left_paper, right_paper) = (self.paper_of(left, &[]), self.paper_of(right, &[]));
        let Some(before) = self.window.upgrade().map(|w| w.global::<Api>().get_duplicate()) else {
            return Ok(());
        };
        let same = before.left.id == left_paper.id && before.right.id == right_paper.id;
        // Large pictures are decoded once, and not kept longer than they are seen.
        let large = |picture: Image, item| match same && picture.size().width > 0 {
            true => picture,
            false => self.large(item),
        };
        let left_picture = large(before.left_picture, left);
        let right_picture = large(before.right_picture, right);
        self.with_api(|api| {
            let facts = before.facts;
            rows::fill(&facts, facts_of(left, right));
            api.set_duplicate(Duplicate {
                left: left_paper,
                right: right_paper,
                left_picture,
                right_picture,
                why: why.into(),
                facts,
            });
        });
        Ok(())
    }

    /// The public picture of an item's first page.
    fn large(&self, item: &Item) -> Image {
        let image = item.images().next();
        image.and_then(|image| self.picture(image.sha256)).unwrap_or_default()
    }
}

fn facts_of(left: &Item, right: &Item) -> Vec<Fact> {
    let text = |item: &Item, field| item.draft.shown(field).unwrap_or_default().into();
    let compared = boxes(left).filter(|(_, field)| COMPARED.contains(field));
    compared
        .map(|(name, field)| Fact { name, left: text(left, field), right: text(right, field) })
        .collect()
}
