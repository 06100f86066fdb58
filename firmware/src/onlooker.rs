//! Who looks on at the glass: whether anything was drawn yet, and for how long nobody touched it.

use core::cell::Cell;

use embassy_time::{Duration, Instant};

use crate::board::{Display, Finger, Touch};

/// What was seen.
#[derive(Debug)]
pub struct Onlooker {
    drawn: Cell<bool>,
    /// A finger is on the glass.
    touched: Cell<bool>,
    /// When there last was one, or the board's start.
    last: Cell<Instant>,
}

impl Onlooker {
    /// Begins to look.
    pub fn new() -> Onlooker {
        let last = Cell::new(Instant::now());
        Onlooker { drawn: Cell::new(false), touched: Cell::new(false), last }
    }

    /// Whether anything was brought onto the glass.
    pub fn drawn(&self) -> bool {
        self.drawn.get()
    }

    /// For how long no finger was on it.
    pub fn alone(&self) -> Duration {
        if self.touched.get() { Duration::MIN } else { self.last.get().elapsed() }
    }
}

impl Default for Onlooker {
    fn default() -> Onlooker {
        Onlooker::new()
    }
}

/// A display or its glass, and who looks on.
#[derive(Debug)]
pub struct Watched<'w, P>(pub &'w mut P, pub &'w Onlooker);

impl<D: Display> Display for Watched<'_, D> {
    type Pixel = D::Pixel;

    fn size(&self) -> (u32, u32) {
        self.0.size()
    }

    fn frame(&mut self) -> &mut [D::Pixel] {
        self.0.frame()
    }

    async fn present(&mut self, area: (u32, u32, u32, u32)) {
        self.0.present(area).await;
        self.1.drawn.set(true);
    }
}

impl<T: Touch> Touch for Watched<'_, T> {
    async fn next(&mut self) -> Finger {
        let finger = self.0.next().await;
        self.1.touched.set(finger != Finger::Up);
        self.1.last.set(Instant::now());
        finger
    }
}
