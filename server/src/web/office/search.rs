//! The search: one field, and what it finds as lines.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as From};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::rows::{Names, Row, row};
use super::work::{month_words, stage_words};
use super::{Frame, failed, html, words};
use crate::app::App;
use crate::error::{Error, Result};
use crate::review;
use crate::search::{self, QUESTION_CHARS_MAX, Question};
use crate::view;
use crate::web::pages::quoted;
use crate::web::sessions::Session;

/// What is looked for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    village: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    page: u32,
}

impl Asked {
    fn question(&self) -> Result<Question> {
        let village = Some(&self.village).filter(|code| !code.is_empty());
        let period = Some(&self.period).filter(|month| !month.is_empty());
        let no_village = |_| Error::refused("bad-village", "没有这个村，请重新选一个。");
        let no_month = |_| Error::refused("bad-period", "月份应写成 2026-05 这样。");
        Ok(Question {
            text: self.q.clone(),
            village: village.map(|code| code.parse()).transpose().map_err(no_village)?,
            period: period.map(|month| month.parse()).transpose().map_err(no_month)?,
            page: self.page,
        })
    }

    fn is_empty(&self) -> bool {
        self.q.trim().is_empty() && self.village.is_empty() && self.period.is_empty()
    }

    /// The address of another page of the same.
    fn path(&self, page: u32) -> String {
        let (q, village, period) = (quoted(&self.q), quoted(&self.village), quoted(&self.period));
        format!("/office/search?q={q}&village={village}&period={period}&page={page}")
    }
}

/// A line, with its month and where it stands.
struct Hit {
    row: Row,
    month: String,
    stage: &'static str,
}

#[derive(Template)]
#[template(path = "office/search.html")]
struct SearchPage {
    f: Frame,
    asked: Asked,
    q_max: usize,
    villages: Vec<(String, String)>,
    hits: Vec<Hit>,
    before: Option<String>,
    after: Option<String>,
}

/// The page.
pub async fn show(
    From(app): From<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let book = app.rulebook.now();
    let found = asked.question().and_then(|question| {
        app.db.read(|db| {
            let villages =
                if session.who.village.is_none() { view::villages(db)? } else { Vec::new() };
            let found = search::find(db, &session.who, &question)?;
            let names = Names::of(db, &found.rows)?;
            let hit = |one| {
                let stage = review::stage(one, review::needs(one, &book.rules));
                let month = month_words(w, one.period.as_deref());
                Hit { row: row(w, &names, one), month, stage: stage_words(w, stage) }
            };
            Ok((villages, found.rows.iter().map(hit).collect(), found.more))
        })
    });
    let (villages, hits, more) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let link = |page| w.link(&asked.path(page));
    let page = SearchPage {
        before: asked.page.checked_sub(1).map(link),
        after: asked.page.checked_add(1).filter(|_| more).map(link),
        f: Frame::new(&uri, w.t("查找"), Some(session)),
        q_max: QUESTION_CHARS_MAX,
        asked,
        villages,
        hits,
    };
    html(&uri, StatusCode::OK, &page)
}
