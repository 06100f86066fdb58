//! The way to what is not a paper: the loop, how old everything is, how to see better, the search.

use std::time::Duration;

use mingbai_kiosk::input::handwriting::Handwriting;
use mingbai_kiosk::screens::ui::Pad;
use mingbai_kiosk::screens::{Comfort, Place, TextSize};

use slint::ComponentHandle;

use super::Walk;

/// A little longer than nobody may be there.
pub(super) const ALONE: Duration = Duration::from_secs(61);
/// What the loop asks for.
pub(super) const TO_HOME: &str = "摸一下屏幕，看看每一张小票";
/// A little longer than a slide stays.
const SLIDE: Duration = Duration::from_secs(13);
/// The strokes of 王 on its square of paper, in parts of width and height.
const KING: [((f32, f32), (f32, f32)); 4] = [
    ((0.25, 0.15), (0.75, 0.14)),
    ((0.28, 0.5), (0.72, 0.49)),
    ((0.5, 0.15), (0.5, 0.88)),
    ((0.2, 0.9), (0.8, 0.89)),
];

impl Walk<'_> {
    /// The loop turns its slides until somebody touches the glass.
    pub(super) fn nobody_is_there(&self) {
        let wait = |time| {
            self.kiosk.display.advance(time);
            self.kiosk.settle();
        };
        wait(ALONE);
        self.look();
        assert_eq!(self.kiosk.screens.place(), Place::Attract);
        let bulletin = (0..5).find_map(|_| {
            wait(SLIDE);
            self.kiosk.screens.bulletin_on_screen()
        });
        self.has_code(&Place::Bulletin(bulletin.unwrap()));
        self.go(TO_HOME, &Place::Home);
    }

    pub(super) fn status(&self) {
        self.go("核验于", &Place::Status);
        self.reads("这台机器上的账本");
        self.back(&Place::Home);
    }

    /// Each choice does what it says, at once.
    pub(super) fn comfort(&self) {
        self.go("更方便", &Place::Comfort);
        let chosen = || self.kiosk.screens.comfort();
        let window = self.kiosk.screens.ui.window();
        for (words, text) in
            [("大", TextSize::Large), ("特大", TextSize::Largest), ("标准", TextSize::Standard)]
        {
            self.press(words);
            assert_eq!((chosen().text, window.scale_factor()), (text, text.factor()));
        }
        let bright =
            || self.kiosk.display.picture().get_pixel(5, window.size().height - 5).0[0] > 200;
        self.press("黑底白字");
        assert!(chosen().contrast && !bright());
        self.kiosk.press_beside("颜色", "平常");
        assert!(!chosen().contrast && bright());
        self.press("放低一些");
        let half = window.size().height as f32 / 2.0;
        assert!(chosen().low && self.kiosk.bring("放低一些").y > half);
        if !self.low {
            self.kiosk.press_beside("按钮的位置", "平常");
            assert_eq!(chosen(), Comfort::default());
        }
        self.press("English");
        self.reads("Easier to see and reach");
        self.press("中文");
        self.reads("怎样看得更方便");
        self.home();
    }

    pub(super) fn search(&self) {
        self.go("查一查", &Place::Search);
        self.letters();
        self.figures();
        if Handwriting::is_offered() {
            self.handwriting();
        }
        self.press("✕");
        self.press("全部村");
        self.press("合心村");
        let search = self.kiosk.search();
        assert_eq!((search.get_village(), self.kiosk.titles()), (1, vec!["办公用品".to_owned()]));
        self.home();
    }

    fn letters(&self) {
        let search = self.kiosk.search();
        self.kiosk.types("ludeng");
        self.press("路灯");
        assert_eq!((search.get_text(), search.get_letters()), ("路灯".into(), "".into()));
        // Where the pad covers the list, a button puts it away.
        let covered = format!("看结果（{}）", self.kiosk.titles().len());
        if self.kiosk.reads(&covered) {
            self.press(&covered);
        }
        self.press("修村部门前的路灯");
        assert_eq!(super::of_place(&self.kiosk.screens.place()), "a receipt");
        self.reads("修村部门前的路灯");
        self.back(&Place::Search);
        if search.get_pad() == Pad::None {
            self.press("路灯");
        }
        // What was written is there still; a touch on it puts the pad away, and another brings it back.
        for pad in [Pad::None, Pad::Pinyin] {
            self.press("路灯");
            assert_eq!(search.get_pad(), pad);
        }
        self.press("⌫");
        assert_eq!(search.get_text(), "路");
        self.press("✕");
        assert_eq!(search.get_text(), "");
    }

    fn figures(&self) {
        self.press("数字");
        self.kiosk.types("680");
        assert_eq!(self.kiosk.search().get_text(), "680");
        assert!(self.kiosk.titles().contains(&"修村部门前的路灯".to_owned()));
        self.press("✕");
        self.press("拼音");
        assert_eq!(self.kiosk.search().get_pad(), Pad::Pinyin);
    }

    fn handwriting(&self) {
        self.press("手写");
        for (from, to) in KING {
            self.kiosk.draw("在格子里写一个字", from, to);
        }
        self.press("王");
        assert_eq!(self.kiosk.search().get_text(), "王");
    }
}
