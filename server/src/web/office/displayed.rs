//! A published bulletin in the office: where and for how long it was shown, and its correction.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::bulletins::displayed;
use super::rows::when;
use super::submission::word;
use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::bulletin;
use crate::error::Error;
use crate::kiosks::{self, OnScreen};
use crate::people::Deed;
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;

struct Line {
    kiosk: String,
    first: String,
    last: String,
    days: u64,
    minutes: u64,
}

#[derive(Template)]
#[template(path = "office/shown.html")]
struct Displayed {
    f: Frame,
    n: u64,
    title: String,
    showing: Option<String>,
    sum: String,
    lines: Vec<Line>,
    /// Whether this person may correct it now.
    corrects: bool,
    withdraws: bool,
    token: String,
}

/// Where it was shown.
pub async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
    uri: Uri,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| {
        let gone = || Error::refused("not-found", "没有这一篇公告，或已经撤回");
        let n: u64 = id.parse().map_err(|_| gone())?;
        let item = view::item(db, n)?.ok_or_else(gone)?;
        let content = item.bulletin().ok_or_else(gone)?;
        if !session.who.sees(&item.village) && item.village != app.township {
            return Err(gone());
        }
        let sum = kiosks::displayed(db, n)?;
        Ok((n, item.corrected, content, sum, kiosks::displays(db, n)?))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((n, corrected, content, sum, shown)) => {
            let line = |one: OnScreen| Line {
                first: when(&one.first),
                last: when(&one.last),
                days: one.days,
                minutes: one.seconds / 60,
                kiosk: one.name,
            };
            let days_min = app.rulebook.now().rules.display_days();
            let page = Displayed {
                n,
                showing: content.until.as_ref().map(|until| w.moment(until)),
                sum: displayed(w, sum, content.importance, days_min),
                lines: shown.into_iter().map(line).collect(),
                corrects: corrected.is_none() && session.who.may(Deed::Write),
                withdraws: session.who.may(Deed::Review),
                token: session.form.clone(),
                f: Frame::new(&uri, &content.title, Some(session)),
                title: content.title,
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// Opens its correction.
pub async fn correct(State(app): State<Arc<App>>, Path(id): Path<String>, act: Act) -> Response {
    let source = match word(act.field("source"), "请选择错在哪里。") {
        Ok(source) => source,
        Err(error) => return failed(&act.uri, &error),
    };
    let n = id.parse().unwrap_or(u64::MAX);
    match bulletin::correct(&app, &act.session.who, n, source).await {
        Ok(draft) => done(&act.uri, &format!("/office/bulletins/{draft}")),
        Err(error) => failed(&act.uri, &error),
    }
}
