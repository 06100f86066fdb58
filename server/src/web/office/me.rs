//! One's own account: password, phone, where one is signed in, and being away.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::encoding::hex;

use super::people::{Asked, role_words};
use super::{Frame, change, done, failed, html, words};
use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::people::totp::{self, Secret, Standing};
use crate::people::{self, Deed};
use crate::web::guard::Act;
use crate::web::sessions::{self, Opened, Session};
use crate::web::words::Words;
use crate::web::{login, qr};

/// A session as a line.
struct Line {
    name: String,
    device: String,
    started: String,
    used: String,
    here: bool,
}

/// A phone whose first code is awaited.
struct Phone {
    /// The code to point it at, as SVG.
    picture: String,
    /// The same to type.
    text: String,
}

#[derive(Template)]
#[template(path = "office/me.html")]
struct Me {
    f: Frame,
    done: bool,
    role: &'static str,
    away: bool,
    absent: Vec<String>,
    code: Standing,
    owes: bool,
    phone: Option<Phone>,
    sessions: Vec<Line>,
    token: String,
}

/// One's own account.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let (user, cookie) = (session.who.id, session.cookie);
    let found = app.db.read(|db| {
        let opened = sessions::list(db, user, clock::unix_now())?;
        Ok((totp::standing(db, user)?, sessions::awaited_phone(db, cookie)?, opened))
    });
    let (code, secret, opened) = match found {
        Ok(found) => found,
        Err(error) => return failed(&uri, &error),
    };
    let own = hex(&cookie);
    let absent = session.who.absent.iter();
    let page = Me {
        done: asked.done.is_some(),
        role: role_words(w, session.who.role),
        away: session.who.away,
        absent: absent.map(|one| format!("{}（{}）", one.name, role_words(w, one.role))).collect(),
        code,
        owes: session.owes_totp,
        phone: secret.map(|secret| phone(&secret, &session.who.login)),
        sessions: opened.into_iter().map(|one| line(w, one, &own)).collect(),
        token: session.form.clone(),
        f: Frame::new(&uri, w.t("我的账户"), Some(session)),
    };
    html(&uri, StatusCode::OK, &page)
}

fn phone(secret: &Secret, login: &str) -> Phone {
    let text: Vec<char> = secret.text().chars().collect();
    let groups: Vec<String> = text.chunks(4).map(|four| four.iter().collect()).collect();
    let picture = qr::svg(&secret.address(login)).unwrap_or_default();
    Phone { picture, text: groups.join(" ") }
}

fn line(w: Words, opened: Opened, own: &str) -> Line {
    let moment = |unix| clock::moment(unix).map_or_else(String::new, |time| w.moment(&time));
    Line {
        here: opened.name == own,
        started: moment(opened.started),
        used: moment(opened.used),
        device: match opened.device.as_str() {
            "" => w.t("不认识的设备").to_owned(),
            _ => opened.device,
        },
        name: opened.name,
    }
}

/// Whoever is at the keyboard has to know the password; guesses count as on the login page.
async fn must_know_password(app: &Arc<App>, act: &Act, password: &str) -> Result<()> {
    let login = &act.session.who.login;
    if login::recognise(app, login.clone(), password.to_owned()).await?.is_none() {
        return Err(Error::refused("wrong-password", "现在的密码不对"));
    }
    let login = login.clone();
    app.db.write(move |db| login::forgive(db, &login)).await
}

/// Changes one's own password.
pub async fn password(State(app): State<Arc<App>>, act: Act) -> Response {
    if let Err(error) = must_know_password(&app, &act, act.typed("old")).await {
        return failed(&act.uri, &error);
    }
    change(app, act, "/office/login", Deed::Read, |app, act, by| {
        people::set_password(&app.db, &act.session.who.login, act.typed("password"), by)
    })
    .await
}

/// Marks oneself away, or back.
pub async fn away(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/me?done=1", Deed::Read, |app, act, by| {
        people::set_away(&app.db, &act.session.who.login, act.field("away") == "yes", by)
    })
    .await
}

/// Ends one of one's own sessions.
pub async fn sign_out(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/me?done=1", Deed::Read, |app, act, by| {
        let (who, name, by) = (act.session.who.clone(), act.field("name").to_owned(), by.clone());
        app.db.write_blocking(move |db| sessions::end_one(db, &who, &name, &by))
    })
    .await
}

/// Ends all of one's own sessions but this one.
pub async fn sign_out_others(State(app): State<Arc<App>>, act: Act) -> Response {
    change(app, act, "/office/me?done=1", Deed::Read, |app, act, by| {
        let (session, by) = (act.session.clone(), by.clone());
        app.db.write_blocking(move |db| sessions::end_others(db, &session, &by))
    })
    .await
}

/// Makes a secret for a phone; the one in use stays until the new one's first code was given.
pub async fn begin_code(State(app): State<Arc<App>>, act: Act) -> Response {
    let begun = async {
        must_know_password(&app, &act, act.typed("old")).await?;
        let (cookie, secret) = (act.session.cookie, Secret::new()?);
        app.db.write(move |db| sessions::await_phone(db, cookie, Some(secret))).await
    };
    match begun.await {
        Ok(()) => done(&act.uri, "/office/me"),
        Err(error) => failed(&act.uri, &error),
    }
}

#[derive(Template)]
#[template(path = "office/codes.html")]
struct Codes {
    f: Frame,
    codes: Vec<String>,
}

/// Takes the first code of the new phone, and shows the recovery codes: this once.
pub async fn confirm_code(State(app): State<Arc<App>>, act: Act) -> Response {
    let (session, code) = (act.session.clone(), act.field("code").to_owned());
    let confirmed = app.db.write(move |db| {
        let by = session.who.acting(Deed::Read)?;
        let secret = sessions::awaited_phone(db, session.cookie)?.ok_or_else(|| {
            Error::refused("no-phone", "还没有开始：请先在“我的账户”输入密码开通动态码")
        })?;
        let codes = totp::enable(db, &session.who, secret, &code, clock::unix_now(), &by)?;
        sessions::await_phone(db, session.cookie, None)?;
        Ok(codes)
    });
    match confirmed.await {
        Ok(codes) => {
            let session = Session { owes_totp: false, ..act.session };
            let f = Frame::new(&act.uri, words(&act.uri).t("备用码"), Some(session));
            html(&act.uri, StatusCode::OK, &Codes { f, codes })
        }
        Err(error) => failed(&act.uri, &error),
    }
}

/// Signs in by password alone again.
pub async fn code_off(State(app): State<Arc<App>>, act: Act) -> Response {
    if let Err(error) = must_know_password(&app, &act, act.typed("old")).await {
        return failed(&act.uri, &error);
    }
    change(app, act, "/office/me?done=1", Deed::Read, |app, act, by| {
        let (who, by) = (act.session.who.clone(), by.clone());
        app.db.write_blocking(move |db| totp::disable(db, &who, &by))
    })
    .await
}
