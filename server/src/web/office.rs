//! The office's pages: one table says every path, who may open it, and what answers.

mod assess;
mod bulletins;
pub(super) mod check;
mod decided;
mod displayed;
mod editor;
mod emergency;
mod files;
mod group;
mod keys;
mod kiosks;
mod me;
mod months;
mod people;
mod questions;
mod record;
mod reviewed;
mod rows;
mod search;
mod submission;
mod tokens;
mod withdraw;
mod work;

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use ledger::time::Period;

use crate::app::App;
use crate::bulletin::media::UPLOAD_BYTES_MAX;
use crate::error::{Error, Result};
use crate::people::{Actor, Deed};
use crate::web::guard::{Act, PRIVATE};
use crate::web::pages::Scripts;
use crate::web::sessions::Session;
use crate::web::words::{Lang, Words, zh};
use crate::web::{answer, login, pages};

/// One line of a table of paths: the office's pages, or what programs ask.
pub struct Rule {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path as the router knows it.
    pub path: &'static str,
    /// What it does, and so who may.
    pub deed: Deed,
    /// What answers.
    pub handler: fn() -> MethodRouter<Arc<App>>,
}

/// A line of a table.
#[must_use]
pub const fn rule(
    method: &'static str,
    path: &'static str,
    deed: Deed,
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Rule {
    Rule { method, path, deed, handler }
}

/// Every request that needs somebody who signed in. The router is made from this table, and the
/// guard asks it: a path that is not here does not exist.
pub const TABLE: &[Rule] = &[
    rule("GET", "/office", Deed::Read, || get(work::waiting)),
    rule("GET", "/office/group", Deed::Read, || get(group::show)),
    rule("GET", "/office/s/{id}", Deed::Read, || get(submission::show)),
    rule("GET", "/office/blob/{sha256}", Deed::Read, || get(submission::picture)),
    rule("GET", "/office/months", Deed::Read, || get(months::board)),
    rule("GET", "/office/month", Deed::Read, || get(months::show)),
    rule("GET", "/office/returned", Deed::Read, || get(decided::returned)),
    rule("GET", "/office/published", Deed::Read, || get(decided::published)),
    rule("GET", "/office/search", Deed::Read, || get(search::show)),
    rule("POST", "/office/publish", Deed::Review, || post(group::publish)),
    rule("POST", "/office/return", Deed::Review, || post(submission::return_to)),
    rule("POST", "/office/pass", Deed::Review, || post(submission::pass)),
    rule("POST", "/office/close", Deed::Review, || post(months::close)),
    rule("GET", "/office/withdraw", Deed::Review, || get(withdraw::ask)),
    rule("POST", "/office/withdraw", Deed::Review, || post(withdraw::act)),
    rule("POST", "/office/approve", Deed::Approve, || post(submission::approve)),
    rule("POST", "/office/countersign", Deed::Countersign, || post(group::countersign)),
    rule("POST", "/office/object", Deed::Countersign, || post(submission::object)),
    rule("GET", "/office/key", Deed::Countersign, || get(keys::own)),
    rule("POST", "/office/key", Deed::Countersign, || post(keys::ask)),
    rule("GET", "/office/bulletins", Deed::Write, || get(bulletins::show)),
    rule("POST", "/office/bulletins", Deed::Write, || post(bulletins::begin)),
    rule("GET", "/office/bulletins/{id}", Deed::Write, || get(editor::show)),
    rule("POST", "/office/bulletins/{id}/save", Deed::Write, || post(editor::save)),
    rule("POST", "/office/bulletins/{id}/preview", Deed::Write, || post(editor::preview)),
    rule("POST", "/office/bulletins/{id}/files", Deed::Write, || post(files::add).layer(UPLOADS)),
    rule("POST", "/office/bulletins/{id}/remove", Deed::Write, || post(files::remove)),
    rule("POST", "/office/bulletins/{id}/restore", Deed::Write, || post(editor::restore)),
    rule("POST", "/office/bulletins/{id}/send", Deed::Write, || post(editor::send)),
    rule("POST", "/office/bulletins/{id}/delete", Deed::Write, || post(editor::delete)),
    rule("POST", "/office/bulletins/{id}/undelete", Deed::Write, || post(editor::undelete)),
    rule("GET", "/office/editor.js", Deed::Write, || get(editor::script)),
    rule("GET", "/office/emergency", Deed::Write, || get(emergency::show)),
    rule("POST", "/office/emergency", Deed::Write, || post(emergency::send)),
    rule("GET", "/office/shown/{id}", Deed::Read, || get(displayed::show)),
    rule("POST", "/office/shown/{id}/correct", Deed::Write, || post(displayed::correct)),
    rule("GET", "/office/questions", Deed::Answer, || get(questions::show)),
    rule("POST", "/office/questions/decide", Deed::Review, || post(questions::decide)),
    rule("GET", "/office/questions/paper", Deed::Review, || get(questions::paper_form)),
    rule("POST", "/office/questions/paper", Deed::Review, || post(questions::paper)),
    rule("GET", "/office/questions/{id}", Deed::Answer, || get(questions::one)),
    rule("POST", "/office/questions/{id}/answer", Deed::Answer, || post(questions::answer)),
    rule("GET", "/office/inspect", Deed::Inspect, || get(assess::inspect)),
    rule("POST", "/office/inspect", Deed::Review, || post(assess::sign_off)),
    rule("GET", "/office/scores", Deed::Inspect, || get(assess::scores)),
    rule("GET", "/office/scores/behind", Deed::Inspect, || get(assess::behind)),
    rule("POST", "/office/freeze", Deed::Manage, || post(assess::freeze)),
    rule("GET", "/office/frozen/{half}", Deed::Inspect, || get(assess::frozen)),
    rule("GET", "/office/recheck", Deed::Inspect, || get(assess::rechecks)),
    rule("POST", "/office/recheck", Deed::Approve, || post(assess::recheck)),
    rule("GET", "/office/record", Deed::Inspect, || get(record::show)),
    rule("GET", "/office/kiosks", Deed::Inspect, || get(kiosks::show)),
    rule("GET", "/office/kiosks/{id}", Deed::Inspect, || get(kiosks::one)),
    rule("POST", "/office/kiosks/code", Deed::Manage, || post(kiosks::code)),
    rule("GET", "/office/kiosks/confirm", Deed::Manage, || get(kiosks::confirm)),
    rule("POST", "/office/kiosks/enrol", Deed::Manage, || post(kiosks::enrol)),
    rule("POST", "/office/kiosks/{id}/change", Deed::Manage, || post(kiosks::rename)),
    rule("POST", "/office/kiosks/{id}/revoke", Deed::Manage, || post(kiosks::revoke)),
    rule("GET", "/office/people", Deed::Manage, || get(people::show)),
    rule("POST", "/office/people/add", Deed::Manage, || post(people::add)),
    rule("POST", "/office/people/revoke", Deed::Manage, || post(people::revoke)),
    rule("POST", "/office/people/deputy", Deed::Manage, || post(people::deputy)),
    rule("POST", "/office/people/away", Deed::Manage, || post(people::away)),
    rule("POST", "/office/people/password", Deed::Manage, || post(people::password)),
    rule("GET", "/office/keys", Deed::Manage, || get(keys::show)),
    rule("POST", "/office/enrol", Deed::Manage, || post(keys::enrol)),
    rule("POST", "/office/keys/confirm", Deed::Manage, || post(keys::confirm)),
    rule("POST", "/office/keys/revoke", Deed::Manage, || post(keys::revoke)),
    rule("POST", "/office/people/sign-out", Deed::Manage, || post(people::sign_out)),
    rule("POST", "/office/people/code-rule", Deed::Manage, || post(people::code_rule)),
    rule("POST", "/office/people/code-reset", Deed::Manage, || post(people::code_reset)),
    rule("GET", "/office/me", Deed::Read, || get(me::show)),
    rule("POST", "/office/me/password", Deed::Read, || post(me::password)),
    rule("POST", "/office/me/away", Deed::Read, || post(me::away)),
    rule("POST", "/office/me/sign-out", Deed::Read, || post(me::sign_out)),
    rule("POST", "/office/me/sign-out-others", Deed::Read, || post(me::sign_out_others)),
    rule("POST", "/office/me/code", Deed::Read, || post(me::begin_code)),
    rule("POST", "/office/me/code-confirm", Deed::Read, || post(me::confirm_code)),
    rule("POST", "/office/me/code-off", Deed::Read, || post(me::code_off)),
    rule("GET", "/office/tokens", Deed::Read, || get(tokens::show)),
    rule("POST", "/office/tokens", Deed::Read, || post(tokens::make)),
    rule("POST", "/office/tokens/revoke", Deed::Read, || post(tokens::revoke)),
    rule("POST", "/office/logout", Deed::Read, || post(login::leave)),
];

/// The office's paths.
pub fn routes() -> Router<Arc<App>> {
    let open = Router::new()
        .route("/office.js", get(script))
        .route("/office/login", get(login::show).post(login::enter))
        .route("/office/login/code", get(login::show_code).post(login::enter_code));
    TABLE.iter().fold(open, |router, rule| router.route(rule.path, (rule.handler)()))
}

const SCRIPT: &str = include_str!("../../../assets/script/office.js");

async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, SCRIPT).into_response()
}

const STYLE: &str = concat!(
    include_str!("../../../assets/style/tokens.css"),
    include_str!("../../../assets/style/site.css"),
    include_str!("../../../assets/style/office.css"),
);

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| pages::policy(STYLE, Scripts::Own));

/// What the path of a form with files ends with.
pub const UPLOAD: &str = "/files";
/// A form with files may be larger than others.
const UPLOADS: DefaultBodyLimit = DefaultBodyLimit::max(UPLOAD_BYTES_MAX);

/// The pages that stand in everyone's menu who may open them.
const MENU: &[(Deed, &str, &str)] = &[
    (Deed::Read, "/office", zh("待办")),
    (Deed::Read, "/office/months", zh("各村进度")),
    (Deed::Read, "/office/returned", zh("已退回")),
    (Deed::Read, "/office/published", zh("已公布")),
    (Deed::Read, "/office/search", zh("查找")),
    (Deed::Write, "/office/bulletins", zh("公告")),
    (Deed::Answer, "/office/questions", zh("提问")),
    (Deed::Countersign, "/office/key", zh("我的钥匙")),
    (Deed::Inspect, "/office/inspect", zh("巡查")),
    (Deed::Inspect, "/office/scores", zh("考核")),
    (Deed::Inspect, "/office/recheck", zh("自查")),
    (Deed::Inspect, "/office/kiosks", zh("公开屏")),
    (Deed::Inspect, "/office/record", zh("操作记录")),
    (Deed::Manage, "/office/people", zh("人员")),
    (Deed::Manage, "/office/keys", zh("钥匙")),
    (Deed::Read, "/office/me", zh("我的账户")),
];

/// What every office page has around its content.
struct Frame {
    w: Words,
    title: String,
    other: String,
    path: String,
    session: Option<Session>,
    css: &'static str,
    logo: &'static str,
}

impl Frame {
    fn new(uri: &Uri, title: &str, session: Option<Session>) -> Self {
        let w = words(uri);
        let other = pages::other_language(w, uri);
        let title = format!("{title} · {}", w.t("明白账 · 审核室"));
        Self {
            w,
            title,
            other,
            path: uri.path().to_owned(),
            session,
            css: STYLE,
            logo: pages::LOGO,
        }
    }

    /// The menu of whoever is signed in: address, words, and whether it is this page.
    fn menu(&self) -> Vec<(String, &'static str, bool)> {
        let Some(session) = &self.session else { return Vec::new() };
        let mine = MENU.iter().filter(|(deed, ..)| session.who.may(*deed));
        mine.map(|(_, path, words)| (self.w.link(path), self.w.t(words), *path == self.path))
            .collect()
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
#[template(path = "office/code.html")]
struct CodePage<'a> {
    f: Frame,
    problem: Option<&'a str>,
}

/// The page that asks for the code from the phone, with what was wrong the last time.
#[must_use]
pub fn code_page(uri: &Uri, status: StatusCode, problem: Option<&str>) -> Response {
    let f = Frame::new(uri, words(uri).t("输入动态码"), None);
    html(uri, status, &CodePage { f, problem })
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

/// Does what a form asks on a thread that may block; then `page` says that it is done.
async fn finish<T: Send + 'static>(
    uri: &Uri,
    page: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(_) => done(uri, page),
        Err(error) => failed(uri, &error),
    }
}

/// The same for what this deed allows, as whoever sent the form, or for whom they stand in.
async fn change<F>(app: Arc<App>, act: Act, page: &str, deed: Deed, work: F) -> Response
where
    F: FnOnce(&App, &Act, &Actor) -> Result<()> + Send + 'static,
{
    let uri = act.uri.clone();
    let work = move || {
        let actor = act.session.who.acting(deed)?;
        work(&app, &act, &actor)
    };
    finish(&uri, page, work).await
}

/// Links to a page for these months, newest first: address, words, and whether it is this one.
fn month_links(
    w: Words,
    page: &str,
    months: &[Period],
    here: Period,
) -> Vec<(String, String, bool)> {
    let link = |month: &Period| {
        (w.link(&format!("{page}?period={month}")), w.month(month), *month == here)
    };
    months.iter().rev().map(link).collect()
}

/// Back to a page that says what was done: a reload does not do it again.
fn done(uri: &Uri, path: &str) -> Response {
    Redirect::to(&words(uri).link(path)).into_response()
}
