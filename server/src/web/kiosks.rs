//! What kiosks talk to. A kiosk's signature is its permission; what it asks before it is enrolled gives it nothing.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ledger::hash::Hash;
use ledger::kiosk::Word;
use ledger::note::NOTE_BYTES_MAX;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::kiosks::{self, Answer, Enrolment};
use crate::web::answer::Refusal;
use crate::web::api;

/// Bytes of the largest request to be enrolled.
const ASKED_BYTES_MAX: usize = 1_000;

/// A kiosk that wants to be enrolled.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedKiosk {
    /// Its key: C2SP vkey text, Ed25519, named `kiosk/` and 16 hex digits.
    vkey: String,
    /// The version of its program: a word.
    #[schema(value_type = String)]
    app: Word,
}

/// Asks for a kiosk to be enrolled. The same key is given the same code until that expires.
#[utoipa::path(
    post, path = "/api/kiosks", request_body = AskedKiosk,
    responses(
        (status = 200, description = "where its enrolment stands", body = Enrolment),
        (status = 400, description = "malformed", body = Refusal),
        (status = 408, description = "sent too slowly", body = Refusal),
        (status = 413, description = "too large", body = Refusal),
        (status = 429, description = "too many kiosks wait: try again later", body = Refusal),
        (status = 503, description = "busy or stopped: try again later", body = Refusal),
    )
)]
pub async fn ask(State(app): State<Arc<App>>, body: Body) -> Result<Response> {
    let body = api::read(body, ASKED_BYTES_MAX).await?;
    let asked: AskedKiosk = serde_json::from_slice(&body)
        .map_err(|e| Error::refused("malformed", format!("登记请求的 JSON 格式不对：{e}")))?;
    let standing = kiosks::ask(&app.db, &asked.vkey, &asked.app, clock::unix_now()).await?;
    Ok(fresh(standing))
}

/// Where a kiosk's enrolment stands. A code that expired is forgotten: ask again.
#[utoipa::path(
    get, path = "/api/kiosks/{id}",
    params(("id" = String, Path, description = "SHA-256 (hex) of the kiosk's vkey text")),
    responses(
        (status = 200, description = "where its enrolment stands", body = Enrolment),
        (status = 404, description = "never asked, or the code expired", body = Refusal),
    )
)]
pub async fn standing(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response> {
    let id = parse_id(&id)?;
    let found = app.db.read(|c| kiosks::standing(c, &id, clock::unix_now()))?;
    Ok(fresh(found.ok_or_else(unknown)?))
}

/// Takes a report: a signed note whose text is one line of JSON (docs/FORMATS.md, "Kiosks").
#[utoipa::path(
    post, path = "/api/kiosks/{id}/report",
    params(("id" = String, Path, description = "SHA-256 (hex) of the kiosk's vkey text")),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 200, description = "kept on disk", body = Answer),
        (status = 400, description = "malformed", body = Refusal),
        (status = 403, description = "`revoked`, or `not-signed`", body = Refusal),
        (status = 404, description = "not enrolled", body = Refusal),
        (status = 408, description = "sent too slowly", body = Refusal),
        (status = 409, description = "`replayed`: a report with this number or a larger one came before", body = Refusal),
        (status = 413, description = "too large", body = Refusal),
        (status = 429, description = "`too-often`", body = Refusal),
        (status = 503, description = "busy or stopped: try again later", body = Refusal),
        (status = 507, description = "disk full: try again later", body = Refusal),
    )
)]
pub async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response> {
    let id = parse_id(&id)?;
    let note = api::read(body, NOTE_BYTES_MAX).await?;
    Ok(fresh(kiosks::receive(&app, &id, note.to_vec(), clock::unix_now()).await?))
}

fn parse_id(text: &str) -> Result<String> {
    text.parse::<Hash>().map(|id| id.to_string()).map_err(|_| unknown())
}

fn unknown() -> Error {
    Error::refused("not-found", "没有登记过这块屏")
}

fn fresh(answer: impl serde::Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}
