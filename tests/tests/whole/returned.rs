//! What the office does not publish.

use crate::fixture::{self, Copy};
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;

/// An accountant with one more signed and sent receipt, made from a photo of the sample with other pixels.
fn send_one(copy: &Copy, server: &str, invoice: Option<&str>) -> Accountant {
    let accountant = copy.accountant();
    let photo = copy.another_photo(invoice.map_or(9, |number| number.len() as u8));
    let mut args = vec!["add", programs::text(&photo), "--period", "2026-06", "--amount", "88"];
    args.extend(["--direction", "out", "--date", "2026-06-09", "--purpose", "修门"]);
    args.extend(["--payee", "木工组", "--category", "维修费"]);
    if let Some(number) = invoice {
        args.extend(["--invoice-number", number]);
    }
    accountant.run(&args).unwrap();
    // The accountant has seen that the number was used before, and sends it all the same.
    accountant.run(&["sign", "--all", "--anyway"]).unwrap();
    accountant.run(&["push", "--server", server]).unwrap();
    accountant
}

#[test]
fn the_accountant_hears_why_a_receipt_came_back() {
    let copy = Copy::new();
    let server = copy.serve();
    let accountant = send_one(&copy, &server.url, None);
    let office = fixture::town().office(&server, "reviewer").unwrap();
    let waiting = office.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    office.send_back(&waiting[0], "照片看不清金额，请重拍", "original").unwrap();
    assert!(office.waiting().unwrap().is_empty());
    let status = accountant.run(&["status", "--server", &server.url]).unwrap();
    assert!(status.contains("照片看不清金额，请重拍"), "{status}");
}

#[test]
fn an_invoice_number_that_was_used_is_flagged_with_a_link_to_the_first() {
    let copy = Copy::new();
    let server = copy.serve();
    let town = fixture::town();
    let coded = town.sample.receipts.iter().find(|r| r.has_qr).unwrap();
    let photo = town.sample.folder.join(&coded.photo);
    let line =
        programs::run("mingbai-uploader", &["read", programs::text(&photo), "--json"]).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let number = line["fields"]["number"].as_str().unwrap();
    let code = line["fields"]["code"].as_str().unwrap_or_default();
    if !code.is_empty() {
        return;
    }
    send_one(&copy, &server.url, Some(number));
    let office = town.office(&server, "reviewer").unwrap();
    let waiting = office.waiting().unwrap();
    let status = server.get(&format!("/api/submissions/{}", waiting[0])).unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(status["flags"][0]["code"], "invoice-used", "{status}");
    let first = status["flags"][0]["other"].as_str().unwrap();
    let page = office.page(&format!("/office/s/{}", waiting[0])).unwrap();
    assert!(page.contains(first), "the page links to the first");
}

#[test]
fn strangers_and_editors_cannot_publish() {
    let copy = Copy::new();
    let server = copy.serve();
    send_one(&copy, &server.url, None);
    let town = fixture::town();
    let reviewer = town.office(&server, "reviewer").unwrap();
    let ids = reviewer.waiting().unwrap();
    let editor = town.office(&server, "editor").unwrap();
    assert!(editor.publish(&ids).is_err());
    let stranger = ureq::post(format!("{}/office/publish", server.url));
    let _ = stranger.send_form([("id", ids[0].as_str())]);
    assert!(mingbai_tests::office::Office::login(&server.url, "reviewer", "guess").is_err());
    assert_eq!(reviewer.waiting().unwrap(), ids);
}
