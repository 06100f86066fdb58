//! The editor: one bulletin, what it will look like, and its versions. Works by its buttons alone; the script only saves
//! and shows the preview while one types.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ledger::content::{ColumnKind, Importance};
use ledger::statement::word;
use rusqlite::Connection;

use super::reviewed::FILES;
use super::rows::when;
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::bulletin::drafts::{self, Draft, Saved, Version};
use crate::bulletin::{self, Sent, Written, pair};
use crate::error::{Error, Result};
use crate::people::{Actor, Deed};
use crate::web::guard::{Act, PRIVATE};
use crate::web::pages::Shown;
use crate::web::sessions::Session;
use crate::web::words::{Words, zh};
use crate::{clock, view};

const SCRIPT: &str = include_str!("editor.js");

/// What is said to whoever writes in an older window.
const ASIDE: &str = zh(
    "另一个窗口已经保存了更新的内容。您刚才写的没有覆盖它，也没有丢：已另外保留在下面的“版本”里，可以恢复。",
);

/// What was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    done: Option<String>,
}

struct Choice {
    value: String,
    label: String,
    on: bool,
}

struct VersionLine {
    id: i64,
    said: String,
    aside: bool,
    now: bool,
    title: String,
}

#[derive(Template)]
#[template(path = "office/editor.html")]
struct Editor {
    f: Frame,
    path: String,
    version: i64,
    corrects: Option<u64>,
    returned: Option<String>,
    said: Option<&'static str>,
    problem: Option<String>,
    written: Written,
    columns: Vec<Choice>,
    policy_column: bool,
    explanation_column: String,
    villages: Vec<Choice>,
    levels: Vec<Choice>,
    attributes: Vec<Choice>,
    grounds: Vec<Choice>,
    policies: Vec<Choice>,
    weekdays: Vec<Choice>,
    sources: Vec<(String, String)>,
    days_min: u32,
    versions: Vec<VersionLine>,
    s: Shown,
    wrong: Option<String>,
    token: String,
}

impl Editor {
    /// Where something is done with this draft.
    fn at(&self, deed: &str) -> String {
        self.f.w.link(&format!("{}/{deed}", self.path))
    }
}

/// What it looks like on a phone and on a screen.
#[derive(Template)]
#[template(path = "office/preview.html")]
struct Preview {
    f: Frame,
    s: Shown,
    wrong: Option<String>,
}

/// The editor of one draft.
pub async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let said = match asked.done.as_deref() {
        Some("saved") => zh("已保存。"),
        Some("aside") => ASIDE,
        Some("restored") => zh("已恢复这个版本；原来的还在“版本”里。"),
        Some("added") => zh("已加上。"),
        Some("removed") => zh("已移除。"),
        Some("undeleted") => zh("已恢复。"),
        _ => "",
    };
    let said = (!said.is_empty()).then_some(said);
    page(&app, session, &uri, &id, said, None)
}

/// The editor, with what was just done or what is wrong.
pub(super) fn page(
    app: &App,
    session: Session,
    uri: &Uri,
    id: &str,
    said: Option<&'static str>,
    problem: Option<&Error>,
) -> Response {
    let w = words(uri);
    let path = format!("/office/bulletins/{id}");
    let made = session.who.acting(Deed::Write).and_then(|by| {
        app.db.read(|db| {
            let draft = drafts::one(db, &by, id)?;
            if !draft.standing.is_open() {
                return Ok(None);
            }
            let mut f = Frame::new(uri, w.t("写公告"), Some(session.clone()));
            f.other = super::pages::other_language(w, &path.parse().unwrap_or_default());
            editor(db, app, f, &by, draft).map(Some)
        })
    });
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    match made {
        Ok(Some(mut editor)) => {
            editor.said = said.map(|said| w.t(said));
            editor.problem = problem.map(ToString::to_string);
            html(uri, status, &editor)
        }
        // Sent, published or deleted meanwhile: the list says which.
        Ok(None) => done(uri, "/office/bulletins"),
        Err(error) => failed(uri, &error),
    }
}

fn editor(db: &Connection, app: &App, f: Frame, by: &Actor, draft: Draft) -> Result<Editor> {
    let (w, written) = (f.w, draft.written);
    let known = view::columns(db)?;
    let kind = known.iter().find(|column| column.id == written.column).map(|column| column.kind);
    let explanation = known.iter().find(|column| column.kind == ColumnKind::Explanation);
    let explanation_column = explanation.map(|column| column.id.clone()).unwrap_or_default();
    let columns = known.into_iter();
    let columns = columns.map(|c| (c.id, if w.zh() { c.name } else { c.name_en }));
    let mut villages = vec![(String::new(), w.t("全镇").to_owned())];
    villages.extend(view::villages(db)?);
    let policies = pair::policies(db, by)?.into_iter().map(|(value, standing, title)| {
        let standing = match standing {
            "draft" => w.t("草稿"),
            "waiting" => w.t("待审核"),
            _ => w.t("已公布"),
        };
        (value, format!("{title}（{standing}）"))
    });
    let mut policies: Vec<_> = policies.filter(|(value, _)| !value.ends_with(&draft.id)).collect();
    policies.insert(0, (String::new(), w.t("不解读镇里的文件").to_owned()));
    let versions = drafts::versions(db, &draft.id)?;
    let returned = match draft.standing {
        drafts::Standing::Returned(reason) => Some(reason),
        _ => None,
    };
    let (s, wrong) = sketch(db, app, w, &written)?;
    let book = app.rulebook.now();
    let rules = &book.rules;
    Ok(Editor {
        path: format!("/office/bulletins/{}", draft.id),
        version: draft.version,
        corrects: draft.of.map(|(of, _)| of),
        returned,
        said: None,
        problem: None,
        columns: choices(columns, &written.column),
        policy_column: kind == Some(ColumnKind::Policy),
        explanation_column,
        villages: choices(villages.into_iter(), &written.village),
        levels: levels(w, written.importance),
        attributes: attributes(w, &written.openness),
        grounds: grounds(w, &written.ground),
        policies: choices(policies.into_iter(), &written.explains),
        weekdays: weekdays(w, &written.weekdays),
        days_min: rules.display_days(),
        sources: rules
            .sources()
            .iter()
            .map(|source| (source.name.to_string(), source.host.to_string()))
            .collect(),
        versions: versions.into_iter().map(|version| version_line(w, &written, version)).collect(),
        s,
        wrong,
        token: f.session.as_ref().map(|session| session.form.clone()).unwrap_or_default(),
        f,
        written,
    })
}

/// What it will look like, and the first thing that is still wrong.
fn sketch(
    db: &Connection,
    app: &App,
    w: Words,
    written: &Written,
) -> Result<(Shown, Option<String>)> {
    let code = if written.village.is_empty() { &app.township } else { &written.village };
    let place = view::village_name(db, code)?.unwrap_or_default();
    let now = w.moment(&clock::timestamp()?);
    let book = app.rulebook.now();
    let rules = &book.rules;
    let shown = Shown::of(w, written.sketch(rules), place, now, FILES);
    Ok((shown, written.problem(db, rules)?))
}

fn choices(all: impl Iterator<Item = (String, String)>, chosen: &str) -> Vec<Choice> {
    all.map(|(value, label)| Choice { on: value == chosen, value, label }).collect()
}

fn levels(w: Words, chosen: Importance) -> Vec<Choice> {
    let all = [Importance::Normal, Importance::Important, Importance::Emergency].into_iter();
    let all = all.map(|level| (word(&level), super::reviewed::importance(w, level).to_owned()));
    choices(all, &word(&chosen))
}

fn attributes(w: Words, chosen: &str) -> Vec<Choice> {
    let all = [
        ("", w.t("请选择")),
        ("open", w.t("主动公开")),
        ("partial", w.t("部分公开")),
        ("on-request", w.t("依申请公开")),
        ("withheld", w.t("不予公开")),
    ];
    choices(all.into_iter().map(|(value, label)| (value.to_owned(), label.to_owned())), chosen)
}

fn grounds(w: Words, chosen: &str) -> Vec<Choice> {
    let all = [
        ("", w.t("主动公开的不用选")),
        ("state-secret", w.t("国家秘密（政府信息公开条例第十四条）")),
        ("safety", w.t("危及国家、公共、经济安全和社会稳定（第十四条）")),
        ("trade-secret", w.t("商业秘密（第十五条）")),
        ("privacy", w.t("个人隐私（第十五条）")),
        ("internal", w.t("内部事务（第十六条）")),
        ("process", w.t("讨论记录、过程稿（第十六条）")),
        ("enforcement", w.t("执法案卷（第十六条）")),
    ];
    choices(all.into_iter().map(|(value, label)| (value.to_owned(), label.to_owned())), chosen)
}

fn weekdays(w: Words, chosen: &[u8]) -> Vec<Choice> {
    let names = [w.t("一"), w.t("二"), w.t("三"), w.t("四"), w.t("五"), w.t("六"), w.t("日")];
    let all = (1_u8..).zip(names);
    all.map(|(day, name)| Choice {
        value: day.to_string(),
        label: name.to_owned(),
        on: chosen.contains(&day),
    })
    .collect()
}

fn version_line(w: Words, newest: &Written, version: Version) -> VersionLine {
    let values = [("time", &*when(&version.saved)), ("who", &version.name)];
    let characters = version.written.body.chars().count();
    let title = match version.written.title.trim() {
        "" => w.t("（还没有标题）"),
        title => title,
    };
    VersionLine {
        id: version.id,
        said: w.fill("{time}，{who}", &values),
        aside: version.aside,
        now: !version.aside && version.written == *newest,
        title: w.fill("{title}，正文 {n} 字", &[("title", title), ("n", &characters.to_string())]),
    }
}

/// What the form says.
pub(super) fn written(act: &Act) -> Written {
    let importance = match act.field("importance") {
        "important" => Importance::Important,
        "emergency" => Importance::Emergency,
        _ => Importance::Normal,
    };
    let mut weekdays: Vec<u8> =
        act.all("weekday").iter().filter_map(|day| day.parse().ok()).collect();
    weekdays.sort_unstable();
    weekdays.dedup();
    let field = |name: &str| act.field(name).to_owned();
    Written {
        village: field("village"),
        column: field("column"),
        title: field("title"),
        body: act.typed("body").replace("\r\n", "\n"),
        unit: field("unit"),
        source: field("source"),
        importance,
        from: field("from"),
        until: field("until"),
        weekdays,
        explains: field("explains"),
        no_explanation: field("no_explanation"),
        openness: field("openness"),
        ground: field("ground"),
        images: Vec::new(),
        videos: Vec::new(),
    }
}

/// The version that the form was made from; none is older than all.
pub(super) fn base(act: &Act) -> i64 {
    act.field("version").parse().unwrap_or(0)
}

/// Saves what the form says; whoever asks for JSON gets it.
pub async fn save(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: HeaderMap,
    act: Act,
) -> Response {
    let (written, base, draft) = (written(&act), base(&act), id.clone());
    let saved = bulletin::change(&app, &act.session.who, move |c, by| {
        drafts::save(c, by, &draft, base, &written)
    });
    let saved = saved.await;
    let json = asked.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    match (saved, json) {
        (Err(error), true) => error.into_response(),
        (Err(error), false) => failed(&act.uri, &error),
        (Ok(saved), true) => told(words(&act.uri), saved),
        (Ok(Saved::As(_)), false) => done(&act.uri, &format!("/office/bulletins/{id}?done=saved")),
        (Ok(Saved::Aside), false) => done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
    }
}

/// What the page's script is told.
#[derive(serde::Serialize)]
struct Told {
    /// The version that now stands; none when it was kept aside.
    version: Option<i64>,
    /// For the person.
    said: String,
}

fn told(w: Words, saved: Saved) -> Response {
    let now = clock::now();
    let time = now.get(11..16).unwrap_or_default();
    let told = match saved {
        Saved::As(version) => {
            Told { version: Some(version), said: w.one("{n} 已自动保存", &time) }
        }
        Saved::Aside => Told { version: None, said: w.t(ASIDE).to_owned() },
    };
    ([(header::CACHE_CONTROL, PRIVATE)], Json(told)).into_response()
}

/// What the form would look like; nothing is saved.
pub async fn preview(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let w = words(&act.uri);
    let made = act.session.who.acting(Deed::Write).and_then(|by| {
        app.db.read(|db| {
            let draft = drafts::one(db, &by, &id)?;
            let (images, videos) = (draft.written.images, draft.written.videos);
            sketch(db, &app, w, &Written { images, videos, ..written(&act) })
        })
    });
    match made {
        Err(error) => error.into_response(),
        Ok((s, wrong)) => {
            let f = Frame::new(&act.uri, w.t("写公告"), None);
            super::html(&act.uri, StatusCode::OK, &Preview { f, s, wrong })
        }
    }
}

/// Brings an older version back; what the form says is saved before.
pub async fn restore(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let (written, base, draft) = (written(&act), base(&act), id.clone());
    let version: i64 = act.field("restore").parse().unwrap_or(0);
    let restored = bulletin::change(&app, &act.session.who, move |c, by| {
        drafts::save(c, by, &draft, base, &written)?;
        drafts::restore(c, by, &draft, version)
    });
    match restored.await {
        Ok(_) => done(&act.uri, &format!("/office/bulletins/{id}?done=restored")),
        Err(error) => failed(&act.uri, &error),
    }
}

/// Saves and sends for review.
pub async fn send(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let written = written(&act);
    match bulletin::send(&app, &act.session.who, &id, base(&act), written).await {
        Ok(Sent::As(_)) => done(&act.uri, "/office/bulletins?sent=1"),
        Ok(Sent::Aside) => done(&act.uri, &format!("/office/bulletins/{id}?done=aside")),
        Err(error @ Error::Refused { code: "bad-content" | "bad-column" | "bad-village", .. }) => {
            page(&app, act.session, &act.uri, &id, None, Some(&error))
        }
        Err(error) => failed(&act.uri, &error),
    }
}

/// Deletes a draft.
pub async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let draft = id.clone();
    let deleted =
        bulletin::change(&app, &act.session.who, move |c, by| drafts::delete(c, by, &draft, false));
    match deleted.await {
        Ok(()) => done(&act.uri, &format!("/office/bulletins?deleted={id}")),
        Err(error) => failed(&act.uri, &error),
    }
}

/// Brings a deleted draft back.
pub async fn undelete(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let draft = id.clone();
    let undone =
        bulletin::change(&app, &act.session.who, move |c, by| drafts::delete(c, by, &draft, true));
    match undone.await {
        Ok(()) => done(&act.uri, &format!("/office/bulletins/{id}?done=undeleted")),
        Err(error) => failed(&act.uri, &error),
    }
}

/// The editor's script.
pub async fn script(_session: Session) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCRIPT).into_response()
}
