//! Bad input through the real router. Each test names the defence that it watches: it was seen to fail without it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use hyper::body::Frame;
use ledger::key::SigningKey;
use tokio::time::Sleep;

use super::limit::Peer;
use super::office::{Rule, TABLE, UPLOAD};
use super::tests::{Answer, ask, call, people, sign_in, token};
use super::{guard, sessions};
use crate::app::App;
use crate::clock::unix_now;
use crate::people::totp::{self, Secret};
use crate::people::{self, Actor, Role};
use crate::testing::{Office, village, wait};
use crate::{kiosks, review};

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";

/// A body without a length: it begins with `head`, then repeats `piece`.
struct Stream {
    head: Option<Bytes>,
    piece: Bytes,
    pieces: usize,
    /// Between two pieces.
    pause: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Set when the next piece is there: as on a connection, it never is at once.
    ready: bool,
    taken: Arc<AtomicUsize>,
}

impl Stream {
    fn new(head: String, piece: usize, pieces: usize, pause: Option<Duration>) -> Self {
        let (head, piece) = (Some(head.into()), vec![b'a'; piece].into());
        Self { head, piece, pieces, pause, sleep: None, ready: false, taken: Arc::default() }
    }
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(sleep) = &mut self.sleep {
            std::task::ready!(sleep.as_mut().poll(context));
        }
        self.ready = !self.ready;
        if self.ready {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.sleep = self.pause.map(|pause| Box::pin(tokio::time::sleep(pause)));
        let piece = match self.head.take() {
            Some(head) => head,
            None if self.pieces == 0 => return Poll::Ready(None),
            None => {
                self.pieces -= 1;
                self.piece.clone()
            }
        };
        self.taken.fetch_add(piece.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// Every line of the table that changes something, but the one that ends the session.
fn changes() -> impl Iterator<Item = &'static Rule> {
    TABLE.iter().filter(|rule| rule.method == "POST" && rule.path != "/office/logout")
}

fn at(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{sha256}", id).replace("{half}", id)
}

fn may(rule: &Rule) -> Role {
    Role::ALL.into_iter().find(|role| role.may(rule.deed)).unwrap()
}

fn is_upload(rule: &Rule) -> bool {
    rule.path.ends_with(UPLOAD)
}

/// Everybody of [`people`], signed in: cookie and token.
async fn everybody(app: &Arc<App>) -> Vec<(Role, String, String)> {
    let mut all = Vec::new();
    for role in Role::ALL {
        let (cookie, token) = sign_in(app, role.as_str()).await;
        all.push((role, cookie, token));
    }
    all
}

fn of(all: &[(Role, String, String)], role: Role) -> (&str, &str) {
    let (_, cookie, token) = all.iter().find(|one| one.0 == role).unwrap();
    (cookie, token)
}

async fn post(app: &Arc<App>, path: &str, kind: &str, cookie: &str, body: Body) -> Answer {
    let request = Request::builder().method("POST").uri(path).header("cookie", cookie);
    call(app, request.header(header::CONTENT_TYPE, kind).body(body).unwrap()).await
}

fn text_part(name: &str, text: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
}

/// The beginning of a form that carries its token and goes on for ever.
fn endless(rule: &Rule, token: &str) -> (&'static str, String) {
    if is_upload(rule) {
        let text = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
        (MULTIPART, text_part("token", token) + text)
    } else {
        (FORM, format!("token={token}&x="))
    }
}

fn lines(app: &App) -> i64 {
    let count = "SELECT count(*) FROM audit";
    app.db.read(|db| Ok(db.query_row(count, [], |row| row.get(0))?)).unwrap()
}

/// Defences: `DefaultBodyLimit` in router.rs, `TEXT_BYTES_MAX` in guard.rs, `SUBMISSION_BYTES_MAX` in api.rs.
#[test]
fn no_form_is_read_beyond_its_limit_whether_it_says_its_length_or_not() {
    const PIECE: usize = 16 * 1024;
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let before = lines(&app);
        let mut posts: Vec<_> = changes()
            .map(|rule| {
                let (cookie, token) = of(&all, may(rule));
                let (kind, head) = endless(rule, token);
                (at(rule.path, "x"), kind, cookie, head)
            })
            .collect();
        posts.push(("/office/login".into(), FORM, "", "login=".into()));
        posts.push(("/office/login/code".into(), FORM, "", "code=".into()));
        posts.push(("/api/submissions".into(), "application/json", "", "{\"statement\":\"".into()));
        let id = "0".repeat(64);
        let sign = format!("/api/submissions/{id}/signatures");
        posts.push((sign, "application/json", "", "{\"line\":\"".into()));
        for (path, kind, cookie, head) in posts {
            let stream = Stream::new(head.clone(), PIECE, 64, None);
            let taken = Arc::clone(&stream.taken);
            let answer = post(&app, &path, kind, cookie, Body::new(stream)).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}, in pieces");
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken <= 256 * 1024 + 2 * PIECE, "{path}: {taken} bytes were read");
            let end = if kind == MULTIPART { "\r\n--b--\r\n" } else { "" };
            let whole = head + &"a".repeat(300 * 1024) + end;
            let answer = post(&app, &path, kind, cookie, whole.into()).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}, whole");
        }
        assert_eq!(lines(&app), before);
    });
}

/// Defences: `Times` in answer.rs, `SUBMISSION_TIMEOUT` in api.rs. The clock is the test's: nobody waits.
#[test]
fn a_body_that_dribbles_is_given_up() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let picture = crate::photo::tests::jpeg(1);
        let (note, body) = office.receipt(1, std::slice::from_ref(&picture));
        let status = crate::intake::receive(&app, note, Some(body)).await.unwrap();
        tokio::time::pause();
        let mut asked: Vec<_> = changes()
            .map(|rule| {
                let (cookie, token) = of(&all, may(rule));
                let (kind, head) = endless(rule, token);
                let limit = if is_upload(rule) { 20 * 60 } else { 120 };
                ("POST", at(rule.path, "x"), kind, cookie, head, limit)
            })
            .collect();
        let json = "application/json";
        let blob = format!("/api/blobs/{}", status.missing[0]);
        asked.push(("POST", "/office/login".into(), FORM, "", "login=".into(), 120));
        asked.push(("POST", "/office/login/code".into(), FORM, "", "code=".into(), 120));
        asked.push(("POST", "/api/submissions".into(), json, "", "{".into(), 15));
        asked.push(("PATCH", blob, "application/offset+octet-stream", "", "x".into(), 20 * 60));
        for (method, path, kind, cookie, head, limit) in asked {
            let body = Stream::new(head, 1, usize::MAX, Some(Duration::from_secs(1)));
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .header("cookie", cookie)
                .header("upload-offset", 0)
                .header("upload-length", 1 << 20)
                .header(header::CONTENT_TYPE, kind)
                .body(Body::new(body))
                .unwrap();
            let patience = Duration::from_secs(limit + 5);
            let answer = tokio::time::timeout(patience, call(&app, request)).await;
            let answer = answer.unwrap_or_else(|_| panic!("{path} waits for ever"));
            assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT, "{path} {}", answer.text);
        }
    });
}

/// Defences: `Form` and `Multipart` look at the content type, and `guard` turns what they refuse into a page.
#[test]
fn a_form_of_another_type_or_out_of_shape_does_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let before = lines(&app);
        for rule in changes() {
            let (cookie, token) = of(&all, may(rule));
            let form = format!("token={token}");
            let cut = text_part("token", token);
            let nameless = format!("--b\r\n\r\n{token}\r\n--b--\r\n");
            let file =
                "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n";
            let file_first = format!("{file}{cut}--b--\r\n");
            let json = format!("{{\"token\":\"{token}\"}}");
            let bad: [(&str, &[u8]); 10] = [
                ("text/plain", form.as_bytes()),
                ("", form.as_bytes()),
                ("application/json", json.as_bytes()),
                ("multipart/form-data", cut.as_bytes()),
                (MULTIPART, b"rubbish"),
                (MULTIPART, b""),
                (MULTIPART, cut.as_bytes()),
                (MULTIPART, nameless.as_bytes()),
                (MULTIPART, file_first.as_bytes()),
                (FORM, b"\xff\xfe&token=%zz&=&&%00"),
            ];
            for (kind, body) in bad {
                let path = at(rule.path, "x");
                let answer = post(&app, &path, kind, cookie, body.to_vec().into()).await;
                assert!(answer.status.is_client_error(), "{path} {kind} {}", answer.status);
                assert!(answer.text.contains("没有做成"), "{path} {kind}: {}", answer.text);
            }
        }
        for path in ["/office/login", "/office/login/code"] {
            let body = "login=admin&password=correct+horse&code=1";
            let answer = post(&app, path, "text/plain", "", body.into()).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
            assert!(!answer.headers.contains_key(header::SET_COOKIE));
        }
        assert_eq!(lines(&app), before, "nothing was done");
    });
}

/// Defences: `is_tile_path`, `bundle_number` and `Hash::from_str` in read.rs, api.rs and office/submission.rs.
#[test]
fn no_path_leads_out_of_the_public_tree() {
    const PATHS: [(&str, &str); 17] = [
        ("GET", "/tile/{}"),
        ("GET", "/content/bundle/{}"),
        ("GET", "/content/{}"),
        ("GET", "/blob/{}"),
        ("GET", "/api/submissions/{}"),
        ("GET", "/api/submissions/{}/statement"),
        ("POST", "/api/submissions/{}/signatures"),
        ("HEAD", "/api/blobs/{}"),
        ("PATCH", "/api/blobs/{}"),
        ("GET", "/v/{}"),
        ("GET", "/v/341181107201/{}"),
        ("GET", "/r/{}"),
        ("GET", "/r/{}/qr.png"),
        ("GET", "/r/{}/proof"),
        ("GET", "/b/{}"),
        ("GET", "/{}"),
        ("GET", "/office/{}"),
    ];
    let long = "a".repeat(8_000);
    let up = ["keys/log.key", "mingbai.db", "lock"].map(|file| {
        ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c"]
            .map(|step| [1, 2, 3].map(|steps| step.repeat(steps) + file))
            .into_iter()
            .flatten()
    });
    let mut hostile: Vec<String> = up.into_iter().flatten().collect();
    for one in ["/etc/passwd", "%2fetc%2fpasswd", "%00", "x%00.jpg", "%ff%fe", "..", ".", &long] {
        hostile.push(one.to_owned());
    }
    let office = Office::new();
    let app = office.open();
    let key = std::fs::read_to_string(app.data.log_key()).unwrap();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let own = TABLE.iter().filter(|rule| rule.path.contains('{')).map(|rule| {
            let (cookie, token) = of(&all, may(rule));
            (rule.method, at(rule.path, "{}"), cookie, format!("token={token}"))
        });
        let open = PATHS.iter().map(|(method, path)| {
            (*method, (*path).to_owned(), of(&all, Role::Reviewer).0, String::new())
        });
        for (method, path, cookie, form) in own.chain(open) {
            for bad in &hostile {
                let path = path.replace("{}", bad);
                let answer = ask(&app, method, &path, &[("cookie", cookie)], &form).await;
                let shut = answer.status.is_client_error() || answer.status.is_redirection();
                assert!(shut, "{method} {path}: {} {}", answer.status, answer.text);
                let text = &answer.text;
                let leaks = text.contains(key.trim()) || text.contains("SQLite format 3");
                assert!(!leaks && !text.contains("root:"), "{method} {path}: {text}");
            }
        }
    });
}

/// Fields that any form of the office has.
const FIELDS: [&str; 41] = [
    "login",
    "village",
    "source",
    "reason",
    "id",
    "old",
    "password",
    "column",
    "body",
    "vkey",
    "unit",
    "title",
    "period",
    "name",
    "n",
    "hours",
    "explains",
    "away",
    "version",
    "verdict",
    "until",
    "text",
    "role",
    "restore",
    "required",
    "openness",
    "no_explanation",
    "next",
    "key",
    "importance",
    "half",
    "ground",
    "from",
    "deputy",
    "code",
    "weekday",
    "line",
    "verdicts",
    "lang",
    "base",
    "sent",
];

/// What no page may hold as it was sent.
const HOSTILE: [&str; 2] =
    ["');DROP TABLE user;--<script>alert(1)", "\" onfocus=\"x\"><img src=x onerror=a(2)>"];

fn is_raw(answer: &Answer) -> bool {
    let kind = answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let raw = ["<script>alert", "<img src=x", "=\"\" onfocus="];
    kind.is_some_and(|kind| kind.starts_with("text/html"))
        && raw.iter().any(|raw| answer.text.contains(raw))
}

/// A form whose fields are good but for one.
fn form(token: &str, n: usize, id: &str, bad: (&str, &str)) -> String {
    let login = format!("new{n}");
    let village = village().to_string();
    let good = [
        ("login", login.as_str()),
        ("name", "某人"),
        ("role", "editor"),
        ("password", "long enough"),
        ("title", "通知"),
        ("body", "正文"),
        ("text", "正文"),
        ("reason", "看不清"),
        ("source", "original"),
        ("column", "cunwu"),
        ("hours", "1"),
        ("id", id),
        ("period", "2026-05"),
        ("village", if bad.0 == "village" { "" } else { &village }),
    ];
    let good = good.into_iter().filter(|(name, value)| *name != bad.0 && !value.is_empty());
    // An account of the township's has no village.
    let good = good.filter(|(name, _)| *name != "village" || ((n - 1) / 2).is_multiple_of(2));
    let mut text = format!("token={token}");
    for (name, value) in good.chain([bad]) {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        text += &format!("&{name}={value}");
    }
    text
}

/// Defences: bound SQL parameters everywhere, askama's escaping, and the Markdown that makes no raw HTML.
#[test]
fn text_in_any_field_stays_text_and_breaks_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let submission = office.submit_whole(&app, 1).await.id;
        let (cookie, token) = of(&all, Role::Editor);
        let begin = format!("token={token}&title=x&column=cunwu");
        ask(&app, "POST", "/office/bulletins", &[("cookie", cookie)], &begin).await;
        let draft: Option<String> = app
            .db
            .read(|db| Ok(db.query_row("SELECT id FROM draft", [], |row| row.get(0)).ok()))
            .unwrap();
        let draft = draft.expect("a draft");
        let mut n = 0;
        for rule in changes().filter(|rule| !is_upload(rule)) {
            let (cookie, token) = of(&all, may(rule));
            let path = at(rule.path, if rule.path.contains("/bulletins/") { &draft } else { "1" });
            for bad in FIELDS.into_iter().flat_map(|field| HOSTILE.map(|text| (field, text))) {
                n += 1;
                let form = form(token, n, &submission, bad);
                let answer = ask(&app, "POST", &path, &[("cookie", cookie)], &form).await;
                let (status, text) = (answer.status, &answer.text);
                assert!(!status.is_server_error(), "{path} {bad:?}: {status} {text}");
                assert!(!is_raw(&answer), "{path} {bad:?}: {text}");
            }
        }
        let accounts = app.db.read(people::list).unwrap();
        let named = accounts.iter().any(|one| one.name == HOSTILE[1] || one.login == HOSTILE[1]);
        assert!(accounts.len() > Role::ALL.len() && named, "the payloads came in");
        for (role, cookie, _) in &all {
            for rule in TABLE.iter().filter(|rule| rule.method == "GET" && role.may(rule.deed)) {
                let id = if rule.path.contains("/bulletins/") { &draft } else { &submission };
                let path = at(rule.path, id);
                let answer = ask(&app, "GET", &path, &[("cookie", cookie)], "").await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
                assert!(!is_raw(&answer), "{role:?} {path}: {}", answer.text);
            }
        }
        let size = app.db.read(|db| Ok(db.query_row("SELECT size FROM log", [], |r| r.get(0))?));
        let size: u64 = size.unwrap();
        let numbered = (0..size).flat_map(|n| [format!("/r/{n}"), format!("/b/{n}")]);
        let village = format!("/v/{}", village());
        for path in numbered.chain(["/".into(), "/b".into(), village]) {
            let answer = ask(&app, "GET", &path, &[], "").await;
            assert!(!answer.status.is_server_error() && !is_raw(&answer), "{path}");
        }
    });
}

/// Defence: askama's escaping of the names that kiosks, tokens and accounts are given.
#[test]
fn the_names_of_kiosks_tokens_and_accounts_stay_text() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (cookie, token) = sign_in(&app, "admin").await;
        let headers = [("cookie", cookie.as_str())];
        let key = SigningKey::from_seed("kiosk/0000000000000001", [1; 32]).unwrap();
        let (vkey, now) = (key.verifier().to_string(), unix_now());
        let id = kiosks::ask(&app.db, &vkey, &"0.1.0".parse().unwrap(), now).await.unwrap().id;
        let name: String = HOSTILE[1].bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = format!("token={token}&same=yes&id={id}&name={name}&village={}", village());
        let answer = ask(&app, "POST", "/office/kiosks/enrol", &headers, &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let form = format!("token={token}&name={name}&days=1&scope=read");
        let made = ask(&app, "POST", "/office/tokens", &headers, &form).await;
        assert!(made.text.contains("<code>mb_") && !is_raw(&made), "{}", made.text);
        let form = format!("token={token}&login={name}&name=x&role=editor&password=long+enough");
        let added = ask(&app, "POST", "/office/people/add", &headers, &form).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
        let own = format!("/office/kiosks/{id}");
        let lists = ["/office/kiosks", "/office/record", "/office/tokens", "/office/people"];
        for path in lists.into_iter().chain(["/office", &own]) {
            let answer = ask(&app, "GET", path, &headers, "").await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!is_raw(&answer), "{path}: {}", answer.text);
            let named = answer.text.contains("onfocus=");
            assert!(named || path == "/office", "{path}: {}", answer.text);
        }
    });
}

/// What pages are asked for by an address.
const QUERY: [&str; 18] = [
    "q",
    "village",
    "period",
    "page",
    "stage",
    "done",
    "deleted",
    "sent",
    "published",
    "returned",
    "said",
    "big",
    "id",
    "n",
    "half",
    "before",
    "after",
    "lang",
];

/// Defences: askama's escaping, `quoted` in office/search.rs, and bound SQL parameters.
#[test]
fn text_in_any_address_stays_text_and_breaks_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let id = office.submit_whole(&app, 1).await.id;
        review::publish(&app, std::slice::from_ref(&id), &office.reviewer).await.unwrap();
        let own = TABLE.iter().filter(|rule| rule.method == "GET");
        let own = own.map(|rule| (at(rule.path, &id), of(&all, may(rule)).0));
        let village = format!("/v/{}", village());
        let open = ["/", "/b", "/r/4", &village, "/office/login"];
        let open = open.into_iter().map(|path| (path.to_owned(), ""));
        for (path, cookie) in own.chain(open) {
            for (name, bad) in QUERY.into_iter().flat_map(|name| HOSTILE.map(|bad| (name, bad))) {
                let bad: String = bad.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let path = format!("{path}?{name}={bad}");
                let answer = ask(&app, "GET", &path, &[("cookie", cookie)], "").await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
                assert!(!is_raw(&answer), "{path}: {}", answer.text);
            }
        }
    });
}

/// Defences: `must_be_ours` and `from_here` in guard.rs.
#[test]
fn a_form_that_another_site_or_another_person_made_does_nothing() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let all = everybody(&app).await;
        let before = lines(&app);
        for rule in changes() {
            let role = may(rule);
            let (cookie, token) = of(&all, role);
            let others = if role == Role::Admin { Role::Editor } else { Role::Admin };
            let (_, theirs) = of(&all, others);
            let path = at(rule.path, "x");
            let cases = [
                ("", None, "过期"),
                (theirs, None, "过期"),
                (token, Some(("origin", "https://evil.example")), guard::FOREIGN),
                (token, Some(("origin", "null")), guard::FOREIGN),
                (token, Some(("sec-fetch-site", "cross-site")), guard::FOREIGN),
            ];
            for (token, says, told) in cases {
                let (kind, body) = if is_upload(rule) {
                    (MULTIPART, text_part("token", token) + "--b--\r\n")
                } else {
                    (FORM, format!("token={token}&login=admin"))
                };
                let mut request = Request::builder().method("POST").uri(&path);
                request = request.header("cookie", cookie).header(header::CONTENT_TYPE, kind);
                if let Some((name, value)) = says {
                    request = request.header(name, value);
                }
                let answer = call(&app, request.body(body.into()).unwrap()).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {says:?}");
                assert!(answer.text.contains(told), "{path} {says:?}: {}", answer.text);
            }
        }
        assert_eq!(lines(&app), before);
    });
}

/// The value of a cookie that an answer sets, as a request carries it.
fn set_by(answer: &Answer, name: &str) -> Option<String> {
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter();
    cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next()).find_map(|pair| {
        let (set, value) = pair.split_once('=')?;
        (set == name && !value.is_empty()).then(|| pair.to_owned())
    })
}

async fn gets_in(app: &Arc<App>, cookie: &str) -> bool {
    ask(app, "GET", "/office", &[("cookie", cookie)], "").await.status == StatusCode::OK
}

async fn give_password(app: &Arc<App>, login: &str, cookie: &str) -> Answer {
    let form = format!("login={login}&password=correct+horse");
    ask(app, "POST", "/office/login", &[("cookie", cookie)], &form).await
}

/// Defence: `admit` in login.rs draws a new cookie at every sign-in and ends the session it replaces.
#[test]
fn a_cookie_that_was_there_before_never_becomes_a_session() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let planted = format!("{}={}", sessions::COOKIE, "0".repeat(64));
        let answer = give_password(&app, "editor", &planted).await;
        let first = set_by(&answer, sessions::COOKIE).unwrap();
        assert_ne!(first, planted);
        assert!(gets_in(&app, &first).await && !gets_in(&app, &planted).await);
        let answer = give_password(&app, "editor", &first).await;
        let second = set_by(&answer, sessions::COOKIE).unwrap();
        assert!(gets_in(&app, &second).await);
        assert!(!gets_in(&app, &first).await, "what the browser held before has ended");
    });
}

/// Turns the second step on as a person does; gives the secret and the recovery codes.
async fn add_phone(app: &Arc<App>, cookie: &str) -> (Secret, Vec<String>) {
    let token = token(app, cookie).await;
    let headers = [("cookie", cookie)];
    let wrong = format!("token={token}&old=wrong+horse");
    let answer = ask(app, "POST", "/office/me/code", &headers, &wrong).await;
    assert!(answer.text.contains("现在的密码不对"));
    let right = format!("token={token}&old=correct+horse");
    let answer = ask(app, "POST", "/office/me/code", &headers, &right).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let name = sessions::name_of(cookie.split_once('=').unwrap().1);
    let secret = app.db.read(|db| sessions::awaited_phone(db, name)).unwrap().unwrap();
    let me = ask(app, "GET", "/office/me", &headers, "").await.text;
    assert!(me.contains("<svg") && me.replace(' ', "").contains(&secret.text()));
    // One step back: the code of now is still to be used.
    let code = secret.shown(unix_now() - 30);
    let form = format!("token={token}&code={code}");
    let answer = ask(app, "POST", "/office/me/code-confirm", &headers, &form).await;
    let codes = answer.text.split("<code>").skip(1).map(|rest| rest[..19].to_owned());
    let codes: Vec<String> = codes.collect();
    assert_eq!(codes.len(), 8, "{}", answer.text);
    (secret, codes)
}

async fn give_code(app: &Arc<App>, cookie: &str, code: &str) -> Answer {
    let form = format!("code={code}");
    ask(app, "POST", "/office/login/code", &[("cookie", cookie)], &form).await
}

const HALF: &str = "mingbai_office_code";

/// Defences: `half_session` is a table of its own; `totp::accept` uses codes up.
#[test]
fn the_password_alone_opens_nothing_where_a_phone_was_added() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (cookie, _) = sign_in(&app, "editor").await;
        let (secret, codes) = add_phone(&app, &cookie).await;
        let answer = give_password(&app, "editor", "").await;
        assert_eq!(answer.headers[header::LOCATION], "/office/login/code");
        assert!(set_by(&answer, sessions::COOKIE).is_none());
        let half = set_by(&answer, HALF).unwrap();
        let value = half.split_once('=').unwrap().1;
        for cookie in [half.clone(), format!("{}={value}", sessions::COOKIE)] {
            assert!(!gets_in(&app, &cookie).await);
        }
        assert_eq!(give_code(&app, &half, "000000").await.status, StatusCode::UNAUTHORIZED);
        let code = secret.shown(unix_now());
        let answer = give_code(&app, &half, &code).await;
        let session = set_by(&answer, sessions::COOKIE).unwrap();
        assert!(gets_in(&app, &session).await);
        assert!(give_code(&app, &half, &codes[0]).await.text.contains("重新登录"), "it is over");
        let half = set_by(&give_password(&app, "editor", "").await, HALF).unwrap();
        assert_eq!(give_code(&app, &half, &code).await.status, StatusCode::UNAUTHORIZED, "used");
        let answer = give_code(&app, &half, &codes[0]).await;
        assert!(set_by(&answer, sessions::COOKIE).is_some(), "a recovery code");
        let half = set_by(&give_password(&app, "editor", "").await, HALF).unwrap();
        let again = give_code(&app, &half, &codes[0]).await;
        assert_eq!(again.status, StatusCode::UNAUTHORIZED, "used");
    });
}

/// Defence: passwords and codes count to the same limit, and the right password does not clear it.
#[test]
fn the_right_password_buys_no_guesses_of_the_code() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (cookie, _) = sign_in(&app, "editor").await;
        add_phone(&app, &cookie).await;
        let mut tried = 0;
        loop {
            let Some(half) = set_by(&give_password(&app, "editor", "").await, HALF) else { break };
            if give_code(&app, &half, "000000").await.text.contains("15 分钟") {
                break;
            }
            tried += 1;
            assert!(tried < 5, "no end to it");
        }
        assert!(tried <= 3);
    });
}

/// Defences: `recognise` checks a password for nobody too; every answer is the same page.
#[test]
fn nobody_learns_who_has_an_account() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (cookie, _) = sign_in(&app, "editor").await;
        add_phone(&app, &cookie).await;
        let app_too = Arc::clone(&app);
        let revoke = move || people::revoke(&app_too.db, "leader", &Actor::operator());
        tokio::task::spawn_blocking(revoke).await.unwrap().unwrap();
        let mut said = Vec::new();
        for (login, password) in [
            ("nobody", "guess-unknown"),
            ("admin", "guess-wrong"),
            ("leader", "guess-revoked"),
            ("editor", "guess-phone"),
        ] {
            let form = format!("login={login}&password={password}");
            let answer = ask(&app, "POST", "/office/login", &[], &form).await;
            let checked = people::CHECKED.lock().unwrap();
            let work = checked.iter().filter(|one| *one == password).count();
            said.push((answer.status, answer.text, answer.headers, work));
        }
        for one in &said {
            assert_eq!(one.3, 1, "one password is checked");
            assert_eq!(one, &said[0]);
        }
        assert_eq!(said[0].0, StatusCode::UNAUTHORIZED);
    });
}

/// Defence: `owes_totp` in guard.rs.
#[test]
fn who_has_to_use_codes_does_nothing_before_and_a_lost_phone_is_taken_off() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (boss, boss_token) = sign_in(&app, "admin").await;
        let (cookie, form_token) = sign_in(&app, "editor").await;
        let act = async |path: &str, more: &str| {
            let form = format!("token={boss_token}&login=editor{more}");
            let answer = ask(&app, "POST", path, &[("cookie", &boss)], &form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        };
        act("/office/people/code-rule", "&required=yes").await;
        let headers = [("cookie", cookie.as_str())];
        let answer = ask(&app, "GET", "/office/bulletins", &headers, "").await;
        assert_eq!(answer.headers[header::LOCATION], "/office/me");
        let form = format!("token={form_token}&title=x&column=cunwu");
        let answer = ask(&app, "POST", "/office/bulletins", &headers, &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        add_phone(&app, &cookie).await;
        assert!(gets_in(&app, &cookie).await);
        let off = format!("token={form_token}&old=correct+horse");
        let answer = ask(&app, "POST", "/office/me/code-off", &headers, &off).await;
        assert!(answer.text.contains("不能关闭"), "{}", answer.text);
        act("/office/people/code-reset", "").await;
        assert!(!gets_in(&app, &cookie).await, "the phone may have held the session");
        let answer = give_password(&app, "editor", "").await;
        let after = set_by(&answer, sessions::COOKIE).unwrap();
        assert!(!gets_in(&app, &after).await, "it is still required");
        let state = app.db.read(|db| totp::standing(db, 2)).unwrap();
        assert!(!state.on && state.required);
    });
}

/// Defence: the `user` in the `WHERE` of sessions.rs.
#[test]
fn one_ends_ones_own_sessions_and_the_administrator_anybodys() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        let (boss, boss_token) = sign_in(&app, "admin").await;
        let (here, form_token) = sign_in(&app, "editor").await;
        let (there, _) = sign_in(&app, "editor").await;
        let (third, _) = sign_in(&app, "editor").await;
        let name = |cookie: &str| {
            ledger::encoding::hex(&sessions::name_of(cookie.split_once('=').unwrap().1))
        };
        let end = async |path: &str, name: &str| {
            let form = format!("token={form_token}&name={name}");
            ask(&app, "POST", path, &[("cookie", &here)], &form).await.status
        };
        let one = "/office/me/sign-out";
        assert_eq!(end(one, &name(&boss)).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(gets_in(&app, &boss).await, "not the editor's to end");
        assert_eq!(end(one, &name(&there)).await, StatusCode::SEE_OTHER);
        assert!(!gets_in(&app, &there).await && gets_in(&app, &third).await);
        assert_eq!(end("/office/me/sign-out-others", "").await, StatusCode::SEE_OTHER);
        assert!(!gets_in(&app, &third).await && gets_in(&app, &here).await);
        let form = format!("token={boss_token}&login=editor");
        ask(&app, "POST", "/office/people/sign-out", &[("cookie", &boss)], &form).await;
        assert!(!gets_in(&app, &here).await && gets_in(&app, &boss).await);
    });
}

/// Defence: `limit::limit` in router.rs.
#[test]
fn an_address_that_signs_in_too_often_waits_and_may_still_read() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let ask_from = async |address: &str, method: &str, path: &str| {
            let long = "a".repeat(300); // refused before anything is computed
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::CONTENT_TYPE, FORM)
                .body(Body::from(format!("login=x&password={long}")))
                .unwrap();
            request.extensions_mut().insert(Peer(address.parse().unwrap()));
            call(&app, request).await
        };
        let mut answers = Vec::new();
        for _ in 0..200 {
            answers.push(ask_from("192.0.2.1", "POST", "/office/login").await);
        }
        assert_eq!(answers[99].status, StatusCode::UNAUTHORIZED);
        let last = &answers[199];
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(last.text.contains("请求太多"), "{}", last.text);
        let wait: u32 = last.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=4).contains(&wait));
        let other = ask_from("192.0.2.2", "POST", "/office/login").await;
        assert_eq!(other.status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask_from("192.0.2.1", "GET", "/").await.status, StatusCode::OK);
        for _ in 0..600 {
            answers.push(ask_from("192.0.2.1", "POST", "/api/submissions").await);
        }
        let last = answers.last().unwrap();
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(last.text.starts_with("{\"error\":\"too-many-requests\""), "{}", last.text);
    });
}
