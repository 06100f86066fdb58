//! What the screens owe the machine that they run on and the fleet: proof of display, where to begin again after a crash,
//! a dark screen at night, the watchdog's beat. A picture drawn to a file has no station.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ledger::kiosk::Word;
use ledger::time::Timestamp;
use slint::{Timer, TimerMode};

use super::{Paper, Place, Screens};
use crate::clock;
use crate::diary::Event;
use crate::fleet::Fleet;
use crate::night::Curtain;
use crate::settings::Settings;
use crate::watchdog::Watchdog;

/// How often the station looks around: what a power cut can take of the proof of display.
const TICK: Duration = Duration::from_secs(5);

/// The machine and the fleet, as the screens see them.
pub struct Station {
    fleet: Fleet,
    settings: RefCell<Settings>,
    curtain: RefCell<Curtain>,
    watchdog: Option<Watchdog>,
    touched: Cell<Instant>,
    /// The bulletin on the glass, and since when that was not told.
    glass: Cell<Option<(u64, Instant)>>,
    tick: Timer,
    beat: Timer,
}

impl Station {
    /// A station with these settings.
    #[must_use]
    pub fn new(fleet: Fleet, settings: Settings) -> Self {
        Self {
            fleet,
            settings: RefCell::new(settings),
            curtain: RefCell::new(Curtain::open()),
            watchdog: Watchdog::of_environment(),
            touched: Cell::new(Instant::now()),
            glass: Cell::default(),
            tick: Timer::default(),
            beat: Timer::default(),
        }
    }

    /// The kiosk's part in the fleet.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Whether the screen shows bulletins in turn when nobody is there.
    pub(super) fn attracts(&self) -> bool {
        self.settings.borrow().attract
    }

    /// This moment, as far as it can be known.
    pub(super) fn now(&self) -> Option<Timestamp> {
        clock::written(self.fleet.clock().now())
    }

    /// Notes that another bulletin, or none, is on the glass from now on; tells of the one before.
    fn show(&self, bulletin: Option<u64>) {
        let now = Instant::now();
        if let Some((seen, since)) = self.glass.replace(bulletin.map(|index| (index, now))) {
            self.fleet.saw(seen, since, now);
        }
    }

    /// Looks whether it is night; answers whether the screen is dark.
    fn is_dark(&self) -> bool {
        let settings = self.settings.borrow();
        let (wall, untouched) = (self.fleet.clock().wall(), self.touched.get().elapsed());
        let mut curtain = self.curtain.borrow_mut();
        if curtain.look(&settings.nights, wall, untouched, settings.idle_time()) {
            let event = if curtain.is_drawn() { Event::ScreenOff } else { Event::ScreenOn };
            self.fleet.note(event);
        }
        curtain.is_drawn()
    }
}

impl Screens {
    /// Works for this station from now on, and begins where a crash left it.
    pub fn join(self: &Rc<Self>, station: Station) {
        let begin_at = station.fleet.begin_at().and_then(|place| place.parse::<Place>().ok());
        let tick = |act: fn(&Self)| {
            let weak = Rc::downgrade(self);
            move || {
                if let Some(screens) = weak.upgrade() {
                    act(&screens);
                }
            }
        };
        station.tick.start(TimerMode::Repeated, TICK, tick(Self::look_around));
        if let Some(watchdog) = &station.watchdog {
            watchdog.ready();
            if let Some(every) = watchdog.every() {
                station.beat.start(TimerMode::Repeated, every, tick(Self::beat));
            }
        }
        *self.station.borrow_mut() = Some(station);
        match begin_at {
            Some(place) => self.go(place),
            None => self.tell_place(),
        }
    }

    /// The program ends as it should.
    pub(super) fn leave(&self) {
        if let Some(station) = &*self.station.borrow() {
            station.show(None);
            station.fleet.stop();
            if let Some(watchdog) = &station.watchdog {
                watchdog.stopping();
            }
        }
    }

    /// Another page is open.
    pub(super) fn tell_place(&self) {
        let place = self.place();
        if let Some(station) = &*self.station.borrow() {
            station.fleet.at(word(&place), &place.to_string());
            station.show(on_glass(&place));
        }
    }

    /// A bulletin is on the glass, or none, though the page is the same.
    pub(super) fn tell_bulletin(&self, bulletin: Option<u64>) {
        if let Some(station) = &*self.station.borrow() {
            station.show(bulletin);
        }
    }

    /// Somebody touched the screen.
    pub(super) fn touched(&self) {
        let Some(dark) = self.station.borrow().as_ref().map(|station| {
            station.touched.set(Instant::now());
            station.is_dark()
        }) else {
            return;
        };
        self.darken(dark);
    }

    fn look_around(&self) {
        let Some((dark, seen)) = self
            .station
            .borrow()
            .as_ref()
            .map(|station| (station.is_dark(), station.glass.get().map(|(seen, _)| seen)))
        else {
            return;
        };
        self.darken(dark);
        self.tell_bulletin(seen.filter(|_| !dark));
    }

    fn darken(&self, dark: bool) {
        let api = self.api();
        if api.get_dark() != dark {
            api.set_dark(dark);
            if !dark {
                self.tell_place();
            }
        }
    }

    fn beat(&self) {
        if let Some(watchdog) = self.station.borrow().as_ref().and_then(|s| s.watchdog.as_ref()) {
            watchdog.beat();
        }
    }

    /// This moment: as the station reckons it, or as the machine says.
    pub(super) fn now(&self) -> Timestamp {
        let reckoned = self.station.borrow().as_ref().and_then(Station::now);
        reckoned.unwrap_or_else(self.options.now)
    }
}

/// The bulletin that a page shows.
fn on_glass(place: &Place) -> Option<u64> {
    match place {
        Place::Bulletin(index)
        | Place::Emergency(index)
        | Place::Picture(Paper::Bulletin(index), _) => Some(*index),
        _ => None,
    }
}

/// What the office is told of a page: its own words, or the first of them where they are too long for a word.
fn word(place: &Place) -> Word {
    let text = place.to_string();
    let first = text.split('/').next().unwrap_or_default();
    // Every page's first word is one of ours.
    text.parse().or_else(|_| first.parse()).unwrap_or_else(|_| unreachable!())
}
