//! The WeChat account through the real router, in the clear and sealed.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::wechat::{Seal, signature};

const TOKEN: &str = "QDG6eK";
const APP_ID: &str = "wx5823bf96d3bd56c7";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const PATH: &str = "/wechat/callback";

/// An office with an account and one published receipt of May 2026; `rest` ends its settings.
fn office(rest: &str) -> (Office, Arc<App>) {
    let office = Office::new();
    let file = office.data().wechat();
    let text = format!(
        "app_id = \"{APP_ID}\"\napp_secret = \"0123456789abcdef\"\ntoken = \"{TOKEN}\"\n\
         public_url = \"https://mingbai.example\"\n{rest}"
    );
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let app = office.open();
    let id = office.submit(&app, 23, |_| ());
    wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
    (office, app)
}

fn sealed_office() -> (Office, Arc<App>) {
    office(&format!("aes_key = \"{KEY}\"\n"))
}

/// The query that WeChat adds at this second.
fn query(at: i64) -> String {
    let (time, nonce) = (at.to_string(), "370631640");
    let signature = signature::callback(&[TOKEN, &time, nonce]);
    format!("signature={signature}&timestamp={time}&nonce={nonce}")
}

fn message(id: u64, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oPerson_1]]></FromUserName>\
         <CreateTime>{id}</CreateTime>{rest}</xml>"
    )
}

fn text(id: u64, words: &str) -> String {
    let rest = format!(
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{id}</MsgId>"
    );
    message(id, &rest)
}

fn event(id: u64, name: &str, key: &str) -> String {
    message(id, &format!("<MsgType>event</MsgType><Event>{name}</Event><EventKey>{key}</EventKey>"))
}

/// Posts a message in the clear.
fn post(app: &Arc<App>, body: &str) -> Answer {
    wait(ask(app, "POST", &format!("{PATH}?{}", query(clock::unix_now())), &[], body))
}

/// What is said in an answer.
fn said(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (_, rest) = answer.text.split_once("<Content><![CDATA[").unwrap();
    assert!(answer.text.contains("<ToUserName><![CDATA[oPerson_1]]>"), "{}", answer.text);
    rest.split("]]>").next().unwrap().to_owned()
}

#[test]
fn without_an_account_all_of_it_is_absent() {
    let office = Office::new();
    let app = office.open();
    for path in [
        format!("{PATH}?{}", query(clock::unix_now())),
        "/wechat/config?url=x".into(),
        "/wechat/share.js".into(),
    ] {
        assert_eq!(wait(ask(&app, "GET", &path, &[], "")).status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(post(&app, &text(1, "公告")).status, StatusCode::NOT_FOUND);
}

#[test]
fn only_wechat_is_answered_and_only_within_minutes() {
    let (_office, app) = office("");
    let now = clock::unix_now();
    let get =
        |query: &str| wait(ask(&app, "GET", &format!("{PATH}?{query}&echostr=5837"), &[], ""));
    let good = get(&query(now));
    assert_eq!((good.status, good.text.as_str()), (StatusCode::OK, "5837"));
    let forged = query(now).replace("nonce=37", "nonce=38");
    for bad in
        [forged.as_str(), "", "signature=&timestamp=&nonce=", &query(now - 400), &query(now + 400)]
    {
        assert_eq!(get(bad).status, StatusCode::FORBIDDEN, "{bad}");
        let answer = wait(ask(&app, "POST", &format!("{PATH}?{bad}"), &[], &text(1, "公告")));
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{bad}");
    }
    assert_eq!(post(&app, "<xml>").status, StatusCode::BAD_REQUEST);
    assert_eq!(post(&app, &text(1, &"长".repeat(20_000))).status, StatusCode::PAYLOAD_TOO_LARGE);
    let claimed = format!("{PATH}?{}&encrypt_type=aes", query(now));
    assert_eq!(wait(ask(&app, "POST", &claimed, &[], &text(1, "a"))).status, StatusCode::FORBIDDEN);
}

#[test]
fn people_are_answered_with_what_is_published_and_where_it_stands() {
    let (_office, app) = office("");
    let month = "新街村 2026年5月：支出 1.23 元，收入 0.00 元，共 1 笔。\nhttps://mingbai.example/v/341181107201/2026-05";
    assert_eq!(said(&post(&app, &text(1, "新街村 2026年5月"))), month);
    assert_eq!(said(&post(&app, &text(2, "小发票 新街"))), month);
    assert_eq!(said(&post(&app, &event(3, "SCAN", "341181107201"))), month);
    let welcome = said(&post(&app, &event(4, "subscribe", "qrscene_341181107201")));
    assert!(welcome.contains("新街镇的明白账") && welcome.ends_with(month), "{welcome}");
    let plain = said(&post(&app, &event(5, "subscribe", "")));
    assert_eq!(plain.lines().count(), 3, "{plain}");
    let silent = said(&post(&app, &text(6, "新街村 2026年4月")));
    assert!(
        silent.starts_with("新街村 2026年4月：还没有公布。") && silent.ends_with(month),
        "{silent}"
    );
    for (id, words, part) in [
        (7, "2026年5月", "新街村 2026年5月：支出 1.23 元"),
        (
            8,
            "4",
            "第 4 号 2026年5月12日，新街村支出 1.23 元，用于路灯维修，付给五金店。\nhttps://mingbai.example/r/4",
        ),
        (9, "99", "没有第 99 号"),
        (10, "公告", "https://mingbai.example/b"),
        (11, "核验", "公开登记册现有 5 条记录"),
        (12, "意见", "https://mingbai.example/ask"),
        (13, "今天天气", "没看懂这句话。\n您可以这样写：\n新街村"),
        (14, "小发票", "新街村 https://mingbai.example/v/341181107201"),
        (15, "help", "You can write:"),
    ] {
        let answer = said(&post(&app, &text(id, words)));
        assert!(answer.contains(part), "{words}: {answer}");
        assert!(answer.len() < 2_048);
    }
    let clicked = said(&post(&app, &event(16, "CLICK", "核验")));
    assert!(clicked.contains("公开登记册"), "{clicked}");
    for quiet in [
        event(17, "VIEW", "https://x"),
        event(18, "unsubscribe", ""),
        message(19, "<MsgType>image</MsgType>"),
    ] {
        assert_eq!(post(&app, &quiet).text, "success");
    }
}

#[test]
fn a_message_that_comes_again_is_answered_as_before() {
    let (office, app) = office("");
    let first = post(&app, &text(1, "小发票 新街村"));
    let id = office.submit(&app, 24, |_| ());
    wait(review::publish(&app, &[id], &office.reviewer)).unwrap();
    let again = post(&app, &text(1, "小发票 新街村"));
    assert_eq!(again.text, first.text);
    let next = said(&post(&app, &text(2, "小发票 新街村")));
    assert!(next.contains("共 2 笔"), "{next}");
}

#[test]
fn in_safe_mode_messages_are_sealed_both_ways_and_nothing_else_is_taken() {
    let (_office, app) = sealed_office();
    let seal = Seal::new(KEY, APP_ID).unwrap();
    let (now, plain) = (clock::unix_now(), text(1, "新街村 2026年5月"));
    let send = |sealed: &str, signed: &str| {
        let (time, nonce) = (now.to_string(), "370631640");
        let signature = signature::callback(&[TOKEN, &time, nonce, signed]);
        let path = format!("{PATH}?{}&encrypt_type=aes&msg_signature={signature}", query(now));
        let body = format!("<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>");
        wait(ask(&app, "POST", &path, &[], &body))
    };
    let sealed = seal.close(&plain, [1; 16]);
    let answer = send(&sealed, &sealed);
    let field = |name: &str| {
        let (_, rest) = answer.text.split_once(&format!("<{name}>")).unwrap();
        let rest = rest.split(&format!("</{name}>")).next().unwrap();
        rest.trim_start_matches("<![CDATA[").trim_end_matches("]]>").to_owned()
    };
    let (came, time, nonce) = (field("Encrypt"), field("TimeStamp"), field("Nonce"));
    assert_eq!(field("MsgSignature"), signature::callback(&[TOKEN, &time, &nonce, &came]));
    let opened = seal.open(&came).unwrap();
    assert!(opened.contains("新街村 2026年5月：支出 1.23 元"), "{opened}");
    assert!(!answer.text.contains("oPerson_1"));

    let other = Seal::new(KEY, "wx0000000000000000").unwrap().close(&plain, [1; 16]);
    for (sealed, signed) in [(sealed.as_str(), "x"), ("x", "x"), (&other, &other)] {
        assert_eq!(send(sealed, signed).status, StatusCode::FORBIDDEN);
    }
    assert_eq!(post(&app, &plain).status, StatusCode::FORBIDDEN, "in the clear");
}

#[test]
fn nobody_is_remembered_but_who_asked_to_be_told() {
    let notice = "[notice]\ntemplate = \"T\"\nslip = \"character_string1\"\n";
    let (_office, app) = office(notice);
    let kept = || {
        app.db
            .read(|c| {
                Ok(c.query_row("SELECT count(*) FROM wechat_notice", [], |row| {
                    row.get::<_, u32>(0)
                })?)
            })
            .unwrap()
    };
    post(&app, &text(1, "新街村"));
    post(&app, &event(2, "SCAN", "341181107201"));
    assert_eq!(kept(), 0);
    let told = said(&post(&app, &text(3, "提醒 a1b2-c3")));
    assert!(told.contains("回执 A1B2-C3"), "{told}");
    assert_eq!(kept(), 1);
    post(&app, &event(4, "unsubscribe", ""));
    assert_eq!(kept(), 0);
}
