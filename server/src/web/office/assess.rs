//! Inspection and assessment: a month's inspection, half a year's scores with the records behind them, charts, what is frozen
//! for an assessor, and what is decided again every November.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ledger::money::Fen;
use ledger::statement::word;
use ledger::time::Period;
use rusqlite::Connection;
use serde::Deserialize;

use super::rows::when;
use super::{Frame, done, failed, finish, html, month_links, words};
use crate::app::App;
use crate::assess::{self, Behind, Half, Score, Share};
use crate::clock;
use crate::error::{Error, Result};
use crate::month;
use crate::people::Deed;
use crate::rules::Indicator;
use crate::signoff::{self, Frozen};
use crate::view;
use crate::web::guard::Act;
use crate::web::pages;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// What is asked for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    half: String,
    #[serde(default)]
    village: String,
    #[serde(default)]
    indicator: String,
    done: Option<String>,
}

/// A link to something that stands behind a figure.
struct Link {
    words: String,
    href: String,
}

/// Something that an inspection looked at.
struct Finding {
    title: &'static str,
    links: Vec<Link>,
}

#[derive(Template)]
#[template(path = "office/inspect.html")]
struct InspectPage {
    f: Frame,
    title: String,
    period: String,
    findings: Vec<Finding>,
    receipts: u64,
    spent: String,
    received: String,
    signed: Option<(String, String)>,
    over: bool,
    signs: bool,
    others: Vec<(String, String, bool)>,
    done: bool,
    token: String,
}

/// A month's inspection.
pub async fn inspect(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let this = month::this_month(today)?;
        let period: Period = asked.period.parse().unwrap_or(this.later(-1));
        let found = assess::inspect(db, &book, period, today)?;
        let link = |behind: &Behind| link(db, w, behind);
        let finding = |title, list: &[Behind]| -> Result<Finding> {
            Ok(Finding { title, links: list.iter().map(link).collect::<Result<_>>()? })
        };
        let findings = vec![
            finding(w.t("逾期或结账晚了的村"), &found.late)?,
            finding(w.t("没有动静的村"), &found.silent)?,
            finding(w.t("等了十天以上没有办的"), &found.waiting)?,
            finding(w.t("没有票据的"), &found.unpapered)?,
            finding(w.t("空白栏目"), &found.empty_columns)?,
            finding(w.t("半年没有更新的栏目"), &found.stale_columns)?,
            finding(w.t("有打不开的链接的公告"), &found.dead_links)?,
            finding(w.t("五个以上工作日没有消息的屏幕"), &found.silent_kiosks)?,
        ];
        Ok((
            period,
            this,
            found,
            findings,
            signoff::signed_off(db, period)?,
            month::past_months(db, today)?,
        ))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((period, this, found, findings, signed, months)) => {
            let title = w.fill("{month}巡查", &[("month", &w.month(&period))]);
            let page = InspectPage {
                period: period.to_string(),
                findings,
                receipts: found.receipts,
                spent: w.money(&found.spent),
                received: w.money(&found.received),
                signed: signed.map(|signed| (signed.name, when(&signed.time))),
                over: period < this,
                signs: session.who.may(Deed::Review),
                others: month_links(w, "/office/inspect", &months, period),
                done: asked.done.is_some(),
                token: session.form.clone(),
                f: Frame::new(&uri, &title, Some(session)),
                title,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Signs a month's inspection off.
pub async fn sign_off(State(app): State<Arc<App>>, act: Act) -> Response {
    let asked = act.field("period").parse();
    let period: Period = match asked {
        Ok(period) => period,
        Err(_) => return failed(&act.uri, &Error::refused("malformed", "没有这个月")),
    };
    match signoff::sign_off(&app, period, &act.session.who).await {
        Ok(()) => done(&act.uri, &format!("/office/inspect?period={period}&done=1")),
        Err(error) => failed(&act.uri, &error),
    }
}

fn link(db: &Connection, w: Words, behind: &Behind) -> Result<Link> {
    Ok(match behind {
        Behind::Month { village, period } => {
            let name = view::village_name(db, village)?.unwrap_or_default();
            let month: Option<Period> = period.parse().ok();
            let month = month.map(|month| w.month(&month)).unwrap_or_default();
            let href = format!("/office/month?village={village}&period={period}");
            Link { words: format!("{name} {month}"), href: w.link(&href) }
        }
        Behind::Record { n } => {
            let kind = view::item(db, *n)?.map(|item| item.kind);
            let page = if kind.as_deref() == Some("bulletin") { "b" } else { "r" };
            Link { words: w.one("第 {n} 号", n), href: w.link(&format!("/{page}/{n}")) }
        }
        Behind::Question { n } => {
            Link { words: w.one("第 {n} 号提问", n), href: w.link(&format!("/q/{n}")) }
        }
        Behind::Submission { id } => {
            let words = w.one("提交 {n}", &id.get(..8).unwrap_or(id));
            Link { words, href: w.link(&format!("/office/s/{id}")) }
        }
        Behind::Kiosk { id, name, day } => {
            let day = day.as_deref().and_then(|day| day.parse().ok()).map(|day| w.day(&day));
            let words = format!("{name} {}", day.unwrap_or_default()).trim_end().to_owned();
            Link { words, href: w.link(&format!("/office/kiosks/{id}")) }
        }
        Behind::Column { id, name } => {
            Link { words: name.clone(), href: w.link(&format!("/b?column={id}")) }
        }
    })
}

/// An indicator in words.
fn indicator_words(w: Words, indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::OnTime => w.t("按时结账"),
        Indicator::Complete => w.t("每月都有"),
        Indicator::Vouchers => w.t("附有票据"),
        Indicator::Answered => w.t("按时答复"),
        Indicator::ReturnedRate => w.t("没有退回"),
        Indicator::KioskAlive => w.t("屏幕在线"),
        Indicator::BulletinColumns => w.t("栏目更新"),
        Indicator::WithdrawnRate => w.t("没有撤回"),
    }
}

/// One cell of the table of scores.
struct Cell {
    points: String,
    of: String,
    href: String,
}

struct ScoreLine {
    place: String,
    total: String,
    cells: Vec<Cell>,
}

/// A bar of a chart: name, text, length of two bars in hundredths of the longest.
struct Bar {
    name: String,
    out: String,
    out_share: i64,
    received: String,
    in_share: i64,
}

struct Chart {
    title: &'static str,
    bars: Vec<Bar>,
    both: bool,
}

#[derive(Template)]
#[template(path = "office/scores.html")]
struct ScoresPage {
    f: Frame,
    title: String,
    half: String,
    heads: Vec<(&'static str, u32)>,
    lines: Vec<ScoreLine>,
    charts: Vec<Chart>,
    others: Vec<(String, String, bool)>,
    frozen: Vec<(Frozen, String)>,
    freezes: bool,
    done: bool,
    token: String,
}

/// Half a year's scores and totals.
pub async fn scores(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let now = Half::of(month::this_month(today)?);
        let half: Half = asked.half.parse().unwrap_or(now);
        let scores = assess::scores(db, &book, half, today)?;
        Ok((now, half, scores, assess::totals(db, half)?, signoff::frozen(db)?))
    });
    let (now, half, scores, totals, frozen) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let other = |one: Half| {
        (w.link(&format!("/office/scores?half={one}")), half_words(w, one), one == half)
    };
    let weights = &book.rules.assessment;
    let title = w.fill("{half}考核", &[("half", &half_words(w, half))]);
    let is_frozen = frozen.iter().any(|one| one.half == half.to_string());
    let page = ScoresPage {
        half: half.to_string(),
        heads: Indicator::ALL.iter().map(|i| (indicator_words(w, *i), weights.of(*i))).collect(),
        lines: scores.iter().map(|score| score_line(w, half, score)).collect(),
        charts: charts(w, &totals),
        others: [now, now.before(), now.before().before()].into_iter().map(other).collect(),
        frozen: frozen.into_iter().map(|one| (one.clone(), when(&one.time))).collect(),
        freezes: !is_frozen && half < now && session.who.may(Deed::Manage),
        done: asked.done.is_some(),
        token: session.form.clone(),
        f: Frame::new(&uri, &title, Some(session)),
        title,
    };
    html(&uri, StatusCode::OK, &page)
}

fn half_words(w: Words, half: Half) -> String {
    let text = half.to_string();
    let (year, part) = text.split_once('-').unwrap_or((&text, ""));
    match part {
        "1" => w.one("{n} 年上半年", &year),
        _ => w.one("{n} 年下半年", &year),
    }
}

fn score_line(w: Words, half: Half, score: &Score) -> ScoreLine {
    let cell = |one: &assess::Measured| Cell {
        points: one.points().map_or_else(|| w.t("未测").to_owned(), points),
        of: one.share.as_ref().map(|s| format!("{}/{}", s.good, s.of)).unwrap_or_default(),
        href: w.link(&format!(
            "/office/scores/behind?half={half}&village={}&indicator={}",
            score.village,
            word(&one.indicator)
        )),
    };
    ScoreLine {
        place: score.name.clone(),
        total: score.total().map_or_else(|| w.t("未测").to_owned(), points),
        cells: score.measured.iter().map(cell).collect(),
    }
}

/// Hundredths of a point, written as points.
fn points(hundredths: u64) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100 / 10);
    format!("{whole}.{part}")
}

fn charts(w: Words, totals: &assess::Totals) -> Vec<Chart> {
    let category = totals.by_category.iter().map(|(name, out)| (name.clone(), (*out, Fen(0))));
    let mut category: Vec<_> = category.collect();
    category.sort_by_key(|(_, (out, _))| std::cmp::Reverse(*out));
    let month = totals.by_month.iter().map(|(period, sums)| {
        let period = period.parse().map(|period: Period| w.month(&period));
        (period.unwrap_or_default(), *sums)
    });
    let village = totals.by_village.iter().map(|(name, sums)| (name.clone(), *sums));
    vec![
        chart(w, w.t("按类别（支出）"), false, category),
        chart(w, w.t("按月份"), true, month.collect()),
        chart(w, w.t("按村"), true, village.collect()),
    ]
}

fn chart(w: Words, title: &'static str, both: bool, sums: Vec<(String, (Fen, Fen))>) -> Chart {
    let longest = sums.iter().map(|(_, (out, received))| out.0.max(received.0)).max().unwrap_or(0);
    let share = |amount: Fen| amount.0.saturating_mul(100).checked_div(longest).unwrap_or(0);
    let bar = |(name, (out, received)): (String, (Fen, Fen))| Bar {
        name,
        out: w.money(&out),
        out_share: share(out),
        received: w.money(&received),
        in_share: share(received),
    };
    Chart { title, bars: sums.into_iter().map(bar).collect(), both }
}

#[derive(Template)]
#[template(path = "office/behind.html")]
struct BehindPage {
    f: Frame,
    title: String,
    half: String,
    amiss: Vec<Link>,
    as_should: Vec<Link>,
}

/// The records behind one figure.
pub async fn behind(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, today) = (app.rulebook.now(), clock::today());
    let found = app.db.read(|db| {
        let missing = || Error::refused("not-found", "没有这项考核");
        let half: Half = asked.half.parse().map_err(|_| missing())?;
        let scores = assess::scores(db, &book, half, today)?;
        let score = scores.iter().find(|score| score.village == asked.village);
        let one = score.and_then(|score| {
            score.measured.iter().find(|one| word(&one.indicator) == asked.indicator)
        });
        let (score, one) = score.zip(one).ok_or_else(missing)?;
        let share = one.share.clone().unwrap_or_else(Share::default);
        let links =
            |list: &[Behind]| list.iter().map(|one| link(db, w, one)).collect::<Result<_>>();
        let title = format!("{} · {}", score.name, indicator_words(w, one.indicator));
        Ok((half, title, links(&share.amiss)?, links(&share.as_should)?))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((half, title, amiss, as_should)) => {
            let f = Frame::new(&uri, &title, Some(session));
            let half = half.to_string();
            html(&uri, StatusCode::OK, &BehindPage { f, title, half, amiss, as_should })
        }
    }
}

/// Freezes half a year.
pub async fn freeze(State(app): State<Arc<App>>, act: Act) -> Response {
    let Ok(half) = act.field("half").parse::<Half>() else {
        return failed(&act.uri, &Error::refused("malformed", "没有这半年"));
    };
    let who = act.session.who.clone();
    let work = move || signoff::freeze(&app, half, &who);
    finish(&act.uri, &format!("/office/scores?half={half}&done=1"), work).await
}

/// The file of a frozen half year.
pub async fn frozen(
    State(app): State<Arc<App>>,
    Path(half): Path<String>,
    _session: Session,
    uri: Uri,
) -> Response {
    let read = || -> Result<Vec<u8>> {
        let half = half.parse().map_err(|_| Error::refused("not-found", "这半年没有封存"))?;
        signoff::frozen_file(&app, half)
    };
    match read() {
        Err(error) => failed(&uri, &error),
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_DISPOSITION, "attachment"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, bytes).into_response()
        }
    }
}

struct RecheckLine {
    n: u64,
    place: String,
    month: String,
    ground: &'static str,
    whole: bool,
    verdict: Option<String>,
}

#[derive(Template)]
#[template(path = "office/recheck.html")]
struct RecheckPage {
    f: Frame,
    year: i16,
    lines: Vec<RecheckLine>,
    left: usize,
    decides: bool,
    done: bool,
    token: String,
}

/// What is not disclosed in whole, to be decided again this year.
pub async fn rechecks(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let year = clock::today().year();
    let found = app.db.read(|db| {
        let line = |one: signoff::Recheck| -> Result<RecheckLine> {
            let month = one.period.as_ref().and_then(|text| text.parse::<Period>().ok());
            let verdict = one.verdict.map(|(verdict, name)| match verdict.as_str() {
                "keep" => w.fill("{name}：仍不公开", &[("name", &name)]),
                _ => w.fill("{name}：改为公开，请村里报更正", &[("name", &name)]),
            });
            Ok(RecheckLine {
                n: one.n,
                place: view::village_name(db, &one.village)?.unwrap_or_default(),
                month: month.map(|month| w.month(&month)).unwrap_or_default(),
                ground: pages::ground_words(w, &one.ground),
                whole: one.whole,
                verdict,
            })
        };
        signoff::rechecks(db, year)?.into_iter().map(line).collect::<Result<Vec<_>>>()
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok(lines) => {
            let page = RecheckPage {
                year,
                left: lines.iter().filter(|line| line.verdict.is_none()).count(),
                lines,
                decides: session.who.may(Deed::Approve),
                done: asked.done.is_some(),
                token: session.form.clone(),
                f: Frame::new(&uri, w.t("自查"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Decides again about one record.
pub async fn recheck(State(app): State<Arc<App>>, act: Act) -> Response {
    let Ok(n) = act.field("n").parse() else {
        return failed(&act.uri, &Error::refused("not-found", "没有这条记录"));
    };
    let open = match act.field("verdict") {
        "keep" => false,
        "open" => true,
        _ => return failed(&act.uri, &Error::refused("malformed", "请选择怎样处理。")),
    };
    match signoff::recheck(&app, n, open, act.field("reason"), &act.session.who).await {
        Ok(()) => done(&act.uri, "/office/recheck?done=1"),
        Err(error) => failed(&act.uri, &error),
    }
}
