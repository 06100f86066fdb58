//! Writing a bulletin; another person publishes it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::bulletin::{self, Draft};
use crate::view;
use crate::web::guard::Act;
use crate::web::login::Session;

/// Whether one was just sent.
#[derive(serde::Deserialize)]
pub struct Asked {
    sent: Option<String>,
}

#[derive(Template)]
#[template(path = "office/bulletins.html")]
struct Bulletins {
    f: Frame,
    done: Option<&'static str>,
    columns: Vec<(String, String)>,
    villages: Vec<(String, String)>,
    token: String,
}

/// The form.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| {
        let columns = view::columns(db)?.into_iter();
        let name =
            |column: view::Column| (column.id, if w.zh() { column.name } else { column.name_en });
        Ok((columns.map(name).collect(), view::villages(db)?))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((columns, villages)) => {
            let done = asked.sent.map(|_| w.t("已送审。"));
            let token = session.form.clone();
            let f = Frame::new(&uri, w.t("写公告"), Some(session));
            html(&uri, StatusCode::OK, &Bulletins { f, done, columns, villages, token })
        }
    }
}

/// Keeps what was written until someone else publishes it.
pub async fn send(State(app): State<Arc<App>>, act: Act) -> Response {
    let draft = Draft {
        village: act.field("village").to_owned(),
        column: act.field("column").to_owned(),
        title: act.field("title").to_owned(),
        body: act.field("body").to_owned(),
        images: Vec::new(),
    };
    match bulletin::draft(&app, &act.session.who, draft).await {
        Ok(_) => done(&act.uri, "/office/bulletins?sent=1"),
        Err(error) => failed(&act.uri, &error),
    }
}
