//! Pictures for the pages: QR codes, papers made small, characters made large.

use super::fonts::Fonts;
use crate::pages::Picture;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

/// The largest code that is drawn: 57 modules, 150 bytes and more. Past that a phone does not read it from this screen.
const VERSION_MAX: Version = Version::new(10);
/// Modules of white around a code (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;
/// Longest side of a picture; Slint's coordinates have 16 bits.
const SIDE_MAX: u32 = 4096;
/// Ink and paper of ui/theme.slint.
const INK: [u8; 3] = [0x1a, 0x1a, 0x1a];
const PAPER: [u8; 3] = [0xff, 0xfd, 0xf8];
/// How many times as large as the largest type.
const LARGE: usize = 2;

/// The code that was drawn last: pages that are shown anew mostly have the same, and to make one takes longer than to draw a
/// page.
#[derive(Default)]
pub struct Code(String, Option<Image>);

impl Code {
    /// The code of an address; see [`qr`].
    pub fn of(&mut self, url: &str) -> Option<Image> {
        if self.0 != url {
            *self = Code(url.into(), qr(url));
        }
        self.1.clone()
    }
}

/// The code of an address, one pixel a module; `None` when there is none, or it is too long.
fn qr(url: &str) -> Option<Image> {
    if url.is_empty() {
        return None;
    }
    let mut scratch = vec![0; VERSION_MAX.buffer_len()];
    let mut made = vec![0; VERSION_MAX.buffer_len()];
    let (least, ecc) = (Version::new(1), QrCodeEcc::Medium);
    let code =
        QrCode::encode_text(url, &mut scratch, &mut made, ecc, least, VERSION_MAX, None, true)
            .ok()?;
    let side = u32::try_from(code.size() + 2 * QUIET).ok()?;
    let mut image = SharedPixelBuffer::<Rgb8Pixel>::new(side, side);
    let places = (-QUIET..code.size() + QUIET)
        .flat_map(|y| (-QUIET..code.size() + QUIET).map(move |x| (x, y)));
    for (pixel, (x, y)) in image.make_mut_slice().iter_mut().zip(places) {
        let shade = if code.get_module(x, y) { 0 } else { 255 };
        *pixel = Rgb8Pixel::new(shade, shade, shade);
    }
    Some(Image::from_rgb8(image))
}

/// A picture as it is; `None` when it is too large, or nothing.
pub fn full(picture: &Picture) -> Option<Image> {
    let sides = 1..=SIDE_MAX;
    let right = sides.contains(&picture.width()) && sides.contains(&picture.height());
    right.then(|| Image::from_rgb8(picture.clone()))
}

/// The same, made small enough for a box: each pixel is the mean of those that it stands for. [`full`] has said that
/// it is right.
pub fn small(picture: &Picture, (room_x, room_y): (u32, u32)) -> Image {
    let (width, height) = (picture.width(), picture.height());
    // The side that is the tighter one decides.
    let (to_x, to_y) = if width <= room_x && height <= room_y {
        (width, height)
    } else if u64::from(width) * u64::from(room_y) > u64::from(height) * u64::from(room_x) {
        (room_x, height * room_x / width)
    } else {
        (width * room_y / height, room_y)
    };
    let (to_x, to_y) = (to_x.max(1), to_y.max(1));
    let mut image = SharedPixelBuffer::<Rgb8Pixel>::new(to_x, to_y);
    let places = (0..to_y).flat_map(|y| (0..to_x).map(move |x| (x, y)));
    for (pixel, (x, y)) in image.make_mut_slice().iter_mut().zip(places) {
        let span = |at: u32, to: u32, from: u32| {
            at * from / to..((at + 1) * from / to).max(at * from / to + 1)
        };
        let [red, green, blue] = mean(picture, span(x, to_x, width), span(y, to_y, height));
        *pixel = Rgb8Pixel::new(red, green, blue);
    }
    Image::from_rgb8(image)
}

/// The mean colour of a rectangle.
fn mean(picture: &Picture, xs: core::ops::Range<u32>, ys: core::ops::Range<u32>) -> [u8; 3] {
    let (mut sum, mut count) = ([0u32; 3], 0u32);
    for y in ys {
        for x in xs.clone() {
            let at = y as usize * picture.width() as usize + x as usize;
            if let Some(pixel) = picture.as_slice().get(at) {
                count += 1;
                for (sum, part) in sum.iter_mut().zip([pixel.r, pixel.g, pixel.b]) {
                    *sum += u32::from(part);
                }
            }
        }
    }
    sum.map(|sum| (sum / count.max(1)) as u8)
}

/// A code in large characters, four and four; `None` when the pack has not all of them.
pub fn large(code: &str, fonts: &Fonts) -> Option<Image> {
    const PX: u8 = 32;
    let mut pen = 2i32;
    let mut placed = Vec::new();
    for (at, ch) in code.chars().enumerate() {
        pen += if at > 0 && at.is_multiple_of(4) { i32::from(PX) / 2 } else { 0 };
        let glyph = fonts.glyph(ch, PX)?;
        placed.push((pen + i32::from(glyph.x).max(0), glyph));
        pen += i32::from(glyph.advance) + 2;
    }
    let (width, height) = (usize::try_from(pen).ok()?, usize::from(PX) * 3 / 2);
    if width == 0 || width > 400 {
        return None;
    }
    let mut alpha = vec![0u8; width * height];
    for (x, glyph) in placed {
        let top = fonts.ascent(PX) - i32::from(glyph.y) - i32::from(glyph.height);
        for (row, line) in (top..).zip(glyph.alpha.chunks(usize::from(glyph.width).max(1))) {
            for (column, covered) in (x..).zip(line) {
                let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else {
                    continue;
                };
                if let Some(place) = alpha.get_mut(row * width + column).filter(|_| column < width)
                {
                    *place = (*place).max(*covered);
                }
            }
        }
    }
    Some(enlarged(&alpha, width, height))
}

/// Alpha drawn in ink on paper, [`LARGE`] times as wide and high. Between pixels it is mixed and then sharpened, so
/// that edges are smooth and not soft.
fn enlarged(alpha: &[u8], width: usize, height: usize) -> Image {
    let (to_x, to_y) = (width * LARGE, height * LARGE);
    let at = |x: usize, y: usize| {
        i32::from(alpha.get(y.min(height - 1) * width + x.min(width - 1)).copied().unwrap_or(0))
    };
    let steps = LARGE as i32 * 2;
    // Where the middle of a new pixel lies among the old ones: a pixel, and how far past its middle.
    let place = |to: usize| {
        let half = to as i32 * 2 + 1 - LARGE as i32;
        (usize::try_from(half.div_euclid(steps)).unwrap_or(0), half.rem_euclid(steps))
    };
    let mut image = SharedPixelBuffer::<Rgb8Pixel>::new(to_x as u32, to_y as u32);
    let places = (0..to_y).flat_map(|y| (0..to_x).map(move |x| (x, y)));
    for (pixel, (x, y)) in image.make_mut_slice().iter_mut().zip(places) {
        let ((x, right), (y, down)) = (place(x), place(y));
        let row = |y| at(x, y) * (steps - right) + at(x + 1, y) * right;
        let mixed = (row(y) * (steps - down) + row(y + 1) * down) / (steps * steps);
        let ink = ((mixed - 128) * 2 + 128).clamp(0, 255);
        let [red, green, blue] = core::array::from_fn(|part| {
            let (ink_part, paper_part) = (i32::from(INK[part]), i32::from(PAPER[part]));
            ((ink_part * ink + paper_part * (255 - ink)) / 255) as u8
        });
        *pixel = Rgb8Pixel::new(red, green, blue);
    }
    Image::from_rgb8(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with a red left half and a blue right half.
    fn halves(size: (u32, u32)) -> Picture {
        let colour = |at: u32| if at % size.0 < size.0 / 2 { [200, 0, 0] } else { [0, 0, 100] };
        let rgb: Vec<u8> = (0..size.0 * size.1).flat_map(colour).collect();
        Picture::clone_from_slice(&rgb, size.0, size.1)
    }

    fn pixels(image: &Image) -> SharedPixelBuffer<Rgb8Pixel> {
        image.to_rgb8().expect("a picture")
    }

    #[test]
    fn a_small_picture_fits_and_keeps_its_shape_and_colours() {
        let small_of = |size, room| pixels(&small(&halves(size), room));
        let made = small_of((480, 640), (236, 168));
        assert_eq!((made.width(), made.height()), (126, 168));
        assert_eq!(made.as_slice()[10], Rgb8Pixel::new(200, 0, 0));
        assert_eq!(made.as_slice()[120], Rgb8Pixel::new(0, 0, 100));
        let wide = small_of((1000, 10), (236, 168));
        assert_eq!((wide.width(), wide.height()), (236, 2));
        let line = small_of((4096, 1), (236, 168));
        assert_eq!((line.width(), line.height()), (236, 1));
        let same = small_of((100, 50), (236, 168));
        assert_eq!((same.width(), same.height()), (100, 50));
        // Two pixels of each half in one: their mean.
        let one = small_of((4, 1), (1, 1));
        assert_eq!(one.as_slice(), [Rgb8Pixel::new(100, 0, 50)]);
    }

    #[test]
    fn a_picture_is_shown_without_a_copy_if_slint_can_count_its_pixels() {
        let good = halves((4, 3));
        let shown = pixels(&full(&good).expect("a picture"));
        assert_eq!(shown.as_slice().as_ptr(), good.as_slice().as_ptr());
        for (width, height) in [(0, 0), (4, 0), (0, 4), (4097, 1), (1, 4097)] {
            assert!(full(&Picture::new(width, height)).is_none());
        }
    }

    #[test]
    fn a_code_has_white_around_it_and_an_end() {
        let made = pixels(&qr("https://xinjie.example/r/101").expect("a code"));
        assert_eq!((made.width(), made.height()), (29 + 8, 29 + 8));
        let white = Rgb8Pixel::new(255, 255, 255);
        assert!(made.as_slice()[..4 * 37].iter().all(|pixel| *pixel == white));
        assert_ne!(made.as_slice()[4 * 37 + 4], white);
        assert!(qr("").is_none());
        assert!(qr(&"x".repeat(2000)).is_none());
    }
}
