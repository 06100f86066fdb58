//! A village's emulated board against the real office: what it shows is what was published and verified, pixel by pixel what
//! the same firmware shows on the host, whatever stands between and whenever its plug is pulled.

use crate::fixture::{Copy, town};
use image::{Rgb, RgbImage};
use mingbai_tests::browser::Browser;
use mingbai_tests::emulated::{Emulated, FIRMWARE, Flash, PATIENCE, SCREEN, address, program};
use mingbai_tests::meddler::Meddler;
use mingbai_tests::server::Server;
use mingbai_tests::simulated::{self, Simulated};
use mingbai_tests::{codes, programs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// No screen goes home by itself in these tests.
const NEVER: &str = "86400";
/// Below this line the first page says how old it is.
const AGE_FROM: u32 = 400;
/// A place on the door to the months, and its colour: an empty board has no doors.
const DOOR: (u32, u32, Rgb<u8>) = (150, 385, Rgb([0x9b, 0x1c, 0x1c]));

/// A place on the bar above every page, and its colour.
const BAR: (u32, u32, Rgb<u8>) = (400, 6, Rgb([0xe9, 0xe4, 0xda]));
/// A place on the door to the first page, on every other page.
const HOME: (u32, u32) = (725, 40);

/// What every board here needs; nothing where the boards were not built.
struct Station {
    folder: tempfile::TempDir,
    packs: PathBuf,
}

impl Station {
    fn new() -> Option<Station> {
        if program(FIRMWARE).is_none() || simulated::program("board-live").is_none() {
            eprintln!("the boards are not built, left out: firmware/README.md says how they are");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("glyphs");
        programs::run("mingbai-server", &["glyph-pack", "--out", programs::text(&packs)]).unwrap();
        Some(Station { folder, packs })
    }

    /// A flash with the firmware and glyphs, and nothing kept.
    fn flash(&self, name: &str, told: &[(&str, &str)]) -> Flash {
        Flash::of_board(&self.folder.path().join(name), &self.packs, told).unwrap()
    }

    /// The emulated board and the one on the host, told the same but each the address of its own server.
    fn pair(&self, servers: [&str; 2], public: &str) -> Pair {
        let (flash, office) = (self.folder.path().join("simulated"), address(servers[0]));
        let flash_of = self.flash("emulated", &told(&office, public));
        let emulated = Emulated::start(&flash_of, &[]).unwrap();
        let simulated = Simulated::start(&flash, &self.packs, &told(servers[1], public)).unwrap();
        Pair { emulated, simulated }
    }
}

/// What a board of the first village is told.
fn told<'t>(server: &'t str, public: &'t str) -> [(&'static str, &'t str); 6] {
    let village = &town().sample.villages[0].code;
    [
        ("server", server),
        ("village", village),
        ("log", &town().vkey),
        ("public", public),
        ("every", "1"),
        ("alone", NEVER),
    ]
}

/// Two boards that a finger touches at the same places.
struct Pair {
    emulated: Emulated,
    simulated: Simulated,
}

impl Pair {
    /// Waits until both show these words and the same picture: that picture, which is kept for whoever looks at it.
    #[track_caller]
    fn shows(&mut self, words: &str, name: &str) -> RgbImage {
        let begun = Instant::now();
        loop {
            self.simulated.find(words).unwrap();
            let screens = [self.emulated.screen().unwrap(), self.simulated.screen().unwrap()];
            let file =
                |board| Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{board}-{name}.png"));
            if screens[0] == screens[1] {
                screens[0].save(file("board")).unwrap();
                return screens.into_iter().next().unwrap();
            }
            if begun.elapsed() > PATIENCE {
                screens[1].save(file("board-host")).unwrap();
                screens[0].save(file("board")).unwrap();
                panic!("{name}: not the same: {}", file("board").display());
            }
        }
    }

    /// The same, once the picture is another than this one.
    #[track_caller]
    fn shows_other(&mut self, words: &str, name: &str, before: &RgbImage) -> RgbImage {
        let begun = Instant::now();
        loop {
            let screen = self.shows(words, name);
            if screen != *before {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "{name}: still as it was");
        }
    }

    /// From the first page to the first receipt of the newest month.
    fn first_receipt(&mut self) {
        for words in ["小发票", "2026年6月", "6月5日"] {
            self.tap(words);
        }
    }

    /// Taps these words on both.
    #[track_caller]
    fn tap(&mut self, words: &str) {
        let (x, y) = self.simulated.find(words).unwrap();
        self.simulated.tap(x, y).unwrap();
        self.emulated.tap(x, y).unwrap();
    }
}

/// The one address that a telephone reads from a screen.
#[track_caller]
fn code(screen: &RgbImage) -> String {
    let codes = codes(screen);
    assert_eq!(codes.len(), 1, "{codes:?}");
    codes.into_iter().next().unwrap()
}

fn codes(screen: &RgbImage) -> Vec<String> {
    codes::read(&image::DynamicImage::ImageRgb8(screen.clone()).into_luma8())
}

/// Whether it is a first page with something verified on it.
fn is_home(screen: &RgbImage) -> bool {
    screen.get_pixel(DOOR.0, DOOR.1) == &DOOR.2
}

#[tokio::test]
async fn a_finger_goes_through_every_page_and_a_phone_opens_what_it_shows() {
    let Some(station) = Station::new() else { return };
    let copy = Copy::new();
    let server = copy.serve();
    let village = &town().sample.villages[0];
    let receipts = || town().sample.receipts.iter().filter(|one| one.village == village.code);
    let month = receipts().map(|one| one.period.as_str()).max().unwrap();
    let (year, of) = month.split_once('-').unwrap();
    let month_words = format!("{year}年{}月", of.trim_start_matches('0'));
    let mut first: Vec<_> = receipts().filter(|one| one.period == month).collect();
    first.sort_by_key(|one| one.date.as_str());
    let purpose = &first[0].purpose;
    let title = &town().sample.bulletins[1].title;

    let mut boards = station.pair([&server.url, &server.url], &server.url);
    let home = boards.shows("刚刚更新", "home");
    assert_eq!(code(&home), format!("{}/v/{}", server.url, village.code));
    boards.tap("小发票");
    boards.shows("小发票 · 按月看", "months");
    boards.tap(&month_words);
    boards.shows(purpose, "month");
    boards.tap(purpose);
    let receipt = boards.shows("点一下放大", "receipt");
    let opened = code(&receipt);
    assert!(opened.starts_with(&format!("{}/r/", server.url)), "{opened}");
    boards.tap("点一下放大");
    boards.shows("关上", "picture");
    boards.tap("关上");
    boards.tap("核验");
    assert_eq!(code(&boards.shows("为什么说它没被改过？", "seal")), opened);
    boards.tap("首页");
    boards.tap("村务公开");
    boards.shows(title, "bulletins");
    boards.tap(title);
    let bulletin = code(&boards.shows("✓ 核验", "bulletin"));
    boards.tap("‹ 返回");
    boards.tap("首页");
    boards.tap("刚刚更新");
    assert_eq!(code(&boards.shows("这块屏上的账本", "status")), code(&home));
    // Each board has a key of its own, so that these two pages say different things.
    boards.tap("登记这块屏");
    boards.simulated.find("登记码：请在镇里的网页上输入").unwrap();
    let enrol = boards.emulated.until("enrolment", |screen| codes(screen).is_empty()).unwrap();
    enrol.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join("board-enrol.png")).unwrap();
    boards.emulated.never_panicked();

    let browser = Browser::open(400, 800, true).await.unwrap();
    for (address, words) in [(code(&home), &village.name), (opened, purpose), (bulletin, title)] {
        browser.client.goto(&address).await.unwrap();
        let page = browser.client.find(fantoccini::Locator::Css("body")).await.unwrap();
        let text = page.text().await.unwrap();
        assert!(text.contains(words), "{address}: {words}: {text}");
    }
    browser.close().await.unwrap();
}

/// What of the answers is changed on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Feed,
    Pictures,
    Glyphs,
}

/// Changes what is asked for now, and counts what was changed.
#[derive(Clone)]
struct Liar {
    wrong: Arc<Mutex<Wrong>>,
    /// Path, byte and bit of everything that was changed.
    changed: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    fn concerns(&self, path: &str) -> bool {
        match *self.wrong.lock().unwrap() {
            Wrong::Nothing => false,
            Wrong::Feed => path.starts_with("/board/") && path.contains("from="),
            Wrong::Pictures => path.starts_with("/blob/"),
            Wrong::Glyphs => path.starts_with("/board/glyphs"),
        }
    }

    /// One bit of an answer, wherever chance will have it.
    fn flip(&self, path: &str, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.concerns(path) && !bytes.is_empty() {
            let bit = random(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            self.changed.lock().unwrap().push(format!("{path}: bit {bit}"));
        }
        bytes
    }

    /// Something that is no such answer at all.
    fn garble(&self, path: &str, bytes: Vec<u8>) -> Vec<u8> {
        if self.concerns(path) { b"garbled".to_vec() } else { bytes }
    }
}

/// A number below this one.
fn random(below: usize) -> usize {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
}

/// Three offices with the same keys: one that goes on, one that goes on otherwise, one that stays behind.
struct Offices {
    _copies: [Copy; 3],
    honest: Server,
    forked: Server,
    behind: Server,
}

/// A character that no pack has, in the title of a bulletin of the honest office.
const RARE: &str = "张䶮同志的公告";

impl Offices {
    fn new() -> Offices {
        let copies = [Copy::new(), Copy::new(), Copy::new()];
        let [honest, forked, behind] = copies.each_ref().map(Copy::serve);
        write(&honest, &[RARE]);
        write(&forked, &["另一本账", "另一本账二"]);
        Offices { _copies: copies, honest, forked, behind }
    }
}

/// Bulletins of this server's office, published.
fn write(server: &Server, titles: &[&str]) {
    let [editor, reviewer] = ["editor", "reviewer"].map(|who| town().office(server, who).unwrap());
    for title in titles {
        editor.write("tongzhi", title, &"今天停电。".repeat(200)).unwrap();
    }
    reviewer.publish_all(|_| ()).unwrap();
}

impl Liar {
    /// Changes this from now on, and waits until so many answers were changed.
    fn change(&self, wrong: Wrong, count: usize, boards: &mut Pair) {
        *self.wrong.lock().unwrap() = wrong;
        let changed = || self.changed.lock().unwrap().clone();
        let (begun, before) = (Instant::now(), changed().len());
        while changed().len() < before + count {
            let screen = boards.emulated.screen().unwrap();
            assert!(begun.elapsed() < PATIENCE, "{:?}", changed());
            // An empty board has no doors: nothing of a feed is on it.
            assert!(wrong != Wrong::Feed || !is_home(&screen), "{:?}", changed());
        }
    }
}

#[test]
fn no_flipped_bit_no_fork_and_no_older_log_reaches_the_screen() {
    let Some(station) = Station::new() else { return };
    let offices = Offices::new();
    let liar = Liar { wrong: Arc::new(Mutex::new(Wrong::Feed)), changed: Arc::default() };
    let (flips, garbles, url) = (liar.clone(), liar.clone(), &offices.honest.url);
    let between = [
        Meddler::start(url, move |path, bytes| flips.flip(path, bytes)).unwrap(),
        Meddler::start(url, move |path, bytes| garbles.garble(path, bytes)).unwrap(),
    ];
    let mut boards = station.pair([&between[0].url, &between[1].url], url);

    liar.change(Wrong::Feed, 11, &mut boards);
    boards.shows("登记这块屏", "flipped-feed");
    liar.change(Wrong::Pictures, 5, &mut boards);
    boards.first_receipt();
    let without = boards.shows("照片还没有传到", "flipped-picture");
    boards.tap("首页");
    boards.tap("村务公开");
    liar.change(Wrong::Glyphs, 5, &mut boards);
    let unshown = boards.shows("有 1 个字无法显示", "flipped-glyphs");
    assert!(liar.changed.lock().unwrap().len() >= 20);

    liar.change(Wrong::Nothing, 0, &mut boards);
    let shown = boards.shows_other("村务公开", "honest-glyphs", &unshown);
    boards.tap("首页");
    boards.first_receipt();
    assert!(boards.shows("点一下放大", "honest-picture") != without);

    // Both say so on their first page, and still show what they had.
    for (server, trouble, name) in [
        (&offices.forked, "送来的账本和这里的对不上", "forked"),
        (&offices.behind, "送来的账本比这里的旧", "rolled-back"),
    ] {
        between.iter().for_each(|one| one.turn_to(Some(&server.url)));
        boards.tap("首页");
        boards.shows(trouble, name);
        boards.tap("村务公开");
        assert!(boards.shows("村务公开", "as-before") == shown, "{name}");
    }
    boards.emulated.never_panicked();
}

/// What a board shows: its first page without its age, and its months where it has any.
#[derive(PartialEq)]
struct Shown {
    home: RgbImage,
    months: Option<RgbImage>,
}

impl Shown {
    /// What it shows first, after a start.
    fn first(board: &mut Emulated) -> Shown {
        let drawn = |screen: &RgbImage| screen.get_pixel(BAR.0, BAR.1) == &BAR.2;
        let screen = board.until("a page", drawn).unwrap();
        Shown::of(board, screen)
    }

    /// What it shows once something was verified.
    fn verified(board: &mut Emulated) -> Shown {
        let screen = board.until("something verified", is_home).unwrap();
        Shown::of(board, screen)
    }

    fn of(board: &mut Emulated, home: RgbImage) -> Shown {
        let months = is_home(&home).then(|| {
            board.tap(DOOR.0, DOOR.1).unwrap();
            // The months are the only page here without a code.
            board.until("the months", |screen| codes(screen).is_empty()).unwrap()
        });
        Shown { home: above_age(&home), months }
    }
}

fn above_age(home: &RgbImage) -> RgbImage {
    image::imageops::crop_imm(home, 0, 0, SCREEN.0, AGE_FROM).to_image()
}

/// Bytes of what a board keeps that are not what they were.
fn written(flash: &Flash, before: &[u8]) -> usize {
    flash.store().unwrap().iter().zip(before).filter(|(now, before)| now != before).count()
}

#[test]
fn twenty_plugs_pulled_in_the_middle_of_a_sync_leave_what_was_verified() {
    const PLUGS: usize = 20;
    let Some(station) = Station::new() else { return };
    let copies = [Copy::new(), Copy::new()];
    let [old, new] = [0, 1].map(|n| copies[n].serve());
    // Enough to be in the middle of.
    let titles: Vec<String> = (0..10).map(|n| format!("第{n}号通知")).collect();
    write(&new, &titles.iter().map(String::as_str).collect::<Vec<_>>());
    let way = Meddler::start(&old.url, |_, bytes| bytes).unwrap();
    let office = address(&way.url);
    let told = told(&office, &new.url);
    let copied = |name: &str, from: &Flash| {
        let path = station.folder.path().join(name);
        std::fs::copy(&from.path, &path).unwrap();
        Flash { path }
    };

    // What is to be seen before and after, on boards that nothing happened to; and how much a sync to its end writes.
    let empty = station.flash("empty", &told);
    let holding = copied("holding", &empty);
    let before = Shown::verified(&mut Emulated::start(&holding, &[]).unwrap());
    way.turn_to(Some(&new.url));
    let synced = copied("synced", &empty);
    let after = Shown::verified(&mut Emulated::start(&synced, &[]).unwrap());
    assert!(before.home != after.home);
    let synced_on = copied("synced", &holding);
    let mut board = Emulated::start(&synced_on, &[]).unwrap();
    board.until("the new state", |screen| above_age(screen) == after.home).unwrap();
    drop(board);
    let most = [&empty, &holding].map(|from| {
        let from = from.store().unwrap();
        (written(&synced_on, &from), from)
    });

    let mut counts = [0; 3];
    for plug in 0..PLUGS {
        let (which, from) = [(0, &empty), (1, &holding)][plug % 2];
        let (flash, (most, start)) = (copied("pulled", from), &most[which]);
        way.turn_to(Some(&new.url));
        let mut board = Emulated::start(&flash, &[]).unwrap();
        let (pulled_at, begun) = (1 + random(*most), Instant::now());
        while written(&flash, start) < pulled_at {
            assert!(begun.elapsed() < PATIENCE, "{pulled_at} of {most} bytes; {:?}", board.said);
        }
        board.kill().unwrap();
        way.turn_to(None);
        let mut board = Emulated::start(&flash, &[]).unwrap();
        let shown = Shown::first(&mut board);
        let is = match &shown {
            shown if *shown == after => 2,
            shown if *shown == before && which == 1 => 1,
            // An empty board has no doors.
            shown if which == 0 && shown.months.is_none() => 0,
            _ => {
                shown.home.save(std::env::temp_dir().join("board-pulled.png")).unwrap();
                panic!("plug {plug}, after {pulled_at} of {most} bytes: neither old nor new");
            }
        };
        counts[is] += 1;
        // And it goes on from there.
        board.tap(HOME.0, HOME.1).unwrap();
        way.turn_to(Some(&new.url));
        board.until("the new state", |screen| above_age(screen) == after.home).unwrap();
        board.never_panicked();
    }
    println!("after {PLUGS} plugs: {counts:?} with nothing yet, what was before, what came");
}

/// What the maker's tool says.
fn sign(args: &[&str]) -> String {
    let tool = simulated::program("board-sign").unwrap();
    let output = Command::new(tool).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn newer_firmware_from_the_office_stays_if_it_is_good() {
    let Some(station) = Station::new() else { return };
    let copy = Copy::new();
    let (server, key) = (copy.serve(), copy.folder.path().join("maker"));
    let maker = sign(&["key", "maker.example", programs::text(&key)]);
    let (office, shelf) = (address(&server.url), copy.server_data().join("firmware"));
    let lay = |version: &str, image: &Path| {
        let [key, image, shelf] = [&key, image, &shelf].map(programs::text);
        sign(&["image", key, "qemu", version, image, shelf]);
    };
    let mut told = told(&office, &server.url).to_vec();
    // The parts, where they run, end at once without a word to the boot loader.
    told.extend(maker.trim_end().split_once('='));
    told.extend([("good", "1"), ("try", "no")]);
    told.retain(|(name, _)| *name != "alone");
    told.push(("alone", "1"));
    let flash = station.flash("renewed", &told);
    // The same firmware, a little longer.
    let mut image = std::fs::read(program(FIRMWARE).unwrap()).unwrap();
    image.push(0);
    let longer = copy.folder.path().join("longer");
    std::fs::write(&longer, image).unwrap();
    lay("2.0.0", &longer);

    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 0").unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.until("firmware that is good", |_| flash.confirmed().unwrap()).unwrap();
    board.until("the first page", is_home).unwrap();
    board.kill().unwrap();

    lay("3.0.0", &program("board-qemu-parts").unwrap());
    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.wait_for("boot: slot 0").unwrap();
    board.wait_for("parts: slot 0").unwrap();
    assert_eq!(board.end().unwrap(), Some(0), "{:#?}", board.said);

    let mut board = Emulated::start(&flash, &[]).unwrap();
    board.wait_for("boot: slot 1").unwrap();
    board.until("the first page again", is_home).unwrap();
}
