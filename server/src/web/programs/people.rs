//! Accounts, and whose token it is. A token does not touch its own holder's account: not its password, phone, sessions,
//! tokens, nor absence.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{Caller, Given};
use super::wire::{Name, Password, VillageCode};
use super::{Answer, blocking};
use crate::app::App;
use crate::error::{Error, Result};
use crate::people::{self as library, Absent, Account, Actor, Deed, NewAccount, Role, totp};

/// Whose token it is, and what it may do.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The name they sign in with.
    login: String,
    /// Their own name.
    name: String,
    /// Their post.
    role: Role,
    /// 12-digit code of their village; none for the township's people.
    village: Option<String>,
    /// Whether they are marked away.
    away: bool,
    /// Those who are away and for whom they act.
    absent: Vec<Absent>,
    /// What the token may do.
    scopes: Vec<Deed>,
}

/// Whose token it is.
#[utoipa::path(
    get, path = "/api/office/me",
    responses((status = 200, description = "the person and the scopes", body = Me))
)]
pub async fn me(caller: Caller) -> Json<Me> {
    let Caller { who, scopes } = caller;
    Json(Me {
        login: who.login,
        name: who.name,
        role: who.role,
        village: who.village.map(|village| village.to_string()),
        away: who.away,
        absent: who.absent,
        scopes,
    })
}

/// Every account, open or closed.
#[utoipa::path(
    get, path = "/api/office/people",
    responses((status = 200, description = "oldest first", body = Vec<Account>))
)]
pub async fn people(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<Account>> {
    app.db.read(library::list).map(Json)
}

/// Changes accounts, on a thread that may block (passwords take long).
async fn change<F>(app: Arc<App>, caller: Caller, work: F) -> Result<StatusCode>
where
    F: FnOnce(&App, &Actor) -> Result<()> + Send + 'static,
{
    blocking(move || work(&app, &caller.who.acting(Deed::Manage)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes somebody else's account: whoever finds a token must not get at its holder's.
async fn change_another<F>(
    app: Arc<App>,
    caller: Caller,
    login: Name,
    work: F,
) -> Result<StatusCode>
where
    F: FnOnce(&App, &str, &Actor) -> Result<()> + Send + 'static,
{
    change(app, caller, move |app, by| {
        if login.0.eq_ignore_ascii_case(&by.login) {
            let message = "令牌不能改自己的账户：请登录后在“我的账户”里改，或请别的管理员改";
            return Err(Error::refused("own-account", message));
        }
        work(app, &login.0, by)
    })
    .await
}

/// An account that is to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"login": "wang", "name": "王芳", "role": "supervisor",
    "village": "341181107201", "password": "long enough"}))]
pub struct NewPerson {
    /// The name they will sign in with.
    login: Name,
    /// Their own name.
    name: Name,
    /// Their post.
    role: Role,
    /// Their village, exactly where the post is a village's.
    village: Option<VillageCode>,
    /// Their password, until they change it.
    password: Password,
}

/// Opens an account.
#[utoipa::path(
    post, path = "/api/office/people", request_body = NewPerson,
    responses((status = 204, description = "opened"))
)]
pub async fn add_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<NewPerson>,
) -> Result<StatusCode> {
    let new = NewAccount {
        login: given.login.0,
        name: given.name.0,
        role: given.role,
        village: given.village.map(|village| village.0),
        password: given.password.0,
    };
    change(app, caller, move |app, by| library::add(&app.db, &new, by)).await
}

/// An account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// The name they sign in with.
    login: Name,
}

/// Closes an account, with its sessions and tokens; not one's own.
#[utoipa::path(
    post, path = "/api/office/people/revoke", request_body = Whose,
    responses((status = 204, description = "closed"))
)]
pub async fn revoke_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Whose>,
) -> Result<StatusCode> {
    change_another(app, caller, given.login, |app, login, by| library::revoke(&app.db, login, by))
        .await
}

/// Who stands in for somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deputy {
    /// Who may be away.
    login: Name,
    /// Who then stands in; nobody where it is left out.
    deputy: Option<Name>,
}

/// Says who acts for somebody while they are away.
#[utoipa::path(
    post, path = "/api/office/people/deputy", request_body = Deputy,
    responses((status = 204, description = "done"))
)]
pub async fn set_deputy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Deputy>,
) -> Result<StatusCode> {
    let (login, deputy) = (given.login.0, given.deputy.map(|deputy| deputy.0));
    change(app, caller, move |app, by| library::set_deputy(&app.db, &login, deputy.as_deref(), by))
        .await
}

/// Whether somebody is away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Away {
    /// Who.
    login: Name,
    /// Away, or back.
    away: bool,
}

/// Marks somebody away, or back.
#[utoipa::path(
    post, path = "/api/office/people/away", request_body = Away,
    responses((status = 204, description = "done"))
)]
pub async fn set_away(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Away>,
) -> Result<StatusCode> {
    let Away { login, away } = given;
    change_another(app, caller, login, move |app, login, by| {
        library::set_away(&app.db, login, away, by)
    })
    .await
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// Whose.
    login: Name,
    /// Until they change it.
    password: Password,
}

/// Gives somebody another password; every session of theirs ends.
#[utoipa::path(
    post, path = "/api/office/people/password", request_body = NewPassword,
    responses((status = 204, description = "done"))
)]
pub async fn set_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<NewPassword>,
) -> Result<StatusCode> {
    let NewPassword { login, password } = given;
    change_another(app, caller, login, move |app, login, by| {
        library::set_password(&app.db, login, &password.0, by)
    })
    .await
}

/// Ends every session of somebody; their tokens stay.
#[utoipa::path(
    post, path = "/api/office/people/sign-out", request_body = Whose,
    responses((status = 204, description = "done"))
)]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Whose>,
) -> Result<StatusCode> {
    change_another(app, caller, given.login, |app, login, by| library::sign_out(&app.db, login, by))
        .await
}

/// Whether somebody has to sign in with a code from their phone too.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRule {
    /// Who.
    login: Name,
    /// They have to, or they may.
    required: bool,
}

/// Says whether somebody has to sign in with a code from their phone too.
#[utoipa::path(
    post, path = "/api/office/people/code-rule", request_body = CodeRule,
    responses((status = 204, description = "done"))
)]
pub async fn set_code_rule(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<CodeRule>,
) -> Result<StatusCode> {
    let CodeRule { login, required } = given;
    change_another(app, caller, login, move |app, login, by| {
        totp::require(&app.db, login, required, by)
    })
    .await
}

/// Takes a lost phone off somebody's account, and ends their sessions.
#[utoipa::path(
    post, path = "/api/office/people/code-reset", request_body = Whose,
    responses((status = 204, description = "done"))
)]
pub async fn reset_code(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<Whose>,
) -> Result<StatusCode> {
    change_another(app, caller, given.login, |app, login, by| totp::reset(&app.db, login, by)).await
}
