//! Who did what, and what screens showed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::caller::{Asked, At, Caller};
use super::wire::Index;
use crate::app::App;
use crate::audit::{self, Line};
use crate::error::Error;
use crate::kiosks::{self, OnScreen};
use crate::view;

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Before {
    /// Only lines before this number: the last one of the page before.
    before: Option<Index>,
}

/// The record of who did what: a page of at most 200 lines.
#[utoipa::path(
    get, path = "/api/office/record", params(Before),
    responses((status = 200, description = "newest first", body = Vec<Line>))
)]
pub async fn record(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Asked(asked): Asked<Before>,
) -> Answer<Vec<Line>> {
    app.db.read(|c| audit::page(c, asked.before.map(|before| before.0))).map(Json)
}

/// What one screen showed of a bulletin.
#[derive(Serialize, ToSchema)]
pub struct ScreenTime {
    /// The screen's name.
    kiosk: String,
    /// When it was shown first, RFC 3339.
    first: String,
    /// When it was shown last, RFC 3339.
    last: String,
    /// Calendar days on which it was shown.
    days: u64,
    /// Seconds on the screen in all.
    seconds: u64,
}

/// Where and for how long a bulletin was shown.
#[utoipa::path(
    get, path = "/api/office/records/{n}/shown", params(("n" = Index, Path)),
    responses((status = 200, description = "by screen", body = Vec<ScreenTime>))
)]
pub async fn shown(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
) -> Answer<Vec<ScreenTime>> {
    let gone = || Error::refused("not-found", "没有这一篇公告，或已经撤回");
    let shown = app.db.read(|c| {
        let item = view::item(c, n.index())?.filter(|item| item.bulletin().is_some());
        let item = item.ok_or_else(gone)?;
        if !caller.who.sees(&item.village) && item.village != app.township {
            return Err(gone());
        }
        kiosks::displays(c, n.index())
    })?;
    let time = |one: OnScreen| ScreenTime {
        kiosk: one.name,
        first: one.first,
        last: one.last,
        days: one.days,
        seconds: one.seconds,
    };
    Ok(Json(shown.into_iter().map(time).collect()))
}
