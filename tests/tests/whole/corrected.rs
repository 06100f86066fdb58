//! What an accountant does beside sending what is open: correcting what is published, and not disclosing what the law
//! protects.

use crate::fixture::{self, Copy};
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;
use mingbai_tests::server::Server;
use serde_json::json;

/// The one line of complaint of a command that is refused.
fn refused(accountant: &Accountant, args: &[&str]) -> String {
    let output = accountant.try_run(args).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn page(server: &Server, path: &str) -> String {
    String::from_utf8(server.get(path).unwrap()).unwrap()
}

#[test]
fn a_published_receipt_is_corrected_and_the_public_sees_the_new_one_beside_the_old() {
    let (copy, town) = (Copy::new(), fixture::town());
    let server = copy.serve();
    let accountant = copy.accountant();
    accountant.run(&["status", "--server", &server.url]).unwrap();
    let old = accountant.item("published").unwrap();
    let (id, index) = (old["id"].to_string(), old["index"].as_u64().unwrap());
    let was = ledger::money::Fen(old["amount"].as_i64().unwrap()).to_string();
    assert!(refused(&accountant, &["correct", &id, "--period", "2031-01"]).contains("月份"));

    accountant.run(&["correct", &id, "--amount", "4321.09"]).unwrap();
    let draft = accountant.item("draft").unwrap();
    assert_eq!((&draft["images"], &draft["payee"]), (&old["images"], &old["payee"]));
    let new = draft["id"].to_string();
    assert!(refused(&accountant, &["sign", &new]).contains("错在哪里"));
    accountant.run(&["edit", &new, "--source", "original"]).unwrap();
    // The photo is that of the old one, and nobody has to confirm that.
    accountant.run(&["sign", &new]).unwrap();
    accountant.run(&["push", "--server", &server.url]).unwrap();

    let office = town.office(&server, "reviewer").unwrap();
    let waiting = office.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    let review = office.page(&format!("/office/s/{}", waiting[0])).unwrap();
    assert!(review.contains("4,321.09") && review.contains(&was), "old and new side by side");
    office.publish(&waiting).unwrap();

    accountant.run(&["status", "--server", &server.url]).unwrap();
    let items = accountant.items().unwrap();
    let corrected = items.iter().find(|item| item["id"] == draft["id"]).unwrap();
    assert_eq!((&corrected["state"], &corrected["corrects"]), (&json!("published"), &json!(index)));
    let at = corrected["index"].as_u64().unwrap();
    let (before, after) =
        (page(&server, &format!("/r/{index}")), page(&server, &format!("/r/{at}")));
    assert!(
        before.contains("这一条已更正。") && before.contains(&format!("/r/{at}\"")),
        "{before}"
    );
    assert!(after.contains("4,321.09") && after.contains(&format!("/r/{index}\"")), "{after}");

    // The newest version is corrected, and it too is one of the first.
    assert!(refused(&accountant, &["correct", &id]).contains(&format!("第 {new} 号")));
    accountant.run(&["follow", "--server", &server.url, "--vkey", &town.vkey]).unwrap();
    accountant.run(&["correct", &new, "--source", "format"]).unwrap();
    assert_eq!(accountant.item("draft").unwrap()["corrects"], json!(index));
    let third = accountant.item("draft").unwrap()["id"].to_string();
    accountant.run(&["sign", &third]).unwrap();
}

#[test]
fn what_is_withheld_needs_the_laws_ground_and_reaches_the_office_with_it() {
    let (copy, town) = (Copy::new(), fixture::town());
    let server = copy.serve();
    let accountant = copy.accountant();
    let photo = copy.another_photo(21);
    let mut args = vec!["add", programs::text(&photo), "--no-text", "--period", "2026-06"];
    args.extend(["--amount", "66", "--date", "2026-06-09", "--purpose", "慰问困难户"]);
    args.extend(["--payee", "李某", "--category", "其他支出", "--openness", "withheld"]);
    accountant.run(&args).unwrap();
    let draft = accountant.item("draft").unwrap();
    let id = draft["id"].to_string();
    assert_eq!(draft["missing"], json!(["ground"]));
    let why = refused(&accountant, &["sign", &id, "--anyway"]);
    assert!(why.contains("政府信息公开条例"), "{why}");
    accountant.run(&["edit", &id, "--ground", "privacy"]).unwrap();
    accountant.run(&["sign", &id, "--anyway"]).unwrap();
    accountant.run(&["push", "--server", &server.url]).unwrap();
    let office = town.office(&server, "reviewer").unwrap();
    let waiting = office.waiting().unwrap();
    let review = office.page(&format!("/office/s/{}", waiting[0])).unwrap();
    assert!(review.contains("不予公开（个人隐私）"), "{review}");
    let openness = json!({"attribute": "withheld", "ground": "privacy"});
    let sent =
        accountant.items().unwrap().into_iter().find(|item| item["id"] == draft["id"]).unwrap();
    assert_eq!((&sent["state"], &sent["openness"]), (&json!("received"), &openness));
}
