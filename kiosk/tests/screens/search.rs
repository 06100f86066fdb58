//! Promises of the search: nobody learns what was looked for, and its pads have room. How a finger writes: `ways/around.rs`.

use std::time::Duration;

use mingbai_kiosk::screens::ui::{Pad, Page, Search};
use mingbai_kiosk::screens::{Comfort, Place};
use slint::{ComponentHandle, Model};

use crate::town::Town;
use crate::{Kiosk, LANDSCAPE, PORTRAIT, cut, kiosk, looks};

impl Kiosk<'_> {
    pub fn search(&self) -> Search<'_> {
        self.screens.ui.global::<Search>()
    }

    /// Letters or figures, a key each.
    pub fn types(&self, keys: &str) {
        keys.chars().for_each(|key| self.press(&key.to_string()));
    }

    pub fn titles(&self) -> Vec<String> {
        self.search().get_found().iter().map(|line| line.title.to_string()).collect()
    }
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
        kiosk.press("看结果（6）");
        assert_eq!(kiosk.search().get_pad(), Pad::None);
        assert_eq!(kiosk.search().get_letters(), "ludeng");
        kiosk.see("search-opened");
        kiosk.press("修村部门前的路灯");
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
