//! What the shelf's rows look like on the screen: sums and days as text, kinds as the screen's kinds.

use std::collections::BTreeMap;

use jiff::Timestamp as Instant;
use ledger::content::{self, Column, ColumnKind, Direction};
use ledger::hash::Hash;
use ledger::money::Fen;
use ledger::statement::{Reason, Role};
use ledger::time::{Date, Period, Timestamp};
use slint::{Image, ModelRc, SharedString, StyledText, VecModel};

use super::ui::{
    self, Ailment, BlockKind, BulletinLine, Category, Compared, Day, DoorKind, Flow, Ground,
    HomeDoor, Month, MonthLine, Payment, Post, Receipt, ReceiptLine, Signer, Standing, VillageDoor,
};
use crate::markdown;
use crate::shelf::{
    self, BulletinRow, MonthRow, ReceiptPage, ReceiptRow, State, Summary, Sums, TroubleKind,
    VillageRow,
};

/// Characters of a date and time to the minute: `2026-11-22T14:05`.
const MINUTE_CHARS: usize = 16;
const SECONDS_A_DAY: i64 = 86_400;
/// By how much the clock that a time was written down by may be ahead of the one that the kiosk reckons by.
const BLUR_SECONDS: i64 = 60;

pub(super) fn model<T: Clone + 'static>(rows: impl IntoIterator<Item = T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows.into_iter().collect::<Vec<T>>()))
}

/// A number for the screen, which counts to two thousand million.
pub(super) fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn month(period: Period) -> Month {
    Month { year: period.year().into(), month: period.month().into() }
}

pub(super) fn day(date: Date) -> Day {
    let Month { year, month } = month(date.period());
    Day { year, month, day: date.day().into() }
}

/// Date and time to the minute, as the clock that wrote them showed them.
pub(super) fn minute(at: &Timestamp) -> SharedString {
    at.as_str().get(..MINUTE_CHARS).unwrap_or(at.as_str()).replace('T', " ").into()
}

/// Whole days from `then` to `now` by the calendar of `now`'s clock; `None` when `now` comes first by more than a minute.
pub(super) fn days_between(then: &Timestamp, now: &Timestamp) -> Option<i32> {
    let seconds = |at: &Timestamp| at.as_str().parse::<Instant>().map(Instant::as_second).ok();
    let (from, to) = (seconds(then)?, seconds(now)?);
    let offset = seconds(&format!("{}Z", now.as_str().get(..19)?).parse().ok()?)? - to;
    let day = |second: i64| (second + offset).div_euclid(SECONDS_A_DAY);
    (to + BLUR_SECONDS >= from).then(|| i32::try_from(day(to.max(from)) - day(from)).ok())?
}

/// A fingerprint that two people can compare aloud.
pub(super) fn in_fours(hash: Hash) -> SharedString {
    let text = hash.to_string();
    let fours: Vec<&str> = (0..text.len()).step_by(4).filter_map(|i| text.get(i..i + 4)).collect();
    fours.join(" ").into()
}

/// The largest sum of these villages' newest months.
pub(super) fn largest_sum(villages: &[VillageRow]) -> Fen {
    villages.iter().flat_map(|row| [row.income, row.spending]).max().unwrap_or(Fen(0))
}

/// How long a bar is beside that of the largest sum.
fn share(sum: Fen, largest: Fen) -> f32 {
    if largest.0 > 0 { (sum.0 as f64 / largest.0 as f64) as f32 } else { 0.0 }
}

pub(super) fn door(row: &VillageRow, largest: Fen) -> VillageDoor {
    VillageDoor {
        income_share: share(row.income, largest),
        spending_share: share(row.spending, largest),
        name: row.name.as_str().into(),
        month: row.latest.map(month).unwrap_or_default(),
        income: row.income.to_string().into(),
        spending: row.spending.to_string().into(),
        receipts: count(row.receipts),
    }
}

/// A text as blocks for the screen; pictures that it does not place stand below it, each once.
pub(super) fn blocks(body: &str, pictures: usize) -> Vec<ui::Block> {
    let mut placed = vec![false; pictures];
    let mut drawn: Vec<ui::Block> = Vec::new();
    for block in markdown::blocks(body) {
        if let markdown::Block::Picture(picture) = block {
            match placed.get_mut(picture) {
                Some(placed) if !*placed => *placed = true,
                _ => continue, // there is none, or it stands above
            }
        }
        drawn.push(ui_block(block));
    }
    let left = (0..pictures).filter(|picture| !placed[*picture]);
    drawn.extend(left.map(|picture| ui_block(markdown::Block::Picture(picture))));
    drawn
}

fn ui_block(block: markdown::Block) -> ui::Block {
    use markdown::Block;
    let styled = |text: &str| {
        // What it cannot read is shown as it was written.
        StyledText::from_markdown(text).unwrap_or_else(|_| StyledText::from_plain_text(text))
    };
    let of = |kind, text: &str| ui::Block { kind, text: styled(text), ..ui::Block::default() };
    match block {
        Block::Heading { level, text } => {
            ui::Block { level: level.into(), ..of(BlockKind::Heading, &text) }
        }
        Block::Paragraph(text) => of(BlockKind::Paragraph, &text),
        Block::Item { depth, mark, text } => ui::Block {
            level: count(depth as u64),
            mark: mark.into(),
            ..of(BlockKind::Item, &text)
        },
        Block::Quote(text) => of(BlockKind::Quote, &text),
        Block::Table(rows) => {
            let cells = |row: Vec<String>| model(row.into_iter().map(SharedString::from));
            ui::Block { rows: model(rows.into_iter().map(cells)), ..of(BlockKind::Table, "") }
        }
        Block::Picture(picture) => {
            ui::Block { picture: count(picture as u64), ..of(BlockKind::Picture, "") }
        }
        Block::Rule => of(BlockKind::Rule, ""),
    }
}

/// Columns that get a door of their own on the home page.
const COLUMN_DOORS_MAX: usize = 4;

/// True for policies and what explains them.
pub(super) fn is_policy(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::Policy | ColumnKind::Explanation)
}

/// The doors of the home page: the receipts, the first columns, the policies together; all bulletins, where not every
/// column has its door; the search; and where one asks.
pub(super) fn doors(
    columns: &[Column],
    bulletins: &BTreeMap<String, u64>,
    receipts: u64,
) -> Vec<HomeDoor> {
    let within = |ids: &[&str]| count(ids.iter().filter_map(|id| bulletins.get(*id)).sum());
    let receipts = count(receipts);
    let mut doors =
        vec![HomeDoor { kind: DoorKind::Receipts, count: receipts, ..HomeDoor::default() }];
    let plain = columns.iter().enumerate().filter(|(_, column)| !is_policy(column));
    doors.extend(plain.clone().take(COLUMN_DOORS_MAX).map(|(place, column)| HomeDoor {
        kind: DoorKind::Column,
        name: column.name.as_str().into(),
        name_en: column.name_en.as_str().into(),
        count: within(&[&column.id]),
        column: count(place as u64),
    }));
    let policies: Vec<&str> =
        columns.iter().filter(|column| is_policy(column)).map(|c| c.id.as_str()).collect();
    if !policies.is_empty() {
        let count = within(&policies);
        doors.push(HomeDoor { kind: DoorKind::Policies, count, ..HomeDoor::default() });
    }
    if plain.count() > COLUMN_DOORS_MAX {
        let count = count(bulletins.values().sum());
        doors.push(HomeDoor { kind: DoorKind::AllBulletins, count, ..HomeDoor::default() });
    }
    doors.push(HomeDoor { kind: DoorKind::Search, ..HomeDoor::default() });
    doors.push(HomeDoor { kind: DoorKind::Ask, ..HomeDoor::default() });
    doors
}

/// The newest month that any village has published, over all of them; blank before there is one.
pub(super) fn together(villages: &[VillageRow]) -> MonthLine {
    let Some(newest) = villages.iter().filter_map(|village| village.latest).max() else {
        return MonthLine::default();
    };
    let there = || villages.iter().filter(|village| village.latest == Some(newest));
    let sum = |of: fn(&VillageRow) -> Fen| Fen(there().map(|village| of(village).0).sum());
    MonthLine {
        month: month(newest),
        income: sum(|village| village.income).to_string().into(),
        spending: sum(|village| village.spending).to_string().into(),
        ..MonthLine::default()
    }
}

pub(super) fn month_line(row: &MonthRow, largest: Fen) -> MonthLine {
    MonthLine {
        month: month(row.period),
        income: row.income.to_string().into(),
        spending: row.spending.to_string().into(),
        receipts: count(row.receipts),
        nothing: row.nothing,
        waiting: count(row.waiting),
        income_share: share(row.income, largest),
        spending_share: share(row.spending, largest),
    }
}

pub(super) fn flow(direction: Option<Direction>) -> Flow {
    match direction {
        Some(Direction::In) => Flow::Income,
        Some(Direction::Out) => Flow::Spending,
        None => Flow::Unknown,
    }
}

/// How a paper stands, why and when it was withdrawn, and what took its place.
pub(super) fn standing(state: &State) -> (Standing, ui::Reason, Day, i32) {
    match state {
        State::Shown => (Standing::Shown, ui::Reason::None, Day::default(), -1),
        State::Corrected { by } => {
            (Standing::Corrected, ui::Reason::None, Day::default(), count(*by))
        }
        State::Withdrawn { reason, at } => {
            let reason = match reason {
                Reason::Personal => ui::Reason::Personal,
                Reason::Mistaken => ui::Reason::Mistaken,
                Reason::Abuse => ui::Reason::Abuse,
                Reason::Duplicate => ui::Reason::Duplicate,
                Reason::Ordered => ui::Reason::Ordered,
                Reason::OnRequest => ui::Reason::OnRequest,
                Reason::Withheld => ui::Reason::Withheld,
            };
            (Standing::Withdrawn, reason, day(at.date()), -1)
        }
    }
}

pub(super) fn receipt_line(row: &ReceiptRow) -> ReceiptLine {
    ReceiptLine {
        number: count(row.index),
        day: day(row.date),
        purpose: row.purpose.as_str().into(),
        payee: row.payee.as_str().into(),
        amount: row.amount.to_string().into(),
        flow: flow(row.direction),
        standing: standing(&row.state).0,
        bare: row.thumb.is_none() && row.direction.is_some(),
        has_picture: false,
        thumb: Image::default(),
    }
}

pub(super) fn summary(found: &Summary) -> ui::Summary {
    let largest = found.by_category.first().map_or(Fen(0), |(_, sum)| *sum);
    let category = |(name, sum): &(String, Fen)| Category {
        name: name.as_str().into(),
        sum: sum.to_string().into(),
        share: share(*sum, largest),
    };
    let now = Sums { income: found.income, spending: found.spending, receipts: found.receipts };
    let mut months = vec![(found.period, Some(now))];
    for (back, sums) in [(-1, found.month_before), (-12, found.year_before)] {
        let earlier = found.period.later(back);
        if earlier < found.period {
            months.push((earlier, sums));
        }
    }
    let sums = months.iter().filter_map(|(_, sums)| sums.as_ref());
    let largest = sums.flat_map(|sums| [sums.income, sums.spending]).max().unwrap_or(Fen(0));
    ui::Summary {
        nothing: found.nothing,
        closed_on: found.closed.as_ref().map(|closed| day(closed.at.date())).unwrap_or_default(),
        added_later: count(found.closed.as_ref().map_or(0, |closed| closed.added_later)),
        categories: model(found.by_category.iter().map(category)),
        compared: model(months.iter().map(|(period, sums)| compared(*period, *sums, largest))),
    }
}

fn compared(period: Period, sums: Option<Sums>, largest: Fen) -> Compared {
    let Some(sums) = sums else { return Compared { month: month(period), ..Compared::default() } };
    Compared {
        month: month(period),
        known: true,
        income: sums.income.to_string().into(),
        spending: sums.spending.to_string().into(),
        income_share: share(sums.income, largest),
        spending_share: share(sums.spending, largest),
    }
}

pub(super) fn version(version: &shelf::Version, shown: u64) -> ui::Version {
    ui::Version {
        number: count(version.index),
        day: day(version.date),
        standing: standing(&version.state).0,
        now: version.index == shown,
    }
}

pub(super) fn bulletin_line(row: &BulletinRow) -> BulletinLine {
    BulletinLine {
        number: count(row.index),
        column: row.column_name.as_str().into(),
        column_en: row.column_name_en.as_str().into(),
        title: row.title.as_str().into(),
        place: row.village_name.as_str().into(),
        day: day(row.date),
    }
}

pub(super) fn receipt(page: &ReceiptPage) -> Receipt {
    let (standing, reason, withdrawn_on, corrected_by) = standing(&page.state);
    let blank = Receipt {
        number: count(page.index),
        village: page.village_name.as_str().into(),
        month: month(page.period),
        standing,
        corrected_by,
        corrects: page.corrects.map_or(-1, count),
        reason,
        withdrawn_on,
        ..Receipt::default()
    };
    let Some(content) = &page.content else { return blank };
    let invoice = content.invoice.as_ref();
    Receipt {
        flow: flow(Some(content.direction)),
        amount: content.amount.to_string().into(),
        day: day(content.date),
        purpose: content.purpose.as_str().into(),
        payee: content.payee.as_str().into(),
        category: content.category.as_str().into(),
        handler: content.handler.as_str().into(),
        witness: content.witness.as_str().into(),
        supervisor: content.supervisor.as_str().into(),
        approver: content.approver.as_str().into(),
        recipient: content.recipient.as_str().into(),
        payment: match content.payment {
            Some(content::Payment::Transfer) => Payment::Transfer,
            Some(content::Payment::Cash) => Payment::Cash,
            None => Payment::Unsaid,
        },
        resolution: content.resolution.as_str().into(),
        covered: grounds(&content.images),
        invoice: invoice.map(|i| i.number.as_str()).unwrap_or_default().into(),
        invoice_code: invoice.map(|i| i.code.as_str()).unwrap_or_default().into(),
        pictures: count(content.images.len() as u64),
        ..blank
    }
}

/// Why something on the pictures is covered, each ground once.
fn grounds(images: &[content::ImageRef]) -> ModelRc<Ground> {
    let mut grounds = Vec::new();
    for cover in images.iter().flat_map(|image| &image.covered) {
        let ground = match cover.ground {
            content::Ground::Identity => Ground::Identity,
            content::Ground::Phone => Ground::Phone,
            content::Ground::Bank => Ground::Bank,
            content::Ground::Address => Ground::Address,
            content::Ground::Health => Ground::Health,
            content::Ground::Minor => Ground::Minor,
            content::Ground::Other => Ground::Other,
        };
        if !grounds.contains(&ground) {
            grounds.push(ground);
        }
    }
    ModelRc::new(VecModel::from(grounds))
}

pub(super) fn signer(signer: &shelf::Signer) -> Signer {
    Signer {
        holder: signer.holder.as_str().into(),
        title: signer.post.as_str().into(),
        post: match signer.role {
            Role::Accountant => Post::Accountant,
            Role::Supervisor => Post::Supervisor,
            Role::Office => Post::Office,
        },
        key: signer.key.as_str().into(),
    }
}

pub(super) fn ailment(kind: TroubleKind) -> Ailment {
    match kind {
        TroubleKind::Rollback => Ailment::Rollback,
        TroubleKind::Fork => Ailment::Fork,
        TroubleKind::BadSignature => Ailment::BadSignature,
        TroubleKind::Unwitnessed => Ailment::Unwitnessed,
        TroubleKind::BadHash => Ailment::BadHash,
        TroubleKind::BadFormat => Ailment::BadFormat,
        TroubleKind::Unreachable => Ailment::Unreachable,
        TroubleKind::TooLarge => Ailment::TooLarge,
        TroubleKind::WrongKey => Ailment::WrongKey,
        TroubleKind::Disk => Ailment::Disk,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn days(then: &str, now: &str) -> Option<i32> {
        days_between(&then.parse().unwrap(), &now.parse().unwrap())
    }

    #[test]
    fn days_are_those_of_the_calendar_on_the_wall() {
        let noon = "2026-11-22T12:00:00+08:00";
        assert_eq!(days(noon, "2026-11-22T23:59:59+08:00"), Some(0));
        assert_eq!(days(noon, "2026-11-22T11:59:59+08:00"), Some(0), "it was just now");
        assert_eq!(days(noon, "2026-11-23T00:00:00+08:00"), Some(1));
        assert_eq!(days("2026-11-21T17:00:00Z", noon), Some(0));
        assert_eq!(days("2026-11-21T15:00:00Z", noon), Some(1));
    }

    #[test]
    fn a_clock_that_went_back_says_nothing_about_age() {
        assert_eq!(days("2026-11-22T12:00:00+08:00", "2020-01-01T00:00:00+08:00"), None);
    }
}
