//! The month page: its papers as a contact sheet, its sums, and the ways that photos come in.

use super::news::News;
use super::room::{Room, Scene, count};
use super::rows;
use crate::concerns;
use crate::error::Result;
use crate::item::{Item, Kind, State};
use crate::say;
use ledger::content::Direction;
use ledger::money::Fen;
use ledger::time::Period;
use mingbai_uploader_ui::{Month, Page, Paper, Standing};
use rfd::AsyncFileDialog;
use std::path::PathBuf;

/// Until this day of the month, accounts are still of the month before.
const LATE_UNTIL: i8 = 10;

/// The month that the calendar says.
pub fn this_month() -> Period {
    let today = jiff::Zoned::now().date();
    let month = format!("{:04}-{:02}", today.year(), today.month());
    let month: Period = month.parse().unwrap_or(Period::FIRST);
    if today.day() <= LATE_UNTIL { month.later(-1) } else { month }
}

/// The month to show first: where papers are unsigned, or else as the calendar says.
pub fn to_begin_with(items: &[Item]) -> Period {
    let drafts = items.iter().filter(|item| item.state == State::Draft);
    drafts.filter_map(|item| item.draft.period).max().unwrap_or_else(this_month)
}

/// The sums of papers that count: income, spending.
pub fn sums<'a>(items: impl Iterator<Item = &'a Item>) -> (Fen, Fen) {
    let mut sums = (Fen(0), Fen(0));
    for item in items {
        let sum = match item.draft.direction() {
            Direction::In => &mut sums.0,
            Direction::Out => &mut sums.1,
        };
        *sum = *sum + item.draft.amount.unwrap_or(Fen(0));
    }
    sums
}

impl Room {
    /// Whether an item is on the month's sheet. What has no month yet is on every one, so that it is not overlooked.
    pub fn on_sheet(&self, item: &Item) -> bool {
        item.in_work() && item.draft.period.is_none_or(|period| period == self.month)
    }

    pub fn show_month(&mut self, scene: &Scene) -> Result<()> {
        let sheet: Vec<&Item> = scene.items.iter().filter(|item| self.on_sheet(item)).collect();
        let mut papers: Vec<Paper> = Vec::new();
        for item in &sheet {
            papers.push(self.paper_of(item, &concerns::of(&scene.others, item)?));
        }
        // Of the versions of one receipt the newest counts.
        let counts = sheet.iter().filter(|item| !self.newer.contains_key(&item.id));
        let (income, spending) = sums(counts.copied());
        let desk = self.desk()?;
        let keeper = format!("{} {}", desk.outbox.setting("name")?, desk.village()?);
        let of = |standing| count(papers.iter().filter(|p| p.standing == standing).count());
        let in_state = |s| count(scene.items.iter().filter(|item| item.state == s).count());
        let (open, ready) = (of(Standing::Open), of(Standing::Ready));
        let month = self.month;
        self.with_api(|api| {
            api.set_village(keeper.into());
            api.set_month(Month { year: month.year().into(), month: month.month().into() });
            api.set_income(income.to_string().into());
            api.set_spending(spending.to_string().into());
            api.set_open_count(open);
            api.set_ready_count(ready);
            api.set_signed_count(in_state(State::Signed));
            api.set_returned_count(in_state(State::Returned));
            if api.get_chosen() >= count(papers.len()) {
                api.set_chosen(count(papers.len()).saturating_sub(1).max(0));
            }
            rows::fill(&api.get_papers(), papers);
        });
        Ok(())
    }

    /// Asks for photos that lie on this computer.
    pub fn add_photos(&mut self) -> Result<()> {
        let dialog = AsyncFileDialog::new()
            .set_title(say!("选票据照片"))
            .add_filter(say!("照片"), &["jpg", "jpeg", "png", "webp", "JPG", "JPEG", "PNG"]);
        self.ask_for(async move {
            let files = dialog.pick_files().await;
            files.map(|files| News::Photos(files.iter().map(|f| f.path().into()).collect()))
        })
    }

    /// Has photos taken in, each as a receipt of the month on the screen.
    pub fn take(&mut self, photos: Vec<PathBuf>) -> Result<()> {
        let known = self.known();
        self.open()?.hands.take(photos, known);
        if self.page != Page::Paper {
            self.page = Page::Month;
        }
        Ok(())
    }

    pub fn turn_month(&mut self, by: i32) -> Result<()> {
        self.month = self.month.later(by);
        self.thumbs.clear();
        self.with_api(|api| api.set_chosen(0));
        self.tell_phone_month();
        Ok(())
    }

    /// States that the month on the screen had no receipts.
    pub fn state_nothing(&mut self) -> Result<()> {
        let month = self.month;
        if let Err(id) = self.desk()?.outbox.add_nothing(month)? {
            self.say(&say!("{period} 的声明已经有了：第 {id} 号", id = id, period = month));
        }
        Ok(())
    }

    /// Opens the paper at a place of the sheet.
    pub fn open_paper(&mut self, at: i32) -> Result<()> {
        let items = self.desk()?.outbox.items()?;
        let sheet = items.iter().filter(|item| self.on_sheet(item));
        let Some(item) = usize::try_from(at).ok().and_then(|at| { sheet }.nth(at)) else {
            return Ok(());
        };
        if self.picking.is_some() {
            let id = item.id;
            return self.picked(id);
        }
        if item.kind == Kind::Nothing && item.state == State::Draft {
            // There is nothing to fill in.
            return self.go(Page::Sign);
        }
        let id = item.id;
        self.open_item(id)
    }
}
