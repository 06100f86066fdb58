//! Signing in: the password, then the code from the phone where the account has one, and how often one may guess.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::clock::unix_now;
use crate::error::{Error, Result};
use crate::people::{self, Deed, Who, totp};
use crate::random;
use crate::web::guard::{self, Act};
use crate::web::{office, sessions};

/// Wrong passwords and codes for one login before it has to wait.
pub const GUESSES_MAX: i64 = 5;
/// Seconds that it then waits.
const GUESS_PAUSE_SECONDS: i64 = 15 * 60;
/// Bytes of the longest login that is looked at.
const LOGIN_BYTES_MAX: usize = 200;
/// Bytes of the longest code that is looked at.
const CODE_BYTES_MAX: usize = 40;
/// Codes that may be tried after one password.
const CODES_MAX: i64 = 5;
/// Seconds after the password in which the code is awaited.
const HALF_SECONDS: i64 = 5 * 60;
/// Name of the cookie between password and code.
const HALF_COOKIE: &str = "mingbai_office_code";
/// Where the code is asked for.
const CODE_PAGE: &str = "/office/login/code";

/// Passwords that are checked at the same time: each takes 20 MB and a core.
static CHECKS: Semaphore = Semaphore::const_new(2);

/// What the form of the login page sends.
#[derive(serde::Deserialize)]
pub struct Credentials {
    login: String,
    password: String,
}

/// What the form of the second page sends.
#[derive(serde::Deserialize)]
pub struct Code {
    code: String,
}

/// A form, or why it cannot be read.
type Sent<T> = std::result::Result<Form<T>, FormRejection>;

/// What signing in led to.
enum Opened {
    /// A session: its cookie's value.
    Session(String),
    /// The code is still owed: the cookie's value until then.
    Half(String),
}

/// The page to sign in on.
pub async fn show(uri: Uri) -> Response {
    office::login_page(&uri, StatusCode::OK, None)
}

/// Opens a session, asks for the code, or says what is wrong.
pub async fn enter(
    State(app): State<Arc<App>>,
    uri: Uri,
    asked: HeaderMap,
    form: Sent<Credentials>,
) -> Response {
    if !guard::from_here(&asked, &app.public_url) {
        return office::refused(&uri, StatusCode::FORBIDDEN, guard::FOREIGN);
    }
    let Form(given) = match form {
        Ok(form) => form,
        Err(error) => return office::refused(&uri, error.status(), guard::UNREAD),
    };
    match open(&app, given, &asked).await {
        Ok(opened) => entered(&app, &uri, &opened),
        Err(error @ Error::Refused { .. }) => {
            office::login_page(&uri, StatusCode::UNAUTHORIZED, Some(&error.to_string()))
        }
        Err(error) => office::failed(&uri, &error),
    }
}

fn entered(app: &App, uri: &Uri, opened: &Opened) -> Response {
    let secure = if app.public_url.starts_with("https:") { "; Secure" } else { "" };
    let rest = format!("HttpOnly; SameSite=Strict{secure}");
    let (page, cookies) = match opened {
        Opened::Session(value) => {
            let ours = format!("{}={value}; Path=/office; {rest}", sessions::COOKIE);
            let over = format!("{HALF_COOKIE}=; Path=/office/login; Max-Age=0; {rest}");
            ("/office", vec![ours, over])
        }
        Opened::Half(value) => {
            let half = format!("{HALF_COOKIE}={value}; Path=/office/login; {rest}");
            (CODE_PAGE, vec![half])
        }
    };
    let mut answer = Redirect::to(&office::words(uri).link(page)).into_response();
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
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

/// Checks the password; the right one opens a session, or the way to the code.
async fn open(app: &Arc<App>, given: Credentials, asked: &HeaderMap) -> Result<Opened> {
    let login = given.login.trim().to_owned();
    if login.len() > LOGIN_BYTES_MAX || given.password.len() > people::PASSWORD_BYTES_MAX {
        return Err(wrong());
    }
    let now = unix_now();
    let found = recognise(app, login.clone(), given.password).await?;
    let who = found.ok_or_else(wrong)?;
    let asked = asked.clone();
    app.db
        .write(move |db| {
            if totp::standing(db, who.id)?.on {
                // The guesses still count: else the right password would buy guesses of the code.
                return Ok(Opened::Half(begin(db, &who, now)?));
            }
            admit(db, &who, &asked, now)
        })
        .await
}

/// Who has this login and password. Every call counts as a guess until somebody is let in.
///
/// # Errors
/// `too-many-guesses`, or when the database fails.
pub async fn recognise(app: &Arc<App>, login: String, password: String) -> Result<Option<Who>> {
    let name = login.clone();
    // Counted before the password is looked at: guesses sent at the same time count too.
    app.db.write(move |db| count_guess(db, &name, unix_now())).await?;
    let Ok(_turn) = CHECKS.acquire().await else { return Err(Error::Busy) };
    let app = Arc::clone(app);
    let check = move || people::recognise(&app.db, &login, &password);
    tokio::task::spawn_blocking(check).await.unwrap_or(Err(Error::Busy))
}

/// Forgets what was guessed for a login: its owner was there.
///
/// # Errors
/// When the database cannot be written.
pub fn forgive(db: &Connection, login: &str) -> Result<()> {
    db.execute("DELETE FROM guess WHERE login = ?1", [login])?;
    Ok(())
}

/// Lets somebody in under a new cookie; what the browser held before ends.
fn admit(db: &Connection, who: &Who, asked: &HeaderMap, now: i64) -> Result<Opened> {
    forgive(db, &who.login)?;
    if let Some(old) = sessions::cookie(asked, sessions::COOKIE) {
        db.execute("DELETE FROM session WHERE cookie = ?1", [sessions::name_of(old)])?;
    }
    Ok(Opened::Session(sessions::start(db, who, &sessions::device(asked), now)?))
}

/// Begins to wait for the code; gives the value of the cookie.
fn begin(db: &Connection, who: &Who, now: i64) -> Result<String> {
    let cookie = random::secret()?;
    db.execute("DELETE FROM half_session WHERE expires <= ?1", [now])?;
    db.execute(
        "INSERT INTO half_session VALUES (?1, ?2, 0, ?3)",
        params![sessions::name_of(&cookie), who.id, now + HALF_SECONDS],
    )?;
    Ok(cookie)
}

/// Whose code is awaited under this cookie.
fn awaited(db: &Connection, cookie: [u8; 32], now: i64) -> Result<Option<Who>> {
    let sql = "SELECT user FROM half_session WHERE cookie = ?1 AND expires > ?2 AND tries <= ?3";
    let found = db
        .prepare_cached(sql)?
        .query_row(params![cookie, now, CODES_MAX], |row| row.get(0))
        .optional()?;
    found.map_or(Ok(None), |user| people::by_id(db, user))
}

fn half(asked: &HeaderMap) -> [u8; 32] {
    sessions::name_of(sessions::cookie(asked, HALF_COOKIE).unwrap_or_default())
}

/// The page that asks for the code: only between the password and it.
pub async fn show_code(State(app): State<Arc<App>>, uri: Uri, asked: HeaderMap) -> Response {
    match app.db.read(|db| awaited(db, half(&asked), unix_now())) {
        Ok(Some(_)) => office::code_page(&uri, StatusCode::OK, None),
        Ok(None) => Redirect::to(&office::words(&uri).link("/office/login")).into_response(),
        Err(error) => office::failed(&uri, &error),
    }
}

/// Checks the code and opens a session, or says what is wrong.
pub async fn enter_code(
    State(app): State<Arc<App>>,
    uri: Uri,
    asked: HeaderMap,
    form: Sent<Code>,
) -> Response {
    if !guard::from_here(&asked, &app.public_url) {
        return office::refused(&uri, StatusCode::FORBIDDEN, guard::FOREIGN);
    }
    let Form(given) = match form {
        Ok(form) => form,
        Err(error) => return office::refused(&uri, error.status(), guard::UNREAD),
    };
    match open_by_code(&app, given.code, &asked).await {
        Ok(opened) => entered(&app, &uri, &opened),
        Err(error) if error.code() == "wrong-code" => {
            office::code_page(&uri, StatusCode::UNAUTHORIZED, Some(&error.to_string()))
        }
        Err(error @ Error::Refused { .. }) => {
            office::login_page(&uri, StatusCode::UNAUTHORIZED, Some(&error.to_string()))
        }
        Err(error) => office::failed(&uri, &error),
    }
}

async fn open_by_code(app: &Arc<App>, code: String, asked: &HeaderMap) -> Result<Opened> {
    let (cookie, now) = (half(asked), unix_now());
    let over = || Error::refused("too-late", "输入密码后时间太长或试得太多：请重新登录");
    // Counted on the disk before the code is looked at, as passwords are.
    let counted = move |db: &Connection| {
        let sql = "UPDATE half_session SET tries = tries + 1 WHERE cookie = ?1";
        db.execute(sql, [cookie])?;
        let who = awaited(db, cookie, now)?;
        if let Some(who) = &who {
            count_guess(db, &who.login, now)?;
        }
        Ok(who)
    };
    let who = app.db.write(counted).await?.ok_or_else(over)?;
    if code.len() > CODE_BYTES_MAX {
        return Err(totp::wrong());
    }
    let asked = asked.clone();
    app.db
        .write(move |db| {
            let by = who.acting(Deed::Read)?;
            if !totp::accept(db, &who, &code, now, &by)? {
                return Err(totp::wrong());
            }
            if db.execute("DELETE FROM half_session WHERE cookie = ?1", [cookie])? == 0 {
                return Err(over());
            }
            admit(db, &who, &asked, now)
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
