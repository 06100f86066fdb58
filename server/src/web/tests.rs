//! The pages through the real router: what is said, to whom, and what a forged request gets.

mod bulletins;
mod phone;
mod programs;
mod wechat;

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use ledger::content::{Content, Direction, Openness, ReceiptContent, Salt};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::statement::{Reason, Source, Statement};
use ledger::time::Period;

use super::guard;
use super::limit::Peer;
use super::office::TABLE;
use super::router::router;
use super::words::{Lang, Words};
use crate::app::App;
use crate::people::{self, Actor, NewAccount, Role};
use crate::rules::Rules;
use crate::testing::{Office, content, signed, village, wait};
use crate::{clock, intake, month, review, view, worklist};

const PASSWORD: &str = "correct horse";
const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// Puts a request to the whole router. Each comes from another address, unless it says from which.
pub(super) async fn call(app: &Arc<App>, mut request: Request<Body>) -> Answer {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if request.extensions().get::<Peer>().is_none() {
        let network = u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 64;
        request.extensions_mut().insert(Peer(Ipv6Addr::from_bits(network).into()));
    }
    let service: Router = router(Arc::clone(app));
    let answer = TowerToHyperService::new(service).call(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, text }
}

pub(super) async fn ask(
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
    call(app, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn page(app: &Arc<App>, path: &str) -> String {
    let answer = ask(app, "GET", path, &[], "").await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.text
}

/// Signs in; gives the cookie and the token of the session's forms.
pub(super) async fn sign_in(app: &Arc<App>, login: &str) -> (String, String) {
    let form = format!("login={login}&password=correct+horse");
    let answer = ask(app, "POST", "/office/login", &[], &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/office"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let token = token(app, &cookie).await;
    (cookie, token)
}

/// What the forms of this session carry.
pub(super) async fn token(app: &Arc<App>, cookie: &str) -> String {
    let me = ask(app, "GET", "/office/me", &[("cookie", cookie)], "").await;
    let (_, rest) = me.text.split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

pub(super) fn people(app: &App) {
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
    submit_of(office, app, content, "2026-05".parse().unwrap()).await
}

async fn submit_of(
    office: &Office,
    app: &Arc<App>,
    content: &ReceiptContent,
    period: Period,
) -> String {
    let (body, hash) = content.to_bytes();
    let statement = Statement::Receipt {
        village: village(),
        period,
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
        for path in [group, format!("/office/s/{id}"), "/office/search?q=alert".into()] {
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
                let own = ["/", "#", "http://test/"].iter().any(|start| link.starts_with(start));
                assert!(own, "{link}");
            }
            let scripts = text.matches("<script").count();
            let own = text.matches("<script type=\"module\" src=\"/script/").count();
            assert_eq!((scripts, own), if path.starts_with("/r/") { (1, 1) } else { (0, 0) });
            assert!(!text.contains(" style="), "{path}");
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

#[test]
fn the_review_screen_says_what_the_machine_found_and_no_number_of_anybody() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    let (neighbour, key) = office.neighbour(&app);
    wait(async {
        let (note, body) = signed(neighbour, &key, &content(1, &[]));
        let theirs = intake::receive(&app, note, Some(body)).await.unwrap().id;
        let invoice = ledger::content::Invoice {
            type_code: String::new(),
            code: String::new(),
            number: "26447000001243494438".into(),
            check: String::new(),
        };
        let receipt = ReceiptContent {
            salt: Salt([2; 16]),
            purpose: "付李明13812345678路灯维修".into(),
            recipient: "11010519491231002X".into(),
            no_voucher: "卡号6222021234567890128".into(),
            invoice: Some(invoice),
            ..content(1, &[crate::photo::tests::jpeg(1)])
        };
        let own = submit(&office, &app, &receipt).await;
        let expected = [
            "<li class=\"bad\">“用途”里像是有电话号码</li>",
            "<li class=\"bad\">“领款人”里像是有身份证号</li>",
            "<li class=\"bad\">“没有票据的原因”里像是有银行账号</li>",
            "<li class=\"by\">正在看图片上有没有发票二维码</li>",
        ];
        for role in ["reviewer", "supervisor"] {
            let (cookie, _) = sign_in(&app, role).await;
            let cookie = [("cookie", cookie.as_str())];
            let text = ask(&app, "GET", &format!("/office/s/{own}"), &cookie, "").await.text;
            for said in expected {
                assert!(text.contains(said), "{said} in {text}");
            }
            let (_, checks) = text.split_once("机器核对").unwrap();
            let (checks, _) = checks.split_once("</ul>").unwrap();
            for number in ["13812345678", "11010519491231002X", "6222021234567890128"] {
                assert!(!checks.contains(number), "{checks}");
            }
            let link = text.contains(&format!("/office/s/{theirs}"));
            assert_eq!(link, role == "reviewer");
            assert!(text.contains("另有一件收款人、金额、日期都相同"));
            assert_eq!(text.contains("（别的村）"), role == "supervisor");
        }
    });
}

#[test]
fn everyone_reads_the_inspections_figures_and_the_office_what_is_late() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    // Two months ago: late today, whatever day it is.
    let period = month::this_month(clock::today()).unwrap().later(-2);
    let words = Words::new(Lang::Zh).month(&period);
    wait(async {
        assert!(!page(&app, "/").await.contains("/figures"), "no month is over that had accounts");
        let id = submit_of(&office, &app, &hostile(), period).await;
        review::publish(&app, &[id], &office.reviewer).await.unwrap();
        assert!(page(&app, "/").await.contains("/figures"));
        let path = format!("/figures/{period}");
        let figures = page(&app, &path).await;
        let row = figures.split_once("新街村</b>").unwrap().1.split_once("</li>").unwrap().0;
        assert!(row.contains("没有结账 · 已逾期") && row.contains("其中 1 笔没有票据"), "{row}");
        let month = page(&app, &format!("/v/{}/{period}", village())).await;
        let spent = month.split_once("支出合计<b class=\"num\">").unwrap().1;
        let spent = spent.split_once('<').unwrap().0;
        assert!(row.contains(spent), "the month's own page says the same: {spent} {row}");
        assert!(
            page(&app, &format!("{path}?lang=en")).await.contains("How the villages disclosed")
        );
        for (path, status) in
            [("/figures", 200), ("/figures/2026-13", 400), ("/figures/1999-01", 404)]
        {
            assert_eq!(ask(&app, "GET", path, &[], "").await.status.as_u16(), status, "{path}");
        }
        for login in ["reviewer", "accountant"] {
            let (cookie, _) = sign_in(&app, login).await;
            let work = ask(&app, "GET", "/office", &[("cookie", &cookie)], "").await.text;
            assert!(work.contains(&format!("{words} · 1 个村")), "{login}: {work}");
        }
    });
    let who = &office.reviewer;
    let lacking = |rules: &Rules| app.db.read(|c| worklist::unsupervised(c, rules, who)).unwrap();
    assert_eq!(lacking(&Rules::shipped().unwrap()), ["新街村"], "nobody could sign what it sends");
    assert!(lacking(&app.rulebook.now().rules).is_empty(), "nobody has to");
}

#[test]
fn the_search_page_finds_lists_and_turns_pages() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    wait(async {
        for n in 0..21 {
            let (note, body) = signed(village(), &office.accountant, &content(n, &[]));
            intake::receive(&app, note, Some(body)).await.unwrap();
        }
        let id = submit(&office, &app, &hostile()).await;
        let (cookie, _) = sign_in(&app, "reviewer").await;
        let cookie = [("cookie", cookie.as_str())];
        let get = async |query: &str| {
            let path = format!("/office/search{query}");
            ask(&app, "GET", &path, &cookie, "").await
        };
        let rows = |answer: &Answer| answer.text.matches("/office/s/").count();
        assert_eq!(rows(&get("").await), 0);
        let first = get("?q=%E7%81%AF%E7%BB%B4").await; // 灯维
        assert_eq!(rows(&first), 20);
        assert!(first.text.contains("page=1") && first.text.contains("等审核"));
        let second = get("?q=%E7%81%AF%E7%BB%B4&village=&period=2026-05&page=1").await;
        assert_eq!(rows(&second), 1);
        assert!(second.text.contains("page=0") && !second.text.contains("page=2"));
        let found = get("?q=alert&lang=en").await;
        assert!(found.text.contains(&format!("/office/s/{id}?lang=en")), "{}", found.text);
        assert!(!found.text.contains("<script>alert"), "{}", found.text);
        let back = get("?q=%22%3E%3Cscript%3E").await;
        assert!(!back.text.contains("\"><script>"), "{}", back.text);
        assert!(get("?q=%E9%BE%98%E9%9D%90").await.text.contains("没有找到"));
        for wrong in ["?period=2026-13", "?village=1", "?q=a&village=%27"] {
            assert_eq!(get(wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
    });
}

#[test]
fn a_screen_is_enrolled_looked_at_and_taken_out_of_use_on_the_pages() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    let key = SigningKey::from_seed("kiosk/0123456789abcdef", [7; 32]).unwrap();
    let id = ledger::kiosk::id(&key.verifier()).to_string();
    wait(async {
        let (cookie, token) = sign_in(&app, "admin").await;
        let cookie = [("cookie", cookie.as_str())];
        let body = format!("{{\"vkey\":\"{}\",\"app\":\"0.1.0\"}}", key.verifier());
        let asked = ask(&app, "POST", "/api/kiosks", &[], &body).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
        let (_, code) = asked.text.split_once("\"code\":\"").unwrap();
        let form = format!("token={token}&code={}", &code[..8]);
        let found = ask(&app, "POST", "/office/kiosks/code", &cookie, &form).await;
        let confirm = format!("/office/kiosks/confirm?id={id}");
        assert_eq!(found.headers[header::LOCATION], confirm.as_str());
        let page = ask(&app, "GET", &confirm, &cookie, "").await.text;
        assert!(page.contains(&format!("{} {}", &id[..4], &id[4..8])), "check digits: {page}");

        let name = "%3Cscript%3E%22%27";
        let form = format!("token={token}&id={id}&name={name}&village={}", village());
        let hasty = ask(&app, "POST", "/office/kiosks/enrol", &cookie, &form).await;
        assert_eq!(hasty.status, StatusCode::UNPROCESSABLE_ENTITY, "digits were not compared");
        let form = format!("{form}&same=yes");
        let done = ask(&app, "POST", "/office/kiosks/enrol", &cookie, &form).await;
        assert_eq!(done.headers[header::LOCATION], "/office/kiosks?done=enrolled");

        let own = format!("/office/kiosks/{id}");
        for path in ["/office/kiosks", "/office/kiosks?lang=en", &own] {
            let page = ask(&app, "GET", path, &cookie, "").await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(!page.text.contains("<script>") && page.text.contains("script&"), "{path}");
        }
        let long_ago = clock::unix_now() - 100 * 3600;
        let quiet =
            app.db.write(move |c| Ok(c.execute("UPDATE kiosk SET enrolled = ?1", [long_ago])?));
        quiet.await.unwrap();
        for (login, seen) in [("assessor", true), ("admin", true), ("supervisor", false)] {
            let (cookie, _) = sign_in(&app, login).await;
            let work = ask(&app, "GET", "/office", &[("cookie", &cookie)], "").await.text;
            assert_eq!(work.contains("没有消息的屏"), seen, "{login}");
        }

        let report = format!("/api/kiosks/{id}/report");
        let malformed = ask(&app, "POST", &report, &[], "nothing").await;
        assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
        let huge = ask(&app, "POST", &report, &[], &"x".repeat(70_000)).await;
        assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
        let form = format!("token={token}");
        ask(&app, "POST", &format!("{own}/revoke"), &cookie, &form).await;
        let after = ask(&app, "POST", &report, &[], "nothing").await;
        assert_eq!(after.status, StatusCode::FORBIDDEN);
        assert!(after.text.contains("\"error\":\"revoked\""), "{}", after.text);
        let nobody = format!("/api/kiosks/{}", "0".repeat(64));
        assert_eq!(ask(&app, "GET", &nobody, &[], "").await.status, StatusCode::NOT_FOUND);
    });
}
