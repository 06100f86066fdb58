//! A display in memory, and a hand.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use firmware::board::{Display, Finger, Touch};
use firmware::screen::Xrgb;
use std::path::Path;

/// A display in memory.
#[derive(Clone, Debug)]
pub struct Glass {
    size: (u32, u32),
    frame: Vec<Xrgb>,
    /// Rectangles brought onto the glass so far (x, y, width, height in pixels).
    pub presented: Vec<(u32, u32, u32, u32)>,
}

impl Glass {
    /// A dark one.
    #[must_use]
    pub fn new(size: (u32, u32)) -> Glass {
        let pixels = size.0 as usize * size.1 as usize;
        Glass { size, frame: vec![Xrgb::default(); pixels], presented: Vec::new() }
    }

    /// What is on it, rows from the top.
    #[must_use]
    pub fn pixels(&self) -> &[Xrgb] {
        &self.frame
    }

    /// A pixel; black outside.
    #[must_use]
    pub fn at(&self, x: i32, y: i32) -> [u8; 3] {
        let inside = u32::try_from(x).is_ok_and(|x| x < self.size.0);
        let at = i64::from(y) * i64::from(self.size.0) + i64::from(x);
        let at = usize::try_from(at).ok().filter(|_| inside);
        at.and_then(|at| self.frame.get(at)).copied().unwrap_or_default().rgb()
    }

    /// Writes it to a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> image::ImageResult<()> {
        let rgb: Vec<u8> = self.frame.iter().flat_map(|pixel| pixel.rgb()).collect();
        image::save_buffer(path, &rgb, self.size.0, self.size.1, image::ColorType::Rgb8)
    }
}

impl Display for Glass {
    type Pixel = Xrgb;

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn frame(&mut self) -> &mut [Xrgb] {
        &mut self.frame
    }

    async fn present(&mut self, area: (u32, u32, u32, u32)) {
        self.presented.push(area);
    }
}

/// What a hand does, in order.
pub type Script = Channel<CriticalSectionRawMutex, Finger, 64>;

/// A hand that follows a script.
#[derive(Clone, Copy)]
pub struct Hand<'a>(pub &'a Script);

impl Touch for Hand<'_> {
    async fn next(&mut self) -> Finger {
        self.0.receive().await
    }
}
