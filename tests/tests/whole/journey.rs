//! The main job: a photographed receipt, signed, reviewed, published, on the kiosk and on the phone.

use crate::fixture::{self, Copy};
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;
use mingbai_tests::server::verify;
use mingbai_tests::wire::Wire;
use std::sync::atomic::Ordering;

#[test]
fn every_photographed_receipt_is_published_verified_and_on_the_kiosk() {
    let copy = Copy::new();
    verify(&copy.server_data()).unwrap().unwrap();
    let server = copy.serve();
    let told = copy.sync(&server.url).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let sample = &fixture::town().sample;
    let db = rusqlite::Connection::open(copy.kiosk_data().join("kiosk.db")).unwrap();
    let shown = "SELECT count(*) FROM statement WHERE kind = 'receipt' AND refused IS NULL";
    let receipts: i64 = db.query_row(shown, [], |row| row.get(0)).unwrap();
    assert_eq!(receipts, sample.receipts.len() as i64, "{told}");
    let again = copy.sync(&server.url).unwrap();
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["requests"], 1, "nothing new costs one request: {again}");
    let bytes = again["sent"].as_u64().unwrap() + again["received"].as_u64().unwrap();
    assert!(bytes <= 512, "{again}");
}

#[test]
fn invoice_codes_fill_in_what_their_papers_say() {
    let sample = &fixture::town().sample;
    let coded: Vec<_> = sample.receipts.iter().filter(|r| r.has_qr).collect();
    let mut read = 0;
    for receipt in &coded {
        let photo = sample.folder.join(&receipt.photo);
        let line =
            programs::run("mingbai-uploader", &["read", programs::text(&photo), "--json"]).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["fields"]["number"].is_string() {
            read += 1;
            assert_eq!(line["crc_ok"], true, "{line}");
            assert_eq!(line["fields"]["date"], receipt.date.as_str(), "{line}");
        }
    }
    assert!(coded.len() >= 4 && read * 10 >= coded.len() * 9, "{read} of {}", coded.len());
}

/// Real photographs with codes, where they are at hand; each goes through `add`.
#[test]
fn real_photographs_go_through_add() {
    let folder = programs::root().join("../shared/samples/qr");
    if !folder.exists() {
        println!("no photographs beside the checkout: nothing to try");
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let (accountant, _) =
        Accountant::init(&own.path().join("uploader"), "341181107201", "王建国").unwrap();
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let (mut read, mut all) = (0, 0);
    for case in expected.as_array().unwrap() {
        let photo = folder.join(case["file"].as_str().unwrap());
        let added = accountant.try_run(&["add", programs::text(&photo), "--json"]).unwrap();
        assert_ne!(added.status.code(), Some(101), "a panic: {case}");
        let line =
            programs::run("mingbai-uploader", &["read", programs::text(&photo), "--json"]).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let wanted = case["text"].as_str().unwrap().trim();
        let found = line["qr"].as_array().into_iter().flatten();
        read += usize::from(found.filter_map(|t| t.as_str()).any(|t| t.trim() == wanted));
        all += 1;
    }
    println!("{read} of {all} photographs read");
    assert!(read * 10 >= all * 8, "{read} of {all}");
}

#[test]
fn a_line_that_is_cut_again_and_again_delivers_in_the_end() {
    let copy = Copy::new();
    let server = copy.serve();
    let wire = Wire::to(&server.url).unwrap();
    let town = fixture::town();
    let uploader = copy.folder.path().join("uploader");
    fixture::copy_tree(&town.accountants[0].data, &uploader);
    let accountant = Accountant { data: uploader, ..town.accountants[0].clone() };
    let other = town.sample.receipts.iter().find(|r| r.village != accountant.village).unwrap();
    let photo = town.sample.folder.join(&other.photo);
    let edited = copy.folder.path().join("new.png");
    let mut picture = image::open(&photo).unwrap().to_rgb8();
    picture.put_pixel(0, 0, image::Rgb([1, 2, 3]));
    picture.save(&edited).unwrap();
    let args = ["add", programs::text(&edited), "--period", "2026-05", "--amount", "12.30"];
    let mut all = args.to_vec();
    all.extend(["--direction", "out", "--date", "2026-05-30", "--purpose", "换锁"]);
    all.extend(["--payee", "新街五金店", "--category", "维修费"]);
    accountant.run(&all).unwrap();
    accountant.run(&["sign", "--all"]).unwrap();
    // Every connection is cut a little later than the one before, at every kind of place in the talk.
    for bytes in [1, 60, 300, 900, 1_500, 3_000, 9_000, 20_000, 40_000, 41_003] {
        wire.allowance.store(bytes, Ordering::SeqCst);
        let pushed = accountant.try_run(&["push", "--server", &wire.url]).unwrap();
        assert_ne!(pushed.status.code(), Some(101), "a panic");
    }
    wire.allowance.store(u64::MAX, Ordering::SeqCst);
    accountant.run(&["push", "--server", &wire.url]).unwrap();
    let reviewer = town.office(&server, "reviewer").unwrap();
    assert_eq!(reviewer.waiting().unwrap().len(), 1, "delivered once");
    reviewer.publish_all(|_| ()).unwrap();
    let status = accountant.run(&["status", "--server", &server.url, "--json"]).unwrap();
    assert!(status.contains("published"), "{status}");
}
