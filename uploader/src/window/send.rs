//! The pages of what goes to the office and of what it gave back.

use super::line::Standing;
use super::room::{Room, Scene, count};
use super::rows;
use crate::concerns;
use crate::correction;
use crate::error::{Error, Result};
use crate::item::{Item, State};
use crate::listing::source_label;
use mingbai_uploader_ui::{Page, Returned, SendRow};

/// Whether the office has it.
fn sent(item: &Item) -> bool {
    matches!(item.state, State::Received | State::Returned | State::Published)
}

impl Room {
    pub fn show_send(&mut self, scene: &Scene) -> Result<()> {
        let signed = scene.items.iter().filter(|item| item.state == State::Signed);
        self.line.items.extend(signed.map(|item| item.id));
        let on_page = |item: &&Item| self.line.items.contains(&item.id) && item.in_work();
        let items: Vec<&Item> = scene.items.iter().filter(on_page).collect();
        let mut lines = Vec::new();
        for item in &items {
            lines.push(SendRow {
                paper: self.paper_of(item, &[]),
                sent: sent(item),
                refused: self.line.refused.get(&item.id).cloned().unwrap_or_default().into(),
            });
        }
        let delivery = self.line.delivery();
        let cut = match &self.line.standing {
            Standing::Cut(why) => why.as_str(),
            _ => "",
        };
        self.with_api(|api| {
            api.set_delivery(delivery);
            api.set_cut(cut.into());
            api.set_sent(count(items.iter().filter(|item| sent(item)).count()));
            rows::fill(&api.get_send_rows(), lines);
        });
        Ok(())
    }

    pub fn send(&mut self) -> Result<()> {
        if self.practice {
            return Err(Error::Practice);
        }
        let Some(open) = &self.open else { return Ok(()) };
        self.line.send(&open.desk, &self.tell)
    }

    /// Sending came to its end.
    pub fn sent(&mut self, cut: Option<String>) -> Result<()> {
        let done = cut.is_none();
        self.line.standing = cut.map_or(Standing::Done, Standing::Cut);
        match &self.open {
            Some(open) if done => self.line.check(&open.desk, &self.tell),
            _ => Ok(()),
        }
    }

    pub fn show_returned(&mut self, scene: &Scene) -> Result<()> {
        let mut lines = Vec::new();
        for item in scene.items.iter().filter(|item| item.state == State::Returned) {
            let status = item.status.clone().unwrap_or_default();
            lines.push(Returned {
                paper: self.paper_of(item, &concerns::of(&scene.others, item)?),
                reason: status.reason.unwrap_or_default().into(),
                source: source_label(status.source).into(),
            });
        }
        self.with_api(|api| rows::fill(&api.get_returned(), lines));
        Ok(())
    }

    /// Makes a new draft of a paper that was returned, and opens it.
    pub fn redo(&mut self, id: i32) -> Result<()> {
        let outbox = &mut self.desk()?.outbox;
        let item = outbox.item(id.into())?;
        let new = outbox.revise(&item)?;
        self.open_again(&item, new)
    }

    /// Makes a new draft that corrects a published paper, and opens it.
    pub fn correct(&mut self, id: i32) -> Result<()> {
        let desk = self.desk()?;
        let new = correction::begin(desk, id.into(), |_| Ok(()))?;
        let item = desk.outbox.item(id.into())?;
        self.open_again(&item, new)
    }

    /// Opens the new draft of an item.
    fn open_again(&mut self, item: &Item, new: i64) -> Result<()> {
        if let Some(month) = item.draft.period {
            self.month = month;
        }
        self.paper_from = Page::Month;
        self.open()?.hands.look();
        self.open_item(new)
    }
}
