//! The darkroom: the one thread that reads, decodes and scales pictures, so that the screen never waits for one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use ledger::hash::Hash;

use super::{Rgb, Sharp, View, decode, fit, levels, sharpen};
use crate::shelf::Shelf;
use crate::worker::Worker;

/// What is asked of the darkroom. `serial` is the page's: a print for a page left since is not made.
pub enum Order {
    /// A small picture for a list, to fit into `side` by `side` pixels.
    Thumb {
        /// Which page.
        serial: i32,
        /// Which row.
        row: usize,
        /// Which picture.
        hash: Hash,
        /// Pixels.
        side: u32,
    },
    /// A picture within a bulletin's text, no wider or higher than this.
    Figure {
        /// Which page.
        serial: i32,
        /// Which of its pictures.
        row: usize,
        /// Which picture.
        hash: Hash,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The scan to look at closely.
    Open {
        /// Which page.
        serial: i32,
        /// Which picture.
        hash: Hash,
    },
    /// Nobody looks at a scan any more.
    Close {
        /// Which page.
        serial: i32,
    },
    /// The open scan as it rests now.
    Sharpen {
        /// Which page.
        serial: i32,
        /// Which move of the picture; see `Api.scan-turn`.
        turn: i32,
        /// What is seen.
        view: View,
    },
}

impl Order {
    fn serial(&self) -> i32 {
        match self {
            Self::Thumb { serial, .. }
            | Self::Figure { serial, .. }
            | Self::Open { serial, .. }
            | Self::Close { serial }
            | Self::Sharpen { serial, .. } => *serial,
        }
    }
}

/// What comes out.
pub enum Print {
    /// A list's picture.
    Thumb {
        /// Which row.
        row: usize,
        /// The picture.
        pixels: Rgb,
    },
    /// A bulletin's picture.
    Figure {
        /// Which of its pictures.
        row: usize,
        /// The picture.
        pixels: Rgb,
    },
    /// The scan at its sizes.
    Opened(Vec<Rgb>),
    /// There is no such scan here (yet).
    Missing,
    /// The scan as it rests.
    Sharp {
        /// Which move.
        turn: i32,
        /// The visible part.
        sharp: Sharp,
    },
}

/// The way to the darkroom; the thread ends when this goes.
pub struct Darkroom(Worker<Order>);

impl Darkroom {
    /// Starts the thread over the shelf in `dir`; every print is given to `deliver` with the page it is for.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        dir: &Path,
        deliver: impl Fn(i32, Print) + Send + 'static,
    ) -> std::io::Result<Self> {
        let dir: PathBuf = dir.to_owned();
        let work = move |queue: &_, open: &_| work(&dir, queue, open, deliver);
        Worker::start("darkroom", work).map(Self)
    }

    /// Asks for a print.
    pub fn order(&self, order: Order) {
        self.0.order(order);
    }

    /// True while something that was asked for is not delivered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.0.is_busy()
    }
}

fn work(dir: &Path, queue: &Receiver<Order>, open: &AtomicUsize, deliver: impl Fn(i32, Print)) {
    let mut shelf = None;
    let mut scan = None;
    let mut waiting: Vec<Order> = Vec::new();
    while let Some(order) = next(queue, &mut waiting, open) {
        if shelf.is_none() {
            shelf = Shelf::open(dir).ok();
        }
        let serial = order.serial();
        // A decoder's panic costs one picture, not the screen.
        let print = catch_unwind(AssertUnwindSafe(|| develop(order, shelf.as_ref(), &mut scan)));
        if let Ok(Some(print)) = print {
            deliver(serial, print);
        }
        open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The next order worth doing: what is for an older page than the newest order is dropped.
fn next(queue: &Receiver<Order>, waiting: &mut Vec<Order>, open: &AtomicUsize) -> Option<Order> {
    if waiting.is_empty() {
        waiting.push(queue.recv().ok()?);
    }
    waiting.extend(queue.try_iter());
    let newest = waiting.iter().map(Order::serial).max()?;
    let before = waiting.len();
    waiting.retain(|order| order.serial() == newest);
    open.fetch_sub(before - waiting.len(), Ordering::SeqCst);
    Some(waiting.remove(0))
}

fn develop(order: Order, shelf: Option<&Shelf>, scan: &mut Option<Rgb>) -> Option<Print> {
    let picture = |hash| decode(&shelf?.image(hash)?).ok();
    match order {
        Order::Thumb { row, hash, side, .. } => {
            let pixels = fit(&picture(hash)?, side, side).ok()?;
            Some(Print::Thumb { row, pixels })
        }
        Order::Figure { row, hash, width, height, .. } => {
            let pixels = fit(&picture(hash)?, width, height).ok()?;
            Some(Print::Figure { row, pixels })
        }
        Order::Open { hash, .. } => {
            *scan = None; // never two full-size pictures at once
            let Some(levels) = picture(hash).and_then(|p| levels(p).ok()) else {
                return Some(Print::Missing);
            };
            *scan = levels.first().cloned();
            Some(Print::Opened(levels))
        }
        Order::Close { .. } => {
            *scan = None;
            None
        }
        Order::Sharpen { turn, view, .. } => {
            let sharp = sharpen(scan.as_ref()?, view).ok()??;
            Some(Print::Sharp { turn, sharp })
        }
    }
}
