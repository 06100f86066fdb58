//! How long a frame takes while a finger moves something: a month's receipts, and a scan as large as a camera makes it.

use std::time::{Duration, Instant};

use ledger::place::Village;
use ledger::time::Period;
use serde::Serialize;
use slint::Rgb8Pixel;

use super::{Nothing, Stage};
use crate::cli::Failure;
use crate::screens::{Paper, Place};

/// The time between two frames of a screen.
const FRAME: Duration = Duration::from_millis(16);
/// Frames of each movement.
const FRAMES: usize = 900;
/// Pixels that a finger moves from frame to frame: 600 a second.
const STEP: f32 = 10.0;
/// Pixels that one turn of a wheel's notch stands for.
const NOTCH: f32 = 60.0;
/// Notches in one direction: from the whole picture to larger than its own pixels.
const NOTCHES: usize = 25;

/// Milliseconds a frame.
#[derive(Debug, Serialize)]
struct Times {
    frames: usize,
    median: f64,
    p99: f64,
    worst: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Frames {
    /// Receipts of the month.
    receipts: usize,
    /// Pixels of the scan, in millions.
    megapixels: f64,
    scroll: Times,
    pan: Times,
    zoom: Times,
}

/// Measures.
pub(super) fn measure(stage: &Stage) -> Result<Frames, Failure> {
    let (village, period) = stage.largest_month()?;
    let receipts = stage.screens.shelf().receipts(village, period)?.len();
    stage.screens.go(Place::Month(village, period));
    stage.settle();
    let (width, height) = stage.display.size();
    let (x, low, high) = (width as f32 * 0.3, height as f32 * 0.8, height as f32 * 0.4);
    let mut camera = Camera::new(stage);
    let scroll = camera.watch(|camera| camera.drag((x, low), (x, high)));
    let (scan, megapixels) = largest_scan(stage, village, period)?;
    stage.screens.go(scan);
    stage.settle();
    let zoom = camera.watch(|camera| camera.turn_wheel());
    // Larger than the frame, so that there is something to move.
    for _ in 0..NOTCHES / 2 {
        stage.display.wheel(x, high, NOTCH);
    }
    stage.settle();
    let pan = camera.watch(|camera| camera.drag((x, low), (x * 1.5, high)));
    Ok(Frames { receipts, megapixels, scroll, pan, zoom })
}

/// The picture with the most pixels in a month, and how many millions.
fn largest_scan(stage: &Stage, village: Village, period: Period) -> Result<(Place, f64), Failure> {
    let shelf = stage.screens.shelf();
    let mut scans = Vec::new();
    for row in shelf.receipts(village, period)? {
        let content = shelf.receipt(row.index)?.and_then(|page| page.content);
        let images = content.map(|content| content.images).unwrap_or_default();
        let pixels =
            |image: &ledger::content::ImageRef| u64::from(image.width) * u64::from(image.height);
        scans.extend(images.iter().enumerate().map(|(n, image)| (pixels(image), row.index, n)));
    }
    let (pixels, index, picture) = scans.into_iter().max().ok_or(Nothing)?;
    Ok((Place::Picture(Paper::Receipt(index), picture), pixels as f64 / 1e6))
}

/// Takes the time of every frame.
struct Camera<'a> {
    stage: &'a Stage,
    pixels: Vec<Rgb8Pixel>,
    times: Vec<f64>,
}

impl<'a> Camera<'a> {
    fn new(stage: &'a Stage) -> Self {
        let (width, height) = stage.display.size();
        let pixels = vec![Rgb8Pixel::default(); width as usize * height as usize];
        Self { stage, pixels, times: Vec::new() }
    }

    /// Repeats a movement until there are enough frames.
    fn watch(&mut self, movement: impl Fn(&mut Self)) -> Times {
        self.times.clear();
        while self.times.len() < FRAMES {
            movement(self);
        }
        self.times.sort_by(f64::total_cmp);
        let at = |share: usize| self.times[(self.times.len() - 1) * share / 100];
        Times { frames: self.times.len(), median: at(50), p99: at(99), worst: at(100) }
    }

    /// One frame: what a finger did, what is due, and all of it drawn.
    fn frame(&mut self, finger: impl FnOnce(&Stage)) {
        let start = Instant::now();
        finger(self.stage);
        self.stage.display.advance(FRAME);
        self.stage.display.draw(&mut self.pixels);
        self.times.push(start.elapsed().as_secs_f64() * 1e3);
    }

    /// A finger goes there and back again.
    fn drag(&mut self, from: (f32, f32), to: (f32, f32)) {
        for (from, to) in [(from, to), (to, from)] {
            let (across, down) = (to.0 - from.0, to.1 - from.1);
            let steps = (across.hypot(down) / STEP) as usize;
            self.frame(|stage| stage.display.press(from.0, from.1));
            for step in 1..=steps {
                let part = step as f32 / steps as f32;
                let (x, y) = (from.0 + across * part, from.1 + down * part);
                self.frame(|stage| stage.display.slide(x, y));
            }
            self.frame(|stage| stage.display.release(to.0, to.1));
            // What was let go glides on for a while.
            for _ in 0..20 {
                self.frame(|_| ());
            }
        }
    }

    /// The picture grows and shrinks again around a place.
    fn turn_wheel(&mut self) {
        let (width, height) = self.stage.display.size();
        let (x, y) = (width as f32 * 0.4, height as f32 * 0.5);
        for notch in [NOTCH, -NOTCH] {
            for _ in 0..NOTCHES {
                self.frame(|stage| stage.display.wheel(x, y, notch));
            }
        }
    }
}
