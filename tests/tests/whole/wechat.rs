//! The township's WeChat account: the real server and its commands, with a stand-in where WeChat is.

use crate::fixture::{PASSWORD, files};
use ledger::content::{Content, Direction, Openness, ReceiptContent, Salt};
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::note::compose;
use ledger::statement::Statement;
use mingbai_tests::office::Office;
use mingbai_tests::server::Server;
use mingbai_tests::wechat::{self, APP_ID, APP_SECRET, Caller, TOKEN, WeChat};
use mingbai_tests::{programs, town};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

const VILLAGE: &str = "341181107201";
const BASE: &str = "https://mingbai.example";
const PERSON: &str = "oPerson-who_wrote28chars0001";
/// How long something may take that the server does by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A township with two villages and an account, whose interface is the stand-in.
struct Township {
    folder: tempfile::TempDir,
    wechat: WeChat,
    key: SigningKey,
}

impl Township {
    fn found(sealed: bool) -> Township {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_seed(&format!("{VILLAGE}/accountant"), [7; 32]).unwrap();
        let township = Township { folder, wechat: WeChat::start().unwrap(), key };
        let data = township.data();
        let data = programs::text(&data);
        let run = |args: &[&str]| programs::run("mingbai-server", args).unwrap();
        run(&[
            "init",
            "--data",
            data,
            "--name",
            "新街镇",
            "--origin",
            town::ORIGIN,
            "--township",
            "341181107000",
        ]);
        run(&["village", "add", "--data", data, "341181107201=新街村", "341181107202=合心村"]);
        let vkey = township.key.verifier().to_string();
        let who = ["--village", VILLAGE, "--name", "王建国", "--vkey", &vkey];
        run(&[&["user", "add", "--data", data, "--role", "accountant"][..], &who].concat());
        town::add_staff(data, "reviewer", "reviewer", "赵国平", PASSWORD).unwrap();
        let rules = township.folder.path().join("rules.toml");
        std::fs::write(&rules, town::simple_rules()).unwrap();
        run(&["rules", "--data", data, "import", programs::text(&rules)]);
        township.settle(sealed, APP_SECRET);
        township
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// Writes the account's settings.
    fn settle(&self, sealed: bool, secret: &str) {
        let seal = format!("aes_key = \"{}\"\n", Caller::aes_key().unwrap());
        let text = format!(
            "app_id = \"{APP_ID}\"\napp_secret = \"{secret}\"\ntoken = \"{TOKEN}\"\npublic_url = \"{BASE}\"\n\
             api_base = \"{}\"\njssdk = true\n{}[notice]\ntemplate = \"{}\"\nslip = \"character_string1\"\n\
             place = \"thing2\"\n",
            self.wechat.url,
            if sealed { seal.as_str() } else { "" },
            wechat::TEMPLATE,
        );
        let file = self.data().join("wechat.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn serve(&self) -> Server {
        Server::start(&self.data(), "127.0.0.1:0", None).unwrap()
    }

    /// Sends a receipt of October 2026, and lets the office publish it.
    fn publish(&self, server: &Server, fen: i64) {
        let content = ReceiptContent {
            salt: Salt([u8::try_from(fen % 251).unwrap(); 16]),
            direction: Direction::Out,
            amount: Fen(fen),
            date: "2026-10-12".parse().unwrap(),
            purpose: "路灯维修".into(),
            payee: "五金店".into(),
            category: "维修费".into(),
            handler: String::new(),
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
        };
        let (body, content) = content.to_bytes();
        let statement = Statement::Receipt {
            village: VILLAGE.parse().unwrap(),
            period: "2026-10".parse().unwrap(),
            time: "2026-11-03T09:12:00+08:00".parse().unwrap(),
            content,
        };
        let text = statement.to_text();
        let note = compose(&text, &[self.key.sign(&text)]);
        let sent =
            serde_json::json!({ "statement": note, "content": String::from_utf8(body).unwrap() });
        ureq::post(format!("{}/api/submissions", server.url)).send(sent.to_string()).unwrap();
        let office = Office::login(&server.url, "reviewer", PASSWORD).unwrap();
        assert_eq!(office.publish_all(|_| ()).unwrap(), 1);
    }

    /// `mingbai-server wechat …`.
    fn command(&self, args: &[&str]) -> Output {
        let data = self.data();
        let all = [&["wechat"][..], args, &["--data", programs::text(&data)]].concat();
        let output = programs::output("mingbai-server", &all).unwrap();
        let told = [&output.stdout[..], &output.stderr].concat();
        assert!(!String::from_utf8_lossy(&told).contains(APP_SECRET), "a secret was printed");
        output
    }

    /// What the command complained of.
    fn complaint(&self, args: &[&str]) -> String {
        let output = self.command(args);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }

    fn wishes(&self) -> u32 {
        let database = rusqlite::Connection::open(self.data().join("mingbai.db")).unwrap();
        database.query_row("SELECT count(*) FROM wechat_notice", [], |row| row.get(0)).unwrap()
    }
}

/// `GET path`, whatever the status is.
fn get(server: &Server, path: &str) -> (u16, String) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.get(format!("{}{path}", server.url)).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn the_menu_and_every_villages_code_are_made_while_the_server_runs() {
    let township = Township::found(true);
    let _server = township.serve();
    assert!(township.command(&["check"]).status.success());
    assert!(township.command(&["menu"]).status.success());
    let menu = township.wechat.state().menu.clone().unwrap();
    let villages = &menu["button"][0]["sub_button"];
    assert_eq!((&villages[0]["name"], &villages[1]["name"]), (&"新街村".into(), &"合心村".into()));
    assert_eq!(villages[0]["url"], format!("{BASE}/v/{VILLAGE}"));

    let out = township.folder.path().join("codes");
    assert!(township.command(&["codes", "--out", programs::text(&out)]).status.success());
    for code in [VILLAGE, "341181107202"] {
        let picture = std::fs::read(out.join(format!("{code}.jpg"))).unwrap();
        assert!(
            picture.ends_with(format!("code of {code}").as_bytes()),
            "the scene is in the code"
        );
    }

    township.wechat.state().busy = 2;
    assert!(township.command(&["menu"]).status.success(), "asked again while WeChat is busy");
    township.wechat.state().listed = false;
    assert!(township.complaint(&["menu"]).contains("203.0.113.9"), "the address to be listed");
    township.wechat.state().listed = true;
    township.settle(true, "ffffffffffffffffffffffffffffffff");
    assert!(township.complaint(&["check"]).contains("app_secret"));
    std::fs::set_permissions(
        township.data().join("wechat.toml"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    assert!(township.complaint(&["check", "--offline"]).contains("chmod 600"));
    std::fs::remove_file(township.data().join("wechat.toml")).unwrap();
    assert!(township.complaint(&["menu"]).contains("wechat.toml"));
}

fn people_are_answered(sealed: bool) {
    let township = Township::found(sealed);
    let server = township.serve();
    township.publish(&server, 28_592);
    let caller = Caller::to(&server.url, sealed);
    assert_eq!(caller.greet(TOKEN).unwrap(), (200, "583749".into()));
    assert_eq!(caller.greet("another").unwrap().0, 403);

    let month = format!(
        "新街村 2026年10月：支出 285.92 元，收入 0.00 元，共 1 笔。\n{BASE}/v/{VILLAGE}/2026-10"
    );
    let written = |id: u64, words: &str| {
        let (status, answer) = caller.write(PERSON, id, words).unwrap();
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let first = written(1, "新街村 2026年10月");
    assert_eq!(wechat::said(&first).unwrap(), month);
    assert!(first.contains(&format!("<ToUserName><![CDATA[{PERSON}]]>")));
    let (_, scanned) = caller.event(PERSON, 2, "SCAN", VILLAGE).unwrap();
    assert_eq!(wechat::said(&scanned).unwrap(), month);
    let (_, welcome) = caller.event(PERSON, 3, "subscribe", &format!("qrscene_{VILLAGE}")).unwrap();
    assert!(wechat::said(&welcome).unwrap().ends_with(&month), "{welcome}");
    assert_eq!(caller.event(PERSON, 4, "LOCATION", "").unwrap(), (200, "success".into()));

    township.publish(&server, 10_000);
    assert_eq!(written(1, "新街村 2026年10月"), first, "the same message again");
    assert!(written(5, "小发票 新街").contains("共 2 笔"));

    let words = wechat::message(PERSON, 9, "<MsgType>text</MsgType><Content>公告</Content>");
    let now = wechat::now().unwrap();
    assert_eq!(caller.send(&words, now - 1_000).unwrap().0, 403, "sent again much later");
    let other = Caller::to(&server.url, !sealed);
    assert_eq!(other.send(&words, now).unwrap().0, 403, "in the mode that the account is not in");

    drop(server);
    for file in files(&township.data()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(PERSON.len()).any(|part| part == PERSON.as_bytes());
        assert!(!found, "{} remembers who wrote", file.display());
    }
}

#[test]
fn people_are_answered_in_the_clear() {
    people_are_answered(false);
}

#[test]
fn people_are_answered_in_safe_mode() {
    people_are_answered(true);
}

#[test]
fn pages_are_signed_with_one_ticket_and_a_token_that_ended_is_replaced() {
    let township = Township::found(true);
    let (server, wechat) = (township.serve(), &township.wechat);
    let config = |page: &str| get(&server, &format!("/wechat/config?url={page}"));
    let page = "https%3A%2F%2Fmingbai.example%2Fr%2F4%3Flang%3Den%23top";
    for _ in 0..3 {
        let (status, text) = config(page);
        assert_eq!(status, 200, "{text}");
        let said: Value = serde_json::from_str(&text).unwrap();
        let signed = format!(
            "jsapi_ticket={}&noncestr={}&timestamp={}&url={BASE}/r/4?lang=en",
            wechat.state().ticket,
            said["nonceStr"].as_str().unwrap(),
            said["timestamp"]
        );
        assert_eq!(said["signature"], wechat::sha1(&signed).unwrap());
        assert_eq!(said["appId"], APP_ID);
    }
    let asked = |path: &str| wechat.calls(path);
    assert_eq!((asked("/cgi-bin/stable_token"), asked("/cgi-bin/ticket/getticket")), (1, 1));
    assert_eq!(config("https%3A%2F%2Fevil.test%2F").0, 422);
    assert_eq!(config("").0, 422);
    let (status, script) = get(&server, "/wechat/share.js");
    assert!(status == 200 && script.contains("MicroMessenger"));
    drop(server);

    // Tickets that end at once: each page asks for another, with the token that is held.
    wechat.state().ticket_lasts = 1;
    let server = township.serve();
    let config = || get(&server, &format!("/wechat/config?url={page}")).0;
    assert_eq!((config(), config()), (200, 200));
    let tokens = asked("/cgi-bin/stable_token");
    wechat.expire_token();
    assert_eq!((config(), config()), (200, 200), "the token ended");
    assert_eq!(asked("/cgi-bin/stable_token"), tokens + 1, "one other token");

    wechat.state().listed = false;
    assert_eq!(config(), 422);
    let tickets = asked("/cgi-bin/ticket/getticket");
    assert_eq!((config(), config()), (422, 422));
    assert_eq!(
        asked("/cgi-bin/ticket/getticket"),
        tickets,
        "a refusal is not asked for again at once"
    );
}

#[test]
fn whoever_asked_is_told_once_and_then_forgotten() {
    let township = Township::found(true);
    let server = township.serve();
    let caller = Caller::to(&server.url, true);
    for (id, person) in [(1, PERSON), (2, "oAnother")] {
        let (_, answer) = caller.write(person, id, "提醒 A1B2C3").unwrap();
        assert!(answer.contains("回执 A1B2C3"), "{answer}");
    }
    assert_eq!(township.wishes(), 2);
    drop(server);

    // The question is answered while WeChat cannot be reached: the next start tells them.
    let database = rusqlite::Connection::open(township.data().join("mingbai.db")).unwrap();
    let answered =
        "UPDATE wechat_notice SET place = '新街村', day = '2026年10月2日', path = '/ask/a1b2c3'";
    database.execute(answered, []).unwrap();
    drop(database);
    township.wechat.state().subscribed.insert(PERSON.into());
    let _server = township.serve();
    let end = Instant::now() + PATIENCE;
    while township.wishes() > 0 {
        assert!(Instant::now() < end, "nobody was told");
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = township.wechat.state().sent.clone();
    assert_eq!(sent.len(), 1, "who did not subscribe cannot be told");
    assert_eq!(sent[0]["touser"], PERSON);
    assert_eq!(sent[0]["page"], format!("{BASE}/ask/a1b2c3"));
    assert_eq!(sent[0]["data"]["character_string1"]["value"], "A1B2C3");
    assert_eq!(sent[0]["data"]["thing2"]["value"], "新街村");
}
