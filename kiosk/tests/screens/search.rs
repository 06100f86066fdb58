//! Promises of the search: a finger without a keyboard finds a receipt, and nobody learns what was looked for.

use std::time::Duration;

use mingbai_kiosk::screens::ui::{Pad, Page, Search};
use mingbai_kiosk::screens::{Comfort, Place};
use slint::{ComponentHandle, Model};

use crate::town::Town;
use crate::{Kiosk, LANDSCAPE, PORTRAIT, cut, kiosk, looks};

/// What a standing screen shows where, in pixels.
const FIRST_FOUND: (f32, f32) = (400.0, 370.0);
const SECOND_VILLAGE: (f32, f32) = (880.0, 346.0);
const VILLAGES: (f32, f32) = (930.0, 222.0);
const BACK: (f32, f32) = (150.0, 1720.0);
const FIRST_CANDIDATE: (f32, f32) = (90.0, 1112.0);
const DELETE: (f32, f32) = (992.0, 1444.0);
const TO_HANDWRITING: (f32, f32) = (280.0, 1556.0);
const TO_NUMBERS: (f32, f32) = (800.0, 1556.0);
const FIRST_DRAWN: (f32, f32) = (90.0, 944.0);

/// The middle of a letter's key.
fn key(letter: char) -> (f32, f32) {
    let place = letter as u32 - 'a' as u32;
    (36.0 + (place % 9) as f32 * 112.9 + 52.0, 1220.0 + (place / 9) as f32 * 112.0)
}

/// The middle of a figure's key.
fn figure(figure: char) -> (f32, f32) {
    let place = match figure {
        '0' => 10,
        '.' => 9,
        digit => digit as u32 - '1' as u32,
    };
    (154.0 + (place % 3) as f32 * 257.0, 1172.0 + (place / 3) as f32 * 124.0)
}

impl Kiosk<'_> {
    fn search(&self) -> Search<'_> {
        self.screens.ui.global::<Search>()
    }

    fn touch(&self, (x, y): (f32, f32)) {
        self.tap(x, y);
    }

    fn types(&self, letters: &str) {
        letters.chars().for_each(|letter| self.touch(key(letter)));
    }

    fn titles(&self) -> Vec<String> {
        self.search().get_found().iter().map(|line| line.title.to_string()).collect()
    }
}

#[test]
fn a_finger_types_the_sound_of_a_word_and_comes_to_the_receipt() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        assert_eq!(kiosk.api().get_page(), Page::Search);
        assert!(!kiosk.search().get_answered() && kiosk.titles().is_empty());
        kiosk.types("ludeng");
        assert_eq!(kiosk.search().get_letters(), "ludeng");
        // The letters alone find it already.
        assert!(kiosk.titles().iter().all(|title| title.contains("路灯")));
        kiosk.see("search-typed");
        kiosk.touch(FIRST_CANDIDATE);
        assert_eq!(
            (kiosk.search().get_text(), kiosk.search().get_letters()),
            ("路灯".into(), "".into())
        );
        assert_eq!(kiosk.titles(), ["修村部门前的路灯"; 6]);
        kiosk.see("search-found");
        kiosk.touch(FIRST_FOUND);
        assert_eq!(kiosk.api().get_page(), Page::Receipt);
        assert_eq!(kiosk.api().get_receipt().purpose, "修村部门前的路灯");
        kiosk.touch(BACK);
        assert_eq!(kiosk.api().get_page(), Page::Search);
        assert_eq!(kiosk.search().get_text(), "路灯");
        assert_eq!(kiosk.titles().len(), 6);
        kiosk.touch(DELETE);
        assert_eq!(kiosk.search().get_text(), "路");
    });
}

#[test]
fn a_finger_draws_a_character() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        kiosk.touch(TO_HANDWRITING);
        assert_eq!(kiosk.search().get_pad(), Pad::Handwriting);
        for (from, to) in [
            ((200.0, 1100.0), (600.0, 1096.0)),
            ((220.0, 1300.0), (580.0, 1296.0)),
            ((400.0, 1100.0), (400.0, 1500.0)),
            ((160.0, 1505.0), (640.0, 1500.0)),
        ] {
            kiosk.display.drag(from, to);
            kiosk.settle();
        }
        let offered: Vec<_> = kiosk.search().get_candidates().iter().collect();
        assert_eq!(offered[0], "王", "{offered:?}");
        let picture = kiosk.see("search-drawn");
        assert!(picture.get_pixel(400, 1200).0.iter().all(|part| *part < 90), "the ink is seen");
        kiosk.touch(FIRST_DRAWN);
        assert_eq!(kiosk.search().get_text(), "王");
        assert!(kiosk.search().get_ink().is_empty());
        assert_eq!(kiosk.search().get_candidates().row_count(), 0);
    });
}

#[test]
fn a_sum_is_found_by_its_figures() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        kiosk.touch(TO_NUMBERS);
        "680".chars().for_each(|digit| kiosk.touch(figure(digit)));
        assert_eq!(kiosk.search().get_text(), "680");
        assert!(kiosk.titles().contains(&"修村部门前的路灯".to_owned()), "{:?}", kiosk.titles());
        kiosk.see("search-numbers");
    });
}

#[test]
fn a_village_is_two_taps_away() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        kiosk.touch(VILLAGES);
        kiosk.see("search-villages");
        kiosk.touch(SECOND_VILLAGE);
        assert_eq!(kiosk.search().get_village(), 1);
        assert_eq!(kiosk.titles(), ["办公用品"]);
        kiosk.see("search-village");
    });
}

#[test]
fn left_alone_the_search_forgets_what_was_looked_for() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        kiosk.types("ludeng");
        kiosk.display.advance(Duration::from_secs(61));
        kiosk.settle();
        assert_eq!(kiosk.api().get_page(), Page::Home);
        kiosk.go(Place::Search);
        let search = kiosk.search();
        assert!(search.get_text().is_empty() && search.get_letters().is_empty());
        assert_eq!((search.get_candidates().row_count(), search.get_found().row_count()), (0, 0));
        assert_eq!((search.get_village(), search.get_pad()), (-1, Pad::Pinyin));
    });
}

#[test]
fn what_is_withdrawn_while_it_is_listed_goes_from_the_list() {
    let mut town = Town::busy();
    let secret = town.receipt(0, "2026-10", "秘密用途", -100, "某人");
    kiosk(town, PORTRAIT, move |kiosk| {
        kiosk.search().invoke_open();
        kiosk.settle();
        kiosk.types("mimi");
        assert_eq!(kiosk.titles(), ["秘密用途"]);
        let mut later = Town::busy();
        later.receipt(0, "2026-10", "秘密用途", -100, "某人");
        later.withdraw(0, secret);
        later.stock(kiosk.dir.path());
        kiosk.screens.refresher().now();
        kiosk.settle();
        assert!(kiosk.titles().is_empty());
    });
}

#[test]
fn where_the_pad_covers_the_list_a_button_opens_it() {
    kiosk(Town::busy(), (720, 1280), |kiosk| {
        kiosk.search().invoke_open();
        "ludeng".chars().for_each(|letter| kiosk.search().invoke_letter(letter.to_string().into()));
        kiosk.settle();
        assert_eq!(kiosk.titles().len(), 6);
        kiosk.see("search-covered");
        kiosk.touch((596.0, 72.0));
        assert_eq!(kiosk.search().get_pad(), Pad::None);
        assert_eq!(kiosk.search().get_letters(), "ludeng");
        kiosk.see("search-opened");
        kiosk.touch((360.0, 240.0));
        assert_eq!(kiosk.api().get_page(), Page::Receipt);
    });
}

#[test]
fn every_pad_is_drawn_standing_and_lying_in_both_languages() {
    // The largest type is a screen of fewer pixels.
    let sizes = [
        ("portrait", PORTRAIT),
        ("landscape", LANDSCAPE),
        ("portrait-large", (720, 1280)),
        ("landscape-large", (1280, 720)),
    ];
    for (shape, size) in sizes {
        kiosk(Town::busy(), size, move |kiosk| {
            kiosk.search().invoke_open();
            for (language, english) in [("zh", false), ("en", true)] {
                kiosk.screens.set_english(english);
                for (name, pad) in [
                    ("pinyin", Pad::Pinyin),
                    ("handwriting", Pad::Handwriting),
                    ("numbers", Pad::Numbers),
                    ("none", Pad::None),
                ] {
                    kiosk.search().invoke_show_pad(pad);
                    if pad == Pad::Pinyin {
                        kiosk.search().invoke_letter("x".into());
                    }
                    kiosk.settle();
                    let picture = kiosk.see(&format!("search-{name}-{shape}-{language}"));
                    assert_eq!((picture.width(), picture.height()), size);
                    kiosk.search().invoke_clear();
                }
            }
        });
    }
}

#[test]
fn while_everything_is_low_every_pad_lies_in_the_lower_half_and_is_read_whole() {
    for (shape, size) in [("portrait", PORTRAIT), ("landscape", LANDSCAPE)] {
        kiosk(Town::busy(), size, move |kiosk| {
            let mut found = Vec::new();
            for (text, _, english) in looks().filter(|(_, low, _)| *low) {
                kiosk.search().invoke_open();
                kiosk.screens.set_english(english);
                kiosk.screens.set_comfort(Comfort { text, low: true, ..Comfort::default() });
                for pad in [Pad::Pinyin, Pad::Handwriting, Pad::Numbers, Pad::None] {
                    kiosk.search().invoke_show_pad(pad);
                    for letters in ["", "ludeng"] {
                        letters.chars().for_each(|letter| {
                            kiosk.search().invoke_letter(letter.to_string().into());
                        });
                        kiosk.settle();
                        let look =
                            format!("search-low-{pad:?}-{letters}-{shape}-{text:?}-{english}");
                        kiosk.see(&look);
                        let high = cut::high(&kiosk.screens.ui);
                        let cut = cut::cut(&kiosk.screens.ui);
                        found.extend(high.iter().chain(&cut).map(|one| format!("{look}: {one}")));
                    }
                    kiosk.search().invoke_clear();
                }
                kiosk.screens.home();
            }
            kiosk.screens.forget();
            assert!(found.is_empty(), "{}", found.join("\n"));
        });
    }
}
