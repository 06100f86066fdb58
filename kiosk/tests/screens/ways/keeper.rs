//! The way of whoever looks after the kiosk: the hidden pages, and the dark of the night.

use std::time::{Duration, Instant};

use mingbai_kiosk::hours::Hours;
use mingbai_kiosk::night::Nights;
use mingbai_kiosk::screens::Place;
use mingbai_kiosk::screens::ui::OwnPage;
use mingbai_kiosk::settings::Settings;
use mingbai_kiosk::sync;

use super::Walk;
use super::around::{ALONE, TO_HOME};
use crate::hidden::{CORNER, PIN, appliance, appliance_with, corner, kept, own, type_pin};

/// How long the night may take to fall.
const PATIENCE: Duration = Duration::from_secs(20);

impl Walk<'_> {
    fn own_page(&self, page: OwnPage) {
        self.look();
        assert_eq!(own(self.kiosk).get_page(), page);
    }

    fn corner(&self) {
        corner(self.kiosk, 5);
        self.own_page(OwnPage::Pin);
    }

    pub(super) fn settings(&self) {
        let _appliance = appliance(self.kiosk);
        self.corner();
        self.press("不用了");
        self.own_page(OwnPage::None);
        self.corner();
        type_pin(self.kiosk, PIN);
        self.own_page(OwnPage::Settings);
        self.kiosk.press_beside("没人用多久回首页", "+");
        assert_eq!(kept(self.kiosk).idle, 70);
        self.kiosk.press_beside("音量", "−");
        assert_eq!(kept(self.kiosk).volume, 50);
        self.press("到镇里登记");
        self.own_page(OwnPage::Enrol);
        self.press("回到设置");
        self.own_page(OwnPage::Settings);
        self.press("好了");
        self.own_page(OwnPage::None);
        assert_eq!(self.kiosk.screens.place(), Place::Home);
    }

    /// At night the screen of a kiosk that nobody touched for a second is dark, until somebody does.
    pub(super) fn night(&self) {
        // An hour before and after now, on the clock of China.
        let minute = sync::clock().unix_seconds() / 60 + 8 * 60;
        let about = |by: i64| u16::try_from((minute + by).rem_euclid(24 * 60)).unwrap();
        let nights = Nights::daily(Hours::new(about(-60), about(60)));
        let _appliance =
            appliance_with(self.kiosk, Settings { nights, idle: 1, ..Settings::default() });
        self.kiosk.display.advance(ALONE);
        let begun = Instant::now();
        while own(self.kiosk).get_page() != OwnPage::Dark {
            assert!(begun.elapsed() < PATIENCE, "it does not get dark");
            self.kiosk.display.advance(Duration::from_secs(1));
        }
        self.own_page(OwnPage::Dark);
        self.kiosk.touch(CORNER);
        self.own_page(OwnPage::None);
        self.go(TO_HOME, &Place::Home);
    }
}
