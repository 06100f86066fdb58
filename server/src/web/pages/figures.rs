//! What the township disclosed of a month, village by village: the figures of its own inspection, for everybody to read.

use askama::Template;
use jiff::civil::Date;
use ledger::time::Period;
use rusqlite::Connection;

use super::{Frame, Rendered};
use crate::assess;
use crate::deadlines::Standing;
use crate::month::{self, Progress, VillageMonth};
use crate::rulebook::Rulebook;
use crate::signoff;
use crate::web::words::Words;

/// A village in the month.
struct Row {
    place: String,
    link: String,
    progress: &'static str,
    standing: String,
    late: bool,
    receipts: u64,
    spent: String,
    received: String,
    unpapered: usize,
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Figures {
    f: Frame,
    month: String,
    why: String,
    receipts: u64,
    bulletins: u64,
    spent: String,
    received: String,
    rows: Vec<Row>,
    /// What the inspection found amiss, and how many.
    findings: Vec<(&'static str, usize)>,
    signed: Option<(String, String)>,
    earlier: Option<Period>,
    later: Option<Period>,
}

/// A month's figures: of the newest one that is over, unless a month is asked for.
pub fn figures(
    db: &Connection,
    frame: Frame,
    book: &Rulebook,
    asked: Option<Period>,
    today: Date,
) -> Rendered {
    let months = month::past_months(db, today)?;
    let at = match asked {
        Some(asked) => months.iter().position(|month| *month == asked),
        None => months.len().checked_sub(1),
    };
    let Some(at) = at else { return Ok(None) };
    let (w, period) = (frame.w, months[at]);
    let (found, mut villages) = assess::inspect_villages(db, book, period, today)?;
    villages.sort_by_key(|(month, _)| rank(month));
    let signed = signoff::signed_off(db, period)?;
    let (month, title) = (w.month(&period), w.t("各村公开情况"));
    super::rendered(&Figures {
        rows: villages.iter().map(|(month, unpapered)| row(w, month, *unpapered)).collect(),
        why: book.month_due(period).why.said(&w),
        receipts: found.receipts,
        bulletins: found.bulletins,
        spent: w.money(&found.spent),
        received: w.money(&found.received),
        findings: vec![
            (w.t("逾期或结账晚了的村"), found.late.len()),
            (w.t("没有动静的村"), found.silent.len()),
            (w.t("没有票据的"), found.unpapered.len()),
            (w.t("空白栏目"), found.empty_columns.len()),
            (w.t("半年没有更新的栏目"), found.stale_columns.len()),
            (w.t("有打不开的链接的公告"), found.dead_links.len()),
            (w.t("五个以上工作日没有消息的屏幕"), found.silent_kiosks.len()),
        ],
        signed: signed
            .and_then(|signed| Some((signed.name, w.moment_day(&signed.time.parse().ok()?)))),
        earlier: at.checked_sub(1).map(|at| months[at]),
        later: months.get(at + 1).copied(),
        f: frame
            .titled(&format!("{title} {month}"), w.t("每个村这个月公开了多少，按时没有。"))
            .shown_as(&format!("/figures/{period}"), None),
        month,
    })
}

fn row(w: Words, month: &VillageMonth, unpapered: usize) -> Row {
    Row {
        place: month.name.clone(),
        link: w.link(&format!("/v/{}/{}", month.village, month.period)),
        progress: progress(w, month.progress),
        standing: standing(w, month),
        late: month.is_late(),
        receipts: month.receipts,
        spent: w.money(&month.spent),
        received: w.money(&month.received),
        unpapered,
    }
}

/// Who was in time stands first, who is late last; the sooner the better.
fn rank(month: &VillageMonth) -> (u8, Option<String>) {
    let place = match (month.closed, month.is_late()) {
        (Some(_), false) => 0,
        (Some(_), true) => 1,
        (None, false) => 2,
        (None, true) => 3,
    };
    (place, month.closed.map(|closed| closed.on.to_string()))
}

/// How far a village's month has come, in words.
pub fn progress(w: Words, progress: Progress) -> &'static str {
    match progress {
        Progress::Silent => w.t("没有动静"),
        Progress::Open => w.t("没有结账"),
        Progress::Published => w.t("已结账"),
        Progress::Nil => w.t("已结账（无收支）"),
    }
}

/// How a village's month stands against its deadline, in words.
pub fn standing(w: Words, month: &VillageMonth) -> String {
    match (month.closed, month.standing) {
        (Some(_), Standing::Late { days }) => w.one("晚了 {n} 天", &days),
        (Some(_), _) => w.t("按时").to_owned(),
        (None, Standing::Late { days }) => w.one("已逾期 {n} 天", &days),
        (None, Standing::DueToday) => w.t("今天到期").to_owned(),
        (None, Standing::InTime { days_left }) => w.one("还有 {n} 天", &days_left),
    }
}
