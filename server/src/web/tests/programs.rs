//! Programs with a token: what they may, and what they are told.

mod files;
mod fleet;
mod pages;
mod search;

use super::super::office::Rule;
use super::super::programs;
use super::*;
use crate::people::Deed;
use crate::tokens::{self, NewToken};

/// A token of this person with all that their post allows but `without`.
async fn token_of(app: &App, login: &str, without: Option<Deed>) -> String {
    let who = people::recognise(&app.db, login, PASSWORD).unwrap().unwrap();
    let scopes = Deed::ALL.into_iter().filter(|deed| who.role.may(*deed) && Some(*deed) != without);
    let new = NewToken { name: "测试".into(), scopes: scopes.collect(), days: 1 };
    tokens::make(app, &who, new).await.unwrap()
}

/// A path of the table with something in its blanks.
fn filled(rule: &Rule, id: &str, n: u64, village: &str) -> String {
    let path = rule.path.replace("{id}", id).replace("{sha256}", id).replace("{n}", &n.to_string());
    let path = path.replace("{village}", village).replace("{period}", "2026-05");
    path.replace("{half}", "2026-1").replace("{year}", "2026")
}

/// Asks as a program does: a token, and an empty object where something is posted.
async fn ask_with(app: &Arc<App>, method: &str, path: &str, token: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut request = Request::builder().method(method).uri(path).header("authorization", bearer);
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    call(app, request).await
}

/// What a refusal says, by its word; empty where nothing was refused.
fn refusal(answer: &Answer) -> String {
    let said: serde_json::Value = serde_json::from_str(&answer.text).unwrap_or_default();
    said["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_request_of_programs_is_for_its_roles_and_scopes_and_for_nobody_else() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let id = "0".repeat(64);
        let path = |rule: &Rule| filled(rule, &id, 999, village().as_str());
        let (cookie, form) = sign_in(&app, "admin").await;
        let cookie = [("cookie", cookie.as_str())];
        for rule in programs::TABLE {
            println!("{:4} {:48} {:?}", rule.method, rule.path, rule.deed);
            for headers in [&cookie[..], &[]] {
                let form = format!("token={form}");
                let nobody = ask(&app, rule.method, &path(rule), headers, &form).await;
                assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{}", rule.path);
                assert_eq!(refusal(&nobody), "no-token");
                assert_eq!(nobody.headers[header::WWW_AUTHENTICATE], "Bearer");
            }
        }
        for role in Role::ALL {
            let token = token_of(&app, role.as_str(), None).await;
            for rule in programs::TABLE {
                let (method, path) = (rule.method, path(rule));
                let answer = ask_with(&app, method, &path, &token, "{}").await;
                let shut = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(shut, !role.may(rule.deed), "{role:?} {method} {path} {}", answer.text);
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert!(!answer.status.is_server_error(), "{method} {path} {}", answer.text);
                if answer.status.is_client_error() {
                    assert_ne!(refusal(&answer), "", "{method} {path} {}", answer.text);
                }
                assert!(answer.headers.contains_key(header::CACHE_CONTROL), "{path}");
            }
            let bearer = format!("Bearer {token}");
            let page = ask(&app, "GET", "/office", &[("authorization", &bearer)], "").await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "a token opens no page");
        }
    });
}

#[test]
fn a_token_with_fewer_scopes_or_revoked_opens_less_or_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let id = "0".repeat(64);
        let path = |rule: &Rule| filled(rule, &id, 999, village().as_str());
        for role in Role::ALL {
            for without in Deed::ALL.into_iter().filter(|deed| role.may(*deed)) {
                if Deed::ALL.into_iter().filter(|deed| role.may(*deed)).count() == 1 {
                    continue;
                }
                let token = token_of(&app, role.as_str(), Some(without)).await;
                for rule in programs::TABLE.iter().filter(|rule| rule.deed == without) {
                    let answer = ask_with(&app, rule.method, &path(rule), &token, "{}").await;
                    assert_eq!(refusal(&answer), "no-scope", "{role:?} {}", rule.path);
                    assert_eq!(answer.status, StatusCode::FORBIDDEN);
                }
            }
        }
        let token = token_of(&app, "reviewer", None).await;
        let me = || ask_with(&app, "GET", "/api/office/me", &token, "");
        assert_eq!(me().await.status, StatusCode::OK);
        let db = Arc::clone(&app);
        let revoke = move || people::revoke(&db.db, "reviewer", &Actor::operator());
        tokio::task::spawn_blocking(revoke).await.unwrap().unwrap();
        assert_eq!(me().await.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn a_token_that_asks_too_often_waits() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let token = token_of(&app, "assessor", None).await;
        let me = || ask_with(&app, "GET", "/api/office/me", &token, "");
        let mut last = me().await;
        // A window may end meanwhile; two of them cannot.
        for _ in 0..2 * tokens::WINDOW_REQUESTS {
            last = me().await;
            if last.status != StatusCode::OK {
                break;
            }
        }
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS, "{}", last.text);
        let seconds: i64 = last.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=tokens::WINDOW_SECONDS).contains(&seconds));
        let other = token_of(&app, "leader", None).await;
        let answer = ask_with(&app, "GET", "/api/office/me", &other, "").await;
        assert_eq!(answer.status, StatusCode::OK);
    });
}

/// Another village, with a supervisor and an accountant.
fn neighbours(app: &Arc<App>) {
    let (code, name) = ("341181107202".parse().unwrap(), "邻村".into());
    let other = ledger::content::VillageName { code, name };
    crate::directory::add_villages(app, &[other], &Actor::operator()).unwrap();
    neighbours_people(app);
}

fn neighbours_people(app: &Arc<App>) {
    let code = "341181107202".parse().unwrap();
    for role in [Role::Supervisor, Role::Accountant] {
        let new = NewAccount {
            login: format!("{}-2", role.as_str()),
            name: "邻居".into(),
            role,
            village: Some(code),
            password: PASSWORD.into(),
        };
        people::add(&app.db, &new, &Actor::operator()).unwrap();
    }
}

#[test]
fn another_villages_things_are_not_there() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    neighbours(&app);
    wait(async {
        let waits = office.submit_whole(&app, 1).await;
        let done = office.submit_whole(&app, 2).await;
        let picture = app.db.read(|c| {
            let sql = "SELECT sha256 FROM submission_image LIMIT 1";
            Ok(c.query_row(sql, [], |row| row.get::<_, String>(0))?)
        });
        let published =
            review::publish(&app, std::slice::from_ref(&done.id), &office.reviewer).await.unwrap();
        let n = published[0].index;
        let mut asked = vec![
            ("GET", format!("/api/office/blobs/{}", picture.unwrap()), ""),
            ("GET", format!("/api/office/months/{}/2026-05", village()), ""),
            ("GET", format!("/api/office/submissions?village={}", village()), ""),
            ("GET", format!("/api/office/submissions?before={}", waits.id), ""),
            ("GET", format!("/api/office/records/{n}/shown"), ""),
        ];
        for id in [&waits.id, &done.id] {
            let object = format!("/api/office/submissions/{id}/object");
            asked.push(("GET", format!("/api/office/submissions/{id}"), ""));
            asked.push(("POST", object, "{\"reason\":\"不对\"}"));
        }
        for role in [Role::Supervisor, Role::Accountant] {
            let theirs = token_of(&app, &format!("{}-2", role.as_str()), None).await;
            let ours = token_of(&app, role.as_str(), None).await;
            for (method, path, body) in &asked {
                let answer = ask_with(&app, method, path, &theirs, body).await;
                let shut = if *method == "POST" && role == Role::Accountant {
                    StatusCode::FORBIDDEN
                } else {
                    StatusCode::NOT_FOUND
                };
                assert_eq!(answer.status, shut, "{role:?} {path} {}", answer.text);
                if *method == "GET" && !path.contains("/shown") {
                    let answer = ask_with(&app, method, path, &ours, "").await;
                    assert_eq!(answer.status, StatusCode::OK, "{role:?} {path} {}", answer.text);
                }
            }
            for path in ["/api/office/submissions", "/api/office/work", "/api/office/months"] {
                let answer = ask_with(&app, "GET", path, &theirs, "").await;
                assert!(!answer.text.contains(village().as_str()), "{path} {}", answer.text);
            }
        }
    });
}

#[test]
fn programs_review_as_people_do_and_are_refused_in_json() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let id = office.submit_whole(&app, 1).await.id;
        let back = office.submit_whole(&app, 2).await.id;
        let token = token_of(&app, "reviewer", None).await;
        let listed = |stage: &'static str| {
            let path = format!("/api/office/submissions?stage={stage}&period=2026-05");
            let token = token.clone();
            let app = Arc::clone(&app);
            async move { ask_with(&app, "GET", &path, &token, "").await.text }
        };
        let text = listed("review").await;
        assert!(text.contains(&id) && text.contains(&back), "{text}");
        let path = format!("/api/office/submissions/{back}/return");
        let body = "{\"reason\":\"看不清\",\"source\":\"original\"}";
        let answer = ask_with(&app, "POST", &path, &token, body).await;
        assert!(answer.text.contains("returned"), "{}", answer.text);
        let body = format!("{{\"ids\":[\"{id}\"]}}");
        let answer = ask_with(&app, "POST", "/api/office/publish", &token, &body).await;
        assert!(answer.text.contains("c2sp.org/tlog-proof@"), "{}", answer.text);
        let again = ask_with(&app, "POST", "/api/office/publish", &token, &body).await;
        assert_eq!((again.status, refusal(&again)), (StatusCode::CONFLICT, "wrong-state".into()));
        assert!(
            listed("published").await.contains(&id) && listed("returned").await.contains(&back)
        );
        let post = |body: &'static str| ask_with(&app, "POST", "/api/office/publish", &token, body);
        for bad in
            ["", "{", "[]", "{}", "{\"ids\":[]}", "{\"ids\":[\"x\"]}", "{\"ids\":[],\"x\":1}"]
        {
            let answer = post(bad).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad} {}", answer.text);
        }
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let form = ask(&app, "POST", "/api/office/publish", &headers, "ids=x").await;
        assert_eq!(
            (form.status, refusal(&form)),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-type".into())
        );
        let method = ask(&app, "DELETE", "/api/office/publish", &headers, "").await;
        assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refusal(&method), "no-such-method");
        assert_eq!(method.headers[header::ALLOW], "POST");
        let nowhere = ask(&app, "GET", "/api/office/nowhere", &headers, "").await;
        assert_eq!(
            (nowhere.status, refusal(&nowhere)),
            (StatusCode::NOT_FOUND, "not-found".into())
        );
        let long = format!("{{\"ids\":[\"{}\"]}}", "0".repeat(300 << 10));
        let answer = ask_with(&app, "POST", "/api/office/publish", &token, &long).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    });
}

#[test]
fn a_token_is_made_on_a_page_shown_once_and_revoked_there() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (cookie, form) = sign_in(&app, "editor").await;
        let headers = [("cookie", cookie.as_str())];
        let fields = format!("token={form}&name=%E5%8F%91%E5%B8%83&days=90&scope=read&scope=write");
        let made = ask(&app, "POST", "/office/tokens", &headers, &fields).await;
        let (_, rest) = made.text.split_once("<code>").unwrap();
        let token = rest.split('<').next().unwrap().to_owned();
        let me = || ask_with(&app, "GET", "/api/office/me", &token, "");
        let said = me().await.text;
        assert!(said.contains("\"scopes\":[\"read\",\"write\"]"), "{said}");
        let list = ask(&app, "GET", "/office/tokens", &headers, "").await.text;
        assert!(list.contains("发布") && !list.contains(&token));
        let fields = format!("token={form}&name=x&days=90&scope=review");
        let more = ask(&app, "POST", "/office/tokens", &headers, &fields).await;
        assert_eq!(more.status, StatusCode::FORBIDDEN);
        let (_, rest) = list.split_once("name=\"id\" value=\"").unwrap();
        let id = rest.split('"').next().unwrap();
        let fields = format!("token={form}&id={id}");
        ask(&app, "POST", "/office/tokens/revoke", &headers, &fields).await;
        assert_eq!(me().await.status, StatusCode::UNAUTHORIZED);
    });
}
