//! A month of forty papers through the accountant's real window: photos dropped on it, the form filled by keys, a place
//! covered with the mouse, signed, sent to the real server, and one paper come back and done again.

use crate::display::{Display, PATIENCE};
use crate::fixture;
use crate::screens;
use image::codecs::jpeg::JpegEncoder;
use mingbai_tests::accountant::Accountant;
use mingbai_tests::programs;
use mingbai_tests::sample::{self, SampleReceipt};
use mingbai_tests::server::Server;
use mingbai_tests::town::Town;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

const PAPERS: usize = 40;
/// How long machines may read forty papers while other tests run.
const READING: Duration = Duration::from_secs(900);
/// The boxes of the form from top to bottom, as `list --json` names what is missing in them.
const BOXES: [&str; 7] = ["amount", "direction", "date", "period", "purpose", "payee", "category"];

/// The window, and the desk behind it as other commands see it.
struct Desk<'a> {
    display: &'a Display,
    accountant: &'a Accountant,
    window: Child,
    shots: PathBuf,
}

impl<'a> Desk<'a> {
    fn open(display: &'a Display, accountant: &'a Accountant, server: &str) -> Desk<'a> {
        let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desk-shots");
        std::fs::create_dir_all(&shots).unwrap();
        let window = programs::command("mingbai-uploader")
            .unwrap()
            .args(["window", "--data", programs::text(&accountant.data), "--server", server])
            .args(["--size", "1366x740", "--address", "127.0.0.1", "--port", "18977"])
            .envs(display.env())
            .env_remove("WAYLAND_DISPLAY")
            .spawn()
            .unwrap();
        Desk { display, accountant, window, shots }
    }

    /// The papers of the work.
    fn papers(&self) -> Vec<Value> {
        self.accountant.items().unwrap()
    }

    fn paper(&self, id: i64) -> Value {
        self.papers().into_iter().find(|paper| paper["id"] == id).unwrap()
    }

    /// Waits until the desk is as `right` says.
    fn until(&self, what: &str, patience: Duration, right: impl Fn(&[Value]) -> bool) {
        let start = Instant::now();
        while !right(&self.papers()) {
            if start.elapsed() > patience {
                self.shoot("stuck");
                panic!("waited in vain: {what}; see {}/stuck.png", self.shots.display());
            }
        }
    }

    fn shoot(&self, name: &str) -> image::RgbImage {
        self.display.picture(&self.shots.join(name).with_extension("png"))
    }

    /// Waits until the window stands still and shows something else than `before`; its picture.
    fn settled(&self, name: &str, before: &image::RgbImage) -> image::RgbImage {
        let start = Instant::now();
        let mut last = self.shoot(name);
        loop {
            let now = self.shoot(name);
            if now == last && differs(&now, before) {
                return now;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{name} did not come; see {}",
                self.shots.display()
            );
            last = now;
        }
    }

    fn keys(&self, keys: &[&str]) {
        self.display.keys(keys);
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        let _ = self.window.kill();
        let _ = self.window.wait();
    }
}

/// More than a cursor that blinks.
fn differs(a: &image::RgbImage, b: &image::RgbImage) -> bool {
    a.pixels().zip(b.pixels()).filter(|(a, b)| a != b).count() > 3_000
}

fn whole(paper: &Value) -> bool {
    paper["missing"].as_array().unwrap().is_empty()
}

/// Fills in what the machines left open, by keys alone; the window shows this paper.
fn fill_in(desk: &Desk, id: i64, truth: &SampleReceipt) {
    let missing = desk.paper(id)["missing"].clone();
    let missing: Vec<&str> = missing.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    // The keyboard is in the first box that is empty; Enter goes on to the next one, empty or not.
    let mut at = None;
    for (n, name) in BOXES.iter().enumerate().filter(|(_, name)| missing.contains(name)) {
        for _ in at.unwrap_or(n)..n {
            desk.keys(&["Return"]);
        }
        let amount = format!("{}.{:02}", truth.amount / 100, truth.amount % 100);
        desk.display.type_text(match *name {
            "amount" => &amount,
            "date" => &truth.date,
            "period" => &truth.period,
            "purpose" => &truth.purpose,
            "payee" => &truth.payee,
            _ => &truth.category,
        });
        desk.keys(&["Return"]);
        at = Some(n + 1);
    }
}

/// The photo of a paper once more, as another camera would store it: in JPEG of this quality.
fn taken_again(photo: &Path, folder: &Path, quality: u8) -> PathBuf {
    let again = folder.join("again.jpg");
    let picture = image::open(photo).unwrap().to_rgb8();
    let (width, height) = picture.dimensions();
    let mut picture = picture;
    let cut = image::imageops::crop(&mut picture, 6, 4, width - 12, height - 8).to_image();
    let file = std::fs::File::create(&again).unwrap();
    cut.write_with_encoder(JpegEncoder::new_with_quality(file, quality)).unwrap();
    again
}

#[test]
fn a_month_of_forty_papers_goes_through_the_window() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("desk");
    let _ = std::fs::remove_dir_all(&folder);
    let papers = u32::try_from(PAPERS).unwrap();
    let sample = sample::make(&folder.join("sample"), papers, 1, 1).unwrap();
    let truth = sample.receipts.clone();
    let photos: Vec<PathBuf> = truth.iter().map(|r| sample.folder.join(&r.photo)).collect();
    let town = Town::found(&folder.join("town"), sample, fixture::PASSWORD).unwrap();
    let server = town.serve().unwrap();
    let display = Display::start("1366x768");
    let empty = display.picture(&folder.join("empty.png"));
    let desk = Desk::open(&display, &town.accountants[0], &server.url);
    let start = desk.settled("1-empty", &empty);

    // The month of the papers, which is long past.
    turn_to_the_month(&desk, &truth[0].period);
    display.drop_files(&photos);
    desk.until("all photos are taken in", READING, |papers| papers.len() == PAPERS);
    desk.settled("2-taken", &start);
    desk.until("pictures are made", READING, |papers| {
        papers.iter().all(|paper| !paper["images"].as_array().unwrap().is_empty())
    });
    wait_for_the_readers(&desk);
    let month = desk.settled("3-month", &start);

    // One paper after another.
    let ids: Vec<i64> = desk.papers().iter().map(|p| p["id"].as_i64().unwrap()).collect();
    desk.keys(&["Return"]);
    let mut shown = desk.settled("4-paper", &month);
    for (n, (id, truth)) in ids.iter().zip(&truth).enumerate() {
        fill_in(&desk, *id, truth);
        desk.until("the paper is filled in", PATIENCE, |papers| {
            papers.iter().any(|paper| paper["id"] == *id && whole(paper))
        });
        if n == 0 {
            undo_and_cover(&desk, *id);
            shown = desk.shoot("4-paper");
        }
        if n + 1 < PAPERS {
            desk.keys(&["Next"]);
            shown = desk.settled("paper", &shown);
        }
    }
    desk.keys(&["Escape"]);
    let filled = desk.settled("5-filled", &shown);
    judge_a_duplicate(&desk, &photos[0], &folder, &filled);

    let send = sign_all(&desk, &filled);
    let covered = signed_covers(&desk);
    assert_eq!(covered, 1, "what was covered by hand is told in the signed content");

    desk.keys(&["F10"]);
    desk.until("all is with the office", READING, |p| p.iter().all(|p| p["state"] == "received"));
    desk.settled("8-sent", &send);
    let office = town.office(&server, "reviewer").unwrap();
    let waiting = office.waiting().unwrap();
    assert_eq!(waiting.len(), PAPERS, "every paper reached the office once");
    office.send_back(&waiting[0], "照片看不清金额，请重拍", "original").unwrap();
    drop(desk);
    let again = do_the_returned_one_again(&display, &town.accountants[0], &server.url);
    give_it_another_photo(&again, &taken_again(&photos[0], &folder, 91));
}

#[test]
fn the_first_start_makes_a_key_and_practice_never_touches_the_month() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first");
    let _ = std::fs::remove_dir_all(&folder);
    let sample = fixture::small_sample();
    let photo = sample.folder.join(&sample.receipts[0].photo);
    let display = Display::start("1366x768");
    let accountant = Accountant { village: "341181107201".into(), data: folder.join("desk") };
    std::fs::create_dir_all(&folder).unwrap();
    let empty = display.picture(&folder.join("empty.png"));
    // The office is not there yet; nothing is asked of it.
    let desk = Desk::open(&display, &accountant, "http://127.0.0.1:9");
    let form = desk.settled("11-setup", &empty);
    display.type_text(&accountant.village);
    desk.keys(&["Return"]);
    display.type_text("王会计");
    desk.keys(&["Return", "Return"]);
    display.type_text("http://127.0.0.1:9");
    desk.settled("11-setup-filled", &form);
    desk.keys(&["Return"]);
    let made = desk.settled("11-key", &form);
    let enrolment = accountant.run(&["enrol", "--json"]).unwrap();
    assert!(enrolment.contains("王会计") && enrolment.contains(&accountant.village));
    desk.keys(&["Return"]);
    let month = desk.settled("11-first-month", &made);
    desk.keys(&["F3"]);
    let phone = desk.settled("11-phone", &month);
    let codes = screens::codes(&desk.shots.join("11-phone.png"));
    assert!(codes[0].starts_with("http://127.0.0.1:18977/#"), "a phone can read the code");
    desk.keys(&["Escape"]);
    desk.settled("11-month", &phone);
    // English, then practice.
    display.tap(1300, 60);
    let english = desk.settled("12-english", &month);
    display.tap(1090, 60);
    desk.settled("12-practice", &english);
    display.drop_files(&[photo]);
    let practised = || accountant.run(&["list", "--json", "--practice"]).unwrap();
    let start = Instant::now();
    while practised().lines().count() == 0 {
        assert!(start.elapsed() < PATIENCE, "the photo did not come in");
    }
    desk.settled("12-practised", &english);
    assert!(desk.papers().is_empty(), "practice is of another folder");
}

/// Types the path of a file into the dialog that asks for one.
fn name_file(desk: &Desk, file: &Path) {
    let start = Instant::now();
    while !desk.display.shows("zenity") {
        assert!(start.elapsed() < PATIENCE, "no dialog came");
    }
    desk.settled("dialog", &image::RgbImage::new(1366, 768));
    desk.keys(&["ctrl+l", "ctrl+a"]);
    desk.display.type_text(programs::text(file));
    // The first one may only close what the dialog offers to complete.
    while desk.display.shows("zenity") {
        assert!(start.elapsed() < PATIENCE, "the dialog did not take {}", file.display());
        desk.keys(&["Return"]);
    }
}

#[test]
fn a_backup_made_in_the_window_opens_on_a_new_computer() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("backup");
    let _ = std::fs::remove_dir_all(&folder);
    let village = "341181107201";
    let (old, vkey) = Accountant::init(&folder.join("old"), village, "王会计").unwrap();
    let sample = fixture::small_sample();
    let photo = sample.folder.join(&sample.receipts[0].photo);
    old.run(&["add", "--no-text", programs::text(&photo)]).unwrap();
    let display = Display::start("1366x768");
    let empty = display.picture(&folder.join("empty.png"));
    let file = folder.join("stick.age");
    {
        let desk = Desk::open(&display, &old, "http://127.0.0.1:9");
        let month = desk.settled("13-month", &empty);
        display.tap(1185, 60);
        desk.settled("13-keys", &month);
        for _ in 0..2 {
            display.type_text("correct horse");
            desk.keys(&["Return"]);
        }
        name_file(&desk, &file);
        let start = Instant::now();
        while !file.exists() {
            if start.elapsed() > PATIENCE {
                desk.shoot("stuck");
                panic!("no backup was made");
            }
        }
        desk.settled("13-kept", &month);
    }
    let new = Accountant { village: village.into(), data: folder.join("new") };
    let desk = Desk::open(&display, &new, "http://127.0.0.1:9");
    let form = desk.settled("14-setup", &empty);
    display.tap(1120, 316);
    display.type_text("correct horse");
    desk.keys(&["Return"]);
    name_file(&desk, &file);
    let start = Instant::now();
    while !new.data.join("key").exists() {
        if start.elapsed() > PATIENCE {
            desk.shoot("stuck");
            panic!("the backup was not put back");
        }
    }
    desk.settled("14-back", &form);
    assert_eq!(desk.papers().len(), 1);
    assert!(new.run(&["enrol", "--json"]).unwrap().contains(&vkey));
}

#[test]
fn what_a_cut_line_held_back_is_sent_from_the_same_page() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cut");
    let _ = std::fs::remove_dir_all(&folder);
    let town = Town::found(&folder, fixture::small_sample(), fixture::PASSWORD).unwrap();
    let accountant = &town.accountants[0];
    let theirs = town.sample.receipts.iter().filter(|r| r.village == accountant.village);
    let month = &town.sample.receipts[0].period;
    for receipt in theirs.filter(|receipt| receipt.period == *month).take(2) {
        accountant.add(&town.sample.folder, receipt).unwrap();
    }
    accountant.run(&["sign", "--all"]).unwrap();
    let server = town.serve().unwrap();
    let url = server.url.clone();
    drop(server);
    let display = Display::start("1366x768");
    let empty = display.picture(&folder.join("empty.png"));
    let desk = Desk::open(&display, accountant, &url);
    let start = desk.settled("15-month", &empty);
    turn_to_the_month(&desk, month);
    desk.keys(&["F10"]);
    let ready = desk.settled("15-ready", &start);
    desk.keys(&["F10"]);
    let sending = desk.settled("15-sending", &ready);
    // The button that goes on is red again: the line was given up.
    let begun = Instant::now();
    while desk.shoot("15-cut").get_pixel(1336, 700).0 != [0x9b, 0x1c, 0x1c] {
        assert!(begun.elapsed() < PATIENCE, "the line was not given up");
    }
    let cut = desk.settled("15-cut", &sending);
    assert!(desk.papers().iter().all(|paper| paper["state"] == "signed"), "nobody took them");
    let address = url.trim_start_matches("http://");
    let _server = Server::start(&town.server_data(), address, None).unwrap();
    desk.keys(&["F10"]);
    desk.until("all is with the office", PATIENCE, |papers| {
        papers.len() == 2 && papers.iter().all(|paper| paper["state"] == "received")
    });
    desk.settled("15-sent", &cut);
}

/// From the month on the screen back to the one of the papers.
fn turn_to_the_month(desk: &Desk, period: &str) {
    let month = |text: &str| {
        let (year, month) = text.split_once('-').unwrap();
        year.parse::<i32>().unwrap() * 12 + month.parse::<i32>().unwrap()
    };
    let today = jiff::Zoned::now();
    // Until the tenth of a month, the window shows the one before.
    let shown = month(&today.strftime("%Y-%m").to_string()) - i32::from(today.day() <= 10);
    let back = shown - month(period);
    for _ in 0..back.abs() {
        desk.display.tap(if back > 0 { 543 } else { 887 }, 60);
    }
}

/// Waits until no paper is being read: the line of background work is gone from the month page.
fn wait_for_the_readers(desk: &Desk) {
    let start = Instant::now();
    // The line is of a pale green that is nowhere else on the page.
    let working = |picture: &image::RgbImage| {
        let line = (0..picture.width()).map(|x| picture.get_pixel(x, 190).0);
        line.filter(|[r, g, b]| g > r && g > b && *g > 200).count() > 400
    };
    while working(&desk.shoot("reading")) {
        assert!(start.elapsed() < READING, "the readers did not come to an end");
    }
}

/// Ctrl+Z takes back what was typed last, and a place is covered with the mouse.
fn undo_and_cover(desk: &Desk, id: i64) {
    let category = |paper: &Value| paper["category"].as_str().unwrap_or_default().to_owned();
    let typed = category(&desk.paper(id));
    let before = desk.shoot("undo");
    desk.keys(&["ctrl+z"]);
    desk.until("what was typed is taken back", PATIENCE, |papers| {
        papers.iter().any(|paper| paper["id"] == id && category(paper) != typed)
    });
    let undone = desk.settled("undo", &before);
    fill_category(desk, &typed);
    desk.until("it is there again", PATIENCE, |papers| {
        papers.iter().any(|paper| paper["id"] == id && category(paper) == typed)
    });
    let picture = |papers: &[Value]| {
        papers.iter().find(|paper| paper["id"] == id).map(|paper| paper["images"].clone())
    };
    let made = picture(&desk.papers());
    desk.keys(&["F8"]);
    let ready = desk.settled("cover", &undone);
    desk.display.drag((300, 430), (420, 470));
    desk.until("the picture is made anew", PATIENCE, |papers| {
        let now = picture(papers);
        now != made && now.is_some_and(|now| !now.as_array().unwrap().is_empty())
    });
    desk.settled("4-covered", &ready);
}

/// The box of the category is reached from the first one by Enter.
fn fill_category(desk: &Desk, category: &str) {
    // The paper is opened anew, so that the keyboard is in its first empty box.
    desk.keys(&["Escape", "Return"]);
    desk.display.type_text(category);
    desk.keys(&["Return"]);
}

/// A paper photographed twice is shown beside the first one, and goes.
fn judge_a_duplicate(desk: &Desk, photo: &Path, folder: &Path, before: &image::RgbImage) {
    desk.display.drop_files(&[taken_again(photo, folder, 82)]);
    desk.until("the paper is taken in again", READING, |papers| {
        papers.len() == PAPERS + 1
            && papers.iter().all(|paper| !paper["images"].as_array().unwrap().is_empty())
    });
    desk.settled("reading", before);
    wait_for_the_readers(desk);
    // It is the last on the sheet.
    let right = vec!["Right"; PAPERS + 1];
    desk.keys(&right);
    desk.keys(&["Return"]);
    let paper = desk.settled("9-again", before);
    // The button beside the first warning.
    desk.display.tap(1300, 136);
    desk.settled("9-compare", &paper);
    desk.keys(&["F9"]);
    desk.until("the second one is gone", PATIENCE, |papers| papers.len() == PAPERS);
}

/// Signs: everything that is warned of is ticked. The page that follows.
fn sign_all(desk: &Desk, before: &image::RgbImage) -> image::RgbImage {
    desk.keys(&["F9"]);
    let listed = desk.settled("6-sign", before);
    for _ in 0..PAPERS {
        desk.keys(&["space", "Down"]);
    }
    desk.settled("6-sign-ticked", &listed);
    desk.keys(&["F9"]);
    desk.until("all is signed", READING, |papers| papers.iter().all(|p| p["state"] == "signed"));
    desk.settled("7-send", &listed)
}

/// How many places the signed contents say are covered.
fn signed_covers(desk: &Desk) -> usize {
    let outbox = desk.accountant.data.join("outbox.db");
    let db = rusqlite::Connection::open(outbox).unwrap();
    let mut contents = db.prepare("SELECT content FROM item WHERE content IS NOT NULL").unwrap();
    let texts = contents.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let covers = |text: String| {
        let content: Value = serde_json::from_str(&text).unwrap();
        let images = content["images"].as_array().unwrap().clone();
        images.iter().filter_map(|i| i["covered"].as_array().map(Vec::len)).sum::<usize>()
    };
    texts.map(|text| covers(text.unwrap())).sum()
}

/// Opened again, the window has asked the office by itself; the paper is made anew from the page of what came back.
fn do_the_returned_one_again<'a>(
    display: &'a Display,
    accountant: &'a Accountant,
    server: &str,
) -> Desk<'a> {
    let empty = image::RgbImage::new(1366, 768);
    let desk = Desk::open(display, accountant, server);
    desk.until("the window asked", PATIENCE, |p| p.iter().any(|p| p["state"] == "returned"));
    let month = desk.settled("10-month", &empty);
    display.tap(1290, 132);
    let returned = desk.settled("10-returned", &month);
    desk.keys(&["Return"]);
    desk.until("there is a new draft of it", PATIENCE, |p| p.iter().any(|p| p["state"] == "draft"));
    desk.settled("10-redo", &returned);
    desk
}

/// The paper on the screen gets a photo that is taken only now, and that step is taken back and done again.
fn give_it_another_photo(desk: &Desk, photo: &Path) {
    let drafts = |papers: &[Value]| -> Vec<Value> {
        papers.iter().filter(|paper| paper["state"] == "draft").cloned().collect()
    };
    let bad = drafts(&desk.papers()).remove(0);
    let paper = desk.shoot("10-redo");
    desk.keys(&["F4"]);
    let picking = desk.settled("10-picking", &paper);
    desk.display.drop_files(&[photo.to_path_buf()]);
    desk.until("the new photo is there", READING, |papers| drafts(papers).len() == 2);
    let there = desk.settled("10-picking-there", &picking);
    desk.keys(&vec!["Right"; PAPERS + 1]);
    desk.keys(&["Return"]);
    let given = |papers: &[Value]| {
        let drafts = drafts(papers);
        drafts.len() == 1
            && drafts[0]["id"] == bad["id"]
            && drafts[0]["images"] != bad["images"]
            && !drafts[0]["images"].as_array().unwrap().is_empty()
            && drafts[0]["payee"] == bad["payee"]
    };
    desk.until("the paper has the new photo", READING, given);
    desk.settled("10-retaken", &there);
    desk.keys(&["ctrl+z"]);
    desk.until("the bad photo is back", READING, |papers| {
        let drafts = drafts(papers);
        drafts.len() == 2 && drafts[0]["images"] == bad["images"]
    });
}
