//! Answers that are not a page: errors in one line, and what a panic turns into.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::Error;
use crate::web::office;

/// What a program is told when something was refused.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Refusal {
    /// A stable word, for example `not-enrolled`.
    pub error: String,
    /// One sentence for a person, in Chinese.
    pub message: String,
}

/// The HTTP status of an error.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Refused { code, .. } => match *code {
            "no-token" => StatusCode::UNAUTHORIZED,
            "not-enrolled" | "not-allowed" | "not-named" | "own-work" | "no-scope" | "revoked"
            | "not-signed" => StatusCode::FORBIDDEN,
            "not-found" => StatusCode::NOT_FOUND,
            "no-such-method" => StatusCode::METHOD_NOT_ALLOWED,
            "wrong-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "too-large" => StatusCode::PAYLOAD_TOO_LARGE,
            "malformed" => StatusCode::BAD_REQUEST,
            "restored" | "behind" => StatusCode::SERVICE_UNAVAILABLE,
            "offset" | "in-progress" | "wrong-state" | "replayed" => StatusCode::CONFLICT,
            "too-often" | "too-many-kiosks" | "too-many-requests" => StatusCode::TOO_MANY_REQUESTS,
            "too-slow" => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Error::Busy | Error::Stopped(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ if error.is_disk_full() => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What the outside is told of an error. Paths and SQL are for the log.
#[must_use]
pub fn told(error: &Error) -> String {
    match error {
        Error::Refused { .. } | Error::Busy => error.to_string(),
        _ if error.is_disk_full() => "服务器磁盘已满，请稍后再试".to_owned(),
        Error::Stopped(_) => "服务器暂停接收，请联系镇政府经办人".to_owned(),
        _ => "服务器内部错误".to_owned(),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = status(&self);
        if status.is_server_error() {
            tracing::error!(error = %self, "a request failed");
        }
        let message = told(&self);
        let body = Refusal { error: self.code().to_owned(), message };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        if matches!(self, Error::Busy) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Makes a panic in a handler one failed request: status 500 and one line.
pub async fn no_panic(request: Request, next: Next) -> Response {
    let place = request.uri().path().to_owned();
    CatchPanic(Box::pin(next.run(request))).await.unwrap_or_else(|panic| {
        tracing::error!(%place, panic = text_of(&*panic), "a handler panicked");
        (StatusCode::INTERNAL_SERVER_ERROR, "服务器内部错误\n").into_response()
    })
}

/// How long a request may take in all, its body included.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Most requests.
    pub request: Duration,
    /// A piece of an image: 8 MiB over a twentieth of a megabit a second. What came is kept, so the rest can follow.
    pub piece: Duration,
    /// A form with files: 64 MiB over half a megabit a second.
    pub upload: Duration,
}

impl Times {
    /// Those of a real server.
    pub const REAL: Self = Self {
        request: Duration::from_secs(120),
        piece: Duration::from_secs(20 * 60),
        upload: Duration::from_secs(20 * 60),
    };
}

/// Ends a request that takes too long.
pub async fn in_time(State(times): State<Times>, request: Request, next: Next) -> Response {
    let is_upload = request.uri().path().ends_with(office::UPLOAD);
    let limit = match *request.method() {
        Method::PATCH => times.piece,
        _ if is_upload => times.upload,
        _ => times.request,
    };
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| Error::refused("too-slow", "请求超时").into_response())
}

struct CatchPanic<'a>(Pin<Box<dyn Future<Output = Response> + Send + 'a>>);

impl Future for CatchPanic<'_> {
    type Output = Result<Response, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// What a panic said.
#[must_use]
pub fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_answer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let panics = CatchPanic(Box::pin(async { panic!("at the disco") }));
        let panic = runtime.block_on(panics).unwrap_err();
        assert_eq!(text_of(&*panic), "at the disco");
    }

    #[test]
    fn the_outside_learns_no_paths() {
        let error = Error::file("/secret")(std::io::Error::other("x"));
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1000);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(body).unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
