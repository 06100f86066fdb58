//! The review screen: one submission, its scan beside its fields, what the machine found, what was said of it, what it was
//! before, and what whoever looks may do now. Everything can be done with the keyboard.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State as From};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use ledger::content::ImageRef;
use ledger::hash::Hash;
use rusqlite::Connection;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as NoSuchWord, StrDeserializer};

use super::check::{self, Check};
use super::group::{self, next, text_of};
use super::reviewed::Reviewed;
use super::rows::{Held, Names, Row, row, when};
use super::work::month_words;
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::audit::{self, Line};
use crate::codes::{self, Codes};
use crate::error::{Error, Result};
use crate::people::Deed;
use crate::review::{self, Needs, Opinion, Stage, State, Submission, Voice};
use crate::rulebook::Rulebook;
use crate::view::{self, Item};
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::web::stream::Large;
use crate::web::words::Words;
use crate::web::{pages, read};
use crate::worklist;

/// How the page is asked for.
#[derive(Deserialize)]
pub struct Asked {
    big: Option<String>,
    published: Option<u64>,
    returned: Option<u64>,
    said: Option<u64>,
}

/// A field, and what it was before where this is a correction.
struct FieldLine {
    name: &'static str,
    value: String,
    old: Option<String>,
    changed: bool,
}

/// What whoever looks may do with it now.
enum Offer {
    Nothing,
    /// Sign beside the accountant, with the key of this name.
    Countersign(String),
    Publish,
    /// Pass it on to the leader.
    Pass,
    Approve,
}

/// Where it stands among those that wait for the same.
struct Queue {
    link: String,
    label: String,
    place: usize,
    count: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "office/submission.html")]
struct SubmissionPage {
    f: Frame,
    row: Row,
    queue: Option<Queue>,
    done: Option<&'static str>,
    state: Option<String>,
    index: Option<u64>,
    images: Vec<ImageRef>,
    old: Option<Old>,
    big: bool,
    bulletin: Option<Reviewed>,
    fields: Vec<FieldLine>,
    checks: Vec<Check>,
    sum: Option<String>,
    opinions: Vec<String>,
    history: Vec<String>,
    offer: Offer,
    returns: bool,
    objection: Option<String>,
    text: String,
    body: String,
    token: String,
}

impl SubmissionPage {
    /// Where its public page stands.
    fn public(&self) -> &'static str {
        if self.bulletin.is_some() { "b" } else { "r" }
    }
}

/// The receipt that a correction corrects.
struct Old {
    n: u64,
    images: Vec<ImageRef>,
}

/// Everything that the page needs of the database.
struct Seen {
    found: Submission,
    codes: Codes,
    row: Row,
    stage: Stage,
    needs: Needs,
    queue: Option<Queue>,
    old: Option<Item>,
    bulletin: Option<(Reviewed, Fields)>,
    sum: Option<String>,
    history: Vec<Line>,
}

/// The review screen.
pub async fn show(
    From(app): From<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let book = app.rulebook.now();
    let seen = match app.db.read(|db| see(db, w, &book, &session, &id)) {
        Ok(seen) => seen,
        Err(error) => return failed(&uri, &error),
    };
    let (images, fields) = content(w, &seen);
    let (old_images, old_fields) = old_content(w, &seen);
    let offer = offer(&session, &seen);
    let page = SubmissionPage {
        done: done_words(w, &asked),
        state: state(w, &seen.found, seen.stage),
        index: seen.found.index,
        big: asked.big.is_some(),
        checks: check::checks(&app, w, &seen.found, &seen.codes, &book.rules, &session.who),
        fields: side_by_side(fields, old_fields),
        old: seen
            .old
            .as_ref()
            .filter(|_| seen.bulletin.is_none())
            .map(|item| Old { n: item.n, images: old_images }),
        sum: seen.sum,
        opinions: seen.found.opinions.iter().map(|opinion| said(w, opinion)).collect(),
        history: seen.history.iter().map(|line| history(w, line)).collect(),
        returns: may_return(&session, &seen.found, seen.stage),
        objection: objection(&seen.found),
        text: text_of(&seen.found),
        body: seen.found.body.clone().unwrap_or_default(),
        token: session.form.clone(),
        f: Frame::new(&uri, &seen.row.title, Some(session)),
        row: seen.row,
        queue: seen.queue,
        offer,
        bulletin: seen.bulletin.map(|(reviewed, _)| reviewed),
        images,
    };
    html(&uri, StatusCode::OK, &page)
}

fn see(db: &Connection, w: Words, book: &Rulebook, session: &Session, id: &str) -> Result<Seen> {
    let found = review::one(db, id)?;
    let found = found.ok_or_else(|| Error::refused("not-found", "没有这份提交"))?;
    session.who.must_see(&found.village)?;
    let needs = review::needs(&found, &book.rules);
    let stage = review::stage(&found, needs);
    let names = Names::of(db, std::slice::from_ref(&found))?;
    Ok(Seen {
        row: row(w, &names, &found),
        queue: queue(db, w, book, session, &found, stage)?,
        old: corrected(db, &found)?,
        bulletin: bulletin(db, w, &found)?,
        sum: month_sum(db, w, &found)?,
        history: audit::of(db, id)?,
        codes: codes::of(db, id)?,
        stage,
        needs,
        found,
    })
}

fn queue(
    db: &Connection,
    w: Words,
    book: &Rulebook,
    session: &Session,
    found: &Submission,
    stage: Stage,
) -> Result<Option<Queue>> {
    let asked = group::Asked::of(found, stage);
    let members = group::members(db, &book.rules, &session.who, &asked)?;
    let Some(place) = members.iter().position(|(one, _)| one.id == found.id) else {
        return Ok(None);
    };
    let id = |place: Option<usize>| {
        place.and_then(|place| members.get(place)).map(|(one, _)| one.id.clone())
    };
    let name = view::village_name(db, &found.village)?.unwrap_or_default();
    Ok(Some(Queue {
        link: w.link(&asked.path()),
        label: format!("{name} {}", month_words(w, found.period.as_deref())),
        place: place + 1,
        count: members.len(),
        before: id(place.checked_sub(1)),
        after: id(place.checked_add(1)),
    }))
}

/// The version that a correction would take the place of: the newest that stands.
fn corrected(db: &Connection, found: &Submission) -> Result<Option<Item>> {
    let mut item = match found.of {
        Some(of) => view::item(db, of)?,
        None => return Ok(None),
    };
    while let Some(newer) = item.as_ref().and_then(|item| item.corrected) {
        if Some(newer) == found.index {
            break;
        }
        item = view::item(db, newer)?;
    }
    Ok(item)
}

/// What the month comes to with this receipt.
fn month_sum(db: &Connection, w: Words, found: &Submission) -> Result<Option<String>> {
    let (Some(period), Held::Receipt(receipt)) = (&found.period, Held::of(found)) else {
        return Ok(None);
    };
    let Ok(period) = period.parse() else { return Ok(None) };
    if found.state == State::Published {
        return Ok(None);
    }
    let totals = view::totals(db, &found.village, period)?;
    Ok(Some(w.fill(
        "本月已公布 {count} 笔，支出 {spent}，收入 {received}；这一件 {amount}。",
        &[
            ("count", &totals.count.to_string()),
            ("spent", &w.money(&totals.spent)),
            ("received", &w.money(&totals.received)),
            ("amount", &w.money(&receipt.amount)),
        ],
    )))
}

type Fields = Vec<(&'static str, String)>;

fn bulletin(db: &Connection, w: Words, found: &Submission) -> Result<Option<(Reviewed, Fields)>> {
    match Held::of(found) {
        Held::Bulletin(content) => Reviewed::of(db, w, found, *content).map(Some),
        _ => Ok(None),
    }
}

fn content(w: Words, seen: &Seen) -> (Vec<ImageRef>, Fields) {
    let (found, place) = (&seen.found, &seen.row.place);
    if let Some((_, fields)) = &seen.bulletin {
        return (Vec::new(), fields.clone());
    }
    let Held::Receipt(receipt) = Held::of(found) else {
        return (Vec::new(), vec![(w.t("村"), place.clone())]);
    };
    let month = found.period.as_deref().and_then(|text| text.parse().ok());
    let mut fields = pages::receipt_rows(w, place, month, &receipt);
    fields.extend(check::openness_row(w, receipt.openness));
    if !receipt.no_voucher.is_empty() {
        fields.push((w.t("没有票据的原因"), receipt.no_voucher.clone()));
    }
    (receipt.images, fields)
}

fn old_content(w: Words, seen: &Seen) -> (Vec<ImageRef>, Fields) {
    let receipt = seen.old.as_ref().and_then(|item| Some((item.period, item.receipt()?)));
    receipt.map_or_else(Default::default, |(period, receipt)| {
        let fields = pages::receipt_rows(w, &seen.row.place, period, &receipt);
        (receipt.images, fields)
    })
}

fn side_by_side(fields: Fields, old: Fields) -> Vec<FieldLine> {
    let with_old = !old.is_empty();
    let mut lines: Vec<FieldLine> = Vec::new();
    for (name, value) in fields {
        let before = old.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let before = with_old.then(|| before.unwrap_or_default());
        let changed = before.as_ref().is_some_and(|before| *before != value);
        lines.push(FieldLine { name, value, old: before, changed });
    }
    for (name, value) in old {
        if lines.iter().all(|line| line.name != name) {
            let changed = true;
            lines.push(FieldLine { name, value: String::new(), old: Some(value), changed });
        }
    }
    lines
}

fn offer(session: &Session, seen: &Seen) -> Offer {
    if !worklist::waits_for(&session.who, &seen.found, seen.stage) {
        return Offer::Nothing;
    }
    match seen.stage {
        Stage::Countersign(_) => {
            Offer::Countersign(review::key_name(&seen.found.village, &session.who.login))
        }
        Stage::Review if seen.needs.leader => Offer::Pass,
        Stage::Review | Stage::Approved => Offer::Publish,
        Stage::Approval => Offer::Approve,
        _ => Offer::Nothing,
    }
}

fn may_return(session: &Session, found: &Submission, stage: Stage) -> bool {
    let waits = !matches!(stage, Stage::Returned | Stage::Published);
    let reviewer = session.who.acting(Deed::Review).ok().is_some_and(|actor| {
        !actor.is_either(found.author.as_deref(), found.author_for.as_deref())
    });
    waits && reviewer
}

fn objection(found: &Submission) -> Option<String> {
    found.opinions.iter().find_map(|opinion| opinion.objection.clone())
}

fn done_words(w: Words, asked: &Asked) -> Option<&'static str> {
    match (asked.published, asked.returned, asked.said) {
        (Some(_), ..) => Some(w.t("上一件已公布，这是下一件。")),
        (_, Some(_), _) => Some(w.t("上一件已退回，这是下一件。")),
        (.., Some(_)) => Some(w.t("上一件已办，这是下一件。")),
        _ => None,
    }
}

fn state(w: Words, found: &Submission, stage: Stage) -> Option<String> {
    match stage {
        Stage::Incomplete => Some(w.t("图片还没有传完。").to_owned()),
        Stage::Published => Some(w.t("已公布。").to_owned()),
        Stage::Returned => {
            let reason = found.reason.as_deref().unwrap_or_default();
            Some(w.fill("已退回：{reason}", &[("reason", reason)]))
        }
        Stage::Countersign(missing) => Some(w.one("还差 {n} 位监督委员会签。", &missing)),
        Stage::Objected => Some(w.t("监督委员不同意，请看下面的意见。").to_owned()),
        Stage::Approval => Some(w.t("审核已通过，等领导签批。").to_owned()),
        Stage::Approved => Some(w.t("领导已签批，可以公布。").to_owned()),
        Stage::Review => None,
    }
}

fn said(w: Words, opinion: &Opinion) -> String {
    let name = &opinion.name;
    let time = when(&opinion.time);
    let values = [("name", name.as_str()), ("time", time.as_str())];
    let mut text = match (opinion.voice, &opinion.objection) {
        (_, Some(reason)) => {
            let values = [("name", name.as_str()), ("time", time.as_str()), ("reason", reason)];
            w.fill("{time} {name} 不同意：{reason}", &values)
        }
        (Voice::Supervisor, None) => w.fill("{time} {name} 会签", &values),
        (Voice::Reviewer, None) => w.fill("{time} {name} 审核通过", &values),
        (Voice::Leader, None) => w.fill("{time} {name} 签批", &values),
    };
    if let Some(absent) = &opinion.for_login {
        text.push_str(&w.fill("（代 {name}）", &[("name", absent)]));
    }
    text
}

fn history(w: Words, line: &Line) -> String {
    let act = act_words(w, &line.act);
    let mut text = format!("{} {} {act}", when(&line.time), line.name);
    if let Some(absent) = &line.for_name {
        text.push_str(&w.fill("（代 {name}）", &[("name", absent)]));
    }
    text
}

/// What was done, in words; the word itself where there are none.
pub fn act_words(w: Words, act: &str) -> String {
    let words = match act {
        "publish" => w.t("公布"),
        "return" => w.t("退回"),
        "withdraw" => w.t("撤回"),
        "draft" => w.t("送审"),
        "pass" => w.t("审核通过"),
        "approve" => w.t("签批"),
        "countersign" => w.t("会签"),
        "object" => w.t("不同意"),
        "bounce" => w.t("机器退回"),
        "close-month" => w.t("结账"),
        "login" => w.t("登录"),
        "user-add" => w.t("开立账户"),
        "user-revoke" => w.t("注销账户"),
        "deputy" => w.t("定 B 岗"),
        "away" => w.t("离岗"),
        "back" => w.t("回岗"),
        "password" => w.t("换密码"),
        "key-enrol" => w.t("登记钥匙"),
        "key-revoke" => w.t("注销钥匙"),
        "key-request" => w.t("申请登记钥匙"),
        "kiosk-enrol" => w.t("登记公开屏"),
        "kiosk-rename" => w.t("改公开屏"),
        "kiosk-revoke" => w.t("停用公开屏"),
        "village-add" => w.t("改村名录"),
        "column-add" => w.t("改栏目"),
        "inspect" => w.t("签巡查"),
        "freeze" => w.t("封存"),
        "recheck" => w.t("自查"),
        "token-add" => w.t("做令牌"),
        "token-revoke" => w.t("注销令牌"),
        other => return other.to_owned(),
    };
    words.to_owned()
}

/// A picture or video that was not published yet, for those who may see the submission that names it, and for editors.
pub async fn picture(
    From(app): From<Arc<App>>,
    Path(hash): Path<String>,
    session: Session,
    uri: Uri,
    asked: HeaderMap,
) -> Response {
    let absent = || failed(&uri, &Error::refused("not-found", "没有这张图片"));
    let Ok(hash) = hash.parse::<Hash>() else { return absent() };
    let may = session.who.may(Deed::Write);
    let seen = app.db.read(|db| Ok(may || review::may_see_image(db, &hash, &session.who)?));
    let file = match seen {
        Ok(true) => app.data.find_blob(&hash),
        Ok(false) => None,
        Err(error) => return failed(&uri, &error),
    };
    let Some(file) = file else { return absent() };
    let opened = tokio::task::spawn_blocking(move || Large::open(&file)).await;
    match opened.unwrap_or(Err(Error::Busy)) {
        Err(error) => failed(&uri, &error),
        Ok(None) => absent(),
        Ok(Some(file)) => read::large(file, &hash, "private, max-age=600", &asked),
    }
}

/// Sends one back with a reason.
pub async fn return_to(From(app): From<Arc<App>>, act: Act) -> Response {
    let source = match word(act.field("source"), "请选择错在哪里。") {
        Ok(source) => source,
        Err(error) => return failed(&act.uri, &error),
    };
    let (id, reason) = (act.field("id"), act.field("reason"));
    match review::return_to(&app, id, reason, source, &act.session.who).await {
        Ok(()) => next(&act, "returned=1"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// Passes one on to the leader.
pub async fn pass(From(app): From<Arc<App>>, act: Act) -> Response {
    match review::pass(&app, act.field("id"), &act.session.who).await {
        Ok(()) => next(&act, "said=1"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// The leader approves one.
pub async fn approve(From(app): From<Arc<App>>, act: Act) -> Response {
    match review::approve(&app, act.field("id"), &act.session.who).await {
        Ok(()) => next(&act, "said=1"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// A supervisor objects.
pub async fn object(From(app): From<Arc<App>>, act: Act) -> Response {
    let (id, reason) = (act.field("id"), act.field("reason"));
    match review::object(&app, id, reason, &act.session.who).await {
        Ok(()) => done(&act.uri, "/office?said=1"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// A value by the word that stands for it in the log's formats.
pub(super) fn word<T: DeserializeOwned>(text: &str, otherwise: &'static str) -> Result<T> {
    T::deserialize(StrDeserializer::<NoSuchWord>::new(text))
        .map_err(|_| Error::refused("malformed", otherwise))
}
