//! A kiosk's life with the office: enrolled by its code, seen in the list, taken out of use.

use ledger::kiosk::Report;
use mingbai_tests::bench::Bench;
use mingbai_tests::kiosk::Kiosk;
use mingbai_tests::{programs, town};

#[test]
fn a_kiosk_is_enrolled_reports_and_is_taken_out_of_use() {
    let mut bench = Bench::found().unwrap();
    bench.server.kill().unwrap();
    let town = &bench.town;
    let data = town.server_data();
    town::add_staff(programs::text(&data), "admin", "admin", "钱站长", &town.password).unwrap();
    let server = town.serve().unwrap();
    let office = town.office(&server, "admin").unwrap();

    let kiosk = Kiosk::start(&server.url).unwrap();
    assert_eq!(kiosk.standing().unwrap().0, 404);
    let (status, asked) = kiosk.ask().unwrap();
    assert_eq!((status, asked["state"].as_str()), (200, Some("waiting")), "{asked}");
    let code = asked["code"].as_str().unwrap();
    let report = report(&server.get("/checkpoint").unwrap());
    assert_eq!(kiosk.report(&report).unwrap().0, 404, "not enrolled yet");

    let list = "/office/kiosks";
    let form = [("code", code)];
    let confirm = office.submit(list, "/office/kiosks/code", &form).unwrap();
    let id = kiosk.id();
    assert!(confirm.contains(&format!("{} {}", &id[..4], &id[4..8])), "{confirm}");
    let form =
        [("id", id.as_str()), ("same", "yes"), ("name", "文化广场"), ("village", "341181107201")];
    let page = office.submit(list, "/office/kiosks/enrol", &form).unwrap();
    assert!(page.contains("文化广场") && page.contains("等第一次消息"), "{page}");

    assert_eq!(kiosk.standing().unwrap().1["name"], "文化广场");
    let (status, answer) = kiosk.report(&report).unwrap();
    assert_eq!((status, answer["village"].as_str()), (200, Some("341181107201")), "{answer}");
    let (status, answer) = kiosk.report(&report).unwrap();
    assert!(matches!(status, 409 | 429), "{status} {answer}");
    let page = office.page(list).unwrap();
    for said in ["刚刚", "bulletin/7", "最新", "50% 空闲", "正常"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let own = format!("{list}/{id}");
    assert!(office.page(&own).unwrap().contains("最近 60 天里有 1 天有消息"));

    office.submit(&own, &format!("{own}/revoke"), &[]).unwrap();
    let (status, answer) = kiosk.report(&report).unwrap();
    assert_eq!((status, answer["error"].as_str()), (403, Some("revoked")), "{answer}");
    assert!(office.page("/office/record").unwrap().contains("停用公开屏"));
}

/// How a kiosk is that holds this checkpoint.
fn report(checkpoint: &[u8]) -> Report {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Report {
        number: 1,
        time: now.parse().unwrap(),
        app: "0.1.0".parse().unwrap(),
        screen: "bulletin/7".parse().unwrap(),
        free: 8 << 30,
        total: 16 << 30,
        offset: None,
        checkpoint: Some(String::from_utf8(checkpoint.to_vec()).unwrap()),
        shown: Vec::new(),
        synced: None,
        error: None,
    }
}
