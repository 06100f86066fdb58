//! Who may sign: the accountants' keys, and how a new one is enrolled.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use ledger::key::VerifierKey;
use ledger::place::Village;
use ledger::statement::Role;

use super::{Frame, done, failed, html, words};
use crate::app::App;
use crate::directory::{self, Holder};
use crate::error::{Error, Result};
use crate::people::Deed;
use crate::view;
use crate::web::guard::Act;
use crate::web::login::Session;

/// Bytes of the longest enrolment text.
const TEXT_BYTES_MAX: usize = 2_000;

/// Whether someone was just enrolled.
#[derive(serde::Deserialize)]
pub struct Asked {
    enrolled: Option<String>,
}

#[derive(Template)]
#[template(path = "office/people.html")]
struct People {
    f: Frame,
    done: Option<&'static str>,
    signers: Vec<view::Enrolled>,
    token: String,
}

/// The keys that count now, and the form for a new one.
pub async fn show(
    State(app): State<Arc<App>>,
    session: Session,
    uri: Uri,
    Query(asked): Query<Asked>,
) -> Response {
    let w = words(&uri);
    match app.db.read(view::enrolled) {
        Err(error) => failed(&uri, &error),
        Ok(signers) => {
            let done = asked.enrolled.map(|_| w.t("已登记，可以送票据了。"));
            let token = session.form.clone();
            let f = Frame::new(&uri, w.t("报账员"), Some(session));
            html(&uri, StatusCode::OK, &People { f, done, signers, token })
        }
    }
}

/// Enrols the key of an accountant.
pub async fn enrol(State(app): State<Arc<App>>, act: Act) -> Response {
    let asked = match enrolment(&act) {
        Ok(asked) => asked,
        Err(error) => return failed(&act.uri, &error),
    };
    let by = match act.session.who.acting(Deed::Manage) {
        Ok(by) => by,
        Err(error) => return failed(&act.uri, &error),
    };
    let (village, key, holder) = asked;
    let work = move || directory::enrol(&app, village, Role::Accountant, key, holder, &by);
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy)) {
        Ok(_) => done(&act.uri, "/office/people?enrolled=1"),
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
