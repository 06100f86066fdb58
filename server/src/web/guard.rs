//! The guard: who may open which office page, and whether a form was really sent by one of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use ledger::content::{IMAGES_MAX, VIDEOS_MAX};
use ledger::hash::sha256;

use crate::app::App;
use crate::bulletin::media::Spool;
use crate::people::Deed;
use crate::web::office::{self, Rule};
use crate::web::sessions::{self, Session};
use crate::web::words::zh;

/// What is said to a request that another site had made.
pub const FOREIGN: &str = zh("这个请求不是从本站的页面发出的，没有执行。");
/// What is said when a form is too old or not ours.
const STALE: &str = zh("表单已过期，没有执行。请回到上一页刷新后再试。");
/// What is said to someone whose post does not allow it.
const NOT_YOURS: &str = zh("您的岗位不能打开这一页。");

/// What is said to someone who has to use a phone's codes and does not yet.
const NO_PHONE: &str = zh("请先在“我的账户”开通动态码。");

/// What somebody who owes the second step may do: set it up, or leave.
fn may_still(parts: &Parts) -> bool {
    parts.extensions.get::<MatchedPath>().is_some_and(|path| {
        let path = path.as_str();
        path == "/office/me" || path.starts_with("/office/me/") || path == "/office/logout"
    })
}

/// What this request does: by a table, none where it is silent.
pub fn deed(table: &[Rule], parts: &Parts) -> Option<Deed> {
    let path = parts.extensions.get::<MatchedPath>()?;
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let mut rules = table.iter();
    let rule = rules.find(|rule| rule.path == path.as_str() && rule.method == method.as_str());
    rule.map(|rule| rule.deed)
}

/// Whether a request that changes something was sent by a page of this server, as far as the
/// browser says. Programs that say nothing pass; they do not carry another person's cookie.
#[must_use]
pub fn from_here(asked: &HeaderMap, public_url: &str) -> bool {
    if let Some(site) = asked.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = asked.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = asked.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    origin == public_url || (host.is_some() && origin_host == host)
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let uri = parts.uri.clone();
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        if changes && !from_here(&parts.headers, &app.public_url) {
            return Err(office::refused(&uri, StatusCode::FORBIDDEN, FOREIGN));
        }
        let session = sessions::session(app, &parts.headers)
            .await
            .map_err(|error| office::failed(&uri, &error))?;
        let Some(session) = session else {
            return Err(Redirect::to(&office::words(&uri).link("/office/login")).into_response());
        };
        if session.owes_totp && !may_still(parts) {
            return Err(if changes {
                office::refused(&uri, StatusCode::FORBIDDEN, NO_PHONE)
            } else {
                Redirect::to(&office::words(&uri).link("/office/me")).into_response()
            });
        }
        if deed(office::TABLE, parts).is_some_and(|deed| session.who.may(deed)) {
            Ok(session)
        } else {
            Err(office::refused(&uri, StatusCode::FORBIDDEN, NOT_YOURS))
        }
    }
}

/// A form that someone of the office sent, with the token of their session.
pub struct Act {
    /// Who.
    pub session: Session,
    /// Where to.
    pub uri: Uri,
    fields: Vec<(String, String)>,
}

impl Act {
    /// The field's value without space around it; empty where the form has no such field.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map_or("", |(_, value)| value.trim())
    }

    /// The field's value as it was typed.
    #[must_use]
    pub fn typed(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map_or("", |(_, value)| value)
    }

    /// # Errors
    /// The answer to a form that does not carry the token of its session.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    fn must_be_ours(&self) -> Result<(), Response> {
        // Compared as hashes: how long a comparison takes then says nothing about the token.
        if sha256(self.field("token").as_bytes()) == sha256(self.session.form.as_bytes()) {
            Ok(())
        } else {
            Err(office::refused(&self.uri, StatusCode::FORBIDDEN, STALE))
        }
    }

    /// Every value of a field that may stand more than once.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let fields = self.fields.iter().filter(|(key, _)| key == name);
        fields.map(|(_, value)| value.clone()).collect()
    }
}

impl FromRequest<Arc<App>> for Act {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let session = Session::from_request_parts(&mut parts, app).await?;
        let uri = parts.uri.clone();
        let request = Request::from_parts(parts, body);
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, app)
            .await
            .map_err(|error| office::refused(&uri, error.status(), UNREAD))?;
        let act = Self { session, uri, fields };
        act.must_be_ours()?;
        Ok(act)
    }
}

/// Fields of the longest form.
const FIELDS_MAX: usize = 200;
/// Bytes of all text fields of a form with files.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// How long the next piece of a file may take.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);

/// A form with files. Nothing of a file is kept before the token was seen, so text fields stand before files.
pub struct Upload {
    /// The form without its files.
    pub act: Act,
    /// The files that are not empty, in order.
    pub files: Vec<Spool>,
}

impl FromRequest<Arc<App>> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let session = Session::from_request_parts(&mut parts, app).await?;
        let uri = parts.uri.clone();
        let unread = |status| office::refused(&uri, status, UNREAD);
        let mut form = Multipart::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|error| unread(error.status()))?;
        let act = Act { session, uri: uri.clone(), fields: Vec::new() };
        let mut upload = Self { act, files: Vec::new() };
        let mut text_bytes = 0;
        while let Some(mut field) =
            form.next_field().await.map_err(|error| unread(error.status()))?
        {
            let name = field.name().unwrap_or_default().to_owned();
            if field.file_name().is_some() {
                upload.act.must_be_ours()?;
                upload.file(app, &mut field).await?;
                continue;
            }
            let mut text = Vec::new();
            while let Some(piece) = next(&uri, &mut field).await? {
                text_bytes += piece.len();
                if text_bytes > TEXT_BYTES_MAX {
                    return Err(unread(StatusCode::PAYLOAD_TOO_LARGE));
                }
                text.extend_from_slice(&piece);
            }
            let text = String::from_utf8(text).map_err(|_| unread(StatusCode::BAD_REQUEST))?;
            upload.act.fields.push((name, text));
            if upload.act.fields.len() > FIELDS_MAX {
                return Err(unread(StatusCode::PAYLOAD_TOO_LARGE));
            }
        }
        upload.act.must_be_ours()?;
        Ok(upload)
    }
}

impl Upload {
    async fn file(&mut self, app: &App, field: &mut Field<'_>) -> Result<(), Response> {
        let uri = &self.act.uri;
        if self.files.len() >= IMAGES_MAX + VIDEOS_MAX {
            return Err(office::refused(
                uri,
                StatusCode::PAYLOAD_TOO_LARGE,
                zh("一次选的文件太多。"),
            ));
        }
        let mut spool = Spool::new(&app.data).map_err(|error| office::failed(uri, &error))?;
        while let Some(piece) = next(uri, field).await? {
            spool.add(&piece).map_err(|error| office::failed(uri, &error))?;
        }
        // A form whose file was not chosen sends an empty one.
        if !spool.is_empty() {
            self.files.push(spool);
        }
        Ok(())
    }
}

async fn next(uri: &Uri, field: &mut Field<'_>) -> Result<Option<Bytes>, Response> {
    let slow = || {
        office::refused(
            uri,
            StatusCode::REQUEST_TIMEOUT,
            zh("文件传得太慢，没有收全：请再试一次。"),
        )
    };
    let piece = tokio::time::timeout(PIECE_TIMEOUT, field.chunk()).await.map_err(|_| slow())?;
    piece.map_err(|error| office::refused(uri, error.status(), UNREAD))
}

/// What is said to a form that cannot be read.
pub const UNREAD: &str = zh("表单读不出来或太长。");

/// What no office page is without: it is nobody else's to keep.
pub const PRIVATE: HeaderValue = HeaderValue::from_static("no-store");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_made_by_another_site_is_told_apart() {
        let here = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            from_here(&headers.collect(), "https://mingbai.example")
        };
        assert!(here(&[]));
        assert!(here(&[("sec-fetch-site", "same-origin")]));
        assert!(!here(&[("sec-fetch-site", "cross-site")]));
        assert!(!here(&[("sec-fetch-site", "same-site")]));
        assert!(here(&[("origin", "https://mingbai.example"), ("host", "127.0.0.1:80")]));
        assert!(here(&[("origin", "http://127.0.0.1:80"), ("host", "127.0.0.1:80")]));
        assert!(!here(&[("origin", "https://evil.example"), ("host", "127.0.0.1:80")]));
        assert!(!here(&[("origin", "null"), ("host", "127.0.0.1:80")]));
    }
}
