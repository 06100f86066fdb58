//! The pages for phones: rendered here, complete without a script, each once per head of the log.

mod accounts;
mod asked;
mod asking;
mod compare;
mod feeds;
mod figures;
mod frame;
mod record;
mod search;
mod shown;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ledger::time::Period;
use rusqlite::Connection;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::view::{self, Place};
use crate::web::page_cache::{FOR_EVER, Page};
use crate::web::qr;
use crate::web::words::{Lang, Words};
use crate::witnesses;
pub use figures::{progress, standing};
use frame::{Frame, POLICY, SHARED};
pub use frame::{LOGO, Scripts, other_language, policy, quoted};
pub use record::{ground_words, receipt_rows};
pub use shown::Shown;

/// The paths for phones.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home))
        .route("/qr.png", get(qr_code))
        .route("/v/{village}", get(village))
        .route("/v/{village}/qr.png", get(qr_code))
        .route("/v/{village}/feed.atom", get(feeds::of_village))
        .route("/v/{village}/{period}", get(month))
        .route("/v/{village}/{period}/qr.png", get(qr_code))
        .route("/r/{n}", get(record_page))
        .route("/r/{n}/qr.png", get(qr_code))
        .route("/r/{n}/proof", get(proof))
        .route("/r/{n}/note", get(verify::note))
        .route("/r/{n}/verify", get(explained))
        .route("/r/{n}/bundle", get(verify::download))
        .route("/figures", get(newest_figures))
        .route("/figures/{period}", get(figures))
        .route("/b", get(bulletins))
        .route("/b/feed.atom", get(feeds::of_column))
        .route("/b/{n}", get(bulletin))
        .route("/q", get(questions))
        .route("/q/{n}", get(question))
        .route("/ask", get(asking::form).post(asking::look))
        .route("/ask/edit", post(asking::edit))
        .route("/ask/send", post(asking::send))
        .route("/slip", get(asking::slip).post(asking::follow))
        .route("/slip/on", post(asking::ask_on))
        .route("/slip/{number}", get(asking::slip))
        .route("/slip/{number}/qr.png", get(asking::slip_code))
        .route("/b/{n}/verify", get(explained))
        .route("/b/{n}/bundle", get(verify::download))
        .route("/script/{folder}/{name}", get(verify::script))
        .route("/search", get(search::search))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/robots.txt", get(feeds::robots))
        .route("/logo.svg", get(logo))
        .route("/logo.png", get(logo_picture))
}

/// What a handler renders from: `None` when there is no such page.
type Rendered = Result<Option<String>>;

// A handler takes the request whole: copying its headers or decoding its path would cost more than
// all the rest of an answer from the cache. Every part of an address here is plain ASCII.

async fn home(State(app): State<Arc<App>>, request: Request) -> Response {
    page(&app, &request, accounts::home)
}

async fn village(State(app): State<Arc<App>>, request: Request) -> Response {
    let code = part(request.uri(), 2);
    page(&app, &request, |db, frame| accounts::village(db, frame, code))
}

async fn month(State(app): State<Arc<App>>, request: Request) -> Response {
    let (code, period) = (part(request.uri(), 2), part(request.uri(), 3));
    match period.parse::<Period>() {
        Ok(period) => page(&app, &request, |db, frame| accounts::month(db, frame, code, period)),
        Err(_) => bad_address(request.uri()),
    }
}

async fn record_page(State(app): State<Arc<App>>, request: Request) -> Response {
    match log_index(request.uri()) {
        Some(n) => scripted(&app, &request, |db, frame| record::record(db, frame, n)),
        None => bad_address(request.uri()),
    }
}

async fn bulletin(State(app): State<Arc<App>>, request: Request) -> Response {
    match log_index(request.uri()) {
        Some(n) => scripted(&app, &request, |db, frame| record::bulletin(db, frame, n)),
        None => bad_address(request.uri()),
    }
}

async fn explained(State(app): State<Arc<App>>, request: Request) -> Response {
    match log_index(request.uri()) {
        Some(n) => page(&app, &request, |db, frame| verify::explained(db, frame, n)),
        None => bad_address(request.uri()),
    }
}

/// The choice of a list of bulletins.
#[derive(serde::Deserialize)]
struct Chosen {
    column: Option<String>,
    before: Option<u64>,
    /// Whether `before` is among those that are not shown any more.
    past: Option<u8>,
}

async fn bulletins(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri();
    let Ok(Query(chosen)) = Query::<Chosen>::try_from_uri(uri) else {
        return bad_address(uri);
    };
    let column = chosen.column.unwrap_or_default();
    let after = chosen.before.map(|n| Place { shown: chosen.past.is_none(), n });
    let make = |db: &Connection, frame| record::bulletins(db, frame, &column, after);
    if column.is_empty() && chosen.before.is_none() {
        return page(&app, &request, make);
    }
    // As many addresses as there are numbers lead here: none of them is worth keeping.
    fresh(&app, &request, make)
}

/// The choice of a list of questions.
#[derive(serde::Deserialize)]
struct ChosenQuestions {
    v: Option<String>,
    before: Option<u64>,
}

/// Made anew each time: what is overdue changes with the day, what waits with every question that comes.
async fn questions(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri();
    let Ok(Query(chosen)) = Query::<ChosenQuestions>::try_from_uri(uri) else {
        return bad_address(uri);
    };
    let village = chosen.v.filter(|village| !village.is_empty());
    fresh(&app, &request, |db, frame| {
        asked::list(db, frame, &app.township, village.as_deref(), chosen.before)
    })
}

async fn question(State(app): State<Arc<App>>, request: Request) -> Response {
    match log_index(request.uri()) {
        Some(n) => fresh(&app, &request, |db, frame| asked::one(db, frame, n)),
        None => bad_address(request.uri()),
    }
}

async fn newest_figures(State(app): State<Arc<App>>, request: Request) -> Response {
    figures_of(&app, &request, None)
}

async fn figures(State(app): State<Arc<App>>, request: Request) -> Response {
    match part(request.uri(), 2).parse() {
        Ok(period) => figures_of(&app, &request, Some(period)),
        Err(_) => bad_address(request.uri()),
    }
}

/// Made anew each time: how late a village is changes with the day, not with the log.
fn figures_of(app: &App, request: &Request, period: Option<Period>) -> Response {
    let (book, today) = (app.rulebook.now(), clock::today());
    fresh(app, request, |db, frame| figures::figures(db, frame, &book, period, today))
}

async fn qr_code(State(app): State<Arc<App>>, request: Request) -> Response {
    let uri = request.uri();
    let words = Words::new(Lang::of_query(uri.query()));
    let head = match app.pages.find(uri.path(), words.lang) {
        Ok(page) => return page.answer(request.headers()),
        Err(head) => head,
    };
    if part(uri, 1) == "r" && log_index(uri).is_none() {
        return bad_address(uri);
    }
    let page = match app.db.read(|db| shown_page(db, uri)) {
        Ok(Some(page)) => page,
        Ok(None) => return not_there(uri),
        Err(error) => return failed(uri, &error),
    };
    let address = words.link(&format!("{}{page}", app.public_url));
    let Some(picture) = qr::png(&address) else {
        return not_there(uri);
    };
    let picture = Arc::new(Page::png(picture));
    app.pages.keep(head, uri.path(), words.lang, &picture, FOR_EVER);
    picture.answer(request.headers())
}

/// The path of the page whose code lies at this address; `None` if there is no such page.
fn shown_page(db: &Connection, uri: &Uri) -> Result<Option<String>> {
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let (village, period) = match parts.as_slice() {
        ["qr.png"] => return Ok(Some("/".to_owned())),
        ["r", _, "qr.png"] => {
            let Some(n) = log_index(uri) else { return Ok(None) };
            return Ok(view::item(db, n)?.map(|item| item.path()));
        }
        ["v", village, "qr.png"] => (village, None),
        ["v", village, period, "qr.png"] => match period.parse::<Period>() {
            Ok(period) => (village, Some(period)),
            Err(_) => return Ok(None),
        },
        _ => return Ok(None),
    };
    let month = period.map(|period| format!("/{period}")).unwrap_or_default();
    let known = view::village_name(db, village)?;
    Ok(known.map(|_| format!("/v/{village}{month}")))
}

async fn proof(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let Some(n) = log_index(&uri) else {
        return bad_address(&uri);
    };
    let made = tokio::task::spawn_blocking(move || app.publisher.proof(n)).await;
    match made.unwrap_or(Err(Error::Busy)) {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, text).into_response()
        }
        Err(Error::Refused { .. }) => not_there(&uri),
        Err(error) => failed(&uri, &error),
    }
}

async fn logo_picture() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, frame::LOGO_PNG).into_response()
}

async fn logo() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, LOGO).into_response()
}

fn rendered(page: &impl askama::Template) -> Rendered {
    page.render().map(Some).map_err(|error| Error::Corrupt(format!("模板：{error}")))
}

/// A part of the address between slashes; the first is 1.
fn part(uri: &Uri, at: usize) -> &str {
    uri.path().split('/').nth(at).unwrap_or_default()
}

/// The log index in an address: digits, and no zero before them.
fn log_index(uri: &Uri) -> Option<u64> {
    let text = part(uri, 2);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = plain && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Answers with the page at this address: the kept one, or a new one that is kept.
fn page(
    app: &App,
    request: &Request,
    make: impl FnOnce(&Connection, Frame) -> Rendered,
) -> Response {
    kept(app, request, &POLICY, make)
}

/// The same for a page with a script of this server.
fn scripted(
    app: &App,
    request: &Request,
    make: impl FnOnce(&Connection, Frame) -> Rendered,
) -> Response {
    kept(app, request, &verify::SCRIPTED, make)
}

fn kept(
    app: &App,
    request: &Request,
    policy: &HeaderValue,
    make: impl FnOnce(&Connection, Frame) -> Rendered,
) -> Response {
    let (uri, asked) = (request.uri(), request.headers());
    let lang = Lang::of_query(uri.query());
    let head = match app.pages.find(uri.path(), lang) {
        Ok(page) => return page.answer(asked),
        Err(head) => head,
    };
    match render(app, uri, policy, make) {
        Ok(Some((page, until))) => {
            let page = Arc::new(page);
            app.pages.keep(head, uri.path(), lang, &page, until);
            page.answer(asked)
        }
        Ok(None) => not_there(uri),
        Err(error) => failed(uri, &error),
    }
}

/// Answers with a page that is made for this request and not kept.
fn fresh(
    app: &App,
    request: &Request,
    make: impl FnOnce(&Connection, Frame) -> Rendered,
) -> Response {
    let uri = request.uri();
    match render(app, uri, &POLICY, make) {
        Ok(Some((page, _))) => page.answer(request.headers()),
        Ok(None) => not_there(uri),
        Err(error) => failed(uri, &error),
    }
}

/// A page, and the Unix second from which on a bulletin begins or ends.
fn render(
    app: &App,
    uri: &Uri,
    policy: &HeaderValue,
    make: impl FnOnce(&Connection, Frame) -> Rendered,
) -> Result<Option<(Page, i64)>> {
    let words = Words::new(Lang::of_query(uri.query()));
    let shared = app.wechat.as_ref().is_some_and(|wechat| wechat.settings.jssdk);
    let policy = if shared { &*SHARED } else { policy };
    let witnessed = witnesses::witnessed(app);
    let (html, until) = app.db.read(|db| {
        let frame = Frame::new(words, uri, view::head(db)?, &app.public_url).of_log(&app.vkey);
        let frame = frame.in_wechat(shared).witnessed_by(&witnessed);
        let until = view::next_change(db, frame.now)?;
        Ok((make(db, frame)?, until))
    })?;
    Ok(html.map(|html| (Page::html(html, policy.clone()), until.unwrap_or(FOR_EVER))))
}

/// The answer at every address that the router does not know.
pub async fn missing(uri: Uri) -> Response {
    not_there(&uri)
}

fn not_there(uri: &Uri) -> Response {
    let words = Words::new(Lang::of_query(uri.query()));
    let text = words.t("这个地址没有对应的页面。可能是地址抄错了一位，也可能这一条还没有公布。");
    said(uri, words, StatusCode::NOT_FOUND, words.t("没有这一页"), text)
}

fn bad_address(uri: &Uri) -> Response {
    let words = Words::new(Lang::of_query(uri.query()));
    let text = words.t("地址写得不对：编号是数字，月份写作 2026-05。");
    said(uri, words, StatusCode::BAD_REQUEST, words.t("地址不对"), text)
}

/// The answer when the office itself is at fault. What went wrong goes to its own record only.
fn failed(uri: &Uri, error: &Error) -> Response {
    tracing::error!(path = uri.path(), %error, "a page could not be made");
    let words = Words::new(Lang::of_query(uri.query()));
    let text = words.t("服务器出了问题，请过一会儿再打开。已公布的内容没有受影响。");
    said(uri, words, StatusCode::INTERNAL_SERVER_ERROR, words.t("暂时打不开"), text)
}

fn said(uri: &Uri, words: Words, status: StatusCode, heading: &str, text: &str) -> Response {
    let html = frame::missing(words, uri, heading, text);
    let mut answer = Page::html(html, POLICY.clone()).answer(&HeaderMap::new());
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *answer.status_mut() = status;
    answer
}
