//! Keys: who may sign for a village, how an accountant's key is enrolled, and supervisors' requests for theirs.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::Role;

use super::{Frame, done, failed, finish, html, words};
use crate::app::App;
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::keys::{self, Standing};
use crate::people::Deed;
use crate::review;
use crate::view;
use crate::web::guard::Act;
use crate::web::sessions::Session;

/// Bytes of the longest enrolment text.
const TEXT_BYTES_MAX: usize = 2_000;

/// What was just done.
#[derive(serde::Deserialize)]
pub struct Asked {
    enrolled: Option<String>,
    revoked: Option<String>,
}

/// A supervisor's request as it is shown.
struct Asking {
    place: String,
    name: String,
    login: String,
    vkey: String,
    digits: String,
}

#[derive(Template)]
#[template(path = "office/keys.html")]
struct Keys {
    f: Frame,
    done: Option<&'static str>,
    asking: Vec<Asking>,
    signers: Vec<view::Enrolled>,
    token: String,
}

/// The keys that count now, what was asked for, and the form for an accountant's.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    let found = app.db.read(|db| {
        let mut asking = Vec::new();
        for request in keys::requests(db)? {
            asking.push(Asking {
                place: view::village_name(db, &request.village)?.unwrap_or_default(),
                digits: keys::check_digits(&request.vkey),
                name: request.name,
                login: request.login,
                vkey: request.vkey,
            });
        }
        Ok((asking, view::enrolled(db)?))
    });
    match found {
        Err(error) => failed(&uri, &error),
        Ok((asking, signers)) => {
            let done = match (asked.enrolled, asked.revoked) {
                (Some(_), _) => Some(w.t("已登记，从现在起签名有效。")),
                (_, Some(_)) => Some(w.t("已注销，从现在起签名无效；以前签过的仍然有效。")),
                _ => None,
            };
            let token = session.form.clone();
            let f = Frame::new(&uri, w.t("钥匙"), Some(session));
            html(&uri, StatusCode::OK, &Keys { f, done, asking, signers, token })
        }
    }
}

/// Enrols the key of an accountant.
pub async fn enrol(State(app): State<Arc<App>>, act: Act) -> Response {
    let asked =
        enrolment(&act).and_then(|asked| Ok((asked, act.session.who.acting(Deed::Manage)?)));
    let ((village, key, holder), by) = match asked {
        Ok(asked) => asked,
        Err(error) => return failed(&act.uri, &error),
    };
    let work = move || directory::enrol(&app, village, Role::Accountant, key, holder, &by);
    finish(&act.uri, "/office/keys?enrolled=1", work).await
}

/// Enrols the key that a supervisor asked for.
pub async fn confirm(State(app): State<Arc<App>>, act: Act) -> Response {
    let (login, vkey) = (act.field("login").to_owned(), act.field("vkey").to_owned());
    let who = act.session.who.clone();
    finish(&act.uri, "/office/keys?enrolled=1", move || keys::confirm(&app, &login, &vkey, &who))
        .await
}

/// Revokes a village's key.
pub async fn revoke(State(app): State<Arc<App>>, act: Act) -> Response {
    let by = match act.session.who.acting(Deed::Manage) {
        Ok(by) => by,
        Err(error) => return failed(&act.uri, &error),
    };
    let key = act.field("key").to_owned();
    finish(&act.uri, "/office/keys?revoked=1", move || directory::revoke(&app, &key, &by)).await
}

#[derive(Template)]
#[template(path = "office/key.html")]
struct OwnKey {
    f: Frame,
    /// The name that the key has to have.
    name: String,
    standing: Standing,
    digits: String,
    token: String,
}

/// A supervisor's own key.
pub async fn own(State(app): State<Arc<App>>, session: Session, uri: Uri) -> Response {
    let w = words(&uri);
    match app.db.read(|db| keys::standing(&app, db, &session.who)) {
        Err(error) => failed(&uri, &error),
        Ok(standing) => {
            let digits = match &standing {
                Standing::Asked(vkey) => keys::check_digits(vkey),
                _ => String::new(),
            };
            let village = session.who.village.map(|village| village.to_string());
            let page = OwnKey {
                name: review::key_name(&village.unwrap_or_default(), &session.who.login),
                standing,
                digits,
                token: session.form.clone(),
                f: Frame::new(&uri, w.t("我的钥匙"), Some(session)),
            };
            html(&uri, StatusCode::OK, &page)
        }
    }
}

/// A supervisor asks for the key that their browser made.
pub async fn ask(State(app): State<Arc<App>>, act: Act) -> Response {
    match keys::ask(&app, act.field("vkey"), &act.session.who).await {
        Ok(()) => done(&act.uri, "/office/key"),
        Err(error) => failed(&act.uri, &error),
    }
}

/// The key in the pasted text; the village stands in the key's name.
fn enrolment(act: &Act) -> Result<(Village, VerifierKey, Holder)> {
    let text = act.field("text");
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::refused("malformed", "登记文字太长，请只粘贴一份。"));
    }
    let (village, key) = key_in(text)
        .ok_or_else(|| Error::refused("malformed", "登记文字里没有报账员的钥匙，请整段粘贴。"))?;
    let given = |field: &str, label: &str| match act.field(field) {
        "" => line_in(text, label).to_owned(),
        given => given.to_owned(),
    };
    let holder = Holder { name: given("holder", "姓名："), post: given("post", "岗位：") };
    Ok((village, key, holder))
}
/// What follows a label in a text; empty where the label does not stand.
fn line_in<'a>(text: &'a str, label: &str) -> &'a str {
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix(label));
    lines.next().unwrap_or_default().trim()
}

/// The first verifier key of a village in a text.
fn key_in(text: &str) -> Option<(Village, VerifierKey)> {
    text.split_whitespace().find_map(|word| {
        let key: VerifierKey = word.parse().ok()?;
        let (code, _) = key.name().split_once('/')?;
        let village = code.parse().ok()?;
        Some((village, key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::key::SigningKey;

    #[test]
    fn the_key_is_found_wherever_it_stands_in_the_pasted_text() {
        let key = SigningKey::from_seed("341181107201/accountant", [7; 32]).unwrap().verifier();
        let (village, found) = key_in(&format!("登记：\n  {key}\n姓名：王芳")).unwrap();
        assert_eq!((village.as_str(), found), ("341181107201", key));
        assert_eq!(line_in("  姓名：王芳\n  岗位：报账员", "岗位："), "报账员");
        assert!(key_in("没有钥匙").is_none());
        let other = SigningKey::from_seed("example.com/log", [7; 32]).unwrap().verifier();
        assert!(key_in(&other.to_string()).is_none());
    }
}
