//! The record of who did what, newest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::rows::when;
use super::submission::act_words;
use super::{Frame, failed, html, words};
use crate::app::App;
use crate::audit::{self, Line};
use crate::web::sessions::Session;
use crate::web::words::Words;

/// Where to go on.
#[derive(serde::Deserialize)]
pub struct Asked {
    before: Option<i64>,
}

/// A line of the record as it is shown.
struct Shown {
    id: i64,
    time: String,
    who: String,
    act: String,
    subject: String,
    old: String,
    new: String,
}

#[derive(Template)]
#[template(path = "office/record.html")]
struct Record {
    f: Frame,
    lines: Vec<Shown>,
    older: Option<String>,
}

/// The record.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    match app.db.read(|db| audit::page(db, asked.before)) {
        Err(error) => failed(&uri, &error),
        Ok(lines) => {
            let full = lines.len() >= audit::PAGE_LINES as usize;
            let last = lines.last().filter(|_| full);
            let older = last.map(|line| w.link(&format!("/office/record?before={}", line.id)));
            let page = Record {
                lines: lines.into_iter().map(|line| shown(w, line)).collect(),
                older,
                f: Frame::new(&uri, w.t("操作记录"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

fn shown(w: Words, line: Line) -> Shown {
    let who = match &line.for_name {
        None => format!("{}（{}）", line.name, line.login),
        Some(absent) => {
            w.fill("{name}（代 {absent}）", &[("name", &line.name), ("absent", absent)])
        }
    };
    Shown {
        id: line.id,
        time: when(&line.time),
        who,
        act: act_words(w, &line.act),
        subject: line.subject,
        old: line.old.unwrap_or_default(),
        new: line.new.unwrap_or_default(),
    }
}
