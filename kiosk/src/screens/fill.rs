//! What each page shows: rows and pages of the shelf, turned into what the screen draws.

use std::rc::Rc;

use ledger::content::ImageRef;
use ledger::money::Fen;
use ledger::place::Village;
use ledger::time::Period;
use slint::{Image, Model, ModelRc, SharedString};

use super::draw::{
    ailment, blocks, bulletin_line, count, day, days_between, door, doors, in_fours, is_policy,
    largest_sum, minute, model, month, month_line, receipt, signer, standing, summary, together,
    version,
};
use super::receipts::ReceiptList;
use super::ui::{
    Ailment, Bulletin, BulletinPicture, ColumnTab, DoorKind, Freshness, Month, MonthLine, Page,
    Proof, Receipt, Scan,
};
use super::{Columns, Paper, Place, Screens, index};
use crate::scan::darkroom::Order;
use crate::shelf::{ReceiptRow, ShelfError, VillageRow};

/// Side of a list's picture in `px`, as `ui/pages/month.slint` draws it.
const THUMB_PX: f32 = 144.0;
/// The most that a bulletin's picture takes, in `px`.
const FIGURE_PX: (f32, f32) = (1000.0, 1000.0);
/// `Api.column` for every column.
const ALL_COLUMNS: i32 = -1;
/// `Api.column` for policies and what explains them.
const POLICY_COLUMNS: i32 = -2;

impl Screens {
    /// Fills and opens the page of `place`.
    pub(super) fn fill(&self, place: &Place) -> Result<(), ShelfError> {
        let page = match place {
            Place::Attract => self.fill_attract()?,
            Place::Emergency(index) => self.fill_emergency(*index)?,
            Place::Home => self.fill_home()?,
            Place::Villages => self.fill_villages()?,
            Place::Village(village) => self.fill_village(*village)?,
            Place::Month(village, period) => self.fill_month(*village, *period)?,
            Place::Summary(village, period) => self.fill_summary(*village, *period)?,
            Place::Receipt(index) => self.fill_receipt(*index)?,
            Place::Bulletins(columns) => self.fill_bulletins(columns)?,
            Place::Bulletin(index) => self.fill_bulletin(*index)?,
            Place::Picture(paper, picture) => self.fill_picture(*paper, *picture)?,
            Place::Seal(paper) => self.fill_seal(*paper)?,
            Place::Status => Page::Status,
            Place::Comfort => Page::Comfort,
            Place::Search => self.fill_search()?,
            Place::Questions(paper) => self.fill_questions(*paper)?,
            Place::Ask(about) => self.fill_ask(*about)?,
            Place::Slip(slip) => self.fill_slip(slip),
        };
        self.api().set_page(page);
        Ok(())
    }

    /// Says that this machine's own disk fails.
    pub(super) fn fill_broken(&self, error: &ShelfError) {
        let mut freshness = self.api().get_freshness();
        freshness.ailment = Ailment::Disk;
        freshness.detail = error.to_string().into();
        self.api().set_freshness(freshness);
        self.api().set_page(Page::Status);
    }

    pub(super) fn fill_freshness(&self) {
        let Ok(fresh) = self.shelf.freshness() else { return };
        let trouble = fresh.trouble.as_ref();
        let now = self.now();
        let silent = fresh.silent_days(&now).and_then(|days| i32::try_from(days).ok()).unwrap_or(0);
        let witnesses = self.shelf.witnesses().unwrap_or_default();
        let names: Vec<&str> = witnesses.iter().map(|witness| witness.name.as_str()).collect();
        self.api().set_freshness(Freshness {
            stale_days: if fresh.is_stale(&now, self.options.stale_days) { silent } else { 0 },
            witnesses: names.join("、").into(),
            checked: fresh.checked_at.as_ref().map(minute).unwrap_or_default(),
            newest: fresh.newest.as_ref().map(|at| day(at.date())).unwrap_or_default(),
            size: count(fresh.size),
            refused: count(fresh.refused),
            waiting: count(fresh.waiting),
            age_days: fresh.checked_at.as_ref().and_then(|at| days_between(at, &now)).unwrap_or(-1),
            ailment: trouble.map_or(Ailment::None, |trouble| ailment(trouble.kind)),
            dishonest: trouble.is_some_and(|trouble| trouble.kind.is_dishonest()),
            detail: trouble.map(|trouble| trouble.detail.as_str()).unwrap_or_default().into(),
            ailing_since: trouble.map(|trouble| minute(&trouble.at)).unwrap_or_default(),
        });
    }

    fn fill_home(&self) -> Result<Page, ShelfError> {
        let Some(township) = self.shelf.township()? else { return Ok(Page::Empty) };
        let api = self.api();
        let villages = self.shelf.villages()?;
        let receipts = villages.iter().map(|village| village.receipts).sum();
        api.set_township(township.name.into());
        api.set_doors(model(doors(&township.columns, &self.shelf.bulletin_counts()?, receipts)));
        api.set_town_month(together(&villages));
        Ok(Page::Home)
    }

    fn fill_villages(&self) -> Result<Page, ShelfError> {
        self.list_villages()?;
        Ok(Page::Villages)
    }

    /// Lists the villages, their sums beside the largest of them.
    pub(super) fn list_villages(&self) -> Result<Vec<VillageRow>, ShelfError> {
        let villages = self.shelf.villages()?;
        let largest = largest_sum(&villages);
        self.api().set_villages(model(villages.iter().map(|row| door(row, largest))));
        Ok(villages)
    }

    fn fill_village(&self, village: Village) -> Result<Page, ShelfError> {
        let villages = self.shelf.villages()?;
        let found = villages.iter().find(|row| row.code == village);
        let months = self.shelf.months(village)?;
        let largest = months.iter().flat_map(|m| [m.income, m.spending]).max().unwrap_or(Fen(0));
        let api = self.api();
        api.set_village(found.map(|row| door(row, Fen(0))).unwrap_or_default());
        api.set_months(model(months.iter().map(|row| month_line(row, largest))));
        Ok(Page::Village)
    }

    fn fill_month(&self, village: Village, period: Period) -> Result<Page, ShelfError> {
        self.name_month(village, period)?;
        self.list_receipts(&self.shelf.receipts(village, period)?);
        Ok(Page::Month)
    }

    /// The village, the month and its sums, as its two pages tell them.
    fn name_month(&self, village: Village, period: Period) -> Result<(), ShelfError> {
        self.fill_village(village)?;
        let months = self.shelf.months(village)?;
        let found = months.iter().find(|row| row.period == period);
        let line = found.map(|row| month_line(row, Fen(0)));
        self.api().set_month(
            line.unwrap_or_else(|| MonthLine { month: month(period), ..MonthLine::default() }),
        );
        Ok(())
    }

    fn fill_summary(&self, village: Village, period: Period) -> Result<Page, ShelfError> {
        self.name_month(village, period)?;
        let found = self.shelf.summary(village, period)?;
        self.api().set_summary(summary(&found));
        self.list_receipts(&found.largest);
        Ok(Page::Summary)
    }

    /// Lists receipts.
    fn list_receipts(&self, receipts: &[ReceiptRow]) {
        let api = self.api();
        let (serial, side) = (api.get_serial(), (THUMB_PX * api.get_dots()) as u32);
        let list = ReceiptList::new(receipts, Rc::clone(&self.darkroom), serial, side);
        let before = api.get_receipts();
        if let Some(before) = before.as_any().downcast_ref() {
            list.take_pictures(before);
        }
        api.set_receipts(ModelRc::new(list));
    }

    fn fill_emergency(&self, index: u64) -> Result<Page, ShelfError> {
        Ok(match self.fill_bulletin(index)? {
            Page::Bulletin if !self.api().get_bulletin().waiting => Page::Emergency,
            other => other,
        })
    }

    fn fill_receipt(&self, index: u64) -> Result<Page, ShelfError> {
        let api = self.api();
        let Some(page) = self.shelf.receipt(index)? else {
            api.set_receipt(Receipt {
                number: count(index),
                month: Month { year: 0, month: 1 },
                waiting: true,
                corrects: -1,
                corrected_by: -1,
                ..Receipt::default()
            });
            api.set_signers(ModelRc::default());
            return Ok(Page::Receipt);
        };
        api.set_receipt(receipt(&page));
        self.count_questions(index)?;
        api.set_signers(model(page.signers.iter().map(signer)));
        let versions = self.shelf.versions(index)?;
        api.set_versions(model(versions.iter().map(|one| version(one, index))));
        let images = page.content.as_ref().map(|content| content.images.clone());
        self.pictures.replace(images.unwrap_or_default());
        self.shown.replace(Some(page));
        self.show_picture(0);
        Ok(Page::Receipt)
    }

    /// Opens one of the paper's pictures.
    pub(super) fn show_picture(&self, picture: i32) {
        self.activity();
        let api = self.api();
        let pictures = self.pictures.borrow();
        let image = at(&pictures, picture);
        api.set_scan_picture(picture);
        api.set_scan(Scan { missing: image.is_none(), ..Scan::default() });
        if let Some(image) = image {
            if !self.shelf.blob(image.sha256).exists() {
                self.options.orders.picture(image.sha256);
            }
            self.darkroom.order(Order::Open { serial: api.get_serial(), hash: image.sha256 });
        }
    }

    /// Opens the picture that was missing, if it has come meanwhile.
    pub(super) fn open_what_came(&self) {
        let api = self.api();
        let shown = self.shown.borrow();
        let content = shown.as_ref().and_then(|page| page.content.as_ref());
        let chosen = usize::try_from(api.get_scan_picture()).ok();
        let image = content.zip(chosen).and_then(|(content, chosen)| content.images.get(chosen));
        let came =
            image.filter(|image| api.get_scan().missing && self.shelf.blob(image.sha256).exists());
        if let Some(image) = came {
            self.darkroom.order(Order::Open { serial: api.get_serial(), hash: image.sha256 });
        }
    }

    fn fill_bulletins(&self, chosen: &Columns) -> Result<Page, ShelfError> {
        let columns = self.shelf.columns()?;
        let one = match chosen {
            Columns::One(id) => Some(id.as_str()),
            Columns::All | Columns::Policies => None,
        };
        let mut rows = self.shelf.bulletins(one)?;
        if *chosen == Columns::Policies {
            let policy = |id: &str| columns.iter().find(|c| c.id == id).is_some_and(is_policy);
            rows.retain(|row| policy(&row.column));
        }
        let place = match chosen {
            Columns::All => Some(ALL_COLUMNS),
            Columns::Policies => Some(POLICY_COLUMNS),
            Columns::One(id) => {
                let at = columns.iter().position(|column| column.id == *id);
                at.and_then(|at| i32::try_from(at).ok())
            }
        };
        let api = self.api();
        api.set_columns(model(columns.iter().map(|column| ColumnTab {
            name: column.name.as_str().into(),
            name_en: column.name_en.as_str().into(),
        })));
        api.set_column(place.unwrap_or(ALL_COLUMNS));
        api.set_bulletins(model(rows.iter().map(bulletin_line)));
        Ok(Page::Bulletins)
    }

    fn column_names(&self, id: &str) -> Result<(SharedString, SharedString), ShelfError> {
        let found = self.shelf.columns()?.into_iter().find(|column| column.id == id);
        Ok(found.map_or_else(
            || (id.into(), SharedString::new()),
            |column| (column.name.into(), column.name_en.into()),
        ))
    }

    fn fill_bulletin(&self, index: u64) -> Result<Page, ShelfError> {
        let api = self.api();
        api.set_bulletin_pictures(ModelRc::default());
        api.set_blocks(ModelRc::default());
        api.set_related(ModelRc::default());
        api.set_proof(Proof { number: count(index), ..Proof::default() });
        let Some(page) = self.shelf.bulletin(index)? else {
            api.set_bulletin(Bulletin { waiting: true, ..Bulletin::default() });
            api.set_signers(ModelRc::default());
            return Ok(Page::Bulletin);
        };
        self.count_questions(index)?;
        api.set_signers(model(page.signers.iter().map(signer)));
        api.set_related(model(page.explains.iter().chain(&page.explained_by).map(bulletin_line)));
        let (standing, reason, withdrawn_on, _) = standing(&page.state);
        let mut bulletin = Bulletin {
            place: page.village_name.as_str().into(),
            day: day(page.signed_at.date()),
            standing,
            reason,
            withdrawn_on,
            ..Bulletin::default()
        };
        if let Some(content) = page.content {
            (bulletin.column, bulletin.column_en) = self.column_names(&content.column)?;
            bulletin.title = content.title.into();
            bulletin.unit = content.unit.as_str().into();
            bulletin.source = content
                .source
                .as_ref()
                .map(|source| source.name.as_str().into())
                .unwrap_or_default();
            bulletin.videos = count(content.videos.len() as u64);
            api.set_blocks(model(blocks(&content.body, content.images.len())));
            let blank = |_: &_| BulletinPicture { picture: Image::default(), has_picture: false };
            api.set_bulletin_pictures(model(content.images.iter().map(blank)));
            let (serial, dots) = (api.get_serial(), api.get_dots());
            let (width, height) = ((FIGURE_PX.0 * dots) as u32, (FIGURE_PX.1 * dots) as u32);
            for (row, image) in content.images.iter().enumerate() {
                let hash = image.sha256;
                self.darkroom.order(Order::Figure { serial, row, hash, width, height });
            }
        }
        api.set_bulletin(bulletin);
        Ok(Page::Bulletin)
    }

    /// What a paper is called, and its pictures; `None` when they are not to be seen (any more).
    pub(super) fn pictures_of(
        &self,
        paper: Paper,
    ) -> Result<Option<(String, Vec<ImageRef>)>, ShelfError> {
        Ok(match paper {
            Paper::Receipt(index) => {
                let content = self.shelf.receipt(index)?.and_then(|page| page.content);
                content.map(|content| (content.purpose, content.images))
            }
            Paper::Bulletin(index) => {
                let content = self.shelf.bulletin(index)?.and_then(|page| page.content);
                content.map(|content| (content.title, content.images))
            }
        })
    }

    fn fill_picture(&self, paper: Paper, picture: usize) -> Result<Page, ShelfError> {
        let found = self.pictures_of(paper)?;
        let Some((title, images)) = found else { return Ok(Page::Status) };
        let api = self.api();
        api.set_picture_title(title.into());
        api.set_picture_count(count(images.len() as u64));
        self.pictures.replace(images);
        self.show_picture(count(picture as u64));
        Ok(Page::Picture)
    }

    pub(super) fn open_picture(&self, picture: i32) {
        let Ok(picture) = usize::try_from(picture) else { return };
        match self.place() {
            Place::Receipt(index) => self.go(Place::Picture(Paper::Receipt(index), picture)),
            Place::Bulletin(index) | Place::Emergency(index) => {
                self.go(Place::Picture(Paper::Bulletin(index), picture));
            }
            _ => {}
        }
    }

    pub(super) fn open_summary(&self) {
        if let Place::Month(village, period) = self.place() {
            self.go(Place::Summary(village, period));
        }
    }

    pub(super) fn open_related(&self, row: i32) {
        let shown = self.api().get_related();
        let line = usize::try_from(row).ok().and_then(|i| shown.row_data(i));
        if let Some(line) = line {
            self.go(Place::Bulletin(index(line.number)));
        }
    }

    fn fill_seal(&self, paper: Paper) -> Result<Page, ShelfError> {
        let proof = match paper {
            Paper::Receipt(index) => self.shelf.receipt(index)?.map(|page| {
                let signed = (page.village_name, page.signed_at, page.signers);
                (index, signed, page.log_size, page.root, page.entry_hash)
            }),
            Paper::Bulletin(index) => self.shelf.bulletin(index)?.map(|page| {
                let signed = (page.village_name, page.signed_at, page.signers);
                (index, signed, page.log_size, page.root, page.entry_hash)
            }),
        };
        let Some((index, (village, signed_at, signers), log_size, root, entry)) = proof else {
            return Ok(Page::Status);
        };
        self.api().set_signers(model(signers.iter().map(signer)));
        self.api().set_proof(Proof {
            number: count(index),
            village: village.into(),
            signed_on: day(signed_at.date()),
            log_size: count(log_size),
            root: in_fours(root),
            entry: in_fours(entry),
        });
        Ok(Page::Seal)
    }

    pub(super) fn open_seal(&self) {
        match self.place() {
            Place::Receipt(index) => self.go(Place::Seal(Paper::Receipt(index))),
            Place::Bulletin(index) => self.go(Place::Seal(Paper::Bulletin(index))),
            _ => {}
        }
    }

    /// Opens a page that the bar leads to, unless it is open.
    pub(super) fn open_once(&self, place: Place) {
        if self.place() != place {
            self.go(place);
        }
    }

    pub(super) fn open_door(&self, row: i32) {
        let shown = self.api().get_doors();
        let Some(door) = usize::try_from(row).ok().and_then(|i| shown.row_data(i)) else { return };
        match door.kind {
            DoorKind::Receipts => self.go(Place::Villages),
            DoorKind::Search => self.go(Place::Search),
            DoorKind::Ask => self.begin_question(None),
            DoorKind::Policies => self.go(Place::Bulletins(Columns::Policies)),
            DoorKind::AllBulletins => self.go(Place::Bulletins(Columns::All)),
            DoorKind::Column => {
                let columns = self.shelf.columns().unwrap_or_default();
                if let Some(column) = at(&columns, door.column) {
                    self.go(Place::Bulletins(Columns::One(column.id.clone())));
                }
            }
        }
    }

    pub(super) fn open_village(&self, row: i32) {
        let villages = self.shelf.villages().unwrap_or_default();
        if let Some(village) = at(&villages, row) {
            self.go(Place::Village(village.code));
        }
    }

    pub(super) fn open_month(&self, row: i32) {
        let Place::Village(village) = self.place() else { return };
        // By its date and not by its place in the list, which a sync may have moved.
        let shown = self.api().get_months();
        let Some(line) = usize::try_from(row).ok().and_then(|i| shown.row_data(i)) else {
            return;
        };
        let text = format!("{:04}-{:02}", line.month.year, line.month.month);
        if let Ok(period) = text.parse() {
            self.go(Place::Month(village, period));
        }
    }

    pub(super) fn open_receipt(&self, row: i32) {
        let shown = self.api().get_receipts();
        let line = usize::try_from(row).ok().and_then(|i| shown.row_data(i));
        if let Some(line) = line {
            self.go(Place::Receipt(index(line.number)));
        }
    }

    pub(super) fn open_column(&self, row: i32) {
        let columns = self.shelf.columns().unwrap_or_default();
        let one = at(&columns, row).map(|column| Columns::One(column.id.clone()));
        self.choose_columns(one.unwrap_or(Columns::All));
    }

    pub(super) fn open_bulletin(&self, row: i32) {
        let shown = self.api().get_bulletins();
        let line = usize::try_from(row).ok().and_then(|i| shown.row_data(i));
        if let Some(line) = line {
            self.go(Place::Bulletin(index(line.number)));
        }
    }
}

fn at<T>(rows: &[T], row: i32) -> Option<&T> {
    rows.get(usize::try_from(row).ok()?)
}
