//! The hidden pages: five taps in the corner, the PIN, then the settings and the enrolment.

use std::ops::RangeInclusive;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use ledger::place::Village;
use slint::ComponentHandle;

use super::Appliance;
use crate::clock::{Machine, written};
use crate::fleet::Enrolment;
use crate::hours::{DAY_MINUTES, Hours, clock_face};
use crate::night::Nights;
use crate::screens::ui::{Enrolling, Knob, Own, OwnPage};
use crate::screens::{Comfort, Screens};
use crate::settings::{Answer, IDLE_SECONDS, PIN_DIGITS, Setting, VOLUME_MAX};

/// Seconds that a step of the idle time makes.
const IDLE_STEP: i32 = 10;
/// Minutes that a step of the night makes.
const NIGHT_STEP: u16 = 30;
/// Per cent that a step of the volume makes.
const VOLUME_STEP: i32 = 10;
/// The night that is offered first: from ten in the evening to six.
const USUAL_NIGHT: (u16, u16) = (22 * 60, 6 * 60);

/// Ties what fingers do on the hidden pages to what is done.
pub(super) fn connect(appliance: &Rc<Appliance>, screens: &Rc<Screens>) {
    let own = screens.ui.global::<Own>();
    let weak = Rc::downgrade(appliance);
    own.on_corner(with(&weak, corner));
    own.on_touched(with(&weak, touched));
    own.on_digit(with_one(&weak, |a, s, digit: i32| {
        let digit = u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10));
        let mut typed = a.typed.borrow_mut();
        let room = typed.len() < *PIN_DIGITS.end();
        typed.extend(digit.filter(|_| room));
        drop(typed);
        show_typed(a, s);
    }));
    own.on_erase(with(&weak, |a, s| {
        a.typed.borrow_mut().pop();
        show_typed(a, s);
    }));
    own.on_enter(with(&weak, enter));
    own.on_leave(with(&weak, Appliance::leave));
    own.on_open_enrol(with(&weak, |a, s| watch_code(a, s, true)));
    own.on_back(with(&weak, |a, s| watch_code(a, s, false)));
    let turned = with_one(&weak, |a, s, (knob, by): (Knob, i32)| turn(a, s, knob, by));
    own.on_turn_knob(move |knob, by| turned((knob, by)));
}

fn with(
    weak: &Weak<Appliance>,
    act: impl Fn(&Appliance, &Screens) + 'static,
) -> impl Fn() + 'static {
    let act = with_one(weak, move |appliance, screens, ()| act(appliance, screens));
    move || act(())
}

fn with_one<T: 'static>(
    weak: &Weak<Appliance>,
    act: impl Fn(&Appliance, &Screens, T) + 'static,
) -> impl Fn(T) + 'static {
    let weak = weak.clone();
    move |said| {
        let Some(appliance) = weak.upgrade() else { return };
        let Some(screens) = appliance.screens.upgrade() else { return };
        act(&appliance, &screens, said);
    }
}

fn show_typed(appliance: &Appliance, screens: &Screens) {
    let count = appliance.typed.borrow().len();
    screens.ui.global::<Own>().set_typed(i32::try_from(count).unwrap_or(0));
}

fn corner(appliance: &Appliance, screens: &Screens) {
    let own = screens.ui.global::<Own>();
    if own.get_page() == OwnPage::None && appliance.gesture.borrow_mut().tap(Instant::now()) {
        // Whoever looks after the kiosk finds everything where it is described.
        screens.set_comfort(Comfort::default());
        appliance.typed.borrow_mut().clear();
        own.set_typed(0);
        own.set_tries_left(-1);
        let unset = appliance.drawer.borrow().get("pin").ok().flatten().is_none();
        own.set_pin_unset(unset);
        own.set_page(OwnPage::Pin);
        fill(appliance, screens);
    }
}

/// Somebody is there: the night is over for a while.
fn touched(appliance: &Appliance, screens: &Screens) {
    screens.touched();
    if screens.ui.global::<Own>().get_page() == OwnPage::Dark {
        let idle = appliance.settings.borrow().idle_time();
        appliance.look_for_night(screens, Duration::ZERO, idle);
    }
}

fn enter(appliance: &Appliance, screens: &Screens) {
    let own = screens.ui.global::<Own>();
    let typed = std::mem::take(&mut *appliance.typed.borrow_mut());
    own.set_typed(0);
    let mut lock = appliance.lock.borrow_mut();
    let mut drawer = appliance.drawer.borrow_mut();
    let answer = lock.try_pin(&mut drawer, &typed, Instant::now(), appliance.clock.now());
    drop((lock, drawer));
    match answer {
        Ok(Answer::Open) => {
            screens.begin_list(0.0);
            own.set_page(OwnPage::Settings);
        }
        Ok(Answer::Wrong(left)) => own.set_tries_left(left.into()),
        Ok(Answer::Unset) => own.set_pin_unset(true),
        Ok(Answer::Wait(_)) => own.set_tries_left(-1),
        Err(error) => eprintln!("{error}"),
    }
    fill(appliance, screens);
}

fn watch_code(appliance: &Appliance, screens: &Screens, watched: bool) {
    if let Some(fleet) = &appliance.fleet {
        fleet.watch(watched);
    }
    screens.begin_list(0.0);
    let page = if watched { OwnPage::Enrol } else { OwnPage::Settings };
    screens.ui.global::<Own>().set_page(page);
    fill(appliance, screens);
}

/// Changes a setting by one step, or to its other state.
fn turn(appliance: &Appliance, screens: &Screens, knob: Knob, by: i32) {
    let (up, by) = (by > 0, by.signum());
    let settings = appliance.settings.borrow();
    let usual = || Hours::new(USUAL_NIGHT.0, USUAL_NIGHT.1);
    let setting = match knob {
        Knob::Station => Setting::Station(next_village(screens, settings.station, up)),
        Knob::Idle => Setting::Idle(stepped(settings.idle, by * IDLE_STEP, IDLE_SECONDS)),
        Knob::Attract => Setting::Attract(!settings.attract),
        Knob::Night => {
            let hours = if settings.nights.hours().is_none() { usual() } else { None };
            Setting::Nights(Nights::daily(hours))
        }
        Knob::NightFrom | Knob::NightTo => {
            let Some(hours) = settings.nights.hours() else { return };
            let (from, to) = match knob {
                Knob::NightFrom => (around(hours.from(), up), hours.to()),
                _ => (hours.from(), around(hours.to(), up)),
            };
            // A night that ends as it begins would be none.
            let Some(hours) = Hours::new(from, to) else { return };
            Setting::Nights(Nights::daily(Some(hours)))
        }
        Knob::Sound => Setting::Sound(!settings.sound),
        Knob::Volume => Setting::Volume(stepped(settings.volume, by * VOLUME_STEP, 0..=VOLUME_MAX)),
        Knob::Turn => Setting::Turn(settings.turn.next()),
    };
    drop(settings);
    let mut drawer = appliance.drawer.borrow_mut();
    let at = appliance.clock.now();
    if let Err(error) = appliance.settings.borrow_mut().change(&mut drawer, setting, at) {
        eprintln!("{error}");
    }
    drop(drawer);
    fill(appliance, screens);
}

/// A number so much higher or lower, as far as it goes.
fn stepped<T>(value: T, by: i32, range: RangeInclusive<T>) -> T
where
    T: TryFrom<i32> + Into<i32> + Copy,
{
    let next = (value.into() + by).clamp((*range.start()).into(), (*range.end()).into());
    T::try_from(next).unwrap_or(value)
}

/// Half an hour on or back, around the clock.
fn around(minute: u16, up: bool) -> u16 {
    let by = if up { NIGHT_STEP } else { DAY_MINUTES - NIGHT_STEP };
    (minute + by) % DAY_MINUTES
}

/// The next village of the township; before the first and after the last, none.
fn next_village(screens: &Screens, now: Option<Village>, up: bool) -> Option<Village> {
    let villages = screens.shelf().villages().unwrap_or_default();
    let mut all: Vec<Option<Village>> = vec![None];
    all.extend(villages.iter().map(|row| Some(row.code)));
    let at = all.iter().position(|one| *one == now).unwrap_or(0);
    let next = if up { at + 1 } else { at + all.len() - 1 };
    all.get(next % all.len()).copied().flatten()
}

/// Shows everything as it stands.
pub(super) fn fill(appliance: &Appliance, screens: &Screens) {
    let own = screens.ui.global::<Own>();
    let wait = appliance.lock.borrow().wait(Instant::now()).unwrap_or_default();
    own.set_wait_minutes(i32::try_from(wait.as_secs().div_ceil(60)).unwrap_or(0));
    let settings = appliance.settings.borrow();
    let name = |village: Village| {
        let villages = screens.shelf().villages().unwrap_or_default();
        let found = villages.into_iter().find(|row| row.code == village);
        found.map_or_else(|| village.to_string(), |row| row.name)
    };
    own.set_station(settings.station.map(name).unwrap_or_default().into());
    own.set_idle(settings.idle.into());
    own.set_attract(settings.attract);
    let hours = settings.nights.hours();
    own.set_night(hours.is_some());
    own.set_night_from(hours.map(|night| clock_face(night.from())).unwrap_or_default().into());
    own.set_night_to(hours.map(|night| clock_face(night.to())).unwrap_or_default().into());
    own.set_sound(settings.sound);
    own.set_volume(settings.volume.into());
    own.set_turn(settings.turn.degrees().into());
    own.set_servers(settings.servers.join("\n").into());
    let now = written(appliance.clock.now());
    let now = now.map(|now| format!("{} {}", now.date(), now.clock())).unwrap_or_default();
    own.set_clock(now.into());
    let wrong = match appliance.clock.standing() {
        Machine::Possible => false,
        Machine::Behind => true,
        Machine::Ahead(by) => by.abs() >= 60,
    };
    own.set_clock_wrong(wrong);
    own.set_version(env!("CARGO_PKG_VERSION").into());
    fill_enrolment(appliance, &own, name);
}

fn fill_enrolment(appliance: &Appliance, own: &Own<'_>, name: impl Fn(Village) -> String) {
    let Some(fleet) = &appliance.fleet else { return };
    own.set_check(fleet.check_digits().into());
    own.set_enrolling(match fleet.enrolment() {
        Enrolment::Unasked => Enrolling::Unasked,
        Enrolment::Revoked => Enrolling::Revoked,
        Enrolment::Waiting(waiting) => {
            own.set_code(waiting.in_groups().into());
            let until = written(waiting.expires.unix_seconds());
            own.set_expires(until.map(|t| t.clock().to_owned()).unwrap_or_default().into());
            Enrolling::Waiting
        }
        Enrolment::Enrolled(enrolled) => {
            own.set_place(name(enrolled.village).into());
            own.set_name(enrolled.name.into());
            Enrolling::Enrolled
        }
    });
}
