//! What was decided: returned, published.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as From};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::rows::{Names, Row, row};
use super::{Frame, failed, html, words};
use crate::app::App;
use crate::people::Deed;
use crate::review::{self, Submission};
use crate::web::sessions::Session;

/// Lines of the lists of what was decided.
const DECIDED_MAX: usize = 100;

/// What was just done.
#[derive(Deserialize)]
pub struct Asked {
    withdrawn: Option<u64>,
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
    list(&app, session, &uri, false, (w.t("已退回"), None))
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
    list(&app, session, &uri, true, (w.t("已公布"), done))
}

fn list(
    app: &App,
    session: Session,
    uri: &Uri,
    published: bool,
    (heading, done): (&'static str, Option<String>),
) -> Response {
    let w = words(uri);
    let reviews = session.who.may(Deed::Review);
    let found = app.db.read(|db| {
        let decided = review::list_decided(db, &session.who, published, DECIDED_MAX)?;
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
