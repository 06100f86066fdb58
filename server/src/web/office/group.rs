//! What waits of one village's month at one stage, to be ticked and done together.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as From};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use rusqlite::Connection;
use serde::Deserialize;

use super::rows::{Names, Row, row};
use super::work::{month_words, stage_words};
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::error::{Error, Result};
use crate::people::Who;
use crate::review::{self, Stage, Submission};
use crate::rules::Rules;
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::{view, worklist};

/// Which group.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    village: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    stage: String,
}

impl Asked {
    /// The group that a submission belongs to.
    pub fn of(found: &Submission, stage: Stage) -> Self {
        Self {
            village: found.village.clone(),
            period: found.period.clone().unwrap_or_default(),
            stage: stage.as_str().to_owned(),
        }
    }

    /// Its page.
    pub fn path(&self) -> String {
        let Self { village, period, stage } = self;
        format!("/office/group?village={village}&period={period}&stage={stage}")
    }
}

/// The submissions of a group with their stages: those that wait for this person first, and each the oldest first.
pub fn members(
    db: &Connection,
    rules: &Rules,
    who: &Who,
    asked: &Asked,
) -> Result<Vec<(Submission, Stage)>> {
    if !who.sees(&asked.village) {
        return Ok(Vec::new());
    }
    let period = Some(asked.period.as_str()).filter(|period| !period.is_empty());
    let pending = review::list_pending_of(db, &asked.village, period)?.into_iter();
    let staged = pending.map(|found| {
        let stage = review::stage(&found, review::needs(&found, rules));
        (found, stage)
    });
    let wanted = |stage: Stage| asked.stage.is_empty() || stage.as_str() == asked.stage;
    let mut members: Vec<_> = staged.filter(|(_, stage)| wanted(*stage)).collect();
    members.sort_by_key(|(found, stage)| !worklist::waits_for(who, found, *stage));
    Ok(members)
}

/// What can be done with a whole group.
enum Together {
    Publish,
    Countersign,
    Nothing,
}

#[derive(Template)]
#[template(path = "office/group.html")]
struct GroupPage {
    f: Frame,
    title: String,
    stage: &'static str,
    rows: Vec<Row>,
    /// How many of them have nothing to look at.
    ready: usize,
    together: Together,
    /// Name of the key that a supervisor signs with here.
    key: String,
    token: String,
}

/// The page of a group.
pub async fn show(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let book = app.rulebook.now();
    let found = app.db.read(|db| {
        let members = members(db, &book.rules, &session.who, &asked)?;
        let name = view::village_name(db, &asked.village)?.unwrap_or_default();
        let mut rows = Vec::with_capacity(members.len());
        for (found, stage) in &members {
            let names = Names::of(db, std::slice::from_ref(found))?;
            let mut row = row(w, &names, found);
            row.open = worklist::waits_for(&session.who, found, *stage);
            row.text = text_of(found);
            rows.push(row);
        }
        Ok((name, members.first().map(|(_, stage)| *stage), rows))
    });
    let (name, stage, rows) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let open = rows.iter().any(|row| row.open);
    let together = match stage {
        Some(Stage::Review | Stage::Approved) if open => Together::Publish,
        Some(Stage::Countersign(_)) if open => Together::Countersign,
        _ => Together::Nothing,
    };
    let period = Some(asked.period.as_str()).filter(|period| !period.is_empty());
    let title = format!("{name} {}", month_words(w, period));
    let page = GroupPage {
        stage: stage.map_or("", |stage| stage_words(w, stage)),
        ready: rows.iter().filter(|row| row.open && row.flags.is_empty()).count(),
        together,
        key: review::key_name(&asked.village, &session.who.login),
        token: session.form.clone(),
        f: Frame::new(&uri, &title, Some(session)),
        title,
        rows,
    };
    html(&uri, StatusCode::OK, &page)
}

/// The text that is signed: the statement's line.
pub fn text_of(found: &Submission) -> String {
    let note = ledger::note::Note::parse(found.note.as_bytes());
    note.map_or_else(|_| String::new(), |note| note.text().to_owned())
}

/// Publishes what was ticked, all or none; goes on with what stands next.
pub async fn publish(From(app): From<Arc<App>>, act: Act) -> Response {
    let ids = act.all("id");
    if ids.is_empty() {
        let error = Error::refused("nothing-chosen", "没有选中任何一件。");
        return failed(&act.uri, &error);
    }
    match review::publish(&app, &ids, &act.session.who).await {
        Ok(published) => next(&act, &format!("published={}", published.len())),
        Err(error) => failed(&act.uri, &error),
    }
}

/// Keeps a supervisor's signatures: as many lines as ids.
pub async fn countersign(From(app): From<Arc<App>>, act: Act) -> Response {
    let (ids, lines) = (act.all("id"), act.all("line"));
    if ids.is_empty() || ids.len() != lines.len() {
        let text = "没有签成：请允许本页运行脚本，并在登记过钥匙的那台设备上会签。";
        return failed(&act.uri, &Error::refused("malformed", text));
    }
    for (id, line) in ids.iter().zip(&lines) {
        if let Err(error) = review::countersign(&app, id, line).await {
            return failed(&act.uri, &error);
        }
    }
    next(&act, &format!("said={}", ids.len()))
}

/// The page that a form asks to go on with: the next one of its group, or the work list.
pub fn next(act: &Act, done_words: &str) -> Response {
    let next = act.field("next");
    let known = next.len() == 64 && next.bytes().all(|byte| byte.is_ascii_hexdigit());
    if known {
        done(&act.uri, &format!("/office/s/{next}?{done_words}"))
    } else {
        done(&act.uri, &format!("/office?{done_words}"))
    }
}
