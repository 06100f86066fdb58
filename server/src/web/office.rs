//! The office's pages: one table says every path, who may open it, and what answers.

mod bulletins;
mod check;
mod people;
mod rows;
mod withdraw;
mod work;

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::error::Error;
use crate::people::Role;
use crate::web::guard::{ADMINS, EDITORS, EVERYONE, PRIVATE, REVIEWERS};
use crate::web::login::{self, Session};
use crate::web::words::{Lang, Words};
use crate::web::{answer, pages};

/// One line of the office's table.
pub struct Rule {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path as the router knows it.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
    handler: fn() -> MethodRouter<Arc<App>>,
}

const fn rule(
    method: &'static str,
    path: &'static str,
    roles: &'static [Role],
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Rule {
    Rule { method, path, roles, handler }
}

/// Every request that needs somebody who signed in. The router is made from this table, and the
/// guard asks it: a path that is not here does not exist.
pub const TABLE: &[Rule] = &[
    rule("GET", "/office", EVERYONE, || get(work::waiting)),
    rule("GET", "/office/group", EVERYONE, || get(work::group)),
    rule("GET", "/office/s/{id}", EVERYONE, || get(work::submission)),
    rule("GET", "/office/blob/{sha256}", EVERYONE, || get(work::picture)),
    rule("GET", "/office/returned", EVERYONE, || get(work::returned)),
    rule("GET", "/office/published", EVERYONE, || get(work::published)),
    rule("POST", "/office/publish", REVIEWERS, || post(work::publish)),
    rule("POST", "/office/return", REVIEWERS, || post(work::return_to)),
    rule("GET", "/office/withdraw", REVIEWERS, || get(withdraw::ask)),
    rule("POST", "/office/withdraw", REVIEWERS, || post(withdraw::act)),
    rule("GET", "/office/bulletins", EDITORS, || get(bulletins::show)),
    rule("POST", "/office/bulletins", EDITORS, || post(bulletins::send)),
    rule("GET", "/office/people", ADMINS, || get(people::show)),
    rule("POST", "/office/enrol", ADMINS, || post(people::enrol)),
    rule("POST", "/office/logout", EVERYONE, || post(login::leave)),
];

/// The office's paths.
pub fn routes() -> Router<Arc<App>> {
    let open = Router::new().route("/office/login", get(login::show).post(login::enter));
    TABLE.iter().fold(open, |router, rule| router.route(rule.path, (rule.handler)()))
}

const STYLE: &str = concat!(
    include_str!("../../../assets/style/tokens.css"),
    include_str!("../../../assets/style/site.css"),
    include_str!("../../../assets/style/office.css"),
);

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| pages::policy(STYLE));

/// What every office page has around its content.
struct Frame {
    w: Words,
    title: String,
    other: String,
    session: Option<Session>,
    css: &'static str,
    logo: &'static str,
}

impl Frame {
    fn new(uri: &Uri, title: &str, session: Option<Session>) -> Self {
        let w = words(uri);
        let other = pages::other_language(w, uri);
        let title = format!("{title} · {}", w.t("明白账 · 审核室"));
        Self { w, title, other, session, css: STYLE, logo: pages::LOGO }
    }

    fn admin(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.who.role == Role::Admin)
    }
}

/// The words that an office page at this address speaks.
#[must_use]
pub fn words(uri: &Uri) -> Words {
    Words::new(Lang::of_query(uri.query()))
}

fn html(uri: &Uri, status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
                (header::CACHE_CONTROL, PRIVATE),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            ];
            (status, headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(path = uri.path(), %error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "服务器内部错误\n").into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "office/login.html")]
struct Login<'a> {
    f: Frame,
    problem: Option<&'a str>,
}

/// The page to sign in on, with what was wrong the last time.
#[must_use]
pub fn login_page(uri: &Uri, status: StatusCode, problem: Option<&str>) -> Response {
    let f = Frame::new(uri, words(uri).t("登录"), None);
    html(uri, status, &Login { f, problem })
}

#[derive(Template)]
#[template(path = "office/refused.html")]
struct Refused<'a> {
    f: Frame,
    text: &'a str,
}

/// The page that says that something was not done.
#[must_use]
pub fn refused(uri: &Uri, status: StatusCode, text: &'static str) -> Response {
    said(uri, status, words(uri).t(text))
}

/// The same for whatever went wrong in the office itself; paths and SQL go to its record only.
#[must_use]
pub fn failed(uri: &Uri, error: &Error) -> Response {
    let status = answer::status(error);
    let text = match error {
        Error::Refused { .. } | Error::Busy => error.to_string(),
        _ => {
            tracing::error!(path = uri.path(), %error, "a request failed");
            let text = "服务器出了问题，没有做成。请告诉管理员。";
            if error.is_disk_full() {
                "服务器磁盘已满，没有做成。".into()
            } else {
                text.into()
            }
        }
    };
    said(uri, status, &text)
}

fn said(uri: &Uri, status: StatusCode, text: &str) -> Response {
    let f = Frame::new(uri, words(uri).t("没有做成"), None);
    html(uri, status, &Refused { f, text })
}

/// Back to a page that says what was done: a reload does not do it again.
fn done(uri: &Uri, path: &str) -> Response {
    Redirect::to(&words(uri).link(path)).into_response()
}
