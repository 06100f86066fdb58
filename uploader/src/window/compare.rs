//! The page of two papers that may be one: side by side, and the person judges.

use super::fields::FIELDS;
use super::room::{Room, Scene};
use super::rows;
use crate::concerns::{self, Concern};
use crate::draft::Field;
use crate::error::Result;
use crate::item::{Item, State};
use crate::say;
use ledger::hash::Hash;
use mingbai_uploader_ui::{Duplicate, Fact, Page};
use slint::Image;

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

    pub fn judge_duplicate(&mut self, same: bool) -> Result<()> {
        let Some(Pair { goes, stays }) = self.pair.take() else { return Ok(()) };
        let outbox = &mut self.desk()?.outbox;
        if same {
            outbox.remove(goes)?;
            self.say(&say!("已删去第 {id} 号", id = goes));
        } else {
            outbox.keep_apart(goes, &stays.to_string())?;
            self.say(&say!("两张都留下"));
        }
        let left = same && goes == self.paper;
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
        let (left_picture, right_picture) = (self.large(left), self.large(right));
        self.with_api(|api| {
            let before = api.get_duplicate();
            let facts = before.facts.clone();
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
    fn large(&mut self, item: &Item) -> Image {
        let hash: Option<Hash> = item.images().next().map(|image| image.sha256);
        hash.and_then(|hash| self.thumb(hash)).unwrap_or_default()
    }
}

fn facts_of(left: &Item, right: &Item) -> Vec<Fact> {
    let text = |item: &Item, field| item.draft.shown(field).unwrap_or_default().into();
    let compared = FIELDS.iter().filter(|(_, field)| COMPARED.contains(field));
    compared
        .map(|(name, field)| Fact {
            name: *name,
            left: text(left, *field),
            right: text(right, *field),
        })
        .collect()
}
