//! The page that the phone shows, whole in this program: nothing is fetched from anywhere else.

use super::serve::Room;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

const HTML: &str = include_str!("page/camera.html");
const SCRIPT: &str = include_str!("page/camera.js");
const LOGO: &str = include_str!("../../../assets/style/logo.svg");
const STYLE: &str = concat!(
    include_str!("../../../assets/style/tokens.css"),
    include_str!("../../../assets/style/site.css"),
    include_str!("../../../assets/style/camera.css"),
);

/// Scripts and styles from here only; pictures also from the phone's own memory.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<Room>> {
    let file = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", HTML))
        .route("/camera.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/style.css", file("text/css; charset=utf-8", STYLE))
        .route("/logo.svg", file("image/svg+xml", LOGO))
}

/// What every answer says to the browser.
pub(super) async fn guarded(mut answer: Response) -> Response {
    let says: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in says {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}
