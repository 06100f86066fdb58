//! The short way of an emergency notice: one page, then the reviewer.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::bulletin::{self, EMERGENCY_HOURS, EMERGENCY_HOURS_MAX, Written};
use crate::error::{Error, Result};
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;

#[derive(Template)]
#[template(path = "office/emergency.html")]
struct Emergency {
    f: Frame,
    problem: Option<String>,
    columns: Vec<(String, String)>,
    villages: Vec<(String, String)>,
    written: Written,
    hours: String,
    hours_max: i64,
    token: String,
}

/// The form.
pub async fn show(State(app): State<Arc<App>>, session: Session, uri: Uri) -> Response {
    let hours = EMERGENCY_HOURS.to_string();
    page(&app, session, &uri, Written::default(), hours, None)
}

fn page(
    app: &App,
    session: Session,
    uri: &Uri,
    written: Written,
    hours: String,
    problem: Option<&Error>,
) -> Response {
    let w = words(uri);
    let found: Result<_> = app.db.read(|db| {
        let columns = view::columns(db)?.into_iter();
        // An emergency is no policy.
        let columns = columns.filter(|column| column.kind.is_notice());
        let name = |c: view::Column| (c.id, if w.zh() { c.name } else { c.name_en });
        Ok((columns.map(name).collect(), view::villages(db)?))
    });
    match found {
        Err(error) => failed(uri, &error),
        Ok((columns, villages)) => {
            let token = session.form.clone();
            let mut f = Frame::new(uri, w.t("发紧急通知"), Some(session));
            f.other = super::pages::other_language(w, &Uri::from_static("/office/emergency"));
            let status =
                if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let problem = problem.map(ToString::to_string);
            let hours_max = EMERGENCY_HOURS_MAX;
            let page =
                Emergency { f, problem, columns, villages, written, hours, hours_max, token };
            html(uri, status, &page)
        }
    }
}

/// Sends it for review.
pub async fn send(State(app): State<Arc<App>>, act: Act) -> Response {
    let written = Written {
        village: act.field("village").to_owned(),
        column: act.field("column").to_owned(),
        title: act.field("title").to_owned(),
        body: act.typed("body").replace("\r\n", "\n"),
        ..Written::default()
    };
    let hours = act.field("hours").parse().unwrap_or(0);
    match bulletin::emergency(&app, &act.session.who, written.clone(), hours).await {
        Ok(_) => done(&act.uri, "/office/bulletins?sent=1"),
        Err(error @ Error::Refused { .. }) => {
            let hours = act.field("hours").to_owned();
            page(&app, act.session, &act.uri, written, hours, Some(&error))
        }
        Err(error) => failed(&act.uri, &error),
    }
}
