//! The screens: which page is open, what it shows from the shelf, and what a finger does to it.

mod aloud;
mod ask;
mod attract;
mod comfort;
mod draw;
mod fill;
mod find;
mod hang;
mod place;
mod receipts;
mod touch;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ledger::content::ImageRef;
use ledger::time::Timestamp;
use slint::{ComponentHandle, Model, ModelRc, Timer, TimerMode};

use crate::clock::{self, Clock};
use crate::idle::{IDLE_TIME, Idle};
use crate::qr;
use crate::scan::darkroom::{Darkroom, Order};
use crate::scan::{View, level_for};
use crate::shelf::{ReceiptPage, Shelf, ShelfError};
use crate::speech::voice::Sound;
use crate::sync::Orders;
pub use comfort::{Comfort, TextSize};
pub use mingbai_kiosk_ui as ui;
pub use place::{Columns, Paper, Place};

use aloud::Voice;
use attract::Round;
use ui::{Api, AppWindow};

/// How long a picture rests before it is filtered to the screen's pixels.
const REST_TIME: Duration = Duration::from_millis(150);
/// After how many days the log counts as stale where nothing else is said: longer than any holiday.
pub const STALE_DAYS: u32 = 10;
/// How many pages back one can go.
const HISTORY_MAX: usize = 64;

/// What can keep the screen from opening.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// No window.
    #[error("屏幕打不开（{0}）/ cannot open the screen")]
    Window(#[from] slint::PlatformError),
    /// No data.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// No thread for the pictures.
    #[error("系统不给线程（{0}）/ cannot start a thread")]
    Thread(#[from] std::io::Error),
}

/// How to show the screens.
#[derive(Clone, Debug)]
pub struct Options {
    /// The shelf's directory.
    pub data: PathBuf,
    /// Where a telephone finds the same pages; no QR codes when empty.
    pub public_url: String,
    /// Whether to fill the display.
    pub fullscreen: bool,
    /// How long after the last touch the screen returns to its home page.
    pub idle: Duration,
    /// Whether a screen that is left alone shows bulletins in turn.
    pub attract: bool,
    /// What speaks and clicks.
    pub sound: Sound,
    /// The clock, which only says how many days ago the last sync was.
    pub now: fn() -> Timestamp,
    /// The way to ask for pictures that are not here (any more).
    pub orders: Orders,
    /// After how many days without anything newly signed the log counts as stale; see `Freshness::is_stale`.
    pub stale_days: u32,
}

impl Options {
    /// The usual options over a directory.
    #[must_use]
    pub fn new(data: PathBuf, public_url: String, now: fn() -> Timestamp) -> Self {
        let (fullscreen, idle, sound) = (false, IDLE_TIME, Sound::default());
        let (orders, stale_days) = (Orders::default(), STALE_DAYS);
        Self { data, public_url, fullscreen, idle, attract: true, sound, now, orders, stale_days }
    }
}

/// Tells the screen, from any thread, that the shelf has changed.
#[derive(Clone)]
pub struct Refresh(slint::Weak<AppWindow>);

impl Refresh {
    /// The open page is filled again, without moving under the reader's finger.
    pub fn now(&self) {
        // An error means that the window is closed already.
        let _ = self.0.upgrade_in_event_loop(|ui| ui.global::<Api>().invoke_refresh());
    }
}

/// Opens the window and stays until it is closed. `start` is given the open screens.
///
/// # Errors
/// [`ScreenError`].
pub fn run(options: &Options, start: impl FnOnce(&Rc<Screens>)) -> Result<(), ScreenError> {
    let screens = Screens::open(options)?;
    screens.ui.window().set_fullscreen(options.fullscreen);
    screens.give_voice(&options.sound);
    start(&screens);
    screens.ui.run()?;
    Ok(())
}

/// A page one can come back to.
struct Visit {
    place: Place,
    scroll: f32,
}

/// The open window and where its reader is.
pub struct Screens {
    /// The window.
    pub ui: AppWindow,
    shelf: Shelf,
    darkroom: Rc<Darkroom>,
    finder: RefCell<find::Finder>,
    asking: RefCell<ask::Asking>,
    options: Options,
    history: RefCell<Vec<Visit>>,
    /// The receipt on the screen, so that a sync does not disturb whoever looks at it.
    shown: RefCell<Option<ReceiptPage>>,
    /// The pictures of the paper on the screen.
    pictures: RefCell<Vec<ImageRef>>,
    idle: RefCell<Option<Idle>>,
    touched: Cell<Instant>,
    rest: Timer,
    view: Cell<Option<View>>,
    comfort: Cell<Comfort>,
    round: RefCell<Round>,
    slides: Timer,
    /// Emergencies that somebody put away in this visit.
    put_away: RefCell<Vec<u64>>,
    clock: RefCell<Option<Clock>>,
    voice: RefCell<Voice>,
}

impl Screens {
    /// Makes the window, on its home page and not yet shown.
    ///
    /// # Errors
    /// [`ScreenError`].
    pub fn open(options: &Options) -> Result<Rc<Self>, ScreenError> {
        let shelf = Shelf::open(&options.data)?;
        let ui = AppWindow::new()?;
        let weak = ui.as_weak();
        let darkroom = Rc::new(Darkroom::start(&options.data, move |serial, print| {
            let _ = weak.upgrade_in_event_loop(move |ui| hang::hang(&ui, serial, print));
        })?);
        let finder = RefCell::new(find::Finder::start(&options.data, &ui)?);
        let screens = Rc::new(Self {
            ui,
            shelf,
            darkroom,
            finder,
            asking: RefCell::default(),
            options: options.clone(),
            history: RefCell::default(),
            shown: RefCell::default(),
            pictures: RefCell::default(),
            idle: RefCell::default(),
            touched: Cell::new(Instant::now()),
            rest: Timer::default(),
            view: Cell::default(),
            comfort: Cell::default(),
            round: RefCell::default(),
            slides: Timer::default(),
            put_away: RefCell::default(),
            clock: RefCell::default(),
            voice: RefCell::default(),
        });
        touch::connect(&screens);
        find::connect(&screens);
        ask::connect(&screens);
        screens.forget();
        Ok(screens)
    }

    fn api(&self) -> Api<'_> {
        self.ui.global::<Api>()
    }

    /// The way for other threads to tell of news.
    #[must_use]
    pub fn refresher(&self) -> Refresh {
        Refresh(self.ui.as_weak())
    }

    /// The shelf that is shown.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// True while a picture is still being made.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.darkroom.is_busy() || self.rest.running() || self.finder.borrow().is_busy()
    }

    /// Where the reader is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.history.borrow().last().map_or(Place::Home, |visit| visit.place.clone())
    }

    /// Opens a page; the way back leads here.
    pub fn go(&self, place: Place) {
        if place == Place::Home {
            return self.home();
        }
        let scroll = self.api().get_scroll();
        let mut history = self.history.borrow_mut();
        if let Some(visit) = history.last_mut() {
            visit.scroll = scroll;
        }
        history.push(Visit { place, scroll: 0.0 });
        if history.len() > HISTORY_MAX {
            history.remove(1);
        }
        drop(history);
        self.show();
    }

    /// One page back.
    pub fn back(&self) {
        let mut history = self.history.borrow_mut();
        if history.len() > 1 {
            history.pop();
        }
        drop(history);
        self.show();
    }

    /// The home page.
    pub fn home(&self) {
        if let Place::Emergency(index) = self.place() {
            self.put_away.borrow_mut().push(index);
        }
        let home = Visit { place: Place::Home, scroll: 0.0 };
        *self.history.borrow_mut() = vec![home];
        self.show();
    }

    /// The home page in Chinese and as designed, with no trace of whoever was here.
    pub fn forget(&self) {
        self.set_english(false);
        self.forget_question();
        self.set_comfort(Comfort::default());
        self.home();
        self.put_away.borrow_mut().clear();
        self.alarm();
    }

    /// Chinese or English.
    pub fn set_english(&self, english: bool) {
        // Both languages are in the program, so this cannot fail; and Chinese is what the words are written in.
        let _ = slint::select_bundled_translation(if english { "en" } else { "" });
        self.api().set_english(english);
        self.set_address(&self.place().path());
    }

    /// Opens other columns of bulletins in place of these.
    pub fn choose_columns(&self, columns: Columns) {
        if let Some(visit) = self.history.borrow_mut().last_mut() {
            *visit = Visit { place: Place::Bulletins(columns), scroll: 0.0 };
        }
        self.show();
    }

    /// Fills the open page from the shelf, as when it is opened.
    fn show(&self) {
        self.activity();
        let api = self.api();
        let serial = api.get_serial().wrapping_add(1);
        self.be_silent();
        self.shown.replace(None);
        let had_pictures = !self.pictures.take().is_empty();
        self.rest.stop();
        api.set_serial(serial);
        api.set_scan(ui::Scan::default());
        api.set_scan_levels(ModelRc::default());
        api.set_scan_level(slint::Image::default());
        if had_pictures {
            self.darkroom.order(Order::Close { serial });
        }
        api.set_dots(self.ui.window().scale_factor());
        self.refill();
        let history = self.history.borrow();
        api.set_can_go_back(history.len() > 1);
        self.begin_list(history.last().map_or(0.0, |visit| visit.scroll));
    }

    /// The page's list stands there from now on.
    pub(crate) fn begin_list(&self, scroll: f32) {
        let api = self.api();
        api.set_scroll(scroll);
        api.set_begun(api.get_begun().wrapping_add(1));
    }

    /// Fills the open page from the shelf; whoever is reading it keeps their place.
    pub fn refresh(&self) {
        if self.alarm() {
            return;
        }
        let place = self.place();
        // Whoever looks closely keeps what they look at, while it may be seen.
        if let Place::Picture(paper, _) = place {
            let images = self.pictures_of(paper).ok().flatten().map(|(_, images)| images);
            if images.is_some_and(|images| images == *self.pictures.borrow()) {
                return self.fill_freshness();
            }
            return self.show();
        }
        if let Place::Receipt(index) = place {
            let now = self.shelf.receipt(index).ok().flatten();
            let same = match (&now, &*self.shown.borrow()) {
                (Some(now), Some(shown)) => {
                    now.content == shown.content && now.state == shown.state
                }
                (None, None) => true,
                _ => false,
            };
            if same {
                self.fill_freshness();
                self.open_what_came();
                return;
            }
            return self.show();
        }
        self.api().set_serial(self.api().get_serial().wrapping_add(1));
        self.refill();
    }

    fn refill(&self) {
        self.fill_freshness();
        let place = self.place();
        self.set_address(&place.path());
        if let Err(error) = self.fill(&place) {
            eprintln!("{error}");
            self.fill_broken(&error);
        }
    }

    /// Shows the code of this page on the server, in the language of the screen.
    fn set_address(&self, path: &str) {
        let base = self.options.public_url.trim_end_matches('/');
        let language = match (self.api().get_english(), path.contains('?')) {
            (false, _) => "",
            (true, false) => "?lang=en",
            (true, true) => "&lang=en",
        };
        let address =
            if base.is_empty() { String::new() } else { format!("{base}{path}{language}") };
        let code = (!address.is_empty()).then(|| qr::draw(&address)).flatten();
        self.api().set_address(if code.is_some() { address.into() } else { "".into() });
        self.api().set_qr(code.unwrap_or_default());
    }

    /// This moment: as the kiosk reckons it, or as the machine says.
    fn now(&self) -> Timestamp {
        let reckoned = self.clock.borrow().as_ref().and_then(|clock| clock::written(clock.now()));
        reckoned.unwrap_or_else(self.options.now)
    }

    /// Schedules and ages go by this clock from now on.
    pub fn go_by(&self, clock: Clock) {
        self.clock.replace(Some(clock));
    }

    /// A finger touched the screen.
    pub fn touched(&self) {
        self.touched.set(Instant::now());
        self.activity();
    }

    /// For how long no finger did.
    #[must_use]
    pub fn untouched(&self) -> Duration {
        self.touched.get().elapsed()
    }

    /// Somebody is there, or something that has to be seen for a while.
    pub fn activity(&self) {
        if let Some(idle) = &*self.idle.borrow() {
            idle.activity();
        }
    }

    /// The picture lies elsewhere or at another size now.
    fn scan_moved(self: &Rc<Self>, view: View) {
        self.activity();
        let api = self.api();
        let mut scan = api.get_scan();
        scan.sharp_shown = false;
        api.set_scan(scan);
        api.set_scan_turn(api.get_scan_turn().wrapping_add(1));
        let levels = api.get_scan_levels();
        let level = levels.row_data(level_for(view.zoom, levels.row_count()));
        api.set_scan_level(level.unwrap_or_default());
        self.view.set(Some(view));
        let weak = Rc::downgrade(self);
        self.rest.start(TimerMode::SingleShot, REST_TIME, move || {
            let Some(screens) = weak.upgrade() else { return };
            let Some(view) = screens.view.get() else { return };
            let (serial, turn) = (screens.api().get_serial(), screens.api().get_scan_turn());
            screens.darkroom.order(Order::Sharpen { serial, turn, view });
        });
    }
}

/// A log index that came through the interface.
fn index(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
