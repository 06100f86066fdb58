//! The screens: which there are and how they are, and how one is enrolled, moved and taken out of use.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::Connection;

use super::{Frame, change, done, failed, html, words};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::keys::check_digits;
use crate::kiosks::{self, Concern, Day, Kiosk, Latest, NewKiosk};
use crate::people::Deed;
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// Whether something was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    done: Option<String>,
}

/// How a kiosk is, in one word with a colour beside it.
struct Mark {
    /// `good`, `watch`, `bad` or `off`.
    class: &'static str,
    word: &'static str,
}

/// A kiosk as a line.
pub struct KioskLine {
    /// Its name.
    pub name: String,
    /// The village, or the township.
    pub place: String,
    /// When it was heard from last, in words.
    pub seen: String,
    /// Where its page is.
    pub link: String,
    /// What is wrong with it.
    pub concerns: Vec<String>,
    mark: Mark,
    shows: String,
    holds: String,
    storage: String,
    clock: String,
    app: String,
}

#[derive(Template)]
#[template(path = "office/kiosks.html")]
struct Kiosks {
    f: Frame,
    done: Option<&'static str>,
    manages: bool,
    lines: Vec<KioskLine>,
    revoked: Vec<KioskLine>,
    serious: usize,
    token: String,
}

/// Every kiosk; and for whoever manages them, the field for a code.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (book, now) = (app.rulebook.now(), clock::unix_now());
    let found = app.db.read(|c| {
        let size = view::head(c)?.map_or(0, |head| head.size);
        let all = kiosks::of_all(c, &book.rules, now)?.into_iter();
        let all = all.partition(|(kiosk, _)| kiosk.revoked.is_none());
        let (used, revoked): (Vec<_>, Vec<_>) = all;
        let serious = used.iter().filter(|(_, found)| found.iter().any(|one| one.is_serious()));
        let serious = serious.count();
        let lines = |some: Vec<(Kiosk, Vec<Concern>)>| -> Result<Vec<KioskLine>> {
            some.iter().map(|(kiosk, found)| line(c, w, kiosk, found, (size, now))).collect()
        };
        Ok((lines(used)?, lines(revoked)?, serious))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((lines, revoked, serious)) => {
            let page = Kiosks {
                done: asked.done.and_then(|what| done_words(w, &what)),
                manages: session.who.may(Deed::Manage),
                lines,
                revoked,
                serious,
                token: session.form.clone(),
                f: Frame::new(&uri, w.t("公开屏"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

fn done_words(w: Words, what: &str) -> Option<&'static str> {
    match what {
        "enrolled" => Some(w.t("已登记。这块屏一分钟之内就会显示名称。")),
        "changed" => Some(w.t("已改好。")),
        "revoked" => Some(w.t("已停用。这块屏的报告不再接收。")),
        _ => None,
    }
}

/// A kiosk as a line, beside a log of `size` entries at `now` (Unix seconds).
pub fn line(
    c: &Connection,
    w: Words,
    kiosk: &Kiosk,
    concerns: &[Concern],
    (size, now): (u64, i64),
) -> Result<KioskLine> {
    let place = view::village_name(c, &kiosk.village)?;
    let latest = kiosk.latest.as_ref();
    let said = |words: fn(Words, &Latest) -> String| {
        latest.map_or_else(String::new, |latest| words(w, latest))
    };
    Ok(KioskLine {
        name: kiosk.name.clone(),
        place: place.unwrap_or_else(|| kiosk.village.clone()),
        seen: latest.map_or_else(|| w.t("还没有消息").to_owned(), |one| ago(w, now - one.received)),
        link: w.link(&format!("/office/kiosks/{}", kiosk.id)),
        concerns: concerns.iter().map(|one| concern_words(w, *one)).collect(),
        mark: mark(w, kiosk, concerns),
        shows: said(|_, latest| latest.screen.clone()),
        holds: latest.map_or_else(String::new, |latest| holds(w, latest, size)),
        storage: said(|w, latest| w.one("{n}% 空闲", &kiosks::percent_free(latest))),
        clock: said(|w, latest| clock_words(w, latest.skew)),
        app: said(|_, latest| latest.app.clone()),
    })
}

fn mark(w: Words, kiosk: &Kiosk, concerns: &[Concern]) -> Mark {
    let silent = concerns.iter().any(|one| matches!(one, Concern::Silent(_)));
    let contrary = concerns.iter().any(|one| matches!(one, Concern::Contrary(_)));
    let (class, word) = match kiosk.revoked {
        Some(_) => ("off", w.t("已停用")),
        None if contrary => ("bad", w.t("账本不一致")),
        None if silent => ("bad", w.t("没有消息")),
        None if concerns.iter().any(|one| one.is_serious()) => ("watch", w.t("要处理")),
        None if kiosk.latest.is_none() => ("watch", w.t("等第一次消息")),
        None => ("good", w.t("正常")),
    };
    Mark { class, word }
}

/// A concern in words.
pub fn concern_words(w: Words, concern: Concern) -> String {
    match concern {
        Concern::Contrary(kiosks::Held::Forked) => {
            w.t("这块屏拿着本站签过名、但和这里不一样的账本：请立刻停止公布，查明原因").to_owned()
        }
        Concern::Contrary(_) => {
            w.t("这块屏的账本比这里的多：这台服务器可能被恢复成了旧的，请立刻停止公布").to_owned()
        }
        Concern::Foreign => w.t("这块屏跟的不是本站的账本：请检查它的设置").to_owned(),
        Concern::Silent(hours) => w.one("已经 {n} 小时没有消息：请去看看电源和网络", &hours),
        Concern::Clock(skew) => w.fill("时钟不准：{how}", &[("how", &clock_words(w, skew))]),
        Concern::Storage(free) => w.one("存储快满了：只剩 {n}%", &free),
        Concern::Stale(n) => w.one("有 {n} 条公布了三天多还没有同步到", &n),
        Concern::Behind(n) => w.one("还差 {n} 条没有同步", &n),
        Concern::OldApp => w.t("程序版本比别的屏旧").to_owned(),
    }
}

fn holds(w: Words, latest: &Latest, size: u64) -> String {
    match latest.size {
        None => w.t("还没有账本").to_owned(),
        Some(held) if held < size => w.one("少 {n} 条", &(size - held)),
        Some(held) if held > size => w.one("多 {n} 条", &(held - size)),
        Some(_) => w.t("最新").to_owned(),
    }
}

fn clock_words(w: Words, skew: i64) -> String {
    let (minutes, seconds) = (skew.abs() / 60, skew.abs());
    match (skew, minutes) {
        (-1..=1, _) => w.t("准").to_owned(),
        (2.., 0) => w.one("快 {n} 秒", &seconds),
        (2.., _) => w.one("快 {n} 分钟", &minutes),
        (_, 0) => w.one("慢 {n} 秒", &seconds),
        _ => w.one("慢 {n} 分钟", &minutes),
    }
}

/// How long ago something was.
pub fn ago(w: Words, seconds: i64) -> String {
    match seconds {
        ..60 => w.t("刚刚").to_owned(),
        60..3600 => w.one("{n} 分钟前", &(seconds / 60)),
        3600..86_400 => w.one("{n} 小时前", &(seconds / 3600)),
        _ => w.one("{n} 天前", &(seconds / 86_400)),
    }
}

/// Looks up the code that was typed.
pub async fn code(State(app): State<Arc<App>>, act: Act) -> Response {
    let uri = act.uri.clone();
    let work = move || {
        let by = act.session.who.acting(Deed::Manage)?;
        kiosks::look_up(&app.db, act.field("code"), &by, clock::unix_now())
    };
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(found) => done(&uri, &format!("/office/kiosks/confirm?id={}", found.id)),
        Err(error) => failed(&uri, &error),
    }
}

/// Which one is to be confirmed.
#[derive(serde::Deserialize)]
pub struct Meant {
    id: Option<String>,
}

#[derive(Template)]
#[template(path = "office/kiosk_confirm.html")]
struct Confirm {
    f: Frame,
    id: String,
    app: String,
    digits: String,
    places: Vec<(String, String)>,
    token: String,
}

/// The page that asks whether it is really that screen, and what it is called.
pub async fn confirm(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(meant): Query<Meant>,
) -> Response {
    let w = words(&uri);
    let id = meant.id.unwrap_or_default();
    let found =
        app.db.read(|c| Ok((kiosks::asking(c, &id, clock::unix_now())?, kiosks::places(c)?)));
    match found {
        Err(error) => failed(&uri, &error),
        Ok((asking, places)) => {
            let page = Confirm {
                digits: check_digits(&asking.vkey),
                id: asking.id,
                app: asking.app,
                places,
                token: session.form.clone(),
                f: Frame::new(&uri, w.t("登记公开屏"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Enrols the kiosk whose check digits were compared.
pub async fn enrol(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/kiosks?done=enrolled", Deed::Manage, |app, act, by| {
        if act.field("same") != "yes" {
            let message = "请先核对屏上的核对码：一样才登记";
            return Err(Error::refused("not-compared", message));
        }
        let new = NewKiosk {
            id: act.field("id").to_owned(),
            name: act.field("name").to_owned(),
            village: act.field("village").to_owned(),
        };
        kiosks::enrol(&app.db, &new, by, clock::unix_now())
    })
    .await
}

/// Gives a kiosk another name or place.
pub async fn rename(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    change(app, act, "/office/kiosks?done=changed", Deed::Manage, move |app, act, by| {
        kiosks::change(&app.db, &id, act.field("name"), act.field("village"), by)
    })
    .await
}

/// Takes a kiosk out of use.
pub async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    change(app, act, "/office/kiosks?done=revoked", Deed::Manage, move |app, _, by| {
        kiosks::revoke(&app.db, &id, by)
    })
    .await
}

/// One day of the strip.
struct Stripe {
    x: i64,
    seen: bool,
    day: String,
}

/// A day in the list.
struct DayLine {
    day: String,
    reports: u64,
    clock: String,
    storage: u64,
    shown: u64,
}

#[derive(Template)]
#[template(path = "office/kiosk.html")]
struct OneKiosk {
    f: Frame,
    line: KioskLine,
    facts: Vec<(&'static str, String)>,
    manages: bool,
    revoked: bool,
    strip: Vec<Stripe>,
    strip_words: String,
    days: Vec<DayLine>,
    name: String,
    /// Where the forms go.
    change: String,
    revoke: String,
    /// Code, name, and whether the kiosk stands there.
    places: Vec<(String, String, bool)>,
    token: String,
}

/// One kiosk.
pub async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
    uri: Uri,
) -> Response {
    let w = words(&uri);
    let (book, now) = (app.rulebook.now(), clock::unix_now());
    let since = kiosks::lately(now);
    let found = app.db.read(|c| {
        let kiosk = kiosks::one(c, &id)?;
        let size = view::head(c)?.map_or(0, |head| head.size);
        let concerns = kiosks::concerns(c, &book.rules, &kiosk.id, now)?;
        let line = line(c, w, &kiosk, &concerns, (size, now))?;
        let days = kiosks::days(c, &kiosk.id, since)?;
        let own = |(code, name)| {
            let here = code == kiosk.village;
            (code, name, here)
        };
        let places = kiosks::places(c)?.into_iter().map(own).collect();
        Ok((kiosk, line, days, places))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((kiosk, line, days, places)) => {
            let strip = strip(&days, since);
            let seen = strip.iter().filter(|stripe| stripe.seen).count();
            let page = OneKiosk {
                facts: facts(w, &kiosk, &line),
                line,
                manages: session.who.may(Deed::Manage),
                revoked: kiosk.revoked.is_some(),
                strip_words: w.one("最近 60 天里有 {n} 天有消息", &seen),
                strip,
                days: days.iter().rev().map(|day| day_line(w, day)).collect(),
                f: Frame::new(&uri, &kiosk.name, Some(session.clone())),
                name: kiosk.name,
                change: w.link(&format!("/office/kiosks/{id}/change")),
                revoke: w.link(&format!("/office/kiosks/{id}/revoke")),
                places,
                token: session.form,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// What is known of a kiosk: what it is, and how it is.
fn facts(w: Words, kiosk: &Kiosk, line: &KioskLine) -> Vec<(&'static str, String)> {
    let mut facts =
        vec![(w.t("放在哪里"), line.place.clone()), (w.t("最近消息"), line.seen.clone())];
    if let Some(latest) = &kiosk.latest {
        let tenths = |bytes: u64| (u128::from(bytes) * 10) >> 30;
        let gigabytes = |bytes| format!("{}.{}", tenths(bytes) / 10, tenths(bytes) % 10);
        let (free, total) = (gigabytes(latest.free), gigabytes(latest.total));
        let storage = [("free", free.as_str()), ("total", total.as_str())];
        let entries = latest.size.map_or_else(String::new, |n| w.one("（{n} 条）", &n));
        facts.extend([
            (w.t("正在显示"), line.shows.clone()),
            (w.t("账本"), format!("{}{entries}", line.holds)),
            (w.t("存储"), w.fill("空闲 {free} GiB，共 {total} GiB", &storage)),
            (w.t("时钟"), line.clock.clone()),
            (w.t("程序版本"), line.app.clone()),
        ]);
        let synced = latest.synced.as_deref().map(super::rows::when);
        facts.push((w.t("上次同步（屏上的时间）"), synced.unwrap_or_default()));
        facts.extend(latest.error.clone().map(|error| (w.t("同步没有成功，原因"), error)));
    }
    facts.push((w.t("登记日期"), clock::day_of(kiosk.enrolled).to_string()));
    facts.extend(kiosk.revoked.map(|at| (w.t("停用日期"), clock::day_of(at).to_string())));
    facts.push((w.t("核对码"), check_digits(&kiosk.vkey)));
    facts
}

/// The days from `since` on, one after another, seen or not.
fn strip(days: &[Day], since: Date) -> Vec<Stripe> {
    (0..kiosks::LATELY_DAYS)
        .map(|x| {
            let day = since.saturating_add(x.days());
            let seen = days.iter().any(|line| line.day == day);
            Stripe { x, seen, day: day.to_string() }
        })
        .collect()
}

fn day_line(w: Words, day: &Day) -> DayLine {
    let share = u128::from(day.free) * 100 / u128::from(day.total.max(1));
    DayLine {
        day: day.day.to_string(),
        reports: day.reports,
        clock: clock_words(w, day.skew),
        storage: u64::try_from(share).unwrap_or(100),
        shown: day.shown,
    }
}
