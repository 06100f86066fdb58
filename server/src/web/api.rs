//! What the accountants' program talks to. A signature is the permission: no account, no password.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::hash::Hash;
use utoipa::OpenApi;

use crate::app::App;
use crate::blobs::{self, Piece};
use crate::error::{Error, Result};
use crate::intake::{self, Status};
use crate::kiosks::{Answer, Enrolment};
use crate::review::{self, Flag, State as Standing};
use crate::web::answer::Refusal;
use crate::web::ask::{AskedQuestion, Slip};
use crate::web::kiosks::AskedKiosk;
use crate::web::programs;

/// Bytes of the largest submission: a content object may double in size inside JSON.
const SUBMISSION_BYTES_MAX: usize = 192 * 1024;
/// Bytes of the largest countersignature.
const SIGNATURE_BYTES_MAX: usize = 4 * 1024;
/// How long a submission's body may take.
const SUBMISSION_TIMEOUT: Duration = Duration::from_secs(15);
/// Header: bytes of an image that are held, or that a piece begins after.
const UPLOAD_OFFSET: &str = "upload-offset";
/// Header: bytes of the whole image.
const UPLOAD_LENGTH: &str = "upload-length";

/// What an accountant sends.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The signed note.
    statement: String,
    /// The content object's text, exactly as it was hashed; left out for `nothing`.
    content: Option<String>,
}

/// Hands in a signed statement with its content. The same statement again is answered alike.
#[utoipa::path(
    post, path = "/api/submissions", request_body = Submission,
    responses(
        (status = 202, description = "kept on disk", body = Status),
        (status = 400, description = "malformed", body = Refusal),
        (status = 403, description = "unknown or revoked key", body = Refusal),
        (status = 408, description = "sent too slowly", body = Refusal),
        (status = 413, description = "too large", body = Refusal),
        (status = 422, description = "content does not fit the statement", body = Refusal),
        (status = 503, description = "busy or stopped: try again later", body = Refusal),
        (status = 507, description = "disk full: try again later", body = Refusal),
    )
)]
pub async fn submit(State(app): State<Arc<App>>, body: Body) -> Result<Response> {
    let body = read(body, SUBMISSION_BYTES_MAX).await?;
    let submission: Submission = serde_json::from_slice(&body)
        .map_err(|e| Error::refused("malformed", format!("提交的 JSON 格式不对：{e}")))?;
    let status = intake::receive(&app, submission.statement, submission.content).await?;
    Ok((StatusCode::ACCEPTED, [(header::CACHE_CONTROL, "no-store")], Json(status)).into_response())
}

/// A whole body, within limits of size and time.
pub(super) async fn read(body: Body, max: usize) -> Result<Bytes> {
    match tokio::time::timeout(SUBMISSION_TIMEOUT, axum::body::to_bytes(body, max)).await {
        Err(_) => Err(Error::refused("too-slow", "传得太慢")),
        Ok(Err(_)) => Err(Error::refused("too-large", "传来的内容过大或中断")),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

/// Where a submission stands.
#[utoipa::path(
    get, path = "/api/submissions/{id}",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 (hex) of the note's text")),
    responses(
        (status = 200, description = "where it stands", body = Status),
        (status = 404, description = "no such submission", body = Refusal),
    )
)]
pub async fn status(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response> {
    let id: Hash = id.parse().map_err(|_| Error::refused("not-found", "没有这份提交"))?;
    let status = app.db.read(|c| intake::status(c, &id.to_string()))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(status)).into_response())
}

/// The signed note of a submission: what a supervisor signs beside the accountant. It names no person and says nothing of
/// the content.
#[utoipa::path(
    get, path = "/api/submissions/{id}/statement",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 (hex) of the note's text")),
    responses(
        (status = 200, description = "the signed note", body = String, content_type = "text/plain"),
        (status = 404, description = "no such submission", body = Refusal),
    )
)]
pub async fn statement(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response> {
    let unknown = || Error::refused("not-found", "没有这份提交");
    let id: Hash = id.parse().map_err(|_| unknown())?;
    let found = app.db.read(|c| review::one(c, &id.to_string()))?.ok_or_else(unknown)?;
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, found.note).into_response())
}

/// A supervisor's signature.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Countersignature {
    /// The line of the signed note, beginning with an em dash.
    line: String,
}

/// Keeps a supervisor's signature of a submission. The signature is the permission.
#[utoipa::path(
    post, path = "/api/submissions/{id}/signatures", request_body = Countersignature,
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 (hex) of the note's text")),
    responses(
        (status = 200, description = "kept; where it stands now", body = Status),
        (status = 400, description = "malformed", body = Refusal),
        (status = 404, description = "no such submission", body = Refusal),
        (status = 408, description = "sent too slowly", body = Refusal),
        (status = 409, description = "it does not wait for a signature", body = Refusal),
        (status = 413, description = "too large", body = Refusal),
        (status = 422, description = "no good signature by a supervisor of that village", body = Refusal),
        (status = 503, description = "busy or stopped: try again later", body = Refusal),
        (status = 507, description = "disk full: try again later", body = Refusal),
    )
)]
pub async fn countersign(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response> {
    let body = read(body, SIGNATURE_BYTES_MAX).await?;
    let given: Countersignature = serde_json::from_slice(&body)
        .map_err(|e| Error::refused("malformed", format!("会签的 JSON 格式不对：{e}")))?;
    review::countersign(&app, &id, &given.line).await?;
    let status = app.db.read(|c| intake::status(c, &id))?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(status)).into_response())
}

/// How much of an image is held. Images under review are not shown here; published ones are at `/blob/`.
#[utoipa::path(
    head, path = "/api/blobs/{sha256}",
    params(("sha256" = String, Path, pattern = "^[0-9a-f]{64}$", description = "hash of the image, hex")),
    responses(
        (status = 200, description = "Upload-Offset: bytes held"),
        (status = 400, description = "not a hash"),
        (status = 403, description = "no submission names it"),
    )
)]
pub async fn held(State(app): State<Arc<App>>, Path(hash): Path<String>) -> Result<Response> {
    let held = blobs::held(&app, &parse_hash(&hash)?)?;
    Ok(offset_answer(StatusCode::OK, held))
}

/// Sends bytes of an image from an offset on, in one or many pieces.
#[utoipa::path(
    patch, path = "/api/blobs/{sha256}",
    params(
        ("sha256" = String, Path, pattern = "^[0-9a-f]{64}$", description = "hash of the image, hex"),
        ("upload-offset" = u64, Header, description = "bytes before this piece"),
        ("upload-length" = u64, Header, description = "bytes of the whole image"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Upload-Offset: bytes held now"),
        (status = 400, description = "a header is missing", body = Refusal),
        (status = 403, description = "no submission names it", body = Refusal),
        (status = 409, description = "Upload-Offset: where to go on"),
        (status = 413, description = "over 8 MiB", body = Refusal),
        (status = 422, description = "not the image that was named; nothing is held", body = Refusal),
    )
)]
pub async fn append(
    State(app): State<Arc<App>>,
    Path(hash): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let hash = parse_hash(&hash)?;
    let offset = number(&headers, UPLOAD_OFFSET)?;
    let total = number(&headers, UPLOAD_LENGTH)?;
    match blobs::append(&app, hash, offset, total, body).await {
        Ok(Piece::Held(held)) => Ok(offset_answer(StatusCode::NO_CONTENT, held)),
        Ok(Piece::Elsewhere(held)) => Ok(offset_answer(StatusCode::CONFLICT, held)),
        Err(error) if error.code() == "bad-image" => {
            let mut response = error.into_response();
            response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(0));
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

fn parse_hash(text: &str) -> Result<Hash> {
    text.parse().map_err(|_| Error::refused("malformed", "不是 SHA-256 散列"))
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::refused("malformed", format!("缺少标头 {name}，或不是数字")))
}

fn offset_answer(status: StatusCode, held: u64) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(held));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mingbai",
        description = "Sending submissions to the township office, working in it, and kiosks"
    ),
    paths(
        submit,
        status,
        statement,
        countersign,
        held,
        append,
        super::kiosks::ask,
        super::kiosks::standing,
        super::kiosks::report,
        super::ask::ask
    ),
    components(schemas(
        Submission,
        Countersignature,
        Status,
        Standing,
        Flag,
        AskedKiosk,
        Enrolment,
        Answer,
        AskedQuestion,
        Slip,
        Refusal
    ))
)]
struct Description;

static DESCRIPTION: LazyLock<utoipa::openapi::OpenApi> =
    LazyLock::new(|| Description::openapi().merge_from(programs::description()));

/// This API as OpenAPI, generated from the code.
pub async fn openapi() -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=3600")], Json(&*DESCRIPTION)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_path() {
        let text = Description::openapi().to_json().unwrap();
        for path in [
            "/api/submissions",
            "/api/submissions/{id}",
            "/api/blobs/{sha256}",
            "/api/kiosks",
            "/api/kiosks/{id}",
            "/api/kiosks/{id}/report",
            "/api/questions",
        ] {
            assert!(text.contains(&format!("\"{path}\"")), "{path}");
        }
    }

    #[test]
    fn whatever_the_description_points_at_is_in_it() {
        let text = DESCRIPTION.to_json().unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pointers = text.split("\"#/").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut count = 0;
        for pointer in pointers {
            assert!(described.pointer(&format!("/{pointer}")).is_some(), "{pointer}");
            count += 1;
        }
        assert!(count > 500, "{count}");
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics_the_reader(body in "\\PC{0,80}") {
            let _ = serde_json::from_str::<Submission>(&body).is_ok();
            let _ = parse_hash(&body).is_ok();
        }
    }
}
