//! The hidden pages by touch: nobody finds them by chance, nobody passes without the PIN, and nothing is left open.

use std::rc::Rc;

use i_slint_core::lengths::LogicalPoint;
use mingbai_kiosk::appliance::Appliance;
use mingbai_kiosk::drawer::Drawer;
use mingbai_kiosk::screens::ui::{Enrolling, Own, OwnPage};
use mingbai_kiosk::screens::{Comfort, Place, TextSize};
use mingbai_kiosk::settings::{Settings, set_pin};
use mingbai_kiosk::share::USUAL_ADDRESS;
use slint::ComponentHandle;

use super::town::Town;
use super::{Kiosk, LANDSCAPE, PORTRAIT, kiosk};

pub const PIN: &str = "271828";
/// The row that turns sharing on and off.
const SHARED: &str = "分享给别的屏（离开后生效）";
/// Where nothing stands.
pub const CORNER: LogicalPoint = LogicalPoint::new(80.0, 40.0);

/// The appliance around an open kiosk, its PIN set.
pub fn appliance(kiosk: &Kiosk) -> Rc<Appliance> {
    appliance_with(kiosk, Settings::default())
}

/// The same with settings.
pub fn appliance_with(kiosk: &Kiosk, settings: Settings) -> Rc<Appliance> {
    let mut drawer = Drawer::open(kiosk.dir.path()).unwrap();
    set_pin(&mut drawer, PIN, 0).unwrap();
    Appliance::open(&kiosk.screens, None, drawer, settings).unwrap()
}

pub fn own<'a>(kiosk: &'a Kiosk) -> Own<'a> {
    kiosk.screens.ui.global::<Own>()
}

pub fn corner(kiosk: &Kiosk, taps: usize) {
    (0..taps).for_each(|_| kiosk.touch(CORNER));
    kiosk.settle();
}

pub fn type_pin(kiosk: &Kiosk, pin: &str) {
    kiosk.types(pin);
    assert_eq!(own(kiosk).get_typed(), i32::try_from(pin.len()).unwrap());
    kiosk.press("进入");
}

pub fn kept(kiosk: &Kiosk) -> Settings {
    Settings::load(&Drawer::open(kiosk.dir.path()).unwrap()).unwrap()
}

#[test]
fn five_taps_and_the_pin_lead_to_the_settings_and_nothing_stays_open() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        let appliance = appliance(kiosk);
        corner(kiosk, 4);
        assert_eq!(own(kiosk).get_page(), OwnPage::None);
        corner(kiosk, 1);
        assert_eq!(own(kiosk).get_page(), OwnPage::Pin);
        type_pin(kiosk, "314159");
        assert_eq!((own(kiosk).get_page(), own(kiosk).get_tries_left()), (OwnPage::Pin, 4));
        kiosk.see("pin-wrong");
        type_pin(kiosk, PIN);
        assert_eq!(own(kiosk).get_page(), OwnPage::Settings);
        kiosk.press_beside("没人用多久回首页", "+");
        assert_eq!((own(kiosk).get_idle(), kept(kiosk).idle), (70, 70));
        kiosk.press_beside("夜里熄屏", "换一下");
        assert_eq!(kept(kiosk).nights.to_string(), "22:00-06:00");
        kiosk.press_beside("几点熄", "+");
        assert_eq!(kept(kiosk).nights.to_string(), "22:30-06:00");
        kiosk.press_beside(SHARED, "换一下");
        assert_eq!(kept(kiosk).share, USUAL_ADDRESS.parse().ok());
        assert!(own(kiosk).get_share().starts_with("http://"));
        kiosk.see("settings-portrait");
        kiosk.press_beside(SHARED, "换一下");
        assert_eq!((kept(kiosk).share, own(kiosk).get_share().as_str()), (None, ""));
        assert!(appliance.wants_restart());
    });
}

#[test]
fn whoever_does_not_know_the_pin_waits_and_leaves() {
    kiosk(Town::busy(), PORTRAIT, |kiosk| {
        let _appliance = appliance(kiosk);
        kiosk.go(Place::Status);
        let large = Comfort { text: TextSize::at(2), ..Comfort::default() };
        kiosk.screens.set_comfort(large);
        corner(kiosk, 5);
        (0..5).for_each(|_| type_pin(kiosk, "314159"));
        assert_eq!((own(kiosk).get_page(), own(kiosk).get_wait_minutes()), (OwnPage::Pin, 5));
        kiosk.see("pin-wait");
        kiosk.press("1");
        assert_eq!(own(kiosk).get_typed(), 0, "nothing can be typed");
        kiosk.press("不用了");
        assert_eq!((own(kiosk).get_page(), kiosk.screens.place()), (OwnPage::None, Place::Home));
    });
}

#[test]
fn the_code_is_read_from_two_steps_away() {
    for (size, name) in [(PORTRAIT, "portrait"), (LANDSCAPE, "landscape")] {
        kiosk(Town::busy(), size, move |kiosk| {
            let _appliance = appliance(kiosk);
            let own = own(kiosk);
            own.set_enrolling(Enrolling::Waiting);
            own.set_code("7KQ4 M2XB".into());
            own.set_check("1a2b 3c4d".into());
            own.set_expires("10:15".into());
            own.set_name("文化广场".into());
            own.set_place("新街村".into());
            for (page, look) in [
                (OwnPage::Enrol, Enrolling::Waiting),
                (OwnPage::Enrol, Enrolling::Enrolled),
                (OwnPage::Enrol, Enrolling::Revoked),
                (OwnPage::Enrol, Enrolling::Unasked),
                (OwnPage::Settings, Enrolling::Unasked),
                (OwnPage::Pin, Enrolling::Unasked),
            ] {
                own.set_enrolling(look);
                own.set_page(page);
                kiosk.settle();
                kiosk.see(&format!("own-{page:?}-{look:?}-{name}"));
            }
            kiosk.screens.set_english(true);
            own.set_enrolling(Enrolling::Waiting);
            for page in [OwnPage::Enrol, OwnPage::Settings, OwnPage::Pin] {
                own.set_page(page);
                kiosk.settle();
                kiosk.see(&format!("own-{page:?}-en-{name}"));
            }
            own.set_page(OwnPage::Dark);
            kiosk.settle();
            assert!(kiosk.see("dark").pixels().all(|pixel| pixel.0 == [0, 0, 0]));
        });
    }
}
