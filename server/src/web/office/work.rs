//! The first page after signing in: what waits for me, what waits for others, which villages are late, what was returned.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as From};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::kiosks::{KioskLine, line as kiosk_line};
use super::months::{MonthLine, line};
use super::rows::when;
use super::{Frame, failed, html, words};
use crate::app::App;
use crate::clock;
use crate::kiosks::{self, Concern};
use crate::month::{self, VillageMonth};
use crate::people::{Deed, Who};
use crate::questions;
use crate::review::{self, Stage};
use crate::rules::Rules;
use crate::view;
use crate::view::questions::{Question, Standing};
use crate::web::sessions::Session;
use crate::web::words::Words;
use crate::worklist::{self, Batch};

/// What was just done.
#[derive(Deserialize)]
pub struct Asked {
    published: Option<u64>,
    returned: Option<u64>,
    said: Option<u64>,
}

/// What waits of one village's month, or of its bulletins, at one stage.
struct Group {
    place: String,
    month: String,
    stage: &'static str,
    count: usize,
    flagged: usize,
    oldest: String,
    link: String,
}

/// A month that villages are late with.
struct LateMonth {
    month: String,
    standing: String,
    why: String,
    villages: Vec<MonthLine>,
}

#[derive(Template)]
#[template(path = "office/work.html")]
struct Work {
    f: Frame,
    done: Option<String>,
    mine: Vec<Group>,
    others: Vec<Group>,
    more: bool,
    total: usize,
    late: Vec<LateMonth>,
    /// Villages that have fewer supervisors' keys than their receipts need signatures.
    unsupervised: Vec<String>,
    /// Why nothing can be published.
    stopped: Option<String>,
    /// Questions for this person to answer; how many of them are due within three days, and how many overdue.
    asked: (usize, usize, usize),
    /// Questions that wait to be looked at, for whoever does that.
    unseen: u64,
    returned: u64,
    silent: Vec<KioskLine>,
    unwell: usize,
}

/// The work list.
pub async fn waiting(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let list = worklist::of(db, &book.rules, &session.who)?;
        let group = |batch: &Batch| group(db, w, batch);
        let mine = list.mine.iter().map(group).collect::<crate::Result<Vec<_>>>()?;
        let others = list.others.iter().map(group).collect::<crate::Result<Vec<_>>>()?;
        let mut late = month::late(db, &book, today)?;
        late.retain(|month| session.who.sees(&month.village));
        let screens = if session.who.may(Deed::Inspect) {
            screens(db, w, &book.rules)?
        } else {
            (Vec::new(), 0)
        };
        let returned = review::count_returned(db, &session.who)?;
        let unsupervised = worklist::unsupervised(db, &book.rules, &session.who)?;
        let asked = to_answer(db, &session.who, today)?;
        let unseen =
            if session.who.may(Deed::Review) { questions::list::backlog(db)?.0 } else { 0 };
        let questions = (asked, unseen);
        Ok((list.more, mine, others, late, returned, screens, unsupervised, questions))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((more, mine, others, late, returned, (silent, unwell), unsupervised, questions)) => {
            let page = Work {
                done: done(w, &asked),
                total: mine.iter().map(|group| group.count).sum(),
                mine,
                others,
                more,
                late: by_month(w, &late),
                unsupervised,
                stopped: app.publisher.must_run().err().map(|error| error.to_string()),
                asked: questions.0,
                unseen: questions.1,
                returned,
                silent,
                unwell,
                f: Frame::new(&uri, w.t("待办"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Days before its last day that a question is near it.
const NEAR_DAYS: i32 = 3;

/// The questions for this person to answer: all, those near their last day, those after it.
fn to_answer(
    db: &rusqlite::Connection,
    who: &Who,
    today: jiff::civil::Date,
) -> crate::Result<(usize, usize, usize)> {
    let open = questions::list::to_answer(db, who)?;
    let days = |one: &Question| match one.standing(today) {
        Standing::Open { days } => days,
        Standing::Withheld | Standing::Answered { .. } => i32::MAX,
    };
    let near = open.iter().filter(|one| (0..=NEAR_DAYS).contains(&days(one))).count();
    let over = open.iter().filter(|one| days(one) < 0).count();
    Ok((open.len(), near, over))
}

/// Late village months, month by month: they share their deadline.
fn by_month(w: Words, late: &[VillageMonth]) -> Vec<LateMonth> {
    let months = late.chunk_by(|one, other| one.period == other.period);
    let month = |villages: &[VillageMonth]| {
        let villages: Vec<MonthLine> = villages.iter().map(|one| line(w, one)).collect();
        let first = villages.first();
        LateMonth {
            month: first.map(|line| line.month.clone()).unwrap_or_default(),
            standing: first.map(|line| line.standing.clone()).unwrap_or_default(),
            why: first.map(|line| line.why.clone()).unwrap_or_default(),
            villages,
        }
    };
    months.map(month).collect()
}

/// The kiosks that are silent, and how many others need somebody.
fn screens(
    db: &rusqlite::Connection,
    w: Words,
    rules: &Rules,
) -> crate::Result<(Vec<KioskLine>, usize)> {
    let now = clock::unix_now();
    let size = view::head(db)?.map_or(0, |head| head.size);
    let (mut silent, mut unwell) = (Vec::new(), 0);
    for (kiosk, concerns) in kiosks::of_all(db, rules, now)? {
        if concerns.iter().any(|one| matches!(one, Concern::Silent(_))) {
            silent.push(kiosk_line(db, w, &kiosk, &concerns, (size, now))?);
        } else if concerns.iter().any(|one| one.is_serious()) {
            unwell += 1;
        }
    }
    Ok((silent, unwell))
}

fn done(w: Words, asked: &Asked) -> Option<String> {
    match (asked.published, asked.returned, asked.said) {
        (Some(n), ..) => Some(w.one("已公布 {n} 件。", &n)),
        (_, Some(_), _) => Some(w.t("已退回。").to_owned()),
        (.., Some(n)) => Some(w.one("已办 {n} 件。", &n)),
        _ => None,
    }
}

fn group(db: &rusqlite::Connection, w: Words, batch: &Batch) -> crate::Result<Group> {
    let period = batch.period.as_deref().unwrap_or_default();
    let stage = batch.stage.as_str();
    let link = format!("/office/group?village={}&period={period}&stage={stage}", batch.village);
    Ok(Group {
        place: view::village_name(db, &batch.village)?.unwrap_or_else(|| batch.village.clone()),
        month: month_words(w, batch.period.as_deref()),
        stage: stage_words(w, batch.stage),
        count: batch.count,
        flagged: batch.flagged,
        oldest: when(&batch.oldest),
        link: w.link(&link),
    })
}

/// A month in words; bulletins and corrections have none.
pub fn month_words(w: Words, period: Option<&str>) -> String {
    let period = period.and_then(|text| text.parse().ok());
    period.map_or_else(|| w.t("公告和更正").to_owned(), |period| w.month(&period))
}

/// A stage in words: what it waits for.
pub fn stage_words(w: Words, stage: Stage) -> &'static str {
    match stage {
        Stage::Incomplete => w.t("图片没有传完"),
        Stage::Countersign(_) => w.t("等监督委员会签"),
        Stage::Objected => w.t("监督委员不同意"),
        Stage::Review => w.t("等审核"),
        Stage::Approval => w.t("等领导签批"),
        Stage::Approved => w.t("已签批，等公布"),
        Stage::Returned => w.t("已退回"),
        Stage::Published => w.t("已公布"),
    }
}
