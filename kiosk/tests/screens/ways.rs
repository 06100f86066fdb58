//! Every screen by touch alone, as a person goes there: reads where to press, and presses.

mod around;
mod keeper;
mod papers;

use std::cell::RefCell;
use std::collections::BTreeSet;

use mingbai_kiosk::input::handwriting::Handwriting;
use mingbai_kiosk::screens::ui::{OwnPage, Pad, Page};
use mingbai_kiosk::screens::{Columns, Paper, Place};

use crate::hidden::own;
use crate::town::Town;
use crate::{Kiosk, LANDSCAPE, PORTRAIT, URL, kiosk, read_codes};

/// Names every kind of something once. A new kind does not compile before it stands here, and then the walk fails until
/// it leads there.
macro_rules! kinds {
    ($all:ident, $name:ident, $of:ty: $($word:literal = $kind:pat),+ $(,)?) => {
        const $all: &[&str] = &[$($word),+];
        fn $name(one: &$of) -> &'static str {
            match one { $($kind => $word),+ }
        }
    };
}

kinds!(PLACES, of_place, Place:
    "the loop" = Place::Attract,
    "an emergency" = Place::Emergency(_),
    "home" = Place::Home,
    "the villages" = Place::Villages,
    "a village" = Place::Village(_),
    "a month" = Place::Month(..),
    "a month at a glance" = Place::Summary(..),
    "a receipt" = Place::Receipt(_),
    "all bulletins" = Place::Bulletins(Columns::All),
    "a column" = Place::Bulletins(Columns::One(_)),
    "the policies" = Place::Bulletins(Columns::Policies),
    "a bulletin" = Place::Bulletin(_),
    "a receipt's picture" = Place::Picture(Paper::Receipt(_), _),
    "a bulletin's picture" = Place::Picture(Paper::Bulletin(_), _),
    "a receipt's seal" = Place::Seal(Paper::Receipt(_)),
    "a bulletin's seal" = Place::Seal(Paper::Bulletin(_)),
    "how old it is" = Place::Status,
    "how to see better" = Place::Comfort,
    "the search" = Place::Search,
    "what was asked" = Place::Questions(_),
    "a question" = Place::Ask(_),
    "a slip" = Place::Slip(_),
);
kinds!(PAGES, of_page, Page:
    "empty.slint" = Page::Empty,
    "attract.slint" = Page::Attract,
    "emergency.slint" = Page::Emergency,
    "home.slint" = Page::Home,
    "villages.slint" = Page::Villages,
    "village.slint" = Page::Village,
    "month.slint" = Page::Month,
    "summary.slint" = Page::Summary,
    "receipt.slint" = Page::Receipt,
    "bulletins.slint" = Page::Bulletins,
    "bulletin.slint" = Page::Bulletin,
    "picture.slint" = Page::Picture,
    "seal.slint" = Page::Seal,
    "status.slint" = Page::Status,
    "comfort.slint" = Page::Comfort,
    "search.slint" = Page::Search,
    "questions.slint" = Page::Questions,
    "ask.slint" = Page::Ask,
    "slip.slint" = Page::Slip,
);
kinds!(OWN_PAGES, of_own_page, OwnPage:
    "nothing over it" = OwnPage::None,
    "the night" = OwnPage::Dark,
    "the PIN" = OwnPage::Pin,
    "the settings" = OwnPage::Settings,
    "the enrolment" = OwnPage::Enrol,
);
kinds!(PADS, of_pad, Pad:
    "no pad" = Pad::None,
    "letters" = Pad::Pinyin,
    "paper" = Pad::Handwriting,
    "figures" = Pad::Numbers,
);

/// Papers of the town that the way leads to.
struct Papers {
    wrong: u64,
    right: u64,
    gone: u64,
}

fn stocked() -> (Town, Papers) {
    let mut town = Town::with_every_door();
    let gone = town.receipt(0, "2026-10", "秘密用途", -100, "某人");
    let wrong = town.receipt(0, "2026-10", "打印纸", -9_000, "文达办公");
    town.withdraw(0, gone);
    let right = town.correct(0, wrong, -900);
    (town, Papers { wrong, right, gone })
}

/// Somebody's way through the kiosk, and what they have seen of it.
struct Walk<'a> {
    kiosk: &'a Kiosk<'a>,
    seen: RefCell<BTreeSet<&'static str>>,
    /// Everything low, as from a wheelchair.
    low: bool,
}

#[test]
fn a_finger_reaches_every_screen_of_a_high_display() {
    walk(PORTRAIT, false);
}

#[test]
fn a_finger_reaches_every_screen_of_a_wide_display() {
    walk(LANDSCAPE, false);
}

#[test]
fn from_a_wheelchair_a_finger_reaches_every_screen_of_a_high_display() {
    walk(PORTRAIT, true);
}

#[test]
fn from_a_wheelchair_a_finger_reaches_every_screen_of_a_wide_display() {
    walk(LANDSCAPE, true);
}

fn walk(size: (u32, u32), low: bool) {
    kiosk(None, size, move |kiosk| {
        let walk = Walk { kiosk, seen: RefCell::default(), low };
        let (mut town, papers) = stocked();
        walk.look();
        walk.news(&town);
        walk.nobody_is_there();
        walk.lower();
        walk.receipts();
        walk.versions(&papers);
        walk.bulletins();
        walk.status();
        walk.search();
        walk.ask();
        walk.comfort();
        let urgent = town.alarm();
        walk.emergency(&town, urgent);
        walk.settings();
        walk.night();
        let all = [PLACES, PAGES, OWN_PAGES, PADS].concat();
        let seen = walk.seen.into_inner();
        let missed: Vec<_> = all.into_iter().filter(|kind| !seen.contains(kind)).collect();
        let without_zinnia = (!Handwriting::is_offered()).then_some("paper");
        assert_eq!(missed, Vec::from_iter(without_zinnia));
    });
}

impl Walk<'_> {
    /// Takes note of what is on the glass; what is there for the first time has the right code.
    fn look(&self) {
        let (place, page) = (self.kiosk.screens.place(), own(self.kiosk).get_page());
        let mut seen = self.seen.borrow_mut();
        seen.extend([of_own_page(&page), of_page(&self.kiosk.api().get_page())]);
        if page != OwnPage::None {
            return;
        }
        if place == Place::Search {
            seen.insert(of_pad(&self.kiosk.search().get_pad()));
        }
        if seen.insert(of_place(&place)) {
            self.has_code(&place);
        }
    }

    fn has_code(&self, place: &Place) {
        let codes = read_codes(&self.kiosk.see("way"));
        assert_eq!(codes, [format!("{URL}{}", place.path())], "{place}");
    }

    fn press(&self, words: &str) {
        self.kiosk.press(words);
        self.look();
    }

    /// Presses what leads to a place.
    fn go(&self, words: &str, place: &Place) {
        self.press(words);
        assert_eq!(self.kiosk.screens.place(), *place, "“{words}” leads there");
    }

    fn back(&self, place: &Place) {
        self.go("◀ 返回", place);
    }

    fn home(&self) {
        self.go("首页", &Place::Home);
    }

    fn reads(&self, words: &str) {
        assert!(self.kiosk.reads(words), "{} says “{words}”", self.kiosk.screens.place());
    }

    /// The shelf has changed behind the screen.
    fn news(&self, town: &Town) {
        town.stock(self.kiosk.dir.path());
        self.kiosk.screens.refresher().now();
        self.kiosk.settle();
        self.look();
    }

    /// Puts everything low, where that is this person's way.
    fn lower(&self) {
        if self.low {
            self.go("更方便", &Place::Comfort);
            self.press("放低一些");
            self.home();
        }
    }
}
