//! The kiosk as an appliance: what is tied to the screens without being one of them. It tells the fleet what they show,
//! darkens them at night, tells systemd that they are alive, and opens the hidden pages to whoever looks after it.

mod hidden;

use std::cell::{Cell, RefCell};
use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::rc::{Rc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use ledger::kiosk::Word;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use slint::{ComponentHandle, Timer, TimerMode};

use crate::clock::Clock;
use crate::diary::Event;
use crate::drawer::{Drawer, DrawerError};
use crate::fleet::Fleet;
use crate::night::Curtain;
use crate::screens::ui::{Own, OwnPage};
use crate::screens::{Place, Screens};
use crate::settings::{Gesture, Lock, Settings, Turn};
use crate::sync;
use crate::watchdog::Watchdog;

/// How often it is looked what the screen shows.
const TICK: Duration = Duration::from_secs(1);
/// The longest that a bulletin is on the screen before that is told: so much can a power cut take.
const TELL_TIME: Duration = Duration::from_secs(10);
/// How long the code may be looked at without a touch: the person of the office types elsewhere.
const ENROL_TIME: Duration = Duration::from_secs(16 * 60);
/// What turns the picture on a screen without a window system.
const TURN_VARIABLE: &str = "SLINT_KMS_ROTATION";

/// What is tied to the open screens.
pub struct Appliance {
    screens: Weak<Screens>,
    fleet: Option<Fleet>,
    clock: Clock,
    drawer: RefCell<Drawer>,
    settings: RefCell<Settings>,
    /// The settings as the program was started with them.
    started_with: Settings,
    lock: RefCell<Lock>,
    gesture: RefCell<Gesture>,
    typed: RefCell<String>,
    curtain: RefCell<Curtain>,
    glance: RefCell<Glance>,
    place: RefCell<Option<String>>,
    /// Entries of the log when the screen was filled last.
    filled: Cell<u64>,
    watchdog: Option<Watchdog>,
    beaten: Cell<Instant>,
    tick: Timer,
}

impl Appliance {
    /// Ties it to the open screens; after a crash they begin where they stood.
    ///
    /// # Errors
    /// [`DrawerError`].
    pub fn open(
        screens: &Rc<Screens>,
        fleet: Option<Fleet>,
        drawer: Drawer,
        settings: Settings,
    ) -> Result<Rc<Self>, DrawerError> {
        let clock = match &fleet {
            Some(fleet) => fleet.clock().clone(),
            None => Clock::start(sync::clock, 0),
        };
        let appliance = Rc::new(Self {
            screens: Rc::downgrade(screens),
            clock,
            lock: RefCell::new(Lock::of(&drawer, Instant::now())?),
            drawer: RefCell::new(drawer),
            started_with: settings.clone(),
            settings: RefCell::new(settings),
            gesture: RefCell::default(),
            typed: RefCell::default(),
            curtain: RefCell::new(Curtain::open()),
            glance: RefCell::default(),
            place: RefCell::default(),
            filled: Cell::new(entries(screens)),
            watchdog: Watchdog::of_environment(),
            beaten: Cell::new(Instant::now()),
            tick: Timer::default(),
            fleet,
        });
        hidden::connect(&appliance, screens);
        screens.go_by(appliance.clock.clone());
        let begin_at = appliance.fleet.as_ref().and_then(|fleet| fleet.begin_at());
        if let Some(place) = begin_at.and_then(|place| place.parse().ok()) {
            screens.go(place);
        }
        let weak = Rc::downgrade(&appliance);
        appliance.tick.start(TimerMode::Repeated, TICK, move || {
            if let Some(appliance) = weak.upgrade() {
                appliance.look();
            }
        });
        if let Err(error) = end_on_signal() {
            eprintln!("{error}");
        }
        if let Some(watchdog) = &appliance.watchdog {
            watchdog.ready();
        }
        Ok(appliance)
    }

    /// Whether the program has to begin anew by itself: a setting was changed that only a new start makes true, and no
    /// systemd stands by to start it.
    #[must_use]
    pub fn wants_restart(&self) -> bool {
        self.has_changed() && self.watchdog.is_none()
    }

    fn has_changed(&self) -> bool {
        *self.settings.borrow() != self.started_with
    }

    /// The program ends as it should.
    pub fn end(&self) {
        self.tick.stop();
        if let Some(fleet) = &self.fleet {
            self.glance.borrow_mut().at(None, Instant::now(), fleet);
            fleet.stop();
        }
        if let Some(watchdog) = &self.watchdog {
            watchdog.stopping();
        }
    }

    /// Once a second, by the thread that draws.
    fn look(&self) {
        let Some(screens) = self.screens.upgrade() else { return };
        let now = Instant::now();
        self.beat(now);
        // A sync over a slow line ends when the last picture is here; what it verified is shown before.
        let entries = entries(&screens);
        if self.filled.replace(entries) != entries {
            screens.refresh();
        }
        let page = screens.ui.global::<Own>().get_page();
        let untouched = screens.untouched();
        let idle = self.settings.borrow().idle_time();
        match page {
            OwnPage::None | OwnPage::Dark => self.look_for_night(&screens, untouched, idle),
            OwnPage::Pin | OwnPage::Settings if untouched >= idle => self.leave(&screens),
            OwnPage::Enrol if untouched >= ENROL_TIME => self.leave(&screens),
            _ => hidden::fill(self, &screens),
        }
        self.tell_place(&screens, untouched);
        if let Some(fleet) = &self.fleet {
            let open = screens.ui.global::<Own>().get_page() == OwnPage::None;
            let bulletin = screens.bulletin_on_screen().filter(|_| open);
            self.glance.borrow_mut().at(bulletin, now, fleet);
        }
    }

    fn beat(&self, now: Instant) {
        let Some((watchdog, every)) = self.watchdog.as_ref().and_then(|w| Some((w, w.every()?)))
        else {
            return;
        };
        if now.duration_since(self.beaten.get()) + TICK > every {
            watchdog.beat();
            self.beaten.set(now);
        }
    }

    fn look_for_night(&self, screens: &Screens, untouched: Duration, idle: Duration) {
        let nights = self.settings.borrow().nights;
        let mut curtain = self.curtain.borrow_mut();
        if !curtain.look(&nights, self.clock.wall(), untouched, idle) {
            return;
        }
        let drawn = curtain.is_drawn();
        screens.ui.global::<Own>().set_page(if drawn { OwnPage::Dark } else { OwnPage::None });
        self.note(if drawn { Event::ScreenOff } else { Event::ScreenOn });
    }

    /// Tells where the screen stands, when it moved or somebody is reading there.
    fn tell_place(&self, screens: &Screens, untouched: Duration) {
        let Some(fleet) = &self.fleet else { return };
        let (place, page) = (screens.place(), screens.ui.global::<Own>().get_page());
        let (word, place) = (word(&place, page), place.to_string());
        let said = format!("{word} {place}");
        let mut last = self.place.borrow_mut();
        let moved = last.as_ref() != Some(&said);
        if moved || untouched <= TICK {
            if let Ok(word) = word.parse::<Word>() {
                fleet.at(word, &place);
            }
            if let Some(watchdog) = self.watchdog.as_ref().filter(|_| moved) {
                watchdog.status(&word);
            }
            *last = Some(said);
        }
    }

    /// Closes the hidden pages; with other settings than before the program begins anew.
    fn leave(&self, screens: &Screens) {
        self.typed.borrow_mut().clear();
        if let Some(fleet) = &self.fleet {
            fleet.watch(false);
        }
        screens.ui.global::<Own>().set_page(OwnPage::None);
        screens.forget();
        if self.has_changed() {
            // An error means that it ends already.
            let _ = slint::quit_event_loop();
        }
    }

    fn note(&self, event: Event) {
        if let Some(fleet) = &self.fleet {
            fleet.note(event);
        }
    }
}

/// Entries of the verified log.
fn entries(screens: &Screens) -> u64 {
    // What is wrong with the shelf the screen itself says.
    screens.shelf().head().ok().flatten().map_or(0, |head| head.size)
}

/// Which bulletin is on the screen, and since when that was not told.
#[derive(Debug, Default)]
struct Glance(Option<(u64, Instant)>);

impl Glance {
    fn at(&mut self, bulletin: Option<u64>, now: Instant, fleet: &Fleet) {
        if let Some((seen, since)) = self.0 {
            if bulletin == Some(seen) && now.duration_since(since) < TELL_TIME {
                return;
            }
            fleet.saw(seen, since, now);
        }
        self.0 = bulletin.map(|bulletin| (bulletin, now));
    }
}

/// The page as the office is told of it. Which receipt a villager reads is nobody's business.
fn word(place: &Place, page: OwnPage) -> String {
    match (page, place) {
        (OwnPage::Dark, _) => "dark".to_owned(),
        (OwnPage::Pin | OwnPage::Settings | OwnPage::Enrol, _) => "settings".to_owned(),
        (_, Place::Home) => "home".to_owned(),
        (_, Place::Attract) => "attract".to_owned(),
        (_, Place::Bulletin(index)) => format!("bulletin/{index}"),
        (_, Place::Emergency(index)) => format!("emergency/{index}"),
        (_, Place::Status) => "status".to_owned(),
        _ => "reading".to_owned(),
    }
}

/// Ends the event loop when the system asks the program to stop, so that everything is written down.
fn end_on_signal() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            // An error means that it ends already.
            let _ = slint::quit_event_loop();
        }
    })?;
    Ok(())
}

/// Turns the picture as the settings say: whoever draws without a window system learns it from the environment only, which a
/// program cannot change for itself. Comes back when it is turned so already.
///
/// # Errors
/// When the program cannot be started again.
pub fn turn_screen(turn: Turn) -> io::Result<()> {
    let wanted = turn.degrees().to_string();
    let now = env::var(TURN_VARIABLE).unwrap_or_else(|_| "0".to_owned());
    if now == wanted { Ok(()) } else { Err(again(&wanted)) }
}

/// Starts the program again in the same process, as it was started, but with the settings as they are now. Comes back
/// only with an error.
#[must_use]
pub fn start_again() -> io::Error {
    let now = env::var(TURN_VARIABLE).unwrap_or_else(|_| "0".to_owned());
    again(&now)
}

fn again(turn: &str) -> io::Error {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    Command::new(program).args(env::args_os().skip(1)).env(TURN_VARIABLE, turn).exec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ledger::place::Village;

    use super::*;

    #[test]
    fn the_office_hears_of_bulletins_and_not_of_what_a_villager_reads() {
        let village: Village = "341181107201".parse().unwrap();
        for (place, said) in [
            (Place::Home, "home"),
            (Place::Bulletin(17), "bulletin/17"),
            (Place::Receipt(17), "reading"),
            (Place::Village(village), "reading"),
        ] {
            assert_eq!(word(&place, OwnPage::None), said);
            assert!(word(&place, OwnPage::None).parse::<Word>().is_ok());
            assert_eq!(word(&place, OwnPage::Dark), "dark");
        }
    }
}
