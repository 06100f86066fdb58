//! The work: what waits, one submission beside its scan, and the decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State as From};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use ledger::content::ImageRef;
use ledger::hash::Hash;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as NoSuchWord, StrDeserializer};

use super::check::{self, Check};
use super::reviewed::Reviewed;
use super::rows::{Held, Names, Row, row, when};
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::error::{Error, Result};
use crate::people::Deed;
use crate::review::{self, State, Submission};
use crate::view;
use crate::web::guard::Act;
use crate::web::login::Session;
use crate::web::stream::Large;
use crate::web::words::Words;
use crate::web::{pages, read};

/// Lines of the lists of what was decided.
const DECIDED_MAX: usize = 100;

/// What a list is asked for.
#[derive(Deserialize)]
pub struct Asked {
    published: Option<u64>,
    returned: Option<u64>,
    withdrawn: Option<u64>,
    village: Option<String>,
    period: Option<String>,
    big: Option<String>,
}

/// What waits of one village's month, or of its bulletins.
struct Group {
    place: String,
    month: String,
    count: usize,
    flagged: usize,
    oldest: String,
    link: String,
}

#[derive(Template)]
#[template(path = "office/work.html")]
struct Work {
    f: Frame,
    done: Option<String>,
    groups: Vec<Group>,
    total: usize,
}

/// Everything that waits, by village and month.
pub async fn waiting(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| {
        let pending = review::list_pending(db)?;
        let names = Names::of(db, &pending)?;
        Ok((groups(w, &names, &pending), pending.len()))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((groups, total)) => {
            let done = match (asked.published, asked.returned) {
                (Some(n), _) => Some(w.one("已公布 {n} 件。", &n)),
                (None, Some(_)) => Some(w.t("已退回。").to_owned()),
                _ => None,
            };
            let f = Frame::new(&uri, w.t("待审核"), Some(session));
            html(&uri, StatusCode::OK, &Work { f, done, groups, total })
        }
    }
}

fn groups(w: Words, names: &Names, pending: &[Submission]) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for submission in pending {
        let (code, period) = key(submission);
        let group = groups.entry((code, period)).or_insert_with(|| Group {
            place: names.get(code).to_owned(),
            month: month(w, submission),
            count: 0,
            flagged: 0,
            oldest: when(&submission.received),
            link: w.link(&format!("/office/group?village={code}&period={period}")),
        });
        group.count += 1;
        group.flagged += usize::from(!submission.flags.is_empty());
    }
    groups.into_values().collect()
}

/// The group that a submission belongs to: its village and month; no month for bulletins and
/// corrections.
fn key(submission: &Submission) -> (&str, &str) {
    (&submission.village, submission.period.as_deref().unwrap_or_default())
}

fn month(w: Words, submission: &Submission) -> String {
    let period = submission.period.as_ref().and_then(|text| text.parse().ok());
    period.map_or_else(|| w.t("公告和更正").to_owned(), |period| w.month(&period))
}

#[derive(Template)]
#[template(path = "office/group.html")]
struct GroupPage {
    f: Frame,
    title: String,
    rows: Vec<Row>,
    /// How many of them have nothing to look at.
    ready: usize,
    reviews: bool,
    token: String,
}

/// What waits of one village's month, to be ticked.
pub async fn group(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let wanted = (asked.village.unwrap_or_default(), asked.period.unwrap_or_default());
    let found = app.db.read(|db| {
        let mut pending = review::list_pending(db)?;
        pending.retain(|submission| key(submission) == (&wanted.0, &wanted.1));
        let names = Names::of(db, &pending)?;
        let name = view::village_name(db, &wanted.0)?.unwrap_or_default();
        let rows: Vec<Row> = pending.iter().map(|one| row(w, &names, one)).collect();
        let month = pending.first().map(|one| month(w, one)).unwrap_or_default();
        Ok((format!("{name} {month}"), rows))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((title, rows)) => {
            let ready = rows.iter().filter(|row| row.flags.is_empty()).count();
            let (reviews, token) = (session.who.may(Deed::Review), session.form.clone());
            let f = Frame::new(&uri, &title, Some(session));
            html(&uri, StatusCode::OK, &GroupPage { f, title, rows, ready, reviews, token })
        }
    }
}

#[derive(Template)]
#[template(path = "office/submission.html")]
struct SubmissionPage {
    f: Frame,
    row: Row,
    group: Option<(String, String)>,
    state: Option<String>,
    index: Option<u64>,
    images: Vec<ImageRef>,
    big: bool,
    bulletin: Option<Reviewed>,
    fields: Vec<(&'static str, String)>,
    checks: Vec<Check>,
    /// Whether this person may decide on it now.
    decides: bool,
    token: String,
}

impl SubmissionPage {
    /// Where its public page stands.
    fn public(&self) -> &'static str {
        if self.bulletin.is_some() { "b" } else { "r" }
    }
}

/// One submission: the scan beside the fields, what the machine found, and the two decisions.
pub async fn submission(
    From(app): From<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| {
        let found = review::one(db, &id)?;
        let found = found.ok_or_else(|| Error::refused("not-found", "没有这份提交"))?;
        let names = Names::of(db, std::slice::from_ref(&found))?;
        Ok((row(w, &names, &found), found))
    });
    let (row, found) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let (images, bulletin, fields) = match Held::of(&found) {
        Held::Receipt(receipt) => {
            let month = found.period.as_deref().and_then(|text| text.parse().ok());
            let fields = pages::receipt_rows(w, &row.place, month, &receipt);
            (receipt.images, None, fields)
        }
        Held::Bulletin(bulletin) => {
            match app.db.read(|db| Reviewed::of(db, w, &found, *bulletin)) {
                Ok((reviewed, fields)) => (Vec::new(), Some(reviewed), fields),
                Err(error) => return failed(&uri, &error),
            }
        }
        Held::Nothing => (Vec::new(), None, vec![(w.t("村"), row.place.clone())]),
    };
    let own = found.author.as_deref() == Some(session.who.login.as_str());
    let (code, period) = key(&found);
    let link = w.link(&format!("/office/group?village={code}&period={period}"));
    let waits = found.state == State::Received;
    let page = SubmissionPage {
        group: waits.then(|| (link, format!("{} {}", row.place, month(w, &found)))),
        state: state(w, &found),
        index: found.index,
        big: asked.big.is_some(),
        checks: check::checks(&app, w, &found),
        decides: waits && !own && session.who.may(Deed::Review),
        token: session.form.clone(),
        f: Frame::new(&uri, &row.title, Some(session)),
        row,
        images,
        bulletin,
        fields,
    };
    html(&uri, StatusCode::OK, &page)
}

fn state(w: Words, found: &Submission) -> Option<String> {
    match found.state {
        State::Received => None,
        State::Incomplete => Some(w.t("图片还没有传完。").to_owned()),
        State::Published => Some(w.t("已公布。").to_owned()),
        State::Returned => {
            let reason = found.reason.as_deref().unwrap_or_default();
            Some(w.fill("已退回：{reason}", &[("reason", reason)]))
        }
    }
}

/// A picture or video that was not published yet, for those who write and review.
pub async fn picture(
    From(app): From<Arc<App>>,
    Path(hash): Path<String>,
    _session: Session,
    uri: Uri,
    asked: HeaderMap,
) -> Response {
    let hash = hash.parse::<Hash>().ok();
    let found = hash.and_then(|hash| Some((hash, app.data.find_blob(&hash)?)));
    let absent = || failed(&uri, &Error::refused("not-found", "没有这张图片"));
    let Some((hash, file)) = found else { return absent() };
    let opened = tokio::task::spawn_blocking(move || Large::open(&file)).await;
    match opened.unwrap_or(Err(Error::Busy)) {
        Err(error) => failed(&uri, &error),
        Ok(None) => absent(),
        Ok(Some(file)) => read::large(file, &hash, "private, max-age=600", &asked),
    }
}

#[derive(Template)]
#[template(path = "office/list.html")]
struct List {
    f: Frame,
    heading: &'static str,
    done: Option<String>,
    rows: Vec<Row>,
}

/// What was sent back, newest first.
pub async fn returned(From(app): From<Arc<App>>, session: Session, uri: Uri) -> Response {
    let w = words(&uri);
    decided(&app, session, &uri, State::Returned, (w.t("已退回"), None))
}

/// What was published, newest first.
pub async fn published(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let done = asked.withdrawn.map(|n| w.one("第 {n} 号记录已撤回。", &n));
    decided(&app, session, &uri, State::Published, (w.t("已公布"), done))
}

fn decided(
    app: &App,
    session: Session,
    uri: &Uri,
    state: State,
    (heading, done): (&'static str, Option<String>),
) -> Response {
    let w = words(uri);
    let reviews = session.who.may(Deed::Review);
    let found = app.db.read(|db| {
        let mut decided = review::list_decided(db)?;
        decided.retain(|submission| submission.state == state);
        decided.truncate(DECIDED_MAX);
        let names = Names::of(db, &decided)?;
        let line = |submission: &Submission| {
            let mut row = row(w, &names, submission);
            let index = submission.index.filter(|_| reviews && submission.body.is_some());
            row.withdraw = index.map(|n| w.link(&format!("/office/withdraw?n={n}")));
            row
        };
        Ok(decided.iter().map(line).collect())
    });
    match found {
        Err(error) => failed(uri, &error),
        Ok(rows) => {
            let f = Frame::new(uri, heading, Some(session));
            html(uri, StatusCode::OK, &List { f, heading, done, rows })
        }
    }
}

/// Publishes what was ticked, all or none.
pub async fn publish(From(app): From<Arc<App>>, act: Act) -> Response {
    let ids = act.all("id");
    if ids.is_empty() {
        let error = Error::refused("nothing-chosen", "没有选中任何一件。");
        return failed(&act.uri, &error);
    }
    match review::publish(&app, &ids, &act.session.who).await {
        Ok(published) => done(&act.uri, &format!("/office?published={}", published.len())),
        Err(error) => failed(&act.uri, &error),
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
        Ok(()) => done(&act.uri, "/office?returned=1"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// A value by the word that stands for it in the log's formats.
pub(super) fn word<T: DeserializeOwned>(text: &str, otherwise: &'static str) -> Result<T> {
    T::deserialize(StrDeserializer::<NoSuchWord>::new(text))
        .map_err(|_| Error::refused("malformed", otherwise))
}
