//! What kiosks send questions to. Nobody's permission is needed to ask.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::question::{ASKING_BYTES_MAX, Asking};

use crate::app::App;
use crate::error::{Error, Result};
use crate::questions::receive;
use crate::web::answer::Refusal;
use crate::web::api;

/// A question, as `ledger::question::Asking` reads it.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it describes what the ledger reads")]
pub struct AskedQuestion {
    /// 128 bits that the asker's device drew: sent again, it is the same question.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    /// Four digits that open the slip.
    #[schema(pattern = "^[0-9]{4}$")]
    pin: String,
    /// The village's or the township's code.
    #[schema(pattern = "^[0-9]{12}$")]
    village: String,
    /// Log index of what it is about.
    #[schema(maximum = 9223372036854775807_i64, nullable = false)]
    of: Option<u64>,
    /// `amount`, `unknown`, `unclear`, `other`, `opinion`.
    #[schema(pattern = "^(amount|unknown|unclear|other|opinion)$")]
    topic: String,
    /// In the asker's words.
    #[schema(min_length = 1, max_length = 500)]
    text: String,
    /// `phone`, `kiosk`.
    #[schema(pattern = "^(phone|kiosk)$")]
    channel: String,
}

/// The number to follow it by.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Slip {
    /// Ten digits.
    slip: String,
}

/// Takes a question. The same one again is answered alike.
#[utoipa::path(
    post, path = "/api/questions", request_body = AskedQuestion,
    responses(
        (status = 202, description = "kept on disk", body = Slip),
        (status = 400, description = "malformed", body = Refusal),
        (status = 408, description = "sent too slowly", body = Refusal),
        (status = 413, description = "too large", body = Refusal),
        (status = 422, description = "no such village or record, or too many questions wait", body = Refusal),
        (status = 429, description = "this address asks too often: Retry-After says when to try again"),
        (status = 503, description = "busy or stopped: try again later", body = Refusal),
        (status = 507, description = "disk full: try again later", body = Refusal),
    )
)]
pub async fn ask(State(app): State<Arc<App>>, body: Body) -> Result<Response> {
    let body = api::read(body, ASKING_BYTES_MAX).await?;
    let asking: Asking = serde_json::from_slice(&body)
        .map_err(|e| Error::refused("malformed", format!("提问的 JSON 格式不对：{e}")))?;
    let slip = receive::receive(&app, asking).await?.to_string();
    Ok((StatusCode::ACCEPTED, [(header::CACHE_CONTROL, "no-store")], Json(Slip { slip }))
        .into_response())
}
