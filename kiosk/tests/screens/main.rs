//! Promises of the screens, kept by the real window drawn into memory over a real shelf.
//!
//! Slint has one display a process, so one thread holds it and the tests take turns. Pictures of what they saw lie in
//! `target/tmp/screens/`.

#![allow(clippy::unwrap_used)]

mod ask;
mod cut;
mod finger;
mod golden;
mod hidden;
mod items;
mod search;
mod sources;
mod town;
mod ways;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use i_slint_core::lengths::LogicalPoint;
use image::RgbImage;
use mingbai_kiosk::headless::Display;
use mingbai_kiosk::screens::ui::{Api, Page};
use mingbai_kiosk::screens::{Columns, Comfort, Options, Paper, Place, Screens, TextSize};
use mingbai_kiosk::shelf::{Shelf, Trouble, TroubleKind};
use slint::ComponentHandle;
use tempfile::TempDir;
use town::{Town, village};

const PORTRAIT: (u32, u32) = (1080, 1920);
const LANDSCAPE: (u32, u32) = (1920, 1080);
const URL: &str = "http://192.168.1.10:8080";

/// What the clock on the wall says.
fn now() -> ledger::time::Timestamp {
    "2026-11-22T10:00:00+08:00".parse().unwrap()
}

type Turn = Box<dyn FnOnce(&Display) + Send>;

static DISPLAY: LazyLock<Mutex<Sender<Turn>>> = LazyLock::new(|| {
    let (turns, queue) = channel::<Turn>();
    thread::spawn(move || {
        let display = Display::install().unwrap();
        queue.into_iter().for_each(|turn| turn(&display));
    });
    Mutex::new(turns)
});

/// A kiosk on the display.
struct Kiosk<'a> {
    display: &'a Display,
    screens: Rc<Screens>,
    dir: TempDir,
}

/// Runs a test over a kiosk, on the thread of the display: stocked from a town, or before anything came.
fn kiosk(
    town: impl Into<Option<Town>>,
    size: (u32, u32),
    test: impl FnOnce(&Kiosk) + Send + 'static,
) {
    let town = town.into();
    let (done, outcome) = channel();
    let turn: Turn = Box::new(move |display| {
        let run = std::panic::AssertUnwindSafe(|| {
            let dir = TempDir::new().unwrap();
            if let Some(town) = town {
                town.stock(dir.path());
            }
            // The town signed its papers weeks ago.
            let stale_days = 3_660;
            let options = Options::new(dir.path().to_owned(), URL.into(), now);
            let options = Options { stale_days, ..options };
            let screens = Screens::open(&options).unwrap();
            display.show(&screens, size.0, size.1).unwrap();
            let kiosk = Kiosk { display, screens, dir };
            kiosk.settle();
            test(&kiosk);
        });
        let _ = done.send(std::panic::catch_unwind(run));
    });
    DISPLAY.lock().unwrap().send(turn).unwrap();
    if let Err(panic) = outcome.recv().unwrap() {
        std::panic::resume_unwind(panic);
    }
}

impl Kiosk<'_> {
    fn settle(&self) {
        self.display.settle(|| self.screens.is_busy());
    }

    fn go(&self, place: Place) {
        self.screens.go(place);
        self.settle();
    }

    fn api(&self) -> Api<'_> {
        self.screens.ui.global::<Api>()
    }

    /// What is on the display, kept for whoever wants to look.
    fn see(&self, name: &str) -> RgbImage {
        let picture = self.display.picture();
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
        std::fs::create_dir_all(&dir).unwrap();
        picture.save(dir.join(format!("{name}.png"))).unwrap();
        picture
    }

    fn shelf(&self) -> Shelf {
        Shelf::open(self.dir.path()).unwrap()
    }

    /// The first receipt of the first village's newest month.
    fn first_receipt(&self) -> u64 {
        self.shelf().receipts(village(0), "2026-10".parse().unwrap()).unwrap()[0].index
    }

    /// Every page that there is.
    fn pages(&self) -> Vec<(&'static str, Place)> {
        let receipt = self.first_receipt();
        let bulletin = self.shelf().bulletins(None).unwrap()[0].index;
        vec![
            ("attract", Place::Attract),
            ("home", Place::Home),
            ("villages", Place::Villages),
            ("village", Place::Village(village(0))),
            ("month", Place::Month(village(0), "2026-10".parse().unwrap())),
            ("summary", Place::Summary(village(0), "2026-10".parse().unwrap())),
            ("receipt", Place::Receipt(receipt)),
            ("picture", Place::Picture(Paper::Receipt(receipt), 0)),
            ("seal", Place::Seal(Paper::Receipt(receipt))),
            ("bulletins", Place::Bulletins(Columns::All)),
            ("bulletin", Place::Bulletin(bulletin)),
            ("status", Place::Status),
            ("comfort", Place::Comfort),
            ("search", Place::Search),
            ("questions", Place::Questions(Paper::Receipt(receipt))),
            ("ask", Place::Ask(None)),
        ]
    }
}

/// What a telephone reads off a picture.
fn read_codes(picture: &RgbImage) -> Vec<String> {
    let grey = image::DynamicImage::ImageRgb8(picture.clone()).into_luma8();
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        grey.get_pixel(x as u32, y as u32).0[0]
    });
    prepared.detect_grids().iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect()
}

#[test]
fn left_alone_the_screen_forgets_who_was_there() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.screens.set_english(true);
        kiosk.screens.set_comfort(Comfort { contrast: true, low: true, ..Comfort::default() });
        kiosk.go(Place::Month(village(0), "2026-10".parse().unwrap()));
        kiosk.display.drag((500.0, 1300.0), (500.0, 900.0));
        assert!(kiosk.api().get_scroll() < -100.0);
        kiosk.display.advance(Duration::from_secs(59));
        assert_eq!(kiosk.api().get_page(), Page::Month);
        kiosk.display.tap(20.0, 700.0); // a bare spot: somebody is still there
        kiosk.display.advance(Duration::from_secs(59));
        assert_eq!(kiosk.api().get_page(), Page::Month);
        kiosk.display.advance(Duration::from_secs(2));
        assert_eq!(kiosk.api().get_page(), Page::Home);
        assert!(!kiosk.api().get_english() && !kiosk.api().get_can_go_back());
        assert_eq!(kiosk.api().get_scroll(), 0.0);
        assert_eq!(kiosk.screens.comfort(), Comfort::default());
    });
}

#[test]
fn the_way_back_leads_to_the_row_one_left() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.go(Place::Month(village(0), "2026-10".parse().unwrap()));
        kiosk.display.drag((500.0, 1300.0), (500.0, 900.0));
        kiosk.settle();
        let scroll = kiosk.api().get_scroll();
        let before = kiosk.see("month-scrolled");
        kiosk.go(Place::Receipt(kiosk.first_receipt()));
        assert_eq!(kiosk.api().get_scroll(), 0.0);
        kiosk.screens.back();
        kiosk.settle();
        assert_eq!(kiosk.api().get_scroll(), scroll);
        assert!(before == kiosk.see("month-back"));
    });
}

#[test]
fn a_list_that_was_flung_stays_where_it_came_to_rest() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.go(Place::Month(village(0), "2026-10".parse().unwrap()));
        let (from, to) = (LogicalPoint::new(500.0, 1300.0), LogicalPoint::new(500.0, 1000.0));
        kiosk.fling(from, to);
        let scroll = kiosk.api().get_scroll();
        assert!(scroll < to.y - from.y - 100.0, "it went on after the finger: {scroll}");
        let before = kiosk.see("month-flung");
        kiosk.screens.refresh();
        kiosk.settle();
        assert!(before == kiosk.see("month-refreshed"), "news do not move it");
        kiosk.go(Place::Receipt(kiosk.first_receipt()));
        kiosk.screens.back();
        kiosk.settle();
        assert_eq!(kiosk.api().get_scroll(), scroll);
        assert!(before == kiosk.see("month-back"), "the way back leads there");
    });
}

#[test]
fn a_telephone_reads_the_address_off_every_page() {
    for size in [PORTRAIT, LANDSCAPE] {
        kiosk(Town::busy(), size, |kiosk| {
            for (name, place) in kiosk.pages() {
                for (english, language) in [(false, ""), (true, "?lang=en")] {
                    let address = format!("{URL}{}{language}", place.path());
                    kiosk.screens.home();
                    kiosk.go(place.clone());
                    kiosk.screens.set_english(english);
                    let codes = read_codes(&kiosk.display.picture());
                    assert_eq!(codes, [address], "{name}");
                }
            }
            kiosk.screens.forget();
        });
    }
}

#[test]
fn every_page_is_drawn_standing_and_lying_in_both_languages() {
    for (shape, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        kiosk(Town::busy(), size, move |kiosk| {
            for (name, place) in kiosk.pages() {
                for (language, english) in [("zh", false), ("en", true)] {
                    kiosk.screens.home();
                    kiosk.screens.set_english(english);
                    kiosk.go(place.clone());
                    let picture = kiosk.see(&format!("{name}-{shape}-{language}"));
                    assert_eq!((picture.width(), picture.height()), size);
                }
            }
        });
    }
}

#[test]
fn no_text_is_cut_at_any_size() {
    for (shape, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        kiosk(Town::alarmed(), size, move |kiosk| {
            let mut found = Vec::new();
            let emergency = kiosk.shelf().emergencies(&now()).unwrap()[0];
            for (name, place) in
                kiosk.pages().into_iter().chain([("emergency", Place::Emergency(emergency))])
            {
                for (text, low, english) in looks() {
                    // Nobody is there who could have chosen otherwise.
                    if name == "attract"
                        && (text, low, english) != (TextSize::Standard, false, false)
                    {
                        continue;
                    }
                    kiosk.screens.home();
                    kiosk.screens.set_english(english);
                    let contrast = text == TextSize::Largest;
                    kiosk.screens.set_comfort(Comfort { text, contrast, low });
                    kiosk.go(place.clone());
                    let look = format!("{name}-{shape}-{text:?}-{low}-{english}");
                    if low {
                        found.extend(
                            cut::high(&kiosk.screens.ui).iter().map(|one| format!("{look}: {one}")),
                        );
                    }
                    found.extend(
                        cut::cut(&kiosk.screens.ui).iter().map(|one| format!("{look}: {one}")),
                    );
                }
            }
            kiosk.screens.forget();
            found.sort();
            assert!(found.is_empty(), "{}", found.join("\n"));
        });
    }
}

/// Every size, low and not, in both languages.
fn looks() -> impl Iterator<Item = (TextSize, bool, bool)> {
    let sizes = [TextSize::Standard, TextSize::Large, TextSize::Largest];
    let each = |text| [false, true].map(|low| [false, true].map(|english| (text, low, english)));
    sizes.into_iter().flat_map(each).flatten()
}

#[test]
fn a_scan_at_rest_is_drawn_sharp_and_enlarges_under_the_finger() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.go(Place::Receipt(kiosk.first_receipt()));
        let scan = kiosk.api().get_scan();
        assert!(scan.ready && scan.sharp_shown);
        let fitted = scan.sharp_height;
        (0..2).for_each(|_| kiosk.press("＋"));
        let scan = kiosk.api().get_scan();
        assert!(scan.sharp_shown && scan.sharp_width > 0.0 && scan.sharp_height >= fitted);
        let level = kiosk.api().get_scan_level().size().width;
        kiosk.see("receipt-zoomed");
        kiosk.display.drag((500.0, 500.0), (400.0, 400.0));
        assert!(!kiosk.api().get_scan().sharp_shown || level > 0);
        kiosk.settle();
        assert!(kiosk.api().get_scan().sharp_shown);
        kiosk.screens.ui.global::<Api>().invoke_show_picture(1);
        kiosk.settle();
        assert!(kiosk.api().get_scan().ready && kiosk.api().get_scan_picture() == 1);
    });
}

#[test]
fn what_was_withdrawn_is_said_in_words_and_what_was_corrected_points_on() {
    let mut town = Town::busy();
    let secret = town.receipt(0, "2026-10", "秘密用途", -100, "某人");
    let wrong = town.receipt(0, "2026-10", "打印纸", -9_000, "文达办公");
    town.withdraw(0, secret);
    let right = town.correct(0, wrong, -900);
    kiosk(town, PORTRAIT, move |kiosk| {
        kiosk.go(Place::Receipt(secret));
        let receipt = kiosk.api().get_receipt();
        assert!(
            receipt.purpose.is_empty() && receipt.payee.is_empty() && receipt.amount.is_empty()
        );
        assert!(!kiosk.api().get_scan().ready);
        kiosk.see("receipt-withdrawn");
        kiosk.go(Place::Receipt(wrong));
        assert_eq!(kiosk.api().get_receipt().corrected_by, i32::try_from(right).unwrap());
        kiosk.see("receipt-corrected");
        kiosk.go(Place::Month(village(0), "2026-10".parse().unwrap()));
        kiosk.bring("已撤下的票据");
        kiosk.see("month-withdrawn");
    });
}

#[test]
fn a_withdrawal_reaches_whoever_looks_at_the_receipt_and_other_news_does_not_disturb() {
    let mut town = Town::busy();
    let watched = town.receipt(0, "2026-10", "正在看的", -100, "某人");
    kiosk(town, PORTRAIT, move |kiosk| {
        kiosk.go(Place::Receipt(watched));
        let serial = kiosk.api().get_serial();
        kiosk.screens.refresh();
        assert_eq!(kiosk.api().get_serial(), serial);
        let mut later = Town::busy();
        later.receipt(0, "2026-10", "正在看的", -100, "某人");
        later.withdraw(0, watched);
        later.stock(kiosk.dir.path());
        kiosk.screens.refresher().now();
        kiosk.settle();
        assert!(!kiosk.api().get_scan().ready);
        assert!(kiosk.api().get_receipt().purpose.is_empty());
    });
}

#[test]
fn trouble_is_said_in_plain_words_and_what_was_verified_stays() {
    for (name, kind) in [("fork", TroubleKind::Fork), ("unreachable", TroubleKind::Unreachable)] {
        kiosk(Town::busy(), PORTRAIT, move |kiosk| {
            let at = "2026-11-22T09:00:00+08:00".parse().unwrap();
            let detail = "checkpoint 231 does not extend 230".to_owned();
            kiosk.shelf().troubled(&Trouble { kind, detail, at }).unwrap();
            kiosk.screens.refresh();
            kiosk.settle();
            assert_eq!(kiosk.api().get_page(), Page::Home);
            assert_eq!(kiosk.api().get_freshness().dishonest, kind.is_dishonest());
            kiosk.see(&format!("home-{name}"));
            kiosk.go(Place::Status);
            kiosk.see(&format!("status-{name}"));
            kiosk.screens.set_english(true);
            kiosk.see(&format!("status-{name}-en"));
        });
    }
}

#[test]
fn before_the_first_sync_the_screen_says_that_it_waits_and_then_opens_by_itself() {
    let town = Town::busy();
    kiosk(None, PORTRAIT, move |kiosk| {
        assert_eq!(kiosk.api().get_page(), Page::Empty);
        kiosk.see("empty");
        kiosk.screens.set_english(true);
        kiosk.see("empty-en");
        town.stock(kiosk.dir.path());
        kiosk.screens.refresher().now();
        kiosk.settle();
        assert_eq!(kiosk.api().get_page(), Page::Home);
    });
}
