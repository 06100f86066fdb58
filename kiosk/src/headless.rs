//! Headless: a display in memory with a clock that is moved by hand, for `shot` and for tests.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use image::{ExtendedColorType, ImageFormat, RgbImage};
use ledger::place::Village;
use ledger::time::Period;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{
    EventLoopProxy, Platform, PointerEventButton, SetPlatformError, WindowAdapter, WindowEvent,
    set_platform, update_timers_and_animations,
};
use slint::{EventLoopError, LogicalPosition, PhysicalSize, PlatformError, Rgb8Pixel};

use crate::screens::{Columns, Comfort, Options, Paper, Place, ScreenError, Screens};
use crate::shelf::{Shelf, ShelfError};

/// One step of the clock.
const STEP: Duration = Duration::from_millis(20);
/// How long `settle` lets the clock go on: longer than a picture rests before it is sharpened.
const SETTLE_STEPS: u32 = 20;
/// How long `settle` waits for the darkroom, by the real clock.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest picture of a screen, in pixels a side.
const SIDE_MAX: u32 = 8_192;

/// What can keep a screen from being drawn to a file.
#[derive(Debug, thiserror::Error)]
pub enum ShotError {
    /// The screen itself.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// The shelf.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// There is a display in this process already, or none can be had.
    #[error("屏幕画不出来（{0}）/ cannot draw the screen")]
    Display(String),
    /// Nothing to show there.
    #[error("没有可显示的内容：{0} / nothing to show")]
    Nothing(&'static str),
    /// The file could not be written.
    #[error("写不了文件 {path}（{source}）/ cannot write the file")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: image::ImageError,
    },
}

impl From<SetPlatformError> for ShotError {
    fn from(error: SetPlatformError) -> Self {
        Self::Display(error.to_string())
    }
}

impl From<PlatformError> for ShotError {
    fn from(error: PlatformError) -> Self {
        Self::Display(error.to_string())
    }
}

/// The screens that `shot` can draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Screen {
    /// The page before the first sync.
    Empty,
    /// What is shown while nobody is there.
    Attract,
    /// An emergency notice; while there is none, the newest bulletin as if it were one.
    Emergency,
    /// The doors.
    Home,
    /// The villages.
    Villages,
    /// A village's months.
    Village,
    /// A month's receipts.
    Month,
    /// The month at a glance.
    Summary,
    /// One receipt.
    Receipt,
    /// What its seal means.
    Seal,
    /// The bulletins.
    Bulletins,
    /// One bulletin.
    Bulletin,
    /// A receipt's photograph as large as the screen.
    Picture,
    /// How old and sound everything is; what is wrong, if something is.
    Status,
    /// How to see and reach better.
    Comfort,
    /// The search.
    Search,
    /// What was asked about a receipt.
    Questions,
    /// Where somebody asks.
    Ask,
}

/// A picture of one screen.
#[derive(Clone, Debug)]
pub struct Shot {
    /// Which screen.
    pub screen: Screen,
    /// The PNG file to write.
    pub out: PathBuf,
    /// How the screens are shown.
    pub options: Options,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// English instead of Chinese.
    pub english: bool,
    /// How large, in which colours, how low.
    pub comfort: Comfort,
    /// Which village; the first that has published anything, when not said.
    pub village: Option<Village>,
    /// Which month; the newest with receipts, when not said.
    pub period: Option<Period>,
    /// Which receipt or bulletin, by log index; the first listed, when not said.
    pub index: Option<u64>,
}

/// Draws one screen to a file. Once a process.
///
/// # Errors
/// [`ShotError`].
pub fn shot(shot: &Shot) -> Result<(), ShotError> {
    let display = Display::install()?;
    let (width, height) = shot.size;
    let nothing_yet;
    let mut options = shot.options.clone();
    if shot.screen == Screen::Empty {
        nothing_yet =
            std::env::temp_dir().join(format!("mingbai-kiosk-empty-{}", std::process::id()));
        options.data = nothing_yet.clone();
    }
    let screens = Screens::open(&options)?;
    display.show(&screens, width.clamp(1, SIDE_MAX), height.clamp(1, SIDE_MAX))?;
    screens.set_english(shot.english);
    screens.set_comfort(shot.comfort);
    for place in way(shot, screens.shelf())? {
        screens.go(place);
    }
    display.settle(|| screens.is_busy());
    let picture = display.picture();
    if shot.screen == Screen::Empty {
        let _ = std::fs::remove_dir_all(&options.data); // ours, and empty
    }
    image::save_buffer_with_format(
        &shot.out,
        picture.as_raw(),
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgb8,
        ImageFormat::Png,
    )
    .map_err(|source| ShotError::Write { path: shot.out.clone(), source })
}

/// The pages one opens on the way to the wanted screen.
fn way(shot: &Shot, shelf: &Shelf) -> Result<Vec<Place>, ShotError> {
    let mut way = Vec::new();
    match shot.screen {
        Screen::Empty | Screen::Home => {}
        Screen::Attract => way.push(Place::Attract),
        Screen::Emergency => {
            let urgent = shelf.emergency(&(shot.options.now)())?;
            let newest = shelf.bulletins(None)?.first().map(|row| row.index);
            let index = shot.index.or(urgent).or(newest).ok_or(ShotError::Nothing("公告"))?;
            way.push(Place::Emergency(index));
        }
        Screen::Villages => way.push(Place::Villages),
        Screen::Status => way.push(Place::Status),
        Screen::Comfort => way.push(Place::Comfort),
        Screen::Search => way.push(Place::Search),
        Screen::Ask => way.push(Place::Ask(None)),
        Screen::Bulletins => way.push(Place::Bulletins(Columns::All)),
        Screen::Bulletin => {
            let first = shelf.bulletins(None)?.first().map(|row| row.index);
            let index = shot.index.or(first).ok_or(ShotError::Nothing("公告"))?;
            way.extend([Place::Bulletins(Columns::All), Place::Bulletin(index)]);
        }
        Screen::Village
        | Screen::Month
        | Screen::Summary
        | Screen::Receipt
        | Screen::Picture
        | Screen::Questions
        | Screen::Seal => {
            let villages = shelf.villages()?;
            let busy = villages.iter().find(|row| row.receipts > 0).or(villages.first());
            let village = shot.village.or(busy.map(|row| row.code));
            let village = village.ok_or(ShotError::Nothing("村"))?;
            way.extend([Place::Villages, Place::Village(village)]);
            if shot.screen != Screen::Village {
                way.extend(way_into_month(shot, shelf, village)?);
            }
        }
    }
    Ok(way)
}

fn way_into_month(shot: &Shot, shelf: &Shelf, village: Village) -> Result<Vec<Place>, ShotError> {
    let months = shelf.months(village)?;
    let busy = months.iter().find(|row| row.receipts > 0).or(months.first());
    let period = shot.period.or(busy.map(|row| row.period)).ok_or(ShotError::Nothing("月份"))?;
    let mut way = vec![Place::Month(village, period)];
    if shot.screen == Screen::Summary {
        way.push(Place::Summary(village, period));
    } else if shot.screen != Screen::Month {
        let first = shelf.receipts(village, period)?.first().map(|row| row.index);
        let index = shot.index.or(first).ok_or(ShotError::Nothing("票据"))?;
        way.push(Place::Receipt(index));
        if shot.screen == Screen::Seal {
            way.push(Place::Seal(Paper::Receipt(index)));
        } else if shot.screen == Screen::Questions {
            way.push(Place::Questions(Paper::Receipt(index)));
        } else if shot.screen == Screen::Picture {
            way.push(Place::Picture(Paper::Receipt(index), 0));
        }
    }
    Ok(way)
}

/// A closure for the thread of the screen.
type Job = Box<dyn FnOnce() + Send>;

/// The display in memory. There is one a process.
pub struct Display {
    clock: Rc<Cell<Duration>>,
    window: Rc<RefCell<Option<Rc<MinimalSoftwareWindow>>>>,
    jobs: Receiver<Job>,
}

struct Memory {
    clock: Rc<Cell<Duration>>,
    window: Rc<RefCell<Option<Rc<MinimalSoftwareWindow>>>>,
    jobs: Sender<Job>,
}

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        self.window.replace(Some(Rc::clone(&window)));
        Ok(window)
    }

    fn duration_since_start(&self) -> Duration {
        self.clock.get()
    }

    fn new_event_loop_proxy(&self) -> Option<Box<dyn EventLoopProxy>> {
        Some(Box::new(Proxy(self.jobs.clone())))
    }
}

struct Proxy(Sender<Job>);

impl EventLoopProxy for Proxy {
    fn quit_event_loop(&self) -> Result<(), EventLoopError> {
        Ok(()) // there is no loop to leave
    }

    fn invoke_from_event_loop(&self, job: Job) -> Result<(), EventLoopError> {
        self.0.send(job).map_err(|_| EventLoopError::EventLoopTerminated)
    }
}

impl Display {
    /// Makes Slint draw into memory from now on, on this thread.
    ///
    /// # Errors
    /// Slint has a display already.
    pub fn install() -> Result<Self, SetPlatformError> {
        let (sender, jobs) = channel();
        let display = Self { clock: Rc::default(), window: Rc::default(), jobs };
        set_platform(Box::new(Memory {
            clock: Rc::clone(&display.clock),
            window: Rc::clone(&display.window),
            jobs: sender,
        }))?;
        Ok(display)
    }

    /// Shows the window at this size.
    ///
    /// # Errors
    /// Slint could not show it.
    pub fn show(&self, screens: &Screens, width: u32, height: u32) -> Result<(), PlatformError> {
        use slint::ComponentHandle;
        screens.ui.show()?;
        screens.ui.window().set_size(PhysicalSize::new(width, height));
        self.pump();
        Ok(())
    }

    /// Moves the clock.
    pub fn advance(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
        self.pump();
    }

    /// Lets everything that was begun come to its end: jobs, animations, and the pictures while `busy`.
    pub fn settle(&self, busy: impl Fn() -> bool) {
        for _ in 0..2 {
            let _ = self.picture(); // so that everything is laid out
            for _ in 0..SETTLE_STEPS {
                self.advance(STEP);
            }
            self.wait(&busy, STEP);
        }
    }

    /// Waits while `busy`, with a clock that runs faster than the real one.
    pub fn hurry(&self, busy: impl Fn() -> bool) {
        self.advance(STEP);
        self.wait(&busy, STEP / 10);
    }

    /// Waits while `busy`; the clock goes on by a step in every `real` time.
    fn wait(&self, busy: &impl Fn() -> bool, real: Duration) {
        let begun = Instant::now();
        while busy() && begun.elapsed() < PATIENCE {
            if let Ok(job) = self.jobs.recv_timeout(real) {
                job();
            }
            self.advance(STEP);
        }
        self.pump();
    }

    /// Runs what other threads sent, and what is due.
    fn pump(&self) {
        while let Ok(job) = self.jobs.try_recv() {
            job();
        }
        update_timers_and_animations();
    }

    /// A finger touches and lets go at (x, y).
    pub fn tap(&self, x: f32, y: f32) {
        self.press(x, y);
        self.release(x, y);
        self.pump();
    }

    /// A finger touches, moves straight to another point in a few steps, rests there and lets go.
    pub fn drag(&self, from: (f32, f32), to: (f32, f32)) {
        const STEPS: u8 = 8;
        self.press(from.0, from.1);
        for step in 1..=STEPS {
            let part = f32::from(step) / f32::from(STEPS);
            let x = from.0 + (to.0 - from.0) * part;
            let y = from.1 + (to.1 - from.1) * part;
            self.slide(x, y);
            self.advance(STEP);
        }
        self.advance(Duration::from_millis(200)); // a resting finger flings nothing
        self.release(to.0, to.1);
        self.pump();
    }

    /// A finger touches (x, y) and stays there.
    pub fn press(&self, x: f32, y: f32) {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        self.event(WindowEvent::PointerMoved { position });
        self.event(WindowEvent::PointerPressed { position, button });
        self.advance(STEP);
    }

    /// The finger that touches moves to (x, y).
    pub fn slide(&self, x: f32, y: f32) {
        self.event(WindowEvent::PointerMoved { position: LogicalPosition::new(x, y) });
    }

    /// A wheel turns over (x, y): upwards by `delta` pixels when above 0.
    pub fn wheel(&self, x: f32, y: f32, delta: f32) {
        let position = LogicalPosition::new(x, y);
        self.event(WindowEvent::PointerScrolled { position, delta_x: 0.0, delta_y: delta });
    }

    /// The finger lets go at (x, y).
    pub fn release(&self, x: f32, y: f32) {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        self.event(WindowEvent::PointerReleased { position, button });
        self.event(WindowEvent::PointerExited);
    }

    fn event(&self, event: WindowEvent) {
        if let Some(window) = &*self.window.borrow() {
            // Only a closed window takes no events.
            let _ = window.dispatch_event_with_result(event);
        }
    }

    /// What the display shows.
    #[must_use]
    pub fn picture(&self) -> RgbImage {
        let (width, height) = self.size();
        let mut pixels = vec![Rgb8Pixel { r: 0, g: 0, b: 0 }; width as usize * height as usize];
        self.draw(&mut pixels);
        let bytes = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        RgbImage::from_raw(width, height, bytes).unwrap_or_else(|| RgbImage::new(1, 1))
    }
    /// Width and height in pixels; 1 by 1 before anything is shown.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        let size = self.window.borrow().as_ref().map(|window| WindowAdapter::size(&**window));
        size.map_or((1, 1), |size| (size.width.max(1), size.height.max(1)))
    }

    /// Draws everything into a buffer of the display's size, line by line.
    pub fn draw(&self, pixels: &mut [Rgb8Pixel]) {
        let window = self.window.borrow().clone();
        let Some(window) = window else { return };
        window.request_redraw();
        window.draw_if_needed(|renderer| {
            renderer.render(pixels, self.size().0 as usize);
        });
    }
}
