//! Bulletins beside the drafts: those that are shown now, and the policies that an explanation may be about.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::caller::Caller;
use super::wire::ImportanceWord;
use crate::app::App;
use crate::bulletin::pair;
use crate::people::Deed;
use crate::{clock, kiosks, view};

/// A bulletin that is shown.
#[derive(Serialize, ToSchema)]
pub struct BulletinShown {
    /// Log index.
    n: u64,
    /// One line.
    title: String,
    /// Its column's name, in Chinese.
    column: String,
    /// The village that it is about; empty: the township.
    place: String,
    /// How important it is.
    importance: ImportanceWord,
    /// When it was signed, RFC 3339.
    time: String,
    /// Until when it is shown, RFC 3339; none: without end.
    until: Option<String>,
    /// Screens that showed it.
    screens: u64,
    /// Calendar days on which it was shown: of the screen that showed it on the fewest.
    days: u64,
}

/// The bulletins that are shown now, with how often screens showed them; at most 100.
#[utoipa::path(
    get, path = "/api/office/bulletins",
    responses((status = 200, description = "newest first", body = Vec<BulletinShown>))
)]
pub async fn bulletins(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<BulletinShown>> {
    let shown = app.db.read(|c| {
        let lines = view::shown_now(c, clock::unix_now())?.into_iter();
        lines.map(|line| Ok((kiosks::displayed(c, line.n)?, line))).collect::<Result<Vec<_>, _>>()
    })?;
    let line = |(displayed, line): (kiosks::Displayed, view::BulletinLine)| BulletinShown {
        n: line.n,
        column: line.column(true).to_owned(),
        title: line.title,
        place: line.place,
        importance: ImportanceWord(line.importance),
        time: line.time.as_str().to_owned(),
        until: line.until.map(|until| until.as_str().to_owned()),
        screens: displayed.screens,
        days: displayed.days,
    };
    Ok(Json(shown.into_iter().map(line).collect()))
}

/// A policy.
#[derive(Serialize, ToSchema)]
pub struct Policy {
    /// What a draft that explains it gives as `explains`.
    explains: String,
    /// `draft`, `waiting` or `published`.
    standing: &'static str,
    /// Its title.
    title: String,
}

/// The policies that a draft of one's own may explain.
#[utoipa::path(
    get, path = "/api/office/policies",
    responses((status = 200, description = "one's drafts first, then newest first",
        body = Vec<Policy>))
)]
pub async fn policies(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<Policy>> {
    let by = caller.who.acting(Deed::Write)?;
    let found = app.db.read(|c| pair::policies(c, &by))?;
    let policy = |(explains, standing, title)| Policy { explains, standing, title };
    Ok(Json(found.into_iter().map(policy).collect()))
}
