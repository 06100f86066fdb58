//! The kiosk's real window on a display (Xvfb with a window manager), tapped with a real pointer.

use crate::display::Display;
use crate::fixture::{self, Copy};
use mingbai_tests::programs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

struct Kiosk(Child);

impl Drop for Kiosk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until `seen` says yes to a picture of the display.
fn wait_for(
    display: &Display,
    file: &Path,
    seen: impl Fn(&image::RgbImage) -> bool,
) -> image::RgbImage {
    let start = Instant::now();
    loop {
        let picture = display.picture(file);
        if seen(&picture) {
            return picture;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited 30 s; see {}", file.display());
    }
}

fn inked(picture: &image::RgbImage) -> usize {
    picture.pixels().filter(|p| p.0.iter().all(|channel| *channel < 60)).count()
}

#[test]
fn the_window_fills_the_display_and_a_tap_on_a_village_opens_it() {
    let copy = Copy::new();
    let server = copy.serve();
    copy.sync(&server.url).unwrap();
    let display = Display::start("1080x1920");
    let kiosk = copy.kiosk_data();
    let place = ["--data", programs::text(&kiosk), "--server", &server.url];
    let vkey = ["--vkey", &fixture::town().vkey, "--fullscreen"];
    let mut command = programs::command("mingbai-kiosk").unwrap();
    command.args(place).args(vkey).envs(display.env()).env_remove("WAYLAND_DISPLAY");
    let _kiosk = Kiosk(command.spawn().unwrap());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("display.png");
    // Paper instead of the bare display's black, and ink on it.
    let paper = |p: &image::RgbImage| p.get_pixel(20, 960).0[0] > 200 && inked(p) > 2_000;
    let home = wait_for(&display, &file, paper);
    // A tap may come before the window manager has handed the window over; a person would tap again.
    let other = wait_for(&display, &file, |now| {
        let changed = now.pixels().zip(home.pixels()).filter(|(a, b)| a != b).count() > 20_000;
        if !changed {
            display.tap(300, 330);
        }
        changed && paper(now)
    });
    assert_eq!(other.dimensions(), (1080, 1920));
}
