//! The accounts: the villages, a village's months, a month's receipts.

use askama::Template;
use ledger::time::Period;
use rusqlite::Connection;

use super::compare::{Bar, Beside, Year, bars, beside, largest, years};
use super::record::reason_words;
use super::{Frame, Rendered};
use crate::clock;
use crate::month;
use crate::view::{self, BulletinLine, Door, Gone, Line, Month, MonthState, Totals, Which};
use crate::web::words::Words;

/// Bulletins under the villages.
const BULLETINS_HOME: usize = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    f: Frame,
    alarms: Vec<BulletinLine>,
    doors: Vec<Door>,
    bulletins: Vec<BulletinLine>,
    /// Whether there are figures of a month that is over.
    figures: bool,
}

/// The villages and the newest bulletins.
pub fn home(db: &Connection, frame: Frame) -> Rendered {
    let which = Which { limit: BULLETINS_HOME, now: frame.now, ..Which::default() };
    let alarms = view::emergencies(db, None, frame.now)?;
    let w = frame.w;
    let f = frame
        .titled(w.t("明白账"), w.t("各村每一笔收支的票据，签名公布，谁都可以核对。"))
        .shown_as("/", None);
    let (doors, bulletins) = (view::doors(db)?, view::bulletins(db, which)?);
    let figures = !month::past_months(db, clock::today())?.is_empty();
    let page = Home { f, alarms, doors, bulletins, figures };
    super::rendered(&page)
}

#[derive(Template)]
#[template(path = "village.html")]
struct Village<'a> {
    f: Frame,
    code: &'a str,
    name: String,
    alarms: Vec<BulletinLine>,
    months: Vec<Month>,
    years: Vec<Year>,
    bulletins: Vec<BulletinLine>,
}

/// A village's months.
pub fn village(db: &Connection, frame: Frame, code: &str) -> Rendered {
    let Some(name) = view::village_name(db, code)? else {
        return Ok(None);
    };
    let about = frame.w.fill("{village}每个月的收支和票据。", &[("village", &name)]);
    let path = format!("/v/{code}");
    let f = frame.titled(&name, &about).shown_as(&path, None);
    let f = f.with_feed(format!("{path}/feed.atom"));
    let (village, limit, now) = (Some(code), BULLETINS_HOME, f.now);
    let bulletins = view::bulletins(db, Which { village, limit, now, ..Which::default() })?;
    let alarms = view::emergencies(db, village, now)?;
    let months = view::months(db, code)?;
    super::rendered(&Village { f, code, name, alarms, years: years(&months), months, bulletins })
}

impl MonthPage<'_> {
    fn largest(&self) -> Vec<&Line> {
        largest(&self.lines)
    }
}

/// A withdrawn receipt and why.
struct Withdrawn {
    n: u64,
    /// What became of it.
    what: String,
    why: String,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage<'a> {
    f: Frame,
    code: &'a str,
    name: String,
    period: Period,
    state: MonthState,
    totals: Totals,
    bars: Vec<Bar>,
    beside: Vec<Beside>,
    lines: Vec<Line>,
    withdrawn: Vec<Withdrawn>,
    closed: Option<view::Closed>,
    earlier: Option<Period>,
    later: Option<Period>,
}

fn missing(w: Words, gone: &Gone) -> Withdrawn {
    let what = match gone.ground {
        Some(_) => w.one("第 {n} 号记录没有公开。", &gone.n),
        None => w.one("第 {n} 号记录已撤回。", &gone.n),
    };
    Withdrawn { n: gone.n, what, why: reason_words(w, &gone.reason, gone.ground.as_deref()) }
}

/// The receipts of a village's month.
pub fn month(db: &Connection, frame: Frame, code: &str, period: Period) -> Rendered {
    let Some(name) = view::village_name(db, code)? else {
        return Ok(None);
    };
    let months = view::months(db, code)?;
    let Some(at) = months.iter().position(|month| month.period == period) else {
        return Ok(None);
    };
    let (lines, gone) = view::lines(db, code, period)?;
    let month = &months[at];
    let w = frame.w;
    let title = format!("{name} {}", w.month(&period));
    let about = match month.state {
        MonthState::Nothing => w.t("村里申报：本月没有收支").to_owned(),
        MonthState::Silent => w.t("还没有公布").to_owned(),
        MonthState::Receipts => w.fill(
            "支出 {spent}，收入 {received}，共 {n} 笔。",
            &[
                ("spent", &w.money(&month.totals.spent)),
                ("received", &w.money(&month.totals.received)),
                ("n", &month.totals.count.to_string()),
            ],
        ),
    };
    let picture = lines.first().and_then(|line| line.picture.as_ref()).map(|image| image.thumb);
    let path = format!("/v/{code}/{period}");
    let gone = gone.into_iter().map(|gone| missing(w, &gone)).collect();
    super::rendered(&MonthPage {
        f: frame.titled(&title, &about).shown_as(&path, picture.as_ref()),
        code,
        name,
        period,
        state: month.state,
        totals: month.totals,
        bars: bars(&lines),
        beside: beside(w, &months, period),
        lines,
        withdrawn: gone,
        earlier: months.get(at + 1).map(|month| month.period),
        closed: view::closed(db, code, period)?,
        later: at.checked_sub(1).map(|at| months[at].period),
    })
}
