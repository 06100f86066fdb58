//! What every request for programs begins with: whose token it carries, and what it asks for, read strictly.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::TABLE;
use crate::app::App;
use crate::clock;
use crate::error::Error;
use crate::people::{Deed, Who};
use crate::tokens;
use crate::web::guard;

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Whoever's token the request carries, as they stand now.
pub struct Caller {
    /// The person.
    pub who: Who,
    /// What the token may do.
    pub scopes: Vec<Deed>,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let held = match bearer(&parts.headers) {
            Some(token) => tokens::recognise(app, token).await.map_err(Error::into_response)?,
            None => None,
        };
        let held = held.ok_or_else(unknown)?;
        app.rates.count(held.id, clock::unix_now()).map_err(too_often)?;
        // By the table; a path that is not in it is nobody's.
        let deed = guard::deed(TABLE, parts).filter(|deed| held.scopes.contains(deed));
        let Some(deed) = deed else {
            let message = "这个令牌没有这项权限：请在“我的令牌”里另做一个";
            return Err(Error::refused("no-scope", message).into_response());
        };
        held.who.acting(deed).map_err(Error::into_response)?;
        Ok(Self { who: held.who, scopes: held.scopes })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).into_iter();
    let (scheme, token) = given.next()?.to_str().ok()?.split_once(' ')?;
    let alone = given.next().is_none();
    (alone && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

fn unknown() -> Response {
    let message = "请带上有效的令牌：Authorization: Bearer mb_…（在“我的令牌”里生成）";
    let mut response = Error::refused("no-token", message).into_response();
    let bearer = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    response
}

fn too_often(seconds: i64) -> Response {
    let most = tokens::WINDOW_REQUESTS;
    let message = format!("这个令牌一分钟内请求超过 {most} 次：请 {seconds} 秒后再试");
    let mut response = Error::refused("too-often", message).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A body of JSON.
pub struct Given<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Given<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Error> {
        if !is_of_type(request.headers(), "application/json") {
            let message = "请求的内容应是 JSON，标头写 Content-Type: application/json";
            return Err(Error::refused("wrong-type", message));
        }
        let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, app)).await;
        let body = body.map_err(|_| Error::refused("too-slow", "请求传得太慢"))?;
        let body = body.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Error::refused("too-large", "请求过大"),
            _ => Error::refused("malformed", "请求没有传完"),
        })?;
        let given = serde_json::from_slice(&body);
        given.map(Self).map_err(|e| Error::refused("malformed", format!("JSON 不合说明：{e}")))
    }
}

/// Whether the headers say that the body is of this type.
pub fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let Query(asked) = Query::from_request_parts(parts, app).await.map_err(|error| {
            Error::refused("malformed", format!("地址里的参数不合说明：{}", error.body_text()))
        })?;
        Ok(Self(asked))
    }
}

/// What stands in the path. What cannot stand there names nothing.
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let Path(at) = Path::from_request_parts(parts, app).await.map_err(|error| {
            let message = format!("这个地址没有对应的内容：{}", error.body_text());
            Error::refused("not-found", message)
        })?;
        Ok(Self(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_read_and_nothing_else() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(line));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer mb_1"]).as_deref(), Some("mb_1"));
        assert_eq!(of(&["bearer  mb_1"]).as_deref(), Some("mb_1"));
        for bad in [&[][..], &["mb_1"], &["Basic mb_1"], &["Bearer mb_1", "Bearer mb_2"]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
