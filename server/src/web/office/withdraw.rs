//! Withdrawing a published record, with its reason.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::submission::word;
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::error::{Error, Result};
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::{review, view};

/// Which record.
#[derive(serde::Deserialize)]
pub struct Asked {
    n: Option<u64>,
}

#[derive(Template)]
#[template(path = "office/withdraw.html")]
struct Withdraw {
    f: Frame,
    n: u64,
    title: String,
    /// Whether there is more than one version, which all go.
    versions: bool,
    token: String,
}

/// Asks for the reason of a withdrawal.
pub async fn ask(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let n = asked.n.unwrap_or(u64::MAX);
    let item = app.db.read(|db| {
        let item = view::item(db, n)?.filter(|item| item.content.is_some());
        item.ok_or_else(|| Error::refused("not-found", "没有可以撤回的这一条"))
    });
    match item {
        Err(error) => failed(&uri, &error),
        Ok(item) => {
            let title = item.receipt().map(|content| content.purpose);
            let title = title.or_else(|| item.bulletin().map(|content| content.title));
            let token = session.form.clone();
            let f = Frame::new(&uri, words(&uri).t("撤回"), Some(session));
            // A withdrawal means the first version, and takes all of them.
            let n = item.corrects.unwrap_or(n);
            let versions = item.corrects.or(item.corrected).is_some();
            let page = Withdraw { f, n, title: title.unwrap_or_default(), versions, token };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Withdraws a published record.
pub async fn act(State(app): State<Arc<App>>, act: Act) -> Response {
    let asked = || -> Result<_> {
        let n: u64 = act
            .field("n")
            .parse()
            .map_err(|_| Error::refused("not-found", "没有可以撤回的这一条"))?;
        let reason = word(act.field("reason"), "请选择原因。")?;
        Ok((n, reason, word(act.field("source"), "请选择错在哪里。")?))
    };
    let (n, reason, source) = match asked() {
        Ok(asked) => asked,
        Err(error) => return failed(&act.uri, &error),
    };
    match review::withdraw(&app, n, reason, source, &act.session.who).await {
        Ok(_) => done(&act.uri, &format!("/office/published?withdrawn={n}")),
        Err(error) => failed(&act.uri, &error),
    }
}
