//! Supervisors' own keys: made in their browser, asked for here, enrolled in the log once somebody has met them.

use ledger::encoding::hex;
use ledger::hash::sha256;
use ledger::key::VerifierKey;
use ledger::statement::Role as KeyRole;
use rusqlite::{Connection, OptionalExtension, params};

use crate::app::App;
use crate::audit::{self, Change};
use crate::clock;
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::people::{Deed, Who};
use crate::publish::Published;
use crate::review::key_name;

/// Hex digits that two people read to each other to know that they see the same key.
const CHECK_DIGITS: usize = 8;

/// A key that waits to be enrolled.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = KeyRequest)]
pub struct Request {
    /// The login of whoever asked.
    pub login: String,
    /// Their name.
    pub name: String,
    /// 12-digit code of their village.
    pub village: String,
    /// The key (C2SP vkey).
    pub vkey: String,
    /// RFC 3339.
    pub time: String,
}

/// How a supervisor's own key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never asked for.
    None,
    /// Asked for, not enrolled yet.
    Asked(String),
    /// Its signatures count.
    Enrolled(String),
}

/// The digits by which two people compare a key.
#[must_use]
pub fn check_digits(vkey: &str) -> String {
    let digits = hex(&sha256(vkey.as_bytes()).0);
    let (left, right) = digits[..CHECK_DIGITS].split_at(CHECK_DIGITS / 2);
    format!("{left} {right}")
}

/// Asks for a key to be enrolled; a newer one takes the place of an older one that still waits.
///
/// # Errors
/// When this person is no supervisor, or the key is not named for them.
pub async fn ask(app: &App, vkey: &str, who: &Who) -> Result<()> {
    let actor = who.acting(Deed::Countersign)?;
    let bad = || Error::refused("bad-key", "这把钥匙不对，请重新生成");
    let key: VerifierKey = vkey.trim().parse().map_err(|_| bad())?;
    let village = who.village.ok_or_else(bad)?;
    if key.name() != key_name(village.as_str(), &who.login) {
        return Err(bad());
    }
    let id = who.id;
    app.db
        .write(move |c| {
            c.execute(
                "INSERT OR REPLACE INTO key_request VALUES (?1, ?2, ?3)",
                params![id, key.to_string(), clock::now()],
            )?;
            let text = key.to_string();
            audit::record(c, &actor, "key-request", &actor.login, Change::to(&text))
        })
        .await
}

/// What was asked for and waits, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn requests(c: &Connection) -> Result<Vec<Request>> {
    let mut query = c.prepare_cached(
        "SELECT login, name, ifnull(village, ''), vkey, time FROM key_request
         JOIN user ON user.id = key_request.user WHERE revoked IS NULL ORDER BY time LIMIT 500",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Request {
            login: row.get(0)?,
            name: row.get(1)?,
            village: row.get(2)?,
            vkey: row.get(3)?,
            time: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How a supervisor's own key stands.
///
/// # Errors
/// When the database cannot be read.
pub fn standing(app: &App, c: &Connection, who: &Who) -> Result<Standing> {
    let sql = "SELECT vkey FROM key_request WHERE user = ?1";
    let asked: Option<String> =
        c.prepare_cached(sql)?.query_row([who.id], |row| row.get(0)).optional()?;
    if let Some(vkey) = asked {
        return Ok(Standing::Asked(vkey));
    }
    let own = who.village.map(|village| key_name(village.as_str(), &who.login));
    let roster = app.publisher.roster();
    let signer = roster.signers().iter().find(|signer| Some(signer.key.name()) == own.as_deref());
    Ok(signer.map_or(Standing::None, |signer| Standing::Enrolled(signer.key.to_string())))
}

/// Enrols the key that somebody asked for: a statement in the log. An older key of theirs is revoked first. Blocks.
///
/// # Errors
/// When this person may not, nothing was asked for, or the key is another one than was confirmed.
pub fn confirm(app: &App, login: &str, vkey: &str, who: &Who) -> Result<Published> {
    let actor = who.acting(Deed::Manage)?;
    let request = app
        .db
        .read(requests)?
        .into_iter()
        .find(|request| request.login == login && request.vkey == vkey);
    let gone = || Error::refused("not-found", "这份申请已经变了，请回去再核对一次");
    let request = request.ok_or_else(gone)?;
    let key: VerifierKey = request.vkey.parse().map_err(|_| gone())?;
    let village = request.village.parse().map_err(|_| gone())?;
    let known = app.publisher.roster().signers().iter().any(|s| s.key.name() == key.name());
    if known {
        directory::revoke(app, key.name(), &actor)?;
    }
    let holder = Holder { name: request.name, post: "监督委员".into() };
    let published = directory::enrol(app, village, KeyRole::Supervisor, key, holder, &actor)?;
    let login = login.to_owned();
    app.db.write_blocking(move |c| {
        c.execute(
            "DELETE FROM key_request WHERE user = (SELECT id FROM user WHERE login = ?1)",
            [login],
        )?;
        Ok(())
    })?;
    Ok(published)
}
