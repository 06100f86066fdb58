//! The search, as the page has it: the same words, filters and pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::caller::{Asked, Caller};
use super::submissions::SubmissionLine;
use super::wire::{Int, Month, Short, VillageCode};
use crate::app::App;
use crate::search::{self as library, PAGE_MAX, Question};

/// A page's number.
pub type PageNumber = Int<0, { PAGE_MAX as i64 }>;

/// What is looked for; what is left out leaves it open, and nothing at all finds nothing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Words between spaces, all of which must occur: of purpose, names, category, bulletin; an amount, an invoice's
    /// number, a date, or the index in the log.
    q: Option<Short>,
    /// Only this village's; a village's people get their own in any case.
    village: Option<VillageCode>,
    /// Only of this month.
    period: Option<Month>,
    /// Which page, from 0.
    page: Option<PageNumber>,
}

/// A page of what was found.
#[derive(Serialize, ToSchema)]
pub struct SearchPage {
    /// Newest first; the one with the log index that was asked for stands before all.
    submissions: Vec<SubmissionLine>,
    /// The next page; none on the last one.
    next: Option<u32>,
}

/// Looks for submissions, wherever they stand on their way.
#[utoipa::path(
    get, path = "/api/office/search", params(Sought),
    responses((status = 200, description = "one page", body = SearchPage))
)]
pub async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asked(asked): Asked<Sought>,
) -> Answer<SearchPage> {
    let page = asked.page.and_then(|page| u32::try_from(page.0).ok()).unwrap_or_default();
    let question = Question {
        text: asked.q.map(|text| text.0).unwrap_or_default(),
        village: asked.village.map(|village| village.0),
        period: asked.period.map(|period| period.0),
        page,
    };
    let book = app.rulebook.now();
    let found = app.db.read(|c| library::find(c, &caller.who, &question))?;
    let line = |one| SubmissionLine::of(one, &book.rules, &caller.who);
    let next = found.more.then(|| page + 1);
    Ok(Json(SearchPage { submissions: found.rows.into_iter().map(line).collect(), next }))
}
