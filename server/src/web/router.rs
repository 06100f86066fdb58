//! The table of contents of the server: every path, its handler, and for whom it is.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post};

use crate::app::App;
use crate::error::Error;
use crate::metrics;
use crate::web::answer::Times;
use crate::web::{answer, api, ask, board, kiosks, limit, office, pages, programs, read, wechat};

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
        // What one board needs of it.
        .route("/board/{village}", get(board::feed))
        .route("/board/glyphs", get(board::glyphs))
        .route("/board/firmware/{name}", get(board::firmware))
        .route("/healthz", get(read::healthz))
        // For the accountants' program: a signature is the permission.
        .route("/api/openapi.json", get(api::openapi))
        .route("/api/submissions", post(api::submit))
        .route("/api/submissions/{id}", get(api::status))
        .route("/api/submissions/{id}/statement", get(api::statement))
        .route("/api/submissions/{id}/signatures", post(api::countersign))
        .route("/api/blobs/{sha256}", head(api::held).patch(api::append))
        .route("/api/questions", post(ask::ask))
        // For kiosks, whose signature is theirs too.
        .route("/api/kiosks", post(kiosks::ask))
        .route("/api/kiosks/{id}", get(kiosks::standing))
        .route("/api/kiosks/{id}/report", post(kiosks::report))
        // For phones, and for the office's people.
        .merge(pages::routes())
        .merge(office::routes())
        .merge(programs::routes())
        .merge(wechat::routes())
        .fallback(missing)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(times, answer::in_time))
        .layer(from_fn_with_state(Arc::clone(&app), limit::limit))
        .layer(from_fn(answer::no_panic))
        .layer(from_fn_with_state(Arc::clone(&app), metrics::measure))
        .with_state(app)
}

/// Where programs ask.
const API: &str = "/api/";

/// An address that leads nowhere: a page says so to people, JSON to programs.
async fn missing(uri: Uri) -> Response {
    if uri.path().starts_with(API) {
        return Error::refused("not-found", "没有这个地址").into_response();
    }
    pages::missing(uri).await
}

/// The same for what cannot be done at an address. The router adds what can.
async fn no_such_method(method: Method, uri: Uri) -> Response {
    if uri.path().starts_with(API) {
        let message = format!("这个地址不接受 {method}");
        return Error::refused("no-such-method", message).into_response();
    }
    StatusCode::METHOD_NOT_ALLOWED.into_response()
}
