//! Sessions: who is signed in where, for how long, and how that ends.

use axum::http::{HeaderMap, header};
use ledger::encoding::hex;
use ledger::hash::{Hash, sha256};
use rusqlite::{Connection, OptionalExtension, params};

use crate::app::App;
use crate::audit::{self, Change};
use crate::clock::unix_now;
use crate::error::{Error, Result};
use crate::people::totp::Secret;
use crate::people::{self, Actor, Deed, Who};
use crate::random;

/// Seconds without a request after which a session ends.
const IDLE_SECONDS: i64 = 60 * 60;
/// Seconds after which a session ends whatever happens: a working day.
const SESSION_SECONDS_MAX: i64 = 12 * 60 * 60;
/// Seconds of use that pass before a session's end is written again.
const REFRESH_SECONDS: i64 = 60;
/// Name of the cookie.
pub const COOKIE: &str = "mingbai_office";

/// Someone who signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The person.
    pub who: Who,
    /// What every form of this session carries, against requests that others forge.
    pub form: String,
    /// SHA-256 of the cookie's value: the session's name.
    pub cookie: [u8; 32],
    /// Whether this account has to add its phone before it may do anything else.
    pub owes_totp: bool,
}

/// Opens a session; gives the cookie's value, which is kept nowhere.
///
/// # Errors
/// When the database cannot be written.
pub fn start(db: &Connection, who: &Who, device: &str, now: i64) -> Result<String> {
    let (cookie, form) = (random::secret()?, random::secret()?);
    db.execute("DELETE FROM session WHERE expires <= ?1", [now])?;
    db.execute(
        "INSERT INTO session (cookie, user, form, started, expires, device)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![name_of(&cookie), who.id, form, now, now + IDLE_SECONDS, device],
    )?;
    let actor = who.acting(Deed::Read)?;
    audit::record(db, &actor, "login", &who.login, Change::default())?;
    Ok(cookie)
}

/// What the database knows a cookie's value by.
#[must_use]
pub fn name_of(cookie: &str) -> [u8; 32] {
    sha256(cookie.as_bytes()).0
}

/// The session that the request's cookie belongs to, if it still counts.
///
/// # Errors
/// When the database fails.
pub async fn session(app: &App, asked: &HeaderMap) -> Result<Option<Session>> {
    let Some(cookie) = cookie(asked, COOKIE) else { return Ok(None) };
    let (cookie, now) = (name_of(cookie), unix_now());
    let Some((session, expires)) = app.db.read(|db| find(db, cookie, now))? else {
        return Ok(None);
    };
    if expires < now + IDLE_SECONDS - REFRESH_SECONDS {
        app.db.write(move |db| refresh(db, cookie, now)).await?;
    }
    Ok(Some(session))
}

fn find(db: &Connection, cookie: [u8; 32], now: i64) -> Result<Option<(Session, i64)>> {
    let sql = "SELECT session.user, form, expires, totp_required = 1 AND totp.user IS NULL
               FROM session JOIN user ON user.id = session.user
               LEFT JOIN totp ON totp.user = session.user
               WHERE cookie = ?1 AND expires > ?2 AND started > ?3";
    let found = db
        .prepare_cached(sql)?
        .query_row(params![cookie, now, now - SESSION_SECONDS_MAX], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((user, form, expires, owes_totp)) = found else { return Ok(None) };
    let who = people::by_id(db, user)?;
    Ok(who.map(|who| (Session { who, form, cookie, owes_totp }, expires)))
}

fn refresh(db: &Connection, cookie: [u8; 32], now: i64) -> Result<()> {
    let sql = "UPDATE session SET expires = ?2 WHERE cookie = ?1";
    db.execute(sql, params![cookie, now + IDLE_SECONDS])?;
    Ok(())
}

/// The value of a cookie that the request carries.
#[must_use]
pub fn cookie<'a>(asked: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let pairs = asked.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    pairs.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its name, hex. It opens nothing.
    pub name: String,
    /// Unix seconds.
    pub started: i64,
    /// Unix seconds, to the minute.
    pub used: i64,
    /// Browser and system; empty where they are not known.
    pub device: String,
}

/// The open sessions of somebody, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection, user: i64, now: i64) -> Result<Vec<Opened>> {
    let mut query = db.prepare_cached(
        "SELECT cookie, started, expires, device FROM session
         WHERE user = ?1 AND expires > ?2 AND started > ?3 ORDER BY started DESC, cookie",
    )?;
    let rows = query.query_map(params![user, now, now - SESSION_SECONDS_MAX], |row| {
        Ok(Opened {
            name: hex(&row.get::<_, [u8; 32]>(0)?),
            started: row.get(1)?,
            used: row.get::<_, i64>(2)? - IDLE_SECONDS,
            device: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends one session of somebody.
///
/// # Errors
/// `no-session` when it is not theirs, or over.
pub fn end_one(db: &Connection, who: &Who, name: &str, by: &Actor) -> Result<()> {
    let over = || Error::refused("no-session", "这次登录已经退出了");
    let name: Hash = name.parse().map_err(|_| over())?;
    let sql = "DELETE FROM session WHERE user = ?1 AND cookie = ?2";
    if db.execute(sql, params![who.id, name.0])? == 0 {
        return Err(over());
    }
    audit::record(db, by, "sign-out", &who.login, Change::to("1"))
}

/// Ends every session of somebody but one.
///
/// # Errors
/// When the database cannot be written.
pub fn end_others(db: &Connection, own: &Session, by: &Actor) -> Result<()> {
    let sql = "DELETE FROM session WHERE user = ?1 AND cookie <> ?2";
    let ended = db.execute(sql, params![own.who.id, own.cookie])?;
    audit::record(db, by, "sign-out", &own.who.login, Change::to(&ended.to_string()))
}

/// Notes the secret of a phone whose first code is awaited: in the session, and with it forgotten.
///
/// # Errors
/// When the database cannot be written.
pub fn await_phone(db: &Connection, cookie: [u8; 32], secret: Option<Secret>) -> Result<()> {
    let secret = secret.map(|secret| secret.0);
    db.execute("UPDATE session SET new_secret = ?2 WHERE cookie = ?1", params![cookie, secret])?;
    Ok(())
}

/// The secret of the phone whose first code this session awaits.
///
/// # Errors
/// When the database cannot be read.
pub fn awaited_phone(db: &Connection, cookie: [u8; 32]) -> Result<Option<Secret>> {
    let sql = "SELECT new_secret FROM session WHERE cookie = ?1";
    let found = db.prepare_cached(sql)?.query_row([cookie], |row| row.get(0)).optional()?;
    Ok(found.flatten().map(Secret))
}

/// Browser and system by the `User-Agent` header, in words of this table only; empty where neither is known.
#[must_use]
pub fn device(asked: &HeaderMap) -> String {
    // Those that also name another one stand before it.
    const BROWSERS: [(&str, &str); 8] = [
        ("MicroMessenger", "WeChat"),
        ("QQBrowser", "QQ"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 8] = [
        ("HarmonyOS", "HarmonyOS"),
        ("OpenHarmony", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let agent = asked.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default();
    let known = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let parts: Vec<_> = [known(&BROWSERS), known(&SYSTEMS)].into_iter().flatten().collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;
    use crate::people::Role;

    fn office() -> (tempfile::TempDir, Db, Who) {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&directory.path().join("db")).unwrap();
        let new = people::NewAccount {
            login: "li".into(),
            name: "李".into(),
            role: Role::Editor,
            village: None,
            password: "correct horse".into(),
        };
        people::add(&db, &new, &Actor::operator()).unwrap();
        let who = people::recognise(&db, "li", "correct horse").unwrap().unwrap();
        (directory, db, who)
    }

    #[test]
    fn a_session_ends_when_idle_and_after_a_working_day_and_with_its_account() {
        let (_directory, db, who) = office();
        let person = who.clone();
        let value = db.write_blocking(move |db| start(db, &person, "", 1_000)).unwrap();
        let cookie = sha256(value.as_bytes()).0;
        let lives = |now| db.read(|db| find(db, cookie, now)).unwrap().is_some();
        assert!(lives(1_000 + IDLE_SECONDS - 1));
        assert!(!lives(1_000 + IDLE_SECONDS));
        let mut now = 1_000;
        while now < 1_000 + SESSION_SECONDS_MAX {
            assert!(lives(now));
            db.write_blocking(move |db| refresh(db, cookie, now)).unwrap();
            now += IDLE_SECONDS / 2;
        }
        assert!(!lives(now));
        let later = db.write_blocking(move |db| start(db, &who, "", 2_000)).unwrap();
        let cookie = sha256(later.as_bytes()).0;
        people::revoke(&db, "li", &Actor::operator()).unwrap();
        assert!(db.read(|db| find(db, cookie, 2_001)).unwrap().is_none());
    }

    #[test]
    fn the_database_holds_no_cookie_that_opens_anything() {
        let (_directory, db, who) = office();
        let value = db.write_blocking(move |db| start(db, &who, "", 0)).unwrap();
        let kept: Vec<u8> = db
            .read(|db| Ok(db.query_row("SELECT cookie FROM session", [], |row| row.get(0))?))
            .unwrap();
        assert_ne!(kept, value.as_bytes());
        assert_eq!(kept, sha256(value.as_bytes()).0);
    }

    #[test]
    fn a_device_is_told_in_a_few_known_words() {
        let told = |agent: &'static str| {
            let pair = (header::USER_AGENT, axum::http::HeaderValue::from_static(agent));
            device(&[pair].into_iter().collect())
        };
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(told(chrome), "Chrome · Windows");
        let wechat =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 MicroMessenger/8.0";
        assert_eq!(told(wechat), "WeChat · Android");
        assert_eq!(told("<script>alert(1)</script>"), "");
        assert_eq!(told("curl/8 (Linux)"), "Linux");
    }
}
