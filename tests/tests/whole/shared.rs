//! Kiosks that take the log from another kiosk: what one verified the next verifies again, and nothing is lost or believed on
//! the way.

use crate::display::Display;
use crate::fixture::{self, Copy};
use crate::hostile::{assert_pictures_are_true, held};
use crate::interop;
use mingbai_tests::programs;
use mingbai_tests::server::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const ANY_PORT: &str = "127.0.0.1:0";

/// Waits until it is so.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Another kiosk's folder beside the copy's own.
fn other(copy: &Copy, name: &str) -> PathBuf {
    copy.folder.path().join(name)
}

fn report(told: &str) -> Value {
    serde_json::from_str(told).unwrap()
}

/// Everything that a shelf holds: entries, contents, pictures.
#[derive(Debug, PartialEq)]
struct Held {
    head: Vec<u8>,
    entries: Vec<(u64, Vec<u8>)>,
    contents: Vec<(u64, Vec<u8>)>,
    pictures: BTreeMap<String, Vec<u8>>,
}

impl Held {
    fn of(kiosk: &Path) -> Held {
        let db = rusqlite::Connection::open(kiosk.join("kiosk.db")).unwrap();
        let list = |table| {
            let mut rows =
                db.prepare(&format!("SELECT id, bytes FROM {table} ORDER BY id")).unwrap();
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        Held {
            head: db.query_row("SELECT checkpoint FROM head", [], |row| row.get(0)).unwrap(),
            entries: list("entry"),
            contents: list("content"),
            pictures: pictures(kiosk),
        }
    }
}

/// The pictures that are whole, by name.
fn pictures(kiosk: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = kiosk.join("blob");
    let files = if folder.exists() { fixture::files(&folder) } else { Vec::new() };
    let named = files.into_iter().map(|path| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    });
    named.filter(|(name, _)| name.len() == 64).collect()
}

/// Bytes of all pictures, of those too that have not come to their end.
fn picture_bytes(kiosk: &Path) -> u64 {
    fixture::files(&kiosk.join("blob")).iter().map(|path| path.metadata().unwrap().len()).sum()
}

#[test]
fn what_one_kiosk_verified_the_next_takes_from_it_and_so_does_a_client_that_is_not_ours() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    drop(server);
    let first = Server::start_sharing(&copy.kiosk_data(), ANY_PORT, &[]).unwrap();
    let second = other(&copy, "second");
    let told = report(&fixture::sync(&second, &first.url).unwrap());
    let whole = Held::of(&copy.kiosk_data());
    assert_eq!((&told["waiting"], &told["images_missing"]), (&0.into(), &0.into()), "{told}");
    assert!(whole.pictures.len() >= 24 && Held::of(&second) == whole);
    let again = report(&fixture::sync(&second, &first.url).unwrap());
    assert_eq!((&again["requests"], &again["images"]), (&1.into(), &0.into()), "{again}");
    // And on from there.
    let second = Server::start_sharing(&second, ANY_PORT, &[]).unwrap();
    let third = other(&copy, "third");
    fixture::sync(&third, &second.url).unwrap();
    assert!(Held::of(&third) == whole);
    let verified = interop::go(&second.url);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    assert!(String::from_utf8_lossy(&verified.stdout).contains(" entries verified under "));
}

#[test]
fn pictures_that_one_kiosk_does_not_keep_come_from_the_next_source() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let frugal = other(&copy, "frugal");
    let place = ["--data", programs::text(&frugal), "--vkey", &fixture::town().vkey];
    let sync = ["sync", "--images", "thumbs", "--server", &server.url];
    programs::run("mingbai-kiosk", &[&sync[..], &place].concat()).unwrap();
    let shared = Server::start_sharing(&frugal, ANY_PORT, &[]).unwrap();
    let lacking = other(&copy, "lacking");
    let told = report(&fixture::sync(&lacking, &shared.url).unwrap());
    let thumbs = pictures(&frugal).len() as u64;
    assert_eq!(told["images"], thumbs, "{told}");
    assert_eq!(told["images_missing"], pictures(&copy.kiosk_data()).len() as u64 - thumbs);
    let both = format!("{},{}", shared.url, server.url);
    let told = report(&fixture::sync(&lacking, &both).unwrap());
    assert_eq!(told["images_missing"], 0, "{told}");
    assert!(Held::of(&lacking) == Held::of(&copy.kiosk_data()));
}

#[test]
fn what_the_office_withdraws_goes_from_one_kiosk_and_then_from_the_next() {
    let (copy, town) = (Copy::new(), fixture::town());
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let follows = ["--server", &server.url, "--every", "1", "--patience", "20"];
    let shared = Server::start_sharing(&copy.kiosk_data(), ANY_PORT, &follows).unwrap();
    let second = other(&copy, "second");
    fixture::sync(&second, &shared.url).unwrap();
    let db = rusqlite::Connection::open(copy.kiosk_data().join("kiosk.db")).unwrap();
    let sql = "SELECT id, lower(hex(s.content)), lower(hex(p.hash)) FROM receipt
               JOIN statement s USING (id) JOIN picture p USING (id) WHERE corrected_by IS NULL";
    let (n, content, picture): (u64, String, String) =
        db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let gone = [format!("/content/{content}"), format!("/blob/{picture}")];
    assert!(gone.iter().all(|path| shared.get(path).is_ok()));

    let reviewer = town.office(&server, "reviewer").unwrap();
    let number = n.to_string();
    let form = [("n", number.as_str()), ("reason", "personal"), ("source", "original")];
    reviewer.submit(&format!("/office/withdraw?n={n}"), "/office/withdraw", &form).unwrap();
    let newest = server.get("/checkpoint").unwrap();
    until("the first kiosk follows", || shared.get("/checkpoint").unwrap() == newest);
    for path in &gone {
        let told = shared.get(path).unwrap_err().to_string();
        assert!(told.contains("404"), "{path}: {told}");
    }
    let bundle = shared.get("/content/bundle/000").unwrap();
    let items = ledger::tile::split_bundle(&bundle).unwrap();
    assert!(items[usize::try_from(n).unwrap()].is_empty());
    assert!(pictures(&second).contains_key(&picture));
    let told = report(&fixture::sync(&second, &shared.url).unwrap());
    assert_eq!(told["withdrawn"], 1, "{told}");
    assert!(!pictures(&second).contains_key(&picture));
    let db = rusqlite::Connection::open(second.join("kiosk.db")).unwrap();
    let left: u64 =
        db.query_row("SELECT count(*) FROM content WHERE id = ?1", [n], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_source_that_goes_in_the_middle_costs_nothing_but_the_wait() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let mut shared = Server::start_sharing(&copy.kiosk_data(), ANY_PORT, &[]).unwrap();
    let address = shared.url.trim_start_matches("http://").to_owned();
    let second = other(&copy, "second");
    let mut command = programs::command("mingbai-kiosk").unwrap();
    command.args(["sync", "--data", programs::text(&second), "--server", &shared.url]);
    command.args(["--vkey", &fixture::town().vkey, "--rate", "200000"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Thumbnails come first; the first picture after them has begun.
    let all = picture_bytes(&copy.kiosk_data());
    until("a part of the pictures is there", || {
        second.join("blob").exists() && picture_bytes(&second) > all / 3
    });
    shared.kill().unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), told.lines().count()), (Some(1), 1), "{told}");
    assert_pictures_are_true(&second);
    let here = picture_bytes(&second);
    assert!(here < all, "it was cut before its end");

    let shared = Server::start_sharing(&copy.kiosk_data(), &address, &[]).unwrap();
    let told = report(&fixture::sync(&second, &shared.url).unwrap());
    assert!(Held::of(&second) == Held::of(&copy.kiosk_data()));
    let (received, left) = (told["received"].as_u64().unwrap(), all - here);
    println!("{here} of {all} bytes were there, {received} came for the other {left}");
    let heads = 1024 * told["requests"].as_u64().unwrap();
    assert!(received <= left + heads, "nothing came twice: {told}");
}

#[test]
fn a_kiosk_that_shows_another_history_is_refused_by_the_next() {
    let (copy, forked) = (Copy::new(), Copy::new());
    let publish = |copy: &Copy, title| {
        let server = copy.serve();
        fixture::town().office(&server, "editor").unwrap().write("cunwu", title, "全文").unwrap();
        fixture::town().office(&server, "reviewer").unwrap().publish_all(|_| ()).unwrap();
        copy.sync(&server.url).unwrap();
    };
    publish(&copy, "停水通知");
    publish(&forked, "停电通知");
    let before = Held::of(&copy.kiosk_data());
    let shared = Server::start_sharing(&forked.kiosk_data(), ANY_PORT, &[]).unwrap();
    let told = copy.sync(&shared.url).unwrap_err();
    assert!(told.contains("改了历史"), "{told}");
    assert!(Held::of(&copy.kiosk_data()) == before);
    let evidence = std::fs::read_to_string(copy.kiosk_data().join("fork-evidence.txt")).unwrap();
    assert_eq!(evidence.matches("— ").count(), 2, "{evidence}");
}

#[test]
fn a_kiosk_shares_while_its_screen_is_on_where_it_was_turned_on_at_the_station() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let data = copy.kiosk_data();
    let display = Display::start("1280x720");
    let window = || {
        let mut command = programs::command("mingbai-kiosk").unwrap();
        command.args(["--data", programs::text(&data)]).envs(display.env());
        command
    };
    let mut by_option = window();
    by_option.args(["--share", ANY_PORT]);
    let by_option = Server::spawn(by_option, &data).unwrap();
    fixture::sync(&other(&copy, "second"), &by_option.url).unwrap();
    drop(by_option);
    let set = ["set", "--data", programs::text(&data), "share", ANY_PORT];
    programs::run("mingbai-kiosk", &set).unwrap();
    let by_setting = Server::spawn(window(), &data).unwrap();
    let third = other(&copy, "third");
    fixture::sync(&third, &by_setting.url).unwrap();
    assert_eq!(held(&third), held(&data));
}
