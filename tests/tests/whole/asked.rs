//! A question's whole way: asked at a kiosk without a network, sent once there is one, answered late by the village, asked
//! on, answered by the township, read on a phone with slip and PIN. And a crowd with spam among it.

use crate::fixture::{self, Copy};
use crate::person::Person;
use crate::window::{Window, is_something};
use fantoccini::Locator;
use ledger::question::{AskId, Asking};
use mingbai_tests::browser::Browser;
use mingbai_tests::office::Office;
use mingbai_tests::server::Server;
use mingbai_tests::{Result, programs, town};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a finger touches a high window: the door on the home page, the first village, the first topic, keys, a word, the button.
const DOOR: (u32, u32) = (280, 1427);
const VILLAGE: (u32, u32) = (540, 222);
const TOPIC: (u32, u32) = (270, 235);
const LETTERS: ((u32, u32), (u32, u32), u32) = ((88, 1212), (113, 112), 9);
const WORD: (u32, u32) = (90, 1112);
const SEND: (u32, u32) = (934, 222);

/// Asks 路灯 at the kiosk, whose server is gone; answers what it keeps for the office.
fn ask_at_the_kiosk(window: &Window, data: &Path) -> Asking {
    window.display.tap(DOOR.0, DOOR.1);
    window.shows("/ask");
    for place in [VILLAGE, TOPIC] {
        let before = window.display.pixels();
        window.display.tap(place.0, place.1);
        window.wait("next step", |now| *now != before);
    }
    for letter in "ludeng".chars() {
        let (first, step, across) = LETTERS;
        let place = letter as u32 - 'a' as u32;
        window.display.tap(first.0 + place % across * step.0, first.1 + place / across * step.1);
    }
    window.wait("words on offer", |now| is_something(now, WORD));
    window.display.tap(WORD.0, WORD.1);
    window.wait("button to send", |now| is_something(now, SEND));
    window.display.tap(SEND.0, SEND.1);
    let drawer = Connection::open(data.join("fleet.db")).unwrap();
    window.wait("slip", |_| {
        drawer.query_row("SELECT count(*) FROM asking", [], |row| row.get::<_, u64>(0)).unwrap()
            == 1
    });
    let body: String = drawer.query_row("SELECT body FROM asking", [], |row| row.get(0)).unwrap();
    let asking: Asking = serde_json::from_str(&body).unwrap();
    window.shows(&format!("/slip/{}", asking.id.slip()));
    asking
}

/// As if what waits had come so many days ago.
fn days_ago(server: &Path, days: i64) {
    let then = jiff::Zoned::now().date().saturating_sub(jiff::Span::new().days(days));
    let office = Connection::open(server.join("mingbai.db")).unwrap();
    office.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let sql = "UPDATE question SET asked = ?1 WHERE state = 'waiting'";
    assert!(office.execute(sql, [then.to_string()]).unwrap() > 0);
}

async fn register(person: &Person<'_>) -> Result<()> {
    person.sign_in("reviewer").await?;
    person.goto("/office/questions").await?;
    // What it goes on from is a link, and the page is there.
    let about = person.browser.client.find_all(Locator::Css(".talk a")).await?;
    if let Some(link) = about.first() {
        link.click().await?;
        person.see("main .talk").await?;
        person.goto("/office/questions").await?;
    }
    person.press("input[name=seq]").await?;
    person.press("button[name=how][value=show]").await?;
    person.see(".note.ok[role=status]").await
}

async fn answer(person: &Person<'_>, login: &str, text: &str) -> Result<()> {
    person.sign_in(login).await?;
    person.goto("/office/questions").await?;
    person.press("ul.rows a.row[href*='/office/questions/']").await?;
    person.fill("textarea[name=text]", text).await?;
    person.press("form[action*='/answer'] button").await?;
    person.see(".note.ok[role=status]").await
}

async fn follow(person: &Person<'_>, asking: &Asking) -> Result<String> {
    person.browser.client.delete_all_cookies().await?;
    person.goto(&format!("/slip/{}", asking.id.slip())).await?;
    person.fill("input[name=pin]", asking.pin.as_str()).await?;
    person.press("main form button").await?;
    person.see(".talk").await?;
    person.text().await
}

async fn ask_on(person: &Person<'_>, asking: &Asking, text: &str) -> Result<()> {
    follow(person, asking).await?;
    person.fill("textarea[name=text]", text).await?;
    let here = person.browser.client.current_url().await?;
    person.press("form[action*='/slip/on'] button").await?;
    person.leaves(here.as_str()).await?;
    person.see(".talk + .talk").await
}

fn accounts(copy: &Copy, village: &str) {
    let data = copy.server_data();
    let data = programs::text(&data);
    town::add_staff(data, "admin", "admin", "吴芳", fixture::PASSWORD).unwrap();
    let server = copy.serve();
    let office = Office::login(&server.url, "admin", fixture::PASSWORD).unwrap();
    for (role, login, name) in
        [("accountant", "kuaiji", "李会计"), ("supervisor", "jiandu", "孙监督")]
    {
        let form = [
            ("role", role),
            ("login", login),
            ("name", name),
            ("village", village),
            ("password", fixture::PASSWORD),
        ];
        office.submit("/office/people", "/office/people/add", &form).unwrap();
    }
}

#[test]
fn a_doubt_at_a_kiosk_without_a_network_is_answered_late_asked_on_and_read_on_a_phone() {
    let copy = Copy::new();
    let village = fixture::town().sample.villages[0].code.clone();
    accounts(&copy, &village);
    let gone = copy.serve();
    copy.sync(&gone.url).unwrap();
    let asking = {
        let window = Window::open(&copy, &gone, "1080x1920");
        // The plug of the office, while the kiosk stands there.
        let killed = Command::new("kill").args(["-9", &gone.id().to_string()]).status().unwrap();
        assert!(killed.success());
        ask_at_the_kiosk(&window, &copy.kiosk_data())
    };
    drop(gone);
    let server = copy.serve();
    let kiosk = copy.kiosk_data();
    let vkey = &fixture::town().vkey;
    for _ in 0..2 {
        let place = ["--data", programs::text(&kiosk), "--server", &server.url, "--vkey", vkey];
        programs::run("mingbai-kiosk", &[&["report"][..], &place].concat()).unwrap();
    }
    let office = Connection::open(copy.server_data().join("mingbai.db")).unwrap();
    let kept: u64 =
        office.query_row("SELECT count(*) FROM question", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "sent twice, kept once");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(the_offices_way(&copy, &server, &asking)).unwrap();
    // The kiosk shows under nothing what was asked about nothing; all of it stands in the log that it verifies.
    copy.sync(&server.url).unwrap();
}

async fn the_offices_way(copy: &Copy, server: &Server, asking: &Asking) -> Result<()> {
    let browser = Browser::open(390, 844, true).await?;
    let person = Person { browser: &browser, url: &server.url };
    assert!(follow(&person, asking).await?.contains("还没有登记"));
    days_ago(&copy.server_data(), 8);
    register(&person).await?;
    person.goto("/q").await?;
    assert!(person.text().await?.contains("逾期未答复"), "{}", person.text().await?);
    answer(&person, "kuaiji", "修了两处。").await?;
    let read = follow(&person, asking).await?;
    assert!(read.contains("修了两处。") && read.contains("超过期限才答复"), "{read}");
    ask_on(&person, asking, "还有一处不亮").await?;
    register(&person).await?;
    answer(&person, "jiandu", "查过票据，属实。").await?;
    ask_on(&person, asking, "请镇里来看").await?;
    register(&person).await?;
    answer(&person, "reviewer", "镇里看过，已经修好。").await?;
    let read = follow(&person, asking).await?;
    for said in ["修了两处。", "查过票据，属实。", "镇里看过，已经修好。", "按期答复"]
    {
        assert!(read.contains(said), "{said}: {read}");
    }
    assert!(!read.contains("不满意，再问"), "nobody is above the township");
    browser.close().await
}

#[test]
fn five_hundred_ask_in_a_minute_and_the_office_still_sees_what_is_asked() {
    let copy = Copy::new();
    let mut command = programs::command("mingbai-server").unwrap();
    let data = copy.server_data();
    command.args(["serve", "--data", programs::text(&data), "--listen", "127.0.0.1:0"]);
    command.arg("--behind-proxy");
    let server = Server::spawn(command, &data).unwrap();
    let village = &fixture::town().sample.villages[0].code;
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= 500 {
                        break;
                    }
                    // Each twice, as a phone does whose line is bad.
                    for _ in 0..2 {
                        assert_eq!(send(&server, village, n), 202);
                    }
                }
            });
        }
    });
    let office = Connection::open(data.join("mingbai.db")).unwrap();
    let kept: u64 =
        office.query_row("SELECT count(*) FROM question", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 500);
    // One address that goes on and on is told to wait.
    let statuses: BTreeSet<u16> =
        (0..60).map(|n| send_from(&server, village, 1000 + n, "10.9.9.9")).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    let reviewer = fixture::town().office(&server, "reviewer").unwrap();
    let page = reviewer.page("/office/questions").unwrap();
    let (asked, suspects) = page.split_once("<details>").unwrap();
    assert!(asked.contains("问题") && !asked.contains("贷款"), "{asked}");
    assert!(suspects.contains("像是广告") && suspects.contains("同样的话来了很多遍"));
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

/// Every fifth is advertising, every seventh the same words again.
fn text(n: usize) -> String {
    match n {
        n if n % 5 == 0 => format!("低息贷款 加微信 dk{n}"),
        n if n % 7 == 0 => "退钱".repeat(2),
        n => format!("第{n}个问题：十月的路灯为什么修了{n}次？"),
    }
}

fn send(server: &Server, village: &str, n: usize) -> u16 {
    send_from(server, village, n, &format!("10.1.{}.{}", n / 250, n % 250 + 1))
}

fn send_from(server: &Server, village: &str, n: usize, from: &str) -> u16 {
    let mut id = [7; 16];
    id[..8].copy_from_slice(&(n as u64).to_be_bytes());
    let asking = serde_json::json!({
        "id": AskId(id), "pin": "1234", "village": village, "topic": "other",
        "text": text(n), "channel": "phone",
    });
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.post(format!("{}/api/questions", server.url));
    let request =
        request.header("x-forwarded-for", from).header("content-type", "application/json");
    request.send(asking.to_string()).unwrap().status().as_u16()
}
