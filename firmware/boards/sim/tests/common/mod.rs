//! A stage before the invented village, and eyes for it.
#![allow(dead_code, reason = "each test uses some of it")]

use firmware::board::Display;
use ledger::glyph::Pack;
use sim::glass::Glass;
use sim::reading;
use sim::sample::{self, Sample};
use sim::stage::Stage;

/// The glyph pack's bytes.
pub fn pack_bytes() -> &'static [u8] {
    let path = sample::pack_path();
    let pack = std::fs::read(&path).unwrap_or_else(|why| {
        panic!("{}: {why}; make it with: mingbai-server glyph-pack --out …", path.display())
    });
    Box::leak(pack.into_boxed_slice())
}

/// A stage, and what reads it.
pub struct Seen {
    pub stage: Stage,
    pub pack: Pack<'static>,
}

impl Seen {
    pub fn new(size: (u32, u32)) -> Seen {
        let bytes = pack_bytes();
        let sample = Sample::new(bytes);
        let book = Box::new(move |place| sample.load(place));
        let stage = Stage::new(size, bytes, Vec::new(), book).expect("the only screen");
        Seen { stage, pack: Pack::read(bytes).expect("a pack") }
    }

    pub fn says(&self, text: &str, px: u8) -> bool {
        reading::says(&self.stage.glass, &self.pack, text, px)
    }

    #[track_caller]
    pub fn expect(&self, text: &str, px: u8) {
        if !self.says(text, px) {
            let path = std::env::temp_dir().join("board-sim-unread.png");
            let _ = self.stage.glass.save(&path);
            panic!("“{text}” cannot be read at {px} px: {}", path.display());
        }
    }

    /// Taps the middle of a word's first character; whether that led anywhere.
    #[track_caller]
    pub fn tap(&mut self, text: &str) -> bool {
        let sizes = [32, 24];
        let mut found = sizes
            .iter()
            .flat_map(|px| reading::find(&self.stage.glass, &self.pack, text, *px))
            .collect::<Vec<_>>();
        assert!(!found.is_empty(), "“{text}” is not on the screen");
        let (x, y) = found.swap_remove(0);
        self.stage.tap(x + 10, y - 8)
    }

    /// The address in the code on the screen.
    pub fn qr(&self) -> Option<String> {
        qr(&self.stage.glass)
    }
}

/// The address in the code on a display.
pub fn qr(glass: &Glass) -> Option<String> {
    let (width, height) = glass.size();
    let grey = |x: usize, y: usize| glass.at(x as i32, y as i32)[1];
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, grey);
    image.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}
