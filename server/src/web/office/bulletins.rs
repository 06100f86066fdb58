//! Bulletins: what is being written, what waits for review, what is shown now.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::content::Importance;
use rusqlite::Connection;

use super::rows::when;
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::bulletin::drafts::{self, Draft, Standing};
use crate::bulletin::{self, Written};
use crate::clock;
use crate::error::Result;
use crate::kiosks::{self, Displayed};
use crate::people::{Actor, Deed};
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// What was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    sent: Option<String>,
    /// The id of the draft that was deleted.
    deleted: Option<String>,
}

struct DraftLine {
    href: String,
    title: String,
    standing: String,
    changed: String,
}

struct ShownLine {
    href: String,
    title: String,
    column: String,
    place: String,
    until: String,
    displayed: String,
}

#[derive(Template)]
#[template(path = "office/bulletins.html")]
struct Bulletins {
    f: Frame,
    done: Option<&'static str>,
    /// The draft that was just deleted, and can be brought back.
    deleted: Option<String>,
    open: Vec<DraftLine>,
    waiting: Vec<DraftLine>,
    shown: Vec<ShownLine>,
    token: String,
}

/// The list.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found =
        session.who.acting(Deed::Write).and_then(|by| app.db.read(|db| lists(db, &app, w, &by)));
    match found {
        Err(error) => failed(&uri, &error),
        Ok((open, waiting, shown)) => {
            let done = asked.sent.map(|_| w.t("已送审。"));
            let plain = |id: &String| id.bytes().all(|b| b.is_ascii_hexdigit());
            let deleted = asked.deleted.filter(plain);
            let token = session.form.clone();
            let f = Frame::new(&uri, w.t("公告"), Some(session));
            let page = Bulletins { f, done, deleted, open, waiting, shown, token };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

fn lists(
    db: &Connection,
    app: &App,
    w: Words,
    by: &Actor,
) -> Result<(Vec<DraftLine>, Vec<DraftLine>, Vec<ShownLine>)> {
    let drafts = drafts::list(db, by)?;
    let (open, waiting): (Vec<Draft>, Vec<Draft>) =
        drafts.into_iter().partition(|draft| draft.standing.is_open());
    let days_min = app.rulebook.now().rules.display_days();
    let mut shown = Vec::new();
    for line in view::shown_now(db, clock::unix_now())? {
        shown.push(ShownLine {
            href: w.link(&format!("/office/shown/{}", line.n)),
            column: line.column(w.zh()).to_owned(),
            until: line.until.as_ref().map(|until| w.moment(until)).unwrap_or_default(),
            displayed: displayed(w, kiosks::displayed(db, line.n)?, line.importance, days_min),
            title: line.title,
            place: line.place,
        });
    }
    let lines = |drafts: Vec<Draft>| drafts.into_iter().map(|draft| line(w, draft)).collect();
    Ok((lines(open), lines(waiting), shown))
}

/// On how many screens, for how many days, and how many it should be: of an emergency none are asked.
pub fn displayed(w: Words, shown: Displayed, importance: Importance, days_min: u32) -> String {
    let (screens, days) = (shown.screens.to_string(), shown.days.to_string());
    let least = days_min.to_string();
    let values = [("n", screens.as_str()), ("days", &days), ("least", &least)];
    match importance {
        Importance::Emergency => w.fill("已在 {n} 块屏上展示 {days} 天", &values),
        _ => w.fill("已在 {n} 块屏上展示 {days} 天（至少 {least} 天）", &values),
    }
}

fn line(w: Words, draft: Draft) -> DraftLine {
    let href = match &draft.standing {
        Standing::Waiting(id) => w.link(&format!("/office/s/{id}")),
        _ => w.link(&format!("/office/bulletins/{}", draft.id)),
    };
    let title = match draft.written.title.trim() {
        "" => w.t("（还没有标题）").to_owned(),
        title => title.to_owned(),
    };
    let title = match draft.of {
        Some(_) => w.fill("更正：{title}", &[("title", &title)]),
        None => title,
    };
    let standing = match draft.standing {
        Standing::Returned(reason) => w.fill("已退回：{reason}", &[("reason", &reason)]),
        _ => String::new(),
    };
    DraftLine { href, title, standing, changed: when(&draft.changed) }
}

/// Begins a new one: empty, or the explanation of a policy.
pub async fn begin(State(app): State<Arc<App>>, act: Act) -> Response {
    let written = Written::new(act.field("column"), &app.rulebook.now().rules).map(|new| Written {
        explains: act.field("explains").to_owned(),
        unit: act.field("unit").to_owned(),
        village: act.field("village").to_owned(),
        ..new
    });
    let written = match written {
        Ok(written) => written,
        Err(error) => return failed(&act.uri, &error),
    };
    let begun = bulletin::change(&app, &act.session.who, move |c, by| {
        drafts::create(c, by, &written, None)
    });
    match begun.await {
        Ok(id) => done(&act.uri, &format!("/office/bulletins/{id}")),
        Err(error) => failed(&act.uri, &error),
    }
}
