//! The screen: shows a page, turns a finger into the place it leads to, and draws what changed. [`run`] is its task;
//! [`Link`] is how the rest of the board talks with it.

mod fonts;
mod frame;
mod picture;
mod view;
mod words;

pub use pixels::Xrgb;

use crate::board::{Display, Finger, Touch};
use crate::pages::{Page, Place};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use embassy_futures::poll_once;
use embassy_futures::select::{Either3, select3};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use fonts::Fonts;
use frame::Frame;
use ledger::glyph::{BadPack, Glyph};
use picture::Code;
use pixels::Pixel;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{
    Platform, PlatformError, PointerEventButton, WindowAdapter, WindowEvent, set_platform,
};
use slint::{ComponentHandle, LogicalPosition, ModelRc, PhysicalSize};
use ui::{Api, App, Go, Words};
use view::{Room, View};

/// Left alone for so long, the screen goes back to its first page.
pub const ALONE: Duration = Duration::from_secs(60);
/// The pages are made for this width and height in pixels, and more.
pub const SIZE_MIN: (u32, u32) = (800, 480);
/// Slint's coordinates have 16 bits.
pub const SIZE_MAX: (u32, u32) = (4096, 4096);
/// Between two frames of something that moves.
const FRAME: Duration = Duration::from_millis(16);
/// Things that a finger did which are taken before the next frame.
const FINGERS_MAX: usize = 16;
/// Pages that one goes back through.
const BACK_MAX: usize = 16;
/// Glyphs that wait to be taken.
const GLYPHS_MAX: usize = 2 * fonts::BESIDES_MAX;

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum BadScreen {
    /// There is one already: a board has one.
    #[error("there is a screen already")]
    Second,
    /// Smaller than [`SIZE_MIN`], or larger than [`SIZE_MAX`].
    #[error("no pages are made for {0} by {1} pixels")]
    Size(u32, u32),
    /// Slint does not start.
    #[error("the screen does not start: {0}")]
    Slint(PlatformError),
}

/// What the rest of a board says to the screen, and hears from it. It can be a `static`.
pub struct Link {
    news: Signal<CriticalSectionRawMutex, ()>,
    glyphs: Mutex<CriticalSectionRawMutex, RefCell<Vec<Glyph>>>,
    missing: Mutex<CriticalSectionRawMutex, RefCell<BTreeSet<char>>>,
}

impl Default for Link {
    fn default() -> Link {
        Link::new()
    }
}

impl Link {
    /// A new one.
    #[must_use]
    pub const fn new() -> Link {
        Link {
            news: Signal::new(),
            glyphs: Mutex::new(RefCell::new(Vec::new())),
            missing: Mutex::new(RefCell::new(BTreeSet::new())),
        }
    }

    /// What is shown may have changed: the page is loaded anew.
    pub fn news(&self) {
        self.news.signal(());
    }

    /// Gives the screen glyphs that its pack lacks; each character at every size, or it does not count.
    pub fn give(&self, glyphs: Vec<Glyph>) {
        self.glyphs.lock(|waiting| {
            let mut waiting = waiting.borrow_mut();
            let room = GLYPHS_MAX.saturating_sub(waiting.len());
            waiting.extend(glyphs.into_iter().take(room));
        });
        self.news();
    }

    /// Characters that were to be shown and have no glyph, to be asked for.
    pub fn missing(&self) -> Vec<char> {
        self.missing.lock(|missing| missing.borrow().iter().copied().collect())
    }

    fn given(&self) -> Vec<Glyph> {
        self.glyphs.lock(|waiting| waiting.take())
    }

    fn tell_missing(&self, missing: &BTreeSet<char>) {
        self.missing.lock(|told| {
            if *told.borrow() != *missing {
                told.replace(missing.clone());
            }
        });
    }
}

/// A step that a finger asked for.
#[derive(Clone, Copy)]
enum Step {
    Go(Go),
    Row(i32),
}

/// A place, and how far its list or text was moved.
#[derive(Clone, Copy, Default)]
struct Stand {
    place: Place,
    moved: f32,
    sheet: i32,
}

/// The screen of a board, without its display.
pub struct Screen {
    window: Rc<MinimalSoftwareWindow>,
    app: App,
    fonts: Fonts,
    room: Room,
    code: Code,
    steps: Rc<Cell<Option<Step>>>,
    finger: Option<LogicalPosition>,
    here: Place,
    back: Vec<Stand>,
    places: Vec<Option<Place>>,
    newest: Option<Place>,
    seal: Option<u64>,
}

/// Slint's view of a board: one window, and time since the start.
struct Board(Rc<MinimalSoftwareWindow>);

impl Platform for Board {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }

    fn duration_since_start(&self) -> core::time::Duration {
        core::time::Duration::from_micros(Instant::now().as_micros())
    }
}

impl Screen {
    /// Starts the screen of `size` pixels, with the glyph pack where it lies and the glyphs that came besides. A pack
    /// that is damaged is said on the screen ([`Screen::damage`]).
    ///
    /// # Errors
    /// [`BadScreen`].
    pub fn new(
        size: (u32, u32),
        pack: &'static [u8],
        besides: Vec<Glyph>,
    ) -> Result<Screen, BadScreen> {
        let fits = (SIZE_MIN.0..=SIZE_MAX.0).contains(&size.0)
            && (SIZE_MIN.1..=SIZE_MAX.1).contains(&size.1);
        if !fits {
            return Err(BadScreen::Size(size.0, size.1));
        }
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        set_platform(Box::new(Board(window.clone()))).map_err(|_| BadScreen::Second)?;
        window.set_size(PhysicalSize::new(size.0, size.1));
        let fonts = Fonts::new(&window, pack, besides);
        let app = App::new().map_err(BadScreen::Slint)?;
        let steps: Rc<Cell<Option<Step>>> = Rc::default();
        let room = Room::of(size);
        let api = app.global::<Api>();
        let (going, opening) = (steps.clone(), steps.clone());
        api.on_go(move |go| going.set(Some(Step::Go(go))));
        api.on_open(move |row| opening.set(Some(Step::Row(row))));
        api.set_scan_width(room.frame.0 as f32);
        api.set_scan_height(room.frame.1 as f32);
        app.show().map_err(BadScreen::Slint)?;
        let mut screen = Screen {
            window,
            app,
            fonts,
            room,
            code: Code::default(),
            steps,
            finger: None,
            here: Place::default(),
            back: Vec::new(),
            places: Vec::new(),
            newest: None,
            seal: None,
        };
        screen.tell_font();
        Ok(screen)
    }

    /// Tells Slint which font there is, and the words that are fixed for as long as there is this one.
    fn tell_font(&mut self) {
        self.app.set_family(self.fonts.family());
        self.app.global::<Api>().set_pack_damaged(self.fonts.damage().is_some());
        words::fix(&self.app.global::<Words>(), &mut self.fonts);
    }

    /// Looks at a little more of the glyph pack, of which each bit is looked at once after the start; whether it turned
    /// out damaged, so that the page has to be shown anew.
    pub fn check(&mut self) -> bool {
        let damaged = self.fonts.check(&self.window);
        if damaged {
            self.tell_font();
        }
        damaged
    }

    /// Whether there is more of it to look at.
    pub fn checking(&self) -> bool {
        self.fonts.checking()
    }

    /// Why the glyph pack is not used, if it is not.
    pub fn damage(&self) -> Option<BadPack> {
        self.fonts.damage()
    }

    /// Takes glyphs that came besides the pack; whether that changed anything. The page has to be shown anew then.
    pub fn add_glyphs(&mut self, glyphs: Vec<Glyph>) -> bool {
        let changed = self.fonts.add(&self.window, glyphs);
        if changed {
            self.tell_font();
        }
        changed
    }

    /// Characters that were to be shown since the start and have no glyph.
    pub fn missing(&self) -> &BTreeSet<char> {
        self.fonts.missing()
    }

    /// How many characters of this page could not be shown.
    pub fn unshown(&self) -> usize {
        self.fonts.unshown()
    }

    /// Where one is.
    pub fn place(&self) -> Place {
        self.here
    }

    /// Shows the page of the place where one is.
    pub fn show(&mut self, page: Page) {
        // The old pictures go before the new ones are made: a board has not the memory for both.
        self.app.global::<Api>().set_scans(ModelRc::default());
        let mut view = View::of(page, &mut self.fonts, self.room);
        self.places = core::mem::take(&mut view.places);
        (self.newest, self.seal) = (view.newest_place, view.seal);
        let api = self.app.global::<Api>();
        api.set_unshown(i32::try_from(self.fonts.unshown()).unwrap_or(i32::MAX));
        view.tell(&api, &mut self.code);
    }

    /// Tells Slint what a finger did.
    pub fn touch(&mut self, finger: Finger) {
        let button = PointerEventButton::Left;
        let event = match (finger, self.finger) {
            (Finger::At(x, y), before) => {
                let position = LogicalPosition::new(x as f32, y as f32);
                self.finger = Some(position);
                match before {
                    None => WindowEvent::PointerPressed { position, button },
                    Some(_) => WindowEvent::PointerMoved { position },
                }
            }
            (Finger::Up, Some(position)) => {
                self.finger = None;
                WindowEvent::PointerReleased { position, button }
            }
            (Finger::Up, None) => return,
        };
        let lifted = matches!(event, WindowEvent::PointerReleased { .. });
        // What Slint refuses of a finger is lost like a touch that missed.
        let _ = self.window.dispatch_event_with_result(event);
        if lifted {
            let _ = self.window.dispatch_event_with_result(WindowEvent::PointerExited);
        }
    }

    /// Goes where the finger led since the last call; `None` when it led nowhere. The caller then loads the page of
    /// that place and shows it.
    pub fn step(&mut self) -> Option<Place> {
        let to = match self.steps.take()? {
            Step::Go(Go::Home) => Place::Home,
            Step::Go(Go::Back) => return Some(self.go_back()),
            Step::Go(Go::Newest) => self.newest?,
            Step::Go(Go::Months) => Place::Months,
            Step::Go(Go::Bulletins) => Place::Bulletins,
            Step::Go(Go::Seal) => Place::Seal(self.seal?),
            Step::Go(Go::Status) => Place::Status,
            Step::Go(Go::Enrol) => Place::Enrol,
            Step::Row(row) => (*self.places.get(usize::try_from(row).ok()?)?)?,
        };
        self.go(to);
        Some(to)
    }

    /// Goes to a place.
    pub fn go(&mut self, place: Place) {
        let api = self.app.global::<Api>();
        if place == Place::Home {
            self.back.clear();
        } else {
            if self.back.len() == BACK_MAX {
                self.back.remove(0);
            }
            let (moved, sheet) = (api.get_moved(), api.get_sheet());
            self.back.push(Stand { place: self.here, moved, sheet });
        }
        self.stand(Stand { place, ..Stand::default() });
    }

    fn go_back(&mut self) -> Place {
        let stand = self.back.pop().unwrap_or_default();
        self.stand(stand);
        stand.place
    }

    fn stand(&mut self, stand: Stand) {
        self.here = stand.place;
        let api = self.app.global::<Api>();
        api.set_sheet(stand.sheet);
        api.set_moved(stand.moved);
    }

    /// Draws what changed into a frame that holds what was drawn before; the rectangles (x, y, width, height) that
    /// changed.
    pub fn draw<P: Pixel>(&self, frame: &mut [P]) -> Vec<(u32, u32, u32, u32)> {
        slint::platform::update_timers_and_animations();
        let mut changed = Vec::new();
        let size = self.window.size();
        if frame.len() < size.width as usize * size.height as usize {
            return changed;
        }
        self.window.draw_if_needed(|renderer| {
            let region =
                renderer.render_into_buffer(&mut Frame { pixels: frame, row: size.width as usize });
            let part = |n: i32| u32::try_from(n).unwrap_or(0);
            changed.extend(
                region.iter().map(|(at, size)| (part(at.x), part(at.y), size.width, size.height)),
            );
        });
        changed
    }

    /// Whether something moves by itself, or a press is still held back to see whether it becomes a drag.
    pub fn moves(&self) -> bool {
        self.wakes().is_some()
    }

    /// When Slint wants to go on by itself, because something moves; `None` when it waits for a finger.
    fn wakes(&self) -> Option<Duration> {
        if self.window.has_active_animations() {
            return Some(FRAME);
        }
        let wait = slint::platform::duration_until_next_timer_update()?;
        Some(Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Runs the screen for ever: loads the page of a place and shows it, again when there is [`Link::news`], and the
/// first one after `alone` without a finger. What the finger does while a page loads waits; `touch` loses nothing
/// when its wait is given up.
pub async fn run<D: Display, T: Touch>(
    screen: &mut Screen,
    display: &mut D,
    touch: &mut T,
    link: &Link,
    alone: Duration,
    mut load: impl AsyncFnMut(Place) -> Page,
) -> ! {
    let mut touched = Instant::now();
    let mut stale = true;
    loop {
        let given = link.given();
        stale |= !given.is_empty() && screen.add_glyphs(given);
        if stale {
            let page = load(screen.place()).await;
            screen.show(page);
            link.tell_missing(screen.missing());
            stale = false;
        }
        let size = display.size();
        for area in screen.draw(display.frame()) {
            debug_assert!(area.0 + area.2 <= size.0 && area.1 + area.3 <= size.1);
            display.present(area).await;
        }
        let now = Instant::now();
        let home = touched + alone;
        let away = screen.place() != Place::Home;
        // Not at once: the network's turn comes between two pieces.
        let checks = screen.checking().then_some(now + Duration::from_millis(1));
        let wakes = [away.then_some(home), screen.wakes().map(|wait| now + wait), checks];
        let wake = wakes.into_iter().flatten().min();
        let sleep = Timer::at(wake.unwrap_or(now + ALONE));
        match select3(touch.next(), link.news.wait(), sleep).await {
            Either3::First(finger) => {
                screen.touch(finger);
                for _ in 0..FINGERS_MAX {
                    match poll_once(touch.next()) {
                        core::task::Poll::Ready(finger) => screen.touch(finger),
                        core::task::Poll::Pending => break,
                    }
                }
                touched = Instant::now();
                stale |= screen.step().is_some();
            }
            Either3::Second(()) => stale = true,
            Either3::Third(()) => {
                // Slint hands a held press on by a timer of its own.
                slint::platform::update_timers_and_animations();
                stale |= screen.step().is_some() | screen.check();
                if away && Instant::now() >= home {
                    screen.go(Place::Home);
                    stale = true;
                }
            }
        }
    }
}
