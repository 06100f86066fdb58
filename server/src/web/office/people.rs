//! The people: accounts and posts, how they sign in, and who stands in for whom.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::{Frame, change, failed, html, words};
use crate::app::App;
use crate::error::Error;
use crate::people::{self, Account, Deed, NewAccount, Role, totp};
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;
use crate::web::words::Words;

/// Whether something was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    /// Set after a change.
    pub(super) done: Option<String>,
}

/// An account as a line.
struct AccountLine {
    login: String,
    name: String,
    role: &'static str,
    place: String,
    deputy: String,
    away: bool,
    /// Whether they sign in with a code from their phone, and whether they have to.
    code: bool,
    code_required: bool,
    /// Those who may stand in: login and name, and whether it is this one now.
    seconds: Vec<(String, String, bool)>,
}

#[derive(Template)]
#[template(path = "office/people.html")]
struct People {
    f: Frame,
    done: bool,
    lines: Vec<AccountLine>,
    closed: Vec<String>,
    alone: usize,
    roles: Vec<(&'static str, &'static str)>,
    villages: Vec<(String, String)>,
    token: String,
}

/// Every account.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| Ok((people::list(db)?, view::villages(db)?)));
    match found {
        Err(error) => failed(&uri, &error),
        Ok((accounts, villages)) => {
            let (open, closed): (Vec<_>, Vec<_>) =
                accounts.into_iter().partition(|account| account.revoked.is_none());
            let lines: Vec<AccountLine> =
                open.iter().map(|account| line(w, account, &open, &villages)).collect();
            let page = People {
                done: asked.done.is_some(),
                closed: closed
                    .into_iter()
                    .map(|one| format!("{}（{}）", one.name, one.login))
                    .collect(),
                alone: lines.iter().filter(|line| needs_second(line)).count(),
                roles: Role::ALL.iter().map(|role| (role.as_str(), role_words(w, *role))).collect(),
                lines,
                villages,
                token: session.form.clone(),
                f: Frame::new(&uri, w.t("人员"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

fn needs_second(line: &AccountLine) -> bool {
    line.deputy.is_empty() && !line.seconds.is_empty()
}

fn line(
    w: Words,
    account: &Account,
    open: &[Account],
    villages: &[(String, String)],
) -> AccountLine {
    let role = Role::parse(&account.role);
    let second = |other: &&Account| {
        let may = Role::parse(&other.role).zip(role).is_some_and(|(b, a)| b.may_deputise(a));
        may && other.login != account.login && other.village == account.village
    };
    let seconds = open.iter().filter(second).map(|other| {
        let chosen = account.deputy.as_deref() == Some(other.login.as_str());
        (other.login.clone(), other.name.clone(), chosen)
    });
    let place = villages.iter().find(|(code, _)| Some(code) == account.village.as_ref());
    AccountLine {
        login: account.login.clone(),
        name: account.name.clone(),
        role: role.map_or("", |role| role_words(w, role)),
        place: place.map_or_else(|| w.t("镇").to_owned(), |(_, name)| name.clone()),
        deputy: account.deputy.clone().unwrap_or_default(),
        away: account.away.is_some(),
        code: account.totp,
        code_required: account.totp_required,
        seconds: seconds.collect(),
    }
}

/// A post in words.
pub fn role_words(w: Words, role: Role) -> &'static str {
    match role {
        Role::Admin => w.t("管理员"),
        Role::Editor => w.t("编辑"),
        Role::Reviewer => w.t("审核"),
        Role::Leader => w.t("领导"),
        Role::Assessor => w.t("考评"),
        Role::Supervisor => w.t("监督委员"),
        Role::Accountant => w.t("报账员"),
    }
}

/// Opens an account.
pub async fn add(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        let role = Role::parse(act.field("role"));
        let role = role.ok_or_else(|| Error::refused("malformed", "请选择岗位。"))?;
        let village = match act.field("village") {
            "" => None,
            code => Some(code.parse().map_err(|_| Error::refused("bad-village", "没有这个村"))?),
        };
        let new = NewAccount {
            login: act.field("login").to_owned(),
            name: act.field("name").to_owned(),
            role,
            village,
            password: act.typed("password").to_owned(),
        };
        people::add(&app.db, &new, by)
    })
    .await
}

/// Closes an account.
pub async fn revoke(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        if act.field("login") == act.session.who.login {
            return Err(Error::refused("own-account", "不能注销自己的账户"));
        }
        people::revoke(&app.db, act.field("login"), by)
    })
    .await
}

/// Says who stands in.
pub async fn deputy(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        let deputy = Some(act.field("deputy")).filter(|deputy| !deputy.is_empty());
        people::set_deputy(&app.db, act.field("login"), deputy, by)
    })
    .await
}

/// Marks somebody away, or back.
pub async fn away(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        people::set_away(&app.db, act.field("login"), act.field("away") == "yes", by)
    })
    .await
}

/// Gives somebody another password.
pub async fn password(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        people::set_password(&app.db, act.field("login"), act.typed("password"), by)
    })
    .await
}

/// Ends every session of somebody.
pub async fn sign_out(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        people::sign_out(&app.db, act.field("login"), by)
    })
    .await
}

/// Says whether somebody has to sign in with a code from their phone too.
pub async fn code_rule(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        totp::require(&app.db, act.field("login"), act.field("required") == "yes", by)
    })
    .await
}

/// Takes a lost phone off somebody's account.
pub async fn code_reset(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/people?done=1", Deed::Manage, |app, act, by| {
        totp::reset(&app.db, act.field("login"), by)
    })
    .await
}
