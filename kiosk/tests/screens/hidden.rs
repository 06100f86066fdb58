//! The hidden pages by touch: nobody finds them by chance, nobody passes without the PIN, and nothing is left open.

use std::rc::Rc;

use mingbai_kiosk::appliance::Appliance;
use mingbai_kiosk::drawer::Drawer;
use mingbai_kiosk::screens::ui::{Enrolling, Own, OwnPage};
use mingbai_kiosk::screens::{Comfort, Place, TextSize};
use mingbai_kiosk::settings::{Settings, set_pin};
use mingbai_kiosk::share::USUAL_ADDRESS;
use slint::ComponentHandle;

use super::town::Town;
use super::{Kiosk, LANDSCAPE, PORTRAIT, kiosk};

const PIN: &str = "271828";

/// The appliance around an open kiosk, its PIN set.
fn appliance(kiosk: &Kiosk) -> Rc<Appliance> {
    let mut drawer = Drawer::open(kiosk.dir.path()).unwrap();
    set_pin(&mut drawer, PIN, 0).unwrap();
    Appliance::open(&kiosk.screens, None, drawer, Settings::default()).unwrap()
}

fn own<'a>(kiosk: &'a Kiosk) -> Own<'a> {
    kiosk.screens.ui.global::<Own>()
}

fn corner(kiosk: &Kiosk, taps: usize) {
    (0..taps).for_each(|_| kiosk.tap(80.0, 40.0));
}

/// Where the keys of the PIN lie on a high screen.
fn type_pin(kiosk: &Kiosk, pin: &str) {
    for digit in pin.bytes().map(|digit| digit - b'0') {
        let (row, column) = if digit == 0 { (3, 1) } else { ((digit - 1) / 3, (digit - 1) % 3) };
        kiosk.tap(300.0 + 240.0 * f32::from(column), 1254.0 + 152.0 * f32::from(row));
    }
    assert_eq!(own(kiosk).get_typed(), i32::try_from(pin.len()).unwrap());
    kiosk.tap(780.0, 1710.0);
}

fn kept(kiosk: &Kiosk) -> Settings {
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
        kiosk.tap(979.0, 350.0);
        assert_eq!((own(kiosk).get_idle(), kept(kiosk).idle), (70, 70));
        kiosk.tap(900.0, 630.0);
        assert_eq!(kept(kiosk).nights.to_string(), "22:00-06:00");
        kiosk.tap(979.0, 770.0);
        assert_eq!(kept(kiosk).nights.to_string(), "22:30-06:00");
        kiosk.tap(900.0, 1470.0);
        assert_eq!(kept(kiosk).share, USUAL_ADDRESS.parse().ok());
        assert!(own(kiosk).get_share().starts_with("http://"));
        kiosk.see("settings-portrait");
        kiosk.tap(900.0, 1470.0);
        assert_eq!((kept(kiosk).share, own(kiosk).get_share().as_str()), (None, ""));
        assert!(appliance.wants_restart());
        kiosk.tap(286.0, 1848.0);
        assert_eq!(own(kiosk).get_page(), OwnPage::Enrol);
        kiosk.tap(540.0, 1848.0);
        assert_eq!(own(kiosk).get_page(), OwnPage::Settings);
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
        kiosk.tap(300.0, 1254.0);
        assert_eq!(own(kiosk).get_typed(), 0, "nothing can be typed");
        kiosk.tap(540.0, 1848.0);
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
