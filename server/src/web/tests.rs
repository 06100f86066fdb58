//! The pages through the real router: what is said, to whom, and what a forged request gets.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use ledger::content::{Content, Direction, Openness, ReceiptContent, Salt};
use ledger::money::Fen;
use ledger::statement::{Reason, Source, Statement};

use super::guard;
use super::office::{Rule, TABLE};
use super::programs;
use super::router::router;
use crate::app::App;
use crate::people::{self, Actor, Deed, NewAccount, Role};
use crate::testing::{Office, village, wait};
use crate::tokens::{self, NewToken};
use crate::{intake, review, view};

const PASSWORD: &str = "correct horse";
const BODY_BYTES_MAX: usize = 1 << 20;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn ask(
    app: &Arc<App>,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    send(app, request).await
}

async fn send(app: &Arc<App>, request: Request<Body>) -> Answer {
    let service: Router = router(Arc::clone(app));
    let answer = TowerToHyperService::new(service).call(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, text }
}

async fn page(app: &Arc<App>, path: &str) -> String {
    let answer = ask(app, "GET", path, &[], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.text
}

/// Signs in; gives the cookie and the token of the session's forms.
async fn sign_in(app: &Arc<App>, login: &str) -> (String, String) {
    let form = format!("login={login}&password=correct+horse");
    let answer = ask(app, "POST", "/office/login", &[], &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/office"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let office = ask(app, "GET", "/office", &[("cookie", &cookie)], "").await;
    let (_, rest) = office.text.split_once("name=\"token\" value=\"").unwrap();
    (cookie, rest.split('"').next().unwrap().to_owned())
}

fn people(app: &App) {
    for role in Role::ALL {
        let new = NewAccount {
            login: role.as_str().into(),
            name: "某人".into(),
            role,
            village: role.is_of_village().then(village),
            password: PASSWORD.into(),
        };
        people::add(&app.db, &new, &Actor::operator()).unwrap();
    }
}

fn hostile() -> ReceiptContent {
    ReceiptContent {
        salt: Salt([9; 16]),
        direction: Direction::Out,
        amount: Fen(100),
        date: "2026-05-12".parse().unwrap(),
        purpose: "<script>alert(1)</script>\"'&".into(),
        payee: "\"><img src=x onerror=alert(2)>".into(),
        category: "<b>类</b>".into(),
        handler: "</style><script>".into(),
        witness: String::new(),
        approver: String::new(),
        recipient: String::new(),
        supervisor: String::new(),
        payment: None,
        resolution: String::new(),
        invoice: None,
        openness: Some(Openness::Open {}),
        no_voucher: String::new(),
        images: Vec::new(),
    }
}

async fn submit(office: &Office, app: &Arc<App>, content: &ReceiptContent) -> String {
    let (body, hash) = content.to_bytes();
    let statement = Statement::Receipt {
        village: village(),
        period: "2026-05".parse().unwrap(),
        time: "2026-06-03T09:12:00+08:00".parse().unwrap(),
        content: hash,
    };
    let body = String::from_utf8(body).unwrap();
    intake::receive(app, office.sign(&statement), Some(body)).await.unwrap().id
}

#[test]
fn every_office_path_opens_for_its_roles_and_for_nobody_else() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        for rule in TABLE.iter().filter(|rule| rule.path != "/office/logout") {
            println!("{:4} {:24} {:?}", rule.method, rule.path, rule.deed);
            let path =
                rule.path.replace("{id}", "x").replace("{sha256}", "x").replace("{half}", "x");
            let nobody = ask(&app, rule.method, &path, &[], "").await;
            assert_eq!(nobody.status, StatusCode::SEE_OTHER, "{}", rule.path);
            assert_eq!(nobody.headers[header::LOCATION], "/office/login");
        }
        for role in Role::ALL {
            let (cookie, token) = sign_in(&app, role.as_str()).await;
            for rule in TABLE.iter().filter(|rule| rule.path != "/office/logout") {
                let path =
                    rule.path.replace("{id}", "x").replace("{sha256}", "x").replace("{half}", "x");
                let form = format!("token={token}");
                let answer = ask(&app, rule.method, &path, &[("cookie", &cookie)], &form).await;
                let shut = answer.status == StatusCode::FORBIDDEN;
                let (method, text) = (rule.method, &answer.text);
                assert_eq!(shut, !role.may(rule.deed), "{role:?} {method} {path} {text}");
                assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
            }
            let form = format!("token={token}");
            ask(&app, "POST", "/office/logout", &[("cookie", &cookie)], &form).await;
            let after = ask(&app, "GET", "/office", &[("cookie", &cookie)], "").await;
            assert_eq!(after.status, StatusCode::SEE_OTHER);
        }
    });
}

#[test]
fn a_forged_form_does_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let id = office.submit_whole(&app, 1).await.id;
        let (cookie, token) = sign_in(&app, "reviewer").await;
        let cookie = ("cookie", cookie.as_str());
        let good = format!("id={id}&token={token}");
        let bare = format!("id={id}");
        let wrong = format!("id={id}&token={}", "0".repeat(64));
        let elsewhere = ("origin", "https://evil.example");
        let cross = ("sec-fetch-site", "cross-site");
        for (headers, form) in [
            (vec![cookie], &bare),
            (vec![cookie], &wrong),
            (vec![cookie, elsewhere], &good),
            (vec![cookie, cross], &good),
        ] {
            let answer = ask(&app, "POST", "/office/publish", &headers, form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
        }
        assert_eq!(app.db.read(|c| review::list_pending(c, &office.reviewer)).unwrap().len(), 1);
        let signing = [elsewhere];
        let form = "login=reviewer&password=correct+horse";
        let answer = ask(&app, "POST", "/office/login", &signing, form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text.contains(guard::FOREIGN));
        let answer = ask(&app, "POST", "/office/publish", &[cookie], &good).await;
        assert_eq!(answer.headers[header::LOCATION], "/office?published=1");
        assert!(app.db.read(|c| review::list_pending(c, &office.reviewer)).unwrap().is_empty());
    });
}

#[test]
fn a_wrong_password_is_told_and_the_sixth_try_waits() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        for tries in 0..6 {
            let form = "login=editor&password=wrong";
            let answer = ask(&app, "POST", "/office/login", &[], form).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert!(!answer.headers.contains_key(header::SET_COOKIE));
            assert_eq!(answer.text.contains("15 分钟"), tries == 5);
        }
        sign_in(&app, "reviewer").await;
    });
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let id = submit(&office, &app, &hostile()).await;
        let (cookie, _) = sign_in(&app, "reviewer").await;
        let headers = [("cookie", cookie.as_str())];
        let mut pages = Vec::new();
        let group = format!("/office/group?village={}&period=2026-05", village());
        for path in [group, format!("/office/s/{id}")] {
            pages.push(ask(&app, "GET", &path, &headers, "").await.text);
        }
        let published = review::publish(&app, &[id], &office.reviewer).await.unwrap();
        let record = format!("/r/{}", published[0].index);
        for path in [format!("/v/{}/2026-05", village()), format!("{record}?lang=en"), record] {
            pages.push(page(&app, &path).await);
        }
        for text in pages {
            for bad in ["<script>", "<img src=x", "<b>类", "</style><"] {
                assert!(!text.contains(bad), "{bad} in {text}");
            }
            assert!(text.contains("&#60;script") || text.contains("&lt;script"), "{text}");
        }
    });
}

#[test]
fn a_publication_is_on_the_pages_at_once_and_a_withdrawal_takes_it_off_all_of_them() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let month = format!("/v/{}/2026-05", village());
        assert!(page(&app, "/").await.contains("还没有公布"));
        let one = office.submit_whole(&app, 1).await.id;
        let two = office.submit_whole(&app, 2).await.id;
        let done = review::publish(&app, &[one, two], &office.reviewer).await.unwrap();
        let record = format!("/r/{}", done[0].index);
        assert!(page(&app, "/").await.contains("支出 <b class=\"num\">2.03 元</b>"));
        assert!(page(&app, &month).await.contains("1.01 元"));
        let text = page(&app, &record).await;
        for said in
            ["2026年5月12日，新街村支出 1.01 元，用于路灯维修，付给五金店。", "李会计（报账员）"]
        {
            assert!(text.contains(said), "{said}");
        }
        let proof = page(&app, &format!("{record}/proof")).await;
        assert!(proof.starts_with("c2sp.org/tlog-proof@"), "{proof}");
        let (reason, source) = (Reason::Personal, Source::Original);
        review::withdraw(&app, done[0].index, reason, source, &office.reviewer).await.unwrap();
        let text = page(&app, &record).await;
        assert!(text.contains("这一条已撤回。") && text.contains("原因：含有个人信息。"));
        for path in [record.as_str(), &month, "/"] {
            let text = page(&app, path).await;
            assert!(!text.contains("1.01") && !text.contains("2.03"), "{path}");
        }
        assert!(page(&app, &month).await.contains("1.02 元"));
    });
}

#[test]
fn the_view_built_again_from_the_log_says_the_same() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let mut ids = Vec::new();
        for n in 1..4 {
            ids.push(office.submit_whole(&app, n).await.id);
        }
        let done = review::publish(&app, &ids, &office.reviewer).await.unwrap();
        let (reason, source) = (Reason::Mistaken, Source::Format);
        review::withdraw(&app, done[1].index, reason, source, &office.reviewer).await.unwrap();
        let paths: Vec<_> = (0..8).map(|n| format!("/r/{n}")).chain(["/".into()]).collect();
        let mut before = Vec::new();
        for path in &paths {
            before.push(ask(&app, "GET", path, &[], "").await.text);
        }
        app.db.write(view::rebuild).await.unwrap();
        app.pages.drop_all();
        for (path, before) in paths.iter().zip(before) {
            assert_eq!(ask(&app, "GET", path, &[], "").await.text, before, "{path}");
        }
    });
}

#[test]
fn english_is_kept_from_link_to_link_and_every_page_loads_nothing_from_elsewhere() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let id = office.submit_whole(&app, 1).await.id;
        let done = review::publish(&app, &[id], &office.reviewer).await.unwrap();
        let (village, n) = (village(), done[0].index);
        let paths = [
            "/".into(),
            format!("/v/{village}"),
            format!("/v/{village}/2026-05"),
            format!("/r/{n}"),
            "/b".into(),
        ];
        for path in paths {
            let text = page(&app, &format!("{path}?lang=en")).await;
            assert!(text.contains("<html lang=\"en\">"));
            for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let page = ["/v/", "/b", "/r/"].iter().any(|start| link.starts_with(start));
                let page = page && !link.starts_with("/blob") && !link.ends_with("/proof");
                let back = link == path; // to the Chinese page
                assert!(!page || back || link.contains("lang=en"), "{path}: {link}");
                assert!(link.starts_with('/') || link.starts_with('#'), "{link}");
            }
            assert!(!text.contains("<script") && !text.contains(" style="), "{path}");
        }
    });
}

#[test]
fn addresses_that_lead_nowhere_say_so_in_words() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        for (path, status) in [
            ("/r/999", StatusCode::NOT_FOUND),
            ("/r/01", StatusCode::BAD_REQUEST),
            ("/r/99999999999999999999", StatusCode::BAD_REQUEST),
            ("/r/18446744073709551615", StatusCode::NOT_FOUND),
            ("/r/x/qr.png", StatusCode::BAD_REQUEST),
            ("/v/341181107201/2026-13", StatusCode::BAD_REQUEST),
            ("/v/341181107299", StatusCode::NOT_FOUND),
            ("/b?column=nowhere", StatusCode::NOT_FOUND),
            ("/b?before=x", StatusCode::BAD_REQUEST),
            ("/no/such/page", StatusCode::NOT_FOUND),
        ] {
            let answer = ask(&app, "GET", path, &[], "").await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.text.contains("回到首页"), "{path}");
        }
    });
}

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
    send(app, request).await
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
