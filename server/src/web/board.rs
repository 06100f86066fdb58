//! What boards ask for: the feed of their village, glyphs that they lack, newer firmware.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::board;
use crate::error::{Error, Result};

/// How far a board has come.
#[derive(serde::Deserialize)]
pub struct Held {
    /// Entries of the log that it verified.
    #[serde(default)]
    from: u64,
}

/// What waits for a disk or takes its time, away from the tasks that answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy))
}

/// The feed, from where the board is.
pub async fn feed(
    State(app): State<Arc<App>>,
    Path(village): Path<String>,
    Query(held): Query<Held>,
) -> Result<impl IntoResponse> {
    let bytes = blocking(move || board::feed(&app, &village, held.from)).await?;
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, bytes))
}

/// Which glyphs.
#[derive(serde::Deserialize)]
pub struct Lacking {
    /// Code points in hex, with commas.
    chars: String,
}

/// Glyphs, signed by the office.
pub async fn glyphs(
    State(app): State<Arc<App>>,
    Query(lacking): Query<Lacking>,
) -> Result<impl IntoResponse> {
    let note = blocking(move || board::glyphs(&app, &lacking.chars)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note))
}

/// A file of a firmware update.
pub async fn firmware(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Response> {
    let bytes = blocking(move || board::firmware(&app, &name)).await?;
    let Some(bytes) = bytes else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
