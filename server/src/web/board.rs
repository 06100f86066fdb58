//! What boards ask for: the feed of their village.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header;
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
