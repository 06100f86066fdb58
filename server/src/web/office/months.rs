//! Village months: the board of all villages, one month of one village, and closing it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as From};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::time::Period;
use serde::Deserialize;

use super::{Frame, failed, finish, html, month_links, words};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::month::{self, VillageMonth};
use crate::people::Deed;
use crate::view;
use crate::web::guard::Act;
use crate::web::pages;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// Which month, of which village.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    village: String,
    #[serde(default)]
    period: String,
    closed: Option<String>,
}

/// A village's month as a line.
pub struct MonthLine {
    /// The village's name.
    pub place: String,
    /// The month.
    pub month: String,
    /// How far it has come.
    pub progress: &'static str,
    /// How it stands against its deadline.
    pub standing: String,
    /// Whether that is bad.
    pub late: bool,
    /// By when, and why.
    pub why: String,
    /// Receipts.
    pub receipts: u64,
    /// Money out.
    pub spent: String,
    /// Money in.
    pub received: String,
    /// What waits.
    pub waiting: u64,
    /// What was sent back.
    pub returned: u64,
    /// Its page.
    pub link: String,
}

/// The line of a village's month.
pub fn line(w: Words, month: &VillageMonth) -> MonthLine {
    let link = format!("/office/month?village={}&period={}", month.village, month.period);
    MonthLine {
        place: month.name.clone(),
        month: w.month(&month.period),
        progress: pages::progress(w, month.progress),
        standing: pages::standing(w, month),
        late: month.is_late(),
        why: month.due.why.said(&w),
        receipts: month.receipts,
        spent: w.money(&month.spent),
        received: w.money(&month.received),
        waiting: month.waiting,
        returned: month.returned,
        link: w.link(&link),
    }
}

#[derive(Template)]
#[template(path = "office/months.html")]
struct Board {
    f: Frame,
    title: String,
    lines: Vec<MonthLine>,
    others: Vec<(String, String, bool)>,
    why: String,
}

/// All villages in one month.
pub async fn board(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let this = month::this_month(today)?;
        let period: Period = asked.period.parse().unwrap_or(this.later(-1));
        let mut months = month::past_months(db, today)?;
        months.push(this);
        let mut board = month::board(db, &book, period, today)?;
        board.retain(|month| session.who.sees(&month.village));
        Ok((period, months, board))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((period, months, board)) => {
            let title = w.fill("{month}各村进度", &[("month", &w.month(&period))]);
            let page = Board {
                lines: board.iter().map(|month| line(w, month)).collect(),
                others: month_links(w, "/office/months", &months, period),
                why: book.month_due(period).why.said(&w),
                f: Frame::new(&uri, &title, Some(session)),
                title,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// A receipt without paper, and the reason that stands so far.
struct Unpapered {
    n: u64,
    title: String,
    amount: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "office/month.html")]
struct MonthPage {
    f: Frame,
    title: String,
    done: Option<&'static str>,
    line: MonthLine,
    unpapered: Vec<Unpapered>,
    groups: String,
    public: String,
    closed: Option<(u64, String)>,
    over: bool,
    closes: bool,
    village: String,
    period: String,
    token: String,
}

/// One village's month.
pub async fn show(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let not_found = || Error::refused("not-found", "没有这个村的这个月");
        let period: Period = asked.period.parse().map_err(|_| not_found())?;
        session.who.must_see(&asked.village)?;
        let name = view::village_name(db, &asked.village)?.ok_or_else(not_found)?;
        let month = month::one(db, &book, (&asked.village, &name), period, today)?;
        let unpapered = month::unpapered(db, &asked.village, period)?;
        Ok((month, unpapered, month::this_month(today)?))
    });
    let (month, unpapered, this) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let (village, period) = (month.village.clone(), month.period.to_string());
    let title = format!("{} {}", month.name, w.month(&month.period));
    let unpapered = unpapered.into_iter().map(|one| Unpapered {
        n: one.n,
        title: one.purpose,
        amount: w.money(&one.amount),
        reason: one.reason,
    });
    let page = MonthPage {
        done: asked.closed.map(|_| w.t("已结账，结账声明已公布。")),
        unpapered: unpapered.collect(),
        groups: w.link(&format!("/office/group?village={village}&period={period}")),
        public: w.link(&format!("/v/{village}/{period}")),
        closed: month.closed.map(|closed| (closed.n, w.day(&closed.on))),
        over: month.period < this,
        closes: session.who.may(Deed::Review),
        line: line(w, &month),
        token: session.form.clone(),
        f: Frame::new(&uri, &title, Some(session)),
        title,
        village,
        period,
    };
    html(&uri, StatusCode::OK, &page)
}

/// Closes a village's month.
pub async fn close(From(app): From<Arc<App>>, act: Act) -> Response {
    let (village, period) = (act.field("village").to_owned(), act.field("period").to_owned());
    let asked = || -> Result<_> {
        let bad = || Error::refused("not-found", "没有这个村的这个月");
        let reasons = act.all("n").into_iter().zip(act.all("reason"));
        let reasons = reasons.filter_map(|(n, reason)| Some((n.parse().ok()?, reason)));
        let reasons: Vec<(u64, String)> = reasons.collect();
        Ok((village.parse().map_err(|_| bad())?, period.parse().map_err(|_| bad())?, reasons))
    };
    let (code, month, reasons) = match asked() {
        Ok(asked) => asked,
        Err(error) => return failed(&act.uri, &error),
    };
    let who = act.session.who.clone();
    let work = move || month::close(&app, code, month, &reasons, &who);
    let page = format!("/office/month?village={village}&period={period}&closed=1");
    finish(&act.uri, &page, work).await
}
