//! Keys: one's own as a supervisor, and those of all villages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::key::VerifierKey;
use ledger::statement::Role as KeyRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{Caller, Given};
use super::submissions::Entry;
use super::wire::{KeyText, Name, VillageCode};
use super::{Answer, blocking};
use crate::app::App;
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::keys::{self as library, Request, Standing};
use crate::people::Deed;
use crate::review;
use crate::view::{self, Enrolled};

/// How a supervisor's own key stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyWord {
    /// Never asked for.
    None,
    /// Asked for, not enrolled yet.
    Asked,
    /// Its signatures count.
    Enrolled,
}

/// A supervisor's own key.
#[derive(Serialize, ToSchema)]
pub struct OwnKey {
    /// The name that the key has to have.
    name: String,
    /// How it stands.
    standing: KeyWord,
    /// The key (C2SP vkey).
    vkey: Option<String>,
    /// The digits that the office reads back before it enrols the key.
    digits: Option<String>,
}

/// One's own key.
#[utoipa::path(
    get, path = "/api/office/key",
    responses((status = 200, description = "how it stands", body = OwnKey))
)]
pub async fn own_key(State(app): State<Arc<App>>, caller: Caller) -> Answer<OwnKey> {
    let standing = app.db.read(|c| library::standing(&app, c, &caller.who))?;
    let village = caller.who.village.map(|village| village.to_string()).unwrap_or_default();
    let (standing, vkey) = match standing {
        Standing::None => (KeyWord::None, None),
        Standing::Asked(vkey) => (KeyWord::Asked, Some(vkey)),
        Standing::Enrolled(vkey) => (KeyWord::Enrolled, Some(vkey)),
    };
    let digits = vkey.as_deref().map(library::check_digits);
    let name = review::key_name(&village, &caller.who.login);
    Ok(Json(OwnKey { name, standing, vkey, digits }))
}

/// A key that is to be enrolled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedKey {
    /// The key (C2SP vkey), with the name that it has to have.
    vkey: KeyText,
}

/// Asks for one's own key to be enrolled.
#[utoipa::path(
    post, path = "/api/office/key", request_body = AskedKey,
    responses((status = 204, description = "it waits for the office"))
)]
pub async fn ask_for_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<AskedKey>,
) -> Result<StatusCode> {
    library::ask(&app, &given.vkey.0, &caller.who).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The villages' keys that count now.
#[utoipa::path(
    get, path = "/api/office/keys",
    responses((status = 200, description = "in the directory's order", body = Vec<Enrolled>))
)]
pub async fn keys(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<Enrolled>> {
    app.db.read(view::enrolled).map(Json)
}

/// An accountant's key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountantKey {
    /// Of which village.
    village: VillageCode,
    /// The key (C2SP vkey); its name begins with the village's code.
    vkey: KeyText,
    /// The person's name.
    holder: Name,
    /// Such as 报账员.
    post: Name,
}

/// Enrols an accountant's key: a statement in the log.
#[utoipa::path(
    post, path = "/api/office/keys", request_body = AccountantKey,
    responses((status = 200, description = "enrolled: the statement that says so", body = Entry))
)]
pub async fn enrol(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<AccountantKey>,
) -> Answer<Entry> {
    let by = caller.who.acting(Deed::Manage)?;
    let key: VerifierKey =
        given.vkey.0.parse().map_err(|_| Error::refused("bad-key", "这不是一把验证钥匙"))?;
    let holder = Holder { name: given.holder.0, post: given.post.0 };
    let village = given.village.0;
    let work = move || directory::enrol(&app, village, KeyRole::Accountant, key, holder, &by);
    Ok(Json(blocking(work).await?.into()))
}

/// Keys that supervisors asked for.
#[utoipa::path(
    get, path = "/api/office/keys/requests",
    responses((status = 200, description = "oldest first", body = Vec<Request>))
)]
pub async fn key_requests(State(app): State<Arc<App>>, _caller: Caller) -> Answer<Vec<Request>> {
    app.db.read(library::requests).map(Json)
}

/// The key that was compared with its holder.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedKey {
    /// Who asked for it.
    login: Name,
    /// The key that was compared (C2SP vkey).
    vkey: KeyText,
}

/// Enrols the key that a supervisor asked for. An older key of theirs is revoked first.
#[utoipa::path(
    post, path = "/api/office/keys/confirm", request_body = ConfirmedKey,
    responses((status = 200, description = "enrolled: the statement that says so", body = Entry))
)]
pub async fn confirm(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<ConfirmedKey>,
) -> Answer<Entry> {
    let work = move || library::confirm(&app, &given.login.0, &given.vkey.0, &caller.who);
    Ok(Json(blocking(work).await?.into()))
}

/// A key's name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"key": "341181107201/accountant"}))]
pub struct RevokedKey {
    /// As `GET /api/office/keys` says it.
    key: KeyText,
}

/// Revokes a village's key: what it signed before stands, nothing after.
#[utoipa::path(
    post, path = "/api/office/keys/revoke", request_body = RevokedKey,
    responses((status = 200, description = "revoked: the statement that says so", body = Entry))
)]
pub async fn revoke_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<RevokedKey>,
) -> Answer<Entry> {
    let by = caller.who.acting(Deed::Manage)?;
    let done = blocking(move || directory::revoke(&app, &given.key.0, &by)).await?;
    Ok(Json(done.into()))
}
