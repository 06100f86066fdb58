//! The screen with a book and without an executor: for pictures of its pages, and for tests that tap their way through.

use crate::glass::Glass;
use firmware::board::{Display, Finger};
use firmware::pages::{Page, Place};
use firmware::screen::{BadScreen, Screen};
use ledger::glyph::Glyph;

/// Where the pages come from.
pub type Book = Box<dyn Fn(Place) -> Page>;

/// The screen on the host. A process has one.
pub struct Stage {
    /// The screen.
    pub screen: Screen,
    /// What it draws on.
    pub glass: Glass,
    book: Book,
}

impl Stage {
    /// Starts it at the first page.
    ///
    /// # Errors
    /// When there is a screen already.
    pub fn new(
        size: (u32, u32),
        pack: &'static [u8],
        besides: Vec<Glyph>,
        book: Book,
    ) -> Result<Stage, BadScreen> {
        let mut screen = Screen::new(size, pack, besides)?;
        while screen.checking() {
            screen.check();
        }
        let mut stage = Stage { screen, glass: Glass::new(size), book };
        stage.reload();
        Ok(stage)
    }

    /// Shows a page, wherever it belongs.
    pub fn show(&mut self, page: Page) {
        self.screen.show(page);
        self.settle();
    }

    /// Shows the page of the place where one is, anew.
    pub fn reload(&mut self) {
        let page = (self.book)(self.screen.place());
        self.show(page);
    }

    /// Goes to a place.
    pub fn go(&mut self, place: Place) {
        self.screen.go(place);
        self.reload();
    }

    /// Draws until nothing moves any more.
    pub fn settle(&mut self) {
        loop {
            self.screen.draw(self.glass.frame());
            if !self.screen.moves() {
                break;
            }
            std::thread::yield_now();
        }
    }

    /// Touches a place for a moment and goes where that leads; whether it led anywhere.
    pub fn tap(&mut self, x: i32, y: i32) -> bool {
        self.screen.touch(Finger::At(x, y));
        self.settle();
        self.screen.touch(Finger::Up);
        self.settle();
        let led = self.screen.step().is_some();
        if led {
            self.reload();
        }
        led
    }

    /// Drags from one place to another, and holds there before it lets go.
    pub fn drag(&mut self, from: (i32, i32), to: (i32, i32)) {
        const STEPS: i32 = 8;
        for step in 0..=STEPS {
            let along = |from: i32, to: i32| from + (to - from) * step / STEPS;
            self.screen.touch(Finger::At(along(from.0, to.0), along(from.1, to.1)));
            self.screen.draw(self.glass.frame());
        }
        self.screen.touch(Finger::Up);
        self.settle();
    }
}
