//! The table of contents of the server: every path, its handler, and for whom it is.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::app::App;
use crate::metrics;
use crate::web::answer::Times;
use crate::web::{answer, api, limit, office, pages, read};

/// Bytes that a request's body may hold where its handler does not say otherwise.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Every path of the server.
pub fn router(app: Arc<App>) -> Router {
    router_within(app, Times::REAL)
}

/// The same with other limits of time.
pub fn router_within(app: Arc<App>, times: Times) -> Router {
    Router::new()
        // The read surface: cacheable by anyone.
        .route("/checkpoint", get(read::checkpoint))
        .route("/tile/{*path}", get(read::tile))
        .route("/content/bundle/{*n}", get(read::bundle))
        .route("/content/{sha256}", get(read::content))
        .route("/blob/{sha256}", get(read::blob))
        .route("/healthz", get(read::healthz))
        // For the accountants' program: a signature is the permission.
        .route("/api/openapi.json", get(api::openapi))
        .route("/api/submissions", post(api::submit))
        .route("/api/submissions/{id}", get(api::status))
        .route("/api/submissions/{id}/statement", get(api::statement))
        .route("/api/submissions/{id}/signatures", post(api::countersign))
        .route("/api/blobs/{sha256}", get(api::not_here).head(api::held).patch(api::append))
        // For phones, and for the office's people.
        .merge(pages::routes())
        .merge(office::routes())
        .fallback(pages::missing)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(times, answer::in_time))
        .layer(from_fn_with_state(Arc::clone(&app), limit::limit))
        .layer(from_fn(answer::no_panic))
        .layer(from_fn_with_state(Arc::clone(&app), metrics::measure))
        .with_state(app)
}
