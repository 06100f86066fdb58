//! What WeChat's servers and the pages inside of WeChat talk to. Where the township has no account, all of it is absent.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::web::api;
use crate::wechat::{self, Envelope};

/// Bytes of the longest message: 2,048 of text, three times that where it comes in the clear and sealed.
const MESSAGE_BYTES_MAX: usize = 32 << 10;
/// What a page loads to be shared with its own title; it does nothing outside of WeChat.
const SCRIPT: &str = include_str!("../../../assets/script/wechat-share.js");

/// The account's paths.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/wechat/callback", get(echo).post(receive))
        .route("/wechat/config", get(config))
        .route("/wechat/share.js", get(script))
}

/// An address, or that it cannot be read.
type Asked<T> = std::result::Result<Query<T>, axum::extract::rejection::QueryRejection>;

async fn echo(State(app): State<Arc<App>>, asked: Asked<Envelope>) -> Result<Response> {
    let wechat = wechat::account(&app)?;
    Ok(fresh("text/plain; charset=utf-8", wechat.echo(read(asked)?, clock::unix_now())?))
}

async fn receive(
    State(app): State<Arc<App>>,
    asked: Asked<Envelope>,
    body: Body,
) -> Result<Response> {
    wechat::account(&app)?;
    let envelope = read(asked)?;
    let body = api::read(body, MESSAGE_BYTES_MAX).await?;
    let body = String::from_utf8(body.into()).map_err(|_| malformed("不是 UTF-8 文本"))?;
    let answer = wechat::answer(&app, envelope, body).await?;
    Ok(fresh("text/xml; charset=utf-8", answer))
}

/// The page that wants to be shared.
#[derive(serde::Deserialize)]
struct Page {
    url: String,
}

async fn config(State(app): State<Arc<App>>, asked: Asked<Page>) -> Result<Response> {
    let wechat = wechat::account(&app)?;
    let Page { url } = read(asked)?;
    let config = wechat.config(&url).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(config)).into_response())
}

async fn script(State(app): State<Arc<App>>) -> Result<Response> {
    if !wechat::account(&app)?.settings.jssdk {
        return Err(Error::refused("not-found", "没有这个地址"));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, SCRIPT).into_response())
}

fn read<T>(asked: Asked<T>) -> Result<T> {
    asked.map(|Query(value)| value).map_err(|_| malformed("地址里缺少参数"))
}

fn malformed(why: &str) -> Error {
    Error::refused("malformed", why)
}

fn fresh(kind: &'static str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
