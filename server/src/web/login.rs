//! Signing in: passwords, the sessions they open, and how often one may guess.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use ledger::encoding::hex;
use ledger::hash::sha256;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::audit::{self, Change};
use crate::error::{Error, Result};
use crate::people::{self, Deed, Who};
use crate::web::guard::{self, Act};
use crate::web::office;

/// Seconds without a request after which a session ends.
const IDLE_SECONDS: i64 = 60 * 60;
/// Seconds after which a session ends whatever happens: a working day.
const SESSION_SECONDS_MAX: i64 = 12 * 60 * 60;
/// Seconds of use that pass before a session's end is written again.
const REFRESH_SECONDS: i64 = 60;
/// Wrong passwords for one login before it has to wait.
const GUESSES_MAX: i64 = 5;
/// Seconds that it then waits.
const GUESS_PAUSE_SECONDS: i64 = 15 * 60;
/// Bytes of the longest login that is looked at.
const LOGIN_BYTES_MAX: usize = 200;
/// Name of the cookie.
const COOKIE: &str = "mingbai_office";

/// Passwords that are checked at the same time: each takes 20 MB and a core.
static CHECKS: Semaphore = Semaphore::const_new(2);

/// Someone who signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The person.
    pub who: Who,
    /// What every form of this session carries, against requests that others forge.
    pub form: String,
    cookie: [u8; 32],
}

/// What the form of the login page sends.
#[derive(serde::Deserialize)]
pub struct Credentials {
    login: String,
    password: String,
}

/// The page to sign in on.
pub async fn show(uri: Uri) -> Response {
    office::login_page(&uri, StatusCode::OK, None)
}

/// Opens a session, or says what is wrong.
pub async fn enter(
    State(app): State<Arc<App>>,
    uri: Uri,
    asked: HeaderMap,
    Form(given): Form<Credentials>,
) -> Response {
    if !guard::from_here(&asked, &app.public_url) {
        return office::refused(&uri, StatusCode::FORBIDDEN, guard::FOREIGN);
    }
    match open(&app, given).await {
        Ok(cookie) => entered(&app, &uri, &cookie),
        Err(error @ Error::Refused { .. }) => {
            office::login_page(&uri, StatusCode::UNAUTHORIZED, Some(&error.to_string()))
        }
        Err(error) => office::failed(&uri, &error),
    }
}

fn entered(app: &App, uri: &Uri, cookie: &str) -> Response {
    let secure = if app.public_url.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={cookie}; Path=/office; HttpOnly; SameSite=Strict{secure}");
    let mut answer = Redirect::to(&office::words(uri).link("/office")).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// Ends the session.
pub async fn leave(State(app): State<Arc<App>>, act: Act) -> Response {
    let cookie = act.session.cookie;
    let ended =
        app.db.write(move |db| Ok(db.execute("DELETE FROM session WHERE cookie = ?1", [cookie])?));
    match ended.await {
        Ok(_) => Redirect::to("/office/login").into_response(),
        Err(error) => office::failed(&act.uri, &error),
    }
}

/// Checks the password and opens a session; gives the cookie's value.
async fn open(app: &Arc<App>, given: Credentials) -> Result<String> {
    let login = given.login.trim().to_owned();
    if login.len() > LOGIN_BYTES_MAX || given.password.len() > people::PASSWORD_BYTES_MAX {
        return Err(wrong());
    }
    let (now, name) = (unix_now(), login.clone());
    // Counted before the password is looked at: guesses sent at the same time count too.
    app.db.write(move |db| count_guess(db, &name, now)).await?;
    let Ok(_turn) = CHECKS.acquire().await else { return Err(Error::Busy) };
    let (asked, name) = (Arc::clone(app), login.clone());
    let check = move || people::recognise(&asked.db, &name, &given.password);
    let found = tokio::task::spawn_blocking(check).await.unwrap_or(Err(Error::Busy))?;
    let who = found.ok_or_else(wrong)?;
    app.db
        .write(move |db| {
            db.execute("DELETE FROM guess WHERE login = ?1", [&login])?;
            start(db, &who, now)
        })
        .await
}

fn wrong() -> Error {
    Error::refused("wrong-password", "登录名或密码不对")
}

/// Counts one more guess, unless there were too many already.
fn count_guess(db: &Connection, login: &str, now: i64) -> Result<()> {
    db.execute("DELETE FROM guess WHERE until <= ?1", [now])?;
    let wrong: i64 = db
        .query_row("SELECT wrong FROM guess WHERE login = ?1", [login], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    if wrong >= GUESSES_MAX {
        return Err(Error::refused("too-many-guesses", "密码错误次数太多，请 15 分钟后再试"));
    }
    db.execute(
        "INSERT INTO guess VALUES (?1, 1, ?2)
         ON CONFLICT (login) DO UPDATE SET wrong = wrong + 1, until = excluded.until",
        params![login, now + GUESS_PAUSE_SECONDS],
    )?;
    Ok(())
}

/// Opens a session; gives the cookie's value, which is kept nowhere.
fn start(db: &Connection, who: &Who, now: i64) -> Result<String> {
    let (cookie, form) = (secret()?, secret()?);
    db.execute("DELETE FROM session WHERE expires <= ?1", [now])?;
    db.execute(
        "INSERT INTO session VALUES (?1, ?2, ?3, ?4, ?5)",
        params![sha256(cookie.as_bytes()).0, who.id, form, now, now + IDLE_SECONDS],
    )?;
    let actor = who.acting(Deed::Read)?;
    audit::record(db, &actor, "login", &who.login, Change::default())?;
    Ok(cookie)
}

/// 256 random bits, in hex.
fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Corrupt(format!("没有随机数：{error}")))?;
    Ok(hex(&bytes))
}

/// The session that the request's cookie belongs to, if it still counts.
///
/// # Errors
/// When the database fails.
pub async fn session(app: &App, asked: &HeaderMap) -> Result<Option<Session>> {
    let Some(cookie) = cookie(asked) else { return Ok(None) };
    let (cookie, now) = (sha256(cookie.as_bytes()).0, unix_now());
    let Some((session, expires)) = app.db.read(|db| find(db, cookie, now))? else {
        return Ok(None);
    };
    if expires < now + IDLE_SECONDS - REFRESH_SECONDS {
        app.db.write(move |db| refresh(db, cookie, now)).await?;
    }
    Ok(Some(session))
}

fn find(db: &Connection, cookie: [u8; 32], now: i64) -> Result<Option<(Session, i64)>> {
    let sql = "SELECT user, form, expires FROM session
               WHERE cookie = ?1 AND expires > ?2 AND started > ?3";
    let found = db
        .prepare_cached(sql)?
        .query_row(params![cookie, now, now - SESSION_SECONDS_MAX], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    let Some((user, form, expires)) = found else { return Ok(None) };
    let who = people::by_id(db, user)?;
    Ok(who.map(|who| (Session { who, form, cookie }, expires)))
}

fn refresh(db: &Connection, cookie: [u8; 32], now: i64) -> Result<()> {
    let sql = "UPDATE session SET expires = ?2 WHERE cookie = ?1";
    db.execute(sql, params![cookie, now + IDLE_SECONDS])?;
    Ok(())
}

fn cookie(asked: &HeaderMap) -> Option<&str> {
    let pairs = asked.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    pairs.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;
    use crate::people::{Actor, Role};

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
        let value = db.write_blocking(move |db| start(db, &person, 1_000)).unwrap();
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
        let later = db.write_blocking(move |db| start(db, &who, 2_000)).unwrap();
        let cookie = sha256(later.as_bytes()).0;
        people::revoke(&db, "li", &Actor::operator()).unwrap();
        assert!(db.read(|db| find(db, cookie, 2_001)).unwrap().is_none());
    }

    #[test]
    fn the_database_holds_no_cookie_that_opens_anything() {
        let (_directory, db, who) = office();
        let value = db.write_blocking(move |db| start(db, &who, 0)).unwrap();
        let kept: Vec<u8> = db
            .read(|db| Ok(db.query_row("SELECT cookie FROM session", [], |row| row.get(0))?))
            .unwrap();
        assert_ne!(kept, value.as_bytes());
        assert_eq!(kept, sha256(value.as_bytes()).0);
    }

    #[test]
    fn the_sixth_guess_waits_and_other_people_do_not() {
        let (_directory, db, _) = office();
        let guess = |login: &'static str, now| {
            db.write_blocking(move |db| count_guess(db, login, now)).map_err(|error| error.code())
        };
        for _ in 0..GUESSES_MAX {
            assert_eq!(guess("li", 100), Ok(()));
        }
        assert_eq!(guess("LI", 100), Err("too-many-guesses"));
        assert_eq!(guess("wang", 100), Ok(()));
        assert_eq!(guess("li", 100 + GUESS_PAUSE_SECONDS), Ok(()));
    }
}
