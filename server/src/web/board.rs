//! What boards ask for: the feed of their village, glyphs that they lack, newer firmware.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::board;
use crate::error::Error;

/// How far a board has come.
#[derive(serde::Deserialize)]
pub struct Held {
    /// Entries of the log that it verified.
    #[serde(default)]
    from: u64,
}

/// The feed, from where the board is.
pub async fn feed(
    State(app): State<Arc<App>>,
    Path(village): Path<String>,
    Query(held): Query<Held>,
) -> Response {
    let work = move || board::feed(&app, &village, held.from);
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, bytes).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Which glyphs.
#[derive(serde::Deserialize)]
pub struct Lacking {
    /// Code points in hex, with commas.
    chars: String,
}

/// Glyphs, signed by the office.
pub async fn glyphs(State(app): State<Arc<App>>, Query(lacking): Query<Lacking>) -> Response {
    let work = move || board::glyphs(&app, &lacking.chars);
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Err(error) => error.into_response(),
    }
}

/// A file of a firmware update.
pub async fn firmware(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let work = move || board::firmware(&app, &name);
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(Some(bytes)) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => error.into_response(),
    }
}
