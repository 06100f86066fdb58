//! The kiosk's real window on a display (Xvfb with a window manager), touched with a real pointer.

use crate::display::Display;
use crate::fixture::{self, Copy};
use crate::screens::codes_on;
use image::RgbImage;
use mingbai_tests::programs;
use mingbai_tests::server::Server;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long anything may take: not so long that the window is left alone meanwhile.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How many looks in a row find nothing new where nothing moves.
const STILL: u32 = 3;
/// How far around the tip of a finger one looks for what to touch.
const SIGHT: u32 = 24;
/// Of 255: words that are darker are not pale.
const INK: u8 = 80;
/// How many pixels are other ones when a screen is another one.
const CHANGED: usize = 2_000;

/// The program that shows a kiosk's data, filling a display of its own.
pub struct Window<'a> {
    pub display: Display,
    server: &'a Server,
    program: Child,
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Window<'_> {
    /// Opens it and waits for its home page.
    pub fn open<'a>(copy: &Copy, server: &'a Server, size: &str) -> Window<'a> {
        let display = Display::start(size);
        let data = copy.kiosk_data();
        let place = ["--data", programs::text(&data), "--server", &server.url, "--every", "1"];
        let mut command = programs::command("mingbai-kiosk").unwrap();
        command.args(place).args(["--vkey", &fixture::town().vkey, "--fullscreen"]);
        command.envs(display.env()).env_remove("WAYLAND_DISPLAY");
        let program = command.spawn().unwrap();
        let window = Window { display, server, program };
        let home = format!("{}/", server.url);
        let is_home = |now: &_| window.codes(now) == [home.as_str()];
        window.wait(&home, |now| is_home(now) && window.display.is_filled());
        window
    }

    /// Waits until `right` says yes to what is shown, and nothing moves. Panics with `what` it waited for.
    #[track_caller]
    pub fn wait(&self, what: &str, right: impl Fn(&RgbImage) -> bool) {
        let start = Instant::now();
        let (mut before, mut still) = (self.display.pixels(), 0);
        while still < STILL || !right(&before) {
            let now = self.display.pixels();
            still = if now == before { still + 1 } else { 0 };
            before = now;
            if start.elapsed() > PATIENCE {
                let test = std::thread::current().name().unwrap().replace("::", "-");
                let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
                let file = folder.join(test).with_extension("png");
                before.save(&file).unwrap();
                panic!("no {what}, but {:?}; see {}", self.codes(&before), file.display());
            }
        }
    }

    /// Waits until the only code leads to `path` on the server, which need not be there.
    #[track_caller]
    pub fn shows(&self, path: &str) {
        let address = format!("{}{path}", self.server.url);
        self.wait(&address, |now| self.codes(now) == [address.as_str()]);
    }

    /// Does something after which the window is another one, whose only code leads to `path` on the server; answers what
    /// a telephone is shown there.
    #[track_caller]
    pub fn after(&self, act: impl Fn(&Display), path: &str) -> String {
        let before = self.display.pixels();
        act(&self.display);
        let address = format!("{}{path}", self.server.url);
        self.wait(&address, |now| is_other(now, &before) && self.codes(now) == [address.as_str()]);
        self.page(path)
    }

    /// Touches what stands in a place, as soon as something does.
    #[track_caller]
    pub fn tap(&self, (x, y): (u32, u32), path: &str) -> String {
        self.wait("button", |now| is_something(now, (x, y)));
        self.after(|display| display.tap(x, y), path)
    }

    /// Codes that lead to the server: a photograph may hold one of its own.
    fn codes(&self, picture: &RgbImage) -> Vec<String> {
        let of_server = |code: &String| code.starts_with(&self.server.url);
        codes_on(picture).into_iter().filter(of_server).collect()
    }

    /// What a telephone is shown there.
    pub fn page(&self, path: &str) -> String {
        String::from_utf8(self.server.get(path).unwrap()).unwrap()
    }
}

/// Whether two pictures show other things.
fn is_other(now: &RgbImage, before: &RgbImage) -> bool {
    now.pixels().zip(before.pixels()).filter(|(one, other)| one != other).count() > CHANGED
}

/// Whether anything is drawn around a place, and not only one colour.
pub fn is_something(now: &RgbImage, spot: (u32, u32)) -> bool {
    around(now, spot).any(|pixel| pixel != around(now, spot).next().unwrap())
}

/// Whether a button around a place can be pressed: the words on others are pale.
pub fn is_pressable(now: &RgbImage, spot: (u32, u32)) -> bool {
    around(now, spot).any(|pixel| pixel.0.iter().all(|part| *part < INK))
}

fn around(now: &RgbImage, (x, y): (u32, u32)) -> impl Iterator<Item = &image::Rgb<u8>> {
    let rows = y - SIGHT..y + SIGHT;
    rows.flat_map(move |y| (x - SIGHT..x + SIGHT).map(move |x| now.get_pixel(x, y)))
}

#[test]
fn left_alone_the_window_shows_the_loop_until_a_touch() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let data = copy.kiosk_data();
    let args = ["set", "--data", programs::text(&data), "idle", "20"];
    programs::run("mingbai-kiosk", &args).unwrap();
    let window = Window::open(&copy, &server, "1080x1920");
    let home = window.display.pixels();
    window.after(|_| (), "/");
    let slides = window.display.pixels();
    assert!(is_other(&slides, &home));
    window.tap((540, 900), "/");
    assert!(!is_other(&window.display.pixels(), &home), "home again");
}
