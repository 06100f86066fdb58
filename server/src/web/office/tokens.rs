//! One's own tokens: what a program may do in one's name, and for how long.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::error::Error;
use crate::people::Deed;
use crate::tokens::{self, DAYS, DAYS_MAX, NewToken, Token};
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// Whether something was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    done: Option<String>,
}

struct Line {
    id: i64,
    name: String,
    scopes: String,
    until: String,
    used: String,
}

#[derive(Template)]
#[template(path = "office/tokens.html")]
struct Tokens {
    f: Frame,
    done: bool,
    /// The token that was just made: it is shown this once.
    made: Option<String>,
    lines: Vec<Line>,
    /// What one's post allows: word, and what it is called.
    scopes: Vec<(&'static str, &'static str)>,
    days: i64,
    days_max: i64,
    token: String,
}

/// The list, and the form for another one.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    page(&app, session, &uri, asked.done.is_some(), None)
}

fn page(app: &App, session: Session, uri: &Uri, done: bool, made: Option<String>) -> Response {
    let w = words(uri);
    match app.db.read(|db| tokens::list(db, &session.who)) {
        Err(error) => failed(uri, &error),
        Ok(list) => {
            let mine = Deed::ALL.into_iter().filter(|deed| session.who.role.may(*deed));
            let page = Tokens {
                done,
                made,
                lines: list.into_iter().map(|token| line(w, token)).collect(),
                scopes: mine.map(|deed| (deed.as_str(), deed_words(w, deed))).collect(),
                days: DAYS,
                days_max: DAYS_MAX,
                token: session.form.clone(),
                f: Frame::new(uri, w.t("我的令牌"), Some(session)),
            };
            html(uri, StatusCode::OK, &page)
        }
    }
}

fn line(w: Words, token: Token) -> Line {
    let scopes: Vec<_> = token.scopes.iter().map(|deed| deed_words(w, *deed)).collect();
    Line {
        id: token.id,
        name: token.name,
        scopes: scopes.join(if w.zh() { "、" } else { ", " }),
        until: token.until,
        used: token.used.unwrap_or_else(|| w.t("还没有用过").to_owned()),
    }
}

/// What a token may do, in words.
fn deed_words(w: Words, deed: Deed) -> &'static str {
    match deed {
        Deed::Read => w.t("查看"),
        Deed::Countersign => w.t("会签"),
        Deed::Write => w.t("写公告"),
        Deed::Review => w.t("审核、公布、结账"),
        Deed::Approve => w.t("签批"),
        Deed::Answer => w.t("答复提问"),
        Deed::Inspect => w.t("看巡查和考核"),
        Deed::Manage => w.t("管理人员、钥匙和名录"),
    }
}

/// Makes one, and shows it.
pub async fn make(State(app): State<Arc<App>>, act: Act) -> Response {
    let scopes = act.all("scope").iter().filter_map(|word| Deed::parse(word)).collect();
    let name = act.field("name").to_owned();
    let Ok(days) = act.field("days").parse() else {
        let message = format!("有效期是 1 到 {DAYS_MAX} 天");
        return failed(&act.uri, &Error::refused("bad-days", message));
    };
    match tokens::make(&app, &act.session.who, NewToken { name, scopes, days }).await {
        Ok(made) => page(&app, act.session, &act.uri, false, Some(made)),
        Err(error) => failed(&act.uri, &error),
    }
}

/// Ends one.
pub async fn revoke(State(app): State<Arc<App>>, act: Act) -> Response {
    let id = act.field("id").parse().unwrap_or_default();
    match tokens::revoke(&app, &act.session.who, id).await {
        Ok(()) => done(&act.uri, "/office/tokens?done=1"),
        Err(error) => failed(&act.uri, &error),
    }
}
